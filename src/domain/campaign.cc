#include "domain/campaign.h"

#include <array>

namespace tidings {

namespace {

constexpr std::array<std::string_view, 5> kKinds = {"campaign", "individual", "transactional",
                                                    "test", "copy"};
constexpr std::array<std::string_view, 2> kChannels = {"email", "sms"};
constexpr std::array<std::string_view, 8> kStates = {
    "draft",     "scheduled", "running", "paused", "finished", "finished with errors",
    "cancelled", "held"};

template <typename E, std::size_t N>
std::optional<E> parse(const std::array<std::string_view, N>& words, std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == word) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(MessageKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view to_string(Channel channel) { return kChannels[static_cast<std::size_t>(channel)]; }
std::string_view to_string(CampaignState state) { return kStates[static_cast<std::size_t>(state)]; }
std::optional<MessageKind> parse_message_kind(std::string_view word) {
  return parse<MessageKind>(kKinds, word);
}
std::optional<Channel> parse_channel(std::string_view word) {
  return parse<Channel>(kChannels, word);
}
std::optional<CampaignState> parse_campaign_state(std::string_view word) {
  return parse<CampaignState>(kStates, word);
}

}  // namespace tidings
