#include "audience/consent/topics.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tidings::consent {
namespace {

using db::Row;
using db::Statement;

#define TIDINGS_TOPIC_COLUMNS                                                                \
  "SELECT id, name, description, channels, is_essential, position, created_at, changed_at, " \
  "archived_at FROM topic WHERE organisation_id = $1 "

constexpr Statement all_topics{"topic.list", TIDINGS_TOPIC_COLUMNS
                               "AND (archived_at IS NULL OR $2 = 1) ORDER BY position, name, id"};
constexpr Statement topic_by_id{"topic.find", TIDINGS_TOPIC_COLUMNS "AND id = $2"};
constexpr Statement count_topics{
    "topic.count",
    "SELECT count(*), COALESCE(MAX(position), 0) FROM topic WHERE organisation_id = $1"};
constexpr Statement name_owner{"topic.name_owner",
                               "SELECT id FROM topic WHERE organisation_id = $1 AND name = $2 "
                               "AND archived_at IS NULL AND id <> $3"};
constexpr Statement insert_topic{
    "topic.insert",
    "INSERT INTO topic (organisation_id, id, name, description, channels, is_essential, position, "
    "created_at, changed_at, archived_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
constexpr Statement update_topic{
    "topic.update",
    "UPDATE topic SET name = $3, description = $4, channels = $5, is_essential = $6, "
    "position = $7, changed_at = $8, archived_at = $9 WHERE organisation_id = $1 AND id = $2"};
constexpr Statement delete_one{"topic.delete",
                               "DELETE FROM topic WHERE organisation_id = $1 AND id = $2"};
// Through the few campaigns that have not ended.
constexpr Statement open_campaigns{
    "topic.open_campaigns",
    "SELECT count(*) FROM campaign c JOIN content_version v "
    "ON v.organisation_id = c.organisation_id AND v.id = c.content_version_id "
    "WHERE c.organisation_id = $1 AND c.finished_at IS NULL AND c.state IN (1, 2, 3, 7) "
    "AND v.topic_id = $2"};
constexpr Statement is_used{
    "topic.is_used",
    "SELECT 1 FROM content_version WHERE organisation_id = $1 AND topic_id = $2 UNION ALL "
    "SELECT 1 FROM suppression WHERE organisation_id = $1 AND topic_id = $2 LIMIT 1"};

constexpr int kEmail = 1;
constexpr int kSms = 2;

int channels_of(const Topic& topic) {
  return (topic.on_email ? kEmail : 0) | (topic.on_sms ? kSms : 0);
}

Topic read_topic(const Row& row) {
  return {.id = row.id<TopicId>(0),
          .name = row.string(1),
          .description = row.string(2),
          .on_email = (row.integer(3) & kEmail) != 0,
          .on_sms = (row.integer(3) & kSms) != 0,
          .is_essential = row.boolean(4),
          .position = static_cast<int>(row.integer(5)),
          .created_at = row.instant(6),
          .changed_at = row.instant(7),
          .archived_at = row.is_null(8) ? std::nullopt : std::optional(row.instant(8))};
}

void apply(const TopicChange& change, Topic& topic, Instant now) {
  const auto take = [](const auto& from, auto& into) {
    if (from) into = *from;
  };
  take(change.name, topic.name);
  take(change.description, topic.description);
  take(change.on_email, topic.on_email);
  take(change.on_sms, topic.on_sms);
  take(change.is_essential, topic.is_essential);
  take(change.position, topic.position);
  if (change.is_archived && *change.is_archived != topic.archived_at.has_value()) {
    topic.archived_at = *change.is_archived ? std::optional(now) : std::nullopt;
  }
  topic.changed_at = now;
}

Result<void> check(db::Connection& connection, OrganisationId organisation, const Topic& topic) {
  if (topic.name.find_first_not_of(" \t\r\n") == std::string::npos ||
      topic.name.size() > kTopicNameMax) {
    return fail(ErrorKind::invalid, "topic.bad_name",
                fmt::format("A topic's name has 1 to {} bytes.", kTopicNameMax));
  }
  if (topic.description.size() > kTopicDescriptionMax) {
    return fail(ErrorKind::invalid, "topic.bad_description",
                fmt::format("A topic's description has at most {} bytes.", kTopicDescriptionMax));
  }
  if (channels_of(topic) == 0) {
    return fail(ErrorKind::invalid, "topic.no_channel",
                "Say on which channels there are messages about it: email, sms, or both.");
  }
  if (topic.archived_at) return {};
  const auto owner = TRY(connection.query_first(name_owner, {organisation, topic.name, topic.id},
                                                [](const Row& row) { return row.id<TopicId>(0); }));
  if (!owner) return {};
  return fail(ErrorKind::conflict, "topic.name_taken",
              fmt::format("There is a topic \"{}\" already.", topic.name));
}

}  // namespace

Result<std::vector<Topic>> list_topics(db::Connection& connection, OrganisationId organisation,
                                       Archived archived) {
  std::vector<Topic> topics;
  TRY(connection.query(all_topics, {organisation, archived == Archived::included ? 1 : 0},
                       [&](const Row& row) { topics.push_back(read_topic(row)); }));
  return topics;
}

Result<Topic> find_topic(db::Connection& connection, OrganisationId organisation, TopicId id) {
  auto found = TRY(connection.query_first(topic_by_id, {organisation, id}, read_topic));
  if (found) return *std::move(found);
  return fail(ErrorKind::not_found, "topic.not_found", "There is no such topic here.");
}

Result<Topic> create_topic(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           const TopicChange& content, Instant now) {
  Topic topic;
  TRY(connection.query(count_topics, {organisation}, [&](const Row& row) {
    topic.position = row.integer(0) < kTopicsMax
                         ? std::min(static_cast<int>(row.integer(1)) + 1, kPositionMax)
                         : -1;
  }));
  if (topic.position < 0) {
    return fail(ErrorKind::invalid, "topic.too_many",
                fmt::format("There are {} topics already, which is the most there can be. Delete "
                            "one that was never used.",
                            kTopicsMax));
  }
  topic.id = ids.next<TopicId>();
  topic.created_at = now;
  apply(content, topic, now);
  TRY(check(connection, organisation, topic));
  TRY(connection.execute(insert_topic,
                         {organisation, topic.id, topic.name, topic.description, channels_of(topic),
                          topic.is_essential, topic.position, now, now, topic.archived_at}));
  return topic;
}

Result<Topic> change_topic(db::Connection& connection, OrganisationId organisation, TopicId id,
                           const TopicChange& change, Instant now) {
  Topic topic = TRY(find_topic(connection, organisation, id));
  const bool was_essential = topic.is_essential;
  apply(change, topic, now);
  TRY(check(connection, organisation, topic));
  if (topic.is_essential != was_essential) {
    const auto open = TRY(connection.query_first(open_campaigns, {organisation, id},
                                                 [](const Row& row) { return row.integer(0); }));
    if (open.value_or(0) > 0) {
      return fail(
          ErrorKind::conflict, "topic.in_use",
          fmt::format("{} campaign{} about \"{}\" {} not ended yet. Wait for that, or stop "
                      "them; then change whether it is essential.",
                      *open, *open == 1 ? "" : "s", topic.name, *open == 1 ? "has" : "have"));
    }
  }
  TRY(connection.execute(
      update_topic, {organisation, id, topic.name, topic.description, channels_of(topic),
                     topic.is_essential, topic.position, topic.changed_at, topic.archived_at}));
  return topic;
}

Result<void> delete_topic(db::Connection& connection, OrganisationId organisation, TopicId id) {
  const Topic topic = TRY(find_topic(connection, organisation, id));
  const auto used = TRY(connection.query_first(is_used, {organisation, id},
                                               [](const Row& row) { return row.integer(0); }));
  if (used) {
    return fail(ErrorKind::conflict, "topic.in_use",
                fmt::format("Something was sent about \"{}\", or somebody chose about it. Archive "
                            "it instead: then it is offered nowhere any more.",
                            topic.name));
  }
  TRY(connection.execute(delete_one, {organisation, id}));
  return {};
}

Result<MessageConsent> consent_of(db::Connection& connection, OrganisationId organisation,
                                  TopicId topic) {
  if (!topic.valid()) return MessageConsent();
  const Topic found = TRY(find_topic(connection, organisation, topic));
  return MessageConsent{found.is_essential ? ConsentRule::essential : ConsentRule::by_kind,
                        found.id, found.created_at};
}

}  // namespace tidings::consent
