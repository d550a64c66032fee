// Kinds, channels and the life of a campaign. Stored as numbers: never renumber. Thread: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidings {

enum class MessageKind : std::uint8_t {
  campaign = 0,
  individual = 1,
  transactional = 2,
  test = 3,  // to its author, outside every count
  copy = 4,  // of a campaign or message, for the organisation's own records; outside every count
};
enum class Channel : std::uint8_t { email = 0, sms = 1 };

enum class CampaignState : std::uint8_t {
  draft = 0,
  scheduled = 1,
  running = 2,  // expanding its audience, sending, or waiting for deferred messages
  paused = 3,
  finished = 4,
  finished_with_errors = 5,
  cancelled = 6,
  held = 7,
};

constexpr bool is_open(CampaignState state) {
  return state == CampaignState::running || state == CampaignState::paused ||
         state == CampaignState::scheduled || state == CampaignState::held;
}

std::string_view to_string(MessageKind kind);
std::string_view to_string(Channel channel);
std::string_view to_string(CampaignState state);
std::optional<MessageKind> parse_message_kind(std::string_view word);
std::optional<Channel> parse_channel(std::string_view word);
std::optional<CampaignState> parse_campaign_state(std::string_view word);

}  // namespace tidings
