#include "edge/api/campaign_handlers.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "audience/audience_json.h"
#include "compose/campaign_control.h"
#include "compose/campaign_followups.h"
#include "compose/campaigns.h"
#include "compose/draft_content.h"
#include "compose/templates.h"
#include "delivery/ledger.h"
#include "edge/api/campaign_json.h"
#include "edge/api/draft_json.h"
#include "edge/api/json_values.h"
#include "edge/api/sender_override.h"
#include "wire/email_address.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using compose::Campaign;
using compose::LocalisedDraft;

Error unfit() {
  return {ErrorKind::invalid, "campaign.invalid", "Some of what was given cannot be used."};
}

struct Read {
  std::optional<LocalisedDraft> draft;  // all of the content, when something of it changes
  std::vector<FieldError> fields;
};

// `before` with the draft's members that the body gives, and its languages: all of them, or none.
Result<LocalisedDraft> read_content(const json::object& body, LocalisedDraft before) {
  if (const json::value* draft = body.if_contains("draft")) {
    before.draft = TRY(patched_draft(before.draft, *draft));
  }
  if (const json::value* variants = body.if_contains("variants")) {
    before.variants = TRY(compose::variants_from_json(*variants));
  }
  return before;
}

// The saved message that the content begins as; nothing where the body names none. Its name and
// audience are the campaign's, too. Error: call.denied for whom it is closed to.
Result<std::optional<LocalisedDraft>> read_template(db::Connection& connection, const Call& call,
                                                    Campaign& campaign,
                                                    std::vector<FieldError>& fields) {
  std::optional<LocalisedDraft> content;
  const TemplateId id{TRY(id_of(call.body.as_object(), "template_id"))};
  if (!id.valid()) return content;
  if (!identity::allows(call.who, identity::Permission::content_read)) {
    return fail(ErrorKind::denied, "call.denied",
                "You may not see saved messages. Ask somebody who may, or write the message here.");
  }
  auto saved = compose::load_template(connection, call.organisation(), id);
  if (!saved && saved.error().kind != ErrorKind::not_found) return std::unexpected(saved.error());
  if (!saved) {
    fields.push_back({"/template_id", saved.error().code, saved.error().message});
  } else if (saved->fields.channel != campaign.channel) {
    fields.push_back({"/template_id", "template.channel",
                      "This saved message is for another channel. Choose another."});
  } else {
    content = std::move(static_cast<LocalisedDraft&>(saved->fields.content));
    if (campaign.name.empty()) campaign.name = saved->fields.name;
    if (saved->fields.content.audience) campaign.audience = *saved->fields.content.audience;
  }
  return content;
}

// What the body changes of `campaign`; `before` is the content so far.
Result<Read> read_fields(db::Connection& connection, const Call& call, Campaign& campaign,
                         LocalisedDraft before) {
  const json::object& body = call.body.as_object();
  Read read;
  auto saved = TRY(read_template(connection, call, campaign, read.fields));
  if (saved || body.contains("draft") || body.contains("variants")) {
    read.draft = TRY(read_content(body, saved ? *std::move(saved) : std::move(before)));
    campaign.sender_id = read.draft->draft.sender_id;
  }
  if (const json::value* given = body.if_contains("audience")) {
    auto audience = audience::read_audience(*given, campaign.channel);
    for (const auto& problem : audience.problems) {
      if (read.fields.size() >= 100) break;
      read.fields.push_back({"/audience" + problem.field, problem.code, problem.message});
    }
    campaign.audience = std::move(audience.audience);
  }
  if (const json::value* name = body.if_contains("name")) campaign.name = name->as_string();
  compose::SendOptions& options = campaign.options;
  if (const json::value* rate = body.if_contains("rate_per_second")) {
    options.rate_per_second = rate->to_number<double>();
  }
  if (const json::value* packages = body.if_contains("packages")) {
    options.packages = {};
    if (packages->is_object()) {
      options.packages = {packages->at("messages").to_number<int>(),
                          packages->at("seconds").to_number<int>()};
    }
  }
  if (const json::value* to = body.if_contains("copy_to_me")) {
    options.copies.to_me = to->as_string();
    const auto mailbox = wire::parse_email_address(options.copies.to_me, wire::DomainRule::any);
    if (!options.copies.to_me.empty() && !mailbox) {
      read.fields.push_back({"/copy_to_me", mailbox.error().code, mailbox.error().message});
    }
  }
  if (const json::value* to = body.if_contains("copy_to_organisation")) {
    options.copies.to_organisation = to->as_bool();
  }
  return read;
}

