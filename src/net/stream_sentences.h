// What a person is told when a connection cannot be made or encrypted. Inside net only: it names
// Asio and OpenSSL types. Thread: pure.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <string>

#include <openssl/types.h>

#include "base/result.h"

namespace tidings::net {

// `port` 0: `host` is the path of a Unix socket.
Error connect_error(const std::string& host, std::uint16_t port,
                    const boost::system::error_code& error);
// Gives the certificate's names to tls_error(): OpenSSL forgets a refused certificate. To be set as
// the verify callback; the SSL's app data is a std::string that outlives the handshake.
int note_certificate_names(int verified, X509_STORE_CTX* context);
// After a handshake with `host` failed.
Error tls_error(const std::string& host, SSL* ssl);

}  // namespace tidings::net
