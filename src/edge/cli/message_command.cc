// tidings message show: one message exactly as it was sent, and what became of it.
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json_text.h"
#include "delivery/attempt_data.h"
#include "delivery/content_store.h"
#include "delivery/email_content.h"
#include "delivery/hit_data.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "report/message_log.h"
#include "report/readable_email.h"
#include "report/timeline.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;
using delivery::AttemptFacts;
using report::LogEntry;
using report::TimelineEvent;

struct MessageFlags {
  WorkplaceOptions place;
  std::string id;
  bool is_json = false;
  bool is_raw = false;
};

// All that is kept of one message.
struct Record {
  LogEntry entry;
  std::vector<TimelineEvent> events;
  std::string hash;    // SHA-256 in hexadecimal; empty when nothing was sent
  std::string octets;  // as sent; empty when nothing was sent
};

// The id as shown, in decimal, or the message's Message-ID header.
std::optional<MessageId> read_id(const std::string& text) {
  if (const auto named = delivery::parse_message_id_header(text)) return named;
  const auto number = parse_id(text);
  if (!number || *number <= 0) return std::nullopt;
  return MessageId{*number};
}

Result<Record> read_record(Workplace& at, MessageId id) {
  Record record;
  const OrganisationId organisation = at.organisation().id;
  report::MessageLog log(at.database(), organisation);
  record.entry = TRY(log.find(id));
  std::string body;
  std::shared_ptr<const delivery::FrozenContent> content;
  TRY(at.database().read([&](db::Connection& connection) -> Result<void> {
    record.events = TRY(report::timeline(connection, organisation, id));
    body = TRY(report::body_record(connection, organisation, id));
    if (body.empty()) return {};
    content =
        TRY(delivery::load_content(connection, organisation, record.entry.content_version_id));
    return {};
  }));
  if (body.empty()) return record;
  delivery::BodyRecords bodies;
  record.octets = TRY(bodies.octets(body, *content));
  record.hash = to_hex(delivery::BodyRecords::hash(body));
  return record;
}

std::string nothing_sent(const LogEntry& entry) {
  switch (entry.state) {
    case MessageState::waiting:
    case MessageState::held:
      return "it waits to be sent.";
    case MessageState::leased:
      return "it is being handed over now; look again in a moment.";
    case MessageState::skipped:
    case MessageState::dropped:
      return fmt::format("it was {}: {}.", to_string(entry.status), entry.reason);
    case MessageState::cancelled:
      return "it was cancelled before.";
    default:
      return fmt::format("it {} before it was handed over: {}.", to_string(entry.status),
                         entry.reason);
  }
}

int print_raw(const Record& record) {
  if (record.octets.empty()) {
    return report({ErrorKind::not_found, "message.not_sent",
                   fmt::format("Nothing was sent of message {}: {}", to_text(record.entry.id),
                               nothing_sent(record.entry))});
  }
  const std::string& octets = record.octets;
  const bool is_written = std::fwrite(octets.data(), 1, octets.size(), stdout) == octets.size() &&
                          std::fflush(stdout) == 0;
  if (is_written || errno == EPIPE) return kDone;
  return report(fail_errno("message.write", "Cannot write the message", errno).error());
}

json::object to_json(const TimelineEvent& event) {
  json::object object{{"id", to_text(event.id)},
                      {"type", to_string(event.type)},
                      {"occurred_at", to_rfc3339(event.occurred_at)},
                      {"recorded_at", to_rfc3339(event.recorded_at)},
                      {"source", event.source}};
  json::value data = parse_json(event.data);
  if (!data.is_object()) return object;
  for (const char* instant : {"started_at", "due_at"}) {
    json::value* found = data.get_object().if_contains(instant);
    if (found != nullptr && found->is_int64()) *found = to_rfc3339(from_micros(found->get_int64()));
  }
  object["data"] = std::move(data);
  return object;
}

int print_json(const Record& record) {
  const LogEntry& entry = record.entry;
  json::array contacts;
  for (const ContactId contact : entry.contact_ids) contacts.emplace_back(to_text(contact));
  json::array events;
  for (const TimelineEvent& event : record.events) events.emplace_back(to_json(event));
  json::object object{
      {"id", to_text(entry.id)},
      {"message_id", delivery::message_id_header(entry.id, entry.message_id_domain)},
      {"campaign_id",
       entry.campaign_id.valid() ? json::value(to_text(entry.campaign_id)) : json::value()},
      {"contact_ids", std::move(contacts)},
      {"address", entry.address.empty() ? json::value() : json::value(entry.address)},
      {"kind", to_string(entry.kind)},
      {"channel", to_string(entry.channel)},
      {"sender", entry.sender},
      {"subject", entry.subject},
      {"status", to_string(entry.status)},
      {"reason", entry.reason},
      {"attempts", entry.attempts},
      {"ambiguous", entry.is_ambiguous},
      {"queued_at", to_rfc3339(entry.queued_at)},
      {"changed_at", to_rfc3339(entry.changed_at)},
      {"sha256", record.hash.empty() ? json::value() : json::value(record.hash)},
      {"size", record.octets.size()},
      {"events", std::move(events)}};
  if (!record.octets.empty()) {
    const auto email = report::read_email(record.octets);
    json::array headers;
    for (const auto& [name, value] : email.headers) headers.push_back({name, value});
    object["headers"] = std::move(headers);
    object["text"] = email.text;
  }
  fmt::print("{}\n", json::serialize(object));
  return kDone;
}

