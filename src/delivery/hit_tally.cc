#include "delivery/hit_tally.h"

#include <array>
#include <vector>

#include "audience/people/activities.h"
#include "base/check.h"
#include "delivery/html_links.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Param;
using db::Row;

// kind: neither test nor copy. PostgreSQL: nobody else changes the row before the end, so that two
// nodes do not count one person twice.
constexpr db::StatementPair kMessage{
    {"hits.message",
     "SELECT content_version_id, campaign_id, contact_id, status, state, is_ambiguous FROM message"
     " WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL AND address > ''"
     " AND kind NOT IN (3, 4)"},
    {"hits.message",
     "SELECT content_version_id, campaign_id, contact_id, status, state, is_ambiguous FROM message"
     " WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL AND address > ''"
     " AND kind NOT IN (3, 4) FOR NO KEY UPDATE"}};
constexpr db::Statement kEngagement{
    "hits.engagement",
    "SELECT sent_at, opened_at, clicked_at, opens, clicks, machine_opens, machine_clicks, links"
    " FROM engagement WHERE organisation_id = $1 AND message_id = $2"};
// type: sent.
constexpr db::Statement kSent{"hits.sent",
                              "SELECT occurred_at FROM event WHERE organisation_id = $1"
                              " AND message_id = $2 AND type = 1 ORDER BY id LIMIT 1"};
constexpr db::Statement kStore{
    "hits.store_engagement",
    "INSERT INTO engagement (organisation_id, message_id, sent_at, opened_at, clicked_at, opens,"
    " clicks, machine_opens, machine_clicks, links)"
    " VALUES ($1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), $6, $7, $8, $9,"
    " $10) ON CONFLICT (organisation_id, message_id) DO UPDATE SET sent_at = excluded.sent_at,"
    " opened_at = excluded.opened_at, clicked_at = excluded.clicked_at, opens = excluded.opens,"
    " clicks = excluded.clicks, machine_opens = excluded.machine_opens,"
    " machine_clicks = excluded.machine_clicks, links = excluded.links"};
// state: sent. The sum over all writers counts; whose row it is does not matter.
constexpr db::Statement kSeen{
    "hits.returned_and_seen",
    "UPDATE campaign_counter SET returned_unseen = returned_unseen - 1 WHERE organisation_id = $1"
    " AND campaign_id = (SELECT campaign_id FROM message WHERE organisation_id = $1 AND id = $2"
    " AND state = 3) AND node_number = (SELECT MIN(n.node_number) FROM campaign_counter n"
    " WHERE n.organisation_id = $1 AND n.campaign_id = (SELECT campaign_id FROM message"
    " WHERE organisation_id = $1 AND id = $2))"};
constexpr db::Statement kRaise{"hits.raise_status",
                               "UPDATE message SET status = $1, changed_at = $2"
                               " WHERE organisation_id = $3 AND id = $4 AND status = $5"};
constexpr db::Statement kCampaign{
    "hits.count_campaign",
    "INSERT INTO campaign_engagement AS c (organisation_id, campaign_id, node_number, opened,"
    " clicked, opens, clicks, machine_opens, machine_clicks)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (organisation_id, campaign_id, node_number) DO UPDATE SET"
    " opened = c.opened + excluded.opened, clicked = c.clicked + excluded.clicked,"
    " opens = c.opens + excluded.opens, clicks = c.clicks + excluded.clicks,"
    " machine_opens = c.machine_opens + excluded.machine_opens,"
    " machine_clicks = c.machine_clicks + excluded.machine_clicks"};
constexpr db::Statement kTime{
    "hits.count_time",
    "INSERT INTO engagement_time AS c (organisation_id, campaign_id, quarter, opened, clicked,"
    " opens, clicks, machine_opens, machine_clicks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (organisation_id, campaign_id, quarter) DO UPDATE SET"
    " opened = c.opened + excluded.opened, clicked = c.clicked + excluded.clicked,"
    " opens = c.opens + excluded.opens, clicks = c.clicks + excluded.clicks,"
    " machine_opens = c.machine_opens + excluded.machine_opens,"
    " machine_clicks = c.machine_clicks + excluded.machine_clicks"};
constexpr db::Statement kProgram{
    "hits.count_program",
    "INSERT INTO engagement_program AS c (organisation_id, campaign_id, program, device, people,"
    " opens, clicks) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    " ON CONFLICT (organisation_id, campaign_id, program, device) DO UPDATE SET"
    " people = c.people + excluded.people, opens = c.opens + excluded.opens,"
    " clicks = c.clicks + excluded.clicks"};
// Only what is there: whoever holds a token may ask for any number.
constexpr db::Statement kLink{
    "hits.count_link",
    "INSERT INTO content_link_count AS c (organisation_id, content_version_id, number, hits,"
    " machine_hits, people)"
    " SELECT v.organisation_id, v.id, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT),"
    " CAST($6 AS BIGINT) FROM content_version v WHERE v.organisation_id = $1 AND v.id = $2"
    " AND ($3 = 0 OR EXISTS (SELECT 1 FROM content_link l"
    " WHERE l.organisation_id = v.organisation_id AND l.content_version_id = v.id"
    " AND l.number = $3)) ON CONFLICT (organisation_id, content_version_id, number)"
    " DO UPDATE SET hits = c.hits + excluded.hits,"
    " machine_hits = c.machine_hits + excluded.machine_hits, people = c.people + excluded.people"};

