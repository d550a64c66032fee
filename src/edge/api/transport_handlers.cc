#include "edge/api/transport_handlers.h"

#include <algorithm>
#include <boost/json.hpp>

#include "delivery/mail_servers.h"
#include "delivery/smtp_probe.h"
#include "delivery/transports.h"
#include "edge/api/draft_json.h"
#include "edge/api/json_values.h"
#include "wire/mx_url.h"
#include "wire/relay_url.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using delivery::MailServer;
using delivery::MailServerFields;

constexpr std::string_view kDirectSentence =
    "Each message goes to the server of its recipient, so there is none to test here. Send a test "
    "to an address of your own: port 25 must be open outwards, and the address of this machine "
    "needs a name (PTR).";
constexpr Duration kProbeMax = std::chrono::seconds(15);

json::object to_json(const MailServer& server) {
  return {{"id", to_text(server.id)},
          {"name", server.name},
          {"url", server.url},
          {"has_password", server.has_password},
          {"is_default", server.is_default},
          {"is_sandbox", server.url == delivery::kSandboxUrl},
          {"created_at", instant_text(server.created_at)},
          {"changed_at", instant_text(server.changed_at)}};
}

Answer shown(int status, const MailServer& server) {
  Answer answer = Answer::ok(to_json(server));
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(server.changed_at));
}

// Only the person at the machine may name its files and pass by the operator's list.
delivery::RelayPolicy policy_of(const Call& call) {
  const bool is_operator = !call.who.user_id.valid() && !call.who.token_id.valid();
  if (is_operator) return {{}, true};
  return {call.services.settings.mail_server_hosts, false};
}

std::vector<compose::FieldProblem> check_fields(const Call& call, const MailServerFields& fields) {
  std::vector<compose::FieldProblem> problems;
  const auto has_control = [](std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  };
  if (fields.name.empty() || fields.name.size() > delivery::kMailServerNameMax ||
      has_control(fields.name)) {
    problems.push_back({"/name", "mail_server.name",
                        "Give the mail server a name of at most 200 bytes, on one line."});
  }
  if (const auto relay = delivery::check_relay(fields.url, policy_of(call)); !relay) {
    problems.push_back({"/url", relay.error().code, relay.error().message});
  }
  if (fields.password && has_control(*fields.password)) {
    problems.push_back({"/password", "mail_server.password",
                        "The password has a line break or another control character in it. Copy "
                        "it again."});
  }
  return problems;
}

void read_fields(const json::object& body, MailServerFields& fields) {
  if (body.contains("name")) fields.name = text_of(body, "name");
  if (body.contains("url")) fields.url = text_of(body, "url");
  if (body.contains("password")) fields.password = text_of(body, "password");
  if (const auto* given = body.if_contains("is_default")) fields.is_default = given->as_bool();
}

Result<Answer> list(const Call& call) {
  const Page page = call.page();
  const TransportId after{parse_id(page.cursor).value_or(0)};
  const auto servers = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return delivery::list_mail_servers(connection, call.organisation(), after, page.limit + 1);
  }));
  json::array items;
  const auto count = std::min<std::size_t>(servers.size(), static_cast<std::size_t>(page.limit));
  for (std::size_t i = 0; i < count; ++i) items.push_back(to_json(servers[i]));
  return Answer::ok(list_answer(
      std::move(items), servers.size() > count ? to_text(servers[count - 1].id) : std::string()));
}

Result<Answer> create(const Call& call) {
  MailServerFields fields;
  read_fields(call.body.as_object(), fields);
  if (const auto problems = check_fields(call, fields); !problems.empty()) return unfit(problems);
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto id =
        TRY(delivery::create_mail_server(connection, call.services.ids, call.organisation(),
                                         call.services.secrets, fields, call.now()));
    const MailServer made = TRY(delivery::load_mail_server(connection, call.organisation(), id));
    return shown(201, made).with("Location", "/api/v1/transports/" + to_text(id));
  });
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<TransportId>("id"));
  return shown(200, TRY(call.services.database.read_value([&](db::Connection& connection) {
                 return delivery::load_mail_server(connection, call.organisation(), id);
               })));
}

