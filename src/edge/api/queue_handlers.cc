#include "edge/api/queue_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "compose/campaigns.h"
#include "delivery/dispatcher.h"
#include "delivery/queue.h"
#include "delivery/suspensions.h"
#include "edge/api/json_values.h"
#include "wire/email_address.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using delivery::QueueFilter;
using Steer = delivery::Ledger::Steer;

constexpr Duration kSteerMax = std::chrono::seconds(10);
constexpr std::size_t kLinesMax = 1000;

// As addresses are kept: in lower case, other scripts as A-labels.
std::string domain_key(std::string_view domain) {
  const auto address = wire::parse_email_address("x@" + std::string(domain), wire::DomainRule::any);
  const std::string whole =
      address ? wire::comparison_key(*address) : lower("x@" + std::string(domain));
  return whole.substr(whole.rfind('@') + 1);
}

Result<QueueFilter> read_filter(const Call& call, std::string_view campaign,
                                std::string_view domain) {
  QueueFilter filter{.organisation_id = call.organisation()};
  if (!campaign.empty()) {
    const auto id = parse_id(campaign);
    if (!id || *id <= 0) {
      return fail(ErrorKind::not_found, "campaign.not_found", "There is no such campaign.");
    }
    filter.campaign_id = CampaignId{*id};
  }
  if (!domain.empty()) filter.domain = domain_key(domain);
  return filter;
}

// Those of this organisation that have something to send. Error: campaign.not_found.
Result<std::vector<CampaignId>> campaigns_of(const Call& call, db::Connection& connection,
                                             const QueueFilter& filter) {
  if (filter.campaign_id.valid()) {
    TRY(compose::load_campaign(connection, call.organisation(), filter.campaign_id));
    return std::vector{filter.campaign_id};
  }
  std::vector<CampaignId> campaigns;
  for (const compose::Campaign& campaign : TRY(compose::open_campaigns(connection))) {
    if (campaign.organisation_id == call.organisation()) campaigns.push_back(campaign.id);
  }
  return campaigns;
}

std::string_view word_of(MessageState state) {
  if (state == MessageState::waiting) return "waiting";
  return state == MessageState::deferred ? "deferred" : "held";
}

json::object line_json(const delivery::QueueLine& line) {
  return {{"campaign_id",
           line.campaign_id.valid() ? json::value(to_text(line.campaign_id)) : json::value()},
          {"domain", line.domain},
          {"state", word_of(line.state)},
          {"reason", line.reason},
          {"messages", line.messages},
          {"oldest_queued_at", instant_text(line.oldest_queued_at)},
          {"next_attempt_at", instant_or_null(line.next_due_at)}};
}

Result<Answer> list(const Call& call) {
  const QueueFilter filter =
      TRY(read_filter(call, call.query("campaign_id"), call.query("domain")));
  const auto view = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<delivery::QueueView> {
        const auto campaigns = TRY(campaigns_of(call, connection, filter));
        return delivery::read_queue(connection, filter, campaigns);
      }));
  json::array items;
  for (const delivery::QueueLine& line : view.lines) {
    if (items.size() == kLinesMax) break;
    items.push_back(line_json(line));
  }
  return Answer::ok(json::object{{"items", std::move(items)},
                                 {"is_cut", view.is_cut || view.lines.size() > kLinesMax}});
}

Steer action_of(std::string_view word) {
  using enum Steer;
  if (word == "hold") return hold;
  if (word == "release") return release;
  return word == "expire" ? expire : retry;
}

// Answers before a client loses patience; the next call goes on.
Result<std::int64_t> steer_for_a_while(const Call& call, delivery::QueueSteering& steering) {
  const delivery::Ledger ledger(call.services.ids, NodeId(), call.services.ids.node());
  const Instant until = call.now() + kSteerMax;
  std::int64_t messages = 0;
  while (!steering.is_done() && call.now() < until) {
    messages += TRY(call.services.database.write_value(
        db::Priority::web, [&](db::Connection& connection) -> Result<std::int64_t> {
          return steering.step(connection, ledger, call.who.name, call.now());
        }));
    steering.go_on();
  }
  return messages;
}

Answer steered(const Call& call, std::int64_t messages, bool is_complete) {
  if (call.services.dispatcher != nullptr) call.services.dispatcher->notify();
  if (call.services.runner != nullptr) call.services.runner->wake();
  return Answer::ok(json::object{{"messages", messages}, {"is_complete", is_complete}});
}

