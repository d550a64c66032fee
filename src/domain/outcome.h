// Outcome: what one attempt to hand a message over led to, and how far the trouble reaches.
//
// Retry, throttling and suppression read kind and scope, never the text. The text is the remote
// side's own words and belongs to the record. Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"

namespace tidings {

enum class OutcomeKind {
  sent,       // the relay or gateway took it
  deferred,   // not now: it goes back to waiting
  bounced,    // the receiving server said no for good
  failed,     // given up for a reason on our side (SMTPUTF8 missing, too large, rendering)
  uncertain,  // the last octet left and no answer came (RFC 1047)
};

// Whom the trouble concerns.
enum class Scope {
  none,       // no trouble
  recipient,  // this address
  message,    // this message's content or size
  session,    // this connection: another may work at once
  site,       // the whole receiving site
  source,     // us: credentials, our address, our configuration
};

struct Outcome {
  MessageId message_id;
  OutcomeKind kind = OutcomeKind::deferred;
  Scope scope = Scope::none;
  // Stable word for programs and statistics: "accepted", "delivered", "refused", "connection_lost",
  // "timeout", "mailbox_full", "auth_refused", "too_large", "smtputf8_missing" …
  std::string reason;
  std::uint16_t reply_code = 0;      // SMTP reply code, 0 when there was none
  std::string enhanced_status_code;  // RFC 3463, "5.1.1", or empty
  std::string reply_text;            // the remote words, UTF-8 made valid, at most 4,096 bytes
  std::string remote;                // host and address spoken to
  Instant started_at{};
  Instant ended_at{};
};

// The reason of what was handed to the recipient's own server, not to a relay (P37: delivered).
inline constexpr std::string_view kDelivered = "delivered";
inline bool is_delivery(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::sent && outcome.reason == kDelivered;
}

// Whether a message bounced because the provider refused us and not the address (P37: blocked), by
// the stable word of its outcome.
bool is_block(std::string_view reason);

std::string_view to_string(OutcomeKind kind);
std::string_view to_string(Scope scope);

}  // namespace tidings
