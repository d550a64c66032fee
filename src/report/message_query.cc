#include "report/message_query.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wire/case_folding.h"

namespace tidings::report {

namespace {

using db::Connection;
using db::Dialect;

// Id and queueing time of a message come from one clock, within one transaction.
constexpr Duration kBatchSlack = std::chrono::seconds(2);
// More messages than this of a group or an address are looked for along the primary key.
constexpr std::int64_t kExplicitMax = 5'000;
constexpr std::int64_t kGroupMembersMax = 500;
// Campaigns that a filter by sender, attachments or subject looks at: the newest.
constexpr int kCampaignsMax = 20'000;

constexpr db::Statement kCampaigns{
    "report.campaign_facts",
    "SELECT c.id, c.content_version_id, v.subject,"
    " CASE WHEN CAST($4 AS BIGINT) = 1 THEN v.from_name ELSE '' END,"
    " CASE WHEN CAST($4 AS BIGINT) = 1 THEN v.from_address ELSE '' END,"
    " EXISTS (SELECT 1 FROM content_attachment a WHERE a.organisation_id = v.organisation_id"
    " AND a.content_version_id = v.id), c.created_at, c.expanded_at, n.first_id, n.last_id,"
    " COALESCE(n.total, 0)"
    " FROM campaign c JOIN content_version v ON v.organisation_id = c.organisation_id"
    " AND v.id = c.content_version_id LEFT JOIN (SELECT campaign_id, MIN(first_message_id) AS"
    " first_id, MAX(last_message_id) AS last_id, CAST(SUM(queued + sending + deferred + held + sent"
    " + bounced + failed + uncertain + skipped + dropped + cancelled) AS BIGINT) AS total"
    " FROM campaign_counter WHERE organisation_id = $1"
    " AND (CAST($2 AS BIGINT) IS NULL OR campaign_id = $2) GROUP BY campaign_id) n"
    " ON n.campaign_id = c.id WHERE c.organisation_id = $1 AND c.deleted_at IS NULL"
    " AND (CAST($2 AS BIGINT) IS NULL OR c.id = $2) ORDER BY c.id DESC LIMIT $3"};
constexpr db::Statement kVariants{
    "report.content_variants",
    "SELECT t.content_version_id, t.variant_id, v.subject FROM content_variant t"
    " JOIN content_version v ON v.organisation_id = t.organisation_id AND v.id = t.variant_id"
    " WHERE t.organisation_id = $1 AND t.position > 0"
    " AND (CAST($2 AS BIGINT) IS NULL OR t.content_version_id = $2)"};
constexpr db::Statement kDeletedCampaigns{
    "report.deleted_campaigns",
    "SELECT id FROM campaign WHERE organisation_id = $1 AND deleted_at IS NOT NULL"};
constexpr db::Statement kGroupMembers{
    "report.group_members",
    "SELECT members FROM contact_group WHERE organisation_id = $1 AND id = $2"};
// Optimisation: prepared, PostgreSQL takes the group for a large one and would read all of
// message_about; OFFSET 0 has it go by the members.
constexpr db::StatementPair kGroupMessages{
    {"report.group_messages",
     "SELECT a.message_id FROM contact_group_member g JOIN message_about a"
     " ON a.organisation_id = g.organisation_id AND a.contact_id = g.contact_id"
     " WHERE g.organisation_id = $1 AND g.group_id = $2 AND a.is_recipient = 1"
     " AND a.message_id > $3 AND a.message_id < $4 LIMIT $5"},
    {"report.group_messages",
     "SELECT a.message_id FROM contact_group_member g CROSS JOIN LATERAL (SELECT b.message_id FROM"
     " message_about b WHERE b.organisation_id = g.organisation_id AND b.contact_id = g.contact_id"
     " AND b.is_recipient = 1 AND b.message_id > $3 AND b.message_id < $4 OFFSET 0) a"
     " WHERE g.organisation_id = $1 AND g.group_id = $2 LIMIT $5"}};
// Per campaign one step into the index of addresses.
constexpr db::Statement kAddressInCampaigns{
    "report.address_in_campaigns",
    "SELECT m.id FROM campaign c JOIN message m ON m.campaign_id = c.id AND m.normalised >= $2"
    " AND m.normalised < $3 WHERE c.organisation_id = $1 LIMIT $4"};
constexpr db::Statement kAddressInSingles{
    "report.address_in_singles",
    "SELECT m.id FROM message m WHERE m.organisation_id = $1 AND m.campaign_id IS NULL"
    " AND m.normalised >= $2 AND m.normalised < $3 LIMIT $4"};
constexpr db::Statement kTotal{
    "report.count_of_campaigns",
    "SELECT CAST(COALESCE(SUM(queued + sending + deferred + held + sent + bounced + failed"
    " + uncertain + skipped + dropped + cancelled), 0) AS BIGINT) FROM campaign_counter"
    " WHERE organisation_id = $1 AND (first_message_id IS NULL"
    " OR (first_message_id < $3 AND last_message_id > $2))"};
constexpr db::Statement kSingles{"report.count_singles",
                                 "SELECT COUNT(*) FROM (SELECT id FROM send_out WHERE"
                                 " organisation_id = $1 AND id > $2 AND id < $3 LIMIT $4) s"};

template <typename T>
std::string list_of(const std::vector<T>& values) {
  std::vector<std::int64_t> numbers;
  for (const T& value : values) numbers.push_back(static_cast<std::int64_t>(value));
  return fmt::format("{}", fmt::join(numbers, ", "));
}

// `part` stands in `whole`.
std::string contains(Dialect dialect, std::string_view whole, std::string_view part) {
  return dialect == Dialect::sqlite ? fmt::format("instr({}, {}) > 0", whole, part)
                                    : fmt::format("position({} in {}) > 0", part, whole);
}

// Whether every message with this subject has `text` in it, perhaps has, or cannot have.
enum class Has { always, perhaps, never };
Has subject_has(const std::string& subject_key, std::string_view text) {
  const bool has_tags = subject_key.contains("{{") || subject_key.contains("{%");
  if (!has_tags) return subject_key.contains(text) ? Has::always : Has::never;
  if (subject_key.contains("{%")) return Has::perhaps;
  std::size_t at = 0;
  while (at < subject_key.size()) {
    const std::size_t tag = subject_key.find("{{", at);
    if (subject_key.substr(at, tag - at).contains(text)) return Has::always;
    const std::size_t end = tag == std::string::npos ? tag : subject_key.find("}}", tag);
    if (end == std::string::npos) break;
    at = end + 2;
  }
  return Has::perhaps;
}

class Compiler {
 public:
  Compiler(Connection& connection, OrganisationId organisation, const LogFilter& filter,
           std::int64_t count_to)
      : connection_(connection),
        organisation_(organisation),
        filter_(filter),
        count_to_(count_to) {}

