#include "edge/api/organisation_handlers.h"

#include <boost/json.hpp>

#include "base/bytes.h"
#include "base/json_text.h"
#include "compose/media.h"
#include "identity/audit.h"
#include "identity/organisation_settings.h"
#include "identity/organisations.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

using identity::Organisation;
using identity::OrganisationSettings;

json::value number_or_null(const std::optional<std::int64_t>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::object to_json(const Organisation& organisation, const OrganisationSettings& settings) {
  return {{"id", to_text(organisation.id)},
          {"name", organisation.name},
          {"locale", organisation.locale},
          {"time_zone", organisation.time_zone},
          {"postal_address", organisation.postal_address},
          {"recipient_limit", number_or_null(settings.recipient_limit)},
          {"inactive_after_days", settings.inactive_after_days},
          {"second_thought_s", settings.second_thought_s},
          {"lateness_limit_min", settings.lateness_limit_min},
          {"body_retention_days", number_or_null(settings.body_retention_days)},
          {"event_retention_days", number_or_null(settings.event_retention_days)},
          {"soft_bounce_limit", settings.soft_bounce_limit},
          {"soft_bounce_period_days", settings.soft_bounce_period_days},
          {"soft_bounce_pause_days", settings.soft_bounce_pause_days},
          {"returned_mail_retention_days", number_or_null(settings.returned_mail_retention_days)},
          {"copy_address", settings.copy_address},
          {"reply_forward_to", settings.reply_forward_to},
          {"logo_media_id", settings.logo_media_id.valid()
                                ? json::value(to_text(settings.logo_media_id))
                                : json::value(nullptr)},
          {"tracking", to_string(settings.tracking)},
          {"tracked_address", to_string(settings.tracked_address)}};
}

// An organisation has no time of change: its tag is that of its content.
std::string etag_of(const json::object& body) {
  return "\"" + to_base64url(sha256(json::serialize(body)).substr(0, 12)) + "\"";
}

Answer shown(json::object body) {
  std::string etag = etag_of(body);
  return Answer::ok(std::move(body)).with("ETag", std::move(etag));
}

Result<json::object> read(db::Connection& connection, OrganisationId id) {
  return to_json(TRY(identity::find_organisation(connection, id)),
                 TRY(identity::organisation_settings(connection, id)));
}

Result<Answer> get_organisation(const Call& call) {
  return shown(TRY(call.services.database.read_value(
      [&](db::Connection& connection) { return read(connection, call.organisation()); })));
}

// RFC 7396: what is left out stays as it is.
void apply(const json::object& change, Organisation& organisation) {
  const auto set = [&](std::string_view name, std::string& member) {
    if (const auto* given = change.if_contains(name)) member = given->as_string();
  };
  set("name", organisation.name);
  set("locale", organisation.locale);
  set("time_zone", organisation.time_zone);
  set("postal_address", organisation.postal_address);
}

void apply(const json::object& change, OrganisationSettings& settings) {
  const auto set = [&](std::string_view name, std::int64_t& member) {
    if (const auto* given = change.if_contains(name)) member = given->to_number<std::int64_t>();
  };
  const auto set_or_none = [&](std::string_view name, std::optional<std::int64_t>& member) {
    const auto* given = change.if_contains(name);
    if (given == nullptr) return;
    member = given->is_null() ? std::nullopt : std::optional(given->to_number<std::int64_t>());
  };
  set_or_none("recipient_limit", settings.recipient_limit);
  set("inactive_after_days", settings.inactive_after_days);
  set("second_thought_s", settings.second_thought_s);
  set("lateness_limit_min", settings.lateness_limit_min);
  set_or_none("body_retention_days", settings.body_retention_days);
  set_or_none("event_retention_days", settings.event_retention_days);
  set("soft_bounce_limit", settings.soft_bounce_limit);
  set("soft_bounce_period_days", settings.soft_bounce_period_days);
  set("soft_bounce_pause_days", settings.soft_bounce_pause_days);
  set_or_none("returned_mail_retention_days", settings.returned_mail_retention_days);
  if (const auto* copy = change.if_contains("copy_address")) {
    settings.copy_address = copy->as_string();
  }
  if (const auto* staff = change.if_contains("reply_forward_to")) {
    settings.reply_forward_to = staff->as_string();
  }
  // The schema has held the words.
  settings.tracking =
      identity::parse_tracking_mode(text_of(change, "tracking")).value_or(settings.tracking);
  settings.tracked_address = identity::parse_tracked_address(text_of(change, "tracked_address"))
                                 .value_or(settings.tracked_address);
  if (const auto* logo = change.if_contains("logo_media_id")) {
    settings.logo_media_id =
        MediaId{logo->is_null() ? 0 : parse_id(std::string_view(logo->as_string())).value_or(0)};
  }
}

Result<Answer> change_organisation(const Call& call) {
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
    auto settings = TRY(identity::organisation_settings(connection, call.organisation()));
    const json::object before = to_json(organisation, settings);
    TRY(call.expect_version(etag_of(before)));
    apply(call.body.as_object(), organisation);
    apply(call.body.as_object(), settings);
    if (settings.logo_media_id.valid() && call.body.as_object().contains("logo_media_id")) {
      const auto logo =
          compose::load_media(connection, call.organisation(), settings.logo_media_id);
      if (!logo || !logo->is_image()) {
        const Error error{ErrorKind::invalid, "organisation.logo",
                          "The logo is an image that was uploaded before (POST /media)."};
        return Answer::problem(422, error, {{"/logo_media_id", error.code, error.message}});
      }
    }
    TRY(identity::change_organisation(connection, organisation));
    TRY(identity::change_organisation_settings(connection, organisation.id, settings));
    json::object after = to_json(organisation, settings);
    TRY(identity::audit(connection, call.who,
                        {.action = "organisation.change",
                         .object = "organisation",
                         .object_id = organisation.id.value,
                         .note = json::serialize(call.body),
                         .before = json::serialize(before),
                         .after = json::serialize(after)},
                        call.now()));
    return shown(std::move(after));
  });
}

}  // namespace

void add_organisation_handlers(Registry& registry) {
  registry.answer("getOrganisation", get_organisation);
  registry.answer("changeOrganisation", change_organisation);
}

}  // namespace tidings::api
