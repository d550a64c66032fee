#include "edge/api/group_handlers.h"

#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "audience/groups.h"
#include "audience/people/list_contacts.h"
#include "audience/people/search_index.h"
#include "base/bytes.h"
#include "edge/api/contact_json.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

// Of a group's members, one transaction changes and one call works through at most so many.
constexpr int kStep = 1'000;
constexpr int kStepsMax = 20;

Answer group_answer(const audience::Group& group, int status = 200) {
  Answer answer = Answer::ok(json::object{
      {"id", to_text(group.id)},
      {"name", group.name},
      {"origin", group.origin == audience::GroupOrigin::by_hand ? "by_hand" : "by_import"},
      {"members", group.members},
      {"created_at", instant_text(group.created_at)},
      {"changed_at", instant_text(group.changed_at)}});
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(group.changed_at));
}

std::string_view name_of(const Call& call) { return call.body.as_object().at("name").as_string(); }

Result<Answer> list_groups(const Call& call) {
  const Page page = call.page();
  const auto after = from_base64url(page.cursor);
  if (!after)
    return fail(ErrorKind::invalid, "list.bad_cursor",
                "This cursor is not one of ours; begin again with the first page.");
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    auto groups = TRY(audience::page_groups(
        connection, call.organisation(),
        {.after = *after, .words = call.query("search"), .limit = page.limit + 1}));
    std::string next;
    if (std::ssize(groups) > page.limit) {
      groups.pop_back();
      next = to_base64url(groups.back().name);
    }
    json::array items;
    for (const audience::Group& group : groups) items.push_back(group_answer(group).body);
    return Answer::ok(list_answer(std::move(items), next));
  });
}

Result<Answer> create_group(const Call& call) {
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    return group_answer(TRY(audience::create_group(connection, call.services.ids,
                                                   call.organisation(), name_of(call), call.now())),
                        201);
  });
}

Result<Answer> get_group(const Call& call) {
  const auto id = TRY(call.id<GroupId>("group_id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return group_answer(TRY(audience::find_group_by_id(connection, call.organisation(), id)));
  });
}

Result<Answer> change_group(const Call& call) {
  const auto id = TRY(call.id<GroupId>("group_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto before = TRY(audience::find_group_by_id(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(audience::rename_group(connection, call.organisation(), id, name_of(call), call.now()));
    return group_answer(TRY(audience::find_group_by_id(connection, call.organisation(), id)));
  });
}

Result<Answer> delete_group(const Call& call) {
  const auto id = TRY(call.id<GroupId>("group_id"));
  for (bool gone = false; !gone;) {
    gone = TRY(call.services.database.write_value(
        db::Priority::web, [&](db::Connection& connection) -> Result<bool> {
          const auto group = TRY(audience::find_group_by_id(connection, call.organisation(), id));
          TRY(call.expect_version(etag_of(group.changed_at)));
          const bool last =
              TRY(audience::delete_group_step(connection, call.organisation(), id, kStep));
          if (last)
            TRY(identity::audit(connection, call.who,
                                {.action = "group.delete",
                                 .object = "group",
                                 .object_id = id.value,
                                 .note = group.name},
                                call.now()));
          return last;
        }));
  }
  return Answer::no_content();
}

// The contacts that the call names, some at a time.
struct Picked {
  std::vector<ContactId> contacts;
  std::string next_cursor;
};
Result<Picked> pick(const Call& call, const people::ContactQuery& query,
                    const std::string& cursor) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Picked> {
    auto page = TRY(people::list_contacts(connection, call.organisation(), query, cursor, kStep));
    Picked picked{.next_cursor = std::move(page.next_cursor)};
    for (const people::Person& person : page.people) picked.contacts.push_back(person.contact.id);
    return picked;
  });
}

enum class Doing { add, remove };

Result<Answer> change_members(const Call& call, Doing doing) {
  const auto id = TRY(call.id<GroupId>("group_id"));
  const json::object& body = call.body.as_object();
  std::int64_t changed = 0;
  const auto apply = [&](std::span<const ContactId> contacts) -> Result<void> {
    changed += TRY(call.services.database.write_value(
        db::Priority::web, [&](db::Connection& connection) -> Result<std::int64_t> {
          TRY(audience::find_group_by_id(connection, call.organisation(), id));
          if (doing == Doing::add)
            return audience::add_to_group(connection, call.organisation(), id, contacts,
                                          call.now());
          return audience::remove_from_group(connection, call.organisation(), id, contacts);
        }));
    return {};
  };
  std::vector<ContactId> named;
  if (const auto* ids = body.if_contains("contact_ids"))
    for (const json::value& each : ids->as_array())
      named.push_back({parse_id(std::string_view(each.as_string())).value_or(0)});
  for (std::size_t i = 0; i < named.size(); i += kStep)
    TRY(apply(std::span(named).subspan(i, std::min<std::size_t>(kStep, named.size() - i))));

  std::string cursor;
  if (const auto* filter = body.if_contains("filter")) {
    const auto query = TRY(query_of_filter(call, filter->as_object()));
    TRY(people::index_pending(call.services.database, call.organisation(),
                              std::chrono::seconds(5)));
    if (const auto* given = body.if_contains("cursor")) cursor = given->as_string();
    for (int step = 0; step < kStepsMax; ++step) {
      const Picked picked = TRY(pick(call, query, cursor));
      if (!picked.contacts.empty()) TRY(apply(picked.contacts));
      cursor = picked.next_cursor;
      if (cursor.empty()) break;
    }
  }
  const auto group = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return audience::find_group_by_id(connection, call.organisation(), id);
  }));
  return Answer::ok(
      json::object{{"changed", changed},
                   {"members", group.members},
                   {"next_cursor", cursor.empty() ? json::value() : json::value(cursor)}});
}

}  // namespace

void add_group_handlers(Registry& registry) {
  registry.answer("listGroups", list_groups);
  registry.answer("createGroup", create_group);
  registry.answer("getGroup", get_group);
  registry.answer("changeGroup", change_group);
  registry.answer("deleteGroup", delete_group);
  registry.answer("addGroupMembers",
                  [](const Call& call) { return change_members(call, Doing::add); });
  registry.answer("removeGroupMembers",
                  [](const Call& call) { return change_members(call, Doing::remove); });
}

}  // namespace tidings::api
