#include "audience/segment_sql.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "audience/engagement_sql.h"
#include "audience/segment_json.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings::audience {

namespace {

constexpr std::string_view kTrue = "(1 = 1)";
constexpr std::string_view kFalse = "(1 = 0)";

constexpr db::Statement kLoadRule{
    "segment.load_rule", "SELECT rule FROM segment WHERE organisation_id = $1 AND id = $2"};

std::unexpected<Error> not_found() {
  return fail(ErrorKind::not_found, "segment.not_found",
              "A segment that is referred to is not there any more.");
}
std::unexpected<Error> too_large() {
  return fail(ErrorKind::limit, "segment.too_large",
              fmt::format("These segments have more than {} conditions together. Make them "
                          "simpler, or use groups.",
                          kStatementConditionsMax));
}

// How much it costs to ask about one contact: its own columns, then an index, then its JSON, then
// what was written to it. Dear questions are asked last, of those for whom the others leave it
// open.
int cost_of(const Rule& rule) {
  struct Cost {
    int operator()(const FieldTest& test) const {
      if (test.field == "email" || test.field == "phone") return 3;
      return custom_field_name(test.field) ? 4 : 1;
    }
    int operator()(const GroupTest&) const { return 2; }
    int operator()(const ActivityTest&) const { return 3; }
    int operator()(const MessageTest&) const { return 6; }
    int operator()(const RelationTest& test) const { return 5 + all(test.who); }
    int operator()(const SegmentTest&) const { return 8; }
    int operator()(const AllOf& node) const { return all(node.rules); }
    int operator()(const AnyOf& node) const { return all(node.rules); }
    int operator()(const NotRule& node) const { return all(node.rule); }
    static int all(const std::vector<Rule>& rules) {
      int cost = 0;
      for (const Rule& rule : rules) cost += cost_of(rule);
      return cost;
    }
  };
  return std::visit(Cost(), rule.node);
}

Instant before(Instant now, int days) { return now - std::chrono::days(days); }

class Compiler {
 public:
  Compiler(SqlText& sql, const RuleContext& context) : sql_(sql), context_(context) {}

  Result<std::string> rule(const Rule& rule, const ContactRef& contact) {
    return std::visit([&](const auto& node) { return compile(node, contact); }, rule.node);
  }

 private:
  bool is_sqlite() const { return sql_.dialect() == db::Dialect::sqlite; }

  Result<std::vector<std::string>> all(const std::vector<Rule>& rules, const ContactRef& contact) {
    std::vector<std::pair<int, std::size_t>> order;
    for (std::size_t i = 0; i < rules.size(); ++i) order.emplace_back(cost_of(rules[i]), i);
    std::ranges::sort(order);
    std::vector<std::string> terms;
    for (const auto& [cost, i] : order) terms.push_back(TRY(rule(rules[i], contact)));
    return terms;
  }

  Result<std::string> compile(const AllOf& node, const ContactRef& contact) {
    const auto terms = TRY(all(node.rules, contact));
    return terms.empty() ? std::string(kTrue) : join_balanced(terms, "AND");
  }
  Result<std::string> compile(const AnyOf& node, const ContactRef& contact) {
    const auto terms = TRY(all(node.rules, contact));
    return terms.empty() ? std::string(kFalse) : join_balanced(terms, "OR");
  }
  Result<std::string> compile(const NotRule& node, const ContactRef& contact) {
    return fmt::format("(NOT {})", TRY(rule(node.rule.front(), contact)));
  }

  Result<void> count() {
    if (++conditions_ > kStatementConditionsMax) return too_large();
    return {};
  }

  Result<std::string> compile(const GroupTest& test, const ContactRef& contact) {
    TRY(count());
    const std::string g = alias("g");
    return fmt::format(
        "EXISTS (SELECT 1 FROM contact_group_member {0} WHERE {0}.organisation_id = {1}"
        " AND {2} AND {0}.contact_id = {3})",
        g, context_.organisation, sql_.in(g + ".group_id", test.groups), contact.id);
  }

  Result<std::string> compile(const SegmentTest& test, const ContactRef& contact) {
    TRY(count());
    const auto at = context_.segments.find(test.segment);
    if (at == context_.segments.end()) return not_found();
    if (++segment_depth_ > kSegmentDepthMax) {
      return fail(
          ErrorKind::limit, "segment.too_deep",
          fmt::format("Segments refer to one another more than {} deep.", kSegmentDepthMax));
    }
    auto compiled = TRY(rule(at->second, contact));
    --segment_depth_;
    return compiled;
  }

