// Any bytes as an address and as a mailbox: no crash, and whatever is accepted is within the
// limits, is accepted again unchanged, and holds nothing that could end a command or a header.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/email_address.h"

namespace {

using tidings::wire::DomainRule;
using tidings::wire::EmailAddress;

void check(const EmailAddress& address) {
  CHECK(address.normalised.size() <= tidings::wire::kMaxAddress);
  CHECK(address.local_part().size() <= tidings::wire::kMaxLocalPart);
  for (const char c : address.normalised) CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  for (const char c : address.domain()) CHECK(c > 0x20 && c < 0x7f);
  const auto again = parse_email_address(address.normalised, DomainRule::any);
  CHECK(again && again->normalised == address.normalised && again->at == address.at);
  CHECK(comparison_key(*again) == comparison_key(address));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const DomainRule rule : {DomainRule::dotted, DomainRule::any}) {
    if (const auto address = tidings::wire::parse_email_address(bytes, rule)) check(*address);
    if (const auto mailbox = tidings::wire::parse_mailbox(bytes, rule)) {
      check(mailbox->address);
      const auto again = tidings::wire::parse_mailbox(to_text(*mailbox), DomainRule::any);
      CHECK(again && again->address.normalised == mailbox->address.normalised);
      CHECK(again->display_name == mailbox->display_name);
    }
  }
  return 0;
}
