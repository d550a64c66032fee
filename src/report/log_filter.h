// What the communications log may be asked for, and what it tells of a message. Thread: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings::report {

// What is not set does not filter. Several words filter together.
struct LogFilter {
  std::vector<MessageKind> kinds;  // any of these; empty: all
  std::optional<Channel> channel;
  std::vector<Status> statuses;  // any of these; empty: all
  std::optional<Instant> from;   // queued at or after
  std::optional<Instant> until;  // queued before
  std::optional<bool> has_attachments;
  std::string sender;  // part of the sender's address or name, in any case
  std::string text;    // part of the subject or of the recipient's address, in any case
  std::optional<CampaignId> campaign;
  std::optional<ContactId> contact;  // in whose History the message is
  std::optional<GroupId> group;      // whose members they are sent to, as the group is now
  bool is_deleted = false;           // those deleted from the history instead (P38)
};

struct LogEntry {
  OrganisationId organisation_id;
  MessageId id;
  CampaignId campaign_id;  // unset for a single message
  ContentVersionId content_version_id;
  std::vector<ContactId> contact_ids;  // the recipient first
  std::string address;                 // as typed; empty when there is none
  MessageKind kind = MessageKind::campaign;
  Channel channel = Channel::email;
  std::string subject;
  std::string sender;             // `Name <address>` or the address
  std::string message_id_domain;  // of its Message-ID
  bool has_attachments = false;
  Status status = Status::queued;
  MessageState state = MessageState::waiting;
  std::string reason;
  int attempts = 0;
  NodeId lease;               // of the node that holds it, while leased
  bool is_ambiguous = false;  // as recorded: an intent has no outcome
  Instant due_at{};
  Instant queued_at{};
  Instant changed_at{};
  std::optional<Instant> deleted_at;
};

// No id made at `at` or later, by a clock that is right, is smaller.
std::int64_t smallest_id_at(Instant at);
// How far the clocks of two nodes may be apart: an id is a time, but of the node that made it.
inline constexpr Duration kClockSlack = std::chrono::hours(1);

}  // namespace tidings::report
