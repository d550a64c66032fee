// Whether one recipient is written to: the one place where a skip is decided (P18, P20, P21, P28,
// P39).
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
#include "base/id.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings {

// Where a campaign message's frozen values keep those of `student` (whom it is about), among those
// of `contact` (whom it is written to). No contact field's name begins with @.
inline constexpr std::string_view kStudentMember = "@student";

// Whose say it is that a message comes. Stored as a number: never renumber.
enum class ConsentRule : std::uint8_t {
  by_kind = 0,     // campaigns are the recipient's to refuse, nothing else is
  essential = 1,   // a campaign that reaches people whatever they chose: a school closure
  switchable = 2,  // a transactional message that unsubscribing stops
};
struct MessageConsent {
  ConsentRule rule = ConsentRule::by_kind;
  TopicId topic_id;       // not valid(): none
  Instant topic_since{};  // when there began to be that topic

  friend bool operator==(const MessageConsent&, const MessageConsent&) = default;
};

// What an unsubscription is from, besides one topic.
inline constexpr TopicId kEveryTopic{0};
// Campaigns without a topic, and topics that are newer than the choice.
inline constexpr TopicId kOtherTopics{-1};

struct RecipientFacts {
  bool is_missing_guardian = false;  // guardians were asked for, and there is none
  bool has_address = false;
  bool do_not_contact = false;
  // The last interaction, else since when the contact is known; none: nobody's address.
  std::optional<Instant> last_seen;
  bool is_switched_off = false;  // the organisation sends no message for this event now
  std::string_view suppression;  // the reason in force for this kind of message; empty: none
};

struct RecipientPolicy {
  MessageKind kind = MessageKind::campaign;
  Instant now{};
  // P21: how long without interaction makes a contact inactive; zero: never.
  Duration inactive_after{};
  MessageConsent consent{};
  // Individual: somebody was asked, and wants it to go although the recipient unsubscribed.
  bool is_confirmed = false;
};

struct RecipientDecision {
  MessageState state = MessageState::waiting;  // or skipped, dropped; held: ask staff first
  std::string reason;                          // empty while waiting
  // It is the person who is not written to, not the address: somebody else there may be.
  bool is_personal = false;

  friend bool operator==(const RecipientDecision&, const RecipientDecision&) = default;
};

// Reasons: skipped "do not contact", "no guardian", "no address", "inactive"; dropped:
// "switched off", drop_reason(); held "unsubscribed".
RecipientDecision decide_recipient(const RecipientFacts& facts, const RecipientPolicy& policy);

// One suppression in force at the recipient's address.
struct SuppressionFact {
  std::string_view reason;
  bool covers_everything = false;  // else campaigns
  TopicId topic_id = kEveryTopic;
  Instant created_at{};
};
// Whether it concerns such a message at all: only then is it RecipientFacts::suppression.
bool concerns(const SuppressionFact& fact, const RecipientPolicy& policy);
// Of several that concern a message, the one to tell of is the one with the greater weight; the
// older one where they are equal.
int weight_of(const SuppressionFact& fact);

// The reason of a dropped message, from the reason of the suppression.
std::string_view drop_reason(std::string_view suppression);

}  // namespace tidings
