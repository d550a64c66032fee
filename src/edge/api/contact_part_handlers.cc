#include "edge/api/contact_part_handlers.h"

#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "audience/people/activities.h"
#include "audience/people/contact_book.h"
#include "audience/people/custom_fields.h"
#include "audience/people/notes.h"
#include "audience/people/relations.h"
#include "base/json_text.h"
#include "edge/api/contact_json.h"
#include "edge/api/record_input.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

ContactId contact_of(const json::object& body, std::string_view name) {
  return {parse_id(std::string_view(body.at(name).as_string())).value_or(0)};
}

// The contact of the path, where a merge led to.
Result<ContactId> living_contact(db::Connection& connection, const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  return TRY(people::find_person(connection, call.organisation(), id)).contact.id;
}

// ---------------------------------------------------------------- relations

Answer relation_answer(const people::Relation& relation, int status = 200) {
  Answer answer = Answer::ok(json::object{{"id", to_text(relation.id)},
                                          {"from_id", to_text(relation.from_id)},
                                          {"from_name", relation.from_name},
                                          {"to_id", to_text(relation.to_id)},
                                          {"to_name", relation.to_name},
                                          {"name", relation.name},
                                          {"receives_messages", relation.receives_messages},
                                          {"created_at", instant_text(relation.created_at)},
                                          {"changed_at", instant_text(relation.changed_at)}});
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(relation.changed_at));
}

Result<Answer> list_relations(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto contact = TRY(living_contact(connection, call));
    json::array items;
    for (const people::Relation& relation :
         TRY(people::list_relations(connection, call.organisation(), contact)))
      items.push_back(relation_answer(relation).body);
    return Answer::ok(list_answer(std::move(items), ""));
  });
}

Result<Answer> get_relation(const Call& call) {
  const auto id = TRY(call.id<people::RelationId>("relation_id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return relation_answer(TRY(people::find_relation(connection, call.organisation(), id)));
  });
}

Result<Answer> create_relation(const Call& call) {
  const json::object& body = call.body.as_object();
  const json::value* receives = body.if_contains("receives_messages");
  people::Relation relation;
  relation.from_id = contact_of(body, "from_id");
  relation.to_id = contact_of(body, "to_id");
  relation.name = body.at("name").as_string();
  relation.receives_messages = receives != nullptr && receives->as_bool();
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto id = TRY(people::create_relation(connection, call.services.ids, call.organisation(),
                                                relation, call.now()));
    return relation_answer(TRY(people::find_relation(connection, call.organisation(), id)), 201);
  });
}

Result<Answer> change_relation(const Call& call) {
  const auto id = TRY(call.id<people::RelationId>("relation_id"));
  const json::object& body = call.body.as_object();
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    auto relation = TRY(people::find_relation(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(relation.changed_at)));
    if (const auto* name = body.if_contains("name")) relation.name = name->as_string();
    if (const auto* receives = body.if_contains("receives_messages"))
      relation.receives_messages = receives->as_bool();
    TRY(people::change_relation(connection, call.organisation(), relation, call.now()));
    return relation_answer(TRY(people::find_relation(connection, call.organisation(), id)));
  });
}

Result<Answer> delete_relation(const Call& call) {
  const auto id = TRY(call.id<people::RelationId>("relation_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    TRY(people::delete_relation(connection, call.organisation(), id));
    return Answer::no_content();
  });
}

// ---------------------------------------------------------------- notes

Answer note_answer(const people::Note& note, int status = 200) {
  Answer answer = Answer::ok(json::object{{"id", to_text(note.id)},
                                          {"contact_id", to_text(note.contact_id)},
                                          {"body", note.body},
                                          {"author", note.author},
                                          {"created_at", instant_text(note.created_at)},
                                          {"changed_at", instant_text(note.changed_at)}});
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(note.changed_at));
}

