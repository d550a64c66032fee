#include "audience/consent/carried_choices.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "audience/suppressions.h"

namespace tidings::consent {
namespace {

namespace json = boost::json;
using audience::Contact;
using audience::ContactAddress;
using db::Row;
using db::Statement;
using db::StatementPair;

constexpr StatementPair refusals_of{
    {"carry.refusals",
     "SELECT normalised, reason, kinds, topic_id, created_at FROM suppression"
     " WHERE organisation_id = $1 AND channel = $2"
     " AND normalised IN (SELECT value FROM json_each($3))"
     " AND reason IN ('unsubscribed', 'no_consent') AND released_at IS NULL"
     " AND (expires_at IS NULL OR expires_at > $4)"},
    {"carry.refusals",
     "SELECT normalised, reason, kinds, topic_id, created_at FROM suppression"
     " WHERE organisation_id = $1 AND channel = $2"
     " AND normalised = ANY(ARRAY(SELECT json_array_elements_text(CAST($3 AS json))))"
     " AND reason IN ('unsubscribed', 'no_consent') AND released_at IS NULL"
     " AND (expires_at IS NULL OR expires_at > $4)"}};
constexpr StatementPair kept_of{
    {"carry.kept",
     "SELECT contact_id, channel, reason, kinds, topic_id, created_at FROM kept_refusal"
     " WHERE organisation_id = $1 AND contact_id IN (SELECT value FROM json_each($2))"},
    {"carry.kept",
     "SELECT contact_id, channel, reason, kinds, topic_id, created_at FROM kept_refusal"
     " WHERE organisation_id = $1 AND contact_id = ANY(ARRAY(SELECT"
     " CAST(json_array_elements_text(CAST($2 AS json)) AS BIGINT)))"}};
constexpr Statement keep{
    "carry.keep",
    "INSERT INTO kept_refusal (organisation_id, contact_id, channel, reason, kinds, topic_id, "
    "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"};
constexpr Statement forget_channel{
    "carry.forget_channel",
    "DELETE FROM kept_refusal WHERE organisation_id = $1 AND contact_id = $2 AND channel = $3"};
constexpr Statement forget_contact{
    "carry.forget", "DELETE FROM kept_refusal WHERE organisation_id = $1 AND contact_id = $2"};

struct Refusal {
  std::string reason;
  int kinds = 0;
  TopicId topic;
  Instant created_at{};

