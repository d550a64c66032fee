#include "edge/api/suppression_handlers.h"

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "audience/suppressions.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using audience::SuppressedKinds;
using audience::Suppression;

std::string_view covers(TopicId topic) {
  if (topic == kEveryTopic) return "every_topic";
  return topic == kOtherTopics ? "everything_else" : "topic";
}

json::object to_json(const Suppression& each) {
  return {{"id", to_text(each.id)},
          {"channel", each.channel == Channel::email ? "email" : "sms"},
          {"address", each.normalised},
          {"reason", each.reason},
          {"topic_id", each.topic_id.valid() ? json::value(to_text(each.topic_id)) : json::value()},
          {"covers", covers(each.topic_id)},
          {"kinds", each.kinds == SuppressedKinds::everything ? "everything" : "campaign"},
          {"origin", each.origin},
          {"note", each.note},
          {"created_at", instant_text(each.created_at)},
          {"expires_at", instant_or_null(each.expires_at)},
          {"released_at", instant_or_null(each.released_at)},
          {"release_note", each.release_note}};
}

std::string_view text_at(const json::object& body, std::string_view name) {
  const json::value* given = body.if_contains(name);
  return given != nullptr ? std::string_view(given->as_string()) : std::string_view();
}

Channel channel_of(std::string_view word) { return word == "sms" ? Channel::sms : Channel::email; }

// What a person asks for, apart from the address.
audience::NewSuppression asked(const json::object& body, std::string_view reason) {
  audience::NewSuppression asked;
  asked.channel = channel_of(text_at(body, "channel"));
  asked.reason = reason;
  asked.kinds = text_at(body, "kinds") == "everything" ? SuppressedKinds::everything
                                                       : SuppressedKinds::campaign;
  asked.note = text_at(body, "note");
  return asked;
}

// What is ready to leave to it is held back at once.
void hold_back(const Call& call, const std::string& normalised) {
  if (call.services.dispatcher != nullptr)
    call.services.dispatcher->suppressed(call.organisation(), normalised);
}

Result<Answer> list_suppressions(const Call& call) {
  const Page page = call.page();
  audience::SuppressionPage wanted{.with_released = call.flag("released"),
                                   .after = {},
                                   .limit = page.limit + 1,
                                   .words = call.query("search"),
                                   .reason = call.query("reason"),
                                   .channel = {}};
  if (!call.query("channel").empty()) wanted.channel = channel_of(call.query("channel"));
  if (!page.cursor.empty()) {
    const auto id = parse_id(page.cursor);
    if (!id)
      return fail(ErrorKind::invalid, "list.bad_cursor",
                  "This cursor is not one of ours; begin again with the first page.");
    wanted.after = SuppressionId{*id};
  }
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    auto found = TRY(audience::list_suppressions(connection, call.organisation(), wanted));
    std::string next;
    if (std::ssize(found) > page.limit) {
      found.pop_back();
      next = to_text(found.back().id);
    }
    json::array items;
    for (const Suppression& each : found) items.push_back(to_json(each));
    return Answer::ok(list_answer(std::move(items), next));
  });
}

Result<Answer> get_suppression(const Call& call) {
  const auto id = TRY(call.id<SuppressionId>("suppression_id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return Answer::ok(
        to_json(TRY(audience::find_suppression(connection, call.organisation(), id))));
  });
}

Result<Answer> create_suppression(const Call& call) {
  const json::object& body = call.body.as_object();
  audience::NewSuppression wanted = asked(body, "manual");
  const auto normalised =
      audience::normalise_for_suppression(wanted.channel, text_at(body, "address"));
  if (!normalised)
    return Answer::problem(422, normalised.error(),
                           {{"/address", normalised.error().code, normalised.error().message}});
  wanted.normalised = *normalised;
  wanted.origin = "staff";
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    TRY(audience::suppress(connection, call.services.ids, call.organisation(), wanted, call.now()));
    const auto found = TRY(audience::list_suppressions(connection, call.organisation(),
                                                       {.with_released = false,
                                                        .after = {},
                                                        .limit = 1'000,
                                                        .words = *normalised,
                                                        .reason = wanted.reason,
                                                        .channel = wanted.channel}));
    for (const Suppression& each : found) {
      if (each.normalised != *normalised || each.kinds != wanted.kinds) continue;
      TRY(identity::audit(connection, call.who,
                          {.action = "suppression.create",
                           .object = "suppression",
                           .object_id = each.id.value,
                           .note = wanted.note},
                          call.now()));
      return Answer::created(to_json(each));
    }
    return fail(ErrorKind::internal, "suppression.lost", "The suppression was not stored.");
  });
  if (answer) hold_back(call, *normalised);
  return answer;
}

Result<Answer> import_suppressions(const Call& call) {
  const json::object& body = call.body.as_object();
  audience::NewSuppression wanted = asked(body, "imported");
  wanted.origin = "import";
  std::vector<std::string> good;
  json::array bad;
  const json::array& addresses = body.at("addresses").as_array();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string_view typed = addresses[i].as_string();
    if (auto normalised = audience::normalise_for_suppression(wanted.channel, typed)) {
      good.push_back(*std::move(normalised));
    } else {
      bad.push_back(json::object{{"index", static_cast<std::int64_t>(i)},
                                 {"address", typed},
                                 {"message", normalised.error().message}});
    }
  }
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    std::int64_t added = 0;
    for (const std::string& normalised : good) {
      audience::NewSuppression one = wanted;
      one.normalised = normalised;
      added += TRY(audience::suppress(connection, call.services.ids, call.organisation(), one,
                                      call.now()))
                   ? 1
                   : 0;
    }
    TRY(identity::audit(connection, call.who,
                        {.action = "suppression.import",
                         .object = "suppression",
                         .note = fmt::format("{} added", added)},
                        call.now()));
    return Answer::ok(
        json::object{{"added", added}, {"known", std::ssize(good) - added}, {"bad", bad}});
  });
  if (answer)
    for (const std::string& normalised : good) hold_back(call, normalised);
  return answer;
}

Result<Answer> release_suppression(const Call& call) {
  const auto id = TRY(call.id<SuppressionId>("suppression_id"));
  const std::string_view note = text_at(call.body.as_object(), "note");
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto released =
        TRY(audience::release_suppression(connection, call.organisation(), id, note, call.now()));
    TRY(identity::audit(connection, call.who,
                        {.action = "suppression.release",
                         .object = "suppression",
                         .object_id = id.value,
                         .note = note},
                        call.now()));
    return Answer::ok(to_json(released));
  });
}

}  // namespace

void add_suppression_handlers(Registry& registry) {
  registry.answer("listSuppressions", list_suppressions);
  registry.answer("getSuppression", get_suppression);
  registry.answer("createSuppression", create_suppression);
  registry.answer("importSuppressions", import_suppressions);
  registry.answer("releaseSuppression", release_suppression);
}

}  // namespace tidings::api