  Result<CompiledFilter> compile() {
    made_.params.emplace_back(organisation_);
    if (filter_.from) bounds_.after = smallest_id_at(*filter_.from - kBatchSlack) - 1;
    if (filter_.until) bounds_.before = smallest_id_at(*filter_.until + kBatchSlack);
    text_ = made_.text = wire::fold_case(filter_.text);
    const auto at = text_.find('@');
    is_address_ = at != std::string::npos && at > 0;
    const bool by_content =
        !filter_.sender.empty() || filter_.has_attachments || (!text_.empty() && !is_address_);
    if (filter_.campaign || by_content) TRY(read_campaigns());
    std::vector<IdRange> ranges = {bounds_};
    if (filter_.campaign) {
      if (made_.campaigns.empty()) {
        return fail(ErrorKind::not_found, "campaign.not_found",
                    "There is no campaign " + to_text(*filter_.campaign) + ".");
      }
      ranges = {clipped(made_.campaigns.front().range)};
      // Either keeps the planner from the index of addresses, which is in another order; PostgreSQL
      // still knows by the second how many there are.
      base_ += fmt::format(fmt::runtime(is_sqlite() ? " AND +m.campaign_id = {}"
                                                    : " AND (m.campaign_id = {}) IS TRUE"),
                           filter_.campaign->value);
      made_.at_most = made_.campaigns.front().total;
    }
    if (filter_.from) base_ += fmt::format(" AND m.queued_at >= {}", to_micros(*filter_.from));
    if (filter_.until) base_ += fmt::format(" AND m.queued_at < {}", to_micros(*filter_.until));
    base_ += filter_.is_deleted ? " AND m.deleted_at IS NOT NULL" : " AND m.deleted_at IS NULL";
    TRY(choose_sources(ranges));
    TRY(ask_the_rest());
    if (made_.at_most < 0 && is_plain_walk_ && count_to_ > 0) TRY(estimate());
    return std::move(made_);
  }

