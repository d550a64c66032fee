// MTA-STS: what a domain publishes about how its mail servers are to be spoken to.
//
// Spec: RFC 8461 §3.1 (the TXT record), §3.2 (the policy file), §4.1 (which hosts it names).
// Limits: a file of kStsFileMax octets, kStsHostsMax hosts; max_age at most a year, as the RFC
// says. Thread: pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace tidings::wire {

inline constexpr std::size_t kStsFileMax = 65'536;
inline constexpr std::size_t kStsHostsMax = 100;

// The id of the one STSv1 record among the texts at `_mta-sts.DOMAIN`; nothing when there is none,
// or more than one: then there is no policy.
std::optional<std::string> read_sts_id(const std::vector<std::string>& texts);

enum class StsMode { none, testing, enforce };

struct StsPolicy {
  StsMode mode = StsMode::none;
  std::vector<std::string> hosts;  // "mail.example.org", "*.example.org"; lower case
  Duration max_age{};
  friend bool operator==(const StsPolicy&, const StsPolicy&) = default;
};

// Nothing when it is no policy: then there is none (RFC 8461 §3.2).
std::optional<StsPolicy> read_sts_policy(std::string_view file);
// Is `host` (lower case) one of the policy's? A star stands for exactly one label.
bool names_host(const StsPolicy& policy, std::string_view host);

}  // namespace tidings::wire
