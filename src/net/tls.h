// TlsContext: how a side of TLS is set up: which certificates are trusted, or which is shown.
// Spec: RFC 8446, 5246; names are verified by RFC 9525 (OpenSSL's X509_check_host), TLSA records by
// RFC 6698, 7671.
// Thread: create on any, use from one loop at a time.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace tidings::net {

enum class TlsVerify {
  full,  // chain and name
  none,  // any certificate: keeps listeners out, not impostors
};

class TlsContext {
 public:
  // For connections we make. `ca_file` (PEM) replaces the system's authorities unless empty.
  static Result<std::shared_ptr<TlsContext>> client(TlsVerify verify, const std::string& ca_file);
  // For connections we accept: PEM files, the certificate with its chain.
  static Result<std::shared_ptr<TlsContext>> server(const std::string& certificate_file,
                                                    const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const { return context_; }
  TlsVerify verify() const { return verify_; }
  bool is_server() const { return server_; }

 private:
  TlsContext(ssl_ctx_st* context, TlsVerify verify, bool server)
      : context_(context), verify_(verify), server_(server) {}

  ssl_ctx_st* context_;
  TlsVerify verify_;
  bool server_;
};

}  // namespace tidings::net
