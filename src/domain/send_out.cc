#include "domain/send_out.h"

#include <array>

namespace tidings {

namespace {

struct TypeFacts {
  std::string_view word;
  std::string_view title;
};

// In the order of the enumeration.
constexpr std::array<TypeFacts, kSendOutTypeCount> kFacts = {{
    {"mailing", "Mailing"},
    {"transactional_email", "Transactional email"},
    {"text_message", "Text message"},
    {"individual", "Individual"},
    {"test", "Test"},
}};

}  // namespace

SendOutType send_out_type(MessageKind kind, Channel channel) {
  if (kind == MessageKind::test) return SendOutType::test;
  if (channel == Channel::sms) return SendOutType::text_message;
  if (kind == MessageKind::transactional) return SendOutType::transactional_email;
  return kind == MessageKind::individual ? SendOutType::individual : SendOutType::mailing;
}

std::string_view to_string(SendOutType type) { return kFacts[static_cast<std::size_t>(type)].word; }
std::string_view title_of(SendOutType type) { return kFacts[static_cast<std::size_t>(type)].title; }

std::optional<SendOutType> parse_send_out_type(std::string_view word) {
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (kFacts[i].word == word) return static_cast<SendOutType>(i);
  }
  return std::nullopt;
}

}  // namespace tidings