  std::tuple<std::string, int, std::int64_t> key() const { return {reason, kinds, topic.value}; }
};
using Refusals = std::vector<Refusal>;

// From `first` on, the columns reason, kinds, topic_id, created_at.
Refusal read_refusal(const Row& row, int first) {
  return {row.string(first), static_cast<int>(row.integer(first + 1)),
          TopicId{row.integer(first + 2)}, row.instant(first + 3)};
}

// By address; nothing of addresses that refuse nothing.
using ByAddress = std::unordered_map<std::string, Refusals>;
Result<ByAddress> read_refusals(db::Connection& connection, OrganisationId organisation,
                                Channel channel, const std::vector<std::string_view>& addresses,
                                Instant now) {
  ByAddress found;
  if (addresses.empty()) return found;
  const std::string list = json::serialize(json::array(addresses.begin(), addresses.end()));
  TRY(connection.query(
      refusals_of.in(connection.dialect()), {organisation, static_cast<int>(channel), list, now},
      [&](const Row& row) { found[row.string(0)].push_back(read_refusal(row, 1)); }));
  return found;
}

using ByContact = std::map<std::pair<std::int64_t, Channel>, Refusals>;
Result<ByContact> read_kept(db::Connection& connection, OrganisationId organisation,
                            const std::vector<ContactId>& contacts) {
  ByContact found;
  if (contacts.empty()) return found;
  json::array list;
  for (const ContactId contact : contacts) list.emplace_back(contact.value);
  TRY(connection.query(kept_of.in(connection.dialect()), {organisation, json::serialize(list)},
                       [&](const Row& row) {
                         found[{row.integer(0), static_cast<Channel>(row.integer(1))}].push_back(
                             read_refusal(row, 2));
                       }));
  return found;
}

// Who writes, and what its suppressions tell of themselves.
struct Road {
  db::Connection& connection;
  IdSource& ids;
  OrganisationId organisation;
  Instant now;
  std::string_view origin;
  std::string_view note;
};

Result<void> put(const Road& road, Channel channel, std::string_view address,
                 const Refusals& refusals) {
  for (const Refusal& refusal : refusals) {
    audience::NewSuppression made;
    made.channel = channel;
    made.normalised = address;
    made.reason = refusal.reason;
    made.kinds = static_cast<audience::SuppressedKinds>(refusal.kinds);
    made.origin = road.origin;
    made.note = road.note;
    made.topic_id = refusal.topic;
    made.since = refusal.created_at;
    TRY(audience::suppress(road.connection, road.ids, road.organisation, made, road.now));
  }
  return {};
}

Result<void> keep_all(db::Connection& connection, OrganisationId organisation, ContactId contact,
                      Channel channel, const Refusals& refusals) {
  for (const Refusal& refusal : refusals) {
    TRY(connection.execute(keep, {organisation, contact, static_cast<int>(channel), refusal.reason,
                                  refusal.kinds, refusal.topic, refusal.created_at}));
  }
  return {};
}

// The primary address of the channel, else any; null: none.
const ContactAddress* main_address(const std::vector<ContactAddress>& addresses, Channel channel) {
  const ContactAddress* found = nullptr;
  for (const ContactAddress& each : addresses) {
    if (each.channel == channel && (found == nullptr || each.primary)) found = &each;
  }
  return found;
}

// The oldest of each, so that "everything else" goes on covering what is newer than the choice.
void unite(Refusals& all, const Refusals& more) {
  for (const Refusal& each : more) {
    const auto same = std::ranges::find(all, each.key(), &Refusal::key);
    if (same == all.end()) {
      all.push_back(each);
    } else {
      same->created_at = std::min(same->created_at, each.created_at);
    }
  }
}

}  // namespace

Result<void> carry_choices(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           const std::vector<Gain>& gains, Instant now) {
  if (gains.empty()) return {};
  const Road road{connection, ids,       organisation,
                  now,        "contact", "the contact had chosen this under another address"};
  std::vector<ContactId> without;
  std::array<std::vector<std::string_view>, 2> asked;  // by channel
  for (const Gain& gain : gains) {
    if (gain.from.empty()) without.push_back(gain.contact);
    if (!gain.from.empty()) asked[static_cast<std::size_t>(gain.channel)].push_back(gain.from);
  }
  const ByContact kept = TRY(read_kept(connection, organisation, without));
  std::array<ByAddress, 2> refusals;
  for (const Channel channel : {Channel::email, Channel::sms}) {
    const auto at = static_cast<std::size_t>(channel);
    refusals[at] = TRY(read_refusals(connection, organisation, channel, asked[at], now));
  }
  for (const Gain& gain : gains) {
    const Refusals* carried = nullptr;
    if (gain.from.empty()) {
      const auto at = kept.find({gain.contact.value, gain.channel});
      if (at != kept.end()) carried = &at->second;
    } else {
      const ByAddress& of_channel = refusals[static_cast<std::size_t>(gain.channel)];
      const auto at = of_channel.find(std::string(gain.from));
      if (at != of_channel.end()) carried = &at->second;
    }
    if (carried == nullptr) continue;
    for (const std::string_view address : gain.to) {
      TRY(put(road, gain.channel, address, *carried));
    }
    if (gain.from.empty()) {
      TRY(connection.execute(forget_channel,
                             {organisation, gain.contact, static_cast<int>(gain.channel)}));
    }
  }
  return {};
}

Result<void> follow_addresses(db::Connection& connection, IdSource& ids,
                              OrganisationId organisation, const AddressChange& change,
                              Instant now) {
  std::vector<Gain> gains;
  for (const Channel channel : {Channel::email, Channel::sms}) {
    const ContactAddress* const was = main_address(change.before, channel);
    const ContactAddress* const is = main_address(change.after, channel);
    if (is == nullptr) {
      if (was == nullptr) continue;
      const auto gone = TRY(read_refusals(connection, organisation, channel,
                                          {std::string_view(was->normalised)}, now));
      for (const auto& [address, refusals] : gone) {
        TRY(keep_all(connection, organisation, change.contact, channel, refusals));
      }
      continue;
    }
    Gain gain{.contact = change.contact, .channel = channel, .from = {}, .to = {}};
    for (const ContactAddress& each : change.after) {
      if (each.channel != channel) continue;
      const bool is_new = std::ranges::none_of(change.before, [&](const ContactAddress& old) {
        return old.channel == channel && old.normalised == each.normalised;
      });
      if (is_new) gain.to.emplace_back(each.normalised);
    }
    if (gain.to.empty()) continue;
    if (was != nullptr) {
      gain.from = was->normalised;
      gains.push_back(std::move(gain));
      continue;
    }
    // All are new: as if the primary one had been there first.
    gains.push_back(gain);
    gain.from = is->normalised;
    std::erase(gain.to, gain.from);
    if (!gain.to.empty()) gains.push_back(std::move(gain));
  }
  return carry_choices(connection, ids, organisation, gains, now);
}

Result<void> join_choices(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                          const Contact& survivor, const Contact& loser, Instant now) {
  const Road road{connection, ids, organisation, now, "merge", {}};
  const ByContact kept = TRY(read_kept(connection, organisation, {survivor.id, loser.id}));
  for (const Channel channel : {Channel::email, Channel::sms}) {
    std::vector<std::string_view> addresses;
    for (const Contact* const contact : {&survivor, &loser}) {
      for (const ContactAddress& each : contact->addresses) {
        if (each.channel == channel) addresses.emplace_back(each.normalised);
      }
    }
    Refusals all;
    for (const auto& [address, refusals] :
         TRY(read_refusals(connection, organisation, channel, addresses, now))) {
      unite(all, refusals);
    }
    for (const ContactId contact : {survivor.id, loser.id}) {
      const auto at = kept.find({contact.value, channel});
      if (at != kept.end()) unite(all, at->second);
    }
    if (addresses.empty()) {
      TRY(keep_all(connection, organisation, survivor.id, channel, all));
      continue;
    }
    // That nobody asked the one is no choice against what the other agreed to.
    std::erase_if(all, [](const Refusal& each) { return each.reason != "unsubscribed"; });
    for (const std::string_view address : addresses) TRY(put(road, channel, address, all));
    TRY(connection.execute(forget_channel, {organisation, survivor.id, static_cast<int>(channel)}));
  }
  return forget_kept_choices(connection, organisation, loser.id);
}

Result<void> forget_kept_choices(db::Connection& connection, OrganisationId organisation,
                                 ContactId contact) {
  TRY(connection.execute(forget_contact, {organisation, contact}));
  return {};
}

}  // namespace tidings::consent
