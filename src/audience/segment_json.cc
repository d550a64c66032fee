#include "audience/segment_json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>

#include <fmt/format.h>

#include "base/json_text.h"

namespace tidings::audience {

namespace {

namespace json = boost::json;

constexpr std::size_t kProblemsMax = 100;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// Reads one tree, collecting what is wrong with it.
class Reader {
 public:
  ReadRule read(const json::value& value) {
    ReadRule result;
    result.rule = rule(value, "", 1);
    if (conditions_ > kRuleConditionsMax) {
      problem("", "rule.too_many",
              fmt::format("A rule has at most {} conditions.", kRuleConditionsMax));
    }
    result.problems = std::move(problems_);
    return result;
  }

 private:
  void problem(std::string field, std::string code, std::string message) {
    if (problems_.size() < kProblemsMax) {
      problems_.push_back({std::move(field), std::move(code), std::move(message)});
    }
  }

  Rule rule(const json::value& value, const std::string& at, int depth) {
    if (depth > kRuleDepthMax) {
      problem(at, "rule.too_deep", fmt::format("Rules are nested at most {} deep.", kRuleDepthMax));
      return {};
    }
    const json::object* object = value.if_object();
    const json::value* type = object == nullptr ? nullptr : object->if_contains("type");
    if (type == nullptr || !type->is_string()) {
      problem(at, "rule.form", "A rule is an object with a type.");
      return {};
    }
    const std::string_view word = view(type->get_string());
    if (word == "all") return {AllOf{rules(*object, at, depth)}};
    if (word == "any") return {AnyOf{rules(*object, at, depth)}};
    if (word == "not") return negation(*object, at, depth);
    ++conditions_;
    if (word == "field") return {field(*object, at)};
    if (word == "group") return {group(*object, at)};
    if (word == "segment") return {segment(*object, at)};
    if (word == "relation") return {relation(*object, at, depth)};
    if (word == "message") return {message(*object, at)};
    if (word == "activity") return {activity(*object, at)};
    problem(at + "/type", "rule.unknown_type",
            "The type is one of: all, any, not, field, group, segment, relation, message, "
            "activity.");
    return {};
  }

  // Tells of members that the object should not have.
  void only(const json::object& object, const std::string& at,
            std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : object) {
      const std::string_view name(key.data(), key.size());
      if (name != "type" && std::ranges::find(known, name) == known.end()) {
        problem(fmt::format("{}/{}", at, name), "rule.unknown_member",
                "This condition has no such member.");
      }
    }
  }

  std::vector<Rule> rules(const json::object& object, const std::string& at, int depth) {
    only(object, at, {"rules"});
    std::vector<Rule> read;
    const json::value* list = object.if_contains("rules");
    if (list == nullptr || !list->is_array()) {
      problem(at + "/rules", "rule.form", "This is a list of rules.");
      return read;
    }
    if (list->get_array().size() > std::size_t{kRuleConditionsMax}) {
      problem(at + "/rules", "rule.too_many",
              fmt::format("A rule has at most {} conditions.", kRuleConditionsMax));
      return read;
    }
    std::size_t index = 0;
    for (const json::value& child : list->get_array()) {
      read.push_back(rule(child, fmt::format("{}/rules/{}", at, index++), depth + 1));
    }
    return read;
  }

  Rule negation(const json::object& object, const std::string& at, int depth) {
    only(object, at, {"rule"});
    const json::value* inner = object.if_contains("rule");
    if (inner == nullptr) {
      problem(at + "/rule", "rule.form", "Give the rule that must not hold.");
      return {};
    }
    NotRule read;
    read.rule.push_back(rule(*inner, at + "/rule", depth + 1));
    return {std::move(read)};
  }

  RuleValue value_of(const json::value& value, FieldOperator op, const std::string& at) {
    using enum FieldOperator;
    if (value.is_number()) return value.to_number<double>();
    if (value.is_string()) {
      const bool is_day = op == before || op == after || op == between;
      if (is_day) return RuleDate{std::string(view(value.get_string()))};
      return std::string(view(value.get_string()));
    }
    problem(at, "rule.form", "A value is text or a number.");
    return std::string();
  }

