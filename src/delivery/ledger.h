// Ledger: the only writer of what becomes of a message.
//
// Every function here works inside a transaction of its caller and stores the new state, its
// events and the counters together (law 2). All are idempotent: what was recorded already, or is
// leased by another node by now, is left alone.
// Thread: const; any, one Connection each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/hit.h"
#include "delivery/journal.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings::delivery {

// A row that expansion makes. state is waiting, skipped or dropped; or cancelled, of a campaign
// that was aborted before it had got to this person.
struct NewMessage {
  MessageId id;
  ContactId contact_id;
  // What it is made of; not valid(): the content of its campaign itself.
  ContentVersionId content_version_id = {};
  std::string address;  // as the contact has it; empty when there is none
  std::string normalised;
  std::int64_t values_hash = 0;
  std::string values;  // JSON object of the contact fields that the templates read
  MessageState state = MessageState::waiting;
  std::string reason;
  std::vector<ContactId> about;  // everyone whose History shows it, the recipient included
  // Of a message without a campaign, as the log sorts and finds it; empty: its content's, as that
  // was written.
  std::string subject;
};

// The campaign that new messages belong to; without one they are send-outs of their own.
struct CampaignKeys {
  OrganisationId organisation_id;
  CampaignId campaign_id;
  ContentVersionId content_version_id;
  MessageKind kind = MessageKind::campaign;
  Channel channel = Channel::email;
};

// Messages that belong to no campaign travel in a lane of their transport, and go first. Wherever
// the engine asks for a campaign, that lane has this key: an id no campaign has, not valid().
constexpr CampaignId direct_lane(TransportId transport) { return CampaignId{-transport.value}; }
constexpr bool is_direct(CampaignId lane) { return lane.value < 0; }

// A message that belongs to no campaign: individual, transactional, a test or a copy.
struct DirectMessage {
  OrganisationId organisation_id;
  NewMessage message;  // state: waiting, held, dropped or skipped
  ContentVersionId content_version_id;
  TransportId transport_id;
  MessageKind kind = MessageKind::transactional;
  Channel channel = Channel::email;
  bool is_test = false;  // made with a test token
  std::string sent_by;   // a person or program, for the log
  TemplateId template_id;
};

struct ClaimedMessage {
  OrganisationId organisation_id;
  CampaignId campaign_id;  // or the direct lane's key
  MessageId id;
  ContentVersionId content_version_id;
  ContactId contact_id;
  std::string address;
  std::string normalised;
  std::string values;
  int attempts = 0;  // before this one
  Instant queued_at{};
  MessageKind kind = MessageKind::campaign;
  std::string record;  // what an earlier attempt sent, to be sent again octet for octet
};

// How many messages of a campaign are where; always adds up to total().
struct CampaignFigures {
  std::int64_t queued = 0;
  std::int64_t sending = 0;
  std::int64_t deferred = 0;
  std::int64_t held = 0;
  std::int64_t sent = 0;
  std::int64_t bounced = 0;
  std::int64_t failed = 0;
  std::int64_t uncertain = 0;
  std::int64_t skipped = 0;
  std::int64_t skipped_no_address = 0;  // of skipped
  std::int64_t dropped = 0;
  std::int64_t cancelled = 0;
  std::int64_t unsubscribed = 0;  // besides the others
  std::int64_t blocked = 0;       // of bounced and returned: we were refused, not the address
  // What came to be known later of messages that are sent, each message once. They stay in `sent`.
  std::int64_t delivered = 0;
  std::int64_t returned = 0;         // bounced after they had been accepted
  std::int64_t returned_unseen = 0;  // of returned: neither opened nor marked as spam since
  std::int64_t marked_as_spam = 0;

  std::int64_t total() const {
    return queued + sending + deferred + held + sent + bounced + failed + uncertain + skipped +
           dropped + cancelled;
  }
  // The five of P26.
  std::int64_t pending() const { return queued + deferred + held; }
  std::int64_t in_flight() const { return sending; }
  std::int64_t completed() const { return sent; }
  std::int64_t all_failed() const { return bounced + failed + uncertain; }
  std::int64_t all_skipped() const { return skipped + dropped + cancelled; }
  bool settled() const { return queued + sending + deferred + held == 0; }
};

