// What tests of the ledger share: an organisation with two campaigns on a database of its own, and
// steps in a message's life. Thread: the test's.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "delivery/ledger.h"
#include "delivery/testing/make_campaign.h"

namespace tidings::delivery {

inline constexpr OrganisationId kOrganisation{7};
inline constexpr CampaignId kCampaign{70};
inline constexpr CampaignKeys kKeys{kOrganisation, kCampaign, ContentVersionId{71}, {}, {}};
inline constexpr Instant kNow = from_micros(1'800'000'000'000'000);
inline constexpr Instant kLater = kNow + std::chrono::hours(1);

class LedgerTest : public testing::TestWithParam<db::testing::Kind> {
 protected:
  LedgerTest() {
    write([](db::Connection& c) -> Result<void> {
      TRY(make_campaigns(c, kOrganisation, {kCampaign, CampaignId{80}}));
      return {};
    });
  }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  template <typename F>
  auto value(F work) {
    auto got = database_->write_value(db::Priority::ledger, work);
    EXPECT_TRUE(got) << got.error().message;
    return *std::move(got);
  }

  // Messages 1..count to person<id>@x.org.
  void enqueue(int count, const CampaignKeys& keys = kKeys, int first = 1) {
    std::vector<NewMessage> messages;
    for (int id = first; id < first + count; ++id) messages.push_back(message(id));
    write([&](db::Connection& c) { return ledger_.enqueue(c, keys, messages, kNow); });
  }
  static NewMessage message(int id) {
    NewMessage made;
    made.id = MessageId{id};
    made.contact_id = ContactId{id + 1000};
    made.about = {made.contact_id};
    made.address = "Person" + std::to_string(id) + "@x.org";
    made.normalised = "person" + std::to_string(id) + "@x.org";
    made.values_hash = id;
    made.values = "{}";
    return made;
  }
  std::vector<ClaimedMessage> claim(const Ledger& ledger, int limit, Instant now = kNow) {
    return value(
        [&](db::Connection& c) { return ledger.claim(c, kOrganisation, kCampaign, limit, now); });
  }
  static Settlement settlement(std::int64_t id, OutcomeKind kind, int attempt = 1) {
    Settlement made{kOrganisation, kCampaign, attempt, {}, kLater, "record of attempt 1"};
    made.outcome.message_id = MessageId{id};
    made.outcome.kind = kind;
    made.outcome.reason = "because";
    made.outcome.started_at = made.outcome.ended_at = kNow;
    return made;
  }
  std::vector<bool> settle(const std::vector<Settlement>& settlements, NodeId lease = NodeId{5}) {
    return value([&](db::Connection& c) { return ledger_.settle(c, lease, settlements, kNow); });
  }
  std::int64_t number(std::string_view sql) {
    std::int64_t found = -1;
    write([&](db::Connection& c) {
      return c.query({"", sql}, {}, [&](const db::Row& row) { found = row.integer(0); });
    });
    return found;
  }
  std::int64_t state_of(int id) {
    return number("SELECT state FROM message WHERE id = " + std::to_string(id));
  }
  std::int64_t status_of(int id) {
    return number("SELECT status FROM message WHERE id = " + std::to_string(id));
  }
  std::int64_t events_of(int id) {
    return number("SELECT COUNT(*) FROM event WHERE message_id = " + std::to_string(id));
  }
  CampaignFigures figures() {
    return value([](db::Connection& c) { return Ledger::figures(c, kOrganisation, kCampaign); });
  }
  void expect_counters_are_true() {
    const CampaignFigures counted =
        value([](db::Connection& c) { return Ledger::recount(c, kOrganisation, kCampaign); });
    const CampaignFigures kept = figures();
    const auto all = [](const CampaignFigures& f) {
      return std::vector{
          f.queued,   f.sending,         f.deferred,      f.held,    f.sent,
          f.bounced,  f.failed,          f.uncertain,     f.skipped, f.skipped_no_address,
          f.dropped,  f.cancelled,       f.unsubscribed,  f.blocked, f.delivered,
          f.returned, f.returned_unseen, f.marked_as_spam};
    };
    EXPECT_EQ(all(kept), all(counted));
  }

  db::testing::TestDatabase database_{GetParam()};
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  Ledger ledger_{ids_, NodeId{5}, 1};
  Ledger other_{ids_, NodeId{6}, 2};
};

class DirectTest : public LedgerTest {
 protected:
  static constexpr TransportId kTransport{60};
  static constexpr CampaignId kLane = direct_lane(kTransport);

  DirectTest() {
    write([](db::Connection& c) -> Result<void> {
      TRY(c.execute({"test.transport",
                     "INSERT INTO transport (organisation_id, id, url, created_at)"
                     " VALUES ($1, 60, 'sandbox:', 0)"},
                    {kOrganisation}));
      return {};
    });
  }
  void add(int id, MessageState state = MessageState::waiting) {
    DirectMessage direct;
    direct.organisation_id = kOrganisation;
    direct.message = message(id);
    direct.message.state = state;
    direct.message.reason = state == MessageState::waiting ? "" : "bounce";
    direct.content_version_id = ContentVersionId{71};
    direct.transport_id = kTransport;
    direct.sent_by = "shop";
    write([&](db::Connection& c) { return ledger_.add_direct(c, {&direct, 1}, kNow); });
  }
  std::vector<ClaimedMessage> claim_direct(int limit, Instant now = kNow) {
    return value(
        [&](db::Connection& c) { return ledger_.claim(c, kOrganisation, kLane, limit, now); });
  }
  Settlement outcome(int id, OutcomeKind kind, int attempt = 1, Instant due = kLater) {
    Settlement made = settlement(id, kind, attempt);
    made.campaign_id = kLane;
    made.due_at = due;
    return made;
  }
  std::pair<int, int> state_and_status(int id) {
    return value([&](db::Connection& c) -> Result<std::pair<int, int>> {
      std::pair<int, int> found{-1, -1};
      TRY(c.query({"test.state", "SELECT state, status FROM message WHERE id = $1"}, {id},
                  [&](const db::Row& row) { found = {int(row.integer(0)), int(row.integer(1))}; }));
      return found;
    });
  }
  std::string code(const std::function<Result<void>(db::Connection&)>& work) {
    const auto done = database_->write(db::Priority::ledger, work);
    return done ? "" : done.error().code;
  }
};
}  // namespace tidings::delivery
