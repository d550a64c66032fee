#include "edge/api/authenticate.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "edge/http/peer.h"
#include "identity/api_tokens.h"
#include "identity/sessions.h"

namespace tidings::api {
namespace {

using net::Request;
using Found = std::optional<identity::FoundPrincipal>;

// A credential is 43 characters and a prefix: anything longer is none.
constexpr std::size_t kCredentialMax = 128;

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" || host == "[::1]" ||
         host.starts_with("127.") || host.starts_with("::ffff:127.");
}
bool is_https(std::string_view url) { return lower(url.substr(0, 8)) == "https://"; }

// "https://host:port" of a URL, in lower case; empty without one.
std::string origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t end = std::min(url.find('/', scheme + 3), url.size());
  return lower(url.substr(0, end));
}

bool is_ours(std::string_view origin, const Request& request, std::string_view public_url) {
  const std::string asked = lower(origin);
  if (asked == origin_of(public_url)) return true;
  const std::string host = lower(request.header("Host"));
  return !host.empty() && (asked == "http://" + host || asked == "https://" + host);
}

Answer refused(int status, std::string code, std::string message) {
  const ErrorKind kind = status == 429 ? ErrorKind::limit : ErrorKind::denied;
  return Answer::problem(status, {kind, std::move(code), std::move(message)});
}

Answer not_signed_in(bool had_credential) {
  Answer answer =
      refused(401, "auth.required",
              had_credential
                  ? "This token or session is not valid (any more). Sign in again, or use another "
                    "token."
                  : "Sign in, or send an API token: Authorization: Bearer tdg_…");
  // RFC 6750 §3: the error only when a credential was given.
  answer.headers.push_back(
      {"WWW-Authenticate", had_credential ? "Bearer realm=\"tidings\", error=\"invalid_token\""
                                          : "Bearer realm=\"tidings\""});
  return answer;
}

}  // namespace

std::string client_address(const Request& request, std::string_view public_url) {
  const std::string_view peer = http::without_port(request.peer);
  if (!is_https(public_url) || !is_loopback(peer)) return std::string(peer);
  // Each proxy adds at the end who spoke to it: the last entry is what our own proxy saw.
  std::string_view forwarded;
  for (const auto& header : request.headers) {
    if (net::equal_ignoring_case(header.name, "X-Forwarded-For")) forwarded = header.value;
  }
  const std::size_t comma = forwarded.rfind(',');
  if (comma != std::string_view::npos) forwarded.remove_prefix(comma + 1);
  forwarded = trimmed(forwarded, kBlanks);
  if (forwarded.empty() || forwarded.size() > 64) return std::string(peer);
  return std::string(http::without_port(forwarded));
}

Result<void> check_sign_in_is_safe(const Request& request, std::string_view public_url) {
  // The folder's socket, or a command that answers itself: nothing travels.
  if (request.peer == "local" || request.peer.empty()) return {};
  const std::string_view forwarded = request.header("X-Forwarded-Proto");
  if (is_https(public_url) && (forwarded.empty() || lower(forwarded) == "https")) return {};
  const std::string_view host = request.header("Host");
  if (is_loopback(http::without_port(request.peer)) && is_loopback(http::without_port(host)))
    return {};
  return fail(ErrorKind::denied, "session.not_secure",
              "Signing in over plain http would show the password to everybody on the way. Open "
              "the https:// address of this server; whoever runs it sets public_url = "
              "\"https://…\" and puts a proxy with a certificate in front.");
}

Result<void> check_same_site(const Request& request, std::string_view public_url,
                             bool needs_proof) {
  // Fetch Metadata (W3C) §2.1: the browser's own word, which no page can set.
  const std::string_view site = request.header("Sec-Fetch-Site");
  const std::string_view origin = request.header("Origin");
  const bool is_same_origin = site == "same-origin" || (site.empty() && !origin.empty());
  const bool is_unknown = site.empty() && origin.empty();
  const bool is_origin_ours = origin.empty() || is_ours(origin, request, public_url);
  // Behind a proxy that renames the host the browser's word is enough.
  if (site == "same-origin" || (is_same_origin && is_origin_ours)) return {};
  if (is_unknown && !needs_proof) return {};
  return fail(ErrorKind::denied, "session.cross_site",
              "This request came from another website's page, or does not say from which. Nothing "
              "was changed. Programs use an API token instead of a session.");
}

