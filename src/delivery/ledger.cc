#include "delivery/ledger.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "audience/suppression_check.h"
#include "base/check.h"
#include "delivery/attempt_data.h"
#include "delivery/content_store.h"
#include "delivery/ledger_rows.h"
#include "delivery/ledger_sql.h"
#include "domain/send_out.h"
#include "wire/case_folding.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Param;
using db::Row;

constexpr std::array<std::string_view, 6> kSendOutColumns = {
    "organisation_id", "id", "type", "subject_key", "sender_key", "has_attachments"};

// By name, then by address: as a list of senders is sorted.
std::string sender_key(std::string_view name, std::string_view address) {
  std::string key(name);
  if (!key.empty()) key += ' ';
  key += address;
  return wire::fold_case(key);
}

// At an attempt: whoever had to be asked was asked when the message was made.
Result<RecipientPolicy> policy_of(Connection& connection, OrganisationId organisation,
                                  ContentVersionId content, MessageKind kind, Instant now) {
  RecipientPolicy policy{.kind = kind, .now = now, .is_confirmed = true};
  policy.consent = TRY(consent_of_content(connection, organisation, content));
  return policy;
}

// Waiting rows of one organisation, read in this transaction.
Result<void> lease_alike(Connection& connection, NodeId node,
                         std::span<const ClaimedMessage> messages, Instant now) {
  std::vector<Param> params;
  while (!messages.empty()) {
    const std::size_t count = std::min(messages.size(), sql::kAlike);
    params.assign({Param(node), Param(now), Param(messages.front().organisation_id)});
    for (std::size_t i = 0; i < sql::kAlike; ++i) {
      params.emplace_back(messages[std::min(i, count - 1)].id);
    }
    const std::int64_t leased = TRY(connection.execute(sql::kLeaseAlike, params));
    CHECK(leased == static_cast<std::int64_t>(count));
    messages = messages.subspan(count);
  }
  return {};
}

}  // namespace

Result<void> Ledger::enqueue(Connection& connection, const CampaignKeys& campaign,
                             std::span<const NewMessage> messages, Instant now) const {
  std::vector<Param> rows;
  std::vector<Param> about;
  EventRows events(now);
  rows.reserve(messages.size() * kMessageColumns.size());
  about.reserve(messages.size() * kAboutColumns.size());
  std::map<Key, CampaignFigures> changes;
  CampaignFigures& figures = changes[{campaign.organisation_id, campaign.campaign_id}];
  for (const NewMessage& message : messages) {
    const bool is_waiting = message.state == MessageState::waiting;
    const bool is_cancelled = message.state == MessageState::cancelled;
    const bool is_skipped = message.state == MessageState::skipped;
    CHECK(is_waiting || is_cancelled || is_skipped || message.state == MessageState::dropped);
    const Status status = is_waiting     ? Status::queued
                          : is_cancelled ? Status::cancelled
                          : is_skipped   ? Status::skipped
                                         : Status::dropped;
    rows.insert(rows.end(),
                {Param(campaign.organisation_id), Param(message.id),
                 campaign.campaign_id.valid() ? Param(campaign.campaign_id) : Param(),
                 Param(message.content_version_id.valid() ? message.content_version_id
                                                          : campaign.content_version_id),
                 Param(int(campaign.kind)), Param(int(campaign.channel)),
                 message.contact_id.valid() ? Param(message.contact_id) : Param(),
                 Param(message.address), Param(message.normalised), Param(message.values_hash),
                 Param(message.values), Param(int(message.state)), Param(int(status)),
                 Param(message.reason), Param(0), Param(now), Param(0), Param(now), Param(now)});
    for (const ContactId contact : message.about) {
      about.insert(about.end(), {Param(campaign.organisation_id), Param(contact), Param(message.id),
                                 Param(contact == message.contact_id)});
    }
    // A queued message's first event is its row: queued_at. The others say why they will not go.
    if (is_cancelled) {
      events.add(campaign.organisation_id, message.id, ids_.next(), EventType::cancelled, now,
                 "staff", "{}");
    } else if (!is_waiting) {
      events.add(campaign.organisation_id, message.id, ids_.next(),
                 is_skipped ? EventType::skipped : EventType::dropped, now, "expansion",
                 reason_data(message.reason));
    }
    count(figures, message.state, 1, message.reason);
  }
  TRY(connection.insert_many("message", kMessageColumns, rows));
  TRY(connection.insert_many("message_about", kAboutColumns, about));
  TRY(events.store(connection));
  if (!campaign.campaign_id.valid()) {
    std::vector<SendOut> send_outs;
    for (const NewMessage& message : messages) {
      send_outs.push_back({campaign.organisation_id, campaign.content_version_id, campaign.kind,
                           campaign.channel, message.id, message.subject});
    }
    return add_send_outs(connection, send_outs);
  }
  TRY(add(connection, changes));
  if (messages.empty()) return {};
  const auto [first, last] = std::ranges::minmax_element(messages, {}, &NewMessage::id);
  TRY(connection.execute(sql::kWidenRange, {campaign.organisation_id, campaign.campaign_id,
                                            node_number_, first->id, last->id}));
  return {};
}