  FieldTest field(const json::object& object, const std::string& at) {
    only(object, at, {"field", "operator", "value", "values", "days"});
    FieldTest test;
    test.field = text(object, "field", at);
    const auto op = parse_field_operator(text(object, "operator", at));
    if (!op) {
      problem(at + "/operator", "rule.bad_word", "There is no such operator.");
      return test;
    }
    test.op = *op;
    if (const json::value* value = object.if_contains("value")) {
      test.values.push_back(value_of(*value, test.op, at + "/value"));
    }
    if (const json::value* values = object.if_contains("values")) {
      if (!values->is_array() || values->get_array().size() > kRuleListMax) {
        problem(at + "/values", "rule.form",
                fmt::format("This is a list of at most {} values.", kRuleListMax));
        return test;
      }
      for (const json::value& value : values->get_array()) {
        test.values.push_back(value_of(value, test.op, at + "/values"));
      }
    }
    test.days = number(object, "days", at, 1, kRuleDaysMax).value_or(0);
    if (auto wrong = problem_of(test)) problem(at, "rule.bad_condition", *std::move(wrong));
    return test;
  }

  template <typename IdType>
  std::optional<IdType> id(const json::value& value, const std::string& at) {
    const auto number =
        value.is_string() ? parse_id(view(value.get_string())) : std::optional<std::int64_t>();
    if (number && *number > 0) return IdType{*number};
    problem(at, "rule.bad_id", "This is not an id.");
    return std::nullopt;
  }

  GroupTest group(const json::object& object, const std::string& at) {
    only(object, at, {"groups"});
    GroupTest test;
    const json::value* list = object.if_contains("groups");
    if (list == nullptr || !list->is_array() || list->get_array().empty() ||
        list->get_array().size() > kRuleListMax) {
      problem(at + "/groups", "rule.form",
              fmt::format("This is a list of 1 to {} groups.", kRuleListMax));
      return test;
    }
    std::size_t index = 0;
    for (const json::value& value : list->get_array()) {
      const auto read = id<GroupId>(value, fmt::format("{}/groups/{}", at, index++));
      if (read && std::ranges::find(test.groups, *read) == test.groups.end())
        test.groups.push_back(*read);
    }
    return test;
  }

  SegmentTest segment(const json::object& object, const std::string& at) {
    only(object, at, {"segment"});
    const json::value* value = object.if_contains("segment");
    if (value == nullptr) {
      problem(at + "/segment", "rule.form", "Give the id of a segment.");
      return {};
    }
    return {id<SegmentId>(*value, at + "/segment").value_or(SegmentId{})};
  }

  RelationTest relation(const json::object& object, const std::string& at, int depth) {
    only(object, at, {"side", "name", "receives_messages", "who"});
    RelationTest test;
    const std::string side = text(object, "side", at);
    test.side = side == "has" ? RelationSide::has : RelationSide::of;
    if (side != "of" && side != "has") {
      problem(at + "/side", "rule.bad_word", "The side is “of” or “has”.");
    }
    if (object.contains("name")) test.name = text(object, "name", at);
    if (const json::value* receives = object.if_contains("receives_messages")) {
      if (receives->is_bool()) {
        test.receives_messages = receives->get_bool();
      } else {
        problem(at + "/receives_messages", "rule.form", "This is true or false.");
      }
    }
    if (const json::value* who = object.if_contains("who")) {
      test.who.push_back(rule(*who, at + "/who", depth + 1));
    }
    return test;
  }

  MessageTest message(const json::object& object, const std::string& at) {
    only(object, at, {"fact", "campaign", "since", "days"});
    MessageTest test;
    if (const auto fact = parse_message_fact(text(object, "fact", at))) {
      test.fact = *fact;
    } else {
      problem(at + "/fact", "rule.bad_word",
              "The fact is one of: addressed, sent, bounced, failed, skipped, opened, clicked, "
              "unsubscribed, not_opened, not_clicked.");
    }
    if (const json::value* campaign = object.if_contains("campaign")) {
      test.campaign = id<CampaignId>(*campaign, at + "/campaign");
    }
    test.since = since(object, at);
    return test;
  }

  ActivityTest activity(const json::object& object, const std::string& at) {
    only(object, at, {"activity", "at_least", "since", "days"});
    ActivityTest test;
    if (object.contains("activity")) test.type = text(object, "activity", at);
    test.at_least = number(object, "at_least", at, 1, kRuleActivitiesMax).value_or(1);
    test.since = since(object, at);
    return test;
  }

  RuleSince since(const json::object& object, const std::string& at) {
    RuleSince since;
    if (const json::value* value = object.if_contains("since")) {
      since.at = value->is_string() ? parse_rfc3339(view(value->get_string())) : std::nullopt;
      if (!since.at) problem(at + "/since", "rule.form", "This is an instant, as in RFC 3339.");
    }
    since.days = number(object, "days", at, 1, kRuleDaysMax);
    if (since.at && since.days) {
      problem(at + "/days", "rule.bad_condition", "Give either since or days.");
    }
    return since;
  }