std::string_view session_cookie(const Request& request) {
  // RFC 6265 §4.2.1: pairs with "; " between, in one or several headers.
  for (const auto& header : request.headers) {
    if (!net::equal_ignoring_case(header.name, "Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trimmed(rest.substr(0, end), kBlanks);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == kSessionCookie) {
        return pair.substr(equals + 1);
      }
    }
  }
  return {};
}

std::string set_session_cookie(std::string_view secret, Duration age) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  return fmt::format("{}={}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Lax", kSessionCookie,
                     secret, secret.empty() ? 0 : seconds);
}

struct Authenticate::Impl {
  db::Database& database;
  const Clock& clock;
  const AuthenticateOptions options;
  identity::RateLimiter limiter;

  std::expected<std::vector<net::HttpHeader>, Answer> count(const std::string& caller,
                                                            const identity::Rate& rate) {
    const auto decision = limiter.take(caller, rate, clock.now());
    auto headers = identity::rate_headers(decision, rate);
    if (decision.is_allowed) return headers;
    Answer answer = refused(429, "rate.limited",
                            fmt::format("Too many calls. Try again in {} second{}.",
                                        decision.retry_s, decision.retry_s == 1 ? "" : "s"));
    std::ranges::move(headers, std::back_inserter(answer.headers));
    return std::unexpected(std::move(answer));
  }

  std::expected<std::vector<net::HttpHeader>, Answer> count_address(const Request& request) {
    return count("address/" + client_address(request, options.public_url), options.per_address);
  }

  // A call without a valid credential counts for its address, so that guessing is slow.
  std::unexpected<Answer> refuse(const Request& request, bool had_credential) {
    auto counted = count_address(request);
    return std::unexpected(counted ? not_signed_in(had_credential) : std::move(counted.error()));
  }

  Result<Found> find(std::string_view bearer, std::string_view cookie) {
    return database.read_value([&](db::Connection& connection) {
      return bearer.empty() ? identity::find_session(connection, cookie, clock.now())
                            : identity::find_api_token(connection, bearer, clock.now());
    });
  }

  // To the minute, and without waiting: it may be lost.
  void note_use(const identity::FoundPrincipal& found) {
    const Instant now = clock.now();
    if (now < found.used_at + identity::kUsedPrecision) return;
    database.write_async(
        db::Priority::web,
        [who = found.who, now](db::Connection& connection) {
          return who.token_id.valid() ? identity::note_api_token_use(
                                            connection, who.organisation_id, who.token_id, now)
                                      : identity::note_session_use(connection, who.session_id, now);
        },
        [](const Result<void>&) {});
  }
};

Authenticate::Authenticate(db::Database& database, const Clock& clock, AuthenticateOptions options)
    : impl_(new Impl{database, clock, std::move(options), {}}) {}

Authenticate::~Authenticate() = default;

std::expected<Caller, Answer> Authenticate::operator()(const Request& request) {
  const std::string_view authorization = request.header("Authorization");
  std::string_view bearer;
  std::string_view cookie;
  if (!authorization.empty()) {
    const std::size_t blank = std::min(authorization.find(' '), authorization.size());
    if (lower(authorization.substr(0, blank)) == "bearer") {
      bearer = trimmed(authorization.substr(blank), kBlanks);
    }
    if (bearer.empty()) return impl_->refuse(request, true);
  } else {
    cookie = session_cookie(request);
  }
  const std::string_view credential = bearer.empty() ? cookie : bearer;
  if (credential.empty()) return impl_->refuse(request, false);
  if (credential.size() > kCredentialMax) return impl_->refuse(request, true);
  auto found = impl_->find(bearer, cookie);
  if (!found) {
    return std::unexpected(Answer::problem(status_of(found.error().kind), found.error()));
  }
  if (!*found) return impl_->refuse(request, true);
  const identity::FoundPrincipal& principal = **found;
  if (bearer.empty() && request.method != "GET" && request.method != "HEAD") {
    const auto same_site = check_same_site(request, impl_->options.public_url, true);
    if (!same_site) {
      return std::unexpected(Answer::problem(403, same_site.error()));
    }
  }
  auto headers =
      impl_->count(principal.who.token_id.valid() ? "token/" + to_text(principal.who.token_id)
                                                  : "session/" + to_text(principal.who.session_id),
                   impl_->options.per_credential);
  if (!headers) return std::unexpected(std::move(headers.error()));
  impl_->note_use(principal);
  return Caller{principal.who, *std::move(headers)};
}

std::expected<Caller, Answer> Authenticate::anonymous(const Request& request) {
  auto headers = impl_->count_address(request);
  if (!headers) return std::unexpected(std::move(headers.error()));
  return Caller{{}, *std::move(headers)};
}

}  // namespace tidings::api