Result<void> Ledger::add_send_outs(Connection& connection, std::span<const SendOut> rows) {
  struct Facts {
    std::string subject;
    std::string sender;
    bool has_attachments = false;
  };
  std::map<std::pair<OrganisationId, ContentVersionId>, Facts> contents;
  std::vector<std::string> subjects(rows.size());
  std::vector<Param> flat;
  flat.reserve(rows.size() * kSendOutColumns.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const SendOut& row = rows[i];
    const auto [at, is_new] =
        contents.try_emplace({row.organisation_id, row.content_version_id}, Facts());
    Facts& facts = at->second;
    if (is_new) {
      TRY(connection.query(sql::kSendOutFacts, {row.organisation_id, row.content_version_id},
                           [&](const Row& found) {
                             facts = {wire::fold_case(found.text(0)),
                                      sender_key(found.text(1), found.text(2)), found.boolean(3)};
                           }));
    }
    if (!row.subject.empty()) subjects[i] = wire::fold_case(row.subject);
    flat.insert(flat.end(), {Param(row.organisation_id), Param(row.id),
                             Param(int(send_out_type(row.kind, row.channel))),
                             Param(row.subject.empty() ? facts.subject : subjects[i]),
                             Param(facts.sender), Param(facts.has_attachments)});
  }
  return connection.insert_many("send_out", kSendOutColumns, flat);
}

Result<void> Ledger::claim_rows(Connection& connection, OrganisationId organisation,
                                CampaignId lane, int limit, Instant now,
                                std::vector<ClaimedMessage>& claimed,
                                CampaignFigures& figures) const {
  const auto take = [&](const Row& row) {
    ClaimedMessage message;
    message.organisation_id = organisation;
    message.campaign_id = lane;
    message.id = row.id<MessageId>(0);
    message.content_version_id = row.id<ContentVersionId>(1);
    message.contact_id = row.id<ContactId>(2);
    message.address = row.string(3);
    message.normalised = row.string(4);
    message.values = row.string(5);
    message.attempts = static_cast<int>(row.integer(6));
    message.queued_at = row.instant(7);
    message.kind = static_cast<MessageKind>(row.integer(8));
    claimed.push_back(std::move(message));
  };
  const bool direct = is_direct(lane);
  const std::int64_t key = direct ? -lane.value : lane.value;
  const auto& deferred = direct ? sql::kClaimDirectDeferred : sql::kClaimDeferred;
  const auto& waiting = direct ? sql::kClaimDirectWaiting : sql::kClaimWaiting;
  TRY(connection.query(deferred.in(connection.dialect()), {node_, organisation, key, limit, now},
                       take));
  const auto due = static_cast<std::int64_t>(claimed.size());
  figures.deferred -= due;
  for (ClaimedMessage& message : claimed) {
    TRY(connection.query(sql::kBodyRecord, {organisation, message.id},
                         [&](const Row& row) { message.record = row.bytes(0); }));
  }
  if (due < limit) {
    if (!direct && connection.dialect() == db::Dialect::sqlite) {
      TRY(connection.query(sql::kWaitingRows, {organisation, key, limit - due}, take));
      TRY(lease_alike(connection, node_, std::span(claimed).subspan(std::size_t(due)), now));
    } else {
      TRY(connection.query(waiting.in(connection.dialect()),
                           {node_, organisation, key, limit - due, now}, take));
    }
    figures.queued -= static_cast<std::int64_t>(claimed.size()) - due;
  }
  return {};
}

