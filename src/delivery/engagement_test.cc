// What people and machines did, in counters: held against a slow count of the events, after any
// hits in any batches, on both databases.
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "delivery/hit_data.h"
#include "delivery/testing/ledger_fixture.h"
#include "domain/reading_program.h"
#include "identity/organisation_settings.h"

namespace tidings::delivery {
namespace {

constexpr int kMessages = 12;
constexpr int kLinks = 9;

using Row = std::vector<std::int64_t>;

class EngagementTest : public LedgerTest {
 protected:
  EngagementTest() {
    write([](db::Connection& c) -> Result<void> {
      auto settings = TRY(identity::organisation_settings(c, kOrganisation));
      settings.tracking = identity::TrackingMode::individual;
      TRY(identity::change_organisation_settings(c, kOrganisation, settings));
      TRY(c.execute({"",
                     "INSERT INTO content_version (organisation_id, id, subject, html, text,"
                     " from_name, from_address, reply_to, envelope_from, options, used_variables,"
                     " reference_codec, reference, created_at)"
                     " VALUES ($1, $2, '', '', '', '', '', '', '', '{}', '{}', 0, $3, 0)"},
                    {kOrganisation, kKeys.content_version_id, db::BytesView{""}}));
      for (int number = 1; number <= kLinks; ++number) {
        TRY(c.execute({"",
                       "INSERT INTO content_link (organisation_id, content_version_id, number,"
                       " target, is_template, begins_at, ends_at)"
                       " VALUES ($1, $2, $3, 'https://a.example/', 0, 1, 2)"},
                      {kOrganisation, kKeys.content_version_id, number}));
      }
      return {};
    });
    enqueue(kMessages);
    std::vector<Settlement> sent;
    for (const ClaimedMessage& each : claim(ledger_, kMessages - 1)) {
      sent.push_back(settlement(each.id.value, OutcomeKind::sent));
    }
    settle(sent);
  }

  Hit some_hit() {
    static const std::vector<std::string> agents = {
        "Mozilla/5.0 (iPhone) AppleWebKit/605 Version/17 Mobile Safari/604",
        "Mozilla/5.0 (Windows NT 10.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "Mozilla/5.0",
        "curl/8",
        "Mozilla/5.0 (Windows NT 10.0) Chrome/126 Safari/537",
    };
    const auto some = [&](int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); };
    // One that was never sent, and one that is not there, among them.
    return {.organisation_id = kOrganisation,
            .message_id = MessageId{1 + some(kMessages + 1)},
            .number = some(3) == 0 ? 1 + some(kLinks + 1) : 0,
            .occurred_at = kNow + std::chrono::milliseconds(some(7'200'000)),
            .address = some(4) == 0 ? "209.222.82.1" : "192.0.2.7",
            .user_agent = agents[static_cast<std::size_t>(some(5))],
            .is_head = some(12) == 0,
            .links_at_once = some(6)};
  }
  void record(const std::vector<Hit>& hits) {
    write([&](db::Connection& c) { return ledger_.record_hits(c, hits, kLater); });
  }
  std::map<Row, Row> rows(std::string_view sql, std::size_t keys) {
    std::map<Row, Row> found;
    write([&](db::Connection& c) {
      return c.query({"", sql}, {}, [&](const db::Row& row) {
        Row key;
        Row value;
        for (int i = 0; i < row.columns(); ++i) {
          (static_cast<std::size_t>(i) < keys ? key : value).push_back(row.integer(i));
        }
        found[key] = value;
      });
    });
    return found;
  }

