#include "delivery/transports.h"

#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "delivery/mx_transport.h"
#include "delivery/smtp_transport.h"
#include "wire/mx_url.h"
#include "wire/relay_url.h"

namespace tidings::delivery {

namespace {

constexpr db::Statement kList{"transport.list",
                              "SELECT id, sealed_secret FROM transport WHERE organisation_id = $1 "
                              "AND url = $2 AND deleted_at IS NULL ORDER BY id"};
constexpr db::Statement kInsert{
    "transport.insert",
    "INSERT INTO transport (organisation_id, id, url, sealed_secret, created_at)"
    " VALUES ($1, $2, $3, $4, $5)"};
constexpr db::Statement kLoad{
    "transport.load",
    "SELECT url, sealed_secret FROM transport WHERE organisation_id = $1 AND id = $2"};

Result<std::unique_ptr<Transport>> make_mx(net::EventLoop& loop, DeliveryPort& port,
                                           std::string_view url, const TransportOptions& options) {
  MxTransportSettings settings;
  settings.url = TRY(wire::parse_mx_url(url));
  settings.hello_name = machine_name();
  settings.port = options.mx.port;
  settings.private_networks = options.mx.private_networks;
  settings.connections_per_site = options.mx.connections;  // the engine allows fewer
  settings.connections_max = options.mx.connections;
  net::Resolver* const resolver = TRY(options.mx.resolver());
  return TRY(MxTransport::create(loop, port, *resolver, options.mx.policies(*resolver), settings));
}

}  // namespace

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

std::string transport_seal_context(OrganisationId organisation, TransportId id) {
  return fmt::format("transport/{}/{}", to_text(organisation), to_text(id));
}

Result<void> check_transport_url(std::string_view url) {
  if (url == kSandboxUrl) return {};
  if (wire::is_mx_url(url)) {
    TRY(wire::parse_mx_url(url));
  } else {
    TRY(wire::parse_relay_url(url));
  }
  return {};
}

Result<TransportId> store_transport(db::Connection& connection, IdSource& ids,
                                    OrganisationId organisation, const identity::SecretBox& secrets,
                                    std::string_view url, std::string_view secret, Instant now) {
  std::vector<std::pair<TransportId, std::string>> stored;
  TRY(connection.query(kList, {organisation, url}, [&](const db::Row& row) {
    stored.emplace_back(row.id<TransportId>(0), row.is_null(1) ? "" : row.bytes(1));
  }));
  for (const auto& [id, sealed] : stored) {
    const auto known = sealed.empty()
                           ? Result<std::string>("")
                           : secrets.unseal(transport_seal_context(organisation, id), sealed);
    if (known && *known == secret) return id;
  }
  const auto id = ids.next<TransportId>();
  const std::string sealed =
      secret.empty() ? "" : secrets.seal(transport_seal_context(organisation, id), secret);
  TRY(connection.execute(kInsert,
                         {organisation, id, url,
                          sealed.empty() ? db::Param() : db::Param(db::BytesView{sealed}), now}));
  return id;
}

Result<StoredTransport> load_transport(db::Connection& connection, OrganisationId organisation,
                                       TransportId id, const identity::SecretBox& secrets) {
  StoredTransport stored;
  std::string sealed;
  TRY(connection.query(kLoad, {organisation, id}, [&](const db::Row& row) {
    stored.url = row.text(0);
    if (!row.is_null(1)) sealed = row.bytes(1);
  }));
  if (stored.url.empty()) {
    return fail(ErrorKind::not_found, "transport.not_found",
                "The mail server this campaign was to leave by is not known any more.");
  }
  if (!sealed.empty()) {
    stored.secret = TRY(secrets.unseal(transport_seal_context(organisation, id), sealed));
  }
  return stored;
}

Result<std::unique_ptr<Transport>> make_transport(net::EventLoop& loop, DeliveryPort& port,
                                                  const StoredTransport& stored,
                                                  const TransportOptions& options) {
  if (stored.url == kSandboxUrl) {
    return make_sandbox_transport(loop, port, options.sandbox_folder, options.evidence);
  }
  if (wire::is_mx_url(stored.url)) return make_mx(loop, port, stored.url, options);
  SmtpTransportSettings settings;
  settings.relay = TRY(wire::parse_relay_url(stored.url));
  settings.password = stored.secret;
  settings.hello_name = machine_name();
  settings.connections_max = options.connections;
  return TRY(SmtpTransport::create(loop, port, std::move(settings)));
}

}  // namespace tidings::delivery