// What the change names must be here, in this organisation; an audience may still be empty.
Result<void> check_named(db::Connection& connection, const Call& call, const Campaign& campaign,
                         Read& read) {
  if (read.draft) {
    compose::Draft& draft = read.draft->draft;
    auto problems = TRY(compose::complete_draft(connection, call.organisation(), draft));
    for (auto& problem : compose::check_draft(draft)) problems.push_back(std::move(problem));
    std::vector<FieldError> fields;
    for (auto& problem : problems) {
      fields.push_back({"/draft" + problem.field, problem.code, std::move(problem.message)});
    }
    for (auto& problem : compose::check_variants(*read.draft)) {
      fields.push_back({problem.field, problem.code, std::move(problem.message)});
    }
    read.fields.insert(read.fields.begin(), fields.begin(), fields.end());
  }
  if (!call.body.as_object().contains("audience")) return {};
  for (const auto& problem :
       TRY(audience::check_audience(connection, call.organisation(), campaign.audience))) {
    if (problem.code == "audience.empty" || read.fields.size() >= 100) continue;
    read.fields.push_back({"/audience" + problem.field, problem.code, problem.message});
  }
  return {};
}

// --- drafts

Result<Answer> shown(db::Connection& connection, const Campaign& campaign, int status = 200) {
  const LocalisedDraft draft =
      TRY(compose::load_campaign_draft(connection, campaign.organisation_id, campaign.id));
  const auto figures =
      TRY(delivery::Ledger::figures(connection, campaign.organisation_id, campaign.id));
  Answer answer{status, campaign_json(campaign, draft, figures), {}, {}, {}};
  if (status == 201) {
    answer.headers.push_back({"Location", "/api/v1/campaigns/" + to_text(campaign.id)});
  }
  return std::move(answer).with("ETag", etag_of(campaign.changed_at));
}

Result<Answer> list_campaigns(const Call& call) {
  const Page page = call.page();
  compose::CampaignFilter filter;
  if (!page.cursor.empty()) {
    const auto before = parse_id(page.cursor);
    if (!before) {
      return Answer::problem(422, {ErrorKind::invalid, "call.cursor", "This cursor is not ours."},
                             {{"?cursor", "call.cursor", "This cursor is not ours."}});
    }
    filter.before = CampaignId{*before};
  }
  if (const auto state = call.query("state"); !state.empty()) {
    filter.state = parse_campaign_state(state);
  }
  filter.name = call.query("name");
  if (const auto parent = parse_id(call.query("parent_id"))) filter.parent = CampaignId{*parent};
  json::array items;
  std::string next;
  TRY(call.services.database.read([&](db::Connection& connection) -> Result<void> {
    auto campaigns =
        TRY(compose::list_campaigns(connection, call.organisation(), filter, page.limit + 1));
    if (std::ssize(campaigns) > page.limit) {
      campaigns.pop_back();
      next = to_text(campaigns.back().id);
    }
    for (const Campaign& campaign : campaigns) {
      const auto figures =
          TRY(delivery::Ledger::figures(connection, campaign.organisation_id, campaign.id));
      json::object item = campaign_summary_json(campaign, figures);
      item["subject"] =
          TRY(compose::load_campaign_draft(connection, campaign.organisation_id, campaign.id))
              .draft.subject;
      items.push_back(std::move(item));
    }
    return {};
  }));
  return Answer::ok(list_answer(std::move(items), next));
}

Result<Answer> create_campaign(const Call& call) {
  Campaign campaign;
  campaign.organisation_id = call.organisation();
  campaign.state = CampaignState::draft;
  campaign.created_by = call.who.name;
  campaign.is_test = call.who.is_test;
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    Read read = TRY(read_fields(connection, call, campaign, {}));
    TRY(check_named(connection, call, campaign, read));
    if (!read.fields.empty()) return Answer::problem(422, unfit(), std::move(read.fields));
    const Instant now = call.now();
    campaign.id = call.services.ids.next<CampaignId>();
    campaign.created_at = campaign.changed_at = now;
    TRY(compose::insert_campaign(connection, campaign, read.draft.value_or(LocalisedDraft()), now));
    return shown(connection, campaign, 201);
  });
}

Result<Answer> get_campaign(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const Campaign campaign = TRY(compose::load_campaign(connection, call.organisation(), id));
    return shown(connection, campaign);
  });
}

void wake(const Call& call) {
  if (call.services.runner != nullptr) call.services.runner->wake();
}