  std::mt19937 random_{20261122};
};
INSTANTIATE_TEST_SUITE_P(On, EngagementTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

// Opened, clicked, opens, clicks, machine_opens, machine_clicks.
void add(Row& row, const Row& by) {
  row.resize(by.size());
  for (std::size_t i = 0; i < by.size(); ++i) row[i] += by[i];
}

TEST_P(EngagementTest, AMessageThatCameBackAndIsReadAllTheSameIsNoLongerAmongTheFailed) {
  const Evidence bounced{kOrganisation, MessageId{1}, EventType::bounced, kNow, "report",
                         "{}",          "a",          "mailbox_full"};
  value([&](db::Connection& c) { return ledger_.record(c, bounced, kNow); });
  EXPECT_EQ(figures().returned_unseen, 1);
  const Hit click{.organisation_id = kOrganisation,
                  .message_id = MessageId{1},
                  .number = 1,
                  .occurred_at = kNow + std::chrono::hours(1),
                  .address = "192.0.2.7",
                  .user_agent = "Mozilla/5.0 (Windows NT 10.0) Chrome/126 Safari/537"};
  record({click});
  record({click});
  EXPECT_EQ(status_of(1), int(Status::clicked));
  EXPECT_EQ(figures().returned_unseen, 0);
  EXPECT_EQ(figures().returned, 1);
  expect_counters_are_true();
}

TEST_P(EngagementTest, CountersAreWhatTheEventsSay) {
  for (int batch = 0; batch < 25; ++batch) {
    std::vector<Hit> hits;
    const unsigned count = 1 + random_() % 40;
    for (unsigned i = 0; i < count; ++i) hits.push_back(some_hit());
    record(hits);
  }
  struct Told {
    std::int64_t message;
    EventType type;
    Instant at;
    HitFacts facts;
  };
  std::vector<Told> told;
  write([&](db::Connection& c) {
    return c.query({"",
                    "SELECT message_id, type, occurred_at, data FROM event"
                    " WHERE type IN (11, 12, 17, 18) ORDER BY id"},
                   {}, [&](const db::Row& row) {
                     told.push_back({row.integer(0), static_cast<EventType>(row.integer(1)),
                                     row.instant(2), read_hit_data(row.text(3))});
                   });
  });
  ASSERT_GT(told.size(), 300U);
  std::map<Row, Row> messages;
  std::map<Row, Row> times;
  std::map<Row, Row> programs;
  std::map<Row, Row> links;
  Row campaign;
  std::set<std::pair<std::int64_t, int>> followed;
  std::set<std::int64_t> opened;
  std::set<std::int64_t> clicked;
  int firsts = 0;
  for (const Told& each : told) {
    if (each.type == EventType::opened || each.type == EventType::clicked) {
      ++firsts;
      EXPECT_TRUE((each.type == EventType::opened ? opened : clicked).contains(each.message));
      continue;
    }
    const bool is_machine = each.facts.reason != HitReason::none;
    const bool is_picture = each.facts.link == 0;
    const bool is_new = !is_machine && followed.insert({each.message, each.facts.link}).second;
    const bool is_opened = !is_machine && opened.insert(each.message).second;
    const bool is_clicked = !is_machine && !is_picture && clicked.insert(each.message).second;
    const Row by = {is_opened,
                    is_clicked,
                    !is_machine && is_picture,
                    !is_machine && !is_picture,
                    is_machine && is_picture,
                    is_machine && !is_picture};
    add(campaign, by);
    add(messages[{each.message}], {by[2], by[3], by[4], by[5]});
    add(times[{to_micros(each.at) / 900'000'000}], by);
    add(links[{each.facts.link}], {1, is_machine, is_new});
    if (is_machine) continue;
    const ReadingProgram program = reading_program(each.facts.user_agent);
    add(programs[{int(program.program), int(program.device)}], {is_opened, by[2], by[3]});
  }
  EXPECT_EQ(rows("SELECT opened, clicked, opens, clicks, machine_opens, machine_clicks"
                 " FROM campaign_engagement",
                 0),
            (std::map<Row, Row>{{{}, campaign}}));
  EXPECT_EQ(
      rows("SELECT message_id, opens, clicks, machine_opens, machine_clicks FROM engagement", 1),
      messages);
  EXPECT_EQ(rows("SELECT quarter, opened, clicked, opens, clicks, machine_opens, machine_clicks"
                 " FROM engagement_time",
                 1),
            times);
  EXPECT_EQ(rows("SELECT program, device, people, opens, clicks FROM engagement_program", 2),
            programs);
  EXPECT_EQ(rows("SELECT number, hits, machine_hits, people FROM content_link_count", 1), links);
  // A status is what the highest of them says.
  const auto statuses = rows("SELECT id, status FROM message", 1);
  for (const auto& [id, status] : statuses) {
    if (!opened.contains(id[0])) {
      EXPECT_TRUE(status[0] == int(Status::sent) || id[0] == kMessages) << id[0];
    } else {
      EXPECT_EQ(status[0], int(clicked.contains(id[0]) ? Status::clicked : Status::opened));
    }
  }
  EXPECT_GE(firsts, static_cast<int>(clicked.size()));
  expect_counters_are_true();
}

TEST_P(EngagementTest, HowHitsAreSplitIntoBatchesChangesNothing) {
  std::vector<Hit> hits;
  for (int i = 0; i < 80; ++i) hits.push_back(some_hit());
  record(hits);
  const std::string_view all =
      "SELECT message_id, opens, clicks, machine_opens, machine_clicks, COALESCE(opened_at, 0),"
      " COALESCE(clicked_at, 0) FROM engagement";
  const auto at_once = rows(all, 1);
  write([](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "DELETE FROM engagement"}));
    return {};
  });
  for (const Hit& hit : hits) record({hit});
  EXPECT_EQ(rows(all, 1), at_once);
}

TEST_P(EngagementTest, APersonsClickIsAnInteractionAndAMachinesIsNone) {
  write([](db::Connection& c) -> Result<void> {
    for (const int id : {1001, 1002, 1003}) {
      TRY(c.execute({"",
                     "INSERT INTO contact (organisation_id, id, created_at, changed_at)"
                     " VALUES ($1, $2, 0, 0)"},
                    {kOrganisation, id}));
    }
    return {};
  });
  const auto hit = [](int message, int number, std::string_view agent) {
    return Hit{.organisation_id = kOrganisation,
               .message_id = MessageId{message},
               .number = number,
               .occurred_at = kLater,
               .user_agent = std::string(agent)};
  };
  record({hit(1, 1, "Mozilla/5.0 Firefox/120"), hit(2, 1, "curl/8"),
          hit(3, 0, "Mozilla/5.0 Firefox/120")});
  const auto at = rows("SELECT id, COALESCE(last_interaction_at, 0) FROM contact", 1);
  EXPECT_EQ(at.at({1001}), Row{to_micros(kLater)});
  EXPECT_EQ(at.at({1002}), Row{0});
  EXPECT_EQ(at.at({1003}), Row{0}) << "an opened message is none";
}

TEST_P(EngagementTest, WhatAPersonOpenedDidArrive) {
  // The last one has not been sent so far.
  const auto last = claim(ledger_, 1).at(0).id;
  settle({settlement(last.value, OutcomeKind::uncertain)});
  EXPECT_EQ(figures().uncertain, 1);
  Hit hit{.organisation_id = kOrganisation, .message_id = last, .occurred_at = kLater};
  record({hit});
  EXPECT_EQ(figures().uncertain, 1) << "a machine's is no proof of more than that";
  hit.user_agent = "Mozilla/5.0 Firefox/120";
  record({hit, hit});
  EXPECT_EQ(state_of(static_cast<int>(last.value)), int(MessageState::sent));
  EXPECT_EQ(status_of(static_cast<int>(last.value)), int(Status::opened));
  EXPECT_EQ(figures().sent, kMessages);
  expect_counters_are_true();
}

}  // namespace
}  // namespace tidings::delivery
