#include "audience/address_list.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "audience/audience.h"
#include "audience/suppressions.h"
#include "base/text.h"
#include "wire/email_address.h"

namespace tidings::audience {

namespace {

constexpr std::size_t kShownMax = 200;

// At most kShownMax bytes, cut between characters.
std::string shown(std::string_view text) {
  if (text.size() <= kShownMax) return std::string(text);
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

// Where the item that begins at `from` ends: at a separator outside of quotes. A quote that is
// never closed on its line is a plain character, so that one typing error costs one item.
std::size_t item_end(std::string_view text, std::size_t from) {
  std::size_t at = from;
  while (at < text.size()) {
    const char c = text[at];
    if (c == ',' || c == ';' || c == '\n' || c == '\r') return at;
    if (c == '"') {
      std::size_t close = at + 1;
      while (close < text.size() && text[close] != '"' && text[close] != '\n') {
        close += text[close] == '\\' ? 2 : 1;
      }
      if (close < text.size() && text[close] == '"') at = close;
    }
    ++at;
  }
  return text.size();
}

}  // namespace

Result<ListedAddress> read_address(std::string_view typed, Channel channel) {
  const std::string_view given = trimmed(typed);
  if (channel == Channel::sms) {
    return ListedAddress{std::string(given), TRY(normalise_for_suppression(channel, given))};
  }
  auto mailbox = wire::parse_mailbox(given);
  if (!mailbox) return std::unexpected(mailbox.error());
  std::string key = wire::comparison_key(mailbox->address);
  return ListedAddress{std::move(mailbox->address.typed), std::move(key)};
}

Result<AddressList> read_address_list(std::string_view text, Channel channel) {
  if (text.size() > kAddressListBytesMax) {
    return fail(ErrorKind::limit, "addresses.too_long",
                "That is too much text for addresses typed by hand. Import them as contacts.");
  }
  AddressList list;
  std::unordered_set<std::string> known;
  std::size_t item = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = item_end(text, at);
    const std::string_view typed = trimmed(text.substr(at, end - at));
    at = end + 1;
    if (typed.empty()) continue;
    auto address = read_address(typed, channel);
    if (!address) {
      ++list.bad_count;
      if (list.bad.size() < kBadAddressesMax) {
        list.bad.push_back(
            {item, shown(typed), address.error().code, std::move(address.error().message)});
      }
    } else if (!known.insert(address->normalised).second) {
      ++list.repeated;
    } else if (list.addresses.size() == kAudienceContactsMax) {
      return fail(ErrorKind::limit, "addresses.too_many",
                  fmt::format("There are more than {} addresses. Import them as contacts instead.",
                              kAudienceContactsMax));
    } else {
      list.addresses.push_back(*std::move(address));
    }
    ++item;
  }
  return list;
}

}  // namespace tidings::audience
