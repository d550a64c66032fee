#include "identity/audit.h"

#include <limits>

#include "base/bytes.h"
#include "base/utf8.h"

namespace tidings::identity {
namespace {

constexpr std::size_t kNoteMax = 500;

constexpr db::Statement kMakeHead{
    "audit.make_head",
    "INSERT INTO audit_head (organisation_id, sequence, digest) VALUES ($1, 0, $2)"
    " ON CONFLICT DO NOTHING"};
// The row's lock orders the entries of one organisation on PostgreSQL.
constexpr db::Statement kNext{
    "audit.next",
    "UPDATE audit_head SET sequence = sequence + 1 WHERE organisation_id = $1"
    " RETURNING sequence, digest"};
constexpr db::Statement kSetHead{"audit.set_head",
                                 "UPDATE audit_head SET digest = $2 WHERE organisation_id = $1"};
constexpr db::Statement kHead{"audit.head",
                              "SELECT sequence, digest FROM audit_head WHERE organisation_id = $1"};
constexpr db::Statement kInsert{
    "audit.insert",
    "INSERT INTO audit_log (organisation_id, sequence, occurred_at, user_id, token_id, actor,"
    " action, object, object_id, note, before_digest, after_digest, digest)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};
constexpr std::string_view kColumns =
    "SELECT sequence, occurred_at, user_id, token_id, actor, action, object, object_id, note,"
    " before_digest, after_digest, digest FROM audit_log WHERE organisation_id = $1";
constexpr db::Statement kList{
    "audit.list",
    "SELECT sequence, occurred_at, user_id, token_id, actor, action, object, object_id, note,"
    " before_digest, after_digest, digest FROM audit_log WHERE organisation_id = $1"
    " AND sequence < $2 AND (CAST($3 AS BIGINT) = 0 OR user_id = $3)"
    " AND action >= $4 AND action < $5 AND (CAST($6 AS TEXT) = '' OR object = $6)"
    " AND (CAST($7 AS BIGINT) = 0 OR object_id = $7) AND occurred_at >= $8 AND occurred_at < $9"
    " ORDER BY sequence DESC LIMIT $10"};

AuditRecord read(const db::Row& row) {
  AuditRecord record;
  record.sequence = row.integer(0);
  record.occurred_at = row.instant(1);
  record.user_id = row.id<UserId>(2);
  record.token_id = row.id<ApiTokenId>(3);
  record.actor = row.string(4);
  record.action = row.string(5);
  record.object = row.string(6);
  record.object_id = row.integer(7);
  record.note = row.string(8);
  record.before_digest = std::string(row.bytes(9));
  record.after_digest = std::string(row.bytes(10));
  record.digest = std::string(row.bytes(11));
  return record;
}

void add(std::string& to, std::string_view part) {
  to += std::to_string(part.size());
  to += ':';
  to += part;
}

void add(std::string& to, std::int64_t number) { add(to, std::to_string(number)); }

// Each part with its length before it, so that no two entries read alike.
std::string digest_of(OrganisationId organisation, const AuditRecord& record,
                      std::string_view previous) {
  std::string all;
  add(all, previous);
  add(all, organisation.value);
  add(all, record.sequence);
  add(all, to_micros(record.occurred_at));
  add(all, record.user_id.value);
  add(all, record.token_id.value);
  add(all, record.actor);
  add(all, record.action);
  add(all, record.object);
  add(all, record.object_id);
  add(all, record.note);
  add(all, record.before_digest);
  add(all, record.after_digest);
  return sha256(all);
}

std::string digest_of(std::string_view content) {
  return content.empty() ? std::string() : sha256(content);
}

std::string cut(std::string_view text) { return std::string(utf8_prefix(text, kNoteMax)); }

// Greater than every text that begins with `prefix`.
std::string after_prefix(std::string_view prefix) {
  std::string end(prefix);
  end.back() = static_cast<char>(end.back() + 1);
  return end;
}

}  // namespace

Result<void> audit(db::Connection& connection, const Principal& who, const AuditEntry& entry,
                   Instant now) {
  AuditRecord record;
  record.occurred_at = now;
  record.user_id = who.user_id;
  record.token_id = who.token_id;
  record.actor = who.name;
  record.action = entry.action;
  record.object = entry.object;
  record.object_id = entry.object_id;
  record.note = cut(entry.note);
  record.before_digest = digest_of(entry.before);
  record.after_digest = digest_of(entry.after);
  const auto organisation = who.organisation_id;
  TRY(connection.execute(kMakeHead, {organisation, db::BytesView{""}}));
  std::string previous;
  TRY(connection.query(kNext, {organisation}, [&](const db::Row& row) {
    record.sequence = row.integer(0);
    previous = row.bytes(1);
  }));
  record.digest = digest_of(organisation, record, previous);
  TRY(connection.execute(
      kInsert, {organisation, record.sequence, record.occurred_at, record.user_id, record.token_id,
                record.actor, record.action, record.object, record.object_id, record.note,
                db::BytesView{record.before_digest}, db::BytesView{record.after_digest},
                db::BytesView{record.digest}}));
  TRY(connection.execute(kSetHead, {organisation, db::BytesView{record.digest}}));
  return {};
}

Result<std::vector<AuditRecord>> list_audit(db::Connection& connection, OrganisationId organisation,
                                            const AuditFilter& filter) {
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  std::string action_from(filter.action);
  std::string action_until = "\x7f";
  if (filter.action.ends_with('.')) {
    action_until = after_prefix(filter.action);
  } else if (!filter.action.empty()) {
    action_until = action_from + '\x01';
  }
  std::vector<AuditRecord> found;
  TRY(connection.query(
      kList,
      {organisation, filter.before_sequence.value_or(last), filter.user_id, action_from,
       action_until, filter.object, filter.object_id, filter.from ? to_micros(*filter.from) : 0,
       filter.until ? to_micros(*filter.until) : last, filter.limit},
      [&](const db::Row& row) { found.push_back(read(row)); }));
  return found;
}

Result<AuditVerification> verify_audit(db::Connection& connection, OrganisationId organisation) {
  static const std::string all = std::string(kColumns) + " ORDER BY sequence";
  const db::Statement walk{"audit.walk", all};
  AuditVerification verification;
  std::string previous;
  TRY(connection.query(walk, {organisation}, [&](const db::Row& row) {
    if (verification.broken_at) return;
    const AuditRecord record = read(row);
    if (record.sequence != verification.entries + 1 ||
        record.digest != digest_of(organisation, record, previous)) {
      verification.broken_at = verification.entries + 1;
      return;
    }
    ++verification.entries;
    previous = record.digest;
  }));
  if (verification.broken_at) return verification;
  std::int64_t sequence = 0;
  std::string digest;
  TRY(connection.query(kHead, {organisation}, [&](const db::Row& row) {
    sequence = row.integer(0);
    digest = row.bytes(1);
  }));
  if (sequence != verification.entries || digest != previous) {
    verification.broken_at = verification.entries + 1;
  }
  return verification;
}

}  // namespace tidings::identity
