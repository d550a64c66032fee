// Audience: whom one campaign addresses. Groups, segments, contacts, addresses typed by hand and
// the people of earlier campaigns, minus the same kinds of things; exclusion always wins (P17).
//
// A value: nothing here looks into the database, so what it names may be gone by the time it is
// used; check_audience() tells. audience_json.h reads and writes it.
// Thread: values, any.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/id.h"
#include "domain/campaign.h"

namespace tidings::audience {

// Which recipients of an earlier campaign.
enum class EarlierOutcome {
  all,               // whoever it addressed, written to or not
  sent,              // handed over
  failed,            // bounced or given up
  skipped,           // skipped or dropped: never attempted
  not_sent,          // everybody whom it addressed and did not reach: failed, skipped, cancelled
  may_have_arrived,  // handed over, or uncertain: the rest of `all` once the campaign has ended
  // By a person, as far as was measured (docs/tracking.md); these change for as long as people
  // read.
  opened,
  not_opened,  // handed over, and not seen to be opened
  clicked,     // a person followed a link
  not_clicked,
};
inline constexpr int kEarlierOutcomeCount = 10;

struct EarlierCampaign {
  CampaignId id;
  EarlierOutcome outcome = EarlierOutcome::all;

  friend bool operator==(const EarlierCampaign&, const EarlierCampaign&) = default;
};

// People named in several ways, together. Each list within its bound, without repetitions.
struct Selection {
  std::vector<GroupId> groups;
  std::vector<SegmentId> segments;
  std::vector<ContactId> contacts;
  std::vector<std::string> addresses;  // as typed; for sms with the country code
  std::vector<EarlierCampaign> campaigns;

  bool empty() const {
    return groups.empty() && segments.empty() && contacts.empty() && addresses.empty() &&
           campaigns.empty();
  }
  friend bool operator==(const Selection&, const Selection&) = default;
};

inline constexpr std::size_t kAudienceGroupsMax = 1'000;     // and as many segments
inline constexpr std::size_t kAudienceContactsMax = 10'000;  // and as many addresses
inline constexpr std::size_t kAudienceCampaignsMax = 100;

// P18. Guardians are those with a relation that says they receive messages.
enum class Recipients { themselves, guardians, both };

struct Audience {
  bool everybody = false;  // whoever is not deleted; then `include` adds only addresses
  Selection include;
  Selection exclude;
  Recipients recipients = Recipients::themselves;
  bool alternative_addresses = false;  // besides each person's primary one
  // Groups and segments are looked up when the campaign is scheduled, not when it is sent (P15).
  bool freeze = false;

  static Audience all() {
    Audience audience;
    audience.everybody = true;
    return audience;
  }
  static Audience of_group(GroupId group) {
    Audience audience;
    audience.include.groups.push_back(group);
    return audience;
  }
  // Names nobody at all.
  bool empty() const { return !everybody && include.empty(); }
  friend bool operator==(const Audience&, const Audience&) = default;
};

}  // namespace tidings::audience
