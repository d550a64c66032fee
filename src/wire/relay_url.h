// RelayUrl: where and how mail is handed over, as one line of configuration.
//
//   smtp://[USER@]HOST[:PORT][?OPTIONS]     STARTTLS when offered; port 587 with a user, else 25
//   smtps://[USER@]HOST[:PORT][?OPTIONS]    encrypted from the start, certificate verified; port
//   465
//
// Options, joined by '&':
//   tls=auto      (smtp://) encrypt when offered; the certificate is verified when there is a user
//   tls=required  encrypt or do not send; the certificate is verified when there is a user
//   tls=verify    encrypt with a verified certificate or do not send
//   tls=insecure  encrypt when offered (smtps: always), accept every certificate
//   tls=off       (smtp://) never encrypt
//   ca=FILE       trust the authorities of this PEM file instead of the system's
//   auth=A,B      SASL mechanisms in order of preference (scram-sha-256, cram-md5, plain, login,
//                 xoauth2, oauthbearer; for the last two the password is the access token)
//   auth_in_clear=yes  log in also without encryption
//   helo=NAME     the name to say in EHLO
// The user name is percent-encoded where needed ("%40" for '@'). A password has no place in it.
// Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/smtp_client.h"

namespace tidings::wire {

struct RelayUrl {
  std::string host;  // a name or an address; IPv6 without brackets
  std::uint16_t port = 25;
  std::string user;
  SmtpTlsUse tls = SmtpTlsUse::when_offered;
  bool verify_certificate = false;
  std::string ca_file;
  std::vector<SaslMechanism> mechanisms = default_sasl_order();
  bool auth_in_clear = false;
  std::string hello_name;  // empty: the sending side's own
};

// Errors: `invalid`, code `relay_url.<case>`.
Result<RelayUrl> parse_relay_url(std::string_view text);

// May be said in EHLO: printable ASCII without spaces, not empty.
bool is_hello_name(std::string_view name);

}  // namespace tidings::wire
