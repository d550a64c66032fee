#include "domain/settings_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "wire/ip_address.h"

namespace tidings {
namespace {

constexpr std::size_t kItemsMax = 20;
constexpr std::size_t kTextMax = 2000;

template <typename T>
std::optional<double> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const auto result = static_cast<double>(value);
  return std::isfinite(result) ? std::optional(result) : std::nullopt;
}

std::optional<double> byte_count(std::string_view text) {
  double unit = 1;
  for (const auto& [suffix, bytes] : {std::pair("kB", 1e3), {"MB", 1e6}, {"GB", 1e9}}) {
    if (!text.ends_with(suffix)) continue;
    text.remove_suffix(2);
    unit = bytes;
  }
  const auto count = number<std::uint64_t>(text);
  return count ? std::optional(*count * unit) : std::nullopt;
}

bool is_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  auto host = text.substr(0, colon);
  const auto port = number<int>(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return false;
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return false;
    host = host.substr(1, host.size() - 2);
    return !host.empty() && host.find_first_not_of("0123456789abcdefABCDEF:.") == host.npos;
  }
  return std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-';
  });
}

// Printable ASCII without quotes: the URL goes into mail headers as it stands.
bool is_url_text(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>'; });
}

bool is_web_url(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto rest = text.substr(scheme.size());
    return !rest.empty() && !rest.starts_with('/') && !rest.ends_with('/') &&
           rest.find_first_of("?#@") == rest.npos && is_url_text(rest) && text.size() <= 300;
  }
  return false;
}

bool is_database_url(std::string_view text) {
  for (const std::string_view scheme : {"sqlite:", "postgres://", "postgresql://"}) {
    if (text.starts_with(scheme)) return text.size() > scheme.size();
  }
  return false;
}

// "mail.example.org", "192.0.2.1", "2001:db8::1", "*.example.org".
bool is_host_pattern(std::string_view item) {
  if (item.starts_with("*.")) item.remove_prefix(2);
  return !item.empty() && item.size() <= 253 && std::ranges::all_of(item, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
  });
}

bool is_address(std::string_view item) { return wire::IpAddress::parse(item).has_value(); }

// "192.0.2.53", "2001:db8::53@5353".
bool is_server_address(std::string_view item) {
  const auto at = std::min(item.find('@'), item.size());
  if (!is_address(item.substr(0, at))) return false;
  if (at == item.size()) return true;
  const auto port = number<int>(item.substr(at + 1));
  return port && *port >= 1 && *port <= 65535;
}

template <typename Check>
bool are_all(std::string_view text, Check check) {
  const auto items = setting_items(text);
  return items.size() <= kItemsMax && std::ranges::all_of(items, check);
}

bool is_of_type(const SettingDeclaration& declaration, std::string_view text) {
  switch (declaration.type) {
    case SettingType::endpoint:
      return is_endpoint(text);
    case SettingType::web_url:
      return is_web_url(text);
    case SettingType::database_url:
      return is_database_url(text);
    case SettingType::durations: {
      const auto items = setting_items(text);
      return !items.empty() && items.size() <= kItemsMax &&
             std::ranges::all_of(items, [](std::string_view item) {
               return measure_setting(SettingType::duration, item).has_value();
             });
    }
    case SettingType::hosts:
      return are_all(text, is_host_pattern);
    case SettingType::addresses:
      return are_all(text, is_server_address);
    case SettingType::machines:
      return are_all(text, is_address);
    case SettingType::file:
      return text.starts_with('/');
    case SettingType::networks:
      return are_all(
          text, [](std::string_view item) { return wire::IpNetwork::parse(item).has_value(); });
    case SettingType::site_rules:
      return are_all(text, [](std::string_view item) { return parse_site_rule(item).has_value(); });
    default:
      return measure_setting(declaration.type, text).has_value();
  }
}

}  // namespace

std::vector<std::string_view> setting_items(std::string_view text) {
  std::vector<std::string_view> items;
  while (true) {
    const auto comma = text.find(',');
    auto item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    items.push_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::optional<double> measure_setting(SettingType type, std::string_view text) {
  switch (type) {
    case SettingType::count:
      return number<std::int64_t>(text);
    case SettingType::rate:
      return number<double>(text);
    case SettingType::bytes:
      return byte_count(text);
    case SettingType::duration:
    case SettingType::durations: {
      const auto duration = parse_duration(text);
      return duration ? std::optional(static_cast<double>(duration->count())) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::string describe_values(const SettingDeclaration& declaration) {
  std::string words;
  switch (declaration.type) {
    case SettingType::endpoint:
      return "ADDRESS:PORT such as 127.0.0.1:8080 or [::1]:8080";
    case SettingType::web_url:
      return "a URL that begins with https:// or http:// and ends without a slash";
    case SettingType::database_url:
      return "sqlite:PATH or postgres://USER@HOST/NAME";
    case SettingType::hosts:
      return fmt::format("1 to {} host names such as \"mail.example.org, *.example.net\"",
                         kItemsMax);
    case SettingType::addresses:
      return fmt::format("1 to {} addresses such as \"192.0.2.53, 2001:db8::53@5353\"", kItemsMax);
    case SettingType::machines:
      return fmt::format("1 to {} addresses such as \"192.0.2.1, 2001:db8::1\"", kItemsMax);
    case SettingType::file:
      return "the path of a file, from / on";
    case SettingType::networks:
      return fmt::format("1 to {} networks such as \"10.0.0.0/8, fd00::/8\"", kItemsMax);
    case SettingType::site_rules:
      return fmt::format(
          "1 to {} rules such as \"gmail.com connections=20 rate=50, example.org rate=0.5\"",
          kItemsMax);
    case SettingType::count:
      words = "a whole number";
      break;
    case SettingType::rate:
      words = "a number";
      break;
    case SettingType::duration:
      words = "a duration such as 250ms, 90s, 5m, 2h or 1d,";
      break;
    case SettingType::durations:
      words = fmt::format("1 to {} durations such as \"30m, 2h\", each", kItemsMax);
      break;
    case SettingType::bytes:
      words = "a size such as 512kB or 25MB,";
      break;
  }
  return fmt::format("{} from {} to {}", words, declaration.lowest, declaration.highest);
}

std::optional<SettingProblem> find_problem(const SettingDeclaration& declaration,
                                           std::string_view text) {
  const auto problem = [&](bool is_bounds) {
    return SettingProblem{
        fmt::format("is {}, not \"{}\"", describe_values(declaration), text.substr(0, 80)),
        is_bounds};
  };
  // Nothing said is as good as the default where the default is nothing.
  if (text.empty() && declaration.built_in.empty()) return std::nullopt;
  if (text.size() > kTextMax || !is_of_type(declaration, text)) return problem(false);
  if (declaration.lowest.empty()) return std::nullopt;
  const auto lowest = measure_setting(declaration.type, declaration.lowest).value();
  const auto highest = measure_setting(declaration.type, declaration.highest).value();
  for (const auto item : setting_items(text)) {
    const auto value = measure_setting(declaration.type, item).value();
    if (value < lowest || value > highest) return problem(true);
  }
  return std::nullopt;
}

}  // namespace tidings