Result<Answer> steer(const Call& call) {
  const json::object& body = call.body.as_object();
  const QueueFilter filter =
      TRY(read_filter(call, text_in(body, "campaign_id"), text_in(body, "domain")));
  const json::value* everything = body.if_contains("everything");
  const bool is_everything = everything != nullptr && everything->as_bool();
  if (!filter.campaign_id.valid() && filter.domain.empty() && !is_everything) {
    const Error error{ErrorKind::invalid, "queue.too_wide",
                      "Say which messages: of a campaign, to a domain, or everything."};
    return Answer::problem(422, error, {{"/campaign_id", error.code, error.message}});
  }
  const auto campaigns = TRY(call.services.database.read_value(
      [&](db::Connection& connection) { return campaigns_of(call, connection, filter); }));
  const Steer how = action_of(text_in(body, "action"));
  delivery::QueueSteering steering(filter, how, campaigns);
  delivery::Dispatcher* const dispatcher = call.services.dispatcher;
  const auto in_database = [&] { return steer_for_a_while(call, steering); };
  const std::int64_t messages =
      TRY(dispatcher == nullptr ? in_database()
                                : dispatcher->steer(filter, how, call.who.name, in_database));
  return steered(call, messages, steering.is_done());
}

json::object site_json(const delivery::SiteView& site) {
  return {{"name", site.name},
          {"transport_id", to_text(site.transport_id)},
          {"connections_max",
           site.connections_max ? json::value(std::int64_t(*site.connections_max)) : nullptr},
          {"per_second", site.per_second},
          {"failures", site.failures},
          {"paused_until", instant_or_null(site.paused_until)},
          {"silent_since", instant_or_null(site.silent_since)},
          {"is_suspended", site.is_suspended},
          {"ready", std::int64_t(site.ready)},
          {"in_flight", std::int64_t(site.in_flight)}};
}

Result<Answer> list_sites(const Call& call) {
  const auto suspended = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return delivery::suspended_sites(connection, call.organisation());
  }));
  json::array suspensions;
  for (const delivery::SuspendedSite& site : suspended) {
    suspensions.push_back(json::object{{"name", site.name},
                                       {"reason", site.reason},
                                       {"suspended_by", site.by},
                                       {"suspended_at", instant_text(site.since)}});
  }
  json::array items;
  if (call.services.dispatcher != nullptr) {
    for (const auto& site : TRY(call.services.dispatcher->sites(call.organisation()))) {
      items.push_back(site_json(site));
    }
  }
  return Answer::ok(
      json::object{{"items", std::move(items)}, {"suspended", std::move(suspensions)}});
}

// A domain, a host, or hosts with commas between as the list of sites names them.
std::string site_key(std::string_view name) {
  return name.contains(',') ? lower(name) : domain_key(name);
}

Result<Answer> suspend(const Call& call) {
  const json::object& body = call.body.as_object();
  const delivery::SuspendedSite site{.name = site_key(text_in(body, "name")),
                                     .reason = std::string(text_in(body, "reason")),
                                     .by = call.who.name,
                                     .since = call.now()};
  TRY(call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
    return delivery::suspend_site(connection, call.organisation(), site);
  }));
  if (call.services.dispatcher != nullptr) TRY(call.services.dispatcher->suspensions_changed());
  return Answer::no_content();
}

Result<Answer> resume(const Call& call) {
  const std::string name = site_key(text_in(call.body.as_object(), "name"));
  TRY(call.services.database.write_value(db::Priority::web, [&](db::Connection& connection) {
    return delivery::resume_site(connection, call.organisation(), name);
  }));
  if (call.services.dispatcher != nullptr) TRY(call.services.dispatcher->suspensions_changed());
  // What was put off comes at once; what another suspension concerns is put off again.
  const QueueFilter filter{.organisation_id = call.organisation(),
                           .reason = std::string(delivery::kSiteSuspended)};
  const auto campaigns = TRY(call.services.database.read_value(
      [&](db::Connection& connection) { return campaigns_of(call, connection, filter); }));
  delivery::QueueSteering steering(filter, Steer::retry, campaigns);
  const std::int64_t messages = TRY(steer_for_a_while(call, steering));
  return steered(call, messages, steering.is_done());
}

}  // namespace

void add_queue_handlers(Registry& registry) {
  registry.answer("listQueue", list);
  registry.answer("steerQueue", steer);
  registry.answer("listSites", list_sites);
  registry.answer("suspendSite", suspend);
  registry.answer("resumeSite", resume);
}

}  // namespace tidings::api
