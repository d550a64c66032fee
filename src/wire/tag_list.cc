#include "wire/tag_list.h"

#include <algorithm>

#include "base/text.h"

namespace tidings::wire {

namespace {

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

std::optional<TagList> TagList::parse(std::string_view text) {
  TagList list;
  while (!trimmed(text).empty()) {
    const std::size_t end = text.find(';');
    const std::string_view spec = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const std::size_t equals = spec.find('=');
    if (equals == std::string_view::npos || list.tags_.size() == kTagsMax) return std::nullopt;
    const std::string_view name = trimmed(spec.substr(0, equals));
    if (!is_name(name) || list.find(name)) return std::nullopt;
    list.tags_.emplace_back(name, trimmed(spec.substr(equals + 1)));
  }
  return list;
}

std::optional<std::string_view> TagList::find(std::string_view name) const {
  const auto at = std::ranges::find(tags_, name, [](const auto& tag) { return tag.first; });
  if (at == tags_.end()) return std::nullopt;
  return at->second;
}

bool TagList::begins_with(std::string_view name, std::string_view value) const {
  return !tags_.empty() && tags_.front() == std::pair(name, value);
}

}  // namespace tidings::wire
