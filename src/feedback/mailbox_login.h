// How a mailbox is entered: by a password, or by OAuth 2.0, as Google and Microsoft want it: a
// refresh token that a person obtained once buys an access token for each visit.
//
// Token endpoints are asked over verified TLS at public addresses only (SSRF), or in the networks
// that the operator allows; the host of an access token is the mailbox's, never another.
// Source: RFC 6749 §6 (refreshing), §2.3.1 (client secret in the body). Thread: any; blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/dns.h"
#include "wire/ip_address.h"

namespace tidings::feedback {

struct OAuthClient {
  std::string token_url;  // https
  std::string client_id;
  std::string client_secret;  // empty: a public client
  std::string refresh_token;

  bool is_given() const { return !token_url.empty(); }
};

// One of the two. As text it is sealed.
struct MailboxLogin {
  std::string password;
  OAuthClient oauth;
};
std::string to_text(const MailboxLogin& login);
MailboxLogin login_from_text(std::string_view text);

// Errors: mailbox.oauth (invalid) with what is missing or wrong.
Result<void> check_oauth(const OAuthClient& client);

// From where tokens are fetched.
struct TokenOptions {
  net::ResolverOptions resolver;
  std::vector<wire::IpNetwork> private_networks;  // that may be asked although they are
  std::string ca_file;                            // instead of the system's, unless empty
};
struct AccessToken {
  std::string token;
  std::string refresh_token;  // a new one; empty: the old one stays good
};
// Errors: mailbox.token (denied: the endpoint refuses, and a person must consent anew; unavailable
// otherwise).
Result<AccessToken> fetch_access_token(const OAuthClient& client, const TokenOptions& options);

}  // namespace tidings::feedback