 private:
  IdRange clipped(IdRange range) const {
    return {std::max(range.after, bounds_.after), std::min(range.before, bounds_.before)};
  }

  Result<void> read_campaigns() {
    TRY(connection_.query(kCampaigns,
                          {organisation_, filter_.campaign, filter_.campaign ? 1 : kCampaignsMax,
                           filter_.sender.empty() ? 0 : 1},
                          [&](const db::Row& row) {
                            CampaignFacts facts;
                            facts.id = row.id<CampaignId>(0);
                            facts.content_version_id = row.id<ContentVersionId>(1);
                            facts.subject_key = wire::fold_case(row.text(2));
                            std::string sender = row.string(3);
                            if (!sender.empty()) sender += ' ';
                            facts.sender_key = wire::fold_case(sender.append(row.text(4)));
                            facts.has_attachments = row.boolean(5);
                            facts.range.after = smallest_id_at(row.instant(6) - kClockSlack) - 1;
                            if (!row.is_null(7))
                              facts.range.before = smallest_id_at(row.instant(7) + kClockSlack);
                            if (!row.is_null(8))
                              facts.range = {row.integer(8) - 1, row.integer(9) + 1};
                            facts.total = row.integer(10);
                            made_.campaigns.push_back(std::move(facts));
                          }));
    return read_variants();
  }

  Result<void> read_variants() {
    if (made_.campaigns.empty()) return {};
    std::optional<ContentVersionId> one;
    if (filter_.campaign) one = made_.campaigns.front().content_version_id;
    std::unordered_map<ContentVersionId, CampaignFacts*> by_content;
    return connection_.query(kVariants, {organisation_, one}, [&](const db::Row& row) {
      if (by_content.empty()) {
        for (CampaignFacts& facts : made_.campaigns) by_content[facts.content_version_id] = &facts;
      }
      const auto at = by_content.find(row.id<ContentVersionId>(0));
      if (at == by_content.end()) return;
      at->second->variants.push_back({row.id<ContentVersionId>(1), wire::fold_case(row.text(2))});
    });
  }

