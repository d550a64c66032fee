#include "domain/hit_judgement.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "domain/hit_tables.h"
#include "wire/ip_address.h"

namespace tidings {

namespace {

constexpr std::array<std::string_view, kHitReasonCount> kReasons = {"",
                                                                    "head",
                                                                    "scanner",
                                                                    "program",
                                                                    "mail_prefetch",
                                                                    "apple_mail_privacy",
                                                                    "bare_user_agent",
                                                                    "scanner_network",
                                                                    "at_once",
                                                                    "every_link"};

template <std::size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.contains(part); });
}

template <std::size_t N>
std::vector<wire::IpNetwork> networks(const std::array<std::string_view, N>& texts) {
  std::vector<wire::IpNetwork> all;
  for (const std::string_view text : texts) {
    const auto network = wire::IpNetwork::parse(text);
    CHECK(network.has_value());
    all.push_back(*network);
  }
  return all;
}

bool is_in(const std::vector<wire::IpNetwork>& networks, const wire::IpAddress& address) {
  return std::ranges::any_of(networks, [&](const auto& each) { return each.contains(address); });
}

std::optional<wire::IpAddress> read_address(std::string_view address) {
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  return wire::IpAddress::parse(address.substr(0, address.find('%')));
}

}  // namespace

std::string_view to_string(HitReason reason) { return kReasons[static_cast<std::size_t>(reason)]; }

std::optional<HitReason> parse_hit_reason(std::string_view word) {
  return enumerator<HitReason>(kReasons, word);
}

HitReason judge_user_agent(std::string_view user_agent) {
  const std::string agent = lower(trimmed(user_agent));
  if (std::ranges::find(hit_tables::kBare, agent) != hit_tables::kBare.end()) {
    return HitReason::bare_user_agent;
  }
  if (has_any(agent, hit_tables::kReaderProxies)) return HitReason::none;
  if (agent.ends_with(hit_tables::kPrefetchEnd)) return HitReason::mail_prefetch;
  if (has_any(agent, hit_tables::kScanners)) return HitReason::scanner;
  if (has_any(agent, hit_tables::kPrograms) && !agent.contains("cubot")) return HitReason::program;
  return HitReason::none;
}

HitReason judge(HitReason by_user_agent, const Asked& asked, const AskedWhen& when) {
  static const auto apple = networks(hit_tables::kApple);
  static const auto scanners = networks(hit_tables::kScannerNetworks);
  if (asked.is_head) return HitReason::head;
  const auto address = read_address(asked.address);
  // Who says what it is, is believed; the network says more of who says nothing.
  if (by_user_agent == HitReason::bare_user_agent && asked.is_picture && address &&
      is_in(apple, *address)) {
    return HitReason::apple_mail_privacy;
  }
  if (by_user_agent != HitReason::none) return by_user_agent;
  if (address && is_in(scanners, *address)) return HitReason::scanner_network;
  if (when.after_sending && *when.after_sending < kReadAtOnce) return HitReason::at_once;
  const bool is_every_link = when.links > 1 && when.links_at_once >= when.links;
  if (is_every_link || when.links_at_once >= kManyLinks) return HitReason::every_link;
  return HitReason::none;
}

HitReason judge(const Asked& asked, const AskedWhen& when) {
  return judge(judge_user_agent(asked.user_agent), asked, when);
}

HitReason judge(const Asked& asked) { return judge(asked, {}); }

}  // namespace tidings