std::int64_t quarter_of(Instant at) {
  return to_micros(std::chrono::floor<std::chrono::minutes>(at)) / (15 * 60 * 1'000'000LL);
}

std::vector<Param> keys_of(const std::vector<HitTally::MessageKey>& keys) {
  std::vector<Param> flat;
  flat.reserve(keys.size() * 2);
  for (const auto& [organisation, message] : keys) {
    flat.insert(flat.end(), {Param(organisation), Param(message)});
  }
  return flat;
}

}  // namespace

bool Engagement::add_link(int number) {
  CHECK(number >= 0 && number <= static_cast<int>(kHtmlLinksMax));
  const auto at = static_cast<std::size_t>(number) / 8;
  const auto bit = static_cast<unsigned char>(1U << (static_cast<unsigned>(number) % 8));
  if (links.size() <= at) links.resize(at + 1);
  const auto before = static_cast<unsigned char>(links[at]);
  links[at] = static_cast<char>(before | bit);
  return (before & bit) == 0;
}

EngagementFigures& EngagementFigures::operator+=(const EngagementFigures& other) {
  opened += other.opened;
  clicked += other.clicked;
  opens += other.opens;
  clicks += other.clicks;
  machine_opens += other.machine_opens;
  machine_clicks += other.machine_clicks;
  return *this;
}

Result<HitTally> HitTally::load(Connection& connection, const std::set<MessageKey>& wanted) {
  HitTally tally;
  const std::vector<MessageKey> keys(wanted.begin(), wanted.end());
  if (keys.empty()) return tally;
  TRY(connection.query_many(kMessage.in(connection.dialect()), 2, keys_of(keys),
                            [&](std::size_t run, const Row& row) {
                              HitMessage message;
                              message.content = row.id<ContentVersionId>(0);
                              message.campaign = row.id<CampaignId>(1);
                              message.contact = row.id<ContactId>(2);
                              message.status = static_cast<Status>(row.integer(3));
                              message.before = message.status;
                              message.state = static_cast<MessageState>(row.integer(4));
                              message.is_ambiguous = row.boolean(5);
                              tally.messages_.emplace(keys[run], std::move(message));
                            }));
  TRY(tally.read_engagement(connection));
  TRY(tally.read_sent(connection));
  return tally;
}

Result<void> HitTally::read_engagement(Connection& connection) {
  std::vector<MessageKey> keys;
  for (const auto& [key, message] : messages_) keys.push_back(key);
  if (keys.empty()) return {};
  return connection.query_many(kEngagement, 2, keys_of(keys), [&](std::size_t run, const Row& row) {
    const auto instant = [&](int column) {
      return row.is_null(column) ? std::nullopt : std::optional(row.instant(column));
    };
    messages_.at(keys[run]).engagement = {
        instant(0),     instant(1),     instant(2),     row.integer(3),
        row.integer(4), row.integer(5), row.integer(6), std::string(row.bytes(7))};
  });
}

// When it was accepted is looked for until it is found, for as long as it matters.
Result<void> HitTally::read_sent(Connection& connection) {
  constexpr std::int64_t kLookedFor = 10;
  std::vector<MessageKey> keys;
  for (const auto& [key, message] : messages_) {
    const Engagement& known = message.engagement;
    if (!known.sent_at && known.hits() < kLookedFor) keys.push_back(key);
  }
  if (keys.empty()) return {};
  return connection.query_many(kSent, 2, keys_of(keys), [&](std::size_t run, const Row& row) {
    messages_.at(keys[run]).engagement.sent_at = row.instant(0);
  });
}

HitMessage* HitTally::find(OrganisationId organisation, MessageId message) {
  const auto at = messages_.find({organisation, message});
  return at == messages_.end() ? nullptr : &at->second;
}

