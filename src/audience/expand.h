// Expansion: turns an audience into the people who will, or will not, be written to, in batches.
//
// Walks in the order of the normalised address, so that everybody at one address meets in one
// batch and message rows are inserted in the order of their unique index; then those who have no
// address. The cursor is opaque text that says where to go on; who stores it with the rows it
// covers can be killed anywhere.
// Thread: any, one Connection each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audience/audience.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::audience {

// Which contact fields the templates read: only these are frozen into the message.
struct UsedFields {
  struct Field {
    std::string name;    // as the template writes it behind `contact.`
    std::string target;  // the standard or custom field it stands for
  };
  bool all = false;  // the contact is used as a whole
  std::vector<Field> fields;
};

struct Candidate {
  ContactId contact_id;
  std::string address;  // as typed; empty: has none on this channel
  std::string normalised;
  std::string values;  // JSON object of the used fields
  bool do_not_contact = false;
};

struct Batch {
  std::vector<Candidate> candidates;
  std::string cursor;  // for the next call
  bool is_last = false;
};

// About `limit` candidates after `cursor` (empty: from the beginning). Everybody at one address is
// in the same batch, however many they are. Errors: expand.cursor (corrupt) and those of db.
Result<Batch> expand(db::Connection& connection, OrganisationId organisation,
                     const Audience& audience, Channel channel, const UsedFields& used,
                     const std::string& cursor, int limit);

// How many people that is: with an address on the channel, and without.
struct AudienceSize {
  std::int64_t with_address = 0;
  std::int64_t without_address = 0;
};
Result<AudienceSize> measure_audience(db::Connection& connection, OrganisationId organisation,
                                      const Audience& audience, Channel channel);

}  // namespace tidings::audience
