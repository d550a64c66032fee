#include "edge/api/record_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <variant>

#include <fmt/format.h>

#include "audience/contacts.h"
#include "delivery/email_content.h"
#include "edge/api/json_values.h"
#include "edge/api/record_input.h"
#include "edge/api/record_json.h"
#include "report/communications.h"
#include "report/message_export.h"
#include "report/recipients.h"
#include "report/send_outs.h"

namespace tidings::api {

namespace json = boost::json;
using identity::Permission;

json::object message_json(const report::LogEntry& entry) {
  json::array contacts;
  for (const ContactId contact : entry.contact_ids) contacts.emplace_back(to_text(contact));
  json::object object;
  object["id"] = to_text(entry.id);
  object["message_id"] = delivery::message_id_header(entry.id, entry.message_id_domain);
  object["campaign_id"] =
      entry.campaign_id.valid() ? json::value(to_text(entry.campaign_id)) : json::value();
  object["contact_ids"] = std::move(contacts);
  object["address"] = entry.address.empty() ? json::value() : json::value(entry.address);
  object["kind"] = to_string(entry.kind);
  object["channel"] = to_string(entry.channel);
  object["subject"] = entry.subject;
  object["sender"] = entry.sender;
  object["has_attachments"] = entry.has_attachments;
  object["status"] = to_string(entry.status);
  object["reason"] = entry.reason;
  object["attempts"] = entry.attempts;
  object["queued_at"] = instant_text(entry.queued_at);
  object["changed_at"] = instant_text(entry.changed_at);
  return object;
}

json::object communication_json(const report::LogEntry& entry) {
  json::object object = message_json(entry);
  object["direction"] = "out";
  object["answers"] = nullptr;
  object["text"] = "";
  return object;
}

json::object communication_json(const report::ReceivedAnswer& answer) {
  const auto id_or_null = [](auto id) {
    return id.valid() ? json::value(to_text(id)) : json::value();
  };
  json::array contacts;
  if (answer.contact_id.valid()) contacts.emplace_back(to_text(answer.contact_id));
  return {{"id", to_text(answer.id)},
          {"message_id", ""},
          {"campaign_id", id_or_null(answer.campaign_id)},
          {"contact_ids", std::move(contacts)},
          {"address", nullptr},
          {"kind", "reply"},
          {"channel", to_string(Channel::email)},
          {"subject", answer.subject},
          {"sender", answer.sender},
          {"has_attachments", false},
          {"status", "received"},
          {"reason", ""},
          {"attempts", 0},
          {"queued_at", instant_text(answer.received_at)},
          {"changed_at", instant_text(answer.received_at)},
          {"direction", "in"},
          {"answers", id_or_null(answer.message_id)},
          {"text", answer.text}};
}

namespace {

constexpr std::int64_t kEarlierMost = 10'000;

std::string sort_text(const report::MessagePage& page) {
  return (page.is_descending ? "-" : "") + std::string(report::to_string(page.sort));
}

Result<void> check_deleted(const Call& call, bool is_deleted) {
  if (!is_deleted || identity::allows(call.who, Permission::record_delete)) return {};
  return fail(ErrorKind::denied, "api.permission",
              "What was deleted from the history is shown only to those who may delete from it.");
}

json::value number_or_null(const std::optional<std::int64_t>& number) {
  return number ? json::value(*number) : json::value();
}
// Percent, with one decimal.
json::value rate_or_null(const report::SendOut& one) {
  if (!one.opened || one.sent <= 0) return {};
  return static_cast<double>(std::min(*one.opened, one.sent) * 1000 / one.sent) / 10.0;
}

Result<Answer> list_send_outs(const Call& call) {
  RecordInput input;
  const report::SendOutQuery query = read_send_out_query(call, input);
  if (!input.errors.empty()) return input.refusal();
  TRY(check_deleted(call, query.filter.is_deleted));
  report::SendOuts send_outs(call.services.database, call.organisation());
  const report::SendOutPage page = TRY(send_outs.list(query));
  json::array items;
  for (const report::SendOut& one : page.items) {
    items.push_back(json::object{{"id", to_text(one.id)},
                                 {"what", one.is_campaign ? "campaign" : "message"},
                                 {"type", to_string(one.type)},
                                 {"title", title_of(one.type)},
                                 {"channel", to_string(one.channel)},
                                 {"name", one.name},
                                 {"subject", one.subject},
                                 {"sender", one.sender},
                                 {"address", text_or_null(one.address)},
                                 {"status", one.status},
                                 {"sent", one.sent},
                                 {"total", one.total},
                                 {"at", instant_text(one.at)},
                                 {"has_attachments", one.has_attachments},
                                 {"opened", number_or_null(one.opened)},
                                 {"open_rate", rate_or_null(one)},
                                 {"unsubscribed", number_or_null(one.unsubscribed)},
                                 {"blocked_or_spam", number_or_null(one.blocked_or_spam)},
                                 {"answered", number_or_null(one.answered)}});
  }
  json::value earlier;
  if (items.empty() && query.cursor.empty() && page.next_cursor.empty() && query.filter.from) {
    report::SendOutFilter before = query.filter;
    before.until = before.from;
    before.from.reset();
    earlier = TRY(send_outs.count(before, kEarlierMost));
  }
  return Answer::ok(json::object{{"items", std::move(items)},
                                 {"next_cursor", text_or_null(page.next_cursor)},
                                 {"from", instant_or_null(query.filter.from)},
                                 {"earlier", std::move(earlier)}});
}

Result<Answer> answer_messages(const Call& call, const RecordInput& input,
                               const report::MessageQuery& query) {
  TRY(check_deleted(call, query.filter.is_deleted));
  report::Communications communications(call.services.database, call.organisation());
  const auto found = TRY(communications.list({query, input.has_messages, input.has_answers}));
  const report::MessagePage& page = found.page;
  json::array items;
  for (const report::Communication& one : found.items) {
    items.push_back(std::visit([](const auto& each) { return communication_json(each); }, one));
  }
  json::value earlier;
  if (items.empty() && query.cursor.empty() && page.next_cursor.empty() && query.filter.from &&
      input.has_messages) {
    report::LogFilter before = query.filter;
    before.until = before.from;
    before.from.reset();
    const std::int64_t count = TRY(communications.count(before, kEarlierMost));
    if (count >= 0) earlier = count;
  }
  return Answer::ok(json::object{{"items", std::move(items)},
                                 {"next_cursor", text_or_null(page.next_cursor)},
                                 {"from", instant_or_null(query.filter.from)},
                                 {"earlier", std::move(earlier)},
                                 {"sort", sort_text(page)},
                                 {"searched_to", instant_or_null(page.searched_to)}});
}

Result<Answer> list_messages(const Call& call) {
  RecordInput input{.takes_answers = true};
  const report::MessageQuery query = read_message_query(call, input, true);
  if (!input.errors.empty()) return input.refusal();
  return answer_messages(call, input, query);
}

Result<Answer> list_history(const Call& call) {
  RecordInput input{.takes_answers = true};
  report::MessageQuery query = read_message_query(call, input, false);
  if (!input.errors.empty()) return input.refusal();
  const auto id = TRY(call.id<ContactId>("id"));
  const auto contact = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return audience::find_contact(connection, call.organisation(), id);
  }));
  if (!contact) {
    return fail(ErrorKind::not_found, "contact.not_found",
                "There is no contact " + to_text(id) + ".");
  }
  query.filter.contact = id;
  return answer_messages(call, input, query);
}