Result<Answer> change(const Call& call) {
  const auto id = TRY(call.id<TransportId>("id"));
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const MailServer before = TRY(delivery::load_mail_server(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    MailServerFields fields{before.name, before.url, std::nullopt, before.is_default};
    read_fields(call.body.as_object(), fields);
    if (const auto problems = check_fields(call, fields); !problems.empty()) {
      return unfit(problems);
    }
    TRY(delivery::change_mail_server(connection, call.organisation(), call.services.secrets, before,
                                     fields, call.now()));
    return shown(200, TRY(delivery::load_mail_server(connection, call.organisation(), id)));
  });
  if (answer && answer->status == 200 && call.services.dispatcher != nullptr) {
    call.services.dispatcher->transport_changed(id);
  }
  return answer;
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<TransportId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const MailServer before = TRY(delivery::load_mail_server(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(delivery::delete_mail_server(connection, call.organisation(), id, call.now()));
    return Answer::no_content();
  });
}

// What is to be tested: URL and password.
Result<delivery::StoredTransport> tested(const Call& call) {
  const json::object& body = call.body.as_object();
  const TransportId id{TRY(id_of(body, "transport_id"))};
  delivery::StoredTransport stored;
  if (id.valid()) {
    stored = TRY(call.services.database.read_value(
        [&](db::Connection& connection) -> Result<delivery::StoredTransport> {
          TRY(delivery::load_mail_server(connection, call.organisation(), id));
          return delivery::load_transport(connection, call.organisation(), id,
                                          call.services.secrets);
        }));
  }
  if (const std::string url = text_of(body, "url"); !url.empty()) {
    if (!delivery::keeps_password(stored.url, url)) stored.secret.clear();
    stored.url = url;
  }
  if (body.contains("password")) stored.secret = text_of(body, "password");
  return stored;
}

json::object result_json(bool succeeded, const Error& error,
                         const delivery::RelayGreeting& greeting) {
  const std::uint64_t size = greeting.capabilities.size_max;
  return {{"succeeded", succeeded},
          {"code", error.code},
          {"sentence", error.message.substr(0, 1000)},
          {"greeting", greeting.greeting.substr(0, 1000)},
          {"remote", greeting.remote},
          {"encryption", greeting.tls},
          {"login", greeting.login},
          {"size_max", static_cast<std::int64_t>(std::min<std::uint64_t>(size, 9007199254740991))}};
}

Result<Answer> test(const Call& call) {
  const auto stored = TRY(tested(call));
  if (stored.url.empty()) {
    const compose::FieldProblem missing{"/url", "mail_server.url",
                                        "Say which mail server to test: give url or transport_id."};
    return unfit({&missing, 1});
  }
  if (const auto relay = delivery::check_relay(stored.url, policy_of(call)); !relay) {
    const compose::FieldProblem problem{"/url", relay.error().code, relay.error().message};
    return unfit({&problem, 1});
  }
  delivery::RelayGreeting greeting;
  if (stored.url == delivery::kSandboxUrl) {
    return Answer::ok(result_json(
        true, {ErrorKind::invalid, "", "The sandbox is always there; nothing leaves by it."},
        greeting));
  }
  if (wire::is_mx_url(stored.url)) {
    return Answer::ok(
        result_json(true, {ErrorKind::invalid, "", std::string(kDirectSentence)}, greeting));
  }
  const auto relay = TRY(wire::parse_relay_url(stored.url));
  const std::string hello = relay.hello_name.empty() ? delivery::machine_name() : relay.hello_name;
  auto probed = delivery::probe_relay(relay, stored.secret, hello, kProbeMax);
  if (!probed) return Answer::ok(result_json(false, probed.error(), greeting));
  const std::string sentence =
      probed->login.empty() ? "The mail server answers and takes mail from here without a login."
                            : "The mail server answers, and the login works.";
  return Answer::ok(result_json(true, {ErrorKind::invalid, "", sentence}, *probed));
}

}  // namespace

void add_transport_handlers(Registry& registry) {
  registry.answer("listTransports", list);
  registry.answer("createTransport", create);
  registry.answer("getTransport", get);
  registry.answer("changeTransport", change);
  registry.answer("deleteTransport", remove);
  registry.answer("testTransport", test);
}

}  // namespace tidings::api
