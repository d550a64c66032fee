// Person or machine: who loaded the picture of a message or followed one of its links.
//
// Each rule that speaks for a machine has a reason of its own, in the order of HitReason; what none
// of them says is taken for a person's. How sure that is: docs/tracking.md and decision 22. The
// names and networks they look for are data (hit_tables.h). Thread: pure, any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace tidings {

// Why it was a machine. The words are stored with the hit: never rename one.
enum class HitReason : std::uint8_t {
  none,                // a person
  head,                // only asked whether it is there
  scanner,             // calls itself a program that checks mail
  program,             // calls itself a program, a crawler or a preview
  mail_prefetch,       // a mailbox provider's, before anybody reads
  apple_mail_privacy,  // Apple's servers load every picture, read or not
  bare_user_agent,     // names no program at all, as proxies and Outlook's prefetch do
  scanner_network,     // from the network of a service that checks mail
  at_once,             // no later than a moment after the message was accepted
  every_link,          // all links of a message, or many, within a second
};
inline constexpr int kHitReasonCount = 10;
std::string_view to_string(HitReason reason);
std::optional<HitReason> parse_hit_reason(std::string_view word);

// Nobody reads that fast.
inline constexpr Duration kReadAtOnce = std::chrono::seconds(2);
// Nobody follows so many different links within kLinksWithin.
inline constexpr int kManyLinks = 4;
inline constexpr Duration kLinksWithin = std::chrono::seconds(1);

// What is told by how somebody asked.
struct Asked {
  bool is_picture = false;
  bool is_head = false;
  std::string_view user_agent;  // as the request had it
  std::string_view address;     // of who asked; an IPv6 one may stand in brackets
};
// What is told by when.
struct AskedWhen {
  std::optional<Duration> after_sending;  // since the message was accepted, where that is known
  int links_at_once = 0;  // different links of the message followed within kLinksWithin of it
  int links = 0;          // tracked in the message
};

// By itself alone.
HitReason judge(const Asked& asked);
HitReason judge(const Asked& asked, const AskedWhen& when);

// What the user agent alone says; the dear part of judge(), for who keeps it by user agent.
HitReason judge_user_agent(std::string_view user_agent);
HitReason judge(HitReason by_user_agent, const Asked& asked, const AskedWhen& when);

}  // namespace tidings
