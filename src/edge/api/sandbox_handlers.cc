#include "edge/api/sandbox_handlers.h"

#include <boost/json.hpp>

#include "edge/api/record_json.h"
#include "report/message_pages.h"
#include "report/sandbox_messages.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

Result<Answer> list(const Call& call) {
  const Page page = call.page();
  MessageId before;
  if (!page.cursor.empty()) {
    const auto id = parse_id(page.cursor);
    if (!id || *id <= 0) {
      return Answer::problem(422, {ErrorKind::invalid, "call.cursor", "This cursor is not ours."},
                             {{"?cursor", "call.cursor", "This cursor is not ours."}});
    }
    before = MessageId{*id};
  }
  const auto found = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return report::list_sandbox_messages(connection, call.organisation(), before, page.limit);
  }));
  report::MessagePages log(call.services.database, call.organisation());
  json::array items;
  for (const MessageId id : found.messages) {
    const auto entry = log.find(id);
    if (entry) items.push_back(message_json(*entry));
    // Purged since the list was read: it is not there any more.
    if (!entry && entry.error().kind != ErrorKind::not_found) return std::unexpected(entry.error());
  }
  return Answer::ok(
      list_answer(std::move(items), found.next.valid() ? to_text(found.next) : std::string()));
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<MessageId>("id"));
  const bool is_there = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return report::is_in_sandbox(connection, call.organisation(), id);
  }));
  if (!is_there) {
    return fail(ErrorKind::not_found, "message.not_found",
                "There is no message " + to_text(id) + " in the sandbox.");
  }
  const auto entry =
      TRY(report::MessagePages(call.services.database, call.organisation()).find(id));
  auto content = content_json(call, entry);
  if (!content && content.error().code != "message.not_sent") {
    return std::unexpected(std::move(content).error());
  }
  return Answer::ok(
      json::object{{"message", message_json(entry)},
                   {"content", content ? json::value(*std::move(content)) : json::value()}});
}

}  // namespace

void add_sandbox_handlers(Registry& registry) {
  registry.answer("listSandboxMessages", list);
  registry.answer("getSandboxMessage", get);
}

}  // namespace tidings::api
