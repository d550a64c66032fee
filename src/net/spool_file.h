// SpoolFile: a large body on its way, in a file that has no name.
//
// Nothing is left of it after the last user, a crash or a power loss: the file is unlinked before
// the first byte. The whole of it can be read as one view, mapped and not copied, so memory does
// not grow with it (split_form_multipart() of wire/form_data.h finds the parts of an upload in it).
// Thread: one at a time; what view() gave may be read by any.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace tidings::net {

class SpoolFile {
 public:
  // In `folder`, which is made where missing. Errors: spool.failed (internal).
  static Result<std::shared_ptr<SpoolFile>> create(const std::filesystem::path& folder);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  // Errors: spool.full (limit) without room on the disk, spool.failed.
  Result<void> append(std::string_view bytes);
  std::size_t size() const { return size_; }
  // Borrows from this. Errors: spool.failed.
  Result<std::string_view> view();

 private:
  explicit SpoolFile(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
  std::size_t size_ = 0;
  void* mapped_ = nullptr;
};

}  // namespace tidings::net