  void add_source(std::string from, std::string id, std::string_view access,
                  const std::vector<IdRange>& ranges) {
    std::string reach = fmt::format("m.organisation_id = $1{}", access);
    std::string condition = reach + base_;
    made_.sources.push_back(
        {std::move(from), std::move(id), std::move(condition), std::move(reach), ranges});
  }
  // Optimisation: SQLite has no figures of the tables and would walk the primary key, whose bounds
  // it sees, rather than the small index or the few rows of `first`.
  bool is_sqlite() const { return connection_.dialect() == Dialect::sqlite; }
  // The condition of a partial index: SQLite must be told. PostgreSQL concludes it, and would take
  // it for a condition more, which leaves it a tenth of the messages.
  std::string_view of_index(std::string_view condition) const {
    return is_sqlite() ? condition : std::string_view();
  }
  void add_walk(std::string_view access, const std::vector<IdRange>& ranges,
                std::string_view index = {}) {
    add_source(
        index.empty() || !is_sqlite() ? "message m" : fmt::format("message m INDEXED BY {}", index),
        "m.id", access, ranges);
  }
  // PostgreSQL would merge the few with all messages, those of a large campaign among them.
  std::string with_message(std::string_view first, std::string_view organisation,
                           std::string_view id) const {
    return fmt::format(
        fmt::runtime(is_sqlite() ? "{} CROSS JOIN message m ON m.organisation_id = {} AND m.id = {}"
                                 : "{} CROSS JOIN LATERAL (SELECT * FROM message x WHERE"
                                   " x.organisation_id = {} AND x.id = {} OFFSET 0) m"),
        first, organisation, id);
  }

  Result<void> choose_sources(const std::vector<IdRange>& ranges) {
    if (filter_.contact) {
      add_source(
          with_message("message_about a", "a.organisation_id", "a.message_id"), "a.message_id",
          fmt::format(" AND a.organisation_id = $1 AND a.contact_id = {}", filter_.contact->value),
          ranges);
      return {};
    }
    if (filter_.is_deleted) {
      add_walk(" AND m.deleted_at IS NOT NULL", ranges, "message_deleted");
      return {};
    }
    if (TRY(take_explicit())) return {};
    // Opened, clicked, and whatever went wrong.
    const bool is_indexed =
        !filter_.statuses.empty() &&
        std::ranges::all_of(filter_.statuses, [](Status one) { return int(one) > 4; });
    if (is_indexed) {
      has_statuses_ = true;
      made_.at_most = -1;
      for (const Status status : filter_.statuses) {
        add_walk(fmt::format(" AND m.status = {}{}", int(status), of_index(" AND m.status > 4")),
                 ranges, "message_told");
      }
      return {};
    }
    if (!filter_.kinds.empty() &&
        std::ranges::find(filter_.kinds, MessageKind::campaign) == filter_.kinds.end()) {
      has_kinds_ = true;
      made_.at_most = -1;
      for (const MessageKind kind : filter_.kinds) {
        add_walk(fmt::format(" AND m.kind = {}{}", int(kind), of_index(" AND m.kind > 0")), ranges,
                 "message_kind");
      }
      return {};
    }
    if (filter_.channel == Channel::sms) {
      has_channel_ = true;
      made_.at_most = -1;
      add_walk(" AND m.channel = 1", ranges, "message_sms");
      return {};
    }
    if (!filter_.campaign && (!filter_.sender.empty() || filter_.has_attachments)) {
      std::vector<IdRange> narrow;
      std::int64_t total = 0;
      for (const CampaignFacts& facts : made_.campaigns) {
        if (!passes(facts)) continue;
        narrow.push_back(clipped(facts.range));
        total += facts.total;
      }
      if (count_to_ > 0) {
        TRY(add_singles(total));
        made_.at_most = total;
      }
      add_walk(" AND +m.campaign_id IS NOT NULL", merged(std::move(narrow)));
      std::string singles = " AND so.organisation_id = $1";
      if (filter_.has_attachments) {
        singles += fmt::format(" AND so.has_attachments = {}", *filter_.has_attachments ? 1 : 0);
      }
      add_source(with_message("send_out so", "so.organisation_id", "so.id"), "so.id", singles,
                 ranges);
      return {};
    }
    is_plain_walk_ = !filter_.campaign;
    add_walk("", ranges);
    return {};
  }

