// One value of a setting as text: reading it, and saying why it cannot be taken. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/settings.h"

namespace tidings {

// The number that bounds are compared with: microseconds, bytes, a count, a rate. Nothing when
// the text is not of that type, and for the types that are not numbers.
std::optional<double> measure_setting(SettingType type, std::string_view text);

// The parts of a comma-separated value, without the spaces around them.
std::vector<std::string_view> setting_items(std::string_view text);

// Why the text is no value of this setting: a sentence's end that fits behind its name, such as
// `is a whole number from 1 to 1000, not "many"`; and whether the type is wrong or only a bound.
struct SettingProblem {
  std::string words;
  bool is_bounds = false;
};
std::optional<SettingProblem> find_problem(const SettingDeclaration& declaration,
                                           std::string_view text);

// "a whole number from 1 to 1000", "a duration such as 90s, 5m, 2h or 1d, from 1m to 30d".
std::string describe_values(const SettingDeclaration& declaration);

}  // namespace tidings
