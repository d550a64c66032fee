// One message of the record. Whatever a message holds is foreign: its HTML is answered under a
// policy that lets it do nothing, its attachments only as downloads, everything else as JSON text.
#include <boost/json.hpp>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "compose/campaigns.h"
#include "delivery/attempt_data.h"
#include "delivery/content_store.h"
#include "delivery/content_variants.h"
#include "delivery/hit_data.h"
#include "delivery/link_store.h"
#include "delivery/message_deletion.h"
#include "edge/api/framed_html.h"
#include "edge/api/json_values.h"
#include "edge/api/record_handlers.h"
#include "edge/api/record_json.h"
#include "report/message_pages.h"
#include "report/readable_email.h"
#include "report/timeline.h"
#include "report/tracked_html.h"
#include "wire/text_encoding.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

// `sandbox` without allow-scripts holds even where the HTML is opened without a frame.
// What is shown must be UTF-8: of anything else the octets beyond ASCII are left out.
std::string shown(std::string text) {
  if (wire::is_utf8(text) && !text.contains('\0')) return text;
  std::erase_if(text, [](char c) { return c == '\0' || static_cast<unsigned char>(c) >= 0x80; });
  return text;
}

Result<report::LogEntry> find_message(const Call& call) {
  const auto id = TRY(call.id<MessageId>("id"));
  report::LogEntry entry =
      TRY(report::MessagePages(call.services.database, call.organisation()).find(id));
  if (entry.deleted_at && !identity::allows(call.who, identity::Permission::record_delete)) {
    return fail(ErrorKind::not_found, "message.not_found",
                "There is no message " + to_text(id) + ".");
  }
  return entry;
}

json::object event_json(const report::TimelineEvent& event) {
  json::object object{{"id", to_text(event.id)},
                      {"type", to_string(event.type)},
                      {"occurred_at", instant_text(event.occurred_at)},
                      {"recorded_at", instant_text(event.recorded_at)},
                      {"source", event.source},
                      {"reason", ""},
                      {"attempt", nullptr},
                      {"hit", nullptr}};
  if (event.type == EventType::image_loaded || event.type == EventType::link_followed) {
    const delivery::HitFacts hit = delivery::read_hit_data(event.data);
    const bool is_machine = hit.reason != HitReason::none;
    object["hit"] =
        json::object{{"link", hit.link == 0 ? json::value() : json::value(hit.link)},
                     {"url", hit.url},
                     {"address", hit.address},
                     {"user_agent", hit.user_agent},
                     {"by", is_machine ? "machine" : "person"},
                     {"why", is_machine ? json::value(to_string(hit.reason)) : json::value()}};
    return object;
  }
  const auto facts = delivery::read_attempt_data(event.data);
  if (!facts) return object;
  object["reason"] = facts->reason;
  if (facts->attempt == 0) return object;
  object["attempt"] = json::object{
      {"attempt", facts->attempt},
      {"started_at", instant_text(facts->started_at)},
      {"next_attempt_at",
       facts->due_at > Instant{} ? json::value(instant_text(facts->due_at)) : json::value()},
      {"scope", facts->scope},
      {"reply_code", facts->reply_code == 0 ? json::value() : json::value(facts->reply_code)},
      {"enhanced_status_code", facts->enhanced_status_code},
      {"reply_text", facts->reply_text},
      {"remote", facts->remote}};
  return object;
}

Result<Answer> get_message(const Call& call) {
  const report::LogEntry entry = TRY(find_message(call));
  json::object object = message_json(entry);
  const bool is_deferred = entry.state == MessageState::deferred;
  object["due_at"] = is_deferred ? json::value(instant_text(entry.due_at)) : json::value();
  object["is_ambiguous"] = entry.is_ambiguous;
  object["deleted_at"] = instant_or_null(entry.deleted_at);
  json::array events;
  std::string body;
  std::string locale;
  std::optional<delivery::Tombstone> tombstone;
  TRY(call.services.database.read([&](db::Connection& connection) -> Result<void> {
    events.clear();
    for (const auto& event : TRY(report::timeline(connection, call.organisation(), entry.id))) {
      events.push_back(event_json(event));
    }
    body = TRY(report::body_record(connection, call.organisation(), entry.id));
    locale =
        TRY(delivery::locale_of_content(connection, call.organisation(), entry.content_version_id));
    tombstone = TRY(delivery::find_tombstone(connection, call.organisation(),
                                             delivery::Purged::message, entry.id.value));
    if (!tombstone && entry.campaign_id.valid() && entry.deleted_at) {
      tombstone = TRY(delivery::find_tombstone(
          connection, call.organisation(), delivery::Purged::campaign, entry.campaign_id.value));
    }
    return {};
  }));
  object["locale"] = locale;
  object["purged"] = nullptr;
  if (tombstone) {
    object["purged"] = json::object{{"purged_at", instant_text(tombstone->began_at)},
                                    {"purged_by", tombstone->purged_by},
                                    {"reason", tombstone->reason}};
  }
  object["content_sha256"] =
      body.empty() ? json::value() : json::value(to_hex(delivery::BodyRecords::hash(body)));
  object["events"] = std::move(events);
  return Answer::ok(std::move(object));
}

struct SentMessage {
  report::LogEntry entry;
  std::string octets;  // as they left; their hash is the stored one
  std::string sha256;
};

