#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audience/consent/preferences.h"
#include "base/bytes.h"
#include "edge/api/json_values.h"
#include "edge/api/topic_handlers.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using consent::Choice;
using consent::Person;
using consent::Preference;
using consent::Preferences;

json::value maybe(const std::optional<bool>& is_on) {
  return is_on ? json::value(*is_on) : json::value(nullptr);
}

json::object to_json(const Preference& line) {
  const bool is_topic = line.topic.id.valid();
  return {{"topic_id", is_topic ? json::value(to_text(line.topic.id)) : json::value(nullptr)},
          {"name", is_topic ? json::value(line.topic.name) : json::value(nullptr)},
          {"description", line.topic.description},
          {"is_essential", line.topic.is_essential},
          {"email", maybe(line.email)},
          {"sms", maybe(line.sms)}};
}

// Of what there is to see: the same whoever made it so.
std::string etag_of_preferences(const json::object& shown) {
  return "\"" + to_base64url(sha256(json::serialize(shown))).substr(0, 22) + "\"";
}

struct Shown {
  json::object body;
  std::string etag;
};
Result<Shown> show(db::Connection& connection, const Person& person, Instant now) {
  const Preferences preferences = TRY(consent::preferences_of(connection, person, now));
  json::array topics;
  for (const Preference& line : preferences.lines) topics.push_back(to_json(line));
  Shown shown;
  shown.body = {{"email_off", preferences.email_off},
                {"sms_off", preferences.sms_off},
                {"topics", std::move(topics)},
                {"undo", nullptr}};
  shown.etag = etag_of_preferences(shown.body);
  return shown;
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const Person person = TRY(consent::person_of(connection, call.organisation(), id));
    Shown shown = TRY(show(connection, person, call.now()));
    return Answer::ok(std::move(shown.body)).with("ETag", std::move(shown.etag));
  });
}

using Work = std::function<Result<consent::Changed>(db::Connection&, const Person&)>;

// `work` within the transaction; then what is ready to leave to the person is looked at again.
Result<Answer> change_with(const Call& call, const Work& work) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  std::vector<std::string> held_back;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Person person = TRY(consent::person_of(connection, call.organisation(), id));
    const Shown before = TRY(show(connection, person, call.now()));
    TRY(call.expect_version(before.etag));
    const consent::Changed changed = TRY(work(connection, person));
    held_back = changed.held_back;
    Shown shown = TRY(show(connection, person, call.now()));
    if (changed.activity_id.valid()) shown.body["undo"] = to_text(changed.activity_id);
    return Answer::ok(std::move(shown.body)).with("ETag", std::move(shown.etag));
  });
  if (answer && call.services.dispatcher != nullptr) {
    for (std::string& address : held_back) {
      call.services.dispatcher->suppressed(call.organisation(), std::move(address));
    }
  }
  return answer;
}

std::optional<Channel> channel_of(const json::object& body) {
  const json::value* given = body.if_contains("channel");
  if (given == nullptr) return std::nullopt;
  return parse_channel(std::string_view(given->get_string()));
}

TopicId topic_of(const json::value& given) {
  if (given.is_null()) return kOtherTopics;
  // What is no id is nobody's: unknown.
  return TopicId{parse_id(std::string_view(given.get_string())).value_or(0)};
}

Answer refuse(std::string field, const Error& error) {
  return Answer::problem(422, error, {{std::move(field), error.code, error.message}});
}

Result<Answer> change(const Call& call) {
  const json::object& body = call.body.as_object();
  const json::value* one_by_one = body.if_contains("topics");
  const json::value* everything = body.if_contains("everything");
  if ((one_by_one == nullptr) == (everything == nullptr)) {
    return refuse(
        "", {ErrorKind::invalid, "preference.nothing", "Give either `topics`, or `everything`."});
  }
  const std::string text = text_of(body, "text");
  const std::string ip = text_of(body, "ip");
  const consent::Proof proof{.origin = "contact",
                             .by = call.who.name,
                             .text = text,
                             .note = {},
                             .ip = ip,
                             .message_id = {}};
  return change_with(
      call, [&](db::Connection& connection, const Person& person) -> Result<consent::Changed> {
        std::vector<Choice> choices;
        if (everything != nullptr) {
          const auto preferences = TRY(consent::preferences_of(connection, person, call.now()));
          choices = consent::all_choices(preferences, channel_of(body), everything->get_bool());
        } else {
          for (const json::value& each : one_by_one->get_array()) {
            const json::object& choice = each.get_object();
            choices.push_back({topic_of(choice.at("topic_id")), *channel_of(choice),
                               choice.at("subscribed").get_bool()});
          }
        }
        return consent::choose(connection, call.services.ids, person, choices, proof, call.now());
      });
}

Result<Answer> undo(const Call& call) {
  const json::object& body = call.body.as_object();
  const ActivityId activity{parse_id(text_of(body, "undo")).value_or(0)};
  const std::string ip = text_of(body, "ip");
  const consent::Proof proof{.origin = "contact",
                             .by = call.who.name,
                             .text = {},
                             .note = "undone",
                             .ip = ip,
                             .message_id = {}};
  return change_with(call, [&](db::Connection& connection, const Person& person) {
    return consent::undo(connection, call.services.ids, person, activity, proof, call.now());
  });
}

// What a person tells staff, one way or the other.
Result<Answer> by_staff(const Call& call, bool is_on) {
  const json::object& body = call.body.as_object();
  const std::string note = text_of(body, "note");
  const consent::Proof proof{
      .origin = "staff", .by = call.who.name, .text = {}, .note = note, .ip = {}, .message_id = {}};
  return change_with(
      call, [&](db::Connection& connection, const Person& person) -> Result<consent::Changed> {
        const auto preferences = TRY(consent::preferences_of(connection, person, call.now()));
        auto choices = consent::all_choices(preferences, channel_of(body), is_on);
        if (const json::value* topic = body.if_contains("topic_id")) {
          const TopicId id = topic_of(*topic);
          const Preference* line = preferences.find(id);
          if (line == nullptr) {
            return fail(ErrorKind::invalid, "preference.unknown",
                        "There is no such topic to choose about.");
          }
          if (line->topic.is_essential) choices = {{id, Channel::email, is_on}};
          std::erase_if(choices, [&](const Choice& each) { return each.topic_id != id; });
        }
        return consent::choose(connection, call.services.ids, person, choices, proof, call.now());
      });
}

}  // namespace

void add_preference_handlers(Registry& registry) {
  registry.answer("getPreferences", get);
  registry.answer("changePreferences", change);
  registry.answer("undoPreferences", undo);
  registry.answer("unsubscribeContact", [](const Call& call) { return by_staff(call, false); });
  registry.answer("resubscribeContact", [](const Call& call) { return by_staff(call, true); });
}

}  // namespace tidings::api
