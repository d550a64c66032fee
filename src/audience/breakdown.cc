#include "audience/breakdown.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "identity/organisation_settings.h"

namespace tidings::audience {

namespace {

constexpr int kBatch = 4'000;

constexpr db::Statement kName{
    "breakdown.name",
    "SELECT CASE WHEN name <> '' THEN name WHEN first_name = '' THEN last_name"
    " WHEN last_name = '' THEN first_name ELSE first_name || ' ' || last_name END"
    " FROM contact WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kGroupName{
    "breakdown.group_name",
    "SELECT name FROM contact_group WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kSegmentName{
    "breakdown.segment_name", "SELECT name FROM segment WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kCampaignName{
    "breakdown.campaign_name", "SELECT name FROM campaign WHERE organisation_id = $1 AND id = $2"};

Result<std::string> name_of(db::Connection& connection, const db::Statement& statement,
                            OrganisationId organisation, std::int64_t id) {
  const auto name = TRY(connection.query_first(statement, {organisation, id},
                                               [](const db::Row& row) { return row.string(0); }));
  return name.value_or("");
}

Result<std::vector<ItemCount>> named(db::Connection& connection, OrganisationId organisation,
                                     const std::vector<AudienceItem>& items) {
  std::vector<ItemCount> counts;
  for (const AudienceItem& item : items) {
    ItemCount& count = counts.emplace_back();
    count.item = item;
    if (item.kind == AudienceItem::Kind::group) {
      count.name = TRY(name_of(connection, kGroupName, organisation, item.id));
    } else if (item.kind == AudienceItem::Kind::segment) {
      count.name = TRY(name_of(connection, kSegmentName, organisation, item.id));
    } else if (item.kind == AudienceItem::Kind::campaign) {
      count.name = TRY(name_of(connection, kCampaignName, organisation, item.id));
    }
  }
  return counts;
}

NamedRecipient example_of(const Candidate& candidate) {
  return {candidate.contact_id, candidate.about_id, "", "", candidate.address};
}

Result<void> put_names(db::Connection& connection, OrganisationId organisation,
                       std::vector<NamedRecipient>& recipients) {
  for (NamedRecipient& recipient : recipients) {
    if (!recipient.contact_id.valid()) continue;
    recipient.name = TRY(name_of(connection, kName, organisation, recipient.contact_id.value));
    recipient.about_name =
        recipient.about_id == recipient.contact_id
            ? recipient.name
            : TRY(name_of(connection, kName, organisation, recipient.about_id.value));
  }
  return {};
}

// The copies that were seen, by the hash of address and values: two of a million are taken for the
// same by chance once in tens of millions of questions. Memory: 12 to 24 bytes each.
class SeenCopies {
 public:
  // Takes out of `recipients` those who share a copy with an earlier one; how many candidates those
  // had.
  std::int64_t leave_out_repeated(std::vector<Recipient>& recipients) {
    std::int64_t repeated = 0;
    std::erase_if(recipients, [&](const Recipient& recipient) {
      if (add(recipient)) return false;
      repeated += recipient.candidates;
      return true;
    });
    return repeated;
  }

 private:
  bool add(const Recipient& recipient) {
    if (3 * (count_ + 1) > 2 * slots_.size()) grow();
    const auto hash =
        fnv1a(recipient.normalised, static_cast<std::uint64_t>(recipient.values_hash));
    const bool is_new = put(hash == 0 ? 1 : hash);
    count_ += is_new ? 1 : 0;
    return is_new;
  }
  bool put(std::uint64_t hash) {
    // The low bits of FNV are its best ones.
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
    return std::exchange(slots_[at], hash) == 0;
  }
  void grow() {
    std::vector<std::uint64_t> old(slots_.size() * 2);
    slots_.swap(old);
    for (const std::uint64_t hash : old) {
      if (hash != 0) put(hash);
    }
  }

  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1 << 12);
  std::size_t count_ = 0;
};

// People beyond this are walked in the order of addresses, where nobody need be remembered.
constexpr std::int64_t kSeenMax = 4'000'000;
constexpr db::Statement kContacts{
    "breakdown.contacts",
    "SELECT COUNT(*) FROM (SELECT 1 FROM contact WHERE organisation_id = $1 LIMIT $2) c"};

Result<bool> may_walk_contacts(db::Connection& connection, const ExpandRequest& request,
                               const Audience& audience) {
  if (!expands_by_contact(audience)) return false;
  const auto contacts =
      TRY(connection.query_first(kContacts, {request.organisation, kSeenMax},
                                 [](const db::Row& row) { return row.integer(0); }));
  return contacts.value_or(0) < kSeenMax;
}

// Every batch of an expansion with the decisions on it, until `see` has enough. Within one read.
template <typename See>
Result<void> walk(db::Connection& connection, const ExpandRequest& request,
                  const Audience& audience, const UsedFields& used, const RecipientPolicy& asked,
                  See see) {
  RecipientPolicy policy = asked;
  policy.now = request.as_of;
  policy.inactive_after = TRY(inactive_after(connection, request.organisation));
  std::string cursor;
  const bool by_contact = TRY(may_walk_contacts(connection, request, audience));
  SeenCopies seen;
  for (bool is_last = false; !is_last;) {
    Batch batch = by_contact
                      ? TRY(expand_by_contact(connection, request, audience, used, cursor, kBatch))
                      : TRY(expand(connection, request, audience, used, cursor, kBatch));
    std::vector<Candidate> kept;
    kept.reserve(batch.candidates.size());
    std::vector<int> excluded;
    for (Candidate& candidate : batch.candidates) {
      if (candidate.excluded_by) excluded.push_back(*candidate.excluded_by);
    }
    std::vector<int> included;
    for (Candidate& candidate : batch.candidates) {
      included.push_back(candidate.included_by);
      if (!candidate.excluded_by) kept.push_back(std::move(candidate));
    }
    const auto suppressed =
        TRY(find_suppressed_among(connection, request.organisation, request.channel, kept, policy));
    auto recipients = unite_recipients(kept, suppressed, policy);
    const std::int64_t repeated = by_contact ? seen.leave_out_repeated(recipients) : 0;
    if (!see(included, excluded, kept, recipients, repeated)) return {};
    cursor = std::move(batch.cursor);
    is_last = batch.is_last;
  }
  return {};
}

LeftOut& entry_for(std::vector<LeftOut>& entries, const RecipientDecision& decision) {
  const auto at = std::ranges::find_if(entries, [&](const LeftOut& entry) {
    return entry.state == decision.state && entry.reason == decision.reason;
  });
  if (at != entries.end()) return *at;
  return entries.emplace_back(LeftOut{decision.state, decision.reason, 0, {}});
}

}  // namespace

