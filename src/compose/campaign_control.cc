#include "compose/campaign_control.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "audience/audience_json.h"
#include "audience/breakdown.h"
#include "audience/freeze_audience.h"
#include "compose/campaign_content.h"
#include "compose/content_check.h"
#include "compose/preflight.h"
#include "compose/senders.h"
#include "compose/tags.h"
#include "delivery/transports.h"
#include "domain/campaign_life.h"
#include "wire/email_address.h"

namespace tidings::compose {

namespace {

constexpr std::size_t kReasonMax = 500;
constexpr int kFreezeStep = 10'000;

constexpr db::Statement kDefaultTransport{
    "campaign_control.default_transport",
    "SELECT id FROM transport WHERE organisation_id = $1 AND deleted_at IS NULL"
    " ORDER BY is_default DESC, name = '', id DESC LIMIT 1"};

using Step = CampaignAction;

// The campaign with its next state; `before` keeps the one it was read in.
struct Moving {
  Campaign campaign;
  CampaignState before;
};
Result<Moving> take_step(db::Connection& connection, OrganisationId organisation, CampaignId id,
                         Step step, CampaignActor actor = CampaignActor::person) {
  Campaign campaign = TRY(load_campaign(connection, organisation, id));
  const CampaignState before = campaign.state;
  campaign.state = TRY(campaign_after(before, step, actor));
  return Moving{std::move(campaign), before};
}

Result<Campaign> store(db::Connection& connection, Moving moving, Instant now) {
  TRY(store_life(connection, moving.campaign, moving.before, now));
  moving.campaign.changed_at = now;
  return std::move(moving.campaign);
}

std::unexpected<Error> not_ready(std::string sentence) {
  return fail(ErrorKind::invalid, "campaign.not_ready", std::move(sentence));
}

Finding blocking(const Error& error) {
  Finding finding;
  finding.code = error.code;
  finding.severity = Severity::blocking;
  finding.sentence = error.message;
  return finding;
}

Result<std::vector<Finding>> check_one(db::Connection& connection,
                                       const identity::Organisation& organisation,
                                       const Draft& draft, MessageKind kind,
                                       std::span<const std::string> known) {
  std::vector<Finding> findings = check_liquid(draft);
  const auto add = [&](std::vector<Finding> more) {
    std::ranges::move(more, std::back_inserter(findings));
  };
  add(check_tags(draft, known));
  add(check_words(draft));
  add(check_html(draft));
  add(TRY(check_topic(connection, organisation, draft, kind)));
  return findings;
}

// What the content says about itself in each language, what blocks first.
Result<std::vector<Finding>> content_findings(db::Connection& connection,
                                              const identity::Organisation& organisation,
                                              const LocalisedDraft& content, MessageKind kind) {
  std::vector<Finding> findings;
  const auto known = TRY(known_tags(connection, organisation.id, kind));
  TRY(check_each_language(content, findings, [&](const Draft& draft) {
    return check_one(connection, organisation, draft, kind, known);
  }));
  std::vector<Finding> sorted;
  for (const Severity severity : {Severity::blocking, Severity::warning}) {
    std::ranges::copy_if(findings, std::back_inserter(sorted),
                         [&](const Finding& each) { return each.severity == severity; });
  }
  return sorted;
}

// A tag nobody has, or Liquid that cannot be read, is not sent whoever asks.
bool cannot_be_sent(const Finding& finding) {
  return finding.code == "unknown_tag" || finding.code == "liquid.syntax" ||
         finding.code.starts_with("topic_");
}

std::string place_and_sentence(const Finding& finding) {
  std::string place = finding.locale;
  if (finding.line > 0) {
    if (!place.empty()) place += ", ";
    place += fmt::format("{}, line {}", finding.part, finding.line);
  }
  return place.empty() ? finding.sentence : fmt::format("{}: {}", place, finding.sentence);
}

audience::ExpandRequest request_of(const Campaign& campaign, Instant now) {
  return {campaign.organisation_id, campaign.channel, campaign.id, now};
}

// P19; what the content reads decides who shares a copy.
Result<void> check_limit(db::Connection& connection, const Campaign& campaign,
                         const CampaignContent& content, Instant now) {
  auto request = request_of(campaign, now);
  request.languages = content.others();
  return audience::check_recipient_limit(connection, request, campaign.audience, content.used,
                                         {.kind = campaign.kind, .consent = content.consent});
}

// The same of one that is frozen.
Result<void> check_frozen_limit(db::Connection& connection,
                                const identity::OrganisationSettings& settings,
                                const Campaign& campaign, Instant now) {
  if (!settings.recipient_limit) return {};
  const auto frozen =
      TRY(load_frozen(connection, campaign.organisation_id, campaign.content_version_id));
  return check_limit(connection, campaign, frozen, now);
}

// "Freeze now" (P15): whom groups and segments name today is whom they name when it is sent.
Result<void> freeze_people(db::Connection& connection, const Campaign& campaign, Instant now) {
  if (!campaign.audience.freeze) return {};
  for (bool is_finished = false; !is_finished;) {
    is_finished = TRY(audience::freeze_step(connection, request_of(campaign, now),
                                            campaign.audience, kFreezeStep, now))
                      .is_finished;
  }
  return {};
}
Result<void> thaw_people(db::Connection& connection, const Campaign& campaign) {
  if (!campaign.audience.freeze) return {};
  for (bool is_finished = false; !is_finished;) {
    is_finished =
        TRY(audience::thaw_step(connection, campaign.organisation_id, campaign.id, kFreezeStep));
  }
  return {};
}

// Everything that a draft needs to be sent, worked out and stored for good.
Result<void> freeze(db::Connection& connection, const ControlContext& context, Campaign& campaign,
                    const Starter& starter, Instant now) {
  const OrganisationId organisation = campaign.organisation_id;
  const LocalisedDraft draft = TRY(load_campaign_draft(connection, organisation, campaign.id));
  if (!draft.draft.sender_id.valid()) return not_ready("Choose a sender first.");
  for (const Finding& finding :
       TRY(content_findings(connection, context.organisation, draft, campaign.kind))) {
    if (finding.severity != Severity::blocking) break;
    if (!starter.may_override_findings || cannot_be_sent(finding)) {
      return not_ready(place_and_sentence(finding));
    }
  }
  const auto problems = TRY(audience::check_audience(connection, organisation, campaign.audience));
  if (!problems.empty()) return not_ready(problems.front().message);
  const CampaignContent content =
      TRY(freeze_content(connection, context.ids, context.organisation, draft, campaign.kind, now));
  campaign.content_version_id = content.version;
  campaign.sender_id = draft.draft.sender_id;
  campaign.is_test = campaign.is_test || starter.is_test;
  campaign.transport_id = TRY(sending_transport(connection, context, campaign.is_test, now));
  TRY(check_limit(connection, campaign, content, now));
  return freeze_people(connection, campaign, now);
}

Result<bool> has_verified_sender(db::Connection& connection, const Campaign& campaign) {
  // Named at the command line, or verified, or overridden by somebody who may.
  if (!campaign.sender_id.valid() || campaign.options.sender_override || campaign.is_test) {
    return true;
  }
  const auto sender = load_sender(connection, campaign.organisation_id, campaign.sender_id);
  if (!sender && sender.error().kind == ErrorKind::not_found) return false;
  return TRY(sender).is_verified();
}

void hold(Moving& moving, std::string_view reason) {
  moving.campaign.state = CampaignState::held;
  moving.campaign.reason = reason;
}

// One copy to each chosen address, outside every count (P13).
Result<void> send_copies(db::Connection& connection, const delivery::Ledger& ledger, IdSource& ids,
                         const identity::OrganisationSettings& settings, const Campaign& campaign,
                         Instant now) {
  std::vector<std::string> addresses;
  if (!campaign.options.copies.to_me.empty()) addresses.push_back(campaign.options.copies.to_me);
  if (campaign.options.copies.to_organisation && !settings.copy_address.empty() &&
      settings.copy_address != campaign.options.copies.to_me) {
    addresses.push_back(settings.copy_address);
  }
  for (const std::string& address : addresses) {
    const auto parsed = wire::parse_email_address(address, wire::DomainRule::any);
    if (!parsed) continue;  // was one when it was chosen
    delivery::DirectMessage copy;
    copy.organisation_id = campaign.organisation_id;
    copy.message.id = ids.next<MessageId>();
    copy.message.address = address;
    copy.message.normalised = wire::comparison_key(*parsed);
    copy.message.values = "{}";
    copy.content_version_id = campaign.content_version_id;
    copy.transport_id = campaign.transport_id;
    copy.kind = MessageKind::copy;
    copy.is_test = campaign.is_test;
    copy.sent_by = campaign.started_by;
    TRY(ledger.add_direct(connection, {&copy, 1}, now));
  }
  return {};
}

// From here on it runs: the runner expands it.
Result<void> begin(db::Connection& connection, const delivery::Ledger& ledger, IdSource& ids,
                   const identity::OrganisationSettings& settings, Moving& moving, Instant now) {
  Campaign& campaign = moving.campaign;
  campaign.state = CampaignState::running;
  campaign.reason.clear();
  campaign.started_at = now;
  return send_copies(connection, ledger, ids, settings, campaign, now);
}

delivery::Ledger ledger_of(const ControlContext& context) {
  return delivery::Ledger(context.ids, NodeId(), context.ids.node());
}

}  // namespace

Result<ControlContext> control_context(db::Connection& connection, IdSource& ids,
                                       const identity::SecretBox& secrets,
                                       OrganisationId organisation,
                                       std::int64_t attachment_bytes_max) {
  return ControlContext{ids, secrets, TRY(identity::find_organisation(connection, organisation)),
                        TRY(identity::organisation_settings(connection, organisation)),
                        attachment_bytes_max};
}

Result<TransportId> default_transport(db::Connection& connection, OrganisationId organisation) {
  const auto found =
      TRY(connection.query_first(kDefaultTransport, {organisation},
                                 [](const db::Row& row) { return row.id<TransportId>(0); }));
  if (found) return *found;
  return fail(ErrorKind::conflict, "campaign.no_transport",
              "There is no mail server to send through yet. Add one in the settings, or choose "
              "the sandbox to try it safely.");
}

Result<TransportId> sending_transport(db::Connection& connection, const ControlContext& context,
                                      bool is_test, Instant now) {
  const OrganisationId organisation = context.organisation.id;
  if (is_test) {
    return delivery::store_transport(connection, context.ids, organisation, context.secrets,
                                     delivery::kSandboxUrl, "", now);
  }
  return default_transport(connection, organisation);
}

Result<std::vector<Finding>> check_campaign(db::Connection& connection,
                                            const ControlContext& context, CampaignId id,
                                            Instant now) {
  const OrganisationId organisation = context.organisation.id;
  Campaign campaign = TRY(load_campaign(connection, organisation, id));
  const LocalisedDraft draft = TRY(load_campaign_draft(connection, organisation, id));
  auto findings = TRY(content_findings(connection, context.organisation, draft, campaign.kind));
  const auto block = [&](const Error& error) {
    findings.insert(findings.begin(), blocking(error));
  };
  const auto problems = TRY(audience::check_audience(connection, organisation, campaign.audience));
  for (const auto& problem : problems) {
    block({ErrorKind::invalid, problem.code, problem.message});
  }
  if (const auto found = default_transport(connection, organisation); !found) block(found.error());
  if (!draft.draft.sender_id.valid()) {
    block({ErrorKind::invalid, "no_sender", "Choose a sender first."});
  } else {
    const auto compiled =
        compile_content(connection, context.organisation, draft, campaign.kind, now);
    if (!compiled && compiled.error().code != "liquid.syntax") block(compiled.error());
    if (compiled && problems.empty()) {
      const auto fits = check_limit(connection, campaign, *compiled, now);
      if (!fits) block(fits.error());
    }
    campaign.sender_id = draft.draft.sender_id;
    if (!TRY(has_verified_sender(connection, campaign))) {
      Finding unverified = blocking(
          {ErrorKind::conflict, "sender_unverified",
           "The sender is not verified: the campaign will be held until somebody releases it."});
      unverified.severity = Severity::warning;
      findings.push_back(std::move(unverified));
    }
  }
  if (const auto step = campaign_after(campaign.state, Step::start, CampaignActor::person); !step) {
    block(step.error());
  }
  return findings;
}

Result<Campaign> start_campaign_now(db::Connection& connection, const ControlContext& context,
                                    CampaignId id, const Starter& starter, Instant now) {
  Moving moving =
      TRY(take_step(connection, context.organisation.id, id, Step::start, CampaignActor::person));
  Campaign& campaign = moving.campaign;
  campaign.options.sender_override = starter.sender_override == SenderOverride::wanted;
  TRY(freeze(connection, context, campaign, starter, now));
  campaign.started_by = starter.name;
  campaign.schedule_local.clear();
  campaign.schedule_zone.clear();
  const auto wait = std::chrono::seconds(starter.waits ? context.settings.second_thought_s : 0);
  if (!TRY(has_verified_sender(connection, campaign))) {
    hold(moving, kHeldUnverified);
  } else if (wait.count() > 0) {
    campaign.state = CampaignState::scheduled;
    campaign.scheduled_at = now + wait;
  } else {
    campaign.scheduled_at = now;
    TRY(begin(connection, ledger_of(context), context.ids, context.settings, moving, now));
  }
  return store(connection, std::move(moving), now);
}

Result<ResolvedTime> resolve_schedule(const Schedule& schedule, Instant now) {
  auto resolved = TRY(resolve_wall_time(schedule.local, schedule.zone, schedule.fold));
  if (resolved.at > now) return resolved;
  return fail(ErrorKind::invalid, "schedule.past",
              fmt::format("{} in {} is past. Choose a later time, or send now.",
                          resolved.local.substr(0, 16), schedule.zone));
}

Result<Campaign> schedule_campaign(db::Connection& connection, const ControlContext& context,
                                   CampaignId id, const Starter& starter, const Schedule& schedule,
                                   Instant now) {
  Moving moving = TRY(
      take_step(connection, context.organisation.id, id, Step::schedule, CampaignActor::person));
  const ResolvedTime resolved = TRY(resolve_schedule(schedule, now));
  Campaign& campaign = moving.campaign;
  campaign.options.sender_override = starter.sender_override == SenderOverride::wanted;
  TRY(freeze(connection, context, campaign, starter, now));
  campaign.started_by = starter.name;
  campaign.scheduled_at = resolved.at;
  campaign.schedule_local = resolved.local;
  campaign.schedule_zone = schedule.zone;
  return store(connection, std::move(moving), now);
}

Result<Campaign> stop_campaign(db::Connection& connection, OrganisationId organisation,
                               CampaignId id, Instant now) {
  Moving moving = TRY(take_step(connection, organisation, id, Step::stop));
  Campaign& campaign = moving.campaign;
  if (campaign.content_version_id.valid() && campaign.import_id.valid()) {
    return fail(ErrorKind::conflict, "campaign.state",
                "A campaign begun at the command line has no draft to go back to. Abort it.");
  }
  TRY(thaw_people(connection, campaign));
  // What was frozen says nothing about what the draft will be.
  campaign.content_version_id = {};
  campaign.transport_id = {};
  campaign.scheduled_at.reset();
  campaign.schedule_local.clear();
  campaign.schedule_zone.clear();
  campaign.reason.clear();
  campaign.started_by.clear();
  campaign.options.sender_override = false;
  return store(connection, std::move(moving), now);
}

Result<Campaign> release_campaign(db::Connection& connection, const ControlContext& context,
                                  CampaignId id, const Starter& starter, Instant now) {
  Moving moving = TRY(take_step(connection, context.organisation.id, id, Step::release));
  Campaign& campaign = moving.campaign;
  if (starter.sender_override == SenderOverride::wanted) campaign.options.sender_override = true;
  if (!TRY(has_verified_sender(connection, campaign))) {
    return fail(ErrorKind::conflict, "sender.unverified",
                fmt::format("The sender is not verified yet. Confirm it with the link that was "
                            "mailed to its address. {}",
                            way_around_verification(starter.sender_override)));
  }
  TRY(check_frozen_limit(connection, context.settings, campaign, now));
  campaign.started_by = starter.name;
  TRY(begin(connection, ledger_of(context), context.ids, context.settings, moving, now));
  return store(connection, std::move(moving), now);
}

Result<Campaign> pause_campaign(db::Connection& connection, OrganisationId organisation,
                                CampaignId id, std::string_view reason, Instant now) {
  Moving moving = TRY(take_step(connection, organisation, id, Step::pause));
  moving.campaign.reason = reason.substr(0, kReasonMax);
  return store(connection, std::move(moving), now);
}

Result<Campaign> resume_campaign(db::Connection& connection, OrganisationId organisation,
                                 CampaignId id, Instant now) {
  Moving moving = TRY(take_step(connection, organisation, id, Step::resume));
  moving.campaign.reason.clear();
  return store(connection, std::move(moving), now);
}

Result<Campaign> abort_campaign(db::Connection& connection, OrganisationId organisation,
                                CampaignId id, Instant now) {
  Moving moving = TRY(take_step(connection, organisation, id, Step::abort));
  moving.campaign.reason.clear();
  return store(connection, std::move(moving), now);
}

Result<Campaign> change_pace(db::Connection& connection, OrganisationId organisation, CampaignId id,
                             double rate_per_second, const Packages& packages, Instant now) {
  Campaign campaign = TRY(load_campaign(connection, organisation, id));
  if (campaign.finished_at || campaign.state == CampaignState::cancelled) {
    return fail(ErrorKind::conflict, "campaign.state",
                fmt::format("This campaign is {}; how fast it is sent does not matter any more.",
                            to_string(campaign.state)));
  }
  campaign.options.rate_per_second = rate_per_second;
  campaign.options.packages = packages;
  const CampaignState before = campaign.state;
  return store(connection, {std::move(campaign), before}, now);
}

Result<Campaign> reopen_campaign(db::Connection& connection, OrganisationId organisation,
                                 CampaignId id, Instant now) {
  Moving moving = TRY(take_step(connection, organisation, id, Step::reopen));
  moving.campaign.finished_at.reset();
  return store(connection, std::move(moving), now);
}

Result<void> come_due(db::Connection& connection, const delivery::Ledger& ledger, IdSource& ids,
                      OrganisationId organisation, CampaignId id, Instant now) {
  Campaign campaign = TRY(load_campaign(connection, organisation, id));
  if (campaign.state != CampaignState::scheduled || !campaign.scheduled_at ||
      *campaign.scheduled_at > now) {
    return {};
  }
  const auto settings = TRY(identity::organisation_settings(connection, organisation));
  const Duration late = now - *campaign.scheduled_at;
  Moving moving{std::move(campaign), CampaignState::scheduled};
  TRY(campaign_after(moving.before, Step::come_due, CampaignActor::program));
  if (late > std::chrono::minutes(settings.lateness_limit_min)) {
    hold(moving, kHeldLate);
  } else if (!TRY(has_verified_sender(connection, moving.campaign))) {
    hold(moving, kHeldUnverified);
  } else if (const auto fits = check_frozen_limit(connection, settings, moving.campaign, now);
             !fits) {
    if (fits.error().code != "audience.over_limit") return fits;
    hold(moving, kHeldTooMany);
  } else {
    TRY(begin(connection, ledger, ids, settings, moving, now));
  }
  return store_life(connection, moving.campaign, moving.before, now);
}

}  // namespace tidings::compose