Result<std::vector<ClaimedMessage>> Ledger::claim(Connection& connection,
                                                  OrganisationId organisation, CampaignId campaign,
                                                  int limit, Instant now) const {
  std::vector<ClaimedMessage> claimed;
  std::map<Key, CampaignFigures> changes;
  CampaignFigures& figures = changes[{organisation, campaign}];
  TRY(claim_rows(connection, organisation, campaign, limit, now, claimed, figures));
  if (claimed.empty()) return claimed;
  figures.sending += static_cast<std::int64_t>(claimed.size());
  // RETURNING promises no order.
  std::ranges::sort(claimed, {}, &ClaimedMessage::id);
  TRY(add(connection, changes));
  TRY(drop_newly_suppressed(connection, campaign, claimed, now));
  if (claimed.empty()) return claimed;
#ifdef TIDINGS_PLANT_CHECKPOINT_AT_FETCH
  // A planted bug for the harness: what was fetched counts as sent.
  std::vector<Settlement> early;
  for (const ClaimedMessage& message : claimed) {
    Settlement settlement{organisation, campaign, message.attempts + 1, {}, now, {}};
    settlement.outcome.message_id = message.id;
    settlement.outcome.kind = OutcomeKind::sent;
    early.push_back(settlement);
  }
  TRY(settle(connection, node_, early, now));
#endif
  return claimed;
}

Result<void> Ledger::drop_newly_suppressed(Connection& connection, CampaignId lane,
                                           std::vector<ClaimedMessage>& claimed,
                                           Instant now) const {
  // Those of one content version and kind follow one rule; a campaign's have one of each.
  std::map<std::pair<ContentVersionId, MessageKind>, std::vector<const ClaimedMessage*>> alike;
  for (const ClaimedMessage& message : claimed) {
    alike[{message.content_version_id, message.kind}].push_back(&message);
  }
  const OrganisationId organisation = claimed.front().organisation_id;
  std::vector<Suppressed> suppressed;
  for (const auto& [what, messages] : alike) {
    std::vector<std::string_view> addresses;
    addresses.reserve(messages.size());
    for (const ClaimedMessage* message : messages) addresses.push_back(message->normalised);
    const RecipientPolicy policy =
        TRY(policy_of(connection, organisation, what.first, what.second, now));
    const auto reasons =
        TRY(audience::find_suppressed(connection, organisation, Channel::email, policy, addresses));
    if (reasons.empty()) continue;
    for (const ClaimedMessage* message : messages) {
      if (const auto at = reasons.find(message->normalised); at != reasons.end()) {
        suppressed.push_back({message->id, std::string(tidings::drop_reason(at->second))});
      }
    }
  }
  if (suppressed.empty()) return {};
  std::ranges::sort(suppressed, {}, &Suppressed::id);
  std::erase_if(claimed, [&](const ClaimedMessage& message) {
    return std::ranges::binary_search(suppressed, message.id, {}, &Suppressed::id);
  });
  return drop(connection, node_, organisation, lane, suppressed, now);
}

Result<void> Ledger::drop(Connection& connection, NodeId lease, OrganisationId organisation,
                          CampaignId lane, std::span<const Suppressed> messages,
                          Instant now) const {
  EventRows events(now);
  std::map<Key, CampaignFigures> changes;
  for (const auto& [id, reason] : messages) {
    const std::int64_t changed =
        TRY(connection.execute(sql::kDrop, {reason, now, organisation, id, lease}));
    if (changed == 0) continue;
    events.add(organisation, id, ids_.next(), EventType::dropped, now, "engine",
               reason_data(reason));
    CampaignFigures& figures = changes[{organisation, lane}];
    figures.sending -= 1;
    figures.dropped += 1;
  }
  TRY(events.store(connection));
  return add(connection, changes);
}

