// Listener: a listening socket on a loop, TCP or local, that hands over accepted descriptors.
// Thread: the loop's.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/event_loop.h"

namespace tidings::net {

class Listener {
 public:
  // A non-blocking descriptor that the receiver owns, and the peer as text.
  using Accept = std::function<void(int descriptor, std::string peer)>;

  // Addresses and errors as HttpServer::listen_tcp and listen_local say.
  static Result<std::unique_ptr<Listener>> tcp(EventLoop& loop, std::string_view address,
                                               Accept accept);
  static Result<std::unique_ptr<Listener>> local(EventLoop& loop, const std::filesystem::path& path,
                                                 Accept accept);
  // Stops listening and removes a local socket's file, if it is still this one.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "127.0.0.1:8080", or the path.
  const std::string& name() const;

 private:
  struct Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidings::net
