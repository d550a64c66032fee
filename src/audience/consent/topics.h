// Topics: what an organisation writes about, so that people can choose (P39).
//
// A campaign names one, or none: then it counts as "everything else". An essential topic (a school
// closure) reaches people whatever they chose: its messages have no unsubscribe link, and
// unsubscriptions and the two-year rule do not apply to them; bounces and complaints do. An
// archived one is offered nowhere and keeps its meaning in what was sent.
// Thread: as the connection, within the caller's transaction. Errors: those of db, topic.*.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"

namespace tidings::consent {

inline constexpr std::size_t kTopicNameMax = 100;         // bytes
inline constexpr std::size_t kTopicDescriptionMax = 500;  // bytes
inline constexpr int kPositionMax = 1'000'000;
inline constexpr int kTopicsMax = 200;  // of an organisation, archived ones too

struct Topic {
  TopicId id;
  std::string name;         // as people read it on the preference page
  std::string description;  // a sentence below it; may be empty
  bool on_email = true;     // at least one of the two
  bool on_sms = false;
  bool is_essential = false;
  int position = 0;  // in lists, the smallest first; equal ones by name
  Instant created_at{};
  Instant changed_at{};
  std::optional<Instant> archived_at;

  bool is_on(Channel channel) const { return channel == Channel::email ? on_email : on_sms; }
};

// What is to become different; what is absent stays as it is.
struct TopicChange {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<bool> on_email;
  std::optional<bool> on_sms;
  std::optional<bool> is_essential;
  std::optional<int> position;
  std::optional<bool> is_archived;
};

enum class Archived { left_out, included };
// In the order of position.
Result<std::vector<Topic>> list_topics(db::Connection& connection, OrganisationId organisation,
                                       Archived archived);
// Error: topic.not_found.
Result<Topic> find_topic(db::Connection& connection, OrganisationId organisation, TopicId id);

// Errors: topic.bad_name, topic.bad_description, topic.no_channel, topic.too_many (invalid);
// topic.name_taken (conflict). Without a position it comes last.
Result<Topic> create_topic(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           const TopicChange& content, Instant now);
// Likewise; topic.in_use (conflict): essential is not changed while a campaign about it is
// scheduled, held, running or paused, because what that one says to its readers is settled.
Result<Topic> change_topic(db::Connection& connection, OrganisationId organisation, TopicId id,
                           const TopicChange& change, Instant now);
// Error: topic.in_use (conflict) when something was sent about it, or somebody chose about it.
Result<void> delete_topic(db::Connection& connection, OrganisationId organisation, TopicId id);

// What a campaign about this topic asks of its recipients; about none when not valid().
// Error: topic.not_found.
Result<MessageConsent> consent_of(db::Connection& connection, OrganisationId organisation,
                                  TopicId topic);

}  // namespace tidings::consent
