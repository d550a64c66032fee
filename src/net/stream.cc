#include "net/stream.h"

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/check.h"
#include "net/event_loop.h"
#include "net/stream_sentences.h"
#include "net/tls.h"

namespace tidings::net {
namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t read_size = 16384;
constexpr std::size_t pieces_max = 64;  // of one sendmsg
// One TLS record: small pieces are joined up to this, so that they do not each cost a record.
constexpr std::size_t tls_record = 16384;
// Read from one connection before the loop turns to the others.
constexpr int reads_per_turn = 8;

// A BIO on a socket that never raises SIGPIPE.
int bio_write(BIO* bio, const char* data, int size) {
  const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(fd, data, static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

struct BioMethod {
  BioMethod() : method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tidings")) {
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_ctrl(method, bio_control);
  }
  ~BioMethod() { BIO_meth_free(method); }
  BIO_METHOD* method;
};

BIO* new_socket_bio(int fd) {
  static const BioMethod method;
  BIO* const bio = BIO_new(method.method);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

// RFC 7671 §5.1: of a certificate that is named itself (usage 3) the names do not count.
void hold_against(SSL* ssl, const std::string& name, std::span<const wire::TlsaRecord> tlsa) {
  SSL_dane_enable(ssl, name.c_str());
  SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  for (const wire::TlsaRecord& record : tlsa) {
    SSL_dane_tlsa_add(ssl, record.usage, record.selector, record.matching_type,
                      reinterpret_cast<const unsigned char*>(record.data.data()),
                      record.data.size());
  }
  SSL_set_verify(ssl, SSL_VERIFY_PEER, note_certificate_names);
}

}  // namespace

// Kept alive by the handlers under way. `handler` is null once nobody is to be told anything.
struct Stream::Impl : std::enable_shared_from_this<Stream::Impl> {
  Impl(asio::io_context& context, StreamHandler& owner)
      : socket(context), resolver(context), timer(context), handler(&owner) {}
  ~Impl() { SSL_free(ssl); }

  using Socket = asio::generic::stream_protocol::socket;
  Socket socket;
  tcp::resolver resolver;
  asio::steady_timer timer;
  StreamHandler* handler;
  std::string peer;
  std::string host;
  std::uint16_t port = 0;
  std::string source;
  std::vector<tcp::endpoint> endpoints;
  std::size_t next_endpoint = 0;
  std::chrono::steady_clock::time_point connect_until;
  error_code last_error;
  std::shared_ptr<TlsContext> tls;
  SSL* ssl = nullptr;
  bool established = false;
  bool awaiting_write = false;
  bool awaiting_read = false;
  bool connecting = false;
  std::array<char, read_size> buffer;
  std::string certificate_names;  // of a refused certificate
  std::string record;             // pieces joined for TLS

  void resolve(Duration at_most);
  void try_next();
  void bind_source(const tcp::endpoint& endpoint, error_code& error);
  void connected(std::string where);
  void connect_failed(const error_code& error);
  void read();
  void read_tls();
  void tls_readable();
  void await_readable();
  void handshake();
  void tls_broken();
  void await_writable();
  void writable();
  std::size_t send_plain(std::span<const std::string_view> pieces);
  std::size_t send_tls(std::span<const std::string_view> pieces);
  void broken(std::string why);
  void shut();
};

void Stream::Impl::resolve(Duration at_most) {
  connecting = true;
  connect_until = std::chrono::steady_clock::now() + at_most;
  timer.expires_at(connect_until);
  timer.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->connecting) self->connect_failed(asio::error::timed_out);
  });
  error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    endpoints.assign(1, tcp::endpoint(literal, port));
    return try_next();
  }
  resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& all) {
        if (!self->connecting) return;
        if (error) return self->connect_failed(error);
        for (const auto& entry : all) self->endpoints.push_back(entry.endpoint());
        self->try_next();
      });
}

void Stream::Impl::try_next() {
  if (next_endpoint == endpoints.size()) return connect_failed(last_error);
  // Each address gets its share of what is left, so that a silent one does not use up all of it.
  const auto now = std::chrono::steady_clock::now();
  const auto left = static_cast<std::int64_t>(endpoints.size() - next_endpoint);
  timer.expires_at(now + std::max(connect_until - now, {}) / left);
  timer.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || !self->connecting) return;
    self->last_error = asio::error::timed_out;
    self->try_next();
  });
  const tcp::endpoint endpoint = endpoints[next_endpoint++];
  error_code error;
  socket.close(error);
  if (!source.empty()) {
    bind_source(endpoint, error);
    if (error) {
      last_error = error;
      return asio::post(socket.get_executor(), [self = shared_from_this()] {
        if (self->connecting) self->try_next();
      });
    }
  }
  socket.async_connect(endpoint, [self = shared_from_this(), endpoint,
                                  attempt = next_endpoint](const error_code& failure) {
    // Another attempt: this one's share of the time was over.
    if (!self->connecting || attempt != self->next_endpoint) return;
    if (failure) {
      self->last_error = failure;
      return self->try_next();
    }
    error_code option;
    self->socket.set_option(tcp::no_delay(true), option);
    self->connected(fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port()));
  });
}

