// From candidates to recipients: who is written to, who is not and why, and who shares a copy.
//
// One address gets one copy when its rendering is identical (the language and the values that the
// templates read decide), several when it differs. Who is skipped for a reason of their own has a
// row of their own: it never stands for somebody else at the same address, nor somebody else for
// them. Thread: any; pure but find_suppressed_among.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "audience/expand.h"
#include "domain/recipient_rule.h"

namespace tidings::audience {

struct Recipient {
  ContactId contact_id;          // not valid(): an address that is nobody's
  std::vector<ContactId> about;  // everyone whose History shows it, the recipient included
  std::string address;           // empty: has none
  std::string normalised;
  std::string values;
  int variant = kOwnLanguage;
  std::int64_t values_hash = 0;  // unique with the address within a campaign
  RecipientDecision decision;
  std::int64_t candidates = 0;  // that this row stands for; all but one are repetitions
  std::size_t first = 0;        // the index of its first candidate
};

// `candidates` are whole batches of expand(), nobody excluded among them. `suppressed`: the
// reasons by normalised address (suppression_check.h).
std::vector<Recipient> unite_recipients(
    const std::vector<Candidate>& candidates,
    const std::unordered_map<std::string, std::string>& suppressed, const RecipientPolicy& policy);

// The suppressions in force for these candidates.
Result<std::unordered_map<std::string, std::string>> find_suppressed_among(
    db::Connection& connection, OrganisationId organisation, Channel channel,
    const std::vector<Candidate>& candidates, const RecipientPolicy& policy);

// P21 as the organisation has it; zero: the rule is off.
Result<Duration> inactive_after(db::Connection& connection, OrganisationId organisation);

}  // namespace tidings::audience
