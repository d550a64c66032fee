#include "compose/campaign_followups.h"

#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"
#include "compose/campaign_control.h"
#include "delivery/link_store.h"
#include "domain/campaign_life.h"

namespace tidings::compose {

namespace {

constexpr std::size_t kNameMax = 200;

using audience::EarlierOutcome;

struct Origin {
  Campaign campaign;
  LocalisedDraft draft;
};
Result<Origin> load(db::Connection& connection, OrganisationId organisation, CampaignId id) {
  return Origin{TRY(load_campaign(connection, organisation, id)),
                TRY(load_campaign_draft(connection, organisation, id))};
}

// A draft that came of `origin`; audience and name are the caller's.
Campaign child(IdSource& ids, const Campaign& origin, Parentage parentage, std::string_view by,
               Instant now) {
  Campaign made;
  made.organisation_id = origin.organisation_id;
  made.id = ids.next<CampaignId>();
  made.name = origin.name;
  made.channel = origin.channel;
  made.state = CampaignState::draft;
  made.sender_id = origin.sender_id;
  made.audience = origin.audience;
  made.options = origin.options;
  made.options.sender_override = false;
  made.parent_id = origin.id;
  made.parentage = parentage;
  made.created_by = by;
  made.created_at = made.changed_at = now;
  return made;
}

std::string named(std::string_view name, std::string_view addition) {
  return fmt::format("{} ({})", utf8_prefix(name, kNameMax - addition.size() - 3), addition);
}

// Nobody but the people of that campaign who came to that end.
audience::Audience people_of(const Campaign& origin, EarlierOutcome outcome) {
  audience::Audience people;
  people.include.campaigns.push_back({origin.id, outcome});
  people.alternative_addresses = origin.audience.alternative_addresses;
  // Its recipients themselves, about whom they were written to: guardians among them are meant.
  people.recipients = audience::Recipients::themselves;
  return people;
}

// One that was cancelled at the command line ended without a list of whom it had not got to yet: it
// is open again until the runner has made that, and what came of it waits.
Result<void> name_the_rest(db::Connection& connection, Campaign campaign, Instant now) {
  if (campaign.state != CampaignState::cancelled || !campaign.finished_at || !campaign.started_at ||
      campaign.expanded_at || never_got_to_anybody(campaign)) {
    return {};
  }
  campaign.finished_at.reset();
  return store_life(connection, campaign, campaign.state, now);
}

}  // namespace

Result<Campaign> use_again(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           CampaignId id, std::string_view by, Instant now) {
  const Origin origin = TRY(load(connection, organisation, id));
  Campaign made = child(ids, origin.campaign, Parentage::use_again, by, now);
  TRY(insert_campaign(connection, made, origin.draft, now));
  return made;
}

Result<Campaign> resend(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                        CampaignId id, EarlierOutcome outcome, std::string_view by, Instant now) {
  const Origin origin = TRY(load(connection, organisation, id));
  if (!origin.campaign.finished_at) {
    return fail(ErrorKind::conflict, "campaign.still_running",
                fmt::format("This campaign is {}: whom it does not reach is known when it has "
                            "ended. Wait for that, or abort it first.",
                            to_string(origin.campaign.state)));
  }
  if (outcome == EarlierOutcome::not_opened) {
    const auto measured = TRY(
        delivery::what_is_measured(connection, organisation, origin.campaign.content_version_id));
    if (measured.is_total || (!measured.opens && !measured.clicks)) {
      return fail(ErrorKind::conflict, "campaign.not_measured",
                  "Nobody looked who opened this campaign: tracking was off, or counted totals "
                  "only. Those who did not open it are not known.");
    }
  }
  TRY(name_the_rest(connection, origin.campaign, now));
  Campaign made = child(ids, origin.campaign, Parentage::resend, by, now);
  made.name = named(origin.campaign.name, "again");
  made.audience = people_of(origin.campaign, outcome);
  TRY(insert_campaign(connection, made, origin.draft, now));
  return made;
}

Result<Correction> correct(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           CampaignId id, const std::optional<LocalisedDraft>& draft,
                           std::string_view by, Instant now) {
  const Origin origin = TRY(load(connection, organisation, id));
  const Campaign& campaign = origin.campaign;
  if (!campaign.started_at) {
    return fail(ErrorKind::conflict, "campaign.state",
                "This campaign has not begun: nobody has got the wrong text. Stop it and change "
                "the draft.");
  }
  if (never_got_to_anybody(campaign)) {
    return fail(ErrorKind::conflict, "campaign.state",
                "The list of this campaign was not read in yet: nobody has got the wrong text. "
                "Abort it and send the right one.");
  }
  if (may(campaign.state, CampaignAction::abort, CampaignActor::person)) {
    TRY(abort_campaign(connection, organisation, id, now));
  } else {
    TRY(name_the_rest(connection, campaign, now));
  }
  const LocalisedDraft& content = draft ? *draft : origin.draft;
  Correction made{child(ids, campaign, Parentage::remainder, by, now),
                  child(ids, campaign, Parentage::correction, by, now)};
  made.remainder.name = named(campaign.name, "corrected");
  made.remainder.audience = people_of(campaign, EarlierOutcome::not_sent);
  // Whoever has, or may have, one copy of the wrong text gets the correction, and only that.
  made.remainder.audience.exclude.campaigns.push_back(
      {campaign.id, EarlierOutcome::may_have_arrived});
  made.correction.name = named(campaign.name, "correction");
  made.correction.audience = people_of(campaign, EarlierOutcome::may_have_arrived);
  for (Campaign* each : {&made.remainder, &made.correction}) {
    each->sender_id = content.draft.sender_id;
    TRY(insert_campaign(connection, *each, content, now));
  }
  return made;
}

}  // namespace tidings::compose
