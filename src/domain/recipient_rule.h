// Whether one recipient is written to: the one place where a skip is decided (P18, P20, P21, P28).
//
// Pure: expansion and the breakdown before sending ask the same question with the same facts. A
// reason that concerns the person comes before one that concerns the address, and who asked not to
// be contacted is told so whatever else holds.
// Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings {

// Where a campaign message's frozen values keep those of `student` (whom it is about), among those
// of `contact` (whom it is written to). No contact field's name begins with @.
inline constexpr std::string_view kStudentMember = "@student";

struct RecipientFacts {
  bool is_missing_guardian = false;  // guardians were asked for, and there is none
  bool has_address = false;
  bool do_not_contact = false;
  // The last interaction, else since when the contact is known; none: nobody's address.
  std::optional<Instant> last_seen;
  std::string_view suppression;  // the reason in force for this kind of message; empty: none
};

struct RecipientPolicy {
  MessageKind kind = MessageKind::campaign;
  Instant now{};
  // P21: how long without interaction makes a contact inactive; zero: never.
  Duration inactive_after{};
};

struct RecipientDecision {
  MessageState state = MessageState::waiting;  // or skipped, or dropped
  std::string reason;                          // empty while waiting
  // It is the person who is not written to, not the address: somebody else there may be.
  bool is_personal = false;

  friend bool operator==(const RecipientDecision&, const RecipientDecision&) = default;
};

// Reasons: skipped "do not contact", "no guardian", "no address", "inactive"; dropped:
// drop_reason().
RecipientDecision decide_recipient(const RecipientFacts& facts, const RecipientPolicy& policy);

// The reason of a dropped message, from the reason of the suppression.
std::string_view drop_reason(std::string_view suppression);

}  // namespace tidings
