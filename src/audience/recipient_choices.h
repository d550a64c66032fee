// Whom an individual message about a contact may go to (P29): the contact, and those who receive
// messages about them, each with their addresses and what would happen.
//
// The choices shown and the sending itself ask the same: individual_decision(). Who asked not to be
// contacted is not written to; who unsubscribed, or called a message spam, is only when staff
// confirm it (P39).
// Thread: any, one Connection each. Errors: those of db.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audience/contacts.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"

namespace tidings::audience {

struct IndividualDecision {
  RecipientDecision decision;  // of domain/recipient_rule.h
  std::string ask;             // why staff are asked first: "unsubscribed" …; empty: no need to
};
// `normalised` may be empty: no address.
Result<IndividualDecision> individual_decision(db::Connection& connection,
                                               OrganisationId organisation, const Contact& contact,
                                               Channel channel, std::string_view normalised,
                                               Instant now);

struct RecipientChoice {
  ContactId contact_id;
  std::string name;
  std::string relation;  // "guardian of": what they are of the contact; empty: the contact
  Channel channel = Channel::email;
  std::string address;  // as typed; empty: has none of this channel
  bool is_primary = false;
  IndividualDecision decision;
};

// The contact first, then the others by how long they have been related; of each the primary
// address first. Error: contact.not_found.
Result<std::vector<RecipientChoice>> recipient_choices(db::Connection& connection,
                                                       OrganisationId organisation,
                                                       ContactId contact, Channel channel,
                                                       Instant now);
// Whether they name this person, with this address (empty: any).
bool names(const std::vector<RecipientChoice>& choices, ContactId contact,
           std::string_view address);

}  // namespace tidings::audience
