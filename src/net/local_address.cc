#include "net/local_address.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace tidings::net {

Result<LocalAddress> LocalAddress::create(const std::filesystem::path& path) {
  LocalAddress result;
  result.address_.sun_family = AF_UNIX;
  std::string text = path.string();
  if (text.size() >= sizeof result.address_.sun_path) {
    const auto folder = path.parent_path();
    result.folder_ = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (result.folder_ < 0) return fail_errno("local.path", folder.string(), errno);
    text = fmt::format("/proc/self/fd/{}/{}", result.folder_, path.filename().string());
  }
  if (text.size() >= sizeof result.address_.sun_path || text.empty()) {
    return fail(ErrorKind::invalid, "local.path",
                fmt::format("The name {} is too long for a socket.", path.filename().string()));
  }
  std::memcpy(result.address_.sun_path, text.data(), text.size());
  return result;
}

LocalAddress::~LocalAddress() {
  if (folder_ >= 0) ::close(folder_);
}

LocalAddress::LocalAddress(LocalAddress&& other) noexcept
    : address_(other.address_), folder_(std::exchange(other.folder_, -1)) {}

}  // namespace tidings::net
