#include "base/result.h"

#include <system_error>

#include <fmt/format.h>

namespace tidings {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::limit:
      return "limit";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view context) && {
  message = fmt::format("{}: {}", context, message);
  return std::move(*this);
}

std::unexpected<Error> fail_errno(std::string code, std::string_view what, int error_number) {
  const ErrorKind kind = error_number == ENOENT                             ? ErrorKind::not_found
                         : error_number == EACCES || error_number == EPERM  ? ErrorKind::denied
                         : error_number == ENOSPC || error_number == EDQUOT ? ErrorKind::limit
                         : error_number == EEXIST || error_number == EAGAIN ? ErrorKind::conflict
                                                                            : ErrorKind::internal;
  return fail(kind, std::move(code),
              fmt::format("{}: {}.", what, std::generic_category().message(error_number)));
}

}  // namespace tidings
