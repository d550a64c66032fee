#include "edge/api/domain_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/domains/dns_session.h"
#include "delivery/domains/domain_check.h"
#include "delivery/domains/published_records.h"
#include "delivery/domains/sending_domains.h"
#include "delivery/mail_servers.h"
#include "edge/api/draft_json.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"
#include "wire/relay_url.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using domains::DomainKey;
using domains::KeyState;
using domains::SendingDomain;

constexpr int kMailServersMax = 200;
constexpr Duration kCheckMax = std::chrono::seconds(20);
constexpr Duration kAnswerMax = std::chrono::seconds(3);

json::object to_json(const DomainKey& key) {
  return {{"id", to_text(key.id)},
          {"selector", key.selector},
          {"algorithm", to_string(key.algorithm)},
          {"state", domains::to_string(key.state())},
          {"public_key", key.public_key},
          {"created_at", instant_text(key.created_at)},
          {"activated_at", instant_or_null(key.activated_at)},
          {"retired_at", instant_or_null(key.retired_at)}};
}

json::object to_json(const domains::PublishedRecord& record) {
  return {{"purpose", domains::to_string(record.purpose)},
          {"type", record.type()},
          {"name", record.name},
          {"value", record.value},
          {"zone_line", record.zone_line()},
          {"is_required", record.is_required},
          {"note", record.note}};
}

json::object to_json(const domains::CheckFinding& finding) {
  json::array found;
  for (const std::string& text : finding.found) found.emplace_back(text);
  return {{"check", finding.check},
          {"status", domains::to_string(finding.status)},
          {"sentence", finding.sentence},
          {"found", std::move(found)}};
}

json::object to_json(const SendingDomain& domain, const domains::SendingFacts& facts) {
  json::array keys;
  for (const DomainKey& key : domain.keys) keys.push_back(to_json(key));
  json::array records;
  for (const auto& record : domains::records_to_publish(domain, facts)) {
    records.push_back(to_json(record));
  }
  json::array findings;
  for (const auto& finding : domains::findings_from_json(domain.findings)) {
    findings.push_back(to_json(finding));
  }
  return {{"id", to_text(domain.id)},
          {"name", domain.name},
          {"return_path_domain", domain.return_path_domain},
          {"is_verified", domain.verified_at.has_value()},
          {"verified_at", instant_or_null(domain.verified_at)},
          {"checked_at", instant_or_null(domain.checked_at)},
          {"findings", std::move(findings)},
          {"keys", std::move(keys)},
          {"records", std::move(records)},
          {"created_at", instant_text(domain.created_at)},
          {"changed_at", instant_text(domain.changed_at)}};
}

// The name servers that the operator says.
net::ResolverOptions resolver_options(const Call& call) {
  net::ResolverOptions options;
  options.servers = call.services.settings.dns_servers;
  options.timeout = kAnswerMax;
  return options;
}

// By which ways mail of the organisation leaves.
Result<domains::SendingFacts> facts_of(db::Connection& connection, const Call& call) {
  domains::SendingFacts facts;
  facts.addresses = call.services.settings.sending_addresses;
  facts.inbound_host = call.services.settings.inbound_name;
  for (const delivery::MailServer& server : TRY(delivery::list_mail_servers(
           connection, call.organisation(), TransportId(), kMailServersMax))) {
    if (const auto relay = wire::parse_relay_url(server.url)) facts.relays.push_back(relay->host);
  }
  return facts;
}

Result<Answer> shown(int status, db::Connection& connection, const Call& call, SendingDomainId id) {
  const SendingDomain domain = TRY(domains::load_domain(connection, call.organisation(), id));
  Answer answer = Answer::ok(to_json(domain, TRY(facts_of(connection, call))));
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(domain.changed_at));
}

Result<void> audit(db::Connection& connection, const Call& call, std::string_view action,
                   const SendingDomain& domain, std::string_view after) {
  return identity::audit(connection, call.who,
                         {.action = action,
                          .object = "domain",
                          .object_id = domain.id.value,
                          .note = domain.name,
                          .before = {},
                          .after = after},
                         call.now());
}

