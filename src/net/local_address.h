// LocalAddress: the socket address of a path, also of one longer than the 107 bytes that fit: it
// then goes through an open descriptor of the folder, /proc/self/fd/N/NAME.
// Thread: one at a time.
#pragma once

#include <filesystem>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/result.h"

namespace tidings::net {

class LocalAddress {
 public:
  // Errors: local.path (not_found when the folder is missing, invalid when the name is too long).
  static Result<LocalAddress> create(const std::filesystem::path& path);
  ~LocalAddress();
  LocalAddress(LocalAddress&& other) noexcept;
  LocalAddress& operator=(LocalAddress&&) = delete;

  // Valid as long as this object.
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }

 private:
  LocalAddress() = default;
  sockaddr_un address_{};
  int folder_ = -1;
};

}  // namespace tidings::net
