// The ledger's statements. Private to src/delivery/ledger*.cc; listed for the plan tests.
#pragma once

#include "db/connection.h"

namespace tidings::delivery::sql {

using db::Statement;
using db::StatementPair;

// Leases the oldest waiting messages of a campaign. PostgreSQL: other nodes' rows are stepped over.
// What was locked is found by where it is. By id, or joined, a plan made while there were few
// messages reads all of the organisation's; hence also the sign. (Where a row is names it within
// one table, not within one of several partitions.)
inline constexpr StatementPair kClaimWaiting{
    {"ledger.claim_waiting",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE organisation_id = $2 AND id IN (SELECT id FROM message"
     " WHERE campaign_id = $3 AND state = 0 ORDER BY id LIMIT $4)"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"},
    {"ledger.claim_waiting",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE +organisation_id = $2 AND ctid = ANY(ARRAY(SELECT ctid FROM message"
     " WHERE campaign_id = $3 AND state = 0 ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED))"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"}};

// SQLite: of a campaign first read, then leased, kAlike at a time. One statement that also returns
// what it changed goes through the rows three times.
inline constexpr std::size_t kAlike = 32;
inline constexpr Statement kWaitingRows{
    "ledger.waiting_rows",
    "SELECT id, content_version_id, contact_id, address, normalised, message_values, attempts,"
    " queued_at, kind FROM message WHERE +organisation_id = $1 AND campaign_id = $2 AND state = 0"
    " ORDER BY id LIMIT $3"};
inline constexpr Statement kLeaseAlike{
    "ledger.lease_alike",
    "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
    " lease_id = $1, changed_at = $2 WHERE organisation_id = $3 AND id IN ($4, $5, $6, $7, $8, $9,"
    " $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27,"
    " $28, $29, $30, $31, $32, $33, $34, $35) AND state = 0"};

// message_deferred has only those that wait, in the order they become due. What was put off before
// its first attempt is shown as being sent from now on.
inline constexpr StatementPair kClaimDeferred{
    {"ledger.claim_deferred",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE organisation_id = $2 AND id IN (SELECT id FROM message"
     " WHERE campaign_id = $3 AND campaign_id IS NOT NULL AND state = 1 AND due_at <= $5"
     " ORDER BY due_at, id LIMIT $4)"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"},
    {"ledger.claim_deferred",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE +organisation_id = $2 AND ctid = ANY(ARRAY(SELECT ctid FROM message"
     " WHERE campaign_id = $3 AND campaign_id IS NOT NULL AND state = 1 AND due_at <= $5"
     " ORDER BY due_at, id LIMIT $4"
     " FOR UPDATE SKIP LOCKED))"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"}};

// The same of a direct lane. `state < 3` is said for the partial index: SQLite takes it no other
// way.
inline constexpr StatementPair kClaimDirectWaiting{
    {"ledger.claim_direct_waiting",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE organisation_id = $2 AND id IN (SELECT id FROM message"
     " WHERE transport_id = $3 AND state = 0 AND state < 3 ORDER BY id LIMIT $4)"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"},
    {"ledger.claim_direct_waiting",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE +organisation_id = $2 AND ctid = ANY(ARRAY(SELECT ctid FROM message"
     " WHERE transport_id = $3 AND state = 0 AND state < 3 ORDER BY id LIMIT $4"
     " FOR UPDATE SKIP LOCKED))"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"}};
inline constexpr StatementPair kClaimDirectDeferred{
    {"ledger.claim_direct_deferred",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE organisation_id = $2 AND id IN (SELECT id FROM message"
     " WHERE transport_id = $3 AND transport_id IS NOT NULL AND state = 1 AND due_at <= $5"
     " ORDER BY due_at, id LIMIT $4)"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"},
    {"ledger.claim_direct_deferred",
     "UPDATE message SET state = 2, status = CASE WHEN status = 0 THEN 1 ELSE status END,"
     " lease_id = $1, changed_at = $5"
     " WHERE +organisation_id = $2 AND ctid = ANY(ARRAY(SELECT ctid FROM message"
     " WHERE transport_id = $3 AND transport_id IS NOT NULL AND state = 1 AND due_at <= $5"
     " ORDER BY due_at, id LIMIT $4"
     " FOR UPDATE SKIP LOCKED))"
     " RETURNING id, content_version_id, contact_id, address, normalised, message_values,"
     " attempts, queued_at, kind"}};

// Walks from one transport with work to the next: as many steps as there are of those.
inline constexpr Statement kOpenDirectLanes{
    "ledger.open_direct_lanes",
    "WITH RECURSIVE lane(id) AS ("
    " SELECT MIN(transport_id) FROM message WHERE transport_id IS NOT NULL AND state < 3"
    " UNION ALL SELECT (SELECT MIN(m.transport_id) FROM message m"
    " WHERE m.transport_id > lane.id AND m.state < 3) FROM lane WHERE lane.id IS NOT NULL)"
    " SELECT t.organisation_id, t.id FROM lane JOIN transport t ON t.id = lane.id"};

inline constexpr Statement kInsertAbout{
    "ledger.insert_about",
    "INSERT INTO message_about (organisation_id, contact_id, message_id, is_recipient)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"};

inline constexpr Statement kBodyRecord{
    "ledger.body_record",
    "SELECT record FROM message_body WHERE organisation_id = $1 AND message_id = $2"};

// `attempts < $4`: a journal read again must not settle a later attempt of the same message.
// Evidence that arrived before (opened, clicked, marked as spam, unsubscribed) stays on display;
// delivered and bounced do before what was sent, and "uncertain" does while it is tried again.
inline constexpr Statement kSettle{
    "ledger.settle",
    "UPDATE message SET state = $1,"
    " status = CASE WHEN status IN (5, 6, 8, 9) OR (status = 15 AND $2 = 2)"
    " OR (status IN (4, 7) AND $2 IN (3, 4)) THEN status ELSE $2 END, reason = $3, attempts = $4,"
    " due_at = $5, lease_id = NULL, is_ambiguous = $6, changed_at = $7"
    " WHERE organisation_id = $8 AND id = $9 AND state = 2 AND lease_id = $10"
    " AND attempts < $4"};

// The same of kAlike messages whose attempts ended alike: what nearly all of a campaign do.
// PostgreSQL: by the primary key, whatever a plan made early thinks of message_leased, which is
// full of what was leased before; hence the sign.
inline constexpr StatementPair kSettleAlike{
    {"ledger.settle_alike",
     "UPDATE message SET state = $1,"
     " status = CASE WHEN status IN (5, 6, 8, 9) OR (status = 15 AND $2 = 2)"
     " OR (status IN (4, 7) AND $2 IN (3, 4)) THEN status ELSE $2 END, reason = $3, attempts = $4,"
     " due_at = $5, lease_id = NULL, is_ambiguous = $6, changed_at = $7"
     " WHERE organisation_id = $8 AND id IN ($10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,"
     " $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,"
     " $39, $40, $41) AND state = 2 AND lease_id = $9 AND attempts < $4"},
    {"ledger.settle_alike",
     "UPDATE message SET state = $1,"
     " status = CASE WHEN status IN (5, 6, 8, 9) OR (status = 15 AND $2 = 2)"
     " OR (status IN (4, 7) AND $2 IN (3, 4)) THEN status ELSE $2 END, reason = $3, attempts = $4,"
     " due_at = $5, lease_id = NULL, is_ambiguous = $6, changed_at = $7"
     " WHERE organisation_id = $8 AND id IN ($10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,"
     " $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,"
     " $39, $40, $41) AND +state = 2 AND lease_id = $9 AND attempts < $4"
     " RETURNING id"}};
// SQLite: around what may have to be done row by row.
inline constexpr Statement kBeforeAlike{"ledger.before_alike", "SAVEPOINT alike"};
inline constexpr Statement kUndoAlike{"ledger.undo_alike", "ROLLBACK TO alike"};
inline constexpr Statement kAfterAlike{"ledger.after_alike", "RELEASE alike"};

inline constexpr Statement kDrop{
    "ledger.drop",
    "UPDATE message SET state = 8, status = CASE WHEN status IN (5, 6, 8, 9) THEN status ELSE 10"
    " END, reason = $1, lease_id = NULL, changed_at = $2"
    " WHERE organisation_id = $3 AND id = $4 AND state = 2 AND lease_id = $5"};

inline constexpr Statement kSuppressible{
    "ledger.suppressible",
    "SELECT content_version_id, kind, channel, normalised, attempts FROM message"
    " WHERE organisation_id = $1 AND id = $2"};

inline constexpr Statement kInsertBody{
    "ledger.insert_body",
    "INSERT INTO message_body (organisation_id, message_id, record) VALUES ($1, $2, $3)"
    " ON CONFLICT DO NOTHING"};

// The attempt that was not made must be the next one: the counters are told by it.
inline constexpr Statement kRelease{
    "ledger.release",
    "UPDATE message SET state = CASE WHEN attempts = 0 THEN 0 ELSE 1 END,"
    " status = CASE WHEN status = 1 THEN 0 ELSE status END, lease_id = NULL, changed_at = $1"
    " WHERE organisation_id = $2 AND id = $3 AND state = 2 AND lease_id = $4 AND attempts = $5"};

// Likewise nothing was attempted; it comes again at its time.
inline constexpr Statement kPostpone{
    "ledger.postpone",
    "UPDATE message SET state = 1, status = CASE WHEN status = 1 THEN 0 ELSE status END,"
    " reason = $1, due_at = $2, lease_id = NULL, changed_at = $3"
    " WHERE organisation_id = $4 AND id = $5 AND state = 2 AND lease_id = $6 AND attempts = $7"};

// Of what is leased only what this node has. What may have arrived stays uncertain.
inline constexpr Statement kExpire{
    "ledger.expire",
    "UPDATE message SET state = CASE WHEN is_ambiguous = 1 THEN 6 ELSE 5 END,"
    " status = CASE WHEN is_ambiguous = 1 OR status IN (5, 6, 8, 9) THEN status ELSE 12 END,"
    " reason = 'expired', lease_id = NULL, changed_at = $1"
    " WHERE organisation_id = $2 AND id = $3 AND state = $4 AND (state <> 2 OR lease_id = $5)"
    " RETURNING state"};
inline constexpr Statement kHold{
    "ledger.hold",
    "UPDATE message SET state = 10,"
    " status = CASE WHEN status IN (0, 1, 2) THEN 13 ELSE status END,"
    " reason = $1, lease_id = NULL, changed_at = $2"
    " WHERE organisation_id = $3 AND id = $4 AND state = $5 AND (state <> 2 OR lease_id = $6)"
    " RETURNING state"};
inline constexpr Statement kUnhold{
    "ledger.unhold",
    "UPDATE message SET state = CASE WHEN attempts = 0 THEN 0 ELSE 1 END,"
    " status = CASE WHEN status <> 13 THEN status WHEN attempts = 0 THEN 0 ELSE 2 END,"
    " reason = '', due_at = $2, changed_at = $2"
    " WHERE organisation_id = $3 AND id = $4 AND state = $5 AND reason = $1 RETURNING state"};
inline constexpr Statement kRetryNow{
    "ledger.retry_now",
    "UPDATE message SET due_at = $1"
    " WHERE organisation_id = $2 AND id = $3 AND state = $4 AND state = 1 AND due_at > $1"
    " RETURNING state"};
// The oldest that wait, those of one campaign or of one transport.
inline constexpr Statement kOldWaiting{
    "ledger.old_waiting",
    "SELECT id, state, queued_at, kind FROM message WHERE campaign_id = $1 AND state = 0"
    " ORDER BY id LIMIT $2"};
inline constexpr Statement kOldDeferred{
    "ledger.old_deferred",
    "SELECT id, state, queued_at, kind FROM message WHERE campaign_id = $1"
    " AND campaign_id IS NOT NULL AND state = 1 AND due_at <= $3 ORDER BY due_at, id LIMIT $2"};
inline constexpr Statement kOldDirect{
    "ledger.old_direct",
    "SELECT id, state, queued_at, kind FROM message WHERE transport_id = $1 AND state = 0"
    " AND state < 3 ORDER BY id LIMIT $2"};
inline constexpr Statement kOldDirectDeferred{
    "ledger.old_direct_deferred",
    "SELECT id, state, queued_at, kind FROM message WHERE transport_id = $1"
    " AND transport_id IS NOT NULL AND state = 1 AND due_at <= $3 ORDER BY due_at, id LIMIT $2"};

inline constexpr Statement kHeldByNode{
    "ledger.held_by_node",
    "SELECT organisation_id, campaign_id, id, attempts FROM message"
    " WHERE lease_id = $1 AND state = 2 ORDER BY id LIMIT 1000"};

inline constexpr Statement kUnsent{
    "ledger.unsent",
    "SELECT id, state FROM message WHERE campaign_id = $1 AND state = 0 ORDER BY id LIMIT $2"};
inline constexpr Statement kUnsentDeferred{
    "ledger.unsent_deferred",
    "SELECT id, state FROM message WHERE campaign_id = $1 AND campaign_id IS NOT NULL AND state = 1"
    " ORDER BY due_at, id LIMIT $2"};
inline constexpr Statement kUnsentHeld{"ledger.unsent_held",
                                       "SELECT id, state FROM message WHERE campaign_id = $1 AND "
                                       "campaign_id IS NOT NULL AND state = 10"
                                       " ORDER BY id LIMIT $2"};
inline constexpr Statement kCancel{
    "ledger.cancel",
    "UPDATE message SET state = 9, reason = 'cancelled', changed_at = $1,"
    " status = CASE WHEN status IN (4, 5, 6, 7, 8, 9) THEN status ELSE 14 END"
    " WHERE organisation_id = $2 AND id = $3 AND state = $4"};

inline constexpr Statement kOne{"ledger.one",
                                "SELECT campaign_id, state FROM message"
                                " WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
inline constexpr Statement kSendAgain{"ledger.send_again",
                                      "UPDATE message SET state = 1, due_at = $1, changed_at = $1"
                                      " WHERE organisation_id = $2 AND id = $3 AND state = 6"};

inline constexpr Statement kAddFigures{
    "ledger.add_figures",
    "INSERT INTO campaign_counter AS c (organisation_id, campaign_id, node_number, queued, sending,"
    " deferred, held, sent, bounced, failed, uncertain, skipped, skipped_no_address, dropped,"
    " cancelled, unsubscribed, blocked, delivered, returned, returned_unseen, marked_as_spam)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,"
    " $20, $21)"
    " ON CONFLICT (organisation_id, campaign_id, node_number) DO UPDATE SET"
    " queued = c.queued + excluded.queued, sending = c.sending + excluded.sending,"
    " deferred = c.deferred + excluded.deferred, held = c.held + excluded.held,"
    " sent = c.sent + excluded.sent, bounced = c.bounced + excluded.bounced,"
    " failed = c.failed + excluded.failed, uncertain = c.uncertain + excluded.uncertain,"
    " skipped = c.skipped + excluded.skipped,"
    " skipped_no_address = c.skipped_no_address + excluded.skipped_no_address,"
    " dropped = c.dropped + excluded.dropped, cancelled = c.cancelled + excluded.cancelled,"
    " unsubscribed = c.unsubscribed + excluded.unsubscribed,"
    " blocked = c.blocked + excluded.blocked, delivered = c.delivered + excluded.delivered,"
    " returned = c.returned + excluded.returned,"
    " returned_unseen = c.returned_unseen + excluded.returned_unseen,"
    " marked_as_spam = c.marked_as_spam + excluded.marked_as_spam"};

inline constexpr Statement kWidenRange{
    "ledger.widen_range",
    "UPDATE campaign_counter SET first_message_id = CASE WHEN first_message_id < $4"
    " THEN first_message_id ELSE $4 END, last_message_id = CASE WHEN last_message_id > $5"
    " THEN last_message_id ELSE $5 END"
    " WHERE organisation_id = $1 AND campaign_id = $2 AND node_number = $3"};

// COALESCE and CAST: PostgreSQL sums BIGINT to NUMERIC.
inline constexpr Statement kFigures{
    "ledger.figures",
    "SELECT CAST(COALESCE(SUM(queued), 0) AS BIGINT), CAST(COALESCE(SUM(sending), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(deferred), 0) AS BIGINT), CAST(COALESCE(SUM(held), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(sent), 0) AS BIGINT), CAST(COALESCE(SUM(bounced), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(failed), 0) AS BIGINT), CAST(COALESCE(SUM(uncertain), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(skipped), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(skipped_no_address), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(dropped), 0) AS BIGINT), CAST(COALESCE(SUM(cancelled), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(unsubscribed), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(blocked), 0) AS BIGINT), CAST(COALESCE(SUM(delivered), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(returned), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(returned_unseen), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(marked_as_spam), 0) AS BIGINT)"
    " FROM campaign_counter WHERE organisation_id = $1 AND campaign_id = $2"};

inline constexpr Statement kRecount{
    "ledger.recount",
    "SELECT state, status, reason, COUNT(*) FROM message"
    " WHERE organisation_id = $1 AND campaign_id = $2 GROUP BY state, status, reason"};

// type: bounced, delivered, marked_as_spam. What bounced at an attempt is told by its state.
inline constexpr Statement kRecountEvidence{
    "ledger.recount_evidence",
    "SELECT e.type, COUNT(DISTINCT e.message_id) FROM message m"
    " JOIN event e ON e.organisation_id = m.organisation_id AND e.message_id = m.id"
    " WHERE m.organisation_id = $1 AND m.campaign_id = $2 AND (e.type IN (10, 13)"
    " OR (e.type = 3 AND m.state = 3)) GROUP BY e.type"};
// An unsubscription hides what was there before. type: opened, clicked.
inline constexpr Statement kRecountUnseen{
    "ledger.recount_unseen",
    "SELECT COUNT(*) FROM message m WHERE m.organisation_id = $1 AND m.campaign_id = $2"
    " AND m.state = 3 AND (m.status = 7 OR (m.status = 9 AND EXISTS (SELECT 1 FROM event e"
    " WHERE e.organisation_id = m.organisation_id AND e.message_id = m.id AND e.type = 3)"
    " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.organisation_id = m.organisation_id"
    " AND e.message_id = m.id AND e.type IN (11, 12))))"};

// What the log says of a content version's messages.
inline constexpr Statement kSendOutFacts{
    "ledger.send_out_facts",
    "SELECT v.subject, v.from_name, v.from_address, EXISTS (SELECT 1 FROM content_attachment a"
    " WHERE a.organisation_id = v.organisation_id AND a.content_version_id = v.id)"
    " FROM content_version v WHERE v.organisation_id = $1 AND v.id = $2"};

inline constexpr Statement kMessageForEvent{
    "ledger.message_for_event",
    "SELECT campaign_id, status, state FROM message WHERE organisation_id = $1 AND id = $2"};
// Of an uncertain message, whether it waits for another attempt or not.
inline constexpr Statement kProveSent{
    "ledger.prove_sent",
    "UPDATE message SET state = 3, changed_at = $1"
    " WHERE organisation_id = $2 AND id = $3 AND state = $4 AND is_ambiguous = 1"};
inline constexpr Statement kSetReason{
    "ledger.set_reason", "UPDATE message SET reason = $1 WHERE organisation_id = $2 AND id = $3"};
inline constexpr Statement kInsertEventKey{
    "ledger.insert_event_key",
    "INSERT INTO event_key (organisation_id, dedupe_key, event_id) VALUES ($1, $2, $3)"
    " ON CONFLICT DO NOTHING"};
inline constexpr Statement kSetStatus{
    "ledger.set_status",
    "UPDATE message SET status = $1, changed_at = $2 WHERE organisation_id = $3 AND id = $4"};
inline constexpr Statement kEventTypes{
    "ledger.event_types",
    "SELECT type FROM event WHERE organisation_id = $1 AND message_id = $2 ORDER BY id"};

}  // namespace tidings::delivery::sql
