// Where organisations begin in a domain name: example.co.uk is one's, co.uk is everybody's.
//
// The Public Suffix List, as libpsl has it built in. Names are lower-case A-labels without a final
// dot. Thread: any; pure.
#pragma once

#include <string_view>

namespace tidings::wire {

bool is_public_suffix(std::string_view domain);

// The part of `domain` that an organisation registered ("mail.example.co.uk" → "example.co.uk"),
// borrowed from it; `domain` itself where it is a public suffix. DMARC's organizational domain
// (RFC 7489 §3.2): From and d= are aligned when theirs is the same.
std::string_view organisational_domain(std::string_view domain);

// `domain` is `parent` or below it.
bool is_within(std::string_view domain, std::string_view parent);

}  // namespace tidings::wire
