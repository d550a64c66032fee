// Authenticate: from a request to the Principal who asks, or to the answer that refuses it.
//
// Two credentials: `Authorization: Bearer tdg_…` (RFC 6750 §2.1; tdgt_… is a test token), and the
// session cookie `__Host-tidings`, which wins only when there is no Authorization. With the cookie
// anything but GET and HEAD must come from our own pages: Sec-Fetch-Site says same-origin, or where
// a browser does not send it, Origin is ours; else 403 (csrf). No credential, or one that is
// wrong, expired, revoked or whose user is disabled: 401, the same for each.
// Rates: a token bucket per token, per session, and per address for calls without either; beyond
// it 429 with Retry-After. Every admitted call gets the headers that say what is left.
// The dispatcher asks once per request, then checks the operation's permission with
// identity::require(). Requests of the local socket (peer "local") are the person at this machine's
// own shell: identity::local_principal().
// Thread: operator() from any; it reads the database.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "edge/api/call.h"
#include "identity/permission.h"
#include "identity/rate_limiter.h"
#include "net/http_message.h"

namespace tidings::api {

struct AuthenticateOptions {
  // Where people reach us; its https:// says that a proxy ends TLS in front of us.
  std::string public_url;
  identity::Rate per_credential;  // the settings api_rate and api_burst
  identity::Rate per_address;     // the settings address_rate and address_burst
};

// A call that may go on.
struct Caller {
  identity::Principal who;               // of nobody (no id, no permission) for a public operation
  std::vector<net::HttpHeader> headers;  // for its answer: RateLimit, RateLimit-Policy
};

class Authenticate {
 public:
  Authenticate(db::Database& database, const Clock& clock, AuthenticateOptions options);
  ~Authenticate();
  Authenticate(const Authenticate&) = delete;
  Authenticate& operator=(const Authenticate&) = delete;

  // For operations with a permission or `signed-in`.
  std::expected<Caller, Answer> operator()(const net::Request& request);
  // For operations of x-permission `none`: counts the address, reads no credential.
  std::expected<Caller, Answer> anonymous(const net::Request& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view kSessionCookie = "__Host-tidings";

// The address a request really comes from, without port: the peer, or, when the peer is this
// machine and `public_url` is https (a proxy beside us), the last entry of X-Forwarded-For.
std::string client_address(const net::Request& request, std::string_view public_url);
// Refuses a sign-in whose cookie or password would travel in the clear: plain http is only for
// this machine's own browser, unless public_url is https. Errors: session.not_secure (denied).
Result<void> check_sign_in_is_safe(const net::Request& request, std::string_view public_url);
// Refuses what another site's page sent. `needs_proof`: a request that says nothing of where it
// comes from is refused too (one with a cookie). Errors: session.cross_site (denied).
Result<void> check_same_site(const net::Request& request, std::string_view public_url,
                             bool needs_proof);
// The session's secret in the cookie; empty without one.
std::string_view session_cookie(const net::Request& request);
// Set-Cookie that keeps `secret` for `age`, or with an empty one takes it away.
std::string set_session_cookie(std::string_view secret, Duration age);

}  // namespace tidings::api
