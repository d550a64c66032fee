#include "feedback/mailbox_login.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "delivery/domains/dns_session.h"
#include "net/https_get.h"
#include "wire/url.h"

namespace tidings::feedback {

namespace {

namespace json = boost::json;

constexpr std::size_t kPartMax = 8'000;
constexpr Duration kAskMax = std::chrono::seconds(20);
constexpr std::size_t kAddressesMax = 8;

struct TokenUrl {
  std::string host;
  std::uint16_t port = 443;
  std::string path;
};

std::optional<TokenUrl> read_token_url(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!text.starts_with(kScheme) || text.size() > kPartMax || !is_plain) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  TokenUrl url{std::string(text.substr(0, slash)), 443, std::string(text.substr(slash))};
  if (url.path.empty()) url.path = "/";
  if (const std::size_t colon = url.host.find(':'); colon != std::string::npos) {
    const std::string_view port = std::string_view(url.host).substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return std::nullopt;
    }
    url.host.resize(colon);
  }
  const bool is_host = !url.host.empty() && url.path.find('#') == std::string::npos &&
                       std::ranges::all_of(url.host, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '.';
                       });
  return is_host ? std::optional(std::move(url)) : std::nullopt;
}

std::unexpected<Error> wrong(std::string sentence) {
  return fail(ErrorKind::invalid, "mailbox.oauth", std::move(sentence));
}

Result<std::vector<wire::IpAddress>> addresses_of(const TokenUrl& url,
                                                  const TokenOptions& options) {
  std::vector<wire::IpAddress> found;
  const auto add = [&](const wire::IpAddress& address) {
    const bool is_allowed = address.is_public() ||
                            std::ranges::any_of(options.private_networks, [&](const auto& network) {
                              return network.contains(address);
                            });
    if (is_allowed && found.size() < kAddressesMax) found.push_back(address);
  };
  if (const auto literal = wire::IpAddress::parse(url.host)) {
    add(*literal);
  } else {
    const auto dns = TRY(domains::DnsSession::open(options.resolver, kAskMax));
    for (const auto& answer : {dns->a(url.host), dns->aaaa(url.host)}) {
      std::ranges::for_each(answer.records, add);
    }
  }
  if (found.empty()) {
    return fail(ErrorKind::unavailable, "mailbox.token",
                fmt::format("{} has no public address, so it was not asked for an access token.",
                            url.host));
  }
  return found;
}

std::string form_of(const OAuthClient& client) {
  std::string form = fmt::format("grant_type=refresh_token&refresh_token={}&client_id={}",
                                 wire::percent_encode(client.refresh_token),
                                 wire::percent_encode(client.client_id));
  if (!client.client_secret.empty()) {
    form += "&client_secret=" + wire::percent_encode(client.client_secret);
  }
  return form;
}

}  // namespace

std::string to_text(const MailboxLogin& login) {
  json::object text{{"password", login.password}};
  if (login.oauth.is_given()) {
    text["token_url"] = login.oauth.token_url;
    text["client_id"] = login.oauth.client_id;
    text["client_secret"] = login.oauth.client_secret;
    text["refresh_token"] = login.oauth.refresh_token;
  }
  return json::serialize(text);
}

MailboxLogin login_from_text(std::string_view text) {
  const json::object object = object_of(text).value_or(json::object());
  return {text_of(object, "password"),
          {text_of(object, "token_url"), text_of(object, "client_id"),
           text_of(object, "client_secret"), text_of(object, "refresh_token")}};
}

Result<void> check_oauth(const OAuthClient& client) {
  if (!read_token_url(client.token_url)) {
    return wrong(
        "Give the token endpoint as https://…, such as "
        "https://oauth2.googleapis.com/token.");
  }
  const auto is_fit = [](std::string_view part) {
    return part.size() <= kPartMax &&
           std::ranges::all_of(part, [](char c) { return c > 0x20 && c < 0x7F; });
  };
  if (client.client_id.empty() || client.refresh_token.empty()) {
    return wrong("OAuth needs token_url, client_id and refresh_token, and mostly client_secret.");
  }
  if (!is_fit(client.client_id) || !is_fit(client.client_secret) || !is_fit(client.refresh_token)) {
    return wrong("A token has a space or a line break in it. Copy it again.");
  }
  return {};
}

Result<AccessToken> fetch_access_token(const OAuthClient& client, const TokenOptions& options) {
  const auto url = read_token_url(client.token_url);
  if (!url) return wrong("The token endpoint cannot be read.");
  net::HttpsRequest request;
  request.host = url->host;
  request.port = url->port;
  request.path = url->path;
  request.addresses = TRY(addresses_of(*url, options));
  request.ca_file = options.ca_file;
  request.timeout = kAskMax;
  request.form = form_of(client);
  const net::HttpsAnswer answer = TRY(net::https_get(request));
  const json::object told = object_of(answer.body).value_or(json::object());
  AccessToken token{text_of(told, "access_token"), text_of(told, "refresh_token")};
  if (answer.status == 200 && !token.token.empty()) return token;
  if (answer.status == 400 || answer.status == 401) {
    return fail(ErrorKind::denied, "mailbox.token",
                fmt::format("{} gives no access token ({}). Give your consent again, and a new "
                            "refresh token.",
                            url->host, text_of(told, "error").substr(0, 100)));
  }
  return fail(
      ErrorKind::unavailable, "mailbox.token",
      fmt::format("{} gives no access token now: it answers {}.", url->host, answer.status));
}

}  // namespace tidings::feedback
