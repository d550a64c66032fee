// A server with routes of every kind, on a real port, and a client that sends any octets.
// Thread: the test's.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/event_stream.h"
#include "net/http_server.h"
#include "net/local_address.h"
#include "net/local_client.h"
#include "net/spool_file.h"
#include "wire/form_data.h"

namespace tidings::net {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

// A blocking client socket that says what it gets.
class Client {
 public:
  explicit Client(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  Client(Client&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), is_connected_(other.is_connected_) {}
  ~Client() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool is_connected() const { return is_connected_; }
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Reads until `enough` says so, the end, or the time is over.
  std::string receive(const std::function<bool(const std::string&)>& enough,
                      milliseconds at_most = seconds(5)) {
    std::string got;
    is_closed_ = false;
    const auto until = SteadyClock::now() + at_most;
    while (!enough(got)) {
      const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now()).count();
      pollfd poll{.fd = descriptor_, .events = POLLIN, .revents = 0};
      if (left <= 0 || ::poll(&poll, 1, static_cast<int>(left)) <= 0) return got;
      char buffer[8192];
      const auto count = ::recv(descriptor_, buffer, sizeof buffer, 0);
      is_closed_ = count <= 0;
      if (is_closed_) return got;
      got.append(buffer, static_cast<std::size_t>(count));
    }
    return got;
  }
  std::string receive_all(milliseconds at_most = seconds(5)) {
    return receive([](const std::string&) { return false; }, at_most);
  }
  std::string receive_answer() {
    return receive([](const std::string& got) {
      const auto end = got.find("\r\n\r\n");
      const auto length = got.find("Content-Length: ");
      return end != std::string::npos && length != std::string::npos &&
             got.size() >= end + 4 + std::stoul(got.substr(length + 16));
    });
  }
  bool is_closed() const { return is_closed_; }  // as of the last receive

 private:
  int descriptor_;
  bool is_connected_ = false;
  bool is_closed_ = false;
};

inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::size_t occurrences(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class HttpServerTest : public ::testing::Test {
 protected:
  std::filesystem::path folder_;
  std::atomic<int> handled_ = 0;
  std::atomic<int> polled_ = 0;
  std::atomic<int> noted_ = 0;    // by the quick handler
  std::atomic<int> settled_ = 0;  // of them
  std::shared_ptr<EventStream> events_ = std::make_shared<EventStream>(
      EventStreamOptions{.heartbeat = seconds(1), .queue_bytes = 100'000});
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  std::string trouble_;
  EventLoop loop_;
  WorkerPool pool_{2, 8};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;

  Router router() {
    Router router;
    router.add("GET", "/hello/{name}", [this](const Request& request) {
      ++handled_;
      return Response::text(200, fmt::format("hello {}", request.param("name")));
    });
    router.add("POST", "/echo",
               [this](const Request& request) {
                 ++handled_;
                 return Response::text(200, request.body);
               },
               {.body_bytes = 1000,
                .media_types = {"text/plain", "application/x-www-form-urlencoded"},
                .is_body_required = true});
    RouteOptions at_once;
    at_once.quick = [this](const Request& request) -> std::optional<Response> {
      if (request.param("what") == "later") return std::nullopt;
      ++noted_;
      return Response::text(200, fmt::format("noted {}", request.param("what")));
    };
    at_once.settle = [this] { settled_ = noted_.load(); };
    router.add(
        "GET", "/note/{what}", [](const Request&) { return Response::text(200, "by its handler"); },
        std::move(at_once));
    router.add("GET", "/throw",
               [](const Request&) -> Response { throw std::runtime_error("secret of the house"); });
    router.add("GET", "/split", [](const Request&) {
      return Response::text(200, "x").set("Location", "/\r\nSet-Cookie: a=b");
    });
    router.add("GET", "/wait", [this](const Request&) {
      ++handled_;
      released_.wait();
      return Response::text(200, "waited");
    });
    router.add("GET", "/events",
               [this](const Request&) { return Response::event_stream(events_); });
    router.add("GET", "/ticks", [this](const Request&) {
      return Response::event_stream(
          EventStream::polled(milliseconds(1), [this, count = 0](EventStream& stream) mutable {
            ++polled_;
            stream.send({"tick", std::to_string(++count)});
            return count < 3;
          }));
    });
    // In pieces, one of them empty; /pieces/broken fails behind the third.
    router.add("GET", "/pieces/{how}", [this](const Request& request) {
      Response response = Response::text(200, "");
      response.pieces = [this, count = 0, how = std::string(request.param("how"))](
                            std::string& piece) mutable -> Result<bool> {
        ++polled_;
        if (how == "broken" && count == 3) return fail(ErrorKind::internal, "test", "It broke.");
        if (how == "endless") piece.assign(50'000, 'x');
        if (how != "endless" && count != 1) piece = fmt::format("piece {}\n", count);
        return ++count < 4 || how == "endless";
      };
      return response;
    });
    router.add("GET", "/json", [](const Request&) {
      return Response::json(200, "[" + std::string(5000, ' ') + "]");
    });
    router.add(
        "POST", "/upload",
        [this](const Request& request) {
          ++handled_;
          const auto view = request.spool->view();
          const auto media = wire::parse_media_type(request.header("Content-Type"));
          if (!media || media->type != "multipart/form-data") {
            return Response::text(200, fmt::format("{} {}", view->size(), request.body.size()));
          }
          const auto parts = wire::split_form_multipart(*view, *media->parameter("boundary"));
          std::string said;
          for (const auto& part : *parts) {
            said += fmt::format("{} {} {} {}\n", part.name, part.file_name.value_or("-"),
                                part.media_type, part.value.size());
          }
          return Response::text(200, said);
        },
        {.body_bytes = 20'000'000, .is_body_required = true, .spool_folder = folder_ / "spool"});
    router.add("GET", "/large",
               [](const Request&) { return Response::text(200, std::string(30'000'000, 'x')); });
    return router;
  }

  void serve(HttpServerOptions options = {}) {
    options.report_trouble = [this](std::string_view what) { trouble_ = what; };
    server_ = std::make_unique<HttpServer>(loop_, pool_, router(), std::move(options));
    const auto name = server_->listen_tcp("127.0.0.1:0");
    ASSERT_TRUE(name) << name.error().message;
    port_ = static_cast<std::uint16_t>(std::stoi(name->substr(name->rfind(':') + 1)));
    thread_ = std::thread([this] { loop_.run(); });
  }

  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("tidings_http_{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (released_.wait_for(seconds(0)) != std::future_status::ready) release_.set_value();
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
    pool_.stop();
    std::filesystem::remove_all(folder_);
  }

  // The whole of what one closing exchange brings.
  std::string exchange(std::string_view bytes) const {
    Client client(port_);
    client.send(bytes);
    return client.receive_all();
  }
  std::size_t connections() {
    std::promise<std::size_t> count;
    loop_.post([&] { count.set_value(server_->connections()); });
    return count.get_future().get();
  }
  bool wait_for(const std::function<bool()>& what) {
    for (int i = 0; i < 500; ++i) {
      if (what()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
};

}  // namespace tidings::net