Result<void> Ledger::drop_suppressed(Connection& connection, NodeId lease,
                                     const CampaignKeys& campaign, std::span<const MessageId> ids,
                                     Instant now) const {
  const OrganisationId organisation = campaign.organisation_id;
  struct Asked {
    ContentVersionId content;
    MessageKind kind = MessageKind::campaign;
    Channel channel = Channel::email;
    std::string normalised;
    int attempts = 0;
  };
  std::vector<Suppressed> suppressed;
  std::vector<Settlement> back;
  for (const MessageId id : ids) {
    const auto asked =
        TRY(connection.query_first(sql::kSuppressible, {organisation, id}, [](const Row& row) {
          return Asked{row.id<ContentVersionId>(0), static_cast<MessageKind>(row.integer(1)),
                       static_cast<Channel>(row.integer(2)), row.string(3),
                       static_cast<int>(row.integer(4))};
        }));
    if (!asked) continue;
    const RecipientPolicy policy =
        TRY(policy_of(connection, organisation, asked->content, asked->kind, now));
    const auto reasons = TRY(audience::find_suppressed(
        connection, organisation, asked->channel, policy, {std::string_view(asked->normalised)}));
    if (!reasons.empty()) {
      suppressed.push_back({id, std::string(tidings::drop_reason(reasons.begin()->second))});
      continue;
    }
    // Something was suppressed at this address, and it is not this message.
    Settlement settlement;
    settlement.organisation_id = organisation;
    settlement.campaign_id = campaign.campaign_id;
    settlement.attempt = asked->attempts + 1;
    settlement.outcome.message_id = id;
    back.push_back(std::move(settlement));
  }
  TRY(drop(connection, lease, organisation, campaign.campaign_id, suppressed, now));
  return release(connection, back, now);
}

Result<std::vector<bool>> Ledger::settle(Connection& connection, NodeId lease,
                                         std::span<const Settlement> settlements,
                                         Instant now) const {
  std::vector<bool> applied = TRY(settle_rows(connection, lease, settlements, now));
  std::vector<Param> bodies;
  bodies.reserve(settlements.size() * kBodyColumns.size());
  std::vector<Param> more_bodies;  // of which there may be one already
  EventRows events(now);
  events.reserve(settlements.size());
  std::map<Key, CampaignFigures> changes;
  std::vector<const Settlement*> refused;
  for (std::size_t i = 0; i < settlements.size(); ++i) {
    if (!applied[i]) continue;
    const Settlement& settlement = settlements[i];
    const Outcome& outcome = settlement.outcome;
    if (!settlement.record.empty()) {
      auto& rows = settlement.attempt == 1 ? bodies : more_bodies;
      rows.insert(rows.end(), {Param(settlement.organisation_id), Param(outcome.message_id),
                               Param(db::BytesView{settlement.record})});
    }
    events.add(settlement.organisation_id, outcome.message_id, ids_.next(), event_of(outcome.kind),
               outcome.ended_at, "attempt", attempt_data(settlement));
    if (settlement.is_delayed) TRY(tell_delayed(connection, settlement, events));
    CampaignFigures& figures = changes[{settlement.organisation_id, settlement.campaign_id}];
    figures.sending -= 1;
    count(figures, state_of(settlement), 1, outcome.reason);
    if (is_delivery(outcome)) {
      events.add(settlement.organisation_id, outcome.message_id, ids_.next(), EventType::delivered,
                 outcome.ended_at, "server", "{}");
      figures.delivered += 1;
    } else if (outcome.kind == OutcomeKind::bounced || outcome.kind == OutcomeKind::failed) {
      refused.push_back(&settlement);
    }
  }
  if (!bodies.empty()) {
    TRY(connection.insert_many("message_body", kBodyColumns, bodies));
  }
  if (!more_bodies.empty()) {
    TRY(connection.execute_many(sql::kInsertBody, 3, more_bodies));
  }
  TRY(events.store(connection));
  TRY(add(connection, changes));
  if (!refused.empty() && on_refused_ != nullptr) {
    TRY(on_refused_(connection, ids_, refused, now));
  }
  return applied;
}

