#include "edge/api/contact_handlers.h"

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "audience/groups.h"
#include "audience/people/contact_book.h"
#include "audience/people/erase_contact.h"
#include "audience/people/export_contacts.h"
#include "audience/people/list_contacts.h"
#include "audience/people/merge_contacts.h"
#include "audience/people/search_index.h"
#include "compose/stored_audiences.h"
#include "delivery/message_deletion.h"
#include "edge/api/contact_json.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

Result<Answer> shown(db::Connection& connection, const Call& call, ContactId id, int status) {
  const auto person = TRY(people::find_person(connection, call.organisation(), id));
  const auto groups = TRY(audience::groups_of(connection, call.organisation(), person.contact.id));
  const auto states =
      TRY(email_states(connection, call.organisation(), std::span(&person, 1), call.now()));
  Answer answer = Answer::ok(contact_json(person, states.front(), groups));
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(person.changed_at));
}

Result<Answer> list_contacts(const Call& call) {
  const people::ContactQuery query = TRY(query_of_call(call));
  // What an import left for later is indexed before a search, as far as there is time.
  const bool by_words = !query.search.empty() || query.sort == people::ContactSort::name;
  const bool indexed =
      !by_words || TRY(people::index_pending(call.services.database, call.organisation(),
                                             std::chrono::milliseconds(300)));
  const Page page = call.page();
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto found =
        TRY(people::list_contacts(connection, call.organisation(), query, page.cursor, page.limit));
    const auto states =
        TRY(email_states(connection, call.organisation(), found.people, call.now()));
    json::array items;
    for (std::size_t i = 0; i < found.people.size(); ++i)
      items.push_back(contact_json(found.people[i], states[i], {}));
    json::value list = list_answer(std::move(items), found.next_cursor);
    list.as_object()["is_indexing"] = !indexed;
    return Answer::ok(std::move(list));
  });
}

Result<Answer> get_contact(const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  return call.services.database.read_value(
      [&](db::Connection& connection) { return shown(connection, call, id, 200); });
}

Result<Answer> create_contact(const Call& call) {
  const people::ContactChange change = contact_change(call.body.as_object());
  std::vector<people::FieldProblem> problems;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    problems.clear();
    const auto id = TRY(people::create_contact(connection, writer_of(call), change, problems));
    return shown(connection, call, id, 201);
  });
  if (!answer && !problems.empty()) return contact_problem(answer.error(), problems);
  return answer;
}

Result<Answer> change_contact(const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  const people::ContactChange change = contact_change(call.body.as_object());
  std::vector<people::FieldProblem> problems;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    problems.clear();
    const auto before = TRY(people::find_person(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(people::change_contact(connection, writer_of(call), id, change, problems));
    return shown(connection, call, id, 200);
  });
  if (!answer && !problems.empty()) return contact_problem(answer.error(), problems);
  return answer;
}

Result<Answer> delete_contact(const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto before = TRY(people::find_person(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(people::delete_contact(connection, writer_of(call), id));
    TRY(identity::audit(connection, call.who,
                        {.action = "contact.delete", .object = "contact", .object_id = id.value},
                        call.now()));
    return Answer::no_content();
  });
}

Result<Answer> merge_contacts(const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  const json::object& body = call.body.as_object();
  const ContactId loser{parse_id(std::string_view(body.at("contact_id").as_string())).value_or(0)};
  const json::value* given = body.if_contains("change");
  std::vector<people::FieldProblem> problems;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    problems.clear();
    TRY(people::merge_contacts(connection, writer_of(call), id, loser));
    const auto survivor = TRY(people::find_person(connection, call.organisation(), id));
    if (given != nullptr) {
      TRY(people::change_contact(connection, writer_of(call), survivor.contact.id,
                                 contact_change(given->as_object()), problems));
    }
    TRY(compose::replace_in_audiences(connection, call.organisation(), loser, survivor.contact.id));
    TRY(identity::audit(connection, call.who,
                        {.action = "contact.merge",
                         .object = "contact",
                         .object_id = id.value,
                         .note = fmt::format("took over {}", to_text(loser))},
                        call.now()));
    return shown(connection, call, id, 200);
  });
  for (people::FieldProblem& each : problems) each.field.insert(0, "/change");
  if (!answer && !problems.empty()) return contact_problem(answer.error(), problems);
  return answer;
}

