#include "domain/site_rule.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "wire/public_suffix.h"

namespace tidings {

namespace {

constexpr double kRateMax = 1'000'000;
constexpr int kConnectionsMax = 1000;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && !text.starts_with('.') && !text.ends_with('.') &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

template <typename T>
bool read_figure(std::string_view text, T lowest, T highest, std::optional<T>& figure) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (figure || error != std::errc() || end != text.data() + text.size()) return false;
  if (!(value >= lowest && value <= highest)) return false;
  figure = value;
  return true;
}

}  // namespace

bool SiteRule::concerns(std::string_view host) const { return wire::is_within(host, name); }

std::optional<SiteRule> parse_site_rule(std::string_view text) {
  constexpr std::string_view kConnections = "connections=";
  constexpr std::string_view kRate = "rate=";
  SiteRule rule;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (rule.name.empty()) {
      rule.name = lower(word);
      if (!is_name(rule.name)) return std::nullopt;
    } else if (word.starts_with(kConnections)) {
      const auto figure = word.substr(kConnections.size());
      if (!read_figure(figure, 1, kConnectionsMax, rule.connections)) return std::nullopt;
    } else if (word.starts_with(kRate)) {
      if (!read_figure(word.substr(kRate.size()), 0.0, kRateMax, rule.rate)) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  const bool is_whole = !rule.name.empty() && (rule.connections || rule.rate);
  return is_whole ? std::optional(std::move(rule)) : std::nullopt;
}

}  // namespace tidings
