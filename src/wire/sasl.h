// SASL: the client's side of the authentication mechanisms mail servers offer.
//
// Spec: RFC 4954 (SMTP AUTH), 4616 (PLAIN), LOGIN (draft-murchison-sasl-login), 2195 (CRAM-MD5),
// 5802 and 7677 (SCRAM-SHA-256, the server's signature is verified), 7628 (OAUTHBEARER), XOAUTH2
// (Google, Microsoft). Deviates: no channel binding (SCRAM-SHA-256-PLUS).
// Thread: values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidings::wire {

enum class SaslMechanism { scram_sha_256, cram_md5, plain, login, xoauth2, oauthbearer };

// The name as a server lists it: "SCRAM-SHA-256".
std::string_view to_string(SaslMechanism mechanism);
// Either case, '_' as '-'.
std::optional<SaslMechanism> parse_sasl_mechanism(std::string_view name);

struct SaslCredentials {
  std::string user;
  std::string password;  // of XOAUTH2 and OAUTHBEARER: the access token
};

// One conversation. Octets, not base64.
class SaslClient {
 public:
  virtual ~SaslClient() = default;
  // What goes with the AUTH command, when the mechanism begins with the client.
  virtual std::optional<std::string> initial_response() = 0;
  // Answers a challenge; an error ends the conversation (the caller sends "*").
  virtual Result<std::string> respond(std::string_view challenge) = 0;
  // After the server's success: did it prove what the mechanism asks of it?
  virtual bool server_proved() const { return true; }
};

// `nonce` is for tests; empty draws a random one. The credentials are copied.
std::unique_ptr<SaslClient> make_sasl_client(SaslMechanism mechanism, SaslCredentials credentials,
                                             std::string nonce = {});

// What is tried when nothing is configured, strongest first.
const std::vector<SaslMechanism>& default_sasl_order();

}  // namespace tidings::wire