void print_hit(const TimelineEvent& event) {
  const delivery::HitFacts hit = delivery::read_hit_data(event.data);
  fmt::print("  {}  {}{}{}\n", local_time(event.occurred_at, true), to_string(event.type),
             hit.link > 0 ? fmt::format(" {}: {}", hit.link, harmless(hit.url)) : "",
             hit.reason != HitReason::none
                 ? fmt::format(", by a machine ({})", to_string(hit.reason))
                 : "");
  if (hit.address.empty() && hit.user_agent.empty()) return;
  fmt::print("      {}{}{}\n", harmless(hit.address),
             hit.address.empty() || hit.user_agent.empty() ? "" : ", ", harmless(hit.user_agent));
}

void print_event(const TimelineEvent& event) {
  if (event.type == EventType::image_loaded || event.type == EventType::link_followed) {
    return print_hit(event);
  }
  const auto facts = delivery::read_attempt_data(event.data);
  const AttemptFacts known = facts ? *facts : AttemptFacts();
  std::string text =
      fmt::format("  {}  {}", local_time(event.occurred_at, true), to_string(event.type));
  if (known.attempt > 0) text += fmt::format(", attempt {}", known.attempt);
  if (!known.reason.empty()) text += ": " + harmless(known.reason);
  if (known.attempt == 0) text += fmt::format(" ({})", harmless(event.source));
  fmt::print("{}\n", text);
  // A server's words begin with its codes.
  std::string reply = harmless(known.reply_text);
  if (reply.empty() && known.reply_code != 0) {
    reply = fmt::format("{} {}", known.reply_code, harmless(known.enhanced_status_code));
  }
  if (!reply.empty()) {
    fmt::print("      {}{}\n", known.remote.empty() ? "" : harmless(known.remote) + ": ", reply);
  }
  if (known.due_at > Instant{}) {
    fmt::print("      next attempt {}\n", local_time(known.due_at, true));
  }
}

void print_message(const Record& record) {
  const auto email = report::read_email(record.octets);
  fmt::print("\n");
  for (const auto& [name, value] : email.headers) {
    fmt::print("{}: {}\n", harmless(name), harmless(value));
  }
  fmt::print("\n{}", harmless(email.text, true));
  if (!email.text.ends_with('\n')) fmt::print("\n");
  for (const auto& attachment : email.attachments) {
    fmt::print("[attached: {}, {}, {} octets as sent]\n", harmless(attachment.file_name),
               harmless(attachment.media_type),
               grouped(static_cast<std::int64_t>(attachment.octets)));
  }
}

int print_readable(const Record& record) {
  const LogEntry& entry = record.entry;
  fmt::print("Message {} ({})\n", to_text(entry.id),
             delivery::message_id_header(entry.id, entry.message_id_domain));
  fmt::print("  to       {}\n", entry.address.empty() ? "(no address)" : harmless(entry.address));
  fmt::print("  from     {}\n  subject  {}\n", harmless(entry.sender), harmless(entry.subject));
  fmt::print("  status   {}{}\n", to_string(entry.status),
             entry.reason.empty() ? "" : ", " + harmless(entry.reason));
  if (entry.campaign_id.valid()) fmt::print("  campaign {}\n", to_text(entry.campaign_id));
  if (!record.hash.empty()) {
    fmt::print("  sha256   {} ({} octets)\n", record.hash,
               grouped(static_cast<std::int64_t>(record.octets.size())));
  }
  fmt::print("\nWhat happened:\n  {}  queued\n", local_time(entry.queued_at, true));
  for (const TimelineEvent& event : record.events) print_event(event);
  if (record.octets.empty()) {
    fmt::print("\nNothing was sent: {}\n", nothing_sent(entry));
  } else {
    print_message(record);
  }
  return kDone;
}

int show(const MessageFlags& flags) {
  const auto id = read_id(flags.id);
  if (!id) {
    return report({ErrorKind::invalid, "message.id",
                   fmt::format("“{}” is neither the id of a message (13 letters and digits) nor a "
                               "Message-ID of one sent from here. Find it with: tidings log",
                               flags.id)});
  }
  const auto place = Workplace::open(flags.place);
  if (!place) return report(place.error());
  const auto record = read_record(**place, *id);
  if (!record) return report(record.error());
  if (flags.is_raw) return print_raw(*record);
  return flags.is_json ? print_json(*record) : print_readable(*record);
}

}  // namespace

void add_message_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<MessageFlags>();
  auto* command = app.add_subcommand("message", "One message and what became of it");
  command->require_subcommand(1);
  auto* showing = command->add_subcommand("show", "A message as it was sent, and its timeline");
  showing->add_option("id", flags->id, "As tidings log shows it, or a Message-ID header")
      .required();
  add_place(*showing, flags->place);
  const Option raw =
      showing->add_flag("--raw", flags->is_raw, "The exact octets as sent, nothing else");
  showing->add_flag("--json", flags->is_json, "One JSON object").excludes(raw);
  showing->footer(
      "Examples:\n"
      "  tidings message show 01jc7v2m9k3xa\n"
      "  tidings message show 01jc7v2m9k3xa --raw > message.eml");
  showing->callback([&line, flags] { line.run = [flags] { return show(*flags); }; });
}

}  // namespace tidings::cli
