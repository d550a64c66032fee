#include "edge/api/trigger_handlers.h"

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "compose/triggers/ready_texts.h"
#include "compose/triggers/triggers.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using triggers::Trigger;
using triggers::TriggerChange;

json::array ready_json(std::string_view event) {
  json::array texts;
  const auto ready = triggers::ready_text(event);
  if (!ready) return texts;
  const auto add = [&](std::string_view locale, std::string_view subject, std::string_view html) {
    texts.push_back(json::object{{"locale", locale}, {"subject", subject}, {"html", html}});
  };
  add(ready->draft.locale, ready->draft.subject, ready->draft.html);
  for (const auto& variant : ready->variants) add(variant.locale, variant.subject, variant.html);
  return texts;
}

json::object to_json(const Trigger& trigger) {
  const bool is_shipped = trigger.changed_at == Instant();
  return {{"event", trigger.name},
          {"label", trigger.label},
          {"template_id", id_or_null(trigger.template_id.value)},
          {"is_enabled", trigger.is_enabled},
          {"is_locked", trigger.is_locked},
          {"is_ready", trigger.is_ready},
          {"ready_text", ready_json(trigger.name)},
          {"changed_at",
           is_shipped ? json::value(nullptr) : json::value(instant_text(trigger.changed_at))}};
}

Answer shown(int status, const Trigger& trigger) {
  Answer answer = Answer::ok(to_json(trigger));
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(trigger.changed_at));
}

TriggerChange change_of(const json::object& body) {
  TriggerChange change;
  if (body.contains("label")) change.label = text_of(body, "label");
  if (const json::value* given = body.if_contains("template_id")) {
    // What is no id is nobody's; null is none.
    change.template_id = TemplateId{
        given->is_null() ? 0 : parse_id(std::string_view(given->get_string())).value_or(1)};
  }
  if (const json::value* given = body.if_contains("is_enabled")) {
    change.is_enabled = given->get_bool();
  }
  if (const json::value* given = body.if_contains("is_locked")) {
    change.is_locked = given->get_bool();
  }
  return change;
}

// A lock takes a choice away from everybody: who may change it is asked, and it is told.
Result<void> audit_lock(db::Connection& connection, const Call& call, const Trigger& trigger,
                        bool was_locked) {
  if (trigger.is_locked == was_locked) return {};
  TRY(identity::require(call.who, identity::Permission::organisation_write));
  return identity::audit(connection, call.who,
                         {.action = trigger.is_locked ? "trigger.lock" : "trigger.unlock",
                          .object = "trigger",
                          .note = trigger.name},
                         call.now());
}

Result<Trigger> existing(db::Connection& connection, const Call& call) {
  auto found =
      TRY(triggers::find_trigger(connection, call.organisation(), call.request.param("event")));
  if (found) return *std::move(found);
  return fail(ErrorKind::not_found, "trigger.not_found", "There is no such event here.");
}

Result<Answer> list(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    json::array items;
    for (const Trigger& each : TRY(triggers::list_triggers(connection, call.organisation()))) {
      items.push_back(to_json(each));
    }
    return Answer::ok(list_answer(std::move(items), ""));
  });
}

Result<Answer> create(const Call& call) {
  const json::object& body = call.body.as_object();
  const std::string event = text_of(body, "event");
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Trigger made = TRY(triggers::create_trigger(connection, call.organisation(), event,
                                                      change_of(body), call.now()));
    TRY(audit_lock(connection, call, made, false));
    return shown(201, made).with("Location", "/api/v1/triggers/" + made.name);
  });
}

Result<Answer> get(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return shown(200, TRY(existing(connection, call)));
  });
}

Result<Answer> change(const Call& call) {
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Trigger before = TRY(existing(connection, call));
    TRY(call.expect_version(etag_of(before.changed_at)));
    const Trigger changed =
        TRY(triggers::change_trigger(connection, call.organisation(), before.name,
                                     change_of(call.body.as_object()), call.now()));
    TRY(audit_lock(connection, call, changed, before.is_locked));
    return shown(200, changed);
  });
}

Result<Answer> remove(const Call& call) {
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Trigger before = TRY(existing(connection, call));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(triggers::delete_trigger(connection, call.organisation(), before.name));
    const auto shipped = TRY(triggers::find_trigger(connection, call.organisation(), before.name));
    if (shipped) TRY(audit_lock(connection, call, *shipped, before.is_locked));
    return Answer::no_content();
  });
}

}  // namespace

void add_trigger_handlers(Registry& registry) {
  registry.answer("listTriggers", list);
  registry.answer("createTrigger", create);
  registry.answer("getTrigger", get);
  registry.answer("changeTrigger", change);
  registry.answer("deleteTrigger", remove);
}

}  // namespace tidings::api
