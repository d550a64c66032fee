// What the ledger does with links that were followed and pictures that were loaded.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/hit_data.h"
#include "delivery/ledger.h"
#include "delivery/ledger_rows.h"
#include "delivery/link_store.h"
#include "delivery/network_of.h"
#include "identity/organisation_settings.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Param;
using db::Row;
using identity::OrganisationSettings;
using identity::TrackingMode;

// kind: neither test nor copy.
constexpr db::Statement kMessage{
    "hits.message",
    "SELECT content_version_id FROM message WHERE organisation_id = $1 AND id = $2"
    " AND deleted_at IS NULL AND address > '' AND kind NOT IN (3, 4)"};
// type: image_loaded, link_followed.
constexpr db::Statement kTold{
    "hits.told",
    "SELECT COUNT(*) FROM (SELECT 1 FROM event WHERE organisation_id = $1 AND message_id = $2"
    " AND type IN (17, 18) LIMIT $3) told"};

// What one transaction has looked up.
class Look {
 public:
  explicit Look(Connection& connection) : connection_(connection) {}

  // Nothing for an organisation that is not there.
  Result<const OrganisationSettings*> settings(OrganisationId id) {
    const auto [at, is_new] = settings_.try_emplace(id);
    if (is_new) {
      auto found = identity::organisation_settings(connection_, id);
      if (!found && found.error().kind != ErrorKind::not_found) {
        return std::unexpected(found.error());
      }
      if (found) at->second = *std::move(found);
    }
    return at->second ? &*at->second : nullptr;
  }

  struct Message {
    ContentVersionId content;
    std::int64_t told = 0;
  };
  // Null for one that is not counted.
  Result<Message*> message(const Hit& hit) {
    const auto [at, is_new] = messages_.try_emplace({hit.organisation_id, hit.message_id});
    if (is_new) {
      const auto content =
          TRY(connection_.query_first(kMessage, {hit.organisation_id, hit.message_id},
                                      [](const Row& row) { return row.id<ContentVersionId>(0); }));
      if (content) {
        const auto told = TRY(connection_.query_first(
            kTold, {hit.organisation_id, hit.message_id, kHitsPerMessageMax},
            [](const Row& row) { return row.integer(0); }));
        at->second = Message{*content, told.value_or(0)};
      }
    }
    return at->second ? &*at->second : nullptr;
  }

  // Null for a link that is not there; of the picture, nothing to say.
  Result<const std::string*> target(OrganisationId organisation, ContentVersionId content,
                                    int number) {
    static const std::string kPicture;
    if (number == 0) return &kPicture;
    const auto [at, is_new] = targets_.try_emplace({organisation, content});
    if (is_new) {
      for (LinkTarget& each : TRY(load_link_targets(connection_, organisation, content))) {
        at->second[each.number] = std::move(each.target);
      }
    }
    const auto found = at->second.find(number);
    return found == at->second.end() ? nullptr : &found->second;
  }

 private:
  Connection& connection_;
  std::map<OrganisationId, std::optional<OrganisationSettings>> settings_;
  std::map<std::pair<OrganisationId, MessageId>, std::optional<Message>> messages_;
  std::map<std::pair<OrganisationId, ContentVersionId>, std::map<int, std::string>> targets_;
};

}  // namespace

Result<void> Ledger::record_hits(Connection& connection, std::span<const Hit> hits,
                                 Instant now) const {
  Look look(connection);
  EventRows events(now);
  std::map<std::pair<std::pair<OrganisationId, ContentVersionId>, int>, std::int64_t> counts;
  for (const Hit& hit : hits) {
    const OrganisationSettings* settings = TRY(look.settings(hit.organisation_id));
    if (settings == nullptr || settings->tracking == TrackingMode::off) continue;
    ContentVersionId content{hit.message_id.value};
    Look::Message* message = nullptr;
    if (!hit.is_total) {
      message = TRY(look.message(hit));
      if (message == nullptr) continue;
      content = message->content;
    }
    const std::string* target = TRY(look.target(hit.organisation_id, content, hit.number));
    if (target == nullptr) continue;
    counts[{{hit.organisation_id, content}, hit.number}] += 1;
    const bool is_told = message != nullptr && settings->tracking == TrackingMode::individual &&
                         message->told < kHitsPerMessageMax;
    if (!is_told) continue;
    ++message->told;
    events.add(hit.organisation_id, hit.message_id, ids_.next(),
               hit.number == 0 ? EventType::image_loaded : EventType::link_followed,
               hit.occurred_at, "request",
               hit_data({.link = hit.number,
                         .url = *target,
                         .address = kept_address(hit.address, settings->tracked_address),
                         .user_agent = hit.user_agent}));
  }
  TRY(events.store(connection));
  std::vector<LinkCount> rows;
  for (const auto& [key, count] : counts) {
    rows.push_back({key.first.first, key.first.second, key.second, count});
  }
  return count_hits(connection, rows);
}

}  // namespace tidings::delivery
