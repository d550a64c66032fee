// What the hits of one transaction come to, gathered so that each row is written once. Private to
// src/delivery.
// Thread: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/message_state.h"
#include "domain/reading_program.h"

namespace tidings::delivery {

// A row of engagement.
struct Engagement {
  std::optional<Instant> sent_at;
  std::optional<Instant> opened_at;
  std::optional<Instant> clicked_at;
  std::int64_t opens = 0;
  std::int64_t clicks = 0;
  std::int64_t machine_opens = 0;
  std::int64_t machine_clicks = 0;
  std::string links;  // a bit per link

  std::int64_t hits() const { return opens + clicks + machine_opens + machine_clicks; }
  // False when a person had followed it before.
  bool add_link(int number);
};

// A message that is counted.
struct HitMessage {
  ContentVersionId content;
  CampaignId campaign;  // not valid(): of none
  ContactId contact;    // not valid(): nobody we know
  MessageState state = MessageState::sent;
  bool is_ambiguous = false;  // an intent has no outcome
  Status before = Status::sent;
  Status status = Status::sent;
  Engagement engagement;
  std::optional<Instant> interaction;  // a person's click
};

// What one hit changed, or several.
struct EngagementFigures {
  std::int64_t opened = 0;
  std::int64_t clicked = 0;
  std::int64_t opens = 0;
  std::int64_t clicks = 0;
  std::int64_t machine_opens = 0;
  std::int64_t machine_clicks = 0;

  EngagementFigures& operator+=(const EngagementFigures& other);
};

class HitTally {
 public:
  using MessageKey = std::pair<OrganisationId, MessageId>;
  using ContentKey = std::pair<OrganisationId, ContentVersionId>;

  // Reads the messages that are counted and what is known of them, and keeps others from changing
  // it before the transaction ends. In the order of their keys.
  static Result<HitTally> load(db::Connection& connection, const std::set<MessageKey>& wanted);

  // Null for one that is not counted.
  HitMessage* find(OrganisationId organisation, MessageId message);

  struct Judged {
    int number = 0;  // of the link; 0: the picture
    Instant at{};
    bool is_machine = false;
    ReadingProgram program;  // a person's
  };
  // A hit of a message. True when it is the first of its kind that a person made: the message was
  // opened (number 0) or clicked.
  bool add(OrganisationId organisation, HitMessage& message, const Judged& hit);
  // One that is counted with its content only.
  void add_to_content(ContentKey content, int number, bool is_machine);

  // Those that may have arrived, as far as was known, and that a person has read: they did arrive.
  struct Arrived {
    OrganisationId organisation;
    CampaignId campaign;  // not valid(): of none
    MessageId id;
    MessageState state = MessageState::uncertain;  // as it was
  };
  std::vector<Arrived> arrived() const;

  Result<void> store(db::Connection& connection, unsigned node_number, Instant now) const;

 private:
  using CampaignKey = std::pair<OrganisationId, CampaignId>;
  struct LinkHits {
    std::int64_t hits = 0;
    std::int64_t machine_hits = 0;
    std::int64_t people = 0;
  };
  struct ProgramFigures {
    std::int64_t people = 0;
    std::int64_t opens = 0;
    std::int64_t clicks = 0;
  };

  Result<void> read_engagement(db::Connection& connection);
  Result<void> read_sent(db::Connection& connection);
  Result<void> store_messages(db::Connection& connection, Instant now) const;
  Result<void> store_campaigns(db::Connection& connection, unsigned node_number) const;
  Result<void> store_links(db::Connection& connection) const;

  std::map<MessageKey, HitMessage> messages_;
  std::map<std::pair<ContentKey, int>, LinkHits> links_;
  std::map<CampaignKey, EngagementFigures> campaigns_;
  std::map<std::pair<CampaignKey, std::int64_t>, EngagementFigures> times_;
  std::map<std::pair<CampaignKey, ReadingProgram>, ProgramFigures> programs_;
};

// For plan tests.
std::span<const db::Statement> hit_statements();

}  // namespace tidings::delivery