// The members of DomainKeyWish; `body` may be null.
domains::KeyWish wish_of(const json::value& body) {
  domains::KeyWish wish;
  const json::object* object = body.if_object();
  if (object == nullptr) return wish;
  if (const json::value* list = object->if_contains("algorithms")) {
    for (const json::value& word : list->get_array()) {
      const auto algorithm = wire::parse_dkim_algorithm(word.get_string());
      if (algorithm) wish.algorithms.push_back(*algorithm);
    }
  }
  wish.selector = text_of(*object, "selector");
  wish.pem = text_of(*object, "private_key");
  return wish;
}

// What is wrong with the wish, at the member that it is about.
Answer unfit_wish(const Error& error, std::string_view at) {
  const bool is_key = error.code.starts_with("dkim.");
  const compose::FieldProblem problem{is_key ? "/private_key" : "/selector", error.code,
                                      error.message};
  return unfit({&problem, 1}, at);
}

std::string selectors_of(const std::vector<domains::NewKey>& keys) {
  std::string text;
  for (const domains::NewKey& key : keys) text += key.selector + ' ';
  return text;
}

Result<Answer> list(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto facts = TRY(facts_of(connection, call));
    json::array items;
    for (const SendingDomain& domain :
         TRY(domains::list_domains(connection, call.organisation()))) {
      items.push_back(to_json(domain, facts));
    }
    return Answer::ok(list_answer(std::move(items), ""));
  });
}

// The member return_path_domain, read; nothing when it is not given.
Result<std::optional<std::string>> return_path_in(const json::object& body,
                                                  std::string_view domain) {
  const json::value* given = body.if_contains("return_path_domain");
  if (given == nullptr) return std::nullopt;
  return TRY(domains::read_return_path_domain(given->get_string(), domain));
}

Answer unfit_return_path(const Error& error) {
  const compose::FieldProblem problem{"/return_path_domain", error.code, error.message};
  return unfit({&problem, 1});
}

Result<Answer> create(const Call& call) {
  const json::object& body = call.body.get_object();
  const auto name = domains::read_domain_name(text_of(body, "name"));
  if (!name) {
    const compose::FieldProblem problem{"/name", name.error().code, name.error().message};
    return unfit({&problem, 1});
  }
  const auto return_path = return_path_in(body, *name);
  if (!return_path) return unfit_return_path(return_path.error());
  const json::value* wish = body.if_contains("keys");
  const auto keys =
      domains::make_keys(wish_of(wish == nullptr ? json::value() : *wish), call.now());
  if (!keys) return unfit_wish(keys.error(), "/keys");
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto id = TRY(domains::create_domain(connection, call.services.ids, call.organisation(),
                                               *name, call.now()));
    const SendingDomain made = TRY(domains::load_domain(connection, call.organisation(), id));
    TRY(domains::add_keys(connection, call.services.ids, call.organisation(), made,
                          call.services.secrets, *keys, call.now()));
    if (*return_path) {
      TRY(domains::set_return_path_domain(connection, call.organisation(), made, **return_path,
                                          call.now()));
    }
    TRY(audit(connection, call, "domain.create", made, selectors_of(*keys)));
    return TRY(shown(201, connection, call, id)).with("Location", "/api/v1/domains/" + to_text(id));
  });
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<SendingDomainId>("domain_id"));
  return call.services.database.read_value(
      [&](db::Connection& connection) { return shown(200, connection, call, id); });
}

Result<Answer> change(const Call& call) {
  const auto id = TRY(call.id<SendingDomainId>("domain_id"));
  const SendingDomain known =
      TRY(call.services.database.read_value([&](db::Connection& connection) {
        return domains::load_domain(connection, call.organisation(), id);
      }));
  const auto return_path = return_path_in(call.body.get_object(), known.name);
  if (!return_path) return unfit_return_path(return_path.error());
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const SendingDomain before = TRY(domains::load_domain(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    if (*return_path && **return_path != before.return_path_domain) {
      TRY(domains::set_return_path_domain(connection, call.organisation(), before, **return_path,
                                          call.now()));
      TRY(audit(connection, call, "domain.change", before, **return_path));
    }
    return shown(200, connection, call, id);
  });
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<SendingDomainId>("domain_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const SendingDomain before = TRY(domains::load_domain(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(domains::delete_domain(connection, call.organisation(), id));
    TRY(audit(connection, call, "domain.delete", before, {}));
    return Answer::no_content();
  });
}

