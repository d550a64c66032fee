#include "edge/api/problem_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "audience/contacts.h"
#include "base/json_text.h"
#include "delivery/domains/sending_domains.h"
#include "edge/api/call.h"
#include "edge/api/direct_sending.h"
#include "edge/api/json_values.h"
#include "feedback/address_problems.h"
#include "feedback/fix_problem.h"
#include "feedback/mailboxes.h"
#include "identity/audit.h"
#include "report/alerts.h"
#include "report/campaign_troubles.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using feedback::AddressProblem;
using feedback::ProblemId;
using identity::Permission;

constexpr std::size_t kContactsShown = 20;

std::string_view word_of(AddressProblem::Stopped stopped) {
  if (stopped == AddressProblem::Stopped::everything) return "everything";
  return stopped == AddressProblem::Stopped::campaigns ? "campaigns" : "nothing";
}

Result<json::array> owners_of(db::Connection& connection, OrganisationId organisation,
                              const AddressProblem& problem) {
  json::array owners;
  if (problem.is_domain()) return owners;
  auto ids = TRY(audience::find_contacts_by_address(connection, organisation, problem.channel,
                                                    problem.address));
  if (ids.size() > kContactsShown) ids.resize(kContactsShown);
  for (const auto& contact : TRY(audience::find_contacts(connection, organisation, ids))) {
    if (!contact) continue;
    owners.push_back(json::object{{"id", to_text(contact->id)}, {"name", contact->display_name()}});
  }
  return owners;
}

Result<json::object> to_json(db::Connection& connection, OrganisationId organisation,
                             const AddressProblem& problem) {
  return json::object{
      {"id", to_text(problem.id)},
      {"channel", to_string(problem.channel)},
      {"address", problem.address},
      {"reason", problem.reason},
      {"why", feedback::why_in_words(problem.reason)},
      {"what_to_do", feedback::what_to_do(problem.reason)},
      {"diagnostic", problem.diagnostic},
      {"message_id",
       problem.message_id.valid() ? json::value(to_text(problem.message_id)) : json::value()},
      {"contacts", TRY(owners_of(connection, organisation, problem))},
      {"stopped", word_of(problem.stopped)},
      {"stopped_until", instant_or_null(problem.stopped_until)},
      {"first_at", instant_text(problem.first_at)},
      {"last_at", instant_text(problem.last_at)},
      {"is_open", problem.is_open},
      {"settled_at", instant_or_null(problem.settled_at)},
      {"settled_by", problem.settled_by},
      {"settled_note", problem.settled_note}};
}

Result<Answer> list(const Call& call) {
  const Page page = call.page();
  feedback::ProblemPage wanted{
      .is_settled = call.flag("settled"), .before = {}, .limit = page.limit + 1};
  if (!page.cursor.empty()) {
    const auto id = parse_id(page.cursor);
    if (!id) {
      return fail(ErrorKind::invalid, "list.bad_cursor",
                  "This cursor is not one of ours; begin again with the first page.");
    }
    wanted.before = ProblemId{*id};
  }
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    auto found = TRY(feedback::list_problems(connection, call.organisation(), wanted, call.now()));
    std::string next;
    if (std::ssize(found) > page.limit) {
      found.pop_back();
      next = to_text(found.back().id);
    }
    json::array items;
    for (const AddressProblem& each : found) {
      items.push_back(TRY(to_json(connection, call.organisation(), each)));
    }
    return Answer::ok(list_answer(std::move(items), next));
  });
}

Result<Answer> shown(db::Connection& connection, const Call& call, ProblemId id) {
  const auto problem = TRY(feedback::find_problem(connection, call.organisation(), id, call.now()));
  return Answer::ok(TRY(to_json(connection, call.organisation(), problem)));
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<ProblemId>("problem_id"));
  return call.services.database.read_value(
      [&](db::Connection& connection) { return shown(connection, call, id); });
}

Result<Answer> settle(const Call& call) {
  const auto id = TRY(call.id<ProblemId>("problem_id"));
  const std::string note = text_of(call.body.as_object(), "note");
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    TRY(feedback::settle_problem(connection, call.organisation(), id, call.who.name, note,
                                 call.now()));
    TRY(identity::audit(
        connection, call.who,
        {.action = "problem.settle", .object = "problem", .object_id = id.value, .note = note},
        call.now()));
    return shown(connection, call, id);
  });
}

Result<void> check_may_fix(const Call& call, const feedback::Fix& fix) {
  if (fix.address.empty() && !identity::allows(call.who, Permission::suppressions_release)) {
    return fail(ErrorKind::denied, "call.denied",
                "You may not release what is suppressed. Ask somebody who may.");
  }
  if (fix.sends_again && !identity::allows(call.who, Permission::messages_send)) {
    return fail(ErrorKind::denied, "call.denied",
                "You may not send messages. Correct the address without sending again.");
  }
  return {};
}

