// A new password from a person at a terminal, or from standard input. Thread: one.
#pragma once

#include <string>

#include "base/result.h"

namespace tidings::cli {

// Asked twice on the terminal, without showing it. Errors: password.no_terminal (invalid) where
// there is none, password.differs (invalid).
Result<std::string> ask_new_password();
// The first line of standard input. Error: password.empty (invalid).
Result<std::string> read_password_line();
bool has_terminal();

}  // namespace tidings::cli
