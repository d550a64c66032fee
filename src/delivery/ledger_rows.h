// Rows and figures as the ledger writes them. Private to src/delivery/ledger*.cc.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "delivery/ledger.h"
#include "domain/message_state.h"
#include "domain/outcome.h"

namespace tidings::delivery {

inline constexpr std::array<std::string_view, 19> kMessageColumns = {"organisation_id",
                                                                     "id",
                                                                     "campaign_id",
                                                                     "content_version_id",
                                                                     "kind",
                                                                     "channel",
                                                                     "contact_id",
                                                                     "address",
                                                                     "normalised",
                                                                     "values_hash",
                                                                     "message_values",
                                                                     "state",
                                                                     "status",
                                                                     "reason",
                                                                     "attempts",
                                                                     "due_at",
                                                                     "is_ambiguous",
                                                                     "queued_at",
                                                                     "changed_at"};
inline constexpr std::array<std::string_view, 22> kDirectColumns = {"organisation_id",
                                                                    "id",
                                                                    "content_version_id",
                                                                    "kind",
                                                                    "channel",
                                                                    "contact_id",
                                                                    "address",
                                                                    "normalised",
                                                                    "values_hash",
                                                                    "message_values",
                                                                    "state",
                                                                    "status",
                                                                    "reason",
                                                                    "attempts",
                                                                    "due_at",
                                                                    "is_ambiguous",
                                                                    "queued_at",
                                                                    "changed_at",
                                                                    "transport_id",
                                                                    "is_test",
                                                                    "sent_by",
                                                                    "template_id"};
inline constexpr std::array<std::string_view, 4> kAboutColumns = {"organisation_id", "contact_id",
                                                                  "message_id", "is_recipient"};
inline constexpr std::array<std::string_view, 8> kEventColumns = {
    "organisation_id", "message_id", "id", "type", "occurred_at", "recorded_at", "source", "data"};

// As the log lists a message that belongs to no campaign.
struct Ledger::SendOut {
  OrganisationId organisation_id;
  ContentVersionId content_version_id;
  MessageKind kind = MessageKind::transactional;
  Channel channel = Channel::email;
  MessageId id;
  std::string_view subject;  // empty: its content's
};

// Adds `by` to the figure that counts messages in this state.
inline void count(CampaignFigures& figures, MessageState state, std::int64_t by,
                  std::string_view reason = {}) {
  switch (state) {
    case MessageState::waiting:
      figures.queued += by;
      return;
    case MessageState::deferred:
      figures.deferred += by;
      return;
    case MessageState::leased:
      figures.sending += by;
      return;
    case MessageState::sent:
      figures.sent += by;
      if (is_block(reason)) figures.blocked += by;  // returned since
      return;
    case MessageState::bounced:
      figures.bounced += by;
      if (is_block(reason)) figures.blocked += by;
      return;
    case MessageState::failed:
      figures.failed += by;
      return;
    case MessageState::uncertain:
      figures.uncertain += by;
      return;
    case MessageState::skipped:
      figures.skipped += by;
      if (reason == "no address") figures.skipped_no_address += by;
      return;
    case MessageState::dropped:
      figures.dropped += by;
      return;
    case MessageState::cancelled:
      figures.cancelled += by;
      return;
    case MessageState::held:
      figures.held += by;
      return;
  }
}

// Where a settlement leaves its message.
MessageState state_of(const Settlement& settlement);

// Stores how attempts ended in the rows of their messages, and says for each whether it was still
// leased under `lease`.
Result<std::vector<bool>> settle_rows(db::Connection& connection, NodeId lease,
                                      std::span<const Settlement> settlements, Instant now);

inline constexpr std::array<std::string_view, 3> kBodyColumns = {"organisation_id", "message_id",
                                                                 "record"};

// The event rows of one transaction, gathered for one bulk insert.
class EventRows {
 public:
  explicit EventRows(Instant now) : now_(now) {}
  void reserve(std::size_t rows) {
    params_.reserve(rows * kEventColumns.size());
    data_.reserve(rows);
  }
  void add(OrganisationId organisation, MessageId message, std::int64_t id, EventType type,
           Instant occurred_at, std::string_view source, std::string data) {
    data_.push_back(std::make_unique<std::string>(std::move(data)));
    params_.insert(params_.end(), {db::Param(organisation), db::Param(message), db::Param(id),
                                   db::Param(int(type)), db::Param(occurred_at), db::Param(now_),
                                   db::Param(source), db::Param(*data_.back())});
  }
  Result<void> store(db::Connection& connection) const {
    if (params_.empty()) return {};
    return connection.insert_many("event", kEventColumns, params_);
  }

 private:
  Instant now_;
  std::vector<db::Param> params_;
  std::vector<std::unique_ptr<std::string>> data_;  // what the parameters borrow
};

}  // namespace tidings::delivery