void Stream::Impl::bind_source(const tcp::endpoint& endpoint, error_code& error) {
  const auto address = asio::ip::make_address(source, error);
  if (!error) socket.open({endpoint.protocol().family(), IPPROTO_TCP}, error);
  if (!error) socket.bind(tcp::endpoint(address, 0), error);
}

void Stream::Impl::connected(std::string where) {
  connecting = false;
  timer.cancel();
  peer = std::move(where);
  error_code error;
  socket.non_blocking(true, error);
  if (handler == nullptr) return;
  handler->on_connected();
  if (handler != nullptr && ssl == nullptr) read();
}

void Stream::Impl::connect_failed(const error_code& error) {
  connecting = false;
  shut();
  if (StreamHandler* const told = std::exchange(handler, nullptr)) {
    told->on_connect_failed(connect_error(host, port, error));
  }
}

void Stream::Impl::read() {
  if (awaiting_read || !socket.is_open()) return;
  awaiting_read = true;
  socket.async_read_some(asio::buffer(buffer), [self = shared_from_this()](const error_code& error,
                                                                           std::size_t count) {
    self->awaiting_read = false;
    if (self->handler == nullptr) return;
    if (error == asio::error::operation_aborted) return;
    if (error) {
      return self->broken(error == asio::error::eof ? std::string() : error.message());
    }
    self->handler->on_bytes({self->buffer.data(), count});
    if (self->handler != nullptr && self->ssl == nullptr) self->read();
  });
}

void Stream::Impl::await_readable() {
  if (awaiting_read || !socket.is_open()) return;
  awaiting_read = true;
  socket.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->awaiting_read = false;
    if (error || self->handler == nullptr) return;
    self->tls_readable();
  });
}

void Stream::Impl::tls_readable() {
  if (established) {
    read_tls();
  } else {
    handshake();
  }
}

void Stream::Impl::read_tls() {
  for (int round = 0; round < reads_per_turn; ++round) {
    ERR_clear_error();
    const int got = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) {
      handler->on_bytes({buffer.data(), static_cast<std::size_t>(got)});
      if (handler == nullptr) return;
      continue;
    }
    switch (SSL_get_error(ssl, got)) {
      case SSL_ERROR_WANT_READ:
        return await_readable();
      case SSL_ERROR_WANT_WRITE:
        return await_writable();
      case SSL_ERROR_ZERO_RETURN:
        return broken({});
      default:
        return broken("the encrypted connection broke");
    }
  }
  // More may be buffered inside TLS, where the socket does not show it.
  asio::post(socket.get_executor(), [self = shared_from_this()] {
    if (self->handler != nullptr && self->ssl != nullptr) self->read_tls();
  });
}

void Stream::Impl::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl);
  if (done == 1) {
    established = true;
    handler->on_tls_established();
    if (handler != nullptr) read_tls();
    return;
  }
  switch (SSL_get_error(ssl, done)) {
    case SSL_ERROR_WANT_READ:
      return await_readable();
    case SSL_ERROR_WANT_WRITE:
      return await_writable();
    default:
      return tls_broken();
  }
}

void Stream::Impl::tls_broken() {
  Error error = tls_error(host, ssl);
  shut();
  if (StreamHandler* const told = std::exchange(handler, nullptr)) {
    told->on_tls_failed(std::move(error));
  }
}

void Stream::Impl::await_writable() {
  if (awaiting_write || !socket.is_open()) return;
  awaiting_write = true;
  socket.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->awaiting_write = false;
    if (error || self->handler == nullptr) return;
    self->writable();
  });
}

void Stream::Impl::writable() {
  if (ssl != nullptr && !established) return handshake();
  handler->on_writable();
}

std::size_t Stream::Impl::send_plain(std::span<const std::string_view> pieces) {
  std::array<iovec, pieces_max> parts;
  const std::size_t count = std::min(pieces.size(), parts.size());
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    total += pieces[i].size();
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  ssize_t sent;
  do {
    sent = ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
    // The reader learns of it too and says so; told here it would come from inside a call.
    return 0;
  }
  const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  if (taken < total || count < pieces.size()) await_writable();
  return taken;
}

