#include "report/log_filter.h"

#include <algorithm>

namespace tidings::report {

std::int64_t smallest_id_at(Instant at) {
  // The layout of base/id.h: milliseconds since 2024 above 22 bits.
  constexpr Instant kEpoch = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};
  const auto millis =
      std::chrono::floor<std::chrono::milliseconds>(std::max(at, kEpoch) - kEpoch).count();
  return std::min<std::int64_t>(millis, (std::int64_t{1} << 41) - 1) << 22;
}

}  // namespace tidings::report
