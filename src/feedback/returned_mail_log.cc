#include "feedback/returned_mail_log.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "db/nullable.h"
#include "feedback/reading/mail_text.h"
#include "identity/organisation_settings.h"

namespace tidings::feedback {

namespace {

constexpr std::array<std::string_view, 5> kOutcomes = {"applied", "nothing", "unverified",
                                                       "unknown_message", "failed"};
constexpr int kForgetBatch = 200;

constexpr std::string_view kColumns =
    "SELECT r.id, r.source, r.envelope_from, r.envelope_to, r.size, r.received_at, r.read_at,"
    " r.kind, r.outcome, r.reason, r.message_id, r.campaign_id, r.contact_id, r.sender, r.subject,"
    " r.body_text, r.recipients, r.forwarded_at,"
    " (SELECT COUNT(*) FROM returned_mail_octets o WHERE o.organisation_id = r.organisation_id"
    " AND o.id = r.id) FROM returned_mail r WHERE r.organisation_id = $1";
constexpr db::Statement kOctets{
    "returned.octets",
    "SELECT octets FROM returned_mail_octets WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kCount{
    "returned.count",
    "SELECT kind, outcome, COUNT(*) FROM returned_mail WHERE organisation_id = $1"
    " GROUP BY kind, outcome ORDER BY kind, outcome"};
constexpr db::Statement kOrganisations{"returned.organisations_to_tidy",
                                       "SELECT id FROM organisation"};
constexpr db::Statement kOver{
    "returned.over",
    "SELECT r.id FROM returned_mail r WHERE r.organisation_id = $1 AND r.received_at < $2"
    " AND r.state = 1 AND (r.kind <> 'reply' OR EXISTS (SELECT 1 FROM returned_mail_octets o"
    " WHERE o.organisation_id = r.organisation_id AND o.id = r.id)) ORDER BY r.id LIMIT $3"};
constexpr db::Statement kForgetOctets{
    "returned.forget_octets",
    "DELETE FROM returned_mail_octets WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kForget{
    "returned.forget",
    "DELETE FROM returned_mail WHERE organisation_id = $1 AND id = $2 AND kind <> 'reply'"};

ReturnedEntry read(const db::Row& row) {
  ReturnedEntry entry;
  entry.id = row.id<ReturnedMailId>(0);
  entry.source = row.string(1);
  entry.envelope_from = row.string(2);
  entry.envelope_to = row.string(3);
  entry.size = row.integer(4);
  entry.received_at = row.instant(5);
  entry.read_at = db::maybe_instant(row, 6);
  entry.kind = row.string(7);
  entry.outcome = row.string(8);
  entry.reason = row.string(9);
  entry.message_id = row.id<MessageId>(10);
  entry.campaign_id = row.id<CampaignId>(11);
  entry.contact_id = row.id<ContactId>(12);
  entry.sender = row.string(13);
  entry.subject = row.string(14);
  entry.text = row.string(15);
  entry.recipients = row.string(16);
  entry.forwarded_at = db::maybe_instant(row, 17);
  entry.has_octets = row.boolean(18);
  return entry;
}

// Conditions and their values, the organisation first.
struct Where {
  std::string sql;
  std::vector<db::Param> values;

