// Text as it is compared and searched without regard to case: full case folding (Unicode §3.13).
// `text` must be valid UTF-8. Diacritics stay. Thread: pure, any.
#pragma once

#include <string>
#include <string_view>

namespace tidings::wire {

std::string fold_case(std::string_view text);

}  // namespace tidings::wire