Result<void> Ledger::release(Connection& connection, std::span<const Settlement> messages,
                             Instant now) const {
  std::vector<Param> updates;
  for (const Settlement& message : messages) {
    updates.insert(updates.end(),
                   {Param(now), Param(message.organisation_id), Param(message.outcome.message_id),
                    Param(node_), Param(message.attempt - 1)});
  }
  const auto changed = TRY(connection.execute_many(sql::kRelease, 5, updates));
  std::map<Key, CampaignFigures> changes;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (changed[i] == 0) continue;
    CampaignFigures& figures = changes[{messages[i].organisation_id, messages[i].campaign_id}];
    figures.sending -= 1;
    (messages[i].attempt <= 1 ? figures.queued : figures.deferred) += 1;
  }
  return add(connection, changes);
}

Result<std::int64_t> Ledger::take_back(Connection& connection, NodeId dead, Holding holding,
                                       Instant now) const {
  std::vector<Settlement> held;
  TRY(connection.query(sql::kHeldByNode, {dead}, [&](const Row& row) {
    Settlement settlement;
    settlement.organisation_id = row.id<OrganisationId>(0);
    settlement.campaign_id = row.id<CampaignId>(1);
    settlement.outcome.message_id = row.id<MessageId>(2);
    settlement.attempt = static_cast<int>(row.integer(3)) + 1;
    settlement.outcome.kind = OutcomeKind::uncertain;
    settlement.outcome.scope = Scope::session;
    settlement.outcome.reason = "node_lost";
    settlement.outcome.started_at = settlement.outcome.ended_at = settlement.due_at = now;
    held.push_back(std::move(settlement));
  }));
  if (held.empty()) return 0;
  if (holding == Holding::may_have_left) {
    TRY(settle(connection, dead, held, now));
  } else {
    TRY(Ledger(ids_, dead, node_number_).release(connection, held, now));
  }
  return static_cast<std::int64_t>(held.size());
}

Result<std::int64_t> Ledger::cancel_unsent(Connection& connection, OrganisationId organisation,
                                           CampaignId campaign, int limit, Instant now) const {
  std::vector<std::pair<MessageId, MessageState>> unsent;
  const auto take = [&](const Row& row) {
    unsent.emplace_back(row.id<MessageId>(0), static_cast<MessageState>(row.integer(1)));
  };
  TRY(connection.query(sql::kUnsent, {campaign, limit}, take));
  if (std::ssize(unsent) < limit) {
    TRY(connection.query(sql::kUnsentDeferred, {campaign, limit - std::ssize(unsent)}, take));
  }
  if (std::ssize(unsent) < limit) {
    TRY(connection.query(sql::kUnsentHeld, {campaign, limit - std::ssize(unsent)}, take));
  }
  std::vector<Param> updates;
  for (const auto& [id, state] : unsent) {
    updates.insert(updates.end(), {Param(now), Param(organisation), Param(id), Param(int(state))});
  }
  const auto changed = TRY(connection.execute_many(sql::kCancel, 4, updates));
  EventRows events(now);
  std::map<Key, CampaignFigures> changes;
  CampaignFigures& figures = changes[{organisation, campaign}];
  for (std::size_t i = 0; i < unsent.size(); ++i) {
    if (changed[i] == 0) continue;
    events.add(organisation, unsent[i].first, ids_.next(), EventType::cancelled, now, "staff",
               "{}");
    count(figures, unsent[i].second, -1);
    figures.cancelled += 1;
  }
  TRY(events.store(connection));
  TRY(add(connection, changes));
  return std::ssize(unsent);
}

Result<void> Ledger::add(Connection& connection,
                         const std::map<Key, CampaignFigures>& changes) const {
  for (const auto& [key, by] : changes) {
    if (!key.second.valid()) continue;
    TRY(connection.execute(sql::kAddFigures, {key.first,
                                              key.second,
                                              node_number_,
                                              by.queued,
                                              by.sending,
                                              by.deferred,
                                              by.held,
                                              by.sent,
                                              by.bounced,
                                              by.failed,
                                              by.uncertain,
                                              by.skipped,
                                              by.skipped_no_address,
                                              by.dropped,
                                              by.cancelled,
                                              by.unsubscribed,
                                              by.blocked,
                                              by.delivered,
                                              by.returned,
                                              by.returned_unseen,
                                              by.marked_as_spam}));
  }
  return {};
}

