// Which of the values that a template reads do not exist.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "liquid/program.h"

namespace tidings::liquid {
namespace {

std::string join_path(const std::vector<std::string>& path) {
  std::string name;
  for (const std::string& part : path) {
    if (!name.empty()) name += '.';
    name += part;
  }
  return name;
}

// `known` as a path: does it cover `use`, being the same, its parent or its child?
bool covers(std::string_view known, std::string_view use) {
  if (known.ends_with(".*")) {
    known.remove_suffix(2);
    return use == known || (use.starts_with(known) && use[known.size()] == '.');
  }
  if (known == use) return true;
  const bool parent =
      use.size() > known.size() && use.starts_with(known) && use[known.size()] == '.';
  const bool child =
      known.size() > use.size() && known.starts_with(use) && known[use.size()] == '.';
  return parent || child;
}

// Case and separators set aside: First-Name is first_name.
std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return out;
}

std::string suggestion_for(std::string_view name, std::span<const std::string> known) {
  const std::string wanted = folded(name);
  std::string best;
  std::size_t least = std::min<std::size_t>(4, wanted.size() / 3 + 2);
  for (const std::string& each : known) {
    if (each.ends_with(".*")) continue;
    const std::string here = folded(each);
    std::size_t distance = edit_distance(wanted, here, 5);
    // {{ first_name }} for {{ contact.first_name }}
    const std::size_t dot = here.rfind('.');
    if (dot != here.npos) {
      const std::size_t wanted_dot = wanted.rfind('.');
      const auto leaf =
          std::string_view(wanted).substr(wanted_dot == wanted.npos ? 0 : wanted_dot + 1);
      if (!leaf.empty()) {
        distance =
            std::min(distance, edit_distance(leaf, std::string_view(here).substr(dot + 1), 5) +
                                   (wanted_dot == wanted.npos ? 0u : 1u));
      }
    }
    if (distance < least) {
      least = distance;
      best = each;
    }
  }
  return best;
}

}  // namespace

std::vector<UnknownVariable> unknown_variables(std::span<const VariableUse> uses,
                                               std::span<const std::string> known) {
  std::vector<UnknownVariable> unknown;
  for (const VariableUse& use : uses) {
    if (use.path.empty() || use.maybe_assigned) continue;
    const std::string name = join_path(use.path);
    if (std::ranges::any_of(known, [&](const std::string& k) { return covers(k, name); })) continue;
    UnknownVariable made{name, use.line, use.column, suggestion_for(name, known), {}};
    made.message =
        fmt::format("line {}, column {}: there is no {}{}", made.line, made.column, name,
                    made.suggestion.empty() ? std::string(".")
                                            : fmt::format("; did you mean {}?", made.suggestion));
    unknown.push_back(std::move(made));
  }
  return unknown;
}

}  // namespace tidings::liquid
