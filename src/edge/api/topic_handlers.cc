#include "edge/api/topic_handlers.h"

#include <boost/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "audience/consent/topics.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using consent::Topic;
using consent::TopicChange;

json::object to_json(const Topic& topic) {
  json::array channels;
  if (topic.on_email) channels.emplace_back("email");
  if (topic.on_sms) channels.emplace_back("sms");
  return {{"id", to_text(topic.id)},
          {"name", topic.name},
          {"description", topic.description},
          {"channels", std::move(channels)},
          {"is_essential", topic.is_essential},
          {"position", topic.position},
          {"created_at", instant_text(topic.created_at)},
          {"changed_at", instant_text(topic.changed_at)},
          {"archived_at", instant_or_null(topic.archived_at)}};
}

Answer shown(int status, const Topic& topic) {
  Answer answer = Answer::ok(to_json(topic));
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(topic.changed_at));
}

TopicChange change_of(const json::object& body) {
  TopicChange change;
  if (body.contains("name")) change.name = text_of(body, "name");
  if (body.contains("description")) change.description = text_of(body, "description");
  if (const json::value* channels = body.if_contains("channels")) {
    change.on_email = change.on_sms = false;
    for (const json::value& each : channels->get_array()) {
      (each.get_string() == "sms" ? change.on_sms : change.on_email) = true;
    }
  }
  if (const json::value* given = body.if_contains("is_essential")) {
    change.is_essential = given->get_bool();
  }
  if (const json::value* given = body.if_contains("position")) {
    change.position = given->to_number<int>();
  }
  if (const json::value* given = body.if_contains("archived")) {
    change.is_archived = given->get_bool();
  }
  return change;
}

// What is told in the audit log: that it reaches people whatever they chose, or does so no more.
Result<void> audit_essential(db::Connection& connection, const Call& call, const Topic& topic,
                             bool was_essential) {
  if (topic.is_essential == was_essential) return {};
  TRY(identity::require(call.who, identity::Permission::topics_essential));
  return identity::audit(connection, call.who,
                         {.action = topic.is_essential ? "topic.essential" : "topic.not_essential",
                          .object = "topic",
                          .object_id = topic.id.value,
                          .note = topic.name,
                          .before = was_essential ? "essential" : "",
                          .after = topic.is_essential ? "essential" : ""},
                         call.now());
}

Result<Answer> list(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto archived =
        call.flag("archived") ? consent::Archived::included : consent::Archived::left_out;
    json::array items;
    for (const Topic& topic :
         TRY(consent::list_topics(connection, call.organisation(), archived))) {
      items.push_back(to_json(topic));
    }
    return Answer::ok(list_answer(std::move(items), ""));
  });
}

Result<Answer> create(const Call& call) {
  const TopicChange content = change_of(call.body.as_object());
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Topic topic = TRY(consent::create_topic(connection, call.services.ids,
                                                  call.organisation(), content, call.now()));
    TRY(audit_essential(connection, call, topic, false));
    return shown(201, topic).with("Location", "/api/v1/topics/" + to_text(topic.id));
  });
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<TopicId>("topic_id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return shown(200, TRY(consent::find_topic(connection, call.organisation(), id)));
  });
}

Result<Answer> change(const Call& call) {
  const auto id = TRY(call.id<TopicId>("topic_id"));
  const TopicChange wanted = change_of(call.body.as_object());
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Topic before = TRY(consent::find_topic(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    const Topic topic =
        TRY(consent::change_topic(connection, call.organisation(), id, wanted, call.now()));
    TRY(audit_essential(connection, call, topic, before.is_essential));
    return shown(200, topic);
  });
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<TopicId>("topic_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Topic before = TRY(consent::find_topic(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(consent::delete_topic(connection, call.organisation(), id));
    return Answer::no_content();
  });
}

}  // namespace

void add_topic_handlers(Registry& registry) {
  registry.answer("listTopics", list);
  registry.answer("createTopic", create);
  registry.answer("getTopic", get);
  registry.answer("changeTopic", change);
  registry.answer("deleteTopic", remove);
}

}  // namespace tidings::api
