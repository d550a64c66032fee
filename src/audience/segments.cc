#include "audience/segments.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "audience/segment_sql.h"

namespace tidings::audience {

namespace {

using db::Row;
using db::Statement;

#define TIDINGS_SEGMENT_COLUMNS \
  "SELECT id, name, description, rule, created_at, changed_at FROM segment "
constexpr Statement kFind{"segment.find",
                          TIDINGS_SEGMENT_COLUMNS "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement kPage{"segment.page", TIDINGS_SEGMENT_COLUMNS
                          "WHERE organisation_id = $1 AND name > $2 ORDER BY name LIMIT $3"};
constexpr Statement kInsert{
    "segment.insert",
    "INSERT INTO segment (organisation_id, id, name, description, rule, created_at, changed_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING"};
constexpr Statement kUpdate{
    "segment.update",
    "UPDATE segment SET name = $3, description = $4, rule = $5, changed_at = $6"
    " WHERE organisation_id = $1 AND id = $2"};
constexpr Statement kOfName{"segment.of_name",
                            "SELECT id FROM segment WHERE organisation_id = $1 AND name = $2"};
constexpr Statement kDelete{"segment.delete",
                            "DELETE FROM segment WHERE organisation_id = $1 AND id = $2"};
constexpr Statement kCount{"segment.count",
                           "SELECT count(*) FROM segment WHERE organisation_id = $1"};
constexpr Statement kGroupThere{
    "segment.group_there", "SELECT 1 FROM contact_group WHERE organisation_id = $1 AND id = $2"};
constexpr Statement kCampaignThere{
    "segment.campaign_there",
    "SELECT 1 FROM campaign WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
constexpr Statement kFieldType{
    "segment.field_type", "SELECT type FROM custom_field WHERE organisation_id = $1 AND name = $2"};

std::unexpected<Error> not_found() {
  return fail(ErrorKind::not_found, "segment.not_found", "There is no such segment.");
}

Result<Segment> read(const Row& row) {
  return Segment{row.id<SegmentId>(0), row.string(1),
                 row.string(2),        TRY(read_stored_rule(row.text(3))),
                 row.instant(4),       row.instant(5)};
}

Result<bool> is_there(db::Connection& connection, const Statement& statement,
                      OrganisationId organisation, std::int64_t id) {
  bool there = false;
  TRY(connection.query(statement, {organisation, id}, [&](const Row&) { there = true; }));
  return there;
}

Result<void> check_words(const Segment& segment) {
  if (segment.name.empty() || segment.name.size() > kSegmentNameMax) {
    return fail(ErrorKind::invalid, "segment.bad_name",
                fmt::format("A segment's name has 1 to {} bytes.", kSegmentNameMax));
  }
  if (segment.description.size() > kSegmentDescriptionMax) {
    return fail(
        ErrorKind::invalid, "segment.bad_description",
        fmt::format("A segment's description has at most {} bytes.", kSegmentDescriptionMax));
  }
  return {};
}

// The name is free, or this segment's own.
Result<void> check_name(db::Connection& connection, OrganisationId organisation,
                        const Segment& segment) {
  const auto holder = TRY(connection.query_first(
      kOfName, {organisation, segment.name}, [](const Row& row) { return row.id<SegmentId>(0); }));
  if (!holder || *holder == segment.id) return {};
  return fail(ErrorKind::conflict, "segment.exists",
              fmt::format("There is another segment “{}”. Choose another name.", segment.name));
}

// Whether a custom field of this type can be asked that way.
bool fits(std::string_view type, const FieldTest& test) {
  using enum FieldOperator;
  if (test.op == empty || test.op == not_empty) return true;
  const bool wants_truth = test.op == is_true || test.op == is_false;
  const bool wants_days = test.op == in_last_days || test.op == in_next_days;
  const bool wants_date =
      wants_days || (!test.values.empty() && std::holds_alternative<RuleDate>(test.values.front()));
  const bool wants_number =
      !test.values.empty() && std::holds_alternative<double>(test.values.front());
  if (type == "boolean") return wants_truth;
  if (type == "number") return wants_number;
  if (type == "date") return wants_date;
  return !wants_truth && !wants_date && !wants_number;
}

// Walks a rule and asks about everything that it names.
class RuleCheck {
 public:
  RuleCheck(db::Connection& connection, OrganisationId organisation, std::optional<SegmentId> self)
      : connection_(connection), organisation_(organisation), self_(self) {}

  Result<std::vector<RuleProblem>> run(const Rule& rule) {
    TRY(walk(rule, ""));
    if (problems_.empty()) TRY(follow(rule));
    return std::move(problems_);
  }

 private:
  void problem(std::string field, std::string code, std::string message) {
    if (problems_.size() < 100) {
      problems_.push_back({std::move(field), std::move(code), std::move(message)});
    }
  }

  Result<void> walk_all(const std::vector<Rule>& rules, const std::string& at) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      TRY(walk(rules[i], fmt::format("{}/rules/{}", at, i)));
    }
    return {};
  }