  // Few messages that an index finds in another order than theirs.
  Result<bool> take_explicit() {
    std::vector<std::int64_t> ids;
    const auto take = [&](const db::Row& row) { ids.push_back(row.integer(0)); };
    if (is_address_ && !filter_.campaign) {
      const std::string end = text_ + "\xF4\x8F\xBF\xBF";
      TRY(connection_.query(kAddressInCampaigns, {organisation_, text_, end, kExplicitMax + 1},
                            take));
      TRY(connection_.query(kAddressInSingles, {organisation_, text_, end, kExplicitMax + 1},
                            take));
      if (std::ssize(ids) > kExplicitMax) return false;
      is_text_done_ = true;
    } else if (filter_.group && !filter_.campaign) {
      std::int64_t members = 0;
      TRY(connection_.query(kGroupMembers, {organisation_, *filter_.group},
                            [&](const db::Row& row) { members = row.integer(0); }));
      if (members > kGroupMembersMax) return false;
      TRY(connection_.query(
          kGroupMessages.in(connection_.dialect()),
          {organisation_, *filter_.group, bounds_.after, bounds_.before, kExplicitMax + 1}, take));
      if (std::ssize(ids) > kExplicitMax) return false;
      is_group_done_ = true;
    } else {
      return false;
    }
    std::erase_if(ids,
                  [&](std::int64_t id) { return id <= bounds_.after || id >= bounds_.before; });
    made_.at_most = std::ssize(ids);
    if (ids.empty()) return true;
    // The sign: by the list, not by the bounds.
    add_source("message m", "+m.id", fmt::format(" AND m.id IN ({})", list_of(ids)), {bounds_});
    return true;
  }

  bool passes(const CampaignFacts& facts) const {
    if (filter_.has_attachments && *filter_.has_attachments != facts.has_attachments) return false;
    return facts.sender_key.contains(wire::fold_case(filter_.sender));
  }

  void ask(std::string condition) {
    if (!made_.where.empty()) made_.where += " AND ";
    made_.where += condition;
  }
  std::string param(std::string text) {
    made_.texts.push_back(std::move(text));
    made_.params.emplace_back(made_.texts.back());
    return fmt::format("${}", made_.params.size());
  }

  Result<void> ask_the_rest() {
    if (!filter_.kinds.empty() && !has_kinds_) {
      ask(fmt::format("m.kind IN ({})", list_of(filter_.kinds)));
    }
    if (filter_.channel && !has_channel_) ask(fmt::format("m.channel = {}", int(*filter_.channel)));
    if (!filter_.statuses.empty() && !has_statuses_) {
      ask(fmt::format("m.status IN ({})", list_of(filter_.statuses)));
    }
    if (filter_.group && !is_group_done_) {
      ask(
          fmt::format("EXISTS (SELECT 1 FROM contact_group_member g WHERE g.organisation_id ="
                      " m.organisation_id AND g.group_id = {} AND g.contact_id = m.contact_id)",
                      filter_.group->value));
    }
    if (!filter_.campaign && !filter_.is_deleted) {
      std::vector<std::int64_t> deleted;
      TRY(connection_.query(kDeletedCampaigns, {organisation_},
                            [&](const db::Row& row) { deleted.push_back(row.integer(0)); }));
      if (!deleted.empty()) {
        ask(fmt::format("(m.campaign_id IS NULL OR m.campaign_id NOT IN ({}))", list_of(deleted)));
      }
    }
    ask_content();
    if (!text_.empty() && !is_text_done_) ask_text();
    return {};
  }

  // Sender and attachments: of a campaign's messages they are known by content.
  void ask_content() {
    if (filter_.sender.empty() && !filter_.has_attachments) return;
    std::vector<std::int64_t> contents;
    for (const CampaignFacts& facts : made_.campaigns) {
      if (!passes(facts)) continue;
      contents.push_back(facts.content_version_id.value);
      for (const VariantFacts& variant : facts.variants) {
        contents.push_back(variant.content_version_id.value);
      }
    }
    if (contents.empty()) contents.push_back(-1);
    std::string single;
    if (filter_.has_attachments) {
      single += fmt::format(" AND s.has_attachments = {}", *filter_.has_attachments ? 1 : 0);
    }
    if (!filter_.sender.empty()) {
      single += " AND " + contains(connection_.dialect(), "s.sender_key",
                                   param(wire::fold_case(filter_.sender)));
    }
    ask(
        fmt::format("((m.campaign_id IS NOT NULL AND m.content_version_id IN ({})) OR"
                    " (m.campaign_id IS NULL AND {}))",
                    list_of(contents), send_out_has(single)));
  }