Result<Answer> list_recipients(const Call& call) {
  RecordInput input;
  report::MessageQuery query = read_message_query(call, input, false);
  if (!input.errors.empty()) return input.refusal();
  query.filter.campaign = TRY(call.id<CampaignId>("id"));
  const auto found =
      TRY(report::list_recipients(call.services.database, call.organisation(), query));
  json::array items;
  for (const report::Recipient& one : found.items) {
    const report::LogEntry& entry = one.entry;
    json::array about;
    for (std::size_t i = 1; i < entry.contact_ids.size(); ++i) {
      about.emplace_back(to_text(entry.contact_ids[i]));
    }
    items.push_back(json::object{
        {"message_id", to_text(entry.id)},
        {"contact_id",
         entry.contact_ids.empty() ? json::value() : json::value(to_text(entry.contact_ids[0]))},
        {"name", one.name},
        {"address", text_or_null(entry.address)},
        {"status", to_string(entry.status)},
        {"reason", entry.reason},
        {"changed_at", instant_text(entry.changed_at)},
        {"contact_changed_at", instant_or_null(one.contact_changed_at)},
        {"about_contact_ids", std::move(about)}});
  }
  return Answer::ok(json::object{{"items", std::move(items)},
                                 {"next_cursor", text_or_null(found.page.next_cursor)},
                                 {"sort", sort_text(found.page)},
                                 {"searched_to", instant_or_null(found.page.searched_to)}});
}

Result<Answer> export_recipients(const Call& call) {
  RecordInput input;
  report::MessageQuery query = read_message_query(call, input, false);
  if (!input.errors.empty()) return input.refusal();
  query.filter.campaign = TRY(call.id<CampaignId>("id"));
  auto all = std::make_shared<report::RecipientExport>(call.services.database, call.organisation(),
                                                       query.filter);
  return Answer::file("text/csv; charset=utf-8",
                      fmt::format("recipients-{}.csv", to_text(*query.filter.campaign)),
                      [all](std::string& piece) { return all->next(piece); });
}

Result<Answer> export_messages(const Call& call) {
  RecordInput input{.takes_answers = true};
  const report::MessageQuery query = read_message_query(call, input, false);
  if (!input.errors.empty()) return input.refusal();
  TRY(check_deleted(call, query.filter.is_deleted));
  auto all = std::make_shared<report::MessageExport>(
      call.services.database, call.organisation(),
      report::CommunicationQuery{query, input.has_messages, input.has_answers});
  return Answer::file("text/csv; charset=utf-8", "messages.csv",
                      [all](std::string& piece) { return all->next(piece); });
}

}  // namespace

void add_record_handlers(Registry& registry) {
  registry.answer("listSendOuts", list_send_outs);
  registry.answer("listMessages", list_messages);
  registry.answer("listHistory", list_history);
  registry.answer("listRecipients", list_recipients);
  registry.answer("exportRecipients", export_recipients);
  registry.answer("exportMessages", export_messages);
  add_statistics_handlers(registry);
  add_record_message_handlers(registry);
  add_record_deletion_handlers(registry);
}

}  // namespace tidings::api