  Result<std::string> compile(const RelationTest& test, const ContactRef& contact) {
    TRY(count());
    const std::string r = alias("r");
    const std::string c = alias("c");
    const bool is_of = test.side == RelationSide::of;
    const std::string other = fmt::format("{}.{}", r, is_of ? "to_id" : "from_id");
    std::string text = fmt::format(
        "EXISTS (SELECT 1 FROM relation {0} JOIN contact {1} ON {1}.organisation_id = {2}"
        " AND {1}.id = {3} AND {1}.deleted_at IS NULL WHERE {0}.organisation_id = {2}"
        " AND {0}.{4} = {5}",
        r, c, context_.organisation, other, is_of ? "from_id" : "to_id", contact.id);
    if (!test.name.empty()) text += fmt::format(" AND {}.name = {}", r, sql_.param(test.name));
    if (test.receives_messages) {
      text += fmt::format(" AND {}.receives_messages = {}", r, *test.receives_messages ? 1 : 0);
    }
    if (!test.who.empty()) text += " AND " + TRY(rule(test.who.front(), {c, other}));
    return text + ")";
  }

  Result<std::string> compile(const MessageTest& test, const ContactRef& contact) {
    TRY(count());
    const std::string a = alias("ma");
    const std::string m = alias("m");
    std::string text = fmt::format(
        "EXISTS (SELECT 1 FROM message_about {0} JOIN message {1} ON {1}.organisation_id = {2}"
        " AND {1}.id = {0}.message_id WHERE {0}.organisation_id = {2} AND {0}.contact_id = {3}"
        " AND {0}.is_recipient = 1 AND {1}.kind <> {4} AND {1}.is_test = 0",
        a, m, context_.organisation, contact.id, static_cast<int>(MessageKind::test));
    if (test.campaign) {
      text += fmt::format(" AND {}.campaign_id = {}", m, sql_.param(*test.campaign));
    }
    if (context_.except.valid()) {
      text += fmt::format(" AND ({0}.campaign_id IS NULL OR {0}.campaign_id <> {1})", m,
                          sql_.param(context_.except));
    }
    if (const auto from = since(test.since)) {
      text += fmt::format(" AND {}.queued_at >= {}", m, sql_.param(*from));
    }
    return fmt::format("{} AND {})", text, fact(test.fact, m));
  }

  // Statuses are a fold by rank (domain/message_state.h): what a higher one hides is told by the
  // events of the message.
  std::string fact(MessageFact fact, const std::string& m) {
    using enum MessageFact;
    const auto state = [&](MessageState wanted) {
      return fmt::format("{}.state = {}", m, static_cast<int>(wanted));
    };
    switch (fact) {
      case addressed:
        return std::string(kTrue);
      case sent:
        return state(MessageState::sent);
      case bounced:
        return fmt::format("({}.status = {} OR {})", m, static_cast<int>(Status::bounced),
                           has_event_sql(m, {EventType::bounced}));
      case failed:
        return state(MessageState::failed);
      case skipped:
        return fmt::format("({} OR {})", state(MessageState::skipped),
                           state(MessageState::dropped));
      case opened:
        return opened_sql(m);
      case clicked:
        return clicked_sql(m);
      case unsubscribed:
        return fmt::format("({0}.status = {1} OR ({0}.status = {2} AND {3}))", m,
                           static_cast<int>(Status::unsubscribed),
                           static_cast<int>(Status::marked_as_spam),
                           has_event_sql(m, {EventType::unsubscribed}));
      case not_opened:
        return fmt::format("({} AND NOT {})", state(MessageState::sent), opened_sql(m));
      case not_clicked:
        return fmt::format("({} AND NOT {})", state(MessageState::sent), clicked_sql(m));
    }
    return std::string(kFalse);
  }

  Result<std::string> compile(const ActivityTest& test, const ContactRef& contact) {
    TRY(count());
    const std::string x = alias("x");
    std::string from =
        fmt::format("FROM activity {0} WHERE {0}.organisation_id = {1} AND {0}.contact_id = {2}", x,
                    context_.organisation, contact.id);
    if (!test.type.empty()) from += fmt::format(" AND {}.type = {}", x, sql_.param(test.type));
    if (const auto at = since(test.since)) {
      from += fmt::format(" AND {}.occurred_at >= {}", x, sql_.param(*at));
    }
    if (test.at_least == 1) return fmt::format("EXISTS (SELECT 1 {})", from);
    return fmt::format("((SELECT count(*) {}) >= {})", from,
                       sql_.param(std::int64_t{test.at_least}));
  }