  Result<void> walk(const Rule& rule, const std::string& at) {
    if (const auto* all = std::get_if<AllOf>(&rule.node)) return walk_all(all->rules, at);
    if (const auto* any = std::get_if<AnyOf>(&rule.node)) return walk_all(any->rules, at);
    if (const auto* negation = std::get_if<NotRule>(&rule.node)) {
      return walk(negation->rule.front(), at + "/rule");
    }
    if (const auto* relation = std::get_if<RelationTest>(&rule.node)) {
      return relation->who.empty() ? Result<void>() : walk(relation->who.front(), at + "/who");
    }
    if (const auto* group = std::get_if<GroupTest>(&rule.node)) {
      for (std::size_t i = 0; i < group->groups.size(); ++i) {
        if (TRY(is_there(connection_, kGroupThere, organisation_, group->groups[i].value)))
          continue;
        problem(fmt::format("{}/groups/{}", at, i), "rule.unknown_group",
                "There is no such group.");
      }
    }
    if (const auto* message = std::get_if<MessageTest>(&rule.node); message && message->campaign) {
      if (!TRY(is_there(connection_, kCampaignThere, organisation_, message->campaign->value))) {
        problem(at + "/campaign", "rule.unknown_campaign", "There is no such campaign.");
      }
    }
    if (const auto* segment = std::get_if<SegmentTest>(&rule.node)) {
      if (self_ && segment->segment == *self_) {
        problem(at + "/segment", "rule.cycle", "A segment can not refer to itself.");
      } else if (!TRY(is_there(connection_, kFind, organisation_, segment->segment.value))) {
        problem(at + "/segment", "rule.unknown_segment", "There is no such segment.");
      }
    }
    if (const auto* field = std::get_if<FieldTest>(&rule.node)) return check_field(*field, at);
    return {};
  }

  Result<void> check_field(const FieldTest& test, const std::string& at) {
    const auto name = custom_field_name(test.field);
    if (!name) return {};
    const auto type = TRY(connection_.query_first(kFieldType, {organisation_, *name},
                                                  [](const Row& row) { return row.string(0); }));
    if (type && !fits(*type, test)) {
      problem(at, "rule.field_type",
              fmt::format("The field “{}” is of type {}: “{}” with this value does not fit.", *name,
                          *type, to_string(test.op)));
    }
    return {};
  }

  // Follows references: they must end, soon enough, and not here.
  Result<void> follow(const Rule& rule) {
    const auto rules = load_segment_rules(connection_, organisation_, segments_in(rule));
    if (!rules) {
      if (rules.error().kind != ErrorKind::limit) return std::unexpected(rules.error());
      problem("", "rule.too_many", rules.error().message);
      return {};
    }
    if (self_ && rules->contains(*self_)) {
      problem("", "rule.cycle",
              "A segment that this one refers to refers back to it. Break the circle.");
      return {};
    }
    SqlText sql(connection_.dialect());
    const RuleContext context{*rules, "$1", {}, {}};
    const auto compiled = rule_sql(sql, rule, {"c", "c.id"}, context);
    if (!compiled) {
      problem("", compiled.error().code == "segment.too_deep" ? "rule.too_deep" : "rule.too_many",
              compiled.error().message);
    }
    return {};
  }

  db::Connection& connection_;
  const OrganisationId organisation_;
  const std::optional<SegmentId> self_;
  std::vector<RuleProblem> problems_;
};

// "… FROM contact c WHERE" the rule holds; the parameters are in `sql`.
Result<std::string> matching_sql(SqlText& sql, OrganisationId organisation, const Rule& rule,
                                 const SegmentRules& rules, Instant now) {
  const RuleContext context{rules, sql.param(organisation), now, {}};
  const std::string condition = TRY(rule_sql(sql, rule, {"c", "c.id"}, context));
  return fmt::format(" FROM contact c WHERE c.organisation_id = {} AND c.deleted_at IS NULL AND {}",
                     context.organisation, condition);
}

}  // namespace

Result<Segment> find_segment(db::Connection& connection, OrganisationId organisation,
                             SegmentId id) {
  Result<Segment> segment = not_found();
  TRY(connection.query(kFind, {organisation, id}, [&](const Row& row) { segment = read(row); }));
  return segment;
}

