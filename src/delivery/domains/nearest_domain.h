// What SigningKeys and ReturnPaths have in common: domains of an organisation that are kept for
// kFreshFor, and of those the nearest to the address that writes.
#pragma once

#include <chrono>
#include <ranges>
#include <string_view>

#include "base/clock.h"
#include "wire/public_suffix.h"

namespace tidings::domains {

inline constexpr Duration kFreshFor = std::chrono::seconds(1);

// A clock that was set back asks again, too.
inline bool is_stale(Instant loaded_at, Instant now) {
  return loaded_at == Instant() || now - loaded_at >= kFreshFor || now < loaded_at;
}

// The longest `name` among `known` that `from_domain` is or lies within; null: none. Borrowed from
// `known`. `from_domain` in lower-case A-labels.
template <std::ranges::forward_range Known, typename Name>
auto nearest_domain(const Known& known, std::string_view from_domain, Name name) {
  const std::ranges::range_value_t<Known>* nearest = nullptr;
  for (const auto& each : known) {
    const std::string_view domain = each.*name;
    if (wire::is_within(from_domain, domain) &&
        (nearest == nullptr || domain.size() > (nearest->*name).size())) {
      nearest = &each;
    }
  }
  return nearest;
}

}  // namespace tidings::domains