Result<Breakdown> break_down(db::Connection& connection, const ExpandRequest& request,
                             const Audience& audience, const UsedFields& used,
                             const RecipientPolicy& asked) {
  const OrganisationId organisation = request.organisation;
  Breakdown breakdown;
  breakdown.included = TRY(named(connection, organisation, included_items(audience)));
  breakdown.excluded = TRY(named(connection, organisation, excluded_items(audience)));
  if (request.languages != nullptr) {
    breakdown.languages.push_back({request.languages->own, true, 0});
    for (const std::string& locale : request.languages->locales) {
      breakdown.languages.push_back({locale, false, 0});
    }
  }
  ExpandRequest asking = request;
  asking.with_excluded = true;
  const auto see = [&](const std::vector<int>& included, const std::vector<int>& excluded,
                       const std::vector<Candidate>& kept, const std::vector<Recipient>& recipients,
                       std::int64_t repeated) {
    breakdown.repeated += repeated;
    for (const int item : included) ++breakdown.included[static_cast<std::size_t>(item)].count;
    for (const int item : excluded) ++breakdown.excluded[static_cast<std::size_t>(item)].count;
    for (const Recipient& recipient : recipients) {
      breakdown.repeated += recipient.candidates - 1;
      const Candidate& candidate = kept[recipient.first];
      if (recipient.decision.state == MessageState::waiting) {
        ++breakdown.messages;
        if (!breakdown.languages.empty()) {
          ++breakdown.languages.at(static_cast<std::size_t>(recipient.variant + 1)).count;
        }
        if (breakdown.first.size() < kBreakdownFirst) {
          breakdown.first.push_back(example_of(candidate));
        }
        continue;
      }
      LeftOut& entry = entry_for(breakdown.left_out, recipient.decision);
      ++entry.count;
      if (entry.examples.size() < kBreakdownExamples) {
        entry.examples.push_back(example_of(candidate));
      }
    }
    return true;
  };
  TRY(walk(connection, asking, audience, used, asked, see));
  std::ranges::sort(breakdown.left_out, [](const LeftOut& a, const LeftOut& b) {
    return std::tuple(-a.count, a.reason) < std::tuple(-b.count, b.reason);
  });
  TRY(put_names(connection, organisation, breakdown.first));
  for (LeftOut& entry : breakdown.left_out) {
    TRY(put_names(connection, organisation, entry.examples));
  }
  breakdown.recipient_limit =
      TRY(identity::organisation_settings(connection, organisation)).recipient_limit;
  return breakdown;
}

Result<void> check_recipient_limit(db::Connection& connection, const ExpandRequest& request,
                                   const Audience& audience, const UsedFields& used,
                                   const RecipientPolicy& asked) {
  const auto limit =
      TRY(identity::organisation_settings(connection, request.organisation)).recipient_limit;
  if (!limit) return {};
  std::int64_t messages = 0;
  const auto see = [&](const std::vector<int>&, const std::vector<int>&,
                       const std::vector<Candidate>&, const std::vector<Recipient>& recipients,
                       std::int64_t) {
    messages += std::ranges::count_if(recipients, [](const Recipient& recipient) {
      return recipient.decision.state == MessageState::waiting;
    });
    return messages <= *limit;
  };
  TRY(walk(connection, request, audience, used, asked, see));
  if (messages <= *limit) return {};
  return fail(ErrorKind::invalid, "audience.over_limit",
              fmt::format("This would go to more than {} recipients, the limit of this "
                          "organisation for one campaign. Nothing was sent. Choose fewer people, "
                          "or have the limit raised in the settings.",
                          *limit));
}

}  // namespace tidings::audience