Result<std::vector<Segment>> page_segments(db::Connection& connection, OrganisationId organisation,
                                           std::string_view after, int limit) {
  std::vector<Segment> segments;
  Result<void> damaged;
  TRY(connection.query(kPage, {organisation, after, limit}, [&](const Row& row) {
    auto segment = read(row);
    if (segment) {
      segments.push_back(*std::move(segment));
    } else {
      damaged = std::unexpected(segment.error());
    }
  }));
  TRY(damaged);
  return segments;
}

Result<std::vector<RuleProblem>> check_rule(db::Connection& connection, OrganisationId organisation,
                                            const Rule& rule, std::optional<SegmentId> self) {
  return RuleCheck(connection, organisation, self).run(rule);
}

Result<Segment> create_segment(db::Connection& connection, IdSource& ids,
                               OrganisationId organisation, const Segment& segment, Instant now) {
  TRY(check_words(segment));
  const auto count = TRY(connection.query_first(kCount, {organisation},
                                                [](const Row& row) { return row.integer(0); }));
  if (count.value_or(0) >= kSegmentsMax) {
    return fail(ErrorKind::limit, "segment.too_many",
                fmt::format("There are {} segments already. Delete some first.", kSegmentsMax));
  }
  Segment made = segment;
  made.id = ids.next<SegmentId>();
  made.created_at = made.changed_at = now;
  TRY(check_name(connection, organisation, made));
  const std::string rule = stored_text(made.rule);
  const auto inserted = TRY(
      connection.execute(kInsert, {organisation, made.id, made.name, made.description, rule, now}));
  if (inserted == 0) {
    return fail(ErrorKind::conflict, "segment.exists",
                fmt::format("There is another segment “{}”. Choose another name.", made.name));
  }
  return made;
}

Result<Segment> change_segment(db::Connection& connection, OrganisationId organisation,
                               const Segment& segment, Instant now) {
  TRY(check_words(segment));
  TRY(check_name(connection, organisation, segment));
  const std::string rule = stored_text(segment.rule);
  const auto changed = TRY(connection.execute(
      kUpdate, {organisation, segment.id, segment.name, segment.description, rule, now}));
  if (changed == 0) return not_found();
  Segment made = segment;
  made.changed_at = now;
  return made;
}

Result<void> delete_segment(db::Connection& connection, OrganisationId organisation, SegmentId id) {
  for (const Segment& other : TRY(page_segments(connection, organisation, "", kSegmentsMax))) {
    const auto used = segments_in(other.rule);
    if (std::ranges::find(used, id) == used.end()) continue;
    return fail(
        ErrorKind::conflict, "segment.in_use",
        fmt::format("The segment “{}” refers to this one. Change that one first.", other.name));
  }
  if (TRY(connection.execute(kDelete, {organisation, id})) == 0) return not_found();
  return {};
}

Result<std::int64_t> count_matching(db::Connection& connection, OrganisationId organisation,
                                    const Rule& rule, Instant now) {
  const auto rules = TRY(load_segment_rules(connection, organisation, segments_in(rule)));
  SqlText sql(connection.dialect());
  const std::string from = TRY(matching_sql(sql, organisation, rule, rules, now));
  sql << "SELECT count(*)" << from;
  std::int64_t count = 0;
  TRY(connection.query(sql.statement(), sql.values(),
                       [&](const Row& row) { count = row.integer(0); }));
  return count;
}

Result<std::vector<MatchingContact>> matching_contacts(db::Connection& connection,
                                                       OrganisationId organisation,
                                                       const Rule& rule, Instant now,
                                                       ContactId after, int limit) {
  const auto rules = TRY(load_segment_rules(connection, organisation, segments_in(rule)));
  SqlText sql(connection.dialect());
  const std::string from = TRY(matching_sql(sql, organisation, rule, rules, now));
  sql << "SELECT c.id, (CASE WHEN c.name <> '' THEN c.name WHEN c.first_name = '' THEN c.last_name"
         " WHEN c.last_name = '' THEN c.first_name ELSE c.first_name || ' ' || c.last_name END),"
         " (SELECT p.address FROM contact_address p WHERE p.organisation_id = c.organisation_id"
         " AND p.contact_id = c.id AND p.channel = 0 AND p.is_primary = 1 LIMIT 1)"
      << from << " AND c.id > " << sql.param(after) << " ORDER BY c.id LIMIT "
      << sql.param(std::int64_t{limit});
  std::vector<MatchingContact> found;
  TRY(connection.query(sql.statement(), sql.values(), [&](const Row& row) {
    found.push_back({row.id<ContactId>(0), row.string(1), row.is_null(2) ? "" : row.string(2)});
  }));
  return found;
}

}  // namespace tidings::audience
