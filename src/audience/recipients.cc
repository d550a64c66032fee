#include "audience/recipients.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "audience/suppression_check.h"
#include "base/bytes.h"
#include "identity/organisation_settings.h"

namespace tidings::audience {

namespace {

// People whose message would read the same at one address are one message; its language and its
// values decide.
// Who is skipped for a reason of their own is like nobody else.
std::int64_t hash_of(const Candidate& candidate, const RecipientDecision& decision) {
  std::uint64_t seed = fnv1a("");
  if (decision.is_personal) {
    seed = static_cast<std::uint64_t>(candidate.contact_id.value);
    if (candidate.about_id != candidate.contact_id) {
      const std::int64_t about = candidate.about_id.value;
      seed = fnv1a({reinterpret_cast<const char*>(&about), sizeof about}, seed);
    }
  }
  if (candidate.variant != kOwnLanguage) {
    seed =
        fnv1a({reinterpret_cast<const char*>(&candidate.variant), sizeof candidate.variant}, seed);
  }
  return static_cast<std::int64_t>(fnv1a(candidate.values, seed));
}

void add_about(std::vector<ContactId>& about, ContactId contact) {
  if (contact.valid() && std::ranges::find(about, contact) == about.end()) {
    about.push_back(contact);
  }
}

}  // namespace

std::vector<Recipient> unite_recipients(
    const std::vector<Candidate>& candidates,
    const std::unordered_map<std::string, std::string>& suppressed, const RecipientPolicy& policy) {
  std::vector<Recipient> recipients;
  recipients.reserve(candidates.size());
  std::size_t address_begins = 0;  // in recipients: the first one at the current address
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (recipients.empty() || recipients.back().normalised != candidate.normalised) {
      address_begins = recipients.size();
    }
    RecipientFacts facts;
    facts.is_missing_guardian = candidate.is_missing_guardian;
    facts.has_address = !candidate.normalised.empty();
    facts.do_not_contact = candidate.do_not_contact;
    facts.last_seen = candidate.last_seen;
    const auto at = suppressed.empty() ? suppressed.end() : suppressed.find(candidate.normalised);
    if (at != suppressed.end()) facts.suppression = at->second;
    RecipientDecision decision = decide_recipient(facts, policy);
    const std::int64_t hash = hash_of(candidate, decision);
    const auto same =
        std::find_if(recipients.begin() + static_cast<std::ptrdiff_t>(address_begins),
                     recipients.end(), [&](const Recipient& known) {
                       return known.values_hash == hash && known.normalised == candidate.normalised;
                     });
    if (same != recipients.end()) {
      ++same->candidates;
      add_about(same->about, candidate.contact_id);
      add_about(same->about, candidate.about_id);
      continue;
    }
    Recipient& recipient = recipients.emplace_back();
    recipient.contact_id = candidate.contact_id;
    add_about(recipient.about, candidate.contact_id);
    add_about(recipient.about, candidate.about_id);
    recipient.address = candidate.address;
    recipient.normalised = candidate.normalised;
    recipient.values = candidate.values;
    recipient.variant = candidate.variant;
    recipient.values_hash = hash;
    recipient.decision = std::move(decision);
    recipient.candidates = 1;
    recipient.first = i;
  }
  return recipients;
}

Result<std::unordered_map<std::string, std::string>> find_suppressed_among(
    db::Connection& connection, OrganisationId organisation, Channel channel,
    const std::vector<Candidate>& candidates, const RecipientPolicy& policy) {
  std::vector<std::string_view> addresses;
  addresses.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    if (!candidate.normalised.empty() &&
        (addresses.empty() || addresses.back() != candidate.normalised)) {
      addresses.push_back(candidate.normalised);
    }
  }
  return find_suppressed(connection, organisation, channel, policy, addresses);
}

Result<Duration> inactive_after(db::Connection& connection, OrganisationId organisation) {
  const auto settings = TRY(identity::organisation_settings(connection, organisation));
  return std::chrono::days(settings.inactive_after_days);
}

}  // namespace tidings::audience
