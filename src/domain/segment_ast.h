// A segment's rule: a tree of and/or/not over typed conditions about one contact.
//
// A value without any storage: audience/segment_json.h reads and writes it, audience/segment_sql.h
// asks a database. Every condition is true or false, never unknown: what a contact does not have is
// empty text, no number, no date, and `is_not` is exactly the opposite of `is`.
// Text is compared without regard to the case of a–z; other letters as they are.
// Dates are days in UTC. Thread: values, any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace tidings {

inline constexpr int kRuleDepthMax = 10;          // of nested rules; a condition alone has 1
inline constexpr int kRuleConditionsMax = 200;    // in one segment
inline constexpr std::size_t kRuleListMax = 100;  // values or groups of one condition
inline constexpr std::size_t kRuleTextMax = 500;  // bytes of one value or name
inline constexpr int kRuleDaysMax = 36'500;
inline constexpr int kRuleActivitiesMax = 1'000'000;

enum class FieldOperator {
  // text
  is,
  is_not,
  contains,
  not_contains,
  starts_with,
  ends_with,
  one_of,
  none_of,
  // any type: nothing there, or empty text
  empty,
  not_empty,
  // numbers; is, is_not and between too
  less,
  at_most,
  more,
  at_least,
  between,  // both ends included; dates too
  // dates and instants
  before,
  after,
  in_last_days,  // from that many days ago up to now
  in_next_days,
  // yes or no
  is_true,
  is_false,
};

// YYYY-MM-DD, a real day.
struct RuleDate {
  std::string text;
  friend bool operator==(const RuleDate&, const RuleDate&) = default;
};
using RuleValue = std::variant<std::string, double, RuleDate>;

// field: first_name, last_name, name, external_id, locale, time_zone (text); email, phone (text,
// any of the contact's addresses); created_at, last_interaction_at (instants); do_not_contact
// (yes or no); or "fields.NAME", a custom field of whatever type the operator and value have.
struct FieldTest {
  std::string field;
  FieldOperator op = FieldOperator::is;
  std::vector<RuleValue> values;  // one; between: two; one_of: several; empty and the like: none
  int days = 0;                   // in_last_days, in_next_days
  friend bool operator==(const FieldTest&, const FieldTest&) = default;
};

// Is in one of them at least.
struct GroupTest {
  std::vector<GroupId> groups;
  friend bool operator==(const GroupTest&, const GroupTest&) = default;
};

// Is in another segment.
struct SegmentTest {
  SegmentId segment;
  friend bool operator==(const SegmentTest&, const SegmentTest&) = default;
};

// From when on; both left out: since ever.
struct RuleSince {
  std::optional<Instant> at;
  std::optional<int> days;  // before now
  friend bool operator==(const RuleSince&, const RuleSince&) = default;
};

// What became of a message that was written to the contact. Test messages do not count.
enum class MessageFact {
  addressed,  // it was meant to get one, whatever came of it
  sent,       // handed over
  bounced,
  failed,
  skipped,  // skipped or dropped: never attempted
  opened,   // by a person
  clicked,
  unsubscribed,
  not_opened,   // handed over, and not opened as far as is known
  not_clicked,  // the same of clicks
};
struct MessageTest {
  MessageFact fact = MessageFact::sent;
  std::optional<CampaignId> campaign;  // none: any message
  RuleSince since;                     // when it was queued
  friend bool operator==(const MessageTest&, const MessageTest&) = default;
};

struct ActivityTest {
  std::string type;  // empty: any
  int at_least = 1;
  RuleSince since;
  friend bool operator==(const ActivityTest&, const ActivityTest&) = default;
};

struct Rule;

struct AllOf {  // none: everybody
  std::vector<Rule> rules;
};
struct AnyOf {  // none: nobody
  std::vector<Rule> rules;
};
struct NotRule {
  std::vector<Rule> rule;  // exactly one
};

// Is related to another contact, for whom `who` holds.
enum class RelationSide {
  of,   // the contact is NAME (guardian of) of the other
  has,  // the other is NAME of the contact: the contact has a guardian
};
struct RelationTest {
  RelationSide side = RelationSide::of;
  std::string name;                       // empty: any
  std::optional<bool> receives_messages;  // none: either
  std::vector<Rule> who;                  // none or one
};

struct Rule {
  using Node = std::variant<AllOf, AnyOf, NotRule, FieldTest, GroupTest, SegmentTest, RelationTest,
                            MessageTest, ActivityTest>;
  Node node;
};
bool operator==(const Rule& a, const Rule& b);

// Nesting, where a condition alone has 1; references to segments are not followed.
int depth_of(const Rule& rule);
int conditions_of(const Rule& rule);
// The segments it refers to, each once.
std::vector<SegmentId> segments_in(const Rule& rule);

// What is wrong with a condition about a field: a sentence, or nothing.
std::optional<std::string> problem_of(const FieldTest& test);

// "fields.NAME" → NAME; nothing for a standard field.
std::optional<std::string_view> custom_field_name(std::string_view field);

std::string_view to_string(FieldOperator op);
std::string_view to_string(MessageFact fact);
std::optional<FieldOperator> parse_field_operator(std::string_view word);
std::optional<MessageFact> parse_message_fact(std::string_view word);

// A real day of years 0001 to 9999 in the form YYYY-MM-DD.
bool is_date(std::string_view text);
// The day of an instant, and the first instant of a day.
std::string date_of(Instant at);
Instant start_of(const RuleDate& date);

// a–z for A–Z, everything else as it is.
std::string fold_ascii(std::string_view text);

}  // namespace tidings
