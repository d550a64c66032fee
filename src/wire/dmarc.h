// DMARC records: what a domain asks receivers to do with mail that is not its own.
// Spec: RFC 9989 (which replaces RFC 7489) on what a record holds; its place is looked for as RFC
// 7489 §6.6.3 does, at the domain and then where the organisation begins. Thread: any; pure.
#pragma once

#include <optional>
#include <string_view>

namespace tidings::wire {

enum class DmarcPolicy { none, quarantine, reject };

struct DmarcRecord {
  DmarcPolicy policy = DmarcPolicy::none;
  DmarcPolicy subdomain_policy = DmarcPolicy::none;
  bool is_dkim_strict = false;  // d= must be From's domain itself
  bool is_spf_strict = false;
};

// Nothing when it is no DMARC record, or one that counts as none.
std::optional<DmarcRecord> parse_dmarc(std::string_view text);

}  // namespace tidings::wire
