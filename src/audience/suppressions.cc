#include "audience/suppressions.h"

#include <limits>
#include <utility>

#include "audience/erased_addresses.h"
#include "audience/import_values.h"
#include "db/nullable.h"
#include "wire/email_address.h"

namespace tidings::audience {
namespace {

using db::Row;
using db::Statement;

constexpr Statement insert_suppression{
    "suppression.insert",
    "INSERT INTO suppression (organisation_id, id, channel, normalised, reason, kinds, origin, "
    "message_id, note, created_at, expires_at, topic_id) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING"};
// One that has expired gives way to a new one of the same reason and kinds.
constexpr Statement end_expired{
    "suppression.end_expired",
    "UPDATE suppression SET released_at = $6, release_note = 'expired' "
    "WHERE organisation_id = $1 AND channel = $2 AND normalised = $3 AND reason = $4 "
    "AND kinds = $5 AND topic_id = $7 AND released_at IS NULL AND expires_at <= $6"};
constexpr Statement reason_of{
    "suppression.reason",
    "SELECT reason FROM suppression WHERE organisation_id = $1 AND channel = $2 "
    "AND normalised IN ($3, $4) AND released_at IS NULL AND kinds >= $5 "
    "AND topic_id = 0 AND (expires_at IS NULL OR expires_at > $6) ORDER BY kinds DESC, id LIMIT 1"};
constexpr Statement release_address{
    "suppression.release",
    "UPDATE suppression SET released_at = $4, release_note = $5 WHERE organisation_id = $1 "
    "AND channel = $2 AND normalised = $3 AND released_at IS NULL"};
constexpr Statement find_reason{
    "suppression.find_reason",
    "SELECT id FROM suppression WHERE organisation_id = $1 AND channel = $2 AND normalised = $3 "
    "AND reason = $4 AND topic_id = $6 AND released_at IS NULL "
    "AND (expires_at IS NULL OR expires_at > $5) LIMIT 1"};
constexpr Statement release_one_reason{
    "suppression.release_reason",
    "UPDATE suppression SET released_at = $5, release_note = $6 WHERE organisation_id = $1 "
    "AND channel = $2 AND normalised = $3 AND reason = $4 AND topic_id = $7 "
    "AND released_at IS NULL"};
#define TIDINGS_SUPPRESSION_COLUMNS                                                       \
  "SELECT id, channel, normalised, reason, kinds, origin, note, created_at, expires_at, " \
  "released_at, release_note, topic_id FROM suppression WHERE organisation_id = $1 "

// $5 is a pattern, $6 the hash of an erased address.
constexpr Statement page_of{"suppression.list", TIDINGS_SUPPRESSION_COLUMNS
                            "AND id < $2 AND (released_at IS NULL OR $3 = 1) "
                            "AND (normalised LIKE $5 ESCAPE '!' OR normalised = $6) "
                            "AND (CAST($7 AS TEXT) = '' OR reason = $7) AND (CAST($8 AS BIGINT) < "
                            "0 OR channel = $8) ORDER BY id DESC LIMIT $4"};
constexpr Statement by_id{"suppression.find", TIDINGS_SUPPRESSION_COLUMNS "AND id = $2"};
constexpr Statement release_by_id{"suppression.release_one",
                                  "UPDATE suppression SET released_at = $3, release_note = $4 "
                                  "WHERE organisation_id = $1 AND id = $2 "
                                  "AND released_at IS NULL"};

Suppression read_suppression(const Row& row) {
  return {.id = row.id<SuppressionId>(0),
          .channel = static_cast<Channel>(row.integer(1)),
          .normalised = row.string(2),
          .reason = row.string(3),
          .kinds = static_cast<SuppressedKinds>(row.integer(4)),
          .origin = row.string(5),
          .note = row.string(6),
          .created_at = row.instant(7),
          .expires_at = maybe_instant(row, 8),
          .released_at = maybe_instant(row, 9),
          .release_note = row.string(10),
          .topic_id = TopicId{row.integer(11)}};
}

// A LIKE pattern for what holds `words`.
std::string pattern_of(std::string_view words) {
  std::string pattern = "%";
  for (const char c : words) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  if (pattern.size() > 1) pattern += '%';
  return pattern;
}

}  // namespace

Result<std::string> normalise_for_suppression(Channel channel, std::string_view typed) {
  if (channel == Channel::sms) return normalise_phone(typed, "");
  if (!typed.starts_with('@')) return comparison_key(TRY(wire::parse_email_address(typed)));
  // A domain is checked as part of an address.
  const auto address = TRY(wire::parse_email_address("x" + std::string(typed)));
  return "@" + std::string(address.domain());
}

namespace {

// How many there were not before.
Result<std::int64_t> store(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           std::span<const NewSuppression> suppressions, Instant now) {
  std::vector<db::Param> expired;
  std::vector<db::Param> rows;
  for (const NewSuppression& suppression : suppressions) {
    if (suppression.reason.empty())
      return fail(ErrorKind::invalid, "suppression.no_reason", "A suppression needs a reason.");
    const int channel = static_cast<int>(suppression.channel);
    const int kinds = static_cast<int>(suppression.kinds);
    expired.insert(expired.end(), {organisation, channel, suppression.normalised,
                                   suppression.reason, kinds, now, suppression.topic_id});
    rows.insert(
        rows.end(),
        {organisation, ids.next<SuppressionId>(), channel, suppression.normalised,
         suppression.reason, kinds, suppression.origin, suppression.message_id, suppression.note,
         suppression.since.value_or(now), suppression.expires_at, suppression.topic_id});
  }
  TRY(connection.execute_many(end_expired, 7, expired));
  std::int64_t made = 0;
  for (const auto count : TRY(connection.execute_many(insert_suppression, 12, rows))) made += count;
  return made;
}

}  // namespace

Result<bool> suppress(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                      const NewSuppression& suppression, Instant now) {
  return TRY(store(connection, ids, organisation, {&suppression, 1}, now)) > 0;
}

Result<void> suppress_many(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           std::span<const NewSuppression> suppressions, Instant now) {
  TRY(store(connection, ids, organisation, suppressions, now));
  return {};
}

Result<std::optional<std::string>> suppression_reason(db::Connection& connection,
                                                      OrganisationId organisation, Channel channel,
                                                      std::string_view normalised,
                                                      SuppressedKinds message, Instant now) {
  const std::size_t at = normalised.rfind('@');
  const std::string_view domain = at == std::string_view::npos ? normalised : normalised.substr(at);
  const auto find = [&](std::string_view address, std::string_view of_domain) {
    return connection.query_first(reason_of,
                                  {organisation, static_cast<int>(channel), address, of_domain,
                                   static_cast<int>(message), now},
                                  [](const Row& row) { return row.string(0); });
  };
  if (auto reason = TRY(find(normalised, domain))) return reason;
  const auto key = TRY(erasure_key(connection, organisation));
  if (!key) return std::nullopt;
  const std::string hash = erased_form(*key, channel, normalised);
  return find(hash, hash);
}

Result<std::int64_t> release(db::Connection& connection, OrganisationId organisation,
                             Channel channel, std::string_view normalised, std::string_view reason,
                             Instant now) {
  if (reason.empty())
    return fail(ErrorKind::invalid, "suppression.no_reason",
                "Say why the address may be written to again; the reason is kept.");
  auto ended = TRY(connection.execute(
      release_address, {organisation, static_cast<int>(channel), normalised, now, reason}));
  // An erased person who comes back is known by the hash of the address.
  if (const auto key = TRY(erasure_key(connection, organisation)))
    ended += TRY(
        connection.execute(release_address, {organisation, static_cast<int>(channel),
                                             erased_form(*key, channel, normalised), now, reason}));
  return ended;
}

Result<bool> is_suppressed_for(db::Connection& connection, OrganisationId organisation,
                               const SuppressionKey& key, Instant now) {
  const auto found = TRY(connection.query_first(
      find_reason,
      {organisation, static_cast<int>(key.channel), key.normalised, key.reason, now, key.topic_id},
      [](const Row& row) { return row.integer(0); }));
  return found.has_value();
}

Result<std::int64_t> release_reason(db::Connection& connection, OrganisationId organisation,
                                    const SuppressionKey& key, std::string_view note, Instant now) {
  return connection.execute(
      release_one_reason, {organisation, static_cast<int>(key.channel), key.normalised, key.reason,
                           now, note, key.topic_id});
}

Result<std::vector<Suppression>> list_suppressions(db::Connection& connection,
                                                   OrganisationId organisation,
                                                   const SuppressionPage& page) {
  std::vector<Suppression> found;
  const std::int64_t before =
      page.after.valid() ? page.after.value : std::numeric_limits<std::int64_t>::max();
  std::string hash;
  if (!page.words.empty()) {
    const Channel channel = page.channel.value_or(Channel::email);
    const auto normalised = normalise_for_suppression(channel, page.words);
    const auto key = TRY(erasure_key(connection, organisation));
    if (normalised && key) hash = erased_form(*key, channel, *normalised);
  }
  TRY(connection.query(
      page_of,
      {organisation, before, page.with_released ? 1 : 0, page.limit, pattern_of(page.words), hash,
       page.reason, page.channel ? static_cast<int>(*page.channel) : -1},
      [&](const Row& row) { found.push_back(read_suppression(row)); }));
  return found;
}

Result<Suppression> find_suppression(db::Connection& connection, OrganisationId organisation,
                                     SuppressionId id) {
  auto found = TRY(connection.query_first(by_id, {organisation, id}, read_suppression));
  if (!found)
    return fail(ErrorKind::not_found, "suppression.not_found",
                "There is no such suppression here.");
  return *std::move(found);
}

Result<Suppression> release_suppression(db::Connection& connection, OrganisationId organisation,
                                        SuppressionId id, std::string_view note, Instant now) {
  if (note.empty())
    return fail(ErrorKind::invalid, "suppression.no_reason",
                "Say why the address may be written to again; the reason is kept.");
  TRY(find_suppression(connection, organisation, id));
  if (TRY(connection.execute(release_by_id, {organisation, id, now, note})) == 0)
    return fail(ErrorKind::conflict, "suppression.released", "This suppression has ended already.");
  return find_suppression(connection, organisation, id);
}

}  // namespace tidings::audience
