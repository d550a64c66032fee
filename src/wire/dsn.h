// Delivery status notifications: what a mail server says became of each recipient.
//
// Spec: RFC 3464 §2 (message/delivery-status), RFC 6533 §3 (utf-8 addresses,
// message/global-delivery-status), RFC 3463 (status codes).
// Deviates, because servers do: a recipient may begin in the first block or without an empty line
// before it, an empty line inside a recipient does not end it, types of addresses may be missing.
// Bounds: kDsnRecipientsMax recipients; those after them are left out and `is_cut` says so.
// Thread: any; everything here is pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

inline constexpr std::size_t kDsnRecipientsMax = 1'000;

struct DsnRecipient {
  std::string original;  // the address as the sender gave it, or empty
  std::string final;     // the address it was at in the end, or empty
  std::string action;    // failed, delayed, delivered, relayed, expanded; lower case; or empty
  std::string status;    // "5.1.1", or empty
  std::string remote_mta;
  std::string diagnostic_type;  // "smtp", "x-postfix" …; lower case
  std::string diagnostic;       // the remote side's words
};

struct DeliveryStatus {
  std::string reporting_mta;
  std::string envelope_id;  // Original-Envelope-Id, RFC 3461 §4.4
  std::vector<DsnRecipient> recipients;
  bool is_cut = false;
};

DeliveryStatus read_delivery_status(std::string_view text);

// The address of "rfc822; a@b", "utf-8; a@b", "<a@b>" or "a@b"; what is none, as it stands there.
std::string read_typed_address(std::string_view text);

// The first "C.S.D" of a text, its class 2, 4 or 5; empty when there is none. An IP address or a
// version is none.
std::string_view find_status_code(std::string_view text);

}  // namespace tidings::wire
