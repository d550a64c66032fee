// Stream: one connection, made by us or accepted, over TCP or a Unix socket, with TLS in place when
// asked for. It never queues: what the network does not take now is the owner's to keep.
//
// Thread: the loop's. Callbacks come from the loop, never from inside a call, and never after
// close() or destruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/fwd.h"
#include "wire/dns_records.h"

namespace tidings::net {

class StreamHandler {
 public:
  virtual void on_connected() {}
  // The connection could not be made; the sentence says what to check. Nothing follows.
  virtual void on_connect_failed(Error error) = 0;
  // The handshake begun by start_tls() succeeded, or failed with a sentence about the certificate.
  virtual void on_tls_established() {}
  virtual void on_tls_failed(Error error) = 0;
  // `bytes` are valid during the call.
  virtual void on_bytes(std::string_view bytes) = 0;
  // send() took less than it was given; it may take more now.
  virtual void on_writable() = 0;
  // The peer closed (`why` empty) or the connection broke. Nothing follows.
  virtual void on_closed(std::string_view why) = 0;

 protected:
  ~StreamHandler() = default;
};

class Stream {
 public:
  // `handler` outlives the stream or close() is called first.
  Stream(EventLoop& loop, StreamHandler& handler);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Resolves and connects, trying every address (IPv6 and IPv4) in turn within `at_most` in all.
  // `source`: an address of this machine to leave from; empty: any.
  void connect_tcp(const std::string& host, std::uint16_t port, Duration at_most,
                   const std::string& source = {});
  void connect_unix(const std::string& path);
  // Takes over an accepted, connected socket.
  void adopt(int descriptor);

  // Begins the handshake, in the role of the context. `name` is what a client expects the
  // certificate to name: a host name or an IP address. Bytes not yet read belong to TLS.
  // `tlsa`: when there are any, the certificate is held against these (DANE) instead of the
  // context's authorities.
  void start_tls(const std::shared_ptr<TlsContext>& context, const std::string& name,
                 std::span<const wire::TlsaRecord> tlsa = {});

  // Hands pieces to the network and says how many octets it took. Less than all: on_writable()
  // follows. An error shows as on_closed().
  std::size_t send(std::span<const std::string_view> pieces);

  // Lets what send() took go out, then closes; nothing more is read.
  void close();
  // Closes with a reset.
  void abort();
  bool open() const;

  // "192.0.2.1:25", or the path; empty before it is connected.
  const std::string& peer() const;
  // "TLSv1.3 TLS_AES_256_GCM_SHA384", or empty.
  std::string tls_words() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidings::net