Result<Answer> fix(const Call& call) {
  const json::object& body = call.body.as_object();
  const std::string address = text_of(body, "address");
  const std::string note = text_of(body, "note");
  const json::value* again = body.if_contains("send_again");
  const feedback::Fix wanted{.problem = TRY(call.id<ProblemId>("problem_id")),
                             .address = address,
                             .note = note,
                             .sends_again = again != nullptr && again->as_bool()};
  TRY(check_may_fix(call, wanted));
  TransportId transport;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const people::Writer writer{call.services.ids, call.organisation(), call.who.name, call.now()};
    const delivery::Ledger ledger(call.services.ids, NodeId(), call.services.ids.node());
    const auto fixed = TRY(feedback::fix_problem(connection, writer, ledger, wanted));
    TRY(identity::audit(connection, call.who,
                        {.action = "problem.fix",
                         .object = "problem",
                         .object_id = wanted.problem.value,
                         .note = note},
                        call.now()));
    json::array contacts;
    for (const ContactId id : fixed.corrected) contacts.push_back(json::value(to_text(id)));
    transport = fixed.transport_id;
    return Answer::ok(json::object{
        {"address", fixed.address},
        {"contacts", std::move(contacts)},
        {"released", fixed.released},
        {"message_id",
         fixed.message_id.valid() ? json::value(to_text(fixed.message_id)) : json::value()}});
  });
  if (answer) wake_direct(call, transport);
  return answer;
}

Result<Answer> list_campaigns(const Call& call) {
  const auto troubles = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return report::campaign_troubles(connection, call.organisation(), call.now());
  }));
  json::array items;
  for (const report::CampaignTrouble& each : troubles) {
    items.push_back(json::object{{"campaign_id", to_text(each.campaign_id)},
                                 {"name", each.name},
                                 {"trouble", report::to_string(each.trouble)},
                                 {"sentence", each.sentence},
                                 {"what_to_do", each.what_to_do}});
  }
  return Answer::ok(json::object{{"items", std::move(items)}});
}

Result<Answer> count(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const OrganisationId organisation = call.organisation();
    std::set<CampaignId> campaigns;
    for (const auto& each : TRY(report::campaign_troubles(connection, organisation, call.now()))) {
      campaigns.insert(each.campaign_id);
    }
    const auto domains = TRY(domains::list_domains(connection, organisation));
    const auto mailboxes = TRY(feedback::list_mailboxes(connection, organisation));
    return Answer::ok(json::object{
        {"addresses", TRY(feedback::count_open_problems(connection, organisation))},
        {"campaigns", std::ssize(campaigns)},
        {"domains",
         std::ranges::count_if(domains, [](const auto& domain) { return !domain.verified_at; })},
        {"mailboxes", std::ranges::count_if(
                          mailboxes, [](const auto& mailbox) { return !mailbox.trouble.empty(); })},
    });
  });
}

std::string_view word_of(report::StandingAlert::About about) {
  if (about == report::StandingAlert::About::campaign) return "campaign";
  return about == report::StandingAlert::About::domain ? "domain" : "disk";
}

Result<Answer> list_alerts(const Call& call) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    json::array told;
    for (std::string& address : TRY(report::alert_addresses(connection, call.organisation()))) {
      told.emplace_back(std::move(address));
    }
    json::array items;
    for (const report::StandingAlert& each :
         TRY(report::standing_alerts(connection, call.organisation(), call.now()))) {
      items.push_back(json::object{
          {"about", word_of(each.about)},
          {"campaign_id", id_or_null(each.campaign_id.value)},
          {"name", each.name},
          {"trouble", each.trouble.empty() ? json::value() : json::value(each.trouble)},
          {"began_at", instant_text(each.began_at)},
          {"told_at", each.told_at ? json::value(instant_text(*each.told_at)) : json::value()},
          {"is_over", each.is_over}});
    }
    return Answer::ok(json::object{{"told", std::move(told)}, {"items", std::move(items)}});
  });
}

}  // namespace

void add_problem_handlers(Registry& registry) {
  registry.answer("listAddressProblems", list);
  registry.answer("getAddressProblem", get);
  registry.answer("settleAddressProblem", settle);
  registry.answer("fixAddressProblem", fix);
  registry.answer("listCampaignProblems", list_campaigns);
  registry.answer("countProblems", count);
  registry.answer("listAlerts", list_alerts);
}

}  // namespace tidings::api
