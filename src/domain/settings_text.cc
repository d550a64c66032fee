#include <fmt/format.h>

#include "domain/settings.h"
#include "domain/settings_value.h"

namespace tidings {
namespace {

std::string_view to_string(SettingSource source) {
  switch (source) {
    case SettingSource::built_in:
      return "built in";
    case SettingSource::file:
      return "file";
    case SettingSource::environment:
      return "environment";
    case SettingSource::flag:
      return "flag";
  }
  return "";
}

// postgres://user:password@host → postgres://user:•••@host; what cannot be read so stays.
std::string without_password(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string(text);
  const auto authority = scheme + 3;
  const auto at = text.substr(0, text.find_first_of("/?", authority)).rfind('@');
  const auto colon = text.find(':', authority);
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) {
    return std::string(text);
  }
  return fmt::format("{}:•••{}", text.substr(0, colon), text.substr(at));
}

std::string in_toml(const SettingDeclaration& declaration, std::string_view text) {
  if (declaration.type == SettingType::count || declaration.type == SettingType::rate) {
    return std::string(text);
  }
  if (declaration.type != SettingType::durations) return fmt::format("\"{}\"", text);
  std::string items;
  for (const auto item : setting_items(text)) {
    items += fmt::format("{}\"{}\"", items.empty() ? "" : ", ", item);
  }
  return fmt::format("[{}]", items);
}

std::string shown_default(const SettingDeclaration& declaration) {
  return declaration.built_in.empty() ? "not set" : in_toml(declaration, declaration.built_in);
}

std::string variable_of(std::string_view name) {
  std::string variable = "TIDINGS_";
  for (const char c : name) {
    variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return variable;
}

// `name = value`; passwords masked.
std::string assignment(const SettingDeclaration& declaration, const SettingValue& value) {
  if (value.text.empty()) return fmt::format("# {} is not set\n", declaration.name);
  return fmt::format("{} = {}\n", declaration.name,
                     in_toml(declaration, without_password(value.text)));
}

}  // namespace

std::string list_settings(const ResolvedSettings& resolved) {
  std::string out;
  for (const auto& declaration : declared_settings()) {
    out += assignment(declaration, resolved.values.find(declaration.name)->second);
  }
  return out;
}

std::string explain_settings(const ResolvedSettings& resolved) {
  std::string out;
  for (const auto& declaration : declared_settings()) {
    const auto& value = resolved.values.find(declaration.name)->second;
    out += fmt::format(
        "{}  {}\n  from: {}{}\n  value: {}; default {}\n  variable: {}\n\n",
        assignment(declaration, value), declaration.sentence, to_string(value.source),
        value.place.empty() ? "" : fmt::format(" ({})", value.place), describe_values(declaration),
        shown_default(declaration), variable_of(declaration.name));
  }
  return out;
}

std::string settings_reference() {
  std::string out =
      "# Settings\n\n"
      "Written from the declarations in `src/domain/settings_table.cc` by `tools/generate`; a "
      "test\n"
      "fails when it is out of date. A value comes from, each overruling the one before: the\n"
      "default, `tidings.toml` in the data folder, the environment variable, a flag of the\n"
      "command. `tidings config --explain` shows each value and where it came from.\n";
  for (const auto& declaration : declared_settings()) {
    out += fmt::format(
        "\n## {}\n\n{}\n\n- Value: {}\n- Unit: {}\n- Default: {}\n- Environment: `{}`\n",
        declaration.name, declaration.sentence, describe_values(declaration), declaration.unit,
        declaration.built_in.empty() ? "not set" : fmt::format("`{}`", shown_default(declaration)),
        variable_of(declaration.name));
  }
  return out;
}

}  // namespace tidings
