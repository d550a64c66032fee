#include "edge/api/mailbox_handlers.h"

#include <boost/json.hpp>
#include <string>
#include <utility>

#include "edge/api/draft_json.h"
#include "edge/api/json_values.h"
#include "feedback/mailbox_poller.h"
#include "identity/audit.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using feedback::Mailbox;

json::object to_json(const Mailbox& mailbox) {
  return {
      {"id", to_text(mailbox.id)},
      {"url", mailbox.url},
      {"is_oauth", mailbox.is_oauth},
      {"move_to", text_or_null(mailbox.move_to)},
      {"interval_s", std::chrono::duration_cast<std::chrono::seconds>(mailbox.interval).count()},
      {"created_at", instant_text(mailbox.created_at)},
      {"due_at", instant_text(mailbox.due_at)},
      {"polled_at", instant_or_null(mailbox.polled_at)},
      {"trouble", text_or_null(mailbox.trouble)},
      {"taken", mailbox.taken},
      {"left", mailbox.left}};
}

// Only the person at the machine may name its files and pass by the operator's list.
feedback::MailboxPolicy policy_of(const Call& call) {
  const bool is_operator = !call.who.user_id.valid() && !call.who.token_id.valid();
  if (is_operator) return {{}, true};
  return {call.services.settings.mail_server_hosts, false};
}

feedback::TokenOptions token_options(const Call& call) {
  feedback::TokenOptions options;
  options.resolver.servers = call.services.settings.dns_servers;
  options.private_networks = call.services.settings.mx_private_networks;
  return options;
}

// The members that MailboxCreation and MailboxTest share.
void read_login(const json::object& body, feedback::MailboxFields& fields) {
  fields.url = text_of(body, "url");
  fields.password = text_of(body, "password");
  const json::value* given = body.if_contains("oauth");
  if (given == nullptr) return;
  const json::object& oauth = given->as_object();
  fields.oauth = {text_of(oauth, "token_url"), text_of(oauth, "client_id"),
                  text_of(oauth, "client_secret"), text_of(oauth, "refresh_token")};
}

Answer unfit_field(const Error& error) {
  const std::string& code = error.code;
  const compose::FieldProblem problem{code == "mailbox.password"   ? "/password"
                                      : code == "mailbox.oauth"    ? "/oauth"
                                      : code == "mailbox.move_to"  ? "/move_to"
                                      : code == "mailbox.interval" ? "/interval_s"
                                                                   : "/url",
                                      code, error.message};
  return unfit({&problem, 1});
}

Result<void> audit(db::Connection& connection, const Call& call, std::string_view action,
                   const Mailbox& mailbox) {
  return identity::audit(connection, call.who,
                         {.action = action,
                          .object = "mailbox",
                          .object_id = mailbox.id.value,
                          .note = mailbox.url,
                          .before = {},
                          .after = mailbox.url},
                         call.now());
}

Result<Mailbox> load(const Call& call) {
  const auto id = TRY(call.id<MailboxId>("id"));
  return call.services.database.read_value([&](db::Connection& connection) {
    return feedback::load_mailbox(connection, call.organisation(), id);
  });
}

Result<Answer> list(const Call& call) {
  const auto mailboxes = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return feedback::list_mailboxes(connection, call.organisation());
  }));
  json::array items;
  for (const Mailbox& mailbox : mailboxes) items.push_back(to_json(mailbox));
  return Answer::ok(list_answer(std::move(items), ""));
}

Result<Answer> get(const Call& call) { return Answer::ok(to_json(TRY(load(call)))); }

Result<Answer> create(const Call& call) {
  const json::object& body = call.body.as_object();
  feedback::MailboxFields fields;
  read_login(body, fields);
  fields.move_to = text_of(body, "move_to");
  if (const json::value* seconds = body.if_contains("interval_s")) {
    fields.interval = std::chrono::seconds(seconds->as_int64());
  }
  if (const auto checked = feedback::check_mailbox(fields, policy_of(call)); !checked) {
    return unfit_field(checked.error());
  }
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto id = TRY(feedback::create_mailbox(connection, call.services.ids, call.organisation(),
                                                 call.services.secrets, fields, call.now()));
    const Mailbox made = TRY(feedback::load_mailbox(connection, call.organisation(), id));
    TRY(audit(connection, call, "mailbox.create", made));
    return Answer::created(to_json(made)).with("Location", "/api/v1/mailboxes/" + to_text(id));
  });
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<MailboxId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Mailbox before = TRY(feedback::load_mailbox(connection, call.organisation(), id));
    TRY(feedback::delete_mailbox(connection, call.organisation(), id));
    TRY(audit(connection, call, "mailbox.delete", before));
    return Answer::no_content();
  });
}

// What is to be tested: one that is there, or one that is given whole. A stored password never goes
// to another place.
Result<feedback::MailboxFields> tested(const Call& call) {
  const json::object& body = call.body.as_object();
  feedback::MailboxFields fields;
  read_login(body, fields);
  const MailboxId id{TRY(id_of(body, "mailbox_id"))};
  if (!id.valid() || !fields.url.empty()) return fields;
  TRY(call.services.database.read([&](db::Connection& connection) -> Result<void> {
    fields.url = TRY(feedback::load_mailbox(connection, call.organisation(), id)).url;
    const auto login =
        TRY(feedback::mailbox_login(connection, call.organisation(), id, call.services.secrets));
    fields.password = login.password;
    fields.oauth = login.oauth;
    return {};
  }));
  return fields;
}

Result<Answer> test(const Call& call) {
  const auto fields = TRY(tested(call));
  if (const auto checked = feedback::check_mailbox(fields, policy_of(call)); !checked) {
    return unfit_field(checked.error());
  }
  const auto mails =
      feedback::look_into_mailbox(fields.url, {fields.password, fields.oauth}, token_options(call));
  if (!mails) {
    return Answer::ok(json::object{{"succeeded", false},
                                   {"code", mails.error().code},
                                   {"sentence", mails.error().message.substr(0, 1000)},
                                   {"mails", 0}});
  }
  return Answer::ok(
      json::object{{"succeeded", true},
                   {"code", ""},
                   {"sentence", "The mailbox can be read. Nothing in it was changed."},
                   {"mails", *mails}});
}

Result<Answer> poll(const Call& call) {
  const Mailbox mailbox = TRY(load(call));
  TRY(feedback::visit_mailbox({call.services.database, call.services.ids, call.services.secrets,
                               call.services.clock, token_options(call)},
                              mailbox));
  return Answer::ok(to_json(TRY(load(call))));
}

}  // namespace

void add_mailbox_handlers(Registry& registry) {
  registry.answer("listMailboxes", list);
  registry.answer("createMailbox", create);
  registry.answer("getMailbox", get);
  registry.answer("deleteMailbox", remove);
  registry.answer("testMailbox", test);
  registry.answer("pollMailbox", poll);
}

}  // namespace tidings::api
