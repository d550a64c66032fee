#include <boost/json.hpp>
#include <charconv>
#include <string>

#include "base/bytes.h"
#include "compose/campaigns.h"
#include "delivery/link_store.h"
#include "domain/wall_time.h"
#include "edge/api/json_values.h"
#include "edge/api/record_handlers.h"
#include "edge/api/record_input.h"
#include "edge/api/record_json.h"
#include "identity/organisations.h"
#include "report/engagement_report.h"
#include "report/statistics.h"

namespace tidings::api {

namespace json = boost::json;

Result<json::object> statistics_json(db::Connection& connection, OrganisationId organisation,
                                     CampaignId campaign) {
  const auto found = TRY(compose::load_campaign(connection, organisation, campaign));
  const auto measured =
      TRY(delivery::what_is_measured(connection, organisation, found.content_version_id));
  const auto figures = TRY(report::statistics(
      connection, organisation, campaign, {measured.opens, measured.clicks, measured.is_total}));
  json::array ended;
  for (const report::EndLine& line : figures.ended) {
    json::array statuses;
    for (const Status status : line.statuses) statuses.emplace_back(to_string(status));
    ended.push_back(json::object{{"line", line.line},
                                 {"amount", line.amount},
                                 {"percent", line.per_mille / 10.0},
                                 {"statuses", std::move(statuses)}});
  }
  json::array along;
  for (const report::Figure& figure : figures.along_the_way) {
    along.push_back(json::object{
        {"figure", figure.figure},
        {"people", figure.people},
        {"of_sent", figure.per_mille ? json::value(*figure.per_mille / 10.0) : json::value()},
        {"times", figure.times ? json::value(*figure.times) : json::value()},
        {"machine", figure.machine ? json::value(*figure.machine) : json::value()}});
  }
  json::array not_measured;
  for (const std::string_view word : figures.not_measured) not_measured.emplace_back(word);
  json::value totals;
  if (figures.totals) {
    totals = json::object{{"opens", figures.totals->opens},
                          {"clicks", figures.totals->clicks},
                          {"machine_opens", figures.totals->machine_opens},
                          {"machine_clicks", figures.totals->machine_clicks}};
  }
  return json::object{{"total", figures.total},
                      {"ended", std::move(ended)},
                      {"along_the_way", std::move(along)},
                      {"not_measured", std::move(not_measured)},
                      {"totals", std::move(totals)}};
}

namespace {

Result<Answer> get_statistics(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return Answer::ok(TRY(statistics_json(connection, call.organisation(), id)));
  });
}

Result<Answer> get_campaign_links(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const auto figures = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<delivery::TrackingFigures> {
        const auto campaign = TRY(compose::load_campaign(connection, call.organisation(), id));
        return delivery::tracking_figures(connection, call.organisation(),
                                          campaign.content_version_id);
      }));
  json::array links;
  for (const delivery::LinkFigures& link : figures.links) {
    links.push_back(json::object{{"number", link.number},
                                 {"url", link.url},
                                 {"has_values", link.is_template},
                                 {"locale", link.locale},
                                 {"hits", link.hits.all},
                                 {"machine_hits", link.hits.machines},
                                 {"people", link.hits.people}});
  }
  return Answer::ok(json::object{{"tracks_opens", figures.tracks_opens},
                                 {"tracks_clicks", figures.tracks_clicks},
                                 {"is_total", figures.is_total},
                                 {"image_hits", figures.picture.all},
                                 {"image_machine_hits", figures.picture.machines},
                                 {"image_people", figures.picture.people},
                                 {"links", std::move(links)}});
}

// The list begins where the one before said.
Result<std::optional<Instant>> begins_at(std::string_view cursor) {
  if (cursor.empty()) return std::nullopt;
  const auto plain = from_base64url(cursor);
  std::int64_t micros = 0;
  if (plain) {
    const auto [end, error] = std::from_chars(plain->data(), plain->data() + plain->size(), micros);
    if (error == std::errc() && end == plain->data() + plain->size()) return from_micros(micros);
  }
  return fail(ErrorKind::invalid, "list.bad_cursor",
              "This cursor is not one of ours; begin again with the first page.");
}

Result<Answer> list_campaign_activity(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  RecordInput input;
  report::TimeQuery query;
  query.unit = call.query("by") == "day" ? WallUnit::day : WallUnit::hour;
  query.zone = call.query("time_zone");
  if (!query.zone.empty() && !is_time_zone(query.zone)) {
    input.wrong("time_zone", "There is no such time zone. Give one like Europe/Brussels.");
    return input.refusal();
  }
  query.limit = call.page().limit;
  query.from = TRY(begins_at(call.page().cursor));
  const auto page = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<report::TimePage> {
        TRY(compose::load_campaign(connection, call.organisation(), id));
        if (query.zone.empty()) {
          query.zone = TRY(identity::find_organisation(connection, call.organisation())).time_zone;
        }
        return report::engagement_over_time(connection, call.organisation(), id, query);
      }));
  json::array items;
  for (const report::TimeFigures& one : page.items) {
    items.push_back(json::object{{"at", instant_text(one.at)},
                                 {"opened", one.opened},
                                 {"clicked", one.clicked},
                                 {"opens", one.opens},
                                 {"clicks", one.clicks},
                                 {"machine_opens", one.machine_opens},
                                 {"machine_clicks", one.machine_clicks}});
  }
  return Answer::ok(json::object{
      {"items", std::move(items)},
      {"next_cursor", page.next ? json::value(to_base64url(std::to_string(to_micros(*page.next))))
                                : json::value()},
      {"time_zone", query.zone}});
}

Result<Answer> list_campaign_programs(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const auto programs = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<std::vector<report::ProgramFigures>> {
        TRY(compose::load_campaign(connection, call.organisation(), id));
        return report::engagement_by_program(connection, call.organisation(), id);
      }));
  json::array items;
  for (const report::ProgramFigures& one : programs) {
    items.push_back(json::object{{"program", to_string(one.program.program)},
                                 {"device", to_string(one.program.device)},
                                 {"people", one.people},
                                 {"opens", one.opens},
                                 {"clicks", one.clicks}});
  }
  return Answer::ok(json::object{{"items", std::move(items)}});
}

Result<Answer> list_campaign_domains(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const auto domains = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<std::vector<report::DomainFigures>> {
        TRY(compose::load_campaign(connection, call.organisation(), id));
        return report::figures_by_domain(connection, call.organisation(), id, call.page().limit);
      }));
  json::array items;
  for (const report::DomainFigures& one : domains) {
    items.push_back(json::object{{"domain", one.domain},
                                 {"messages", one.messages},
                                 {"sent", one.sent},
                                 {"bounced", one.bounced},
                                 {"opened", one.opened},
                                 {"clicked", one.clicked}});
  }
  return Answer::ok(json::object{{"items", std::move(items)}});
}

}  // namespace

void add_statistics_handlers(Registry& registry) {
  registry.answer("getStatistics", get_statistics);
  registry.answer("getCampaignLinks", get_campaign_links);
  registry.answer("listCampaignActivity", list_campaign_activity);
  registry.answer("listCampaignPrograms", list_campaign_programs);
  registry.answer("listCampaignDomains", list_campaign_domains);
}

}  // namespace tidings::api
