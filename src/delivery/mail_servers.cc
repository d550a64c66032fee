#include "delivery/mail_servers.h"

#include <algorithm>

#include <fmt/format.h>

#include "delivery/transports.h"
#include "wire/mx_url.h"
#include "wire/relay_url.h"

namespace tidings::delivery {

namespace {

#define TIDINGS_MAIL_SERVER_COLUMNS                                                       \
  "SELECT id, name, url, CASE WHEN sealed_secret IS NULL THEN 0 ELSE 1 END, is_default, " \
  "created_at, changed_at"                                                                \
  " FROM transport WHERE organisation_id = $1 AND deleted_at IS NULL "

constexpr db::Statement kInsert{
    "mail_server.insert",
    "INSERT INTO transport (organisation_id, id, name, url, sealed_secret, is_default, created_at,"
    " changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"};
constexpr db::Statement kUpdate{
    "mail_server.update",
    "UPDATE transport SET name = $1, url = $2, is_default = $3, changed_at = $4"
    " WHERE organisation_id = $5 AND id = $6"};
constexpr db::Statement kSetSecret{
    "mail_server.set_secret",
    "UPDATE transport SET sealed_secret = $1 WHERE organisation_id = $2 AND id = $3"};
constexpr db::Statement kTakeDefault{
    "mail_server.take_default",
    "UPDATE transport SET is_default = 0, changed_at = $1 WHERE organisation_id = $2"
    " AND is_default = 1 AND id <> $3"};
constexpr db::Statement kLoad{"mail_server.load", TIDINGS_MAIL_SERVER_COLUMNS "AND id = $2"};
constexpr db::Statement kList{"mail_server.list",
                              TIDINGS_MAIL_SERVER_COLUMNS "AND id > $2 ORDER BY id LIMIT $3"};
constexpr db::Statement kDelete{
    "mail_server.delete",
    "UPDATE transport SET deleted_at = $1, changed_at = $1, sealed_secret = NULL, is_default = 0"
    " WHERE organisation_id = $2 AND id = $3"};
constexpr db::Statement kInUse{
    "mail_server.in_use",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM campaign WHERE organisation_id = $1"
    " AND transport_id = $2 AND finished_at IS NULL AND deleted_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM message WHERE transport_id = $2 AND state < 3)"};
constexpr db::Statement kDefault{
    "mail_server.default",
    "SELECT id, is_default FROM transport WHERE organisation_id = $1 AND deleted_at IS NULL"
    " ORDER BY is_default DESC, id LIMIT 2"};

MailServer read(const db::Row& row) {
  MailServer server;
  server.id = row.id<TransportId>(0);
  server.name = row.string(1);
  server.url = row.string(2);
  server.has_password = row.boolean(3);
  server.is_default = row.boolean(4);
  server.created_at = row.instant(5);
  server.changed_at = std::max(row.instant(6), server.created_at);
  if (!server.name.empty()) return server;
  const auto relay = wire::parse_relay_url(server.url);
  server.name = relay ? relay->host : server.url;
  return server;
}

std::unexpected<Error> not_found() {
  return fail(ErrorKind::not_found, "mail_server.not_found",
              "There is no such mail server. It may have been deleted.");
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  while (result.ends_with('.')) result.pop_back();
  return result;
}

// How `mail_server_hosts` names mail that goes directly to the recipients' servers.
constexpr std::string_view kDirectHost = "mx:";

bool matches(std::string_view host, std::string_view pattern) {
  if (!pattern.starts_with("*.")) return host == pattern;
  return host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
}

Result<void> check_host(const wire::RelayUrl& relay, const RelayPolicy& policy) {
  if (!relay.ca_file.empty() && !policy.files) {
    return fail(ErrorKind::denied, "relay.file_not_allowed",
                "A certificate file (ca=) can only be named at the command line of this machine.");
  }
  if (policy.hosts.empty() || is_host_among(relay.host, policy.hosts)) return {};
  return fail(ErrorKind::denied, "relay.host_not_allowed",
              fmt::format("Whoever runs this machine does not allow the mail server {}. Ask them, "
                          "or use one they allow.",
                          relay.host));
}

Result<void> store_secret(db::Connection& connection, OrganisationId organisation, TransportId id,
                          const identity::SecretBox& secrets, std::string_view password) {
  const std::string sealed =
      password.empty() ? "" : secrets.seal(transport_seal_context(organisation, id), password);
  TRY(connection.execute(
      kSetSecret,
      {sealed.empty() ? db::Param() : db::Param(db::BytesView{sealed}), organisation, id}));
  return {};
}

}  // namespace

bool is_host_among(std::string_view host, const std::vector<std::string>& hosts) {
  const std::string name = lower(host);
  return std::ranges::any_of(
      hosts, [&](const std::string& pattern) { return matches(name, lower(pattern)); });
}

Result<void> check_relay(std::string_view url, const RelayPolicy& policy) {
  if (url == kSandboxUrl) return {};
  if (!wire::is_mx_url(url)) return check_host(TRY(wire::parse_relay_url(url)), policy);
  const auto direct = TRY(wire::parse_mx_url(url));
  if (!policy.hosts.empty() && std::ranges::find(policy.hosts, kDirectHost) == policy.hosts.end()) {
    return fail(ErrorKind::denied, "relay.host_not_allowed",
                "Whoever runs this machine does not allow mail directly to the servers of its "
                "recipients. Ask them, or use a mail server they allow.");
  }
  for (const wire::MxRoute& route : direct.routes) {
    if (!route.is_direct) TRY(check_host(route.relay, policy));
  }
  return {};
}

bool keeps_password(std::string_view url_before, std::string_view url_after) {
  const auto before = wire::parse_relay_url(url_before);
  const auto after = wire::parse_relay_url(url_after);
  return before && after && lower(before->host) == lower(after->host) &&
         before->user == after->user;
}

Result<TransportId> create_mail_server(db::Connection& connection, IdSource& ids,
                                       OrganisationId organisation,
                                       const identity::SecretBox& secrets,
                                       const MailServerFields& fields, Instant now) {
  const auto id = ids.next<TransportId>();
  if (fields.is_default) TRY(connection.execute(kTakeDefault, {now, organisation, id}));
  TRY(connection.execute(
      kInsert, {organisation, id, fields.name, fields.url, db::Param(), fields.is_default, now}));
  TRY(store_secret(connection, organisation, id, secrets, fields.password.value_or("")));
  return id;
}

Result<void> change_mail_server(db::Connection& connection, OrganisationId organisation,
                                const identity::SecretBox& secrets, const MailServer& before,
                                const MailServerFields& fields, Instant now) {
  const Instant changed = std::max(now, before.changed_at + Duration(1));
  if (fields.is_default) TRY(connection.execute(kTakeDefault, {changed, organisation, before.id}));
  TRY(connection.execute(
      kUpdate, {fields.name, fields.url, fields.is_default, changed, organisation, before.id}));
  if (fields.password) {
    return store_secret(connection, organisation, before.id, secrets, *fields.password);
  }
  if (!keeps_password(before.url, fields.url)) {
    return store_secret(connection, organisation, before.id, secrets, "");
  }
  return {};
}

Result<MailServer> load_mail_server(db::Connection& connection, OrganisationId organisation,
                                    TransportId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) return not_found();
  return *std::move(found);
}

