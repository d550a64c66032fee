#include "domain/segment_ast.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"

namespace tidings {

namespace {

constexpr std::array<std::string_view, 21> kOperators = {
    "is",      "is_not", "contains",  "not_contains", "starts_with",  "ends_with", "one_of",
    "none_of", "empty",  "not_empty", "less",         "at_most",      "more",      "at_least",
    "between", "before", "after",     "in_last_days", "in_next_days", "is_true",   "is_false"};
constexpr std::array<std::string_view, 10> kFacts = {
    "addressed", "sent",    "bounced",      "failed",     "skipped",
    "opened",    "clicked", "unsubscribed", "not_opened", "not_clicked"};
constexpr std::array<std::string_view, 8> kTextFields = {
    "first_name", "last_name", "name", "external_id", "locale", "time_zone", "email", "phone"};
constexpr std::array<std::string_view, 2> kInstantFields = {"created_at", "last_interaction_at"};
constexpr std::string_view kCustom = "fields.";

template <typename List, typename T>
bool contains(const List& list, const T& item) {
  return std::ranges::find(list, item) != std::ranges::end(list);
}

enum class FieldKind { text, instant, boolean, custom, unknown };

FieldKind kind_of(std::string_view field) {
  if (contains(kTextFields, field)) return FieldKind::text;
  if (contains(kInstantFields, field)) return FieldKind::instant;
  if (field == "do_not_contact") return FieldKind::boolean;
  return custom_field_name(field) ? FieldKind::custom : FieldKind::unknown;
}

bool is_text(const RuleValue& value) { return std::holds_alternative<std::string>(value); }
bool is_number(const RuleValue& value) { return std::holds_alternative<double>(value); }
bool is_day(const RuleValue& value) { return std::holds_alternative<RuleDate>(value); }

bool may_use(FieldKind kind, FieldOperator op) {
  using enum FieldOperator;
  if (kind == FieldKind::custom) return true;
  switch (op) {
    case is:
    case is_not:
    case contains:
    case not_contains:
    case starts_with:
    case ends_with:
    case one_of:
    case none_of:
      return kind == FieldKind::text;
    case empty:
    case not_empty:
      return kind != FieldKind::boolean;
    case between:
    case before:
    case after:
    case in_last_days:
    case in_next_days:
      return kind == FieldKind::instant;
    case is_true:
    case is_false:
      return kind == FieldKind::boolean;
    case less:
    case at_most:
    case more:
    case at_least:
      return false;
  }
  return false;
}

std::optional<std::string> value_problem(const FieldTest& test, FieldKind kind) {
  using enum FieldOperator;
  const auto& values = test.values;
  const auto count = [&](std::size_t least, std::size_t most) {
    return values.size() >= least && values.size() <= most;
  };
  switch (test.op) {
    case is:
    case is_not:
      if (!count(1, 1)) return "Give one value.";
      if (is_day(values[0])) return "Give text or a number; for dates use before, after, between.";
      if (kind != FieldKind::custom && !is_text(values[0])) return "Give text.";
      break;
    case contains:
    case not_contains:
    case starts_with:
    case ends_with:
      if (!count(1, 1) || !is_text(values[0])) return "Give one text.";
      if (std::get<std::string>(values[0]).empty()) return "Give a text that is not empty.";
      break;
    case one_of:
    case none_of:
      if (!count(1, kRuleListMax) || !std::ranges::all_of(values, is_text)) {
        return fmt::format("Give 1 to {} texts.", kRuleListMax);
      }
      break;
    case empty:
    case not_empty:
    case is_true:
    case is_false:
      if (!values.empty()) return "This needs no value.";
      break;
    case less:
    case at_most:
    case more:
    case at_least:
      if (!count(1, 1) || !is_number(values[0])) return "Give one number.";
      break;
    case between:
      if (!count(2, 2) || values[0].index() != values[1].index() || is_text(values[0])) {
        return "Give two numbers or two dates.";
      }
      if (kind == FieldKind::instant && !is_day(values[0])) return "Give two dates.";
      break;
    case before:
    case after:
      if (!count(1, 1) || !is_day(values[0])) return "Give one date.";
      break;
    case in_last_days:
    case in_next_days:
      if (!values.empty()) return "Give the number of days only.";
      if (test.days < 1 || test.days > kRuleDaysMax) {
        return fmt::format("Give 1 to {} days.", kRuleDaysMax);
      }
      break;
  }
  return std::nullopt;
}

template <typename Visit>
void each_child(const Rule& rule, Visit visit) {
  const auto all = [&](const std::vector<Rule>& rules) {
    for (const Rule& child : rules) visit(child);
  };
  if (const auto* node = std::get_if<AllOf>(&rule.node)) all(node->rules);
  if (const auto* node = std::get_if<AnyOf>(&rule.node)) all(node->rules);
  if (const auto* node = std::get_if<NotRule>(&rule.node)) all(node->rule);
  if (const auto* node = std::get_if<RelationTest>(&rule.node)) all(node->who);
}

void collect_segments(const Rule& rule, std::vector<SegmentId>& found) {
  if (const auto* node = std::get_if<SegmentTest>(&rule.node)) {
    if (!contains(found, node->segment)) found.push_back(node->segment);
  }
  each_child(rule, [&](const Rule& child) { collect_segments(child, found); });
}

std::optional<std::chrono::sys_days> day_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t length) -> int {
    int value = 0;
    for (std::size_t i = from; i < from + length; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (year < 1 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

}  // namespace

bool operator==(const Rule& a, const Rule& b) {
  if (a.node.index() != b.node.index()) return false;
  const auto same = [&]<typename T>(const T& left) {
    const T& right = std::get<T>(b.node);
    if constexpr (std::is_same_v<T, AllOf> || std::is_same_v<T, AnyOf>) {
      return left.rules == right.rules;
    } else if constexpr (std::is_same_v<T, NotRule>) {
      return left.rule == right.rule;
    } else if constexpr (std::is_same_v<T, RelationTest>) {
      return left.side == right.side && left.name == right.name &&
             left.receives_messages == right.receives_messages && left.who == right.who;
    } else {
      return left == right;
    }
  };
  return std::visit(same, a.node);
}

int depth_of(const Rule& rule) {
  int deepest = 0;
  each_child(rule, [&](const Rule& child) { deepest = std::max(deepest, depth_of(child)); });
  return deepest + 1;
}

int conditions_of(const Rule& rule) {
  const bool is_group = std::holds_alternative<AllOf>(rule.node) ||
                        std::holds_alternative<AnyOf>(rule.node) ||
                        std::holds_alternative<NotRule>(rule.node);
  int count = is_group ? 0 : 1;
  each_child(rule, [&](const Rule& child) { count += conditions_of(child); });
  return count;
}

std::vector<SegmentId> segments_in(const Rule& rule) {
  std::vector<SegmentId> found;
  collect_segments(rule, found);
  return found;
}

std::optional<std::string> problem_of(const FieldTest& test) {
  const FieldKind kind = kind_of(test.field);
  if (kind == FieldKind::unknown) {
    return "There is no such field. Custom fields are written fields.NAME.";
  }
  if (test.field.size() > kRuleTextMax) return "The field's name is too long.";
  // Neither database can be asked for such a member on equal terms.
  if (test.field.find_first_of("\"\\") != std::string::npos) {
    return "A field whose name has quotes or backslashes can not be used in a rule.";
  }
  if (!may_use(kind, test.op)) {
    return fmt::format("“{}” does not fit this field.", to_string(test.op));
  }
  for (const RuleValue& value : test.values) {
    if (const auto* text = std::get_if<std::string>(&value); text && text->size() > kRuleTextMax) {
      return "The value is too long.";
    }
    if (const auto* day = std::get_if<RuleDate>(&value); day && !is_date(day->text)) {
      return "Give a date as YYYY-MM-DD.";
    }
    if (const auto* number = std::get_if<double>(&value); number && !std::isfinite(*number)) {
      return "Give a finite number.";
    }
  }
  return value_problem(test, kind);
}

std::optional<std::string_view> custom_field_name(std::string_view field) {
  if (!field.starts_with(kCustom) || field.size() == kCustom.size()) return std::nullopt;
  return field.substr(kCustom.size());
}

std::string_view to_string(FieldOperator op) { return kOperators[static_cast<std::size_t>(op)]; }
std::string_view to_string(MessageFact fact) { return kFacts[static_cast<std::size_t>(fact)]; }
std::optional<FieldOperator> parse_field_operator(std::string_view word) {
  return enumerator<FieldOperator>(kOperators, word);
}
std::optional<MessageFact> parse_message_fact(std::string_view word) {
  return enumerator<MessageFact>(kFacts, word);
}

bool is_date(std::string_view text) { return day_of(text).has_value(); }

std::string date_of(Instant at) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

Instant start_of(const RuleDate& date) {
  const auto day = day_of(date.text);
  return day ? Instant(*day) : Instant{};
}

std::string fold_ascii(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace tidings