  // Optimisation: of EXISTS PostgreSQL would read the whole of send_out, for every part of a walk.
  static std::string send_out_has(std::string_view conditions) {
    return fmt::format(
        "(SELECT 1 FROM send_out s WHERE s.organisation_id = m.organisation_id AND s.id = m.id{})"
        " = 1",
        conditions);
  }

  void ask_text() {
    const std::string part = param(text_);
    if (is_address_) {
      const std::string end = param(text_ + "\xF4\x8F\xBF\xBF");
      ask(fmt::format("(m.normalised >= {} AND m.normalised < {})", part, end));
      return;
    }
    std::vector<std::int64_t> contents;
    const auto look = [&](ContentVersionId content, const std::string& subject_key) {
      const Has has = subject_has(subject_key, text_);
      if (has == Has::never) return;
      contents.push_back(content.value);
      if (has == Has::perhaps) made_.templated.insert(content.value);
    };
    for (const CampaignFacts& facts : made_.campaigns) {
      look(facts.content_version_id, facts.subject_key);
      for (const VariantFacts& variant : facts.variants) {
        look(variant.content_version_id, variant.subject_key);
      }
    }
    std::string condition = contains(connection_.dialect(), "m.normalised", part);
    if (!contents.empty()) {
      condition += fmt::format(" OR (m.campaign_id IS NOT NULL AND m.content_version_id IN ({}))",
                               list_of(contents));
    }
    condition +=
        fmt::format(" OR (m.campaign_id IS NULL AND {})",
                    send_out_has(" AND " + contains(connection_.dialect(), "s.subject_key", part)));
    ask("(" + condition + ")");
  }

  // By the counters of the campaigns in the period, and the singles themselves.
  Result<void> estimate() {
    std::int64_t total = 0;
    TRY(connection_.query(kTotal, {organisation_, bounds_.after, bounds_.before},
                          [&](const db::Row& row) { total = row.integer(0); }));
    TRY(add_singles(total));
    made_.at_most = total;
    return {};
  }

  // Only so far that it is known whether there are more than count_to_.
  Result<void> add_singles(std::int64_t& total) {
    const std::int64_t most = count_to_ + 1 - total;
    if (most <= 0) return {};
    return connection_.query(kSingles, {organisation_, bounds_.after, bounds_.before, most},
                             [&](const db::Row& row) { total += row.integer(0); });
  }

  Connection& connection_;
  const OrganisationId organisation_;
  const LogFilter& filter_;
  const std::int64_t count_to_;
  CompiledFilter made_;
  IdRange bounds_;
  std::string base_;
  std::string text_;
  bool is_address_ = false;
  bool is_text_done_ = false;
  bool is_group_done_ = false;
  bool has_statuses_ = false;
  bool has_kinds_ = false;
  bool has_channel_ = false;
  bool is_plain_walk_ = false;
};

}  // namespace

Result<CompiledFilter> compile_filter(Connection& connection, OrganisationId organisation,
                                      const LogFilter& filter, std::int64_t count_to) {
  return Compiler(connection, organisation, filter, count_to).compile();
}

std::vector<IdRange> merged(std::vector<IdRange> ranges) {
  std::erase_if(ranges, [](const IdRange& range) { return range.empty(); });
  std::ranges::sort(ranges, {}, &IdRange::after);
  std::vector<IdRange> result;
  for (const IdRange& range : ranges) {
    if (!result.empty() && range.after < result.back().before) {
      result.back().before = std::max(result.back().before, range.before);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

}  // namespace tidings::report
