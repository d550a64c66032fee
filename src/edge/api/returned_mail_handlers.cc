#include "edge/api/returned_mail_handlers.h"

#include <boost/json.hpp>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "edge/api/json_values.h"
#include "feedback/returned_mail_log.h"
#include "identity/audit.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using feedback::ReturnedEntry;
using feedback::ReturnedFilter;

json::object to_json(const ReturnedEntry& entry) {
  json::value recipients = parse_json(entry.recipients);
  if (!recipients.is_array()) recipients = json::array();
  return {{"id", to_text(entry.id)},
          {"source", entry.source},
          {"envelope_from", entry.envelope_from},
          {"envelope_to", entry.envelope_to},
          {"size", entry.size},
          {"received_at", instant_text(entry.received_at)},
          {"read_at", instant_or_null(entry.read_at)},
          {"kind", text_or_null(entry.kind)},
          {"outcome", text_or_null(entry.outcome)},
          {"reason", entry.reason},
          {"message_id", id_or_null(entry.message_id.value)},
          {"campaign_id", id_or_null(entry.campaign_id.value)},
          {"contact_id", id_or_null(entry.contact_id.value)},
          {"sender", entry.sender},
          {"subject", entry.subject},
          {"text", entry.text},
          {"recipients", std::move(recipients)},
          {"forwarded_at", instant_or_null(entry.forwarded_at)},
          {"is_whole", entry.has_octets}};
}

// An id that is none is nobody's: a filter by it finds nothing.
template <typename IdType>
IdType id_in_query(const Call& call, std::string_view name) {
  const std::string_view text = call.query(name);
  if (text.empty()) return {};
  return IdType{parse_id(text).value_or(INT64_MAX)};
}

Result<Answer> list(const Call& call) {
  const Page page = call.page();
  ReturnedFilter filter{.kind = call.query("kind"),
                        .outcome = call.query("outcome"),
                        .message_id = id_in_query<MessageId>(call, "message_id"),
                        .contact_id = id_in_query<ContactId>(call, "contact_id"),
                        .campaign_id = id_in_query<CampaignId>(call, "campaign_id"),
                        .before = {},
                        .limit = page.limit + 1};
  if (!page.cursor.empty()) {
    const auto id = parse_id(page.cursor);
    if (!id) {
      return fail(ErrorKind::invalid, "list.bad_cursor",
                  "This cursor is not one of ours; begin again with the first page.");
    }
    filter.before = ReturnedMailId{*id};
  }
  auto found = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return feedback::list_returned(connection, call.organisation(), filter);
  }));
  std::string next;
  if (std::ssize(found) > page.limit) {
    found.pop_back();
    next = to_text(found.back().id);
  }
  json::array items;
  for (const ReturnedEntry& each : found) items.push_back(to_json(each));
  return Answer::ok(list_answer(std::move(items), next));
}

Result<Answer> count(const Call& call) {
  const auto counts = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return feedback::count_returned(connection, call.organisation());
  }));
  json::array items;
  for (const auto& each : counts) {
    items.push_back(json::object{{"kind", text_or_null(each.kind)},
                                 {"outcome", text_or_null(each.outcome)},
                                 {"count", each.count}});
  }
  return Answer::ok(json::object{{"items", std::move(items)}});
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<ReturnedMailId>("returned_mail_id"));
  return Answer::ok(to_json(TRY(call.services.database.read_value([&](db::Connection& connection) {
    return feedback::find_returned(connection, call.organisation(), id);
  }))));
}

// A stranger's octets: only ever a download.
Result<Answer> get_file(const Call& call) {
  const auto id = TRY(call.id<ReturnedMailId>("returned_mail_id"));
  Answer answer;
  answer.content_type = "message/rfc822";
  answer.raw = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return feedback::returned_octets(connection, call.organisation(), id);
  }));
  return std::move(answer)
      .with("Content-Disposition", fmt::format("attachment; filename=\"{}.eml\"", to_text(id)))
      .with("Content-Security-Policy", "default-src 'none'; sandbox")
      .with("Cache-Control", "private, no-store");
}

Result<Answer> reread(const Call& call) {
  const json::object& body = call.body.get_object();
  const std::string kind = text_of(body, "kind");
  const std::string outcome = text_of(body, "outcome");
  const ReturnedFilter filter{.kind = kind,
                              .outcome = outcome,
                              .only = ReturnedMailId{TRY(id_of(body, "returned_mail_id"))}};
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const std::int64_t count =
        TRY(feedback::read_again(connection, call.organisation(), filter, call.now()));
    TRY(identity::audit(connection, call.who,
                        {.action = "returned_mail.reread",
                         .object = "returned_mail",
                         .object_id = filter.only.value,
                         .note = fmt::format("{} of them", count)},
                        call.now()));
    return Answer::ok(json::object{{"count", count}});
  });
}

}  // namespace

void add_returned_mail_handlers(Registry& registry) {
  registry.answer("listReturnedMail", list);
  registry.answer("countReturnedMail", count);
  registry.answer("rereadReturnedMail", reread);
  registry.answer("getReturnedMail", get);
  registry.answer("getReturnedMailFile", get_file);
}

}  // namespace tidings::api