Result<CampaignFigures> Ledger::figures(Connection& connection, OrganisationId organisation,
                                        CampaignId campaign) {
  CampaignFigures figures;
  TRY(connection.query(sql::kFigures, {organisation, campaign}, [&](const Row& row) {
    figures = {row.integer(0),  row.integer(1),  row.integer(2),  row.integer(3),  row.integer(4),
               row.integer(5),  row.integer(6),  row.integer(7),  row.integer(8),  row.integer(9),
               row.integer(10), row.integer(11), row.integer(12), row.integer(13), row.integer(14),
               row.integer(15), row.integer(16), row.integer(17)};
  }));
  return figures;
}

Result<CampaignFigures> Ledger::recount(Connection& connection, OrganisationId organisation,
                                        CampaignId campaign) {
  CampaignFigures figures;
  TRY(connection.query(sql::kRecount, {organisation, campaign}, [&](const Row& row) {
    count(figures, static_cast<MessageState>(row.integer(0)), row.integer(3), row.text(2));
    if (static_cast<Status>(row.integer(1)) == Status::unsubscribed) {
      figures.unsubscribed += row.integer(3);
    }
  }));
  TRY(connection.query(sql::kRecountEvidence, {organisation, campaign}, [&](const Row& row) {
    const auto type = static_cast<EventType>(row.integer(0));
    (type == EventType::delivered ? figures.delivered
     : type == EventType::bounced ? figures.returned
                                  : figures.marked_as_spam) = row.integer(1);
  }));
  TRY(connection.query(sql::kRecountUnseen, {organisation, campaign},
                       [&](const Row& row) { figures.returned_unseen = row.integer(0); }));
  return figures;
}

std::span<const db::StatementPair> ledger_statements() {
  static constexpr std::array kAll = {
      sql::kClaimWaiting,
      db::StatementPair{sql::kWaitingRows, sql::kWaitingRows},
      db::StatementPair{sql::kLeaseAlike, sql::kLeaseAlike},
      sql::kClaimDeferred,
      sql::kClaimDirectWaiting,
      sql::kClaimDirectDeferred,
      db::StatementPair{sql::kOpenDirectLanes, sql::kOpenDirectLanes},
      db::StatementPair{sql::kOne, sql::kOne},
      db::StatementPair{sql::kSendAgain, sql::kSendAgain},
      db::StatementPair{sql::kBodyRecord, sql::kBodyRecord},
      db::StatementPair{sql::kSettle, sql::kSettle},
      sql::kSettleAlike,
      db::StatementPair{sql::kDrop, sql::kDrop},
      db::StatementPair{sql::kSuppressible, sql::kSuppressible},
      db::StatementPair{sql::kRelease, sql::kRelease},
      db::StatementPair{sql::kProveSent, sql::kProveSent},
      db::StatementPair{sql::kSetReason, sql::kSetReason},
      db::StatementPair{sql::kPostpone, sql::kPostpone},
      db::StatementPair{sql::kExpire, sql::kExpire},
      db::StatementPair{sql::kHold, sql::kHold},
      db::StatementPair{sql::kUnhold, sql::kUnhold},
      db::StatementPair{sql::kRetryNow, sql::kRetryNow},
      db::StatementPair{sql::kOldWaiting, sql::kOldWaiting},
      db::StatementPair{sql::kOldDeferred, sql::kOldDeferred},
      db::StatementPair{sql::kOldDirect, sql::kOldDirect},
      db::StatementPair{sql::kOldDirectDeferred, sql::kOldDirectDeferred},
      db::StatementPair{sql::kHeldByNode, sql::kHeldByNode},
      db::StatementPair{sql::kUnsent, sql::kUnsent},
      db::StatementPair{sql::kUnsentDeferred, sql::kUnsentDeferred},
      db::StatementPair{sql::kUnsentHeld, sql::kUnsentHeld},
      db::StatementPair{sql::kCancel, sql::kCancel},
      db::StatementPair{sql::kFigures, sql::kFigures},
      db::StatementPair{sql::kSendOutFacts, sql::kSendOutFacts},
      db::StatementPair{sql::kMessageForEvent, sql::kMessageForEvent},
      db::StatementPair{sql::kEventTypes, sql::kEventTypes}};
  return kAll;
}

}  // namespace tidings::delivery