Result<Answer> erase_contact(const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  people::Erasure erasure;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    erasure = TRY(people::erase_contact(connection, writer_of(call), id));
    TRY(delivery::forget_letters(connection, call.organisation(), erasure.letters));
    TRY(identity::audit(connection, call.who,
                        {.action = "contact.erase",
                         .object = "contact",
                         .object_id = id.value,
                         .note = std::string_view(call.body.as_object().at("reason").as_string())},
                        call.now()));
    return Answer::ok(
        json::object{{"messages", erasure.messages}, {"suppressed_addresses", erasure.suppressed}});
  });
  if (answer && call.services.dispatcher != nullptr)
    for (const std::string& address : erasure.unwritten)
      call.services.dispatcher->suppressed(call.organisation(), address);
  if (answer)
    for (const std::string& file : erasure.files) {
      // Finished imports need their copy no more; one that is gone already is fine.
      std::error_code ignored;
      std::filesystem::remove(file, ignored);
    }
  return answer;
}

Result<Answer> export_contact(const Call& call) {
  const auto id = TRY(call.id<ContactId>("contact_id"));
  Answer answer;
  answer.raw = TRY(call.services.database.write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<std::string> {
        TRY(identity::audit(
            connection, call.who,
            {.action = "contact.export", .object = "contact", .object_id = id.value}, call.now()));
        return people::export_contact(connection, call.organisation(), id);
      }));
  answer.content_type = "application/octet-stream";
  return std::move(answer).with(
      "Content-Disposition", fmt::format("attachment; filename=\"contact-{}.json\"", to_text(id)));
}

Result<Answer> find_duplicates(const Call& call) {
  TRY(people::index_pending(call.services.database, call.organisation(),
                            std::chrono::milliseconds(300)));
  const Page page = call.page();
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto found =
        TRY(people::find_duplicates(connection, call.organisation(), page.cursor, page.limit));
    json::array items;
    for (const people::Likeness& likeness : found.items) {
      json::array ids;
      for (const ContactId id : likeness.contacts) ids.push_back(json::value(to_text(id)));
      items.push_back(json::object{
          {"reason", likeness.reason}, {"value", likeness.value}, {"contact_ids", std::move(ids)}});
    }
    return Answer::ok(list_answer(std::move(items), found.next_cursor));
  });
}

// Told in the audit log when it begins: whoever leaves half-way has half of it.
Result<Answer> export_contacts(const Call& call) {
  auto all = std::make_shared<people::ContactExport>(call.services.database, call.organisation(),
                                                     TRY(query_of_call(call)));
  Answer answer = TRY(Answer::file("text/csv; charset=utf-8", "contacts.csv",
                                   [all](std::string& piece) { return all->next(piece); }));
  TRY(call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
    return identity::audit(connection, call.who,
                           {.action = "contact.export_list", .object = "contact"}, call.now());
  }));
  return answer;
}

}  // namespace

void add_contact_handlers(Registry& registry) {
  registry.answer("listContacts", list_contacts);
  registry.answer("createContact", create_contact);
  registry.answer("getContact", get_contact);
  registry.answer("changeContact", change_contact);
  registry.answer("deleteContact", delete_contact);
  registry.answer("mergeContacts", merge_contacts);
  registry.answer("eraseContact", erase_contact);
  registry.answer("exportContact", export_contact);
  registry.answer("findDuplicateContacts", find_duplicates);
  registry.answer("exportContacts", export_contacts);
}

}  // namespace tidings::api
