#include "identity/organisation_settings.h"

#include <array>
#include <boost/json.hpp>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "wire/email_address.h"

namespace tidings::identity {
namespace {

namespace json = boost::json;

constexpr db::Statement kRead{"organisation.settings",
                              "SELECT settings FROM organisation WHERE id = $1"};
constexpr db::Statement kWrite{"organisation.change_settings",
                               "UPDATE organisation SET settings = $2 WHERE id = $1"};

struct Bounds {
  std::string_view name;
  std::int64_t least;
  std::int64_t most;
};
constexpr Bounds kRecipients{"recipient_limit", 1, 10'000'000};
constexpr Bounds kInactive{"inactive_after_days", 30, 3'650};
constexpr Bounds kSecondThought{"second_thought_s", 0, 600};
constexpr Bounds kLateness{"lateness_limit_min", 1, 10'080};
constexpr Bounds kBodies{"body_retention_days", 1, 36'500};
constexpr Bounds kEvents{"event_retention_days", 30, 36'500};
constexpr Bounds kSoftBounces{"soft_bounce_limit", 0, 20};
constexpr Bounds kSoftPeriod{"soft_bounce_period_days", 1, 365};
constexpr Bounds kSoftPause{"soft_bounce_pause_days", 1, 365};
constexpr Bounds kReturned{"returned_mail_retention_days", 1, 36'500};

// In the order of their enumerations.
constexpr std::array<std::string_view, 3> kModes = {"off", "totals", "individual"};
constexpr std::array<std::string_view, 3> kAddresses = {"none", "truncated", "whole"};

Result<void> within(std::optional<std::int64_t> value, const Bounds& bounds,
                    std::string_view otherwise) {
  if (!value || (*value >= bounds.least && *value <= bounds.most)) return {};
  return fail(ErrorKind::invalid, fmt::format("organisation.{}", bounds.name),
              fmt::format("{} is a whole number from {} to {}{}.", bounds.name, bounds.least,
                          bounds.most, otherwise));
}

Result<void> address_or_none(const std::string& text, std::string_view name) {
  if (text.empty()) return {};
  const auto address = wire::parse_email_address(text);
  if (address) return {};
  return fail(ErrorKind::invalid, fmt::format("organisation.{}", name), address.error().message);
}

std::optional<std::int64_t> number_in(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_int64() ? std::optional(found->get_int64()) : std::nullopt;
}

}  // namespace

std::string_view to_string(TrackingMode mode) { return kModes[static_cast<std::size_t>(mode)]; }
std::optional<TrackingMode> parse_tracking_mode(std::string_view word) {
  return enumerator<TrackingMode>(kModes, word);
}
std::string_view to_string(TrackedAddress kept) {
  return kAddresses[static_cast<std::size_t>(kept)];
}
std::optional<TrackedAddress> parse_tracked_address(std::string_view word) {
  return enumerator<TrackedAddress>(kAddresses, word);
}

Result<void> check(const OrganisationSettings& settings) {
  TRY(within(settings.recipient_limit, kRecipients, ", or empty for no limit"));
  if (settings.inactive_after_days != 0) {
    TRY(within(settings.inactive_after_days, kInactive, ", or 0 for never"));
  }
  TRY(within(settings.second_thought_s, kSecondThought, ""));
  TRY(within(settings.lateness_limit_min, kLateness, ""));
  TRY(within(settings.body_retention_days, kBodies, ", or empty to keep them for ever"));
  TRY(within(settings.event_retention_days, kEvents, ", or empty to keep them for ever"));
  TRY(within(settings.soft_bounce_limit, kSoftBounces, "; 0 is never"));
  TRY(within(settings.soft_bounce_period_days, kSoftPeriod, ""));
  TRY(within(settings.soft_bounce_pause_days, kSoftPause, ""));
  TRY(within(settings.returned_mail_retention_days, kReturned, ", or empty to keep it for ever"));
  TRY(address_or_none(settings.copy_address, "copy_address"));
  return address_or_none(settings.reply_forward_to, "reply_forward_to");
}

Result<OrganisationSettings> organisation_settings(db::Connection& connection, OrganisationId id) {
  const auto text =
      TRY(connection.query_first(kRead, {id}, [](const db::Row& row) { return row.string(0); }));
  if (!text) {
    return fail(ErrorKind::not_found, "organisation.not_found",
                "There is no organisation " + to_text(id) + ".");
  }
  const json::value value = parse_json(*text);
  if (!value.is_object()) {
    return fail(ErrorKind::corrupt, "organisation.settings",
                "The organisation's settings are not what was written. Restore a backup.");
  }
  const json::object& object = value.get_object();
  OrganisationSettings settings;
  settings.recipient_limit = number_in(object, kRecipients.name);
  settings.inactive_after_days =
      number_in(object, kInactive.name).value_or(settings.inactive_after_days);
  settings.second_thought_s =
      number_in(object, kSecondThought.name).value_or(settings.second_thought_s);
  settings.lateness_limit_min =
      number_in(object, kLateness.name).value_or(settings.lateness_limit_min);
  settings.body_retention_days = number_in(object, kBodies.name);
  settings.event_retention_days = number_in(object, kEvents.name);
  settings.soft_bounce_limit =
      number_in(object, kSoftBounces.name).value_or(settings.soft_bounce_limit);
  settings.soft_bounce_period_days =
      number_in(object, kSoftPeriod.name).value_or(settings.soft_bounce_period_days);
  settings.soft_bounce_pause_days =
      number_in(object, kSoftPause.name).value_or(settings.soft_bounce_pause_days);
  settings.copy_address = text_of(object, "copy_address");
  settings.reply_forward_to = text_of(object, "reply_forward_to");
  if (object.contains(kReturned.name)) {
    settings.returned_mail_retention_days = number_in(object, kReturned.name);
  }
  settings.logo_media_id = MediaId{number_in(object, "logo_media_id").value_or(0)};
  settings.tracking = parse_tracking_mode(text_of(object, "tracking")).value_or(settings.tracking);
  settings.tracked_address =
      parse_tracked_address(text_of(object, "tracked_address")).value_or(settings.tracked_address);
  return settings;
}

Result<void> change_organisation_settings(db::Connection& connection, OrganisationId id,
                                          const OrganisationSettings& settings) {
  TRY(check(settings));
  json::object object;
  if (settings.recipient_limit) object[kRecipients.name] = *settings.recipient_limit;
  object[kInactive.name] = settings.inactive_after_days;
  object[kSecondThought.name] = settings.second_thought_s;
  object[kLateness.name] = settings.lateness_limit_min;
  if (settings.body_retention_days) object[kBodies.name] = *settings.body_retention_days;
  if (settings.event_retention_days) object[kEvents.name] = *settings.event_retention_days;
  object[kSoftBounces.name] = settings.soft_bounce_limit;
  object[kSoftPeriod.name] = settings.soft_bounce_period_days;
  object[kSoftPause.name] = settings.soft_bounce_pause_days;
  // What was never chosen is 90 days, so that a choice of no end is written down.
  object[kReturned.name] = settings.returned_mail_retention_days
                               ? json::value(*settings.returned_mail_retention_days)
                               : json::value(nullptr);
  object["copy_address"] = settings.copy_address;
  object["reply_forward_to"] = settings.reply_forward_to;
  if (settings.logo_media_id.valid()) object["logo_media_id"] = settings.logo_media_id.value;
  object["tracking"] = to_string(settings.tracking);
  object["tracked_address"] = to_string(settings.tracked_address);
  const auto changed = TRY(connection.execute(kWrite, {id, json::serialize(object)}));
  if (changed == 0) {
    return fail(ErrorKind::not_found, "organisation.not_found",
                "There is no organisation " + to_text(id) + ".");
  }
  return {};
}

}  // namespace tidings::identity