  std::optional<Instant> since(const RuleSince& since) const {
    if (since.at) return since.at;
    if (since.days) return before(context_.now, *since.days);
    return std::nullopt;
  }

  Result<std::string> compile(const FieldTest& test, const ContactRef& contact) {
    using enum FieldOperator;
    TRY(count());
    switch (test.op) {
      case is_not:
        return negated(test, is, contact);
      case not_contains:
        return negated(test, contains, contact);
      case none_of:
        return negated(test, one_of, contact);
      case not_empty:
        return negated(test, empty, contact);
      default:
        return positive(test, contact);
    }
  }

  Result<std::string> negated(FieldTest test, FieldOperator op, const ContactRef& contact) {
    test.op = op;
    return fmt::format("(NOT {})", TRY(positive(test, contact)));
  }

  Result<std::string> positive(const FieldTest& test, const ContactRef& contact) {
    if (test.field == "email" || test.field == "phone") return address(test, contact);
    if (test.field == "created_at" || test.field == "last_interaction_at") {
      return instant(test, fmt::format("{}.{}", contact.row, test.field));
    }
    if (test.field == "do_not_contact") {
      return fmt::format("({}.do_not_contact {} 0)", contact.row,
                         test.op == FieldOperator::is_true ? "<>" : "=");
    }
    if (const auto name = custom_field_name(test.field)) {
      return custom(test, std::string(*name), contact);
    }
    return text(test, standard(test.field, contact));
  }

  // A standard field as a text that is never NULL.
  static std::string standard(std::string_view field, const ContactRef& contact) {
    if (field == "external_id") return fmt::format("COALESCE({}.external_id, '')", contact.row);
    if (field == "name") {
      return fmt::format(
          "(CASE WHEN {0}.name <> '' THEN {0}.name WHEN {0}.first_name = '' THEN {0}.last_name"
          " WHEN {0}.last_name = '' THEN {0}.first_name"
          " ELSE {0}.first_name || ' ' || {0}.last_name END)",
          contact.row);
    }
    return fmt::format("{}.{}", contact.row, field);
  }

  Result<std::string> address(const FieldTest& test, const ContactRef& contact) {
    const std::string x = alias("ca");
    const std::string exists = fmt::format(
        "EXISTS (SELECT 1 FROM contact_address {0} WHERE {0}.organisation_id = {1}"
        " AND {0}.contact_id = {2} AND {0}.channel = {3}",
        x, context_.organisation, contact.id,
        static_cast<int>(test.field == "email" ? Channel::email : Channel::sms));
    if (test.op == FieldOperator::empty) return fmt::format("(NOT {}))", exists);
    return fmt::format("{} AND {})", exists, TRY(text(test, x + ".normalised")));
  }

  std::string folded(const std::string& expression) const {
    return is_sqlite() ? fmt::format("lower({})", expression)
                       : fmt::format("lower({} COLLATE \"C\")", expression);
  }

  // `value` is an expression of text that is never NULL.
  Result<std::string> text(const FieldTest& test, const std::string& value) {
    using enum FieldOperator;
    if (test.op == empty) return fmt::format("({} = '')", value);
    std::vector<std::string> wanted;
    for (const RuleValue& each : test.values) {
      wanted.push_back(fold_ascii(std::get<std::string>(each)));
    }
    switch (test.op) {
      case is:
      case one_of:
        // Optimisation: SQLite compares in any case without making a lower one.
        return fmt::format(
            "({})", sql_.in(is_sqlite() ? fmt::format("({} COLLATE NOCASE)", value) : folded(value),
                            wanted));
      case contains:
        return fmt::format("({}({}, {}) > 0)", is_sqlite() ? "instr" : "strpos", folded(value),
                           sql_.param(std::move(wanted.front())));
      case starts_with:
      case ends_with: {
        const std::int64_t length = characters(wanted.front());
        const std::string size = sql_.param(length);
        const std::string param = sql_.param(std::move(wanted.front()));
        const bool is_start = test.op == starts_with;
        const std::string_view form =
            is_sqlite() ? (is_start ? "(substr({}, 1, {}) = {})" : "(substr({}, -{}) = {})")
                        : (is_start ? "(substr({}, 1, CAST({} AS INTEGER)) = {})"
                                    : "(right({}, CAST({} AS INTEGER)) = {})");
        return fmt::format(fmt::runtime(form), folded(value), size, param);
      }
      default:
        return std::string(kFalse);
    }
  }

