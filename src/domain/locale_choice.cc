#include "domain/locale_choice.h"

#include <algorithm>

#include "base/text.h"

namespace tidings {

namespace {

constexpr char plain(char c) { return c == '_' ? '-' : lower(c); }

// "nl" of "nl-BE".
constexpr std::string_view language_of(std::string_view locale) {
  return locale.substr(0, locale.find_first_of("-_"));
}

}  // namespace

bool is_same_locale(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, plain, plain);
}

std::optional<std::size_t> choose_locale(std::string_view own, std::span<const std::string> others,
                                         std::string_view wanted) {
  if (wanted.empty()) return std::nullopt;
  const auto first = [&](const auto& fits) -> std::optional<std::size_t> {
    const auto at = std::ranges::find_if(others, fits);
    if (at == others.end()) return std::nullopt;
    return static_cast<std::size_t>(at - others.begin());
  };
  const auto exact = first([&](const auto& other) { return is_same_locale(other, wanted); });
  if (exact) return exact;
  // The message's own language is not left for a cousin: "nl" stays "nl" when there is "nl-BE" too.
  const std::string_view language = language_of(wanted);
  if (is_same_locale(language_of(own), language)) return std::nullopt;
  const auto whole = first([&](const auto& other) { return is_same_locale(other, language); });
  if (whole) return whole;
  return first([&](const auto& other) { return is_same_locale(language_of(other), language); });
}

}  // namespace tidings
