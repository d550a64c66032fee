#include "net/spool_file.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"

namespace tidings::net {

Result<std::shared_ptr<SpoolFile>> SpoolFile::create(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    // A file system without O_TMPFILE: named for an instant.
    std::string name = (folder / "spool-XXXXXX").string();
    descriptor = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor >= 0) ::unlink(name.c_str());
  }
  if (descriptor < 0) {
    return fail_errno("spool.failed", "Cannot keep an upload in " + folder.string(), errno);
  }
  return std::shared_ptr<SpoolFile>(new SpoolFile(descriptor));
}

SpoolFile::~SpoolFile() {
  if (mapped_ != nullptr) ::munmap(mapped_, size_);
  ::close(descriptor_);
}

Result<void> SpoolFile::append(std::string_view bytes) {
  CHECK(mapped_ == nullptr);
  while (!bytes.empty()) {
    const auto wrote = ::write(descriptor_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      if (errno == ENOSPC || errno == EDQUOT) {
        return fail(ErrorKind::limit, "spool.full",
                    "The disk is full, so the upload was not taken. Make room and try again.");
      }
      return fail_errno("spool.failed", "Cannot keep the upload", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    size_ += static_cast<std::size_t>(wrote);
  }
  return {};
}

Result<std::string_view> SpoolFile::view() {
  if (size_ == 0) return std::string_view();
  if (mapped_ == nullptr) {
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor_, 0);
    if (mapped == MAP_FAILED) return fail_errno("spool.failed", "Cannot read the upload", errno);
    mapped_ = mapped;
  }
  return std::string_view(static_cast<const char*>(mapped_), size_);
}

}  // namespace tidings::net
