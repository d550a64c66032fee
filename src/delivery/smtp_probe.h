// probe_relay: can mail be handed over here? Asked before a campaign is accepted, so that a wrong
// host, password or certificate shows at once and in words.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "wire/relay_url.h"
#include "wire/smtp_client.h"

namespace tidings::delivery {

struct RelayGreeting {
  std::string greeting;  // the server's own words, valid UTF-8
  std::string remote;    // host and address spoken to
  std::string tls;       // "TLSv1.3 TLS_AES_256_GCM_SHA384", or empty: not encrypted
  std::string login;     // the SASL mechanism used, or empty
  wire::SmtpCapabilities capabilities;
};

// Connects, says EHLO, encrypts and logs in as a transport would, and QUITs. Synchronous, on a loop
// of its own: blocks the calling thread for at most `at_most`. Errors carry a sentence for the
// person who typed the address; codes: net.*, tls.*, relay.*.
Result<RelayGreeting> probe_relay(const wire::RelayUrl& relay, const std::string& password,
                                  const std::string& hello_name,
                                  Duration at_most = std::chrono::seconds(30));

}  // namespace tidings::delivery
