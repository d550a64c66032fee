#include "feedback/address_problems.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "audience/suppressions.h"
#include "base/text.h"
#include "feedback/reading/mail_text.h"
#include "identity/organisation_settings.h"

namespace tidings::feedback {
namespace {

using audience::NewSuppression;
using audience::SuppressedKinds;
using db::Row;

constexpr std::size_t kDiagnosticKept = 1'000;
constexpr std::size_t kNoteMax = 300;
constexpr Duration kDay = std::chrono::days(1);

constexpr db::Statement kRecent{"problem.recent",
                                "SELECT recent FROM address_problem"
                                " WHERE organisation_id = $1 AND channel = $2 AND normalised = $3"};
// What was settled opens again when it bounces again.
constexpr db::Statement kNote{
    "problem.note",
    "INSERT INTO address_problem AS p (organisation_id, id, channel, normalised, reason, "
    "diagnostic,"
    " message_id, recent, is_open, first_at, last_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
    " ON CONFLICT (organisation_id, channel, normalised) DO UPDATE SET"
    " reason = excluded.reason, diagnostic = excluded.diagnostic,"
    " message_id = excluded.message_id, recent = excluded.recent,"
    " is_open = CASE WHEN excluded.is_open = 1 THEN 1 ELSE p.is_open END,"
    " settled_at = CASE WHEN excluded.is_open = 1 THEN NULL ELSE p.settled_at END,"
    " last_at = CASE WHEN excluded.last_at > p.last_at THEN excluded.last_at ELSE p.last_at END"};

identity::OrganisationSettings settings_of(db::Connection& connection,
                                           OrganisationId organisation) {
  // What an attempt led to is stored whatever the state of the settings.
  return identity::organisation_settings(connection, organisation)
      .value_or(identity::OrganisationSettings());
}

class Noting {
 public:
  Noting(db::Connection& connection, IdSource& ids, const AddressBounce& bounce, Instant now)
      : connection_(connection), ids_(ids), bounce_(bounce), now_(now) {}

  Result<void> store(std::string_view normalised, const RecentBounces& recent, bool is_open) {
    TRY(connection_.execute(
        kNote, {bounce_.organisation, ids_.next(), int(bounce_.channel), normalised, bounce_.reason,
                cut_text(bounce_.diagnostic, kDiagnosticKept), bounce_.message, recent.to_text(),
                is_open, std::min(bounce_.at, now_)}));
    return {};
  }

  Result<RecentBounces> recent(std::string_view normalised) {
    const auto text = TRY(
        connection_.query_first(kRecent, {bounce_.organisation, int(bounce_.channel), normalised},
                                [](const Row& row) { return row.string(0); }));
    return RecentBounces::parse(text.value_or(std::string()));
  }

  Result<void> suppress(std::string_view normalised, std::string_view reason, SuppressedKinds kinds,
                        std::string_view note, std::optional<Instant> expires_at) {
    TRY(audience::suppress(connection_, ids_, bounce_.organisation,
                           NewSuppression{.channel = bounce_.channel,
                                          .normalised = normalised,
                                          .reason = reason,
                                          .kinds = kinds,
                                          .origin = bounce_.origin,
                                          .note = note,
                                          .message_id = bounce_.message,
                                          .expires_at = expires_at},
                           now_));
    return {};
  }

  Result<void> dead() {
    TRY(store(bounce_.normalised, {}, true));
    const std::string said = bounce_.diagnostic.empty()
                                 ? std::string()
                                 : fmt::format(": {}", cut_text(bounce_.diagnostic, kNoteMax));
    return suppress(bounce_.normalised, "bounce", SuppressedKinds::everything,
                    why_in_words(bounce_.reason) + said, std::nullopt);
  }

  // Its next messages may be worth a try: only campaigns wait, and not for ever.
  Result<void> trouble() {
    const auto settings = settings_of(connection_, bounce_.organisation);
    RecentBounces bounces = TRY(recent(bounce_.normalised));
    bounces.add(bounce_.message, std::min(bounce_.at, now_),
                now_ - kDay * settings.soft_bounce_period_days, Duration::zero());
    const bool is_enough =
        settings.soft_bounce_limit > 0 && std::ssize(bounces) >= settings.soft_bounce_limit;
    const std::size_t counted = bounces.size();
    // Counting begins anew when the suppression ends.
    TRY(store(bounce_.normalised, is_enough ? RecentBounces() : bounces, is_enough));
    if (!is_enough) return {};
    return suppress(bounce_.normalised, "bounce", SuppressedKinds::campaign,
                    fmt::format("{} messages came back in {} days, the last because {}", counted,
                                settings.soft_bounce_period_days, why_in_words(bounce_.reason)),
                    now_ + kDay * settings.soft_bounce_pause_days);
  }

  Result<void> dead_domain() {
    TRY(store(bounce_.normalised, {}, true));
    const auto at = bounce_.normalised.rfind('@');
    if (at == std::string_view::npos) return {};
    const std::string_view domain = bounce_.normalised.substr(at);
    const auto settings = settings_of(connection_, bounce_.organisation);
    RecentBounces days = TRY(recent(domain));
    days.add(bounce_.message, std::min(bounce_.at, now_),
             now_ - kDay * settings.soft_bounce_period_days, kDay);
    const bool is_enough = days.size() >= kDeadDomainDays;
    TRY(store(domain, is_enough ? RecentBounces() : days, is_enough));
    if (!is_enough) return {};
    return suppress(domain, "domain", SuppressedKinds::everything,
                    fmt::format("on {} days: {}", kDeadDomainDays, why_in_words(bounce_.reason)),
                    now_ + kDay * settings.soft_bounce_pause_days);
  }

 private:
  db::Connection& connection_;
  IdSource& ids_;
  const AddressBounce& bounce_;
  const Instant now_;
};

}  // namespace

Result<void> note_bounce(db::Connection& connection, IdSource& ids, const AddressBounce& bounce,
                         Instant now) {
  Noting noting(connection, ids, bounce, now);
  switch (bounce.verdict) {
    case AddressVerdict::nothing:
      return {};
    case AddressVerdict::dead:
      return noting.dead();
    case AddressVerdict::trouble:
      return noting.trouble();
    case AddressVerdict::dead_domain:
      return noting.dead_domain();
  }
  return {};
}

Result<void> note_unusable(db::Connection& connection, IdSource& ids, const AddressBounce& bounce,
                           Instant now) {
  return Noting(connection, ids, bounce, now).store(bounce.normalised, {}, true);
}

}  // namespace tidings::feedback