Result<Answer> rotate(const Call& call) {
  const auto id = TRY(call.id<SendingDomainId>("domain_id"));
  const SendingDomain now_there =
      TRY(call.services.database.read_value([&](db::Connection& connection) {
        return domains::load_domain(connection, call.organisation(), id);
      }));
  domains::KeyWish wish = wish_of(call.body);
  if (wish.algorithms.empty()) {
    for (const DomainKey& key : now_there.keys) {
      const bool is_known =
          std::ranges::find(wish.algorithms, key.algorithm) != wish.algorithms.end();
      if (key.state() != KeyState::retired && !is_known) wish.algorithms.push_back(key.algorithm);
    }
  }
  const auto keys = domains::make_keys(wish, call.now());
  if (!keys) return unfit_wish(keys.error(), "");
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const SendingDomain before = TRY(domains::load_domain(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(domains::add_keys(connection, call.services.ids, call.organisation(), before,
                          call.services.secrets, *keys, call.now()));
    TRY(audit(connection, call, "domain.rotate", before, selectors_of(*keys)));
    return shown(201, connection, call, id);
  });
}

Result<Answer> activate(const Call& call) {
  const auto id = TRY(call.id<SendingDomainId>("domain_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const SendingDomain before = TRY(domains::load_domain(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    std::vector<DomainKeyId> all;
    for (const DomainKey& key : before.keys) all.push_back(key.id);
    if (TRY(domains::activate_keys(connection, call.organisation(), before, all, call.now())) > 0) {
      TRY(audit(connection, call, "domain.activate", before, {}));
    }
    return shown(200, connection, call, id);
  });
}

// DNS is asked between two transactions: it may take its time.
Result<Answer> check(const Call& call) {
  const auto id = TRY(call.id<SendingDomainId>("domain_id"));
  domains::CheckFacts facts;
  const SendingDomain asked = TRY(
      call.services.database.read_value([&](db::Connection& connection) -> Result<SendingDomain> {
        facts.sending = TRY(facts_of(connection, call));
        return domains::load_domain(connection, call.organisation(), id);
      }));
  facts.link_host = domains::host_of_url(call.services.public_url);
  const auto dns = TRY(domains::DnsSession::open(resolver_options(call), kCheckMax));
  const auto report = domains::check_domain(asked, facts, *dns);
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const SendingDomain before = TRY(domains::load_domain(connection, call.organisation(), id));
    TRY(domains::store_check(connection, call.organisation(), before,
                             {domains::findings_to_json(report.findings), report.is_verified},
                             call.now()));
    const SendingDomain checked = TRY(domains::load_domain(connection, call.organisation(), id));
    if (TRY(domains::activate_keys(connection, call.organisation(), checked, report.published,
                                   call.now())) > 0) {
      TRY(audit(connection, call, "domain.activate", checked, {}));
    }
    if (before.verified_at.has_value() != checked.verified_at.has_value()) {
      TRY(audit(connection, call, checked.verified_at ? "domain.verified" : "domain.not_verified",
                checked, {}));
    }
    return shown(200, connection, call, id);
  });
}

}  // namespace

void add_domain_handlers(Registry& registry) {
  registry.answer("listDomains", list);
  registry.answer("createDomain", create);
  registry.answer("getDomain", get);
  registry.answer("changeDomain", change);
  registry.answer("deleteDomain", remove);
  registry.answer("rotateDomainKeys", rotate);
  registry.answer("activateDomainKeys", activate);
  registry.answer("checkDomain", check);
}

}  // namespace tidings::api