bool HitTally::add(OrganisationId organisation, HitMessage& message, const Judged& hit) {
  const bool is_picture = hit.number == 0;
  EngagementFigures by;
  Engagement& known = message.engagement;
  const bool is_new_person = !hit.is_machine && known.add_link(hit.number);
  bool is_first = false;
  if (hit.is_machine) {
    (is_picture ? by.machine_opens : by.machine_clicks) = 1;
  } else {
    (is_picture ? by.opens : by.clicks) = 1;
    message.status =
        after_event(message.status, is_picture ? EventType::opened : EventType::clicked);
    // Who follows a link has the message open.
    if (!known.opened_at) {
      known.opened_at = hit.at;
      by.opened = 1;
      is_first = is_picture;
    }
    if (!is_picture && !known.clicked_at) {
      known.clicked_at = hit.at;
      by.clicked = 1;
      is_first = true;
    }
    if (!is_picture && (!message.interaction || *message.interaction < hit.at)) {
      message.interaction = hit.at;
    }
  }
  known.opens += by.opens;
  known.clicks += by.clicks;
  known.machine_opens += by.machine_opens;
  known.machine_clicks += by.machine_clicks;
  LinkHits& link = links_[{{organisation, message.content}, hit.number}];
  link.hits += 1;
  link.machine_hits += hit.is_machine ? 1 : 0;
  link.people += is_new_person ? 1 : 0;
  if (!message.campaign.valid()) return is_first;
  const CampaignKey campaign{organisation, message.campaign};
  campaigns_[campaign] += by;
  times_[{campaign, quarter_of(hit.at)}] += by;
  if (!hit.is_machine) {
    ProgramFigures& program = programs_[{campaign, hit.program}];
    program.people += by.opened;
    program.opens += by.opens;
    program.clicks += by.clicks;
  }
  return is_first;
}

void HitTally::add_to_content(ContentKey content, int number, bool is_machine) {
  LinkHits& link = links_[{content, number}];
  link.hits += 1;
  link.machine_hits += is_machine ? 1 : 0;
}

std::vector<HitTally::Arrived> HitTally::arrived() const {
  std::vector<Arrived> found;
  for (const auto& [key, message] : messages_) {
    const bool is_doubted = message.is_ambiguous && (message.state == MessageState::uncertain ||
                                                     message.state == MessageState::deferred);
    if (!is_doubted || !message.engagement.opened_at) continue;
    found.push_back({key.first, message.campaign, key.second, message.state});
  }
  return found;
}

Result<void> HitTally::store(Connection& connection, unsigned node_number, Instant now) const {
  TRY(store_messages(connection, now));
  TRY(store_campaigns(connection, node_number));
  return store_links(connection);
}

Result<void> HitTally::store_messages(Connection& connection, Instant now) const {
  std::vector<Param> rows;
  std::vector<Param> raised;
  std::vector<Param> found;
  std::map<std::pair<OrganisationId, ContactId>, Instant> interactions;
  for (const auto& [key, message] : messages_) {
    const Engagement& known = message.engagement;
    if (known.hits() == 0) continue;
    rows.insert(rows.end(), {Param(key.first), Param(key.second), Param(known.sent_at),
                             Param(known.opened_at), Param(known.clicked_at), Param(known.opens),
                             Param(known.clicks), Param(known.machine_opens),
                             Param(known.machine_clicks), Param(db::BytesView{known.links})});
    if (message.status != message.before) {
      raised.insert(raised.end(), {Param(int(message.status)), Param(now), Param(key.first),
                                   Param(key.second), Param(int(message.before))});
    }
    // It came back, and somebody reads it all the same.
    if (message.status != message.before && message.before == Status::bounced) {
      found.insert(found.end(), {Param(key.first), Param(key.second)});
    }
    if (message.interaction && message.contact.valid()) {
      Instant& at = interactions[{key.first, message.contact}];
      at = std::max(at, *message.interaction);
    }
  }
  if (!rows.empty()) TRY(connection.execute_many(kStore, 10, rows));
  if (!raised.empty()) TRY(connection.execute_many(kRaise, 5, raised));
  if (!found.empty()) TRY(connection.execute_many(kSeen, 2, found));
  for (const auto& [contact, at] : interactions) {
    TRY(people::note_interaction(connection, contact.first, contact.second, at));
  }
  return {};
}

Result<void> HitTally::store_campaigns(Connection& connection, unsigned node_number) const {
  const auto row = [](const CampaignKey& campaign, std::int64_t third,
                      const EngagementFigures& by) {
    return std::array{Param(campaign.first), Param(campaign.second),  Param(third),
                      Param(by.opened),      Param(by.clicked),       Param(by.opens),
                      Param(by.clicks),      Param(by.machine_opens), Param(by.machine_clicks)};
  };
  for (const auto& [campaign, by] : campaigns_) {
    TRY(connection.execute(kCampaign, db::Params(row(campaign, node_number, by))));
  }
  for (const auto& [key, by] : times_) {
    TRY(connection.execute(kTime, db::Params(row(key.first, key.second, by))));
  }
  for (const auto& [key, by] : programs_) {
    TRY(connection.execute(kProgram, {key.first.first, key.first.second, int(key.second.program),
                                      int(key.second.device), by.people, by.opens, by.clicks}));
  }
  return {};
}

Result<void> HitTally::store_links(Connection& connection) const {
  std::vector<Param> rows;
  for (const auto& [key, by] : links_) {
    rows.insert(rows.end(), {Param(key.first.first), Param(key.first.second), Param(key.second),
                             Param(by.hits), Param(by.machine_hits), Param(by.people)});
  }
  if (!rows.empty()) TRY(connection.execute_many(kLink, 6, rows));
  return {};
}

std::span<const db::Statement> hit_statements() {
  static constexpr std::array kAll = {kMessage.sqlite, kEngagement, kSent, kRaise};
  return kAll;
}

}  // namespace tidings::delivery
