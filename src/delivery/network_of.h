// What is kept of a network address. Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "identity/organisation_settings.h"

namespace tidings::delivery {

// An IPv4 address without its last octet (192.0.2.0), an IPv6 one with its first 48 bits
// (2001:db8:1::); IPv4 within IPv6 as the former. Empty for none, and for what is no address.
std::string kept_address(std::string_view address, identity::TrackedAddress kept);

}  // namespace tidings::delivery
