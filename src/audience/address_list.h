// Addresses typed or pasted into one box (P16): separated by comma, semicolon or line end,
// trimmed, de-duplicated, each bad one told with its place.
// Thread: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/campaign.h"

namespace tidings::audience {

// One address of a list that is good.
struct ListedAddress {
  std::string typed;       // white space, display name and angle brackets removed
  std::string normalised;  // compared with: wire::comparison_key() or E.164
};

struct BadAddress {
  std::size_t item = 0;  // its place among the items, from 0; empty items do not count
  std::string typed;     // at most 200 bytes of it
  std::string code;
  std::string message;  // a sentence
};

struct AddressList {
  std::vector<ListedAddress> addresses;  // in the order given, each once
  std::vector<BadAddress> bad;           // the first kBadAddressesMax
  std::size_t bad_count = 0;             // all of them
  std::size_t repeated = 0;              // good ones that stood there before
};

inline constexpr std::size_t kBadAddressesMax = 1'000;
inline constexpr std::size_t kAddressListBytesMax = 4'000'000;

// `Name <a@b>` and `"Name, X" <a@b>` count as one item; only the address is kept. For sms an
// item is a number with its country code.
// Errors (limit): addresses.too_long over kAddressListBytesMax, addresses.too_many over
// kAudienceContactsMax good ones.
Result<AddressList> read_address_list(std::string_view text, Channel channel);

// One address. Errors: address.*, contact.bad_phone (invalid).
Result<ListedAddress> read_address(std::string_view typed, Channel channel);

}  // namespace tidings::audience
