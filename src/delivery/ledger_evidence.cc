// The ledger's part about what comes to be known of a message after its attempts.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delivery/ledger.h"
#include "delivery/ledger_rows.h"
#include "delivery/ledger_sql.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Row;

// Nobody can say this of a message that was not accepted by somebody.
bool proves_acceptance(EventType type) {
  switch (type) {
    case EventType::delivered:
    case EventType::bounced:
    case EventType::delayed:
    case EventType::opened:
    case EventType::clicked:
    case EventType::marked_as_spam:
    case EventType::unsubscribed:
    case EventType::auto_replied:
    case EventType::replied:
      return true;
    default:
      return false;
  }
}

}  // namespace

// A message as it was, and its events with the new one.
struct Ledger::Known {
  CampaignId campaign_id;
  Status before = Status::queued;
  Status after = Status::queued;
  MessageState state = MessageState::waiting;  // as it is now
  std::vector<EventType> types;

  bool is_first(EventType type) const { return std::ranges::count(types, type) == 1; }
  // Bounced, and nothing since says that it arrived; whether with the new event or as it was.
  bool is_unseen(bool with_new) const {
    const auto has = [&](EventType type) {
      return std::find(types.begin(), types.end() - (with_new ? 0 : 1), type) !=
             types.end() - (with_new ? 0 : 1);
    };
    return has(EventType::bounced) && !has(EventType::opened) && !has(EventType::clicked) &&
           !has(EventType::marked_as_spam);
  }
};

Result<bool> Ledger::record(Connection& connection, const Evidence& evidence, Instant now) const {
  const OrganisationId organisation = evidence.organisation_id;
  const MessageId message = evidence.message_id;
  std::optional<Known> found;
  TRY(connection.query(sql::kMessageForEvent, {organisation, message}, [&](const Row& row) {
    found.emplace();
    found->campaign_id = row.id<CampaignId>(0);
    found->before = static_cast<Status>(row.integer(1));
    found->state = static_cast<MessageState>(row.integer(2));
  }));
  if (!found) {
    return fail(ErrorKind::not_found, "message.not_found",
                "There is no message " + to_text(message) + ".");
  }
  Known& known = *found;
  const auto id = ids_.next<EventId>();
  if (!evidence.dedupe_key.empty()) {
    const auto inserted =
        TRY(connection.execute(sql::kInsertEventKey, {organisation, evidence.dedupe_key, id}));
    if (inserted == 0) return false;
  }
  TRY(connection.query(sql::kEventTypes, {organisation, message}, [&](const Row& row) {
    known.types.push_back(static_cast<EventType>(row.integer(0)));
  }));
  known.types.push_back(evidence.type);
  EventRows events(now);
  events.add(organisation, message, id.value, evidence.type, evidence.occurred_at, evidence.source,
             evidence.data);
  TRY(events.store(connection));
  // A resubscription takes an unsubscription back: what is left is folded anew. Else the status
  // stands for the events before, some of which may have been deleted by now.
  known.after = evidence.type == EventType::resubscribed
                    ? status_of_events(known.types, known.before)
                    : after_event(known.before, evidence.type);
  if (known.after != known.before) {
    TRY(connection.execute(sql::kSetStatus, {int(known.after), now, organisation, message}));
  }
  TRY(count_evidence(connection, evidence, known, now));
  return true;
}

Result<void> Ledger::count_evidence(Connection& connection, const Evidence& evidence,
                                    const Known& known, Instant now) const {
  const OrganisationId organisation = evidence.organisation_id;
  std::map<Key, CampaignFigures> changes;
  CampaignFigures& figures = changes[{organisation, known.campaign_id}];
  MessageState state = known.state;
  const bool is_doubted = state == MessageState::uncertain || state == MessageState::deferred;
  if (is_doubted && proves_acceptance(evidence.type) &&
      TRY(connection.execute(sql::kProveSent,
                             {now, organisation, evidence.message_id, int(state)})) == 1) {
    count(figures, state, -1);
    state = MessageState::sent;
    count(figures, state, 1);
  }
  figures.unsubscribed +=
      int(known.after == Status::unsubscribed) - int(known.before == Status::unsubscribed);
  if (evidence.type == EventType::delivered)
    figures.delivered += int(known.is_first(evidence.type));
  if (evidence.type == EventType::marked_as_spam) {
    figures.marked_as_spam += int(known.is_first(evidence.type));
  }
  // Known before its attempt is stored, it is as good as sent.
  if (state == MessageState::sent || state == MessageState::leased) {
    figures.returned_unseen += int(known.is_unseen(true)) - int(known.is_unseen(false));
    if (evidence.type == EventType::bounced && known.is_first(EventType::bounced)) {
      figures.returned += 1;
      figures.blocked += int(is_block(evidence.reason));
      TRY(connection.execute(sql::kSetReason,
                             {evidence.reason, organisation, evidence.message_id}));
    }
  }
  return add(connection, changes);
}

}  // namespace tidings::delivery
