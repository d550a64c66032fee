// A hit: that somebody, or something, followed a link or loaded the picture of a message. As it
// came; who made it is judged when it is stored (Ledger::record_hits). Thread: values.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/id.h"

namespace tidings::delivery {

struct Hit {
  OrganisationId organisation_id;
  MessageId message_id;  // of totals: the id of the content version
  bool is_total = false;
  int number = 0;  // of the link; 0: the picture
  Instant occurred_at{};
  std::string address = {};     // of who asked, without port
  std::string user_agent = {};  // what it calls itself, at most kUserAgentMax octets
  bool is_head = false;         // only asked whether it is there
  // Of totals, which have neither address nor user agent: those were a machine's.
  bool is_machine = false;
  // Different links of the message that were followed within a second of this.
  int links_at_once = 0;
};
inline constexpr std::size_t kUserAgentMax = 300;
// A message tells so many of its hits; further ones are counted only.
inline constexpr int kHitsPerMessageMax = 500;

}  // namespace tidings::delivery