Result<SentMessage> read_sent(const Call& call, report::LogEntry entry) {
  SentMessage sent{std::move(entry), {}, {}};
  std::string body;
  std::shared_ptr<const delivery::FrozenContent> content;
  TRY(call.services.database.read([&](db::Connection& connection) -> Result<void> {
    body = TRY(report::body_record(connection, call.organisation(), sent.entry.id));
    if (body.empty()) return {};
    content =
        TRY(delivery::load_content(connection, call.organisation(), sent.entry.content_version_id));
    return {};
  }));
  if (body.empty()) {
    return fail(ErrorKind::not_found, "message.not_sent",
                fmt::format("Nothing was handed over of message {}: it is {}.",
                            to_text(sent.entry.id), to_string(sent.entry.status)));
  }
  delivery::BodyRecords bodies;
  sent.octets = TRY(bodies.octets(body, *content));
  sent.sha256 = to_hex(delivery::BodyRecords::hash(body));
  return sent;
}

Result<SentMessage> read_sent(const Call& call) { return read_sent(call, TRY(find_message(call))); }

}  // namespace

Result<json::object> content_json(const Call& call, const report::LogEntry& entry) {
  const SentMessage sent = TRY(read_sent(call, entry));
  const report::ReadableEmail email = report::read_email(sent.octets);
  json::array headers;
  for (const auto& [name, value] : email.headers) {
    headers.push_back(json::object{{"name", shown(name)}, {"value", shown(value)}});
  }
  json::array attachments;
  int position = 0;
  for (const auto& attachment : email.attachments) {
    attachments.push_back(json::object{{"position", ++position},
                                       {"file_name", shown(attachment.file_name)},
                                       {"media_type", shown(attachment.media_type)},
                                       {"octets", std::ssize(attachment.content)}});
  }
  const auto maybe = [](const std::string& text) {
    return text.empty() ? json::value() : json::value(shown(text));
  };
  return json::object{{"sha256", sent.sha256},         {"octets", std::ssize(sent.octets)},
                      {"headers", std::move(headers)}, {"html", maybe(email.html)},
                      {"text", maybe(email.plain)},    {"attachments", std::move(attachments)}};
}

namespace {

Result<Answer> get_content(const Call& call) {
  const report::LogEntry entry = TRY(find_message(call));
  return Answer::ok(TRY(content_json(call, entry)));
}

Answer download(std::string octets, std::string content_type, const std::string& disposition) {
  Answer answer;
  answer.raw = std::move(octets);
  answer.content_type = std::move(content_type);
  return std::move(answer)
      .with("Content-Disposition", disposition)
      .with("Content-Security-Policy", "default-src 'none'; sandbox")
      .with("Cache-Control", "private, no-store");
}

Result<Answer> download_message(const Call& call) {
  SentMessage sent = TRY(read_sent(call));
  return download(std::move(sent.octets), "message/rfc822",
                  fmt::format("attachment; filename=\"{}.eml\"", to_text(sent.entry.id)));
}

// By the number of each link in the message's own language.
Result<std::map<int, std::int64_t>> followed_links(const Call& call,
                                                   const report::LogEntry& entry) {
  std::map<int, std::int64_t> followed;
  if (!entry.campaign_id.valid()) return followed;
  const auto figures = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<delivery::TrackingFigures> {
        const auto campaign =
            TRY(compose::load_campaign(connection, call.organisation(), entry.campaign_id));
        return delivery::tracking_figures(connection, call.organisation(),
                                          campaign.content_version_id);
      }));
  for (const delivery::LinkFigures& link : figures.links) {
    if (link.content_version_id != entry.content_version_id) continue;
    followed[link.number] =
        figures.is_total ? link.hits.all - link.hits.machines : link.hits.people;
  }
  return followed;
}

Result<Answer> show_html(const Call& call) {
  const SentMessage sent = TRY(read_sent(call));
  report::ReadableEmail email = report::read_email(sent.octets);
  email.html = report::without_tracked_image(email.html);
  if (call.flag("clicks") && !email.html.empty()) {
    email.html = report::with_click_marks(email.html, TRY(followed_links(call, sent.entry)));
  }
  return framed_html(std::move(email.html), email.plain,
                     call.flag("remote_images") ? FrameImages::remote : FrameImages::none);
}

// RFC 6266 with RFC 8187: only unreserved characters stand as themselves.
std::string disposition_of(const std::string& file_name) {
  std::string name;
  for (const char c : file_name.empty() ? std::string("attachment") : file_name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    name += is_plain ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return "attachment; filename*=UTF-8''" + name.substr(0, 1000);
}

Result<Answer> download_attachment(const Call& call) {
  const SentMessage sent = TRY(read_sent(call));
  report::ReadableEmail email = report::read_email(sent.octets);
  const std::string_view text = call.request.param("position");
  std::size_t position = 0;
  for (const char c : text.substr(0, 6))
    position = position * 10 + static_cast<std::size_t>(c - '0');
  if (position < 1 || position > email.attachments.size()) {
    return fail(ErrorKind::not_found, "message.no_attachment",
                fmt::format("The message has no attachment {}.", position));
  }
  auto& attachment = email.attachments[position - 1];
  return download(std::move(attachment.content), "application/octet-stream",
                  disposition_of(attachment.file_name));
}

}  // namespace

void add_record_message_handlers(Registry& registry) {
  registry.answer("getMessage", get_message);
  registry.answer("getMessageContent", get_content);
  registry.answer("downloadMessage", download_message);
  registry.answer("showMessageHtml", show_html);
  registry.answer("downloadMessageAttachment", download_attachment);
}

}  // namespace tidings::api
