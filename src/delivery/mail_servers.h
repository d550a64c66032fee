// Mail servers: the transports that an organisation's people set up, name and choose from. (The
// words of a screen; in code and SQL it is a transport.)
//
// A password is sealed, never given back, and never sent to another host or for another user than
// it was given for: changing either forgets it, unless a new one comes along.
// Thread: any, one Connection each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "identity/secret_box.h"

namespace tidings::delivery {

inline constexpr std::size_t kMailServerNameMax = 200;
inline constexpr std::size_t kMailServerPasswordMax = 4096;

// What a person gives.
struct MailServerFields {
  std::string name;
  std::string url;                      // wire/relay_url.h, wire/mx_url.h, or `sandbox:`
  std::optional<std::string> password;  // nothing: the one it has
  bool is_default = false;              // one of them is; setting it takes it from the other
};

struct MailServer {
  TransportId id;
  std::string name;  // the host's where it came from the command line
  std::string url;
  bool has_password = false;
  bool is_default = false;
  Instant created_at{};
  Instant changed_at{};
};

// Which relay URLs may be used: the operator's say about hosts (setting `mail_server_hosts`), and
// whether the asker may name files of this machine (`ca=`).
struct RelayPolicy {
  std::vector<std::string> hosts;  // "mail.example.org", "*.example.org", "mx:"; empty: any
  bool files = false;
};
// Whether `host` is one of `hosts`, as RelayPolicy has them.
bool is_host_among(std::string_view host, const std::vector<std::string>& hosts);
// Errors: relay_url.*, mx_url.* (invalid), relay.host_not_allowed, relay.file_not_allowed (denied).
Result<void> check_relay(std::string_view url, const RelayPolicy& policy);

// Errors of all: mail_server.not_found. `fields` were checked.
Result<TransportId> create_mail_server(db::Connection& connection, IdSource& ids,
                                       OrganisationId organisation,
                                       const identity::SecretBox& secrets,
                                       const MailServerFields& fields, Instant now);
Result<void> change_mail_server(db::Connection& connection, OrganisationId organisation,
                                const identity::SecretBox& secrets, const MailServer& before,
                                const MailServerFields& fields, Instant now);
Result<MailServer> load_mail_server(db::Connection& connection, OrganisationId organisation,
                                    TransportId id);
// In the order they were made: those after `after` (not valid(): from the first).
Result<std::vector<MailServer>> list_mail_servers(db::Connection& connection,
                                                  OrganisationId organisation, TransportId after,
                                                  int limit);
// Its password is wiped. Error: mail_server.in_use (conflict) while something waits to leave by it.
Result<void> delete_mail_server(db::Connection& connection, OrganisationId organisation,
                                TransportId id, Instant now);
// The default one; the only one where there is one and none is marked. Error:
// mail_server.none (invalid) with what to do.
Result<TransportId> default_mail_server(db::Connection& connection, OrganisationId organisation);

// Whether the same password may go with both URLs.
bool keeps_password(std::string_view url_before, std::string_view url_after);

}  // namespace tidings::delivery
