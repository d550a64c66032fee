#include "compose/finding.h"

#include <fmt/format.h>

namespace tidings::compose {

std::string place_of(const Finding& finding) {
  std::string place = finding.variant < 0 ? "/draft" : fmt::format("/variants/{}", finding.variant);
  if (!finding.part.empty()) place += "/" + finding.part;
  return place;
}

}  // namespace tidings::compose
