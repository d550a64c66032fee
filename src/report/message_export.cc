#include "report/message_export.h"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "wire/csv.h"

namespace tidings::report {

namespace {

constexpr int kPageRows = 1'000;

std::string id_or_nothing(auto id) { return id.valid() ? tidings::to_text(id) : std::string(); }

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
            about, id_or_nothing(entry.campaign_id), tidings::to_text(entry.id), "out", ""});
}

void append_row(std::string& out, const ReceivedAnswer& answer) {
  const std::string received_at = to_rfc3339(answer.received_at);
  wire::append_csv_record(
      out, {received_at, "reply", tidings::to_string(Channel::email), "", answer.subject,
            answer.sender, "received", "", "0", "", received_at, id_or_nothing(answer.contact_id),
            "", id_or_nothing(answer.campaign_id), tidings::to_text(answer.id), "in",
            id_or_nothing(answer.message_id)});
}

}  // namespace

MessageExport::MessageExport(db::Database& database, OrganisationId organisation,
                             const CommunicationQuery& query)
    : pages_(database, organisation), query_(query) {
  query_.messages.limit = kPageRows;
  query_.messages.cursor.clear();
}

Result<bool> MessageExport::next(std::string& out) {
  if (!std::exchange(has_begun_, true)) {
    wire::append_csv_record(
        out, {"queued_at", "kind", "channel", "address", "subject", "sender", "status", "reason",
              "attempts", "has_attachments", "status_changed_at", "contact_id", "about_contact_ids",
              "campaign_id", "message_id", "direction", "answers_message_id"});
  }
  const CommunicationPage found = TRY(pages_.list(query_));
  for (const Communication& one : found.items) {
    std::visit([&](const auto& each) { append_row(out, each); }, one);
  }
  count_ += std::ssize(found.items);
  query_.messages.cursor = found.page.next_cursor;
  return !query_.messages.cursor.empty();
}

}  // namespace tidings::report