  static std::int64_t characters(std::string_view text) {
    return std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  }

  std::string instant(const FieldTest& test, const std::string& column) {
    using enum FieldOperator;
    const auto day = [&](std::size_t i) { return std::get<RuleDate>(test.values[i]); };
    const auto next = [](Instant at) { return at + std::chrono::days(1); };
    switch (test.op) {
      case empty:
        return fmt::format("({} IS NULL)", column);
      case FieldOperator::before:
        return known(fmt::format("{} < {}", column, sql_.param(start_of(day(0)))));
      case after:
        return known(fmt::format("{} >= {}", column, sql_.param(next(start_of(day(0))))));
      case between:
        return known(fmt::format("({0} >= {1} AND {0} < {2})", column, sql_.param(start_of(day(0))),
                                 sql_.param(next(start_of(day(1))))));
      case in_last_days:
        return known(fmt::format("({0} >= {1} AND {0} <= {2})", column,
                                 sql_.param(audience::before(context_.now, test.days)),
                                 sql_.param(context_.now)));
      case in_next_days:
        return known(fmt::format("({0} >= {1} AND {0} <= {2})", column, sql_.param(context_.now),
                                 sql_.param(context_.now + std::chrono::days(test.days))));
      default:
        return std::string(kFalse);
    }
  }

  // Unknown is false.
  static std::string known(const std::string& condition) {
    return fmt::format("COALESCE({}, FALSE)", condition);
  }

  Result<std::string> custom(const FieldTest& test, std::string name, const ContactRef& contact) {
    using enum FieldOperator;
    const std::string fields = contact.row + ".fields";
    const JsonMember member = json_member(fields, std::move(name));
    switch (test.op) {
      case empty:
        return fmt::format("(COALESCE({}, '') = '')", member.any_text);
      case is_true:
        return fmt::format("(COALESCE({}, '') = 'true')", member.truth);
      case is_false:
        return fmt::format("(COALESCE({}, '') = 'false')", member.truth);
      case in_last_days:
        return date_between(member.text, date_of(audience::before(context_.now, test.days)),
                            date_of(context_.now));
      case in_next_days:
        return date_between(member.text, date_of(context_.now),
                            date_of(context_.now + std::chrono::days(test.days)));
      default:
        break;
    }
    if (std::holds_alternative<double>(test.values.front())) return number(test, member.number);
    if (std::holds_alternative<RuleDate>(test.values.front())) return date(test, member.text);
    const std::string exact = TRY(text(test, member.text));
    const std::string likely = stands_in(fields, test);
    return likely.empty() ? exact : fmt::format("({} AND {})", likely, exact);
  }

  // Optimisation: whether the JSON text holds the wanted words at all, which costs a quarter of
  // reading it. Empty where it might be written otherwise: with an escape, or as an empty text.
  std::string stands_in(const std::string& json, const FieldTest& test) {
    constexpr std::size_t values_max = 4;
    if (test.op == FieldOperator::empty || test.values.size() > values_max) return {};
    std::vector<std::string> wanted;
    for (const RuleValue& each : test.values) {
      wanted.push_back(fold_ascii(std::get<std::string>(each)));
      const bool is_plain = std::ranges::all_of(wanted.back(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ' ' || c == '-' || c == '.';
      });
      if (wanted.back().empty() || !is_plain) return {};
    }
    // Only now: a parameter that the statement does not name is none.
    std::vector<std::string> terms;
    for (std::string& word : wanted) {
      const std::string param = sql_.param(std::move(word));
      terms.push_back(is_sqlite() ? fmt::format("holds_text({}, {})", json, param)
                                  : fmt::format("strpos({}, {}) > 0", folded(json), param));
    }
    return "(" + join_balanced(terms, "OR") + ")";
  }

