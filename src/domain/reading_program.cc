#include "domain/reading_program.h"

#include <array>
#include <string>

#include "base/text.h"

namespace tidings {

namespace {

constexpr std::array<std::string_view, kProgramCount> kPrograms = {
    "other", "Gmail", "Yahoo Mail", "Apple Mail", "Outlook", "Thunderbird", "Samsung Internet",
    "Edge",  "Opera", "Firefox",    "Chrome",     "Safari",  "Android mail"};
constexpr std::array<std::string_view, 4> kDevices = {"unknown", "computer", "phone", "tablet"};

struct Mark {
  std::string_view part;  // in lower case
  Program program;
};
// The first that is found: nearly every browser calls itself several others as well.
constexpr auto kMarks = std::to_array<Mark>({{"googleimageproxy", Program::gmail},
                                             {"yahoomailproxy", Program::yahoo},
                                             {"thunderbird", Program::thunderbird},
                                             {"ms-office", Program::outlook},
                                             {"msoffice", Program::outlook},
                                             {"microsoft outlook", Program::outlook},
                                             {"outlook-ios", Program::outlook},
                                             {"outlook-android", Program::outlook},
                                             {"samsungbrowser", Program::samsung},
                                             {"edg/", Program::edge},
                                             {"edge/", Program::edge},
                                             {"edga/", Program::edge},
                                             {"edgios/", Program::edge},
                                             {"opr/", Program::opera},
                                             {"opera", Program::opera},
                                             {"firefox/", Program::firefox},
                                             {"fxios/", Program::firefox},
                                             {"; wv)", Program::android_mail},
                                             {"crios/", Program::chrome},
                                             {"chrome/", Program::chrome},
                                             {"safari/", Program::safari}});

Device device_in(std::string_view agent) {
  if (agent.contains("ipad") || agent.contains("tablet")) return Device::tablet;
  if (agent.contains("iphone") || agent.contains("ipod")) return Device::phone;
  if (agent.contains("android")) {
    return agent.contains("mobile") ? Device::phone : Device::tablet;
  }
  if (agent.contains("windows") || agent.contains("macintosh") || agent.contains("x11") ||
      agent.contains("cros ")) {
    return Device::computer;
  }
  return Device::unknown;
}

}  // namespace

std::string_view to_string(Device device) { return kDevices[static_cast<std::size_t>(device)]; }
std::string_view to_string(Program program) { return kPrograms[static_cast<std::size_t>(program)]; }
std::optional<Program> program_of(std::int64_t number) {
  if (number < 0 || number >= kProgramCount) return std::nullopt;
  return static_cast<Program>(number);
}
std::optional<Device> device_of(std::int64_t number) {
  if (number < 0 || number >= std::ssize(kDevices)) return std::nullopt;
  return static_cast<Device>(number);
}

ReadingProgram reading_program(std::string_view user_agent) {
  const std::string agent = lower(user_agent);
  for (const Mark& mark : kMarks) {
    if (!agent.contains(mark.part)) continue;
    // A proxy tells of itself, not of who reads.
    const bool is_proxy = mark.program == Program::gmail || mark.program == Program::yahoo;
    return {mark.program, is_proxy ? Device::unknown : device_in(agent)};
  }
  const bool is_apple =
      agent.contains("applewebkit/") &&
      (agent.contains("macintosh") || agent.contains("iphone") || agent.contains("ipad"));
  return {is_apple ? Program::apple_mail : Program::other, device_in(agent)};
}

}  // namespace tidings
