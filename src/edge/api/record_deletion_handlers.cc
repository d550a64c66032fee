// Deleting from the history (P38): who does it and why stands in the audit log.
#include <boost/json.hpp>
#include <chrono>

#include "compose/campaign_deletion.h"
#include "delivery/message_deletion.h"
#include "edge/api/record_handlers.h"
#include "identity/audit.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

constexpr int kPurgedAtOnce = 100;  // in one transaction
constexpr auto kPurgeTimeMax = std::chrono::seconds(5);

std::string reason_of(const Call& call) {
  const json::object* body = call.body.if_object();
  const json::value* reason = body == nullptr ? nullptr : body->if_contains("reason");
  return reason != nullptr && reason->is_string() ? std::string(reason->get_string()) : "";
}

Result<void> note(db::Connection& connection, const Call& call, std::string_view action,
                  std::string_view object, std::int64_t id) {
  const std::string reason = reason_of(call);
  return identity::audit(connection, call.who,
                         {.action = action,
                          .object = object,
                          .object_id = id,
                          .note = reason,
                          .before = {},
                          .after = {}},
                         call.now());
}

// One change of a message or campaign, with its entry in the audit log.
template <typename IdType>
Handler changes(std::string_view action, std::string_view object,
                Result<void> (*change)(db::Connection&, const Call&, IdType)) {
  return [=](const Call& call) -> Result<Answer> {
    const auto id = TRY(call.id<IdType>("id"));
    return commit(call, [&](db::Connection& connection) -> Result<Answer> {
      TRY(change(connection, call, id));
      TRY(note(connection, call, action, object, id.value));
      return Answer::no_content();
    });
  };
}

Result<Answer> purge_campaign(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  db::Database& database = call.services.database;
  TRY(database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    const auto before = TRY(delivery::find_tombstone(connection, call.organisation(),
                                                     delivery::Purged::campaign, id.value));
    TRY(compose::begin_campaign_purge(connection, call.organisation(), id, call.who.name,
                                      reason_of(call), call.now()));
    if (before) return {};
    return note(connection, call, "campaign.purge", "campaign", id.value);
  }));
  const auto until = std::chrono::steady_clock::now() + kPurgeTimeMax;
  std::int64_t purged = 0;
  bool is_finished = false;
  while (!is_finished && std::chrono::steady_clock::now() < until) {
    const std::int64_t step =
        TRY(database.write_value(db::Priority::import, [&](db::Connection& connection) {
          return delivery::purge_some(connection, call.organisation(), id, kPurgedAtOnce,
                                      call.now());
        }));
    purged += step;
    is_finished = step < kPurgedAtOnce;
  }
  return Answer::ok(json::object{{"purged", purged}, {"is_finished", is_finished}});
}

}  // namespace

void add_record_deletion_handlers(Registry& registry) {
  registry.answer("hideMessage",
                  changes<MessageId>("message.hide", "message",
                                     [](db::Connection& c, const Call& call, MessageId id) {
                                       return delivery::hide_message(c, call.organisation(), id,
                                                                     call.now());
                                     }));
  registry.answer("unhideMessage",
                  changes<MessageId>("message.unhide", "message",
                                     [](db::Connection& c, const Call& call, MessageId id) {
                                       return delivery::unhide_message(c, call.organisation(), id);
                                     }));
  registry.answer("purgeMessage",
                  changes<MessageId>("message.purge", "message",
                                     [](db::Connection& c, const Call& call, MessageId id) {
                                       return delivery::purge_message(c, call.organisation(), id,
                                                                      call.who.name,
                                                                      reason_of(call), call.now());
                                     }));
  registry.answer("hideCampaign",
                  changes<CampaignId>("campaign.hide", "campaign",
                                      [](db::Connection& c, const Call& call, CampaignId id) {
                                        return compose::hide_campaign(c, call.organisation(), id,
                                                                      call.now());
                                      }));
  registry.answer("unhideCampaign",
                  changes<CampaignId>("campaign.unhide", "campaign",
                                      [](db::Connection& c, const Call& call, CampaignId id) {
                                        return compose::unhide_campaign(c, call.organisation(), id);
                                      }));
  registry.answer("purgeCampaign", purge_campaign);
}

}  // namespace tidings::api
