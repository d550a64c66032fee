// With what a message was read, as far as a user agent tells: a family of programs and a kind of
// device. A small table, not a library: for statistics, where what it does not know is "other".
// Thread: pure, any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidings {

enum class Device : std::uint8_t { unknown = 0, computer = 1, phone = 2, tablet = 3 };
std::string_view to_string(Device device);

// Stored as its number: never renumber.
enum class Program : std::uint8_t {
  other = 0,
  gmail = 1,  // through Google's proxy, which hides the device
  yahoo = 2,
  apple_mail = 3,  // also other programs that show mail with Apple's own parts
  outlook = 4,
  thunderbird = 5,
  samsung = 6,
  edge = 7,
  opera = 8,
  firefox = 9,
  chrome = 10,
  safari = 11,
  android_mail = 12,  // a mail program on Android, whichever
};
inline constexpr int kProgramCount = 13;
// "Gmail", "Apple Mail" …
std::string_view to_string(Program program);
// Nothing for a number that is none.
std::optional<Program> program_of(std::int64_t number);
std::optional<Device> device_of(std::int64_t number);

struct ReadingProgram {
  Program program = Program::other;
  Device device = Device::unknown;

  friend auto operator<=>(const ReadingProgram&, const ReadingProgram&) = default;
};
ReadingProgram reading_program(std::string_view user_agent);

}  // namespace tidings
