#include "wire/mta_sts.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "wire/dns_records.h"
#include "wire/tag_list.h"

namespace tidings::wire {
namespace {

constexpr std::string_view kVersion = "STSv1";
constexpr std::size_t kIdMax = 32;
constexpr std::int64_t kMaxAgeMost = 31'557'600;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The part before `separator`, which goes from `rest` with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return part;
}

std::optional<TagList> read_record(std::string_view text) {
  auto tags = TagList::parse(text);
  return tags && tags->begins_with("v", kVersion) ? std::move(tags) : std::nullopt;
}

bool is_host_pattern(std::string_view host) {
  if (host.starts_with("*.")) host.remove_prefix(2);
  return is_dns_name(host);
}

std::optional<Duration> read_max_age(std::string_view value) {
  std::int64_t seconds = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::min(seconds, kMaxAgeMost));
}

}  // namespace

std::optional<std::string> read_sts_id(const std::vector<std::string>& texts) {
  std::optional<TagList> record;
  for (const std::string& text : texts) {
    auto tags = read_record(text);
    if (tags && record) return std::nullopt;
    if (tags) record = std::move(tags);
  }
  const auto id = record ? record->find("id") : std::nullopt;
  const bool is_id =
      id && !id->empty() && id->size() <= kIdMax && std::ranges::all_of(*id, is_alphanumeric);
  return is_id ? std::optional<std::string>(*id) : std::nullopt;
}

std::optional<StsPolicy> read_sts_policy(std::string_view file) {
  if (file.size() > kStsFileMax) return std::nullopt;
  StsPolicy policy;
  std::optional<std::string_view> version;
  std::optional<std::string_view> mode;
  std::optional<std::string_view> max_age;
  // Of fields that may stand once the first counts; those not known say nothing.
  const auto first = [](auto& field, std::string_view value) {
    if (!field) field = value;
  };
  while (!file.empty()) {
    std::string_view value = take_until(file, '\n');
    const std::string_view name = trimmed(take_until(value, ':'));
    value = trimmed(value);
    if (name == "version") {
      first(version, value);
    } else if (name == "mode") {
      first(mode, value);
    } else if (name == "max_age") {
      first(max_age, value);
    } else if (name == "mx") {
      if (!is_host_pattern(value) || policy.hosts.size() == kStsHostsMax) return std::nullopt;
      policy.hosts.push_back(lower(value));
    }
  }
  const auto age = max_age ? read_max_age(*max_age) : std::nullopt;
  if (version != kVersion || !mode || !age) return std::nullopt;
  policy.max_age = *age;
  if (*mode == "enforce") {
    policy.mode = StsMode::enforce;
  } else if (*mode == "testing") {
    policy.mode = StsMode::testing;
  } else if (*mode != "none") {
    return std::nullopt;
  }
  if (policy.mode != StsMode::none && policy.hosts.empty()) return std::nullopt;
  return policy;
}

bool names_host(const StsPolicy& policy, std::string_view host) {
  return std::ranges::any_of(policy.hosts, [host](std::string_view pattern) {
    if (!pattern.starts_with("*.")) return pattern == host;
    const std::size_t dot = host.find('.');
    return dot != std::string_view::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
  });
}

}  // namespace tidings::wire