// An event about a message that is no attempt: an unsubscription, a complaint …
struct Evidence {
  OrganisationId organisation_id;
  MessageId message_id;
  EventType type = EventType::unsubscribed;
  Instant occurred_at{};
  std::string source;       // who says so: "one-click", "page", "sandbox" …
  std::string data = "{}";  // JSON
  std::string dedupe_key;   // told twice, stored once; empty: always stored
  std::string reason = {};  // of a bounce: the message's reason from then on
};

class EventRows;

// What follows for the address when a message was bounced or given up (feedback/apply_refusals.h);
// within the transaction that settles it.
using OnRefused = Result<void> (*)(db::Connection& connection, IdSource& ids,
                                   std::span<const Settlement* const> refused, Instant now);

class Ledger {
 public:
  // `ids` must outlive it. `node` is the fencing token of this process's leases.
  Ledger(IdSource& ids, NodeId node, unsigned node_number, OnRefused on_refused = nullptr)
      : ids_(ids), node_(node), node_number_(node_number), on_refused_(on_refused) {}

  NodeId node() const { return node_; }

  // Adds the rows of one batch of an expansion.
  Result<void> enqueue(db::Connection& connection, const CampaignKeys& campaign,
                       std::span<const NewMessage> messages, Instant now) const;

  // Adds messages that belong to no campaign, with their first event when they will not be sent.
  Result<void> add_direct(db::Connection& connection, std::span<const DirectMessage> messages,
                          Instant now) const;

  // Leases up to `limit` messages of a campaign, or of a direct lane, to this node, those due again
  // first; what became suppressed in the meantime is dropped instead.
  Result<std::vector<ClaimedMessage>> claim(db::Connection& connection, OrganisationId organisation,
                                            CampaignId campaign, int limit, Instant now) const;
  // Settles attempts leased under `lease` (this node's, or a dead one's during recovery). Says for
  // each whether it changed anything. What is uncertain and belongs to no campaign waits for
  // another attempt with the same octets at due_at; without one (Instant()) it stays uncertain.
  Result<std::vector<bool>> settle(db::Connection& connection, NodeId lease,
                                   std::span<const Settlement> settlements, Instant now) const;
  // Takes back leases of this node on messages of which nothing was attempted.
  Result<void> release(db::Connection& connection, std::span<const Settlement> messages,
                       Instant now) const;
  // Likewise, to come again at their due_at: their site is slow, paused or suspended, as
  // outcome.reason says for an operator. No attempt is counted, no event told.
  Result<void> postpone(db::Connection& connection, std::span<const Settlement> messages,
                        Instant now) const;
  // Leased messages of which nothing was attempted and whose time is over: failed, "expired".
  Result<void> expire(db::Connection& connection, std::span<const Settlement> messages,
                      Instant now) const;
  // The same of up to `limit` that wait in a campaign or direct lane whose mail server is not to be
  // reached: those for whom `is_over` is true. Returns how many.
  using IsOver = std::function<bool(MessageKind kind, Instant queued_at)>;
  Result<std::int64_t> expire_waiting(db::Connection& connection, OrganisationId organisation,
                                      CampaignId lane, int limit, const IsOver& is_over,
                                      Instant now) const;
  // What an operator does with messages that wait: they are held, let go again, given up, or tried
  // at once. Those that are not as they were found are left alone, and so are those that another
  // node has leased. Returns how many there were.
  struct Found {
    MessageId id;
    CampaignId campaign_id;                      // not valid(): of no campaign
    MessageState state = MessageState::waiting;  // leased: nothing was attempted under the lease
  };
  enum class Steer : std::uint8_t { hold, release, expire, retry };
  Result<std::int64_t> steer(db::Connection& connection, OrganisationId organisation, Steer how,
                             std::span<const Found> messages, std::string_view by,
                             Instant now) const;
  // Leased messages to whose address something was suppressed since: those that it concerns are
  // dropped, the others go back to waiting.
  Result<void> drop_suppressed(db::Connection& connection, NodeId lease,
                               const CampaignKeys& campaign, std::span<const MessageId> ids,
                               Instant now) const;
  // Everything a dead node still holds: back to waiting, or uncertain when its journal is lost.
  enum class Holding { nothing_left, may_have_left };
  Result<std::int64_t> take_back(db::Connection& connection, NodeId dead, Holding holding,
                                 Instant now) const;
  // Cancels up to `limit` unsent messages; returns how many there were.
  Result<std::int64_t> cancel_unsent(db::Connection& connection, OrganisationId organisation,
                                     CampaignId campaign, int limit, Instant now) const;
  // Cancels one message that is not being sent now. Errors: message.not_found; message.sending,
  // message.ended (conflict).
  Result<void> cancel_one(db::Connection& connection, OrganisationId organisation, MessageId id,
                          std::string_view by, Instant now) const;
  // Another attempt of one that is uncertain, with the same octets. The campaign's state is the
  // caller's to open. Errors: message.not_found, message.not_uncertain (conflict).
  Result<void> send_again(db::Connection& connection, OrganisationId organisation, MessageId id,
                          std::string_view by, Instant now) const;
  // Stores what came to be known of a message: its event, the status that follows
  // (status_of_events) and the figures. What proves that an uncertain message was accepted makes it
  // sent, and it is not tried again. False when the dedupe key was known already. Error:
  // message.not_found.
  Result<bool> record(db::Connection& connection, const Evidence& evidence, Instant now) const;