  void add(std::string_view condition, db::Param value) {
    values.push_back(value);
    sql += fmt::format(" AND {} ${}", condition, values.size());
  }
};

Where where(OrganisationId organisation, const ReturnedFilter& filter, std::string_view table) {
  Where made{{}, {organisation}};
  const auto column = [&](std::string_view name) { return fmt::format("{}{} =", table, name); };
  if (!filter.kind.empty()) made.add(column("kind"), filter.kind);
  if (!filter.outcome.empty()) made.add(column("outcome"), filter.outcome);
  if (filter.message_id.valid()) made.add(column("message_id"), filter.message_id);
  if (filter.contact_id.valid()) made.add(column("contact_id"), filter.contact_id);
  if (filter.campaign_id.valid()) made.add(column("campaign_id"), filter.campaign_id);
  if (filter.only.valid()) made.add(column("id"), filter.only);
  return made;
}

// One batch of one organisation; how many there were.
Result<int> forget_some(db::Database& database, OrganisationId organisation, Instant now) {
  return database.write_value(db::Priority::web, [&](db::Connection& connection) -> Result<int> {
    const auto settings = TRY(identity::organisation_settings(connection, organisation));
    if (!settings.returned_mail_retention_days) return 0;
    const Instant until = now - std::chrono::days(*settings.returned_mail_retention_days);
    std::vector<ReturnedMailId> over;
    TRY(connection.query(kOver, {organisation, until, kForgetBatch},
                         [&](const db::Row& row) { over.push_back(row.id<ReturnedMailId>(0)); }));
    for (const ReturnedMailId id : over) {
      TRY(connection.execute(kForgetOctets, {organisation, id}));
      TRY(connection.execute(kForget, {organisation, id}));
    }
    return static_cast<int>(over.size());
  });
}

}  // namespace

std::string_view to_string(ReturnedOutcome outcome) {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}

std::optional<ReturnedOutcome> parse_returned_outcome(std::string_view word) {
  return enumerator<ReturnedOutcome>(kOutcomes, word);
}

Result<std::vector<ReturnedEntry>> list_returned(db::Connection& connection,
                                                 OrganisationId organisation,
                                                 const ReturnedFilter& filter) {
  Where conditions = where(organisation, filter, "r.");
  if (filter.before.valid()) conditions.add("r.id <", filter.before);
  conditions.values.emplace_back(filter.limit);
  const std::string sql = fmt::format("{}{} ORDER BY r.id DESC LIMIT ${}", kColumns, conditions.sql,
                                      conditions.values.size());
  std::vector<ReturnedEntry> entries;
  TRY(connection.query({"", sql}, conditions.values, [&](const db::Row& row) {
    entries.push_back(read(row));
    entries.back().text = cut_text(entries.back().text, kReplyShownMax);
  }));
  return entries;
}

Result<ReturnedEntry> find_returned(db::Connection& connection, OrganisationId organisation,
                                    ReturnedMailId id) {
  const std::string sql = fmt::format("{} AND r.id = $2", kColumns);
  auto found = TRY(connection.query_first({"", sql}, {organisation, id}, read));
  if (!found) {
    return fail(ErrorKind::not_found, "returned_mail.not_found",
                "There is no such mail. It may have been removed after its time.");
  }
  return *std::move(found);
}

Result<std::string> returned_octets(db::Connection& connection, OrganisationId organisation,
                                    ReturnedMailId id) {
  TRY(find_returned(connection, organisation, id));
  auto octets = TRY(connection.query_first(
      kOctets, {organisation, id}, [](const db::Row& row) { return std::string(row.bytes(0)); }));
  if (!octets) {
    return fail(ErrorKind::conflict, "returned_mail.forgotten",
                "Of this mail only what it said is still here: its time is over.");
  }
  return *std::move(octets);
}

Result<std::vector<ReturnedCount>> count_returned(db::Connection& connection,
                                                  OrganisationId organisation) {
  std::vector<ReturnedCount> counts;
  TRY(connection.query(kCount, {organisation}, [&](const db::Row& row) {
    counts.push_back({row.string(0), row.string(1), row.integer(2)});
  }));
  return counts;
}

Result<std::int64_t> read_again(db::Connection& connection, OrganisationId organisation,
                                const ReturnedFilter& filter, Instant now) {
  Where conditions = where(organisation, filter, "");
  conditions.values.emplace_back(now);
  const std::string sql = fmt::format(
      "UPDATE returned_mail SET state = 2, attempts = 0, due_at = ${} WHERE organisation_id = $1{}"
      " AND EXISTS (SELECT 1 FROM returned_mail_octets o WHERE o.organisation_id = "
      "returned_mail.organisation_id AND o.id = returned_mail.id)",
      conditions.values.size(), conditions.sql);
  return connection.execute({"", sql}, conditions.values);
}

Result<std::int64_t> forget_returned(db::Database& database, Instant now) {
  std::vector<OrganisationId> all;
  TRY(database.read([&](db::Connection& connection) {
    all.clear();
    return connection.query(kOrganisations, {},
                            [&](const db::Row& row) { all.push_back(row.id<OrganisationId>(0)); });
  }));
  std::int64_t forgotten = 0;
  for (const OrganisationId organisation : all) {
    for (int count = kForgetBatch; count == kForgetBatch; forgotten += count) {
      count = TRY(forget_some(database, organisation, now));
    }
  }
  return forgotten;
}

}  // namespace tidings::feedback
