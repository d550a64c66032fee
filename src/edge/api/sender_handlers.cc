#include "edge/api/sender_handlers.h"

#include <boost/json.hpp>

#include "compose/senders.h"
#include "compose/test_send.h"
#include "delivery/mail_servers.h"
#include "delivery/transports.h"
#include "edge/api/direct_sending.h"
#include "edge/api/draft_json.h"
#include "edge/api/json_values.h"
#include "identity/organisations.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using compose::Sender;
using compose::SenderFields;

json::object to_json(const Sender& sender) {
  return {{"id", to_text(sender.id)},
          {"name", sender.fields.name},
          {"address", sender.fields.address},
          {"reply_to", sender.fields.reply_to},
          {"is_verified", sender.is_verified()},
          {"verified_at", instant_or_null(sender.verified_at)},
          {"verification_sent_at", instant_or_null(sender.verification_sent_at)},
          {"created_at", instant_text(sender.created_at)},
          {"changed_at", instant_text(sender.changed_at)}};
}

Answer shown(int status, const Sender& sender) {
  Answer answer = Answer::ok(to_json(sender));
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(sender.version()));
}

void read_fields(const json::object& body, SenderFields& fields) {
  const auto set = [&](std::string_view name, std::string& member) {
    if (body.contains(name)) member = text_of(body, name);
  };
  set("name", fields.name);
  set("address", fields.address);
  set("reply_to", fields.reply_to);
}

// A cursor is the id of the last sender shown: its place in the order is looked up.
Result<Answer> list(const Call& call) {
  const Page page = call.page();
  const auto senders = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<std::vector<Sender>> {
        std::optional<compose::SenderPosition> after;
        if (!page.cursor.empty()) {
          const auto id = parse_id(page.cursor);
          const auto last =
              compose::load_sender(connection, call.organisation(), SenderId{id.value_or(0)});
          if (!last) {
            return fail(ErrorKind::invalid, "call.cursor",
                        "The list has changed too much to go on. Begin at its first page.");
          }
          after = compose::position_of(*last);
        }
        return compose::list_senders(connection, call.organisation(), after, page.limit + 1);
      }));
  json::array items;
  const auto shown_count =
      std::min<std::size_t>(senders.size(), static_cast<std::size_t>(page.limit));
  for (std::size_t i = 0; i < shown_count; ++i) items.push_back(to_json(senders[i]));
  const bool more = senders.size() > shown_count;
  return Answer::ok(
      list_answer(std::move(items), more ? to_text(senders[shown_count - 1].id) : std::string()));
}

Result<Answer> create(const Call& call) {
  SenderFields fields;
  read_fields(call.body.as_object(), fields);
  if (const auto problems = compose::check_sender(fields); !problems.empty()) {
    return unfit(problems);
  }
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto id = TRY(compose::create_sender(connection, call.services.ids, call.organisation(),
                                               fields, call.now()));
    const Sender made = TRY(compose::load_sender(connection, call.organisation(), id));
    return shown(201, made).with("Location", "/api/v1/senders/" + to_text(id));
  });
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<SenderId>("id"));
  return shown(200, TRY(call.services.database.read_value([&](db::Connection& connection) {
                 return compose::load_sender(connection, call.organisation(), id);
               })));
}

Result<Answer> change(const Call& call) {
  const auto id = TRY(call.id<SenderId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Sender before = TRY(compose::load_sender(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.version())));
    SenderFields fields = before.fields;
    read_fields(call.body.as_object(), fields);
    if (const auto problems = compose::check_sender(fields); !problems.empty()) {
      return unfit(problems);
    }
    TRY(compose::change_sender(connection, call.organisation(), before, fields, call.now()));
    return shown(200, TRY(compose::load_sender(connection, call.organisation(), id)));
  });
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<SenderId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Sender before = TRY(compose::load_sender(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.version())));
    TRY(compose::delete_sender(connection, call.organisation(), id));
    return Answer::no_content();
  });
}

Result<Answer> verify(const Call& call) {
  const auto id = TRY(call.id<SenderId>("id"));
  const auto signer = TRY(call.services.token_keys.current(call.organisation()));
  TransportId transport;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
    transport = TRY(direct_transport(connection, call));
    const auto sent = TRY(compose::send_verification(
        connection, direct_context(call, organisation, transport), id, *signer));
    return Answer::accepted(
        json::object{{"message_id", to_text(sent.id)}, {"address", sent.address}});
  });
  wake_direct(call, transport);
  return answer;
}

}  // namespace

void add_sender_handlers(Registry& registry) {
  registry.answer("listSenders", list);
  registry.answer("createSender", create);
  registry.answer("getSender", get);
  registry.answer("changeSender", change);
  registry.answer("deleteSender", remove);
  registry.answer("verifySender", verify);
}

}  // namespace tidings::api