  std::string number(const FieldTest& test, const std::string& value) {
    using enum FieldOperator;
    const auto wanted = [&](std::size_t i) { return sql_.param(std::get<double>(test.values[i])); };
    switch (test.op) {
      case is:
        return known(fmt::format("{} = {}", value, wanted(0)));
      case less:
        return known(fmt::format("{} < {}", value, wanted(0)));
      case at_most:
        return known(fmt::format("{} <= {}", value, wanted(0)));
      case more:
        return known(fmt::format("{} > {}", value, wanted(0)));
      case at_least:
        return known(fmt::format("{} >= {}", value, wanted(0)));
      case between: {
        const std::string low = wanted(0);
        return known(fmt::format("{} BETWEEN {} AND {}", value, low, wanted(1)));
      }
      default:
        return std::string(kFalse);
    }
  }

  std::string date(const FieldTest& test, const std::string& value) {
    using enum FieldOperator;
    const auto wanted = [&](std::size_t i) { return std::get<RuleDate>(test.values[i]).text; };
    const std::string bytes = bytewise(value);
    switch (test.op) {
      case FieldOperator::before:
        return fmt::format("(length({0}) = 10 AND {1} < {2})", value, bytes, sql_.param(wanted(0)));
      case after:
        return fmt::format("(length({0}) = 10 AND {1} > {2})", value, bytes, sql_.param(wanted(0)));
      case between:
        return date_between(value, wanted(0), wanted(1));
      default:
        return std::string(kFalse);
    }
  }

  std::string date_between(const std::string& value, std::string low, std::string high) {
    const std::string least = sql_.param(std::move(low));
    return fmt::format("(length({0}) = 10 AND {1} BETWEEN {2} AND {3})", value, bytewise(value),
                       least, sql_.param(std::move(high)));
  }

  std::string bytewise(const std::string& value) const {
    return is_sqlite() ? value : fmt::format("({} COLLATE \"C\")", value);
  }

  // A member of a JSON object, read in several ways.
  struct JsonMember {
    std::string any_text;  // a scalar as text; NULL when there is none
    std::string text;      // a string; '' for anything else
    std::string number;    // a number; NULL for anything else
    std::string truth;     // 'true' or 'false' for these two
  };
  JsonMember json_member(const std::string& fields, std::string name) {
    if (is_sqlite()) {
      const std::string path = sql_.param(fmt::format("$.\"{}\"", name));
      const std::string type = fmt::format("json_type({}, {})", fields, path);
      const std::string value = fmt::format("json_extract({}, {})", fields, path);
      return {value, fmt::format("(CASE {} WHEN 'text' THEN {} ELSE '' END)", type, value),
              fmt::format("(CASE WHEN {} IN ('integer', 'real') THEN CAST({} AS REAL) END)", type,
                          value),
              type};
    }
    const std::string key = fmt::format("CAST({} AS TEXT)", sql_.param(std::move(name)));
    const std::string value = fmt::format("(CAST({} AS json) -> {})", fields, key);
    const std::string scalar = fmt::format("(CAST({} AS json) ->> {})", fields, key);
    return {
        scalar,
        fmt::format("(CASE json_typeof({}) WHEN 'string' THEN {} ELSE '' END)", value, scalar),
        fmt::format("(CASE json_typeof({}) WHEN 'number' THEN CAST({} AS DOUBLE PRECISION) END)",
                    value, scalar),
        fmt::format("CAST({} AS TEXT)", value)};
  }

  std::string alias(std::string_view prefix) { return fmt::format("{}{}", prefix, ++aliases_); }

  SqlText& sql_;
  const RuleContext& context_;
  int conditions_ = 0;
  int segment_depth_ = 0;
  int aliases_ = 0;
};

}  // namespace

Result<std::string> rule_sql(SqlText& sql, const Rule& rule, const ContactRef& contact,
                             const RuleContext& context) {
  return Compiler(sql, context).rule(rule, contact);
}

Result<SegmentRules> load_segment_rules(db::Connection& connection, OrganisationId organisation,
                                        const std::vector<SegmentId>& segments) {
  SegmentRules rules;
  std::vector<SegmentId> wanted = segments;
  int conditions = 0;
  while (!wanted.empty()) {
    const SegmentId id = wanted.back();
    wanted.pop_back();
    if (rules.contains(id)) continue;
    const auto text = TRY(connection.query_first(kLoadRule, {organisation, id},
                                                 [](const db::Row& row) { return row.string(0); }));
    if (!text) return not_found();
    Rule rule = TRY(read_stored_rule(*text));
    conditions += conditions_of(rule);
    if (conditions > kStatementConditionsMax) return too_large();
    for (const SegmentId inner : segments_in(rule)) wanted.push_back(inner);
    rules.emplace(id, std::move(rule));
  }
  return rules;
}

}  // namespace tidings::audience
