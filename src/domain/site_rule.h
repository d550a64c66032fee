// SiteRule: what a receiving site may be given at most, where it is other than what holds for all:
// `gmail.com connections=20 rate=50` (settings site_rules). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidings {

struct SiteRule {
  std::string name;                // in lower case
  std::optional<int> connections;  // 1 to 1000
  std::optional<double> rate;      // messages a second, to 1,000,000; 0: no limit

  // Whether it is about `host`, a domain that people write to or a server of a site, in lower case.
  bool concerns(std::string_view host) const;
};

// Nothing when it is none: a name of a host, then one or both of the figures.
std::optional<SiteRule> parse_site_rule(std::string_view text);

}  // namespace tidings