std::size_t Stream::Impl::send_tls(std::span<const std::string_view> pieces) {
  std::size_t taken = 0;
  std::size_t index = 0;
  std::size_t offset = 0;
  while (index < pieces.size()) {
    record.clear();
    while (index < pieces.size() && record.size() < tls_record) {
      const std::string_view part = pieces[index].substr(offset, tls_record - record.size());
      record.append(part);
      offset += part.size();
      if (offset == pieces[index].size()) {
        ++index;
        offset = 0;
      }
    }
    ERR_clear_error();
    const int sent = SSL_write(ssl, record.data(), static_cast<int>(record.size()));
    if (sent <= 0) {
      const int error = SSL_get_error(ssl, sent);
      if (error == SSL_ERROR_WANT_WRITE) await_writable();
      if (error == SSL_ERROR_WANT_READ) await_readable();
      return taken;
    }
    taken += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < record.size()) {
      await_writable();
      return taken;
    }
  }
  return taken;
}

void Stream::Impl::broken(std::string why) {
  shut();
  if (StreamHandler* const told = std::exchange(handler, nullptr)) told->on_closed(why);
}

void Stream::Impl::shut() {
  connecting = false;
  timer.cancel();
  resolver.cancel();
  error_code ignored;
  socket.close(ignored);
}

Stream::Stream(EventLoop& loop, StreamHandler& handler)
    : impl_(std::make_shared<Impl>(loop.context(), handler)) {}

Stream::~Stream() { close(); }

void Stream::connect_tcp(const std::string& host, std::uint16_t port, Duration at_most,
                         const std::string& source) {
  impl_->host = host;
  impl_->port = port;
  impl_->source = source;
  impl_->resolve(at_most);
}

void Stream::connect_unix(const std::string& path) {
  impl_->host = path;
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    asio::post(impl_->socket.get_executor(), [self = impl_] {
      if (self->handler != nullptr) self->connect_failed(asio::error::name_too_long);
    });
    return;
  }
  impl_->connecting = true;
  const asio::local::stream_protocol::endpoint endpoint(path);
  impl_->socket.async_connect(endpoint, [self = impl_, path](const error_code& error) {
    if (!self->connecting) return;
    if (error) return self->connect_failed(error);
    self->connected(path);
  });
}

void Stream::adopt(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  error_code error;
  const int protocol = address.ss_family == AF_UNIX ? 0 : IPPROTO_TCP;
  impl_->socket.assign({address.ss_family, protocol}, descriptor, error);
  impl_->socket.non_blocking(true, error);
  impl_->read();
}

void Stream::start_tls(const std::shared_ptr<TlsContext>& context, const std::string& name,
                       std::span<const wire::TlsaRecord> tlsa) {
  Impl& impl = *impl_;
  CHECK(impl.ssl == nullptr && impl.socket.is_open());
  impl.tls = context;
  impl.host = name;
  impl.ssl = SSL_new(context->native());
  CHECK(impl.ssl != nullptr);
  BIO* const bio = new_socket_bio(impl.socket.native_handle());
  SSL_set_bio(impl.ssl, bio, bio);
  error_code not_literal;
  asio::ip::make_address(name, not_literal);
  if (context->is_server()) {
    SSL_set_accept_state(impl.ssl);
  } else {
    SSL_set_connect_state(impl.ssl);
    SSL_set_app_data(impl.ssl, &impl.certificate_names);
    SSL_set_verify(impl.ssl, SSL_CTX_get_verify_mode(context->native()), note_certificate_names);
    if (not_literal) {
      SSL_set_tlsext_host_name(impl.ssl, name.c_str());
      SSL_set_hostflags(impl.ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      SSL_set1_host(impl.ssl, name.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(impl.ssl), name.c_str());
    }
    if (!tlsa.empty()) hold_against(impl.ssl, name, tlsa);
  }
  // A plain read under way would take octets of the handshake.
  error_code ignored;
  impl.socket.cancel(ignored);
  asio::post(impl.socket.get_executor(), [self = impl_] {
    self->awaiting_read = false;
    if (self->handler != nullptr) self->handshake();
  });
}

std::size_t Stream::send(std::span<const std::string_view> pieces) {
  if (!impl_->socket.is_open() || pieces.empty()) return 0;
  if (impl_->ssl == nullptr) return impl_->send_plain(pieces);
  return impl_->established ? impl_->send_tls(pieces) : 0;
}

void Stream::close() {
  impl_->handler = nullptr;
  if (impl_->established && impl_->socket.is_open()) SSL_shutdown(impl_->ssl);
  impl_->shut();
}

void Stream::abort() {
  error_code ignored;
  impl_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  impl_->handler = nullptr;
  impl_->shut();
}

bool Stream::open() const { return impl_->handler != nullptr && impl_->socket.is_open(); }
const std::string& Stream::peer() const { return impl_->peer; }

std::string Stream::tls_words() const {
  if (!impl_->established) return {};
  return fmt::format("{} {}", SSL_get_version(impl_->ssl), SSL_get_cipher_name(impl_->ssl));
}

}  // namespace tidings::net
