#include "report/message_export.h"

#include <utility>

#include <fmt/format.h>

#include "wire/csv.h"

namespace tidings::report {

namespace {

constexpr int kPageRows = 1'000;

void append_row(std::string& out, const LogEntry& entry) {
  const std::string queued_at = to_rfc3339(entry.queued_at);
  const std::string changed_at = to_rfc3339(entry.changed_at);
  const std::string attempts = fmt::format("{}", entry.attempts);
  std::string contact;
  std::string about;
  for (const ContactId id : entry.contact_ids) {
    if (contact.empty()) {
      contact = tidings::to_text(id);
      continue;
    }
    if (!about.empty()) about += ' ';
    about += tidings::to_text(id);
  }
  wire::append_csv_record(
      out, {queued_at, tidings::to_string(entry.kind), tidings::to_string(entry.channel),
            entry.address, entry.subject, entry.sender, tidings::to_string(entry.status),
            entry.reason, attempts, entry.has_attachments ? "yes" : "no", changed_at, contact,
            about, entry.campaign_id.valid() ? tidings::to_text(entry.campaign_id) : std::string(),
            tidings::to_text(entry.id)});
}

}  // namespace

MessageExport::MessageExport(db::Database& database, OrganisationId organisation,
                             const MessageQuery& query)
    : pages_(database, organisation), query_(query) {
  query_.limit = kPageRows;
  query_.cursor.clear();
}

Result<bool> MessageExport::next(std::string& out) {
  if (!std::exchange(has_begun_, true)) {
    wire::append_csv_record(
        out, {"queued_at", "kind", "channel", "address", "subject", "sender", "status", "reason",
              "attempts", "has_attachments", "status_changed_at", "contact_id", "about_contact_ids",
              "campaign_id", "message_id"});
  }
  const MessagePage page = TRY(pages_.list(query_));
  for (const LogEntry& entry : page.items) append_row(out, entry);
  count_ += std::ssize(page.items);
  query_.cursor = page.next_cursor;
  return !query_.cursor.empty();
}

}  // namespace tidings::report
