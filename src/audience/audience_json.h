// An audience as JSON: in the API, in campaigns, drafts and saved messages.
//
//   {"everybody": false, "groups": [id], "segments": [id], "contacts": [id],
//    "addresses": ["a@b"], "campaigns": [{"id": id, "outcome": "all"}],
//    "exclude": {"groups": [], …}, "recipients": "themselves", "alternative_addresses": false,
//    "freeze": false}
//
// What is left out is empty, false or "themselves". Written, every member is there.
// Thread: any; pure but check_audience (its connection's thread).
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/audience.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::audience {

// What is wrong with one member; `field` is a JSON Pointer into the audience: "/addresses/3".
struct AudienceProblem {
  std::string field;
  std::string code;
  std::string message;  // a sentence
};

struct ReadAudience {
  Audience audience;                      // what could be read
  std::vector<AudienceProblem> problems;  // empty: all is well; at most 1,000
};

// From outside. Addresses are checked for `channel`, trimmed and de-duplicated; one item may hold
// several, as pasted (P16). Repeated ids count once. Codes: audience.form, audience.unknown_member,
// audience.bad_id, audience.bad_word, audience.too_many, address.*, contact.bad_phone.
ReadAudience read_audience(const boost::json::value& json, Channel channel);

boost::json::value to_json(const Audience& audience);

// As the database keeps it: the text of to_json().
std::string stored_text(const Audience& audience);
// Reads it back, and the forms of the first version: {} for everybody, {"group": id}.
// Error: audience.corrupt.
Result<Audience> read_stored_audience(std::string_view text);

// Whether everything it names is there in this organisation. Codes: audience.unknown_group,
// audience.unknown_segment, audience.unknown_contact, audience.unknown_campaign, audience.empty.
Result<std::vector<AudienceProblem>> check_audience(db::Connection& connection,
                                                    OrganisationId organisation,
                                                    const Audience& audience);

std::string_view to_string(EarlierOutcome outcome);
std::string_view to_string(Recipients recipients);
std::optional<EarlierOutcome> parse_earlier_outcome(std::string_view word);
std::optional<Recipients> parse_recipients(std::string_view word);

}  // namespace tidings::audience
