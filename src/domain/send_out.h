// What a row of the communications log is called (P32): the type of a send-out, from the kind and
// the channel of its messages. Stored as its number: never renumber. Thread: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "domain/campaign.h"

namespace tidings {

enum class SendOutType : std::uint8_t {
  mailing = 0,
  transactional_email = 1,
  text_message = 2,
  individual = 3,
  test = 4,
};
inline constexpr int kSendOutTypeCount = 5;

SendOutType send_out_type(MessageKind kind, Channel channel);
// As in the API: "mailing", "transactional_email" …
std::string_view to_string(SendOutType type);
std::optional<SendOutType> parse_send_out_type(std::string_view word);
// As on a screen: "Transactional email".
std::string_view title_of(SendOutType type);

}  // namespace tidings
