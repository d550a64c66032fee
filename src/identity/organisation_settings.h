// What an organisation chooses for itself, with its bounds. Kept in organisation.settings as JSON;
// what is not there has its default. (The machine's settings: domain/settings.h.)
// Thread: any, one Connection each.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::identity {

// Whether what people do with messages is followed (docs/tracking.md).
enum class TrackingMode : std::uint8_t {
  off,         // links are left alone, no picture is added, what still comes in is thrown away
  totals,      // how often, and nothing of whom
  individual,  // each message for itself
};
// Of the address of who followed a link or loaded the picture, what is kept.
enum class TrackedAddress : std::uint8_t {
  none,
  truncated,  // IPv4 without its last octet, IPv6 its first 48 bits
  whole,
};

struct OrganisationSettings {
  // P19: how many people one campaign may reach; none: no limit. 1..10,000,000
  std::optional<std::int64_t> recipient_limit;
  // P21: days without interaction after which a contact gets no campaigns. 30..3,650; 0: never
  std::int64_t inactive_after_days = 730;
  // P24: how long a send that was started on a screen waits. 0..600
  std::int64_t second_thought_s = 60;
  // P23: how late a scheduled campaign may start by itself, in minutes. 1..10,080
  std::int64_t lateness_limit_min = 60;
  // How long exact copies of messages are kept, in days. 1..36,500; none: for ever
  std::optional<std::int64_t> body_retention_days;
  // How long the events of messages are kept, in days. 30..36,500; none: for ever
  std::optional<std::int64_t> event_retention_days;
  // P40: so many soft bounces of one address (0..20; 0: never) within so many days (1..365)
  // suppress it for campaigns, for so many days (1..365)
  std::int64_t soft_bounce_limit = 5;
  std::int64_t soft_bounce_period_days = 30;
  std::int64_t soft_bounce_pause_days = 30;
  // P13: where the organisation's own copy of a campaign goes; empty: nowhere
  std::string copy_address;
  // An image that stands at the head of the public pages; not valid(): the name stands there
  MediaId logo_media_id;
  // Off until somebody chooses: following people needs a reason (GDPR article 25)
  TrackingMode tracking = TrackingMode::off;
  TrackedAddress tracked_address = TrackedAddress::truncated;
  // A member of staff who gets the answers that people write; empty: nobody
  std::string reply_forward_to;
  // How long mail that came back is kept, in days. 1..36,500; none: for ever
  std::optional<std::int64_t> returned_mail_retention_days = 90;

  friend bool operator==(const OrganisationSettings&, const OrganisationSettings&) = default;
};

std::string_view to_string(TrackingMode mode);
std::optional<TrackingMode> parse_tracking_mode(std::string_view word);
std::string_view to_string(TrackedAddress kept);
std::optional<TrackedAddress> parse_tracked_address(std::string_view word);

// Errors: organisation.recipient_limit, organisation.inactive_after_days … (invalid), one per
// member, with its bounds in the sentence.
Result<void> check(const OrganisationSettings& settings);

// Errors: organisation.not_found, organisation.settings (corrupt).
Result<OrganisationSettings> organisation_settings(db::Connection& connection, OrganisationId id);
// Checks, then stores all of them.
Result<void> change_organisation_settings(db::Connection& connection, OrganisationId id,
                                          const OrganisationSettings& settings);

}  // namespace tidings::identity
