#include "delivery/hit_data.h"

#include <boost/json.hpp>

#include "base/json_text.h"
#include "wire/text_encoding.h"

namespace tidings::delivery {

namespace {

constexpr std::size_t kTextMax = 1000;

std::string as_text(std::string_view foreign) {
  std::string kept(foreign.substr(0, kTextMax));
  while (!kept.empty() && !wire::is_utf8(kept)) kept.pop_back();
  std::erase(kept, '\0');
  return kept;
}

}  // namespace

std::string hit_data(const HitFacts& facts) {
  boost::json::object data;
  if (facts.link > 0) data["link"] = facts.link;
  const auto put = [&](std::string_view name, const std::string& text) {
    if (std::string kept = as_text(text); !kept.empty()) data[name] = std::move(kept);
  };
  put("url", facts.url);
  put("address", facts.address);
  put("user_agent", facts.user_agent);
  if (facts.reason != HitReason::none) data["machine"] = to_string(facts.reason);
  return boost::json::serialize(data);
}

HitFacts read_hit_data(std::string_view json) {
  const auto object = object_of(json);
  if (!object) return {};
  HitFacts facts{0, text_of(*object, "url"), text_of(*object, "address"),
                 text_of(*object, "user_agent"),
                 parse_hit_reason(text_of(*object, "machine")).value_or(HitReason::none)};
  const auto* link = object->if_contains("link");
  if (link != nullptr && link->is_int64()) facts.link = static_cast<int>(link->get_int64());
  return facts;
}

}  // namespace tidings::delivery