  std::string text(const json::object& object, std::string_view name, const std::string& at) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) {
      problem(fmt::format("{}/{}", at, name), "rule.form", "This is text.");
      return {};
    }
    if (value->get_string().size() > kRuleTextMax) {
      problem(fmt::format("{}/{}", at, name), "rule.bad_condition", "This is too long.");
      return {};
    }
    return std::string(view(value->get_string()));
  }

  std::optional<int> number(const json::object& object, std::string_view name,
                            const std::string& at, int least, int most) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) return std::nullopt;
    boost::system::error_code error;
    const int read = value->is_number() ? value->to_number<int>(error) : 0;
    if (value->is_number() && !error && read >= least && read <= most) return read;
    problem(fmt::format("{}/{}", at, name), "rule.form",
            fmt::format("This is a whole number from {} to {}.", least, most));
    return std::nullopt;
  }

  int conditions_ = 0;
  std::vector<RuleProblem> problems_;
};

void put_since(json::object& object, const RuleSince& since) {
  if (since.at) object["since"] = to_rfc3339(*since.at);
  if (since.days) object["days"] = *since.days;
}

json::value value_json(const RuleValue& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    const auto whole = static_cast<std::int64_t>(*number > -1e15 && *number < 1e15 ? *number : 0);
    if (static_cast<double>(whole) == *number) return whole;
    return *number;
  }
  if (const auto* date = std::get_if<RuleDate>(&value)) return json::string(date->text);
  return json::string(std::get<std::string>(value));
}

json::array rules_json(const std::vector<Rule>& rules) {
  json::array array;
  for (const Rule& rule : rules) array.push_back(to_json(rule));
  return array;
}

struct Writer {
  json::object operator()(const AllOf& node) const {
    return {{"type", "all"}, {"rules", rules_json(node.rules)}};
  }
  json::object operator()(const AnyOf& node) const {
    return {{"type", "any"}, {"rules", rules_json(node.rules)}};
  }
  json::object operator()(const NotRule& node) const {
    return {{"type", "not"}, {"rule", to_json(node.rule.front())}};
  }
  json::object operator()(const FieldTest& test) const {
    using enum FieldOperator;
    json::object object{{"type", "field"}, {"field", test.field}, {"operator", to_string(test.op)}};
    const bool is_list = test.op == one_of || test.op == none_of || test.op == between;
    if (is_list) {
      json::array values;
      for (const RuleValue& value : test.values) values.push_back(value_json(value));
      object["values"] = std::move(values);
    } else if (!test.values.empty()) {
      object["value"] = value_json(test.values.front());
    }
    if (test.days > 0) object["days"] = test.days;
    return object;
  }
  json::object operator()(const GroupTest& test) const {
    json::array groups;
    for (const GroupId group : test.groups) groups.emplace_back(to_text(group));
    return {{"type", "group"}, {"groups", std::move(groups)}};
  }
  json::object operator()(const SegmentTest& test) const {
    return {{"type", "segment"}, {"segment", to_text(test.segment)}};
  }
  json::object operator()(const RelationTest& test) const {
    json::object object{{"type", "relation"},
                        {"side", test.side == RelationSide::of ? "of" : "has"}};
    if (!test.name.empty()) object["name"] = test.name;
    if (test.receives_messages) object["receives_messages"] = *test.receives_messages;
    if (!test.who.empty()) object["who"] = to_json(test.who.front());
    return object;
  }
  json::object operator()(const MessageTest& test) const {
    json::object object{{"type", "message"}, {"fact", to_string(test.fact)}};
    if (test.campaign) object["campaign"] = to_text(*test.campaign);
    put_since(object, test.since);
    return object;
  }
  json::object operator()(const ActivityTest& test) const {
    json::object object{{"type", "activity"}};
    if (!test.type.empty()) object["activity"] = test.type;
    if (test.at_least != 1) object["at_least"] = test.at_least;
    put_since(object, test.since);
    return object;
  }
};

}  // namespace

ReadRule read_rule(const json::value& value) { return Reader().read(value); }

json::value to_json(const Rule& rule) { return std::visit(Writer(), rule.node); }

std::string stored_text(const Rule& rule) { return json::serialize(to_json(rule)); }

Result<Rule> read_stored_rule(std::string_view text) {
  ReadRule read = read_rule(parse_json(text));
  if (read.problems.empty()) return std::move(read.rule);
  return fail(ErrorKind::corrupt, "segment.corrupt",
              "The stored rule of a segment is not one of ours. Write it anew.");
}

}  // namespace tidings::audience
