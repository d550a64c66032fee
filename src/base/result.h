// Error and Result: how an operation says that it failed.
//
// Purpose: one failure type from storage to screen. A kind decides what a caller may do, a stable
// code names the case for programs, a sentence tells a person what to do. An expected result of
// delivery is not an error but an Outcome (domain/outcome.h); a broken invariant is a CHECK.
// Thread: values, any.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tidings {

enum class ErrorKind {
  invalid,      // the input is wrong; changing it helps
  not_found,    // no such thing, or not in this organisation
  conflict,     // somebody else changed or holds it
  denied,       // not allowed
  unavailable,  // the other side is down; trying later may help
  timeout,      // no answer in time
  limit,        // a stated bound was reached
  corrupt,      // stored data is not what was written
  unsupported,  // a valid request this program cannot do
  cancelled,    // a person or a shutdown stopped it
  internal,     // the system below failed: disk, memory, a library
};

std::string_view to_string(ErrorKind kind);

// Stable code in the form `area.case`, such as `store.conflict`; never shown without the message.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code;
  // A full sentence for a person: what is wrong and, where known, what to do.
  std::string message;

  // The same error with what was being attempted in front: `context: message`.
  [[nodiscard]] Error within(std::string_view context) &&;
};

template <typename T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string code,
                                                 std::string message) {
  return std::unexpected(Error{kind, std::move(code), std::move(message)});
}

// An error from errno after a failed system call on `what` (a path or an action).
[[nodiscard]] std::unexpected<Error> fail_errno(std::string code, std::string_view what,
                                                int error_number);

}  // namespace tidings

// The value of a Result, or return its error from the enclosing function:
//   auto rows = TRY(read_rows());
#define TRY(expression)                                                                 \
  ({                                                                                    \
    auto&& try_result_ = (expression);                                                  \
    if (!try_result_.has_value())                                                       \
      return std::unexpected(std::forward<decltype(try_result_)>(try_result_).error()); \
    *std::move(try_result_);                                                            \
  })
