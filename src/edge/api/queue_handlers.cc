#include "edge/api/queue_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "compose/campaigns.h"
#include "delivery/queue.h"
#include "edge/api/json_values.h"
#include "wire/email_address.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using delivery::QueueFilter;

constexpr Duration kSteerMax = std::chrono::seconds(10);
constexpr std::size_t kLinesMax = 1000;

Result<QueueFilter> read_filter(const Call& call, std::string_view campaign,
                                std::string_view domain) {
  QueueFilter filter{.organisation_id = call.organisation(), .campaign_id = {}, .domain = {}};
  if (!campaign.empty()) {
    const auto id = parse_id(campaign);
    if (!id || *id <= 0) {
      return fail(ErrorKind::not_found, "campaign.not_found", "There is no such campaign.");
    }
    filter.campaign_id = CampaignId{*id};
  }
  if (!domain.empty()) {
    // As addresses are kept: in lower case, other scripts as A-labels.
    const auto address =
        wire::parse_email_address("x@" + std::string(domain), wire::DomainRule::any);
    const std::string whole =
        address ? wire::comparison_key(*address) : lower("x@" + std::string(domain));
    filter.domain = whole.substr(whole.rfind('@') + 1);
  }
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

delivery::Ledger::Steer action_of(std::string_view word) {
  using enum delivery::Ledger::Steer;
  if (word == "hold") return hold;
  if (word == "release") return release;
  return word == "expire" ? expire : retry;
}

std::string_view text_in(const json::object& body, std::string_view name) {
  const json::value* found = body.if_contains(name);
  return found == nullptr ? std::string_view() : std::string_view(found->as_string());
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
  const delivery::Ledger ledger(call.services.ids, NodeId(), call.services.ids.node());
  delivery::QueueSteering steering(filter, action_of(text_in(body, "action")), campaigns);
  const Instant until = call.now() + kSteerMax;
  std::int64_t messages = 0;
  while (!steering.is_done() && call.now() < until) {
    messages += TRY(call.services.database.write_value(
        db::Priority::web, [&](db::Connection& connection) -> Result<std::int64_t> {
          return steering.step(connection, ledger, call.who.name, call.now());
        }));
    steering.go_on();
  }
  if (call.services.dispatcher != nullptr) call.services.dispatcher->notify();
  if (call.services.runner != nullptr) call.services.runner->wake();
  return Answer::ok(json::object{{"messages", messages}, {"is_complete", steering.is_done()}});
}

}  // namespace

void add_queue_handlers(Registry& registry) {
  registry.answer("listQueue", list);
  registry.answer("steerQueue", steer);
}

}  // namespace tidings::api