Result<Answer> list_notes(const Call& call) {
  const Page page = call.page();
  NoteId before;
  if (!page.cursor.empty()) {
    const auto id = parse_id(page.cursor);
    if (!id)
      return fail(ErrorKind::invalid, "list.bad_cursor",
                  "This cursor is not one of ours; begin again with the first page.");
    before = NoteId{*id};
  }
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto contact = TRY(living_contact(connection, call));
    auto notes =
        TRY(people::list_notes(connection, call.organisation(), contact, before, page.limit + 1));
    std::string next;
    if (std::ssize(notes) > page.limit) {
      notes.pop_back();
      next = to_text(notes.back().id);
    }
    json::array items;
    for (const people::Note& note : notes) items.push_back(note_answer(note).body);
    return Answer::ok(list_answer(std::move(items), next));
  });
}

Result<Answer> create_note(const Call& call) {
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    people::Note note;
    note.contact_id = TRY(living_contact(connection, call));
    note.body = call.body.as_object().at("body").as_string();
    note.author = call.who.name;
    return note_answer(TRY(people::put_note(connection, call.services.ids, call.organisation(),
                                            std::move(note), call.now())),
                       201);
  });
}

Result<Answer> change_note(const Call& call) {
  const auto id = TRY(call.id<NoteId>("note_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto contact = TRY(living_contact(connection, call));
    auto note = TRY(people::find_note(connection, call.organisation(), contact, id));
    TRY(call.expect_version(etag_of(note.changed_at)));
    note.body = call.body.as_object().at("body").as_string();
    return note_answer(TRY(people::put_note(connection, call.services.ids, call.organisation(),
                                            std::move(note), call.now())));
  });
}

Result<Answer> delete_note(const Call& call) {
  const auto id = TRY(call.id<NoteId>("note_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto contact = TRY(living_contact(connection, call));
    TRY(people::delete_note(connection, call.organisation(), contact, id));
    return Answer::no_content();
  });
}

// ---------------------------------------------------------------- activities

json::object activity_json(const people::Activity& activity) {
  json::value data = parse_json(activity.data);
  if (!data.is_object()) data = json::object();
  return {{"id", to_text(activity.id)},
          {"type", activity.type},
          {"occurred_at", instant_text(activity.occurred_at)},
          {"recorded_at", instant_text(activity.recorded_at)},
          {"source", activity.source},
          {"data", std::move(data)}};
}

// "MICROSECONDS.ID"
Result<people::ActivityPage> activity_page(const Page& page) {
  people::ActivityPage wanted;
  wanted.limit = page.limit + 1;
  if (page.cursor.empty()) return wanted;
  const std::size_t dot = page.cursor.find('.');
  std::int64_t at = 0;
  const char* const begin = page.cursor.data();
  const auto [end, error] = std::from_chars(begin, begin + std::min(dot, page.cursor.size()), at);
  const auto id =
      dot == std::string_view::npos ? std::nullopt : parse_id(page.cursor.substr(dot + 1));
  if (error != std::errc() || !id)
    return fail(ErrorKind::invalid, "list.bad_cursor",
                "This cursor is not one of ours; begin again with the first page.");
  wanted.before_at = from_micros(at);
  wanted.before_id = ActivityId{*id};
  return wanted;
}

Result<Answer> list_activities(const Call& call) {
  const Page page = call.page();
  auto wanted = TRY(activity_page(page));
  RecordInput input;
  input.read_period(call, false, wanted.filter.from, wanted.filter.until);
  if (!input.errors.empty()) return input.refusal();
  wanted.filter.types = input.words(call, "type");
  wanted.filter.sender = call.query("sender");
  wanted.filter.text = call.query("text");
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto contact = TRY(living_contact(connection, call));
    auto found = TRY(people::list_activities(connection, call.organisation(), contact, wanted));
    std::string next;
    if (std::ssize(found) > page.limit) {
      found.pop_back();
      next = fmt::format("{}.{}", to_micros(found.back().occurred_at), to_text(found.back().id));
    }
    json::array items;
    for (const people::Activity& activity : found) items.push_back(activity_json(activity));
    return Answer::ok(list_answer(std::move(items), next));
  });
}