Result<Answer> change_campaign(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const json::object& body = call.body.as_object();
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    Campaign campaign = TRY(compose::load_campaign(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(campaign.changed_at)));
    auto before = TRY(compose::load_campaign_draft(connection, call.organisation(), id));
    auto read = TRY(read_fields(connection, call, campaign, std::move(before)));
    TRY(check_named(connection, call, campaign, read));
    if (!read.fields.empty()) return Answer::problem(422, unfit(), std::move(read.fields));
    const Instant now = call.now();
    const bool only_pace = std::ranges::all_of(body, [](const auto& member) {
      return member.key() == "rate_per_second" || member.key() == "packages";
    });
    if (only_pace && campaign.state != CampaignState::draft) {
      const Campaign changed = TRY(compose::change_pace(connection, call.organisation(), id,
                                                        campaign.options.rate_per_second,
                                                        campaign.options.packages, now));
      return shown(connection, changed);
    }
    TRY(compose::store_draft(connection, campaign, read.draft ? &*read.draft : nullptr, now));
    campaign.changed_at = now;
    return shown(connection, campaign);
  });
  wake(call);
  return answer;
}

Result<Answer> delete_campaign(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Campaign campaign = TRY(compose::load_campaign(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(campaign.changed_at)));
    TRY(compose::remove_draft(connection, campaign, call.now()));
    return Answer::no_content();
  });
}

// --- its life

// The body of a POST that may have none.
const json::object& body_of(const Call& call) {
  static const json::object kNone;
  return call.body.is_object() ? call.body.get_object() : kNone;
}

bool flag_of(const json::object& body, std::string_view name) {
  const json::value* found = body.if_contains(name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

Result<compose::Starter> starter_of(const Call& call) {
  compose::Starter starter;
  starter.name = call.who.name;
  starter.waits = call.who.session_id.valid();
  starter.is_test = call.who.is_test;
  starter.sender_override = TRY(sender_override_of(call, body_of(call)));
  starter.may_override_findings = flag_of(body_of(call), "override_findings");
  if (starter.may_override_findings &&
      !identity::allows(call.who, identity::Permission::preflight_override)) {
    return fail(ErrorKind::denied, "preflight.override",
                "You may not send a message in spite of what is wrong with it. Ask somebody who "
                "may, or mend it.");
  }
  return starter;
}

using InControl = std::function<Result<Campaign>(db::Connection&, const compose::ControlContext&,
                                                 CampaignId, const compose::Starter&)>;

// A step that needs the organisation and its settings.
Result<Answer> controlled(const Call& call, const InControl& step) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const auto starter = TRY(starter_of(call));
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto context = TRY(compose::control_context(connection, call.services.ids,
                                                      call.services.secrets, call.organisation(),
                                                      call.services.settings.attachment_bytes_max));
    const Campaign campaign = TRY(step(connection, context, id, starter));
    return shown(connection, campaign);
  });
  wake(call);
  return answer;
}

Result<Answer> start(const Call& call) {
  return controlled(call, [&](auto& connection, const auto& context, auto id, const auto& starter) {
    return compose::start_campaign_now(connection, context, id, starter, call.now());
  });
}

Result<Answer> schedule(const Call& call) {
  const json::object& body = call.body.as_object();
  compose::Schedule wanted;
  wanted.local = body.at("at").as_string();
  wanted.zone = body.at("time_zone").as_string();
  if (const json::value* fold = body.if_contains("fold"); fold && fold->as_string() == "later") {
    wanted.fold = Fold::later;
  }
  return controlled(call, [&](auto& connection, const auto& context, auto id, const auto& starter) {
    return compose::schedule_campaign(connection, context, id, starter, wanted, call.now());
  });
}

Result<Answer> release(const Call& call) {
  return controlled(call, [&](auto& connection, const auto& context, auto id, const auto& starter) {
    return compose::release_campaign(connection, context, id, starter, call.now());
  });
}

// A step that needs nothing but the campaign.
using Simple = Result<Campaign> (*)(db::Connection&, OrganisationId, CampaignId, Instant);
enum class Sending { as_it_is, stops };

// What is answered holds when it is answered: nothing more of a campaign that was paused or
// aborted is handed over. Does no harm when repeated (a key that was used before).
void stop_sending(const Call& call, const Result<Answer>& answer, CampaignId id) {
  if (!answer || answer->status >= 300 || call.services.dispatcher == nullptr) return;
  const auto state = call.services.database.read_value([&](db::Connection& connection) {
    return compose::load_campaign(connection, call.organisation(), id);
  });
  if (state && state->state != CampaignState::running) call.services.dispatcher->stop_campaign(id);
}