  // Stores hits as the organisation's mode says (identity/organisation_settings.h), each with
  // whether a person or a machine made it (domain/hit_judgement.h): as events of their messages,
  // and in the figures of the message, its campaign and the content's links. The first of a person
  // raises the message's status; a person's click moves the contact's last interaction. Those of
  // messages that are gone or hidden, tests and copies are left out, and links that are not there.
  // Not idempotent: the caller's cursor is.
  Result<void> record_hits(db::Connection& connection, std::span<const Hit> hits,
                           Instant now) const;

  static Result<CampaignFigures> figures(db::Connection& connection, OrganisationId organisation,
                                         CampaignId campaign);
  // The same, counted from the messages themselves: the slow oracle of the counters.
  static Result<CampaignFigures> recount(db::Connection& connection, OrganisationId organisation,
                                         CampaignId campaign);

 private:
  using Key = std::pair<OrganisationId, CampaignId>;
  struct SendOut;
  struct Known;
  Result<void> count_evidence(db::Connection& connection, const Evidence& evidence,
                              const Known& known, Instant now) const;
  static Result<void> add_send_outs(db::Connection& connection, std::span<const SendOut> rows);
  Result<void> add(db::Connection& connection, const std::map<Key, CampaignFigures>& changes) const;
  struct Suppressed {
    MessageId id;
    std::string reason;  // drop_reason()
  };
  Result<void> drop(db::Connection& connection, NodeId lease, OrganisationId organisation,
                    CampaignId lane, std::span<const Suppressed> messages, Instant now) const;
  // Tells once that a message is delayed.
  Result<void> tell_delayed(db::Connection& connection, const Settlement& settlement,
                            EventRows& events) const;
  Result<void> drop_newly_suppressed(db::Connection& connection, CampaignId lane,
                                     std::vector<ClaimedMessage>& claimed, Instant now) const;
  Result<void> claim_rows(db::Connection& connection, OrganisationId organisation, CampaignId lane,
                          int limit, Instant now, std::vector<ClaimedMessage>& claimed,
                          CampaignFigures& figures) const;

  IdSource& ids_;
  NodeId node_;
  unsigned node_number_;
  OnRefused on_refused_;
};

// Why an operator's messages are held; only those are released by one.
inline constexpr std::string_view kHeldByOperator = "held by an operator";

// The direct lanes that have something left to do, by transport: what a runner lets send.
struct DirectLane {
  OrganisationId organisation_id;
  TransportId transport_id;
};
Result<std::vector<DirectLane>> open_direct_lanes(db::Connection& connection);

// For plan tests.
std::span<const db::StatementPair> ledger_statements();

}  // namespace tidings::delivery