Result<Answer> create_activity(const Call& call) {
  const json::object& body = call.body.as_object();
  people::Activity activity;
  activity.type = body.at("type").as_string();
  activity.occurred_at = call.now();
  if (const auto* at = body.if_contains("occurred_at")) {
    const auto instant = parse_rfc3339(std::string_view(at->as_string()));
    if (!instant)
      return fail(ErrorKind::invalid, "activity.bad_time",
                  "occurred_at is no instant such as 2026-11-22T08:00:00Z.");
    activity.occurred_at = *instant;
  }
  if (const auto* data = body.if_contains("data")) activity.data = json::serialize(*data);
  activity.source = call.who.name;
  activity.recorded_at = call.now();
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto contact = TRY(living_contact(connection, call));
    people::Activity made = activity;
    made.id = TRY(people::record_activity(connection, call.services.ids, call.organisation(),
                                          contact, activity, call.now()));
    return Answer::created(activity_json(made));
  });
}

// ---------------------------------------------------------------- custom fields

Answer field_answer(const people::CustomField& field, int status = 200) {
  Answer answer =
      Answer::ok(json::object{{"id", to_text(field.id)},
                              {"name", field.name},
                              {"label", field.label},
                              {"type", to_string(field.type)},
                              {"choices", json::array(field.choices.begin(), field.choices.end())},
                              {"required", field.required},
                              {"position", field.position},
                              {"created_at", instant_text(field.created_at)},
                              {"changed_at", instant_text(field.changed_at)}});
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(field.changed_at));
}

void put_field(const json::object& body, people::CustomField& field) {
  if (const auto* name = body.if_contains("name")) field.name = name->as_string();
  if (const auto* label = body.if_contains("label")) field.label = label->as_string();
  if (const auto* type = body.if_contains("type"))
    field.type = people::parse_field_type(std::string_view(type->as_string()))
                     .value_or(people::FieldType::text);
  if (const auto* required = body.if_contains("required")) field.required = required->as_bool();
  if (const auto* position = body.if_contains("position")) field.position = position->as_int64();
  if (const auto* choices = body.if_contains("choices")) {
    field.choices.clear();
    for (const json::value& each : choices->as_array())
      field.choices.emplace_back(each.as_string());
  }
}

Result<Answer> list_fields(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    json::array items;
    for (const people::CustomField& field :
         TRY(people::list_custom_fields(connection, call.organisation())))
      items.push_back(field_answer(field).body);
    return Answer::ok(list_answer(std::move(items), ""));
  });
}

Result<Answer> create_field(const Call& call) {
  people::CustomField field;
  put_field(call.body.as_object(), field);
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    return field_answer(TRY(people::create_custom_field(connection, call.services.ids,
                                                        call.organisation(), field, call.now())),
                        201);
  });
}

Result<Answer> get_field(const Call& call) {
  const auto id = TRY(call.id<people::CustomFieldId>("field_id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return field_answer(TRY(people::find_custom_field(connection, call.organisation(), id)));
  });
}

Result<Answer> change_field(const Call& call) {
  const auto id = TRY(call.id<people::CustomFieldId>("field_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    auto field = TRY(people::find_custom_field(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(field.changed_at)));
    put_field(call.body.as_object(), field);
    return field_answer(TRY(people::change_custom_field(connection, call.organisation(),
                                                        std::move(field), call.now())));
  });
}

Result<Answer> delete_field(const Call& call) {
  const auto id = TRY(call.id<people::CustomFieldId>("field_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto field = TRY(people::find_custom_field(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(field.changed_at)));
    TRY(people::delete_custom_field(connection, call.organisation(), id));
    return Answer::no_content();
  });
}

}  // namespace

void add_contact_part_handlers(Registry& registry) {
  registry.answer("listContactRelations", list_relations);
  registry.answer("createRelation", create_relation);
  registry.answer("getRelation", get_relation);
  registry.answer("changeRelation", change_relation);
  registry.answer("deleteRelation", delete_relation);
  registry.answer("listNotes", list_notes);
  registry.answer("createNote", create_note);
  registry.answer("changeNote", change_note);
  registry.answer("deleteNote", delete_note);
  registry.answer("listActivities", list_activities);
  registry.answer("createActivity", create_activity);
  registry.answer("listCustomFields", list_fields);
  registry.answer("createCustomField", create_field);
  registry.answer("getCustomField", get_field);
  registry.answer("changeCustomField", change_field);
  registry.answer("deleteCustomField", delete_field);
}

}  // namespace tidings::api
