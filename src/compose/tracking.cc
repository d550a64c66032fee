#include "compose/tracking.h"

#include "identity/organisation_settings.h"

namespace tidings::compose {

Result<void> add_tracking(db::Connection& connection, OrganisationId organisation,
                          const DraftTracking& wanted, MessageKind kind,
                          delivery::EmailContent& content) {
  if (content.html.empty()) return {};
  if (!wanted.utm.empty()) content.html = delivery::with_utm(content.html, wanted.utm);
  if (kind == MessageKind::test || kind == MessageKind::copy) return {};
  const bool is_campaign = kind == MessageKind::campaign;
  delivery::TrackingWish wish{.opens = wanted.opens.value_or(is_campaign),
                              .clicks = wanted.clicks.value_or(is_campaign)};
  if (!wish.opens && !wish.clicks) return {};
  const auto settings = TRY(identity::organisation_settings(connection, organisation));
  if (settings.tracking == identity::TrackingMode::off) return {};
  wish.is_total = settings.tracking == identity::TrackingMode::totals;
  content.tracking = delivery::find_tracking(content.html, wish);
  return {};
}

}  // namespace tidings::compose
