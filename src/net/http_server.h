// HttpServer: HTTP/1.1 on TCP ports or on a local socket, in front of one Router.
//
// One instance serves one router: the public pages on TCP and the commands of the local socket are
// two instances, so that no local route can ever be reached from the network.
// The loop's thread reads, checks and writes; handlers run on the pool and may block. A connection
// has one request under way at a time: pipelined requests wait, in the socket beyond a buffer.
// Limits and what happens at them: request line 8 KB → 414, header 16 KB or 100 lines → 431, body
// per route → 413, header not complete in 10 s or body in 30 s → 408, idle for 60 s → closed, an
// answer not taken within 30 s → closed, connections_max → those that take more than a second over
// a header are closed, or else the longest idle one, or else the new one gets 503, pool full → 503.
// A handler that throws → 500 without its words. A body of a route with a spool folder goes to a
// nameless file as it comes (spool_file.h); JSON and text are compressed for who takes gzip
// (content_coding.h); an answer may be a stream of events (event_stream.h), which a drain ends, or
// come in pieces (http_message.h), chunked: each has 30 s to be taken, the whole any time. Every
// answer carries nosniff, no-referrer, no-store, a content policy that allows nothing and no
// framing, unless its handler set that header itself. Peers are as the socket says; X-Forwarded-For
// is not read. Thread: the loop's, or any while the loop does not run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/event_loop.h"
#include "net/http_message.h"
#include "net/request_reader.h"
#include "net/router.h"
#include "net/worker_pool.h"

namespace tidings::net {

struct HttpServerOptions {
  RequestLimits limits;
  Duration header_timeout = std::chrono::seconds(10);
  Duration body_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(60);
  Duration write_timeout = std::chrono::seconds(30);
  // Lowered to what the process's descriptor limit leaves room for.
  std::size_t connections_max = 10'000;
  // Renders the server's own refusals (404, 405, 413 …) of a request to `path`, which is empty when
  // it could not be read; plain text without it. `why` is a sentence. On the loop's thread: must
  // not block.
  std::function<Response(int status, std::string_view why, std::string_view path)> error_page;
  // Told what a handler threw, on the pool's thread.
  std::function<void(std::string_view)> report_trouble;
};

using MakeRouter = std::function<Router()>;

class HttpServer {
 public:
  // `loop` and `pool` outlive the server's requests: stop the pool before destroying the loop.
  HttpServer(EventLoop& loop, WorkerPool& pool, Router router, HttpServerOptions options = {});
  // With a router that takes long to make, and may never be asked: made for the first request, on
  // the loop's thread.
  HttpServer(EventLoop& loop, WorkerPool& pool, MakeRouter make_router,
             HttpServerOptions options = {});
  ~HttpServer();  // closes every connection at once
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // `address` is "127.0.0.1:8080", "[::]:8080" (IPv4 too), "localhost:8080" or "8080" (this machine
  // only); port 0 takes a free one. Returns the address with its real port. Several may be given.
  // Errors: listen.address (invalid), listen.port_taken (conflict), listen.denied (denied),
  // listen.failed.
  Result<std::string> listen_tcp(std::string_view address);
  // A local socket that only this user may open (0600). One that a dead process left is replaced; a
  // live one is listen.in_use (conflict). Of any length of path. Removed when the server closes.
  Result<void> listen_local(const std::filesystem::path& path);

  // Stops listening, closes idle connections, lets requests under way finish for at most `at_most`,
  // then closes what is left. `drained` runs once, on the loop's thread. Called once.
  void drain(Duration at_most, std::function<void()> drained);

  std::size_t connections() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidings::net
