#include "report/recipients.h"

#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wire/csv.h"

namespace tidings::report {

namespace {

struct ContactFacts {
  std::string name;
  Instant changed_at{};
};

Result<std::unordered_map<ContactId, ContactFacts>> contacts_of(
    db::Connection& connection, OrganisationId organisation, const std::vector<LogEntry>& entries) {
  std::unordered_map<ContactId, ContactFacts> known;
  std::vector<std::int64_t> ids;
  for (const LogEntry& entry : entries) {
    if (!entry.contact_ids.empty()) ids.push_back(entry.contact_ids.front().value);
  }
  if (ids.empty()) return known;
  const std::string sql = fmt::format(
      "SELECT id, name, first_name, last_name, changed_at FROM contact"
      " WHERE organisation_id = $1 AND deleted_at IS NULL AND id IN ({})",
      fmt::join(ids, ", "));
  TRY(connection.query({"", sql}, {organisation}, [&](const db::Row& row) {
    ContactFacts facts{row.string(1), row.instant(4)};
    if (facts.name.empty()) {
      facts.name = row.string(2);
      if (!facts.name.empty() && !row.text(3).empty()) facts.name += ' ';
      facts.name += row.text(3);
    }
    known.emplace(row.id<ContactId>(0), std::move(facts));
  }));
  return known;
}

Result<RecipientPage> read_page(db::Database& database, OrganisationId organisation,
                                MessagePages& pages, const MessageQuery& query) {
  RecipientPage made;
  made.page = TRY(pages.list(query));
  std::vector<LogEntry> entries = std::move(made.page.items);
  made.page.items.clear();
  const auto known = TRY(database.read_value(
      [&](db::Connection& connection) { return contacts_of(connection, organisation, entries); }));
  for (LogEntry& entry : entries) {
    Recipient one{std::move(entry), {}, {}};
    const auto at =
        one.entry.contact_ids.empty() ? known.end() : known.find(one.entry.contact_ids.front());
    if (at != known.end()) {
      one.name = at->second.name;
      one.contact_changed_at = at->second.changed_at;
    }
    made.items.push_back(std::move(one));
  }
  return made;
}

void append_row(std::string& out, const Recipient& one) {
  const LogEntry& entry = one.entry;
  const std::string changed_at = to_rfc3339(entry.changed_at);
  const std::string file_at =
      one.contact_changed_at ? to_rfc3339(*one.contact_changed_at) : std::string();
  const std::string contact =
      entry.contact_ids.empty() ? std::string() : tidings::to_text(entry.contact_ids.front());
  wire::append_csv_record(
      out, {one.name, entry.address, tidings::to_string(entry.status), entry.reason, changed_at,
            file_at, contact, tidings::to_text(entry.id)});
}

}  // namespace

Result<RecipientPage> list_recipients(db::Database& database, OrganisationId organisation,
                                      const MessageQuery& query) {
  MessagePages pages(database, organisation);
  return read_page(database, organisation, pages, query);
}

RecipientExport::RecipientExport(db::Database& database, OrganisationId organisation,
                                 LogFilter filter)
    : database_(database),
      organisation_(organisation),
      pages_(database, organisation),
      query_{.filter = std::move(filter), .is_descending = false, .limit = 1'000, .cursor = {}} {}

Result<bool> RecipientExport::next(std::string& out) {
  if (!std::exchange(has_begun_, true))
    wire::append_csv_record(out, {"name", "address", "status", "reason", "status_changed_at",
                                  "contact_changed_at", "contact_id", "message_id"});
  const RecipientPage page = TRY(read_page(database_, organisation_, pages_, query_));
  for (const Recipient& one : page.items) append_row(out, one);
  query_.cursor = page.page.next_cursor;
  return !query_.cursor.empty();
}

}  // namespace tidings::report
