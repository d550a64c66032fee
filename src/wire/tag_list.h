// Tag lists: `v=DKIM1; k=rsa; p=…`, as DKIM, DMARC and MTA-STS write what they publish.
//
// Spec: RFC 6376 §3.2. White space around names and values goes, white space inside a value stays;
// a `;` at the end is no empty tag. Deviates: a list has at most kTagsMax tags.
// Thread: any; everything here is pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tidings::wire {

inline constexpr std::size_t kTagsMax = 64;

class TagList {
 public:
  // Nothing when `text` is no list, or names a tag twice. Borrows from `text`.
  static std::optional<TagList> parse(std::string_view text);

  std::optional<std::string_view> find(std::string_view name) const;  // names are case-sensitive
  bool begins_with(std::string_view name, std::string_view value) const;

 private:
  std::vector<std::pair<std::string_view, std::string_view>> tags_;
};

}  // namespace tidings::wire
