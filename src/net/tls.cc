#include "net/tls.h"

#include <array>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace tidings::net {
namespace {

std::string openssl_words() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

Result<SSL_CTX*> new_context(const SSL_METHOD* method) {
  SSL_CTX* const context = SSL_CTX_new(method);
  if (context == nullptr) {
    return fail(ErrorKind::internal, "tls.context",
                fmt::format("TLS cannot be set up: {}.", openssl_words()));
  }
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::client(TlsVerify verify,
                                                       const std::string& ca_file) {
  SSL_CTX* const raw = TRY(new_context(TLS_client_method()));
  std::shared_ptr<TlsContext> context(new TlsContext(raw, verify, false));
  SSL_CTX_dane_enable(raw);  // possible from now on, nothing else
  if (verify == TlsVerify::none) return context;
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw)
                                     : SSL_CTX_load_verify_locations(raw, ca_file.c_str(), nullptr);
  if (loaded == 1) return context;
  return fail(ErrorKind::invalid, "tls.authorities",
              ca_file.empty()
                  ? fmt::format("The system's certificate authorities cannot be read: {}. Install "
                                "the package ca-certificates.",
                                openssl_words())
                  : fmt::format("The certificate authorities in {} cannot be read: {}.", ca_file,
                                openssl_words()));
}

Result<std::shared_ptr<TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                       const std::string& key_file) {
  SSL_CTX* const raw = TRY(new_context(TLS_server_method()));
  std::shared_ptr<TlsContext> context(new TlsContext(raw, TlsVerify::none, true));
  if (SSL_CTX_use_certificate_chain_file(raw, certificate_file.c_str()) != 1) {
    return fail(
        ErrorKind::invalid, "tls.certificate",
        fmt::format("The certificate {} cannot be read: {}.", certificate_file, openssl_words()));
  }
  if (SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return fail(ErrorKind::invalid, "tls.key",
                fmt::format("The private key {} cannot be read or is not the certificate's: {}.",
                            key_file, openssl_words()));
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace tidings::net
