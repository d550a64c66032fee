#include "edge/cli/password_input.h"

#include <cstdio>
#include <iostream>
#include <optional>

#include <termios.h>
#include <unistd.h>

namespace tidings::cli {
namespace {

// Turns the terminal's echo off for as long as it lives.
class Silence {
 public:
  Silence() {
    is_changed_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (is_changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (is_changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool is_changed_ = false;
};

std::string ask(const char* prompt) {
  std::fputs(prompt, stderr);
  std::string line;
  {
    const Silence silence;
    std::getline(std::cin, line);
  }
  std::fputs("\n", stderr);
  return line;
}

}  // namespace

bool has_terminal() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

Result<std::string> ask_new_password() {
  if (!has_terminal()) {
    return fail(ErrorKind::invalid, "password.no_terminal",
                "There is no terminal to ask for a password on. Give it with --password-stdin.");
  }
  std::string once = ask("New password (at least 10 characters): ");
  if (once != ask("The same again: ")) {
    return fail(ErrorKind::invalid, "password.differs",
                "The two are not the same. Nothing was changed; try again.");
  }
  return once;
}

Result<std::string> read_password_line() {
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) {
    return fail(ErrorKind::invalid, "password.empty",
                "There was no password on standard input. Give it as one line.");
  }
  return line;
}

}  // namespace tidings::cli