Handler simple(Simple step, Sending sending = Sending::as_it_is) {
  return [step, sending](const Call& call) -> Result<Answer> {
    const auto id = TRY(call.id<CampaignId>("id"));
    auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
      const Campaign campaign = TRY(step(connection, call.organisation(), id, call.now()));
      return shown(connection, campaign);
    });
    if (sending == Sending::stops) stop_sending(call, answer, id);
    wake(call);
    return answer;
  };
}

Result<Answer> pause(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const json::value* reason = body_of(call).if_contains("reason");
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Campaign campaign = TRY(compose::pause_campaign(
        connection, call.organisation(), id,
        reason == nullptr ? std::string_view() : std::string_view(reason->as_string()),
        call.now()));
    return shown(connection, campaign);
  });
  stop_sending(call, answer, id);
  wake(call);
  return answer;
}

// --- what it leads to

Result<Answer> copy(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Campaign made = TRY(compose::use_again(connection, call.services.ids, call.organisation(),
                                                 id, call.who.name, call.now()));
    return shown(connection, made, 201);
  });
}

Result<Answer> resend(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const auto outcome =
      audience::parse_earlier_outcome(std::string_view(call.body.at("outcome").as_string()))
          .value_or(audience::EarlierOutcome::not_sent);
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Campaign made = TRY(compose::resend(connection, call.services.ids, call.organisation(),
                                              id, outcome, call.who.name, call.now()));
    return shown(connection, made, 201);
  });
}

Result<Answer> correct(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    std::optional<LocalisedDraft> draft;
    const json::object& body = body_of(call);
    if (body.contains("draft") || body.contains("variants")) {
      auto before = TRY(compose::load_campaign_draft(connection, call.organisation(), id));
      draft = TRY(read_content(body, std::move(before)));
      std::vector<FieldError> fields;
      for (const compose::FieldProblem& problem : compose::check_draft(draft->draft)) {
        fields.push_back({"/draft" + problem.field, problem.code, problem.message});
      }
      for (const compose::FieldProblem& problem : compose::check_variants(*draft)) {
        fields.push_back({problem.field, problem.code, problem.message});
      }
      if (!fields.empty()) return Answer::problem(422, unfit(), std::move(fields));
    }
    const auto made = TRY(compose::correct(connection, call.services.ids, call.organisation(), id,
                                           draft, call.who.name, call.now()));
    const Answer remainder = TRY(shown(connection, made.remainder));
    const Answer correction = TRY(shown(connection, made.correction));
    json::object both;
    both["remainder"] = remainder.body;
    both["correction"] = correction.body;
    return Answer::created(std::move(both));
  });
  stop_sending(call, answer, id);
  wake(call);
  return answer;
}

// --- looking

Result<Answer> check(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto context = TRY(compose::control_context(connection, call.services.ids,
                                                      call.services.secrets, call.organisation(),
                                                      call.services.settings.attachment_bytes_max));
    const auto findings = TRY(compose::check_campaign(connection, context, id, call.now()));
    json::array items;
    bool ready = true;
    for (const compose::Finding& finding : findings) {
      const bool blocks = finding.severity == compose::Severity::blocking;
      ready = ready && !blocks;
      items.push_back({{"blocks", blocks},
                       {"code", finding.code},
                       {"message", finding.sentence},
                       {"part", finding.part},
                       {"field", compose::place_of(finding)},
                       {"locale", finding.locale},
                       {"line", finding.line},
                       {"what", finding.what}});
    }
    return Answer::ok(json::object{{"ready", ready}, {"findings", std::move(items)}});
  });
}

}  // namespace

void add_campaign_handlers(Registry& registry) {
  registry.answer("listCampaigns", list_campaigns);
  registry.answer("createCampaign", create_campaign);
  registry.answer("getCampaign", get_campaign);
  registry.answer("changeCampaign", change_campaign);
  registry.answer("deleteCampaign", delete_campaign);
  registry.answer("startCampaign", start);
  registry.answer("scheduleCampaign", schedule);
  registry.answer("stopCampaign", simple(compose::stop_campaign));
  registry.answer("releaseCampaign", release);
  registry.answer("pauseCampaign", pause);
  registry.answer("resumeCampaign", simple(compose::resume_campaign));
  registry.answer("abortCampaign", simple(compose::abort_campaign, Sending::stops));
  registry.answer("copyCampaign", copy);
  registry.answer("resendCampaign", resend);
  registry.answer("correctCampaign", correct);
  registry.answer("checkCampaign", check);
  add_campaign_watch_handlers(registry);
}

}  // namespace tidings::api
