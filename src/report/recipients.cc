#include "report/recipients.h"

#include <unordered_map>

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

}  // namespace

Result<RecipientPage> list_recipients(db::Database& database, OrganisationId organisation,
                                      const MessageQuery& query) {
  RecipientPage made;
  made.page = TRY(MessagePages(database, organisation).list(query));
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

Result<std::string> export_recipients(db::Database& database, OrganisationId organisation,
                                      const LogFilter& filter) {
  std::string csv;
  wire::append_csv_record(csv, {"name", "address", "status", "reason", "status_changed_at",
                                "contact_changed_at", "contact_id", "message_id"});
  MessageQuery query{.filter = filter, .is_descending = false, .limit = 200};
  std::int64_t rows = 0;
  do {
    const RecipientPage page = TRY(list_recipients(database, organisation, query));
    for (const Recipient& one : page.items) {
      if (++rows > kExportedRecipientsMax) {
        return fail(ErrorKind::limit, "record.too_many",
                    "These are more than 200,000 recipients. Filter them, or use the command line: "
                    "tidings log --campaign ID --json.");
      }
      const LogEntry& entry = one.entry;
      const std::string changed_at = to_rfc3339(entry.changed_at);
      const std::string file_at =
          one.contact_changed_at ? to_rfc3339(*one.contact_changed_at) : std::string();
      const std::string contact =
          entry.contact_ids.empty() ? std::string() : tidings::to_text(entry.contact_ids.front());
      wire::append_csv_record(
          csv, {one.name, entry.address, tidings::to_string(entry.status), entry.reason, changed_at,
                file_at, contact, tidings::to_text(entry.id)});
    }
    query.cursor = page.page.next_cursor;
  } while (!query.cursor.empty());
  return csv;
}

}  // namespace tidings::report
