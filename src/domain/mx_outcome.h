// What it means for a message that its domain's mail servers cannot be had.
// Spec: RFC 5321 §5.1, RFC 7505 §4 (556 5.1.10), RFC 3463 and its registry (5.1.2, 4.4.3, 5.4.4,
// 5.4.6). Thread: pure.
#pragma once

#include <string_view>

#include "domain/outcome.h"
#include "wire/mx_choice.h"

namespace tidings {

// Not for MxVerdict::hosts. `why` is a clause about a DNS that did not answer. Fills what
// outcome_of_message() does; none of these is a word of the other side, so reply_text is ours, and
// the scope is the whole receiving site.
Outcome outcome_of_mx(wire::MxVerdict verdict, std::string_view domain, std::string_view why);

}  // namespace tidings
