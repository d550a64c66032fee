#include <boost/json.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "compose/campaigns.h"
#include "delivery/ledger.h"
#include "edge/api/campaign_handlers.h"
#include "edge/api/campaign_json.h"
#include "edge/api/record_json.h"
#include "net/event_stream.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using compose::Campaign;

// A bar that is drawn twice a second looks live.
constexpr Duration kWatchEvery = std::chrono::milliseconds(500);
// Of a campaign that has ended only what people do changes: every so many of them.
constexpr int kLooksApart = 4;

Result<Answer> progress(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const Campaign campaign = TRY(compose::load_campaign(connection, call.organisation(), id));
    const auto figures =
        TRY(delivery::Ledger::figures(connection, call.organisation(), campaign.id));
    return Answer::ok(progress_json(campaign, figures));
  });
}

// What changes, as it changes. A browser that comes back gets the state as it is then: nothing has
// to be remembered for it.
class Watch {
 public:
  Watch(db::Database& database, OrganisationId organisation, CampaignId id, bool has_statistics)
      : database_(database),
        organisation_(organisation),
        id_(id),
        has_statistics_(has_statistics) {}

  struct Seen {
    bool is_over = false;
    std::string progress;
    std::string statistics;
  };
  Result<Seen> look() const {
    return database_.read_value([&](db::Connection& connection) -> Result<Seen> {
      const Campaign campaign = TRY(compose::load_campaign(connection, organisation_, id_));
      const auto figures = TRY(delivery::Ledger::figures(connection, organisation_, id_));
      Seen seen{
          campaign.finished_at.has_value(), json::serialize(progress_json(campaign, figures)), {}};
      if (has_statistics_) {
        seen.statistics = json::serialize(TRY(statistics_json(connection, organisation_, id_)));
      }
      return seen;
    });
  }

  // False: that was all.
  bool operator()(net::EventStream& stream) {
    if (was_over_ && ++looks_ % kLooksApart != 0) return true;
    auto seen = look();
    if (!seen) return seen.error().kind != ErrorKind::not_found;
    if (seen->progress != last_.progress) stream.send({"progress", seen->progress});
    if (seen->statistics != last_.statistics) stream.send({"statistics", seen->statistics});
    was_over_ = seen->is_over;
    last_ = *std::move(seen);
    return has_statistics_ || !was_over_;
  }

 private:
  db::Database& database_;
  OrganisationId organisation_;
  CampaignId id_;
  bool has_statistics_;
  bool was_over_ = false;
  int looks_ = 0;
  Seen last_;
};

Result<Answer> watch(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const bool has_statistics = call.flag("statistics");
  if (has_statistics && !identity::allows(call.who, identity::Permission::record_read)) {
    return fail(ErrorKind::denied, "api.permission",
                "Figures of the record are for those who may read it.");
  }
  Watch made(call.services.database, call.organisation(), id, has_statistics);
  TRY(made.look());
  return Answer::event_stream(net::EventStream::polled(kWatchEvery, std::move(made)));
}

}  // namespace

void add_campaign_watch_handlers(Registry& registry) {
  registry.answer("getCampaignProgress", progress);
  registry.answer("watchCampaign", watch);
}

}  // namespace tidings::api