Result<std::vector<MailServer>> list_mail_servers(db::Connection& connection,
                                                  OrganisationId organisation, TransportId after,
                                                  int limit) {
  std::vector<MailServer> list;
  TRY(connection.query(kList, {organisation, after, limit},
                       [&](const db::Row& row) { list.push_back(read(row)); }));
  return list;
}

Result<void> delete_mail_server(db::Connection& connection, OrganisationId organisation,
                                TransportId id, Instant now) {
  const MailServer server = TRY(load_mail_server(connection, organisation, id));
  const auto in_use =
      TRY(connection.query_first(kInUse, {organisation, id}, [](const db::Row&) { return true; }));
  if (in_use) {
    return fail(ErrorKind::conflict, "mail_server.in_use",
                fmt::format("Messages still wait to leave by {}. Let them finish, or cancel them, "
                            "before you delete it.",
                            server.name));
  }
  TRY(connection.execute(kDelete, {now, organisation, id}));
  return {};
}

Result<TransportId> default_mail_server(db::Connection& connection, OrganisationId organisation) {
  std::vector<std::pair<TransportId, bool>> found;
  TRY(connection.query(kDefault, {organisation}, [&](const db::Row& row) {
    found.emplace_back(row.id<TransportId>(0), row.boolean(1));
  }));
  if (!found.empty() && (found[0].second || found.size() == 1)) return found[0].first;
  return fail(ErrorKind::invalid, "mail_server.none",
              found.empty() ? "There is no mail server yet. Add one, or the sandbox to try things "
                              "out safely."
                            : "Choose which mail server is the default one.");
}

}  // namespace tidings::delivery
