// Who is told of what, and how often, on both databases.
#include "edge/cli/alerts.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "delivery/testing/make_campaign.h"

namespace tidings::cli {
namespace {

constexpr OrganisationId kOrganisation{7};

class StillClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void pass(Duration time) { now_ += time; }

 private:
  Instant now_ = from_micros(1'800'000'000'000'000);
};

class AlertsTest : public testing::TestWithParam<db::testing::Kind> {
 protected:
  AlertsTest() {
    write([](db::Connection& c) {
      return delivery::make_campaigns(c, kOrganisation, {CampaignId{70}});
    });
    run("UPDATE campaign SET name = 'May', started_at = 1799990000000000");
    run("INSERT INTO campaign_counter (organisation_id, campaign_id, node_number, sent)"
        " VALUES (7, 70, 1, 1000)");
    member(1, "owner@club.example", "owner");
    member(2, "editor@club.example", "editor");
    member(3, "administrator@club.example", "administrator");
  }
  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  void run(const std::string& sql) {
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"", sql}, {}));
      return {};
    });
  }
  void member(int id, const std::string& email, const std::string& role) {
    run(
        fmt::format("INSERT INTO user_account (id, email, normalised, name, locale, password_hash,"
                    " created_at, changed_at) VALUES ({0}, '{1}', '{1}', '', 'en', '', 0, 0)",
                    id, email));
    run(
        fmt::format("INSERT INTO membership (organisation_id, user_id, role, created_at,"
                    " changed_at) VALUES (7, {}, '{}', 0, 0)",
                    id, role));
  }
  void complain(int count) {
    run(fmt::format("UPDATE campaign_counter SET marked_as_spam = {}", count));
  }
  int look() {
    const auto mails = alerts_.look();
    EXPECT_TRUE(mails) << mails.error().message;
    return mails.value_or(-1);
  }

  db::testing::TestDatabase database_{GetParam()};
  StillClock clock_;
  std::vector<AlertMail> mails_;
  std::vector<std::string> said_;
  std::string refusal_;
  std::vector<report::Occasion> also_;
  Alerts alerts_{{.database = &*database_,
                  .clock = &clock_,
                  .folder = "/nowhere/to/be/found",
                  .also = [this] { return also_; },
                  .send = [this](const AlertMail& mail) -> Result<void> {
                    if (!refusal_.empty()) return fail(ErrorKind::unavailable, "x", refusal_);
                    mails_.push_back(mail);
                    return {};
                  },
                  .say = [this](std::string_view what) { said_.emplace_back(what); }}};
};
INSTANTIATE_TEST_SUITE_P(On, AlertsTest, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(AlertsTest, ComplaintsOverOneInAThousandAreToldToTheOwnerOnce) {
  EXPECT_EQ(look(), 0);
  complain(1);
  EXPECT_EQ(look(), 0) << "one of a thousand is the limit";
  complain(2);
  EXPECT_EQ(look(), 1);
  ASSERT_EQ(mails_.size(), 1U);
  EXPECT_EQ(mails_[0].to, "owner@club.example");
  EXPECT_EQ(mails_[0].subject, "Campaign “May” is in trouble");
  for (int hour = 0; hour < 60; ++hour) {
    clock_.pass(std::chrono::minutes(61));
    complain(2 + hour);
    EXPECT_EQ(look(), 0) << hour;
  }
  run("UPDATE campaign SET state = 7, reason = 'the sender is not verified'");
  EXPECT_EQ(look(), 1) << "another trouble of the same campaign";
  EXPECT_TRUE(mails_[1].text.contains("the sender is not verified"));
}

TEST_P(AlertsTest, AnOccasionThatWasOverForADayIsANewOne) {
  complain(5);
  EXPECT_EQ(look(), 1);
  complain(0);
  clock_.pass(std::chrono::hours(2));
  EXPECT_EQ(look(), 0);
  complain(5);
  EXPECT_EQ(look(), 0) << "it comes and goes";
  complain(0);
  clock_.pass(std::chrono::hours(30));
  EXPECT_EQ(look(), 0);
  complain(5);
  EXPECT_EQ(look(), 1);
  EXPECT_NE(mails_[0].key, mails_[1].key);
}

TEST_P(AlertsTest, WhatCannotBeMailedIsSaidOnceAndMailedWhenItCan) {
  refusal_ = "There is no sender yet.";
  complain(5);
  EXPECT_EQ(look(), 0);
  EXPECT_EQ(look(), 0);
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_TRUE(said_[0].contains("There is no sender yet."));
  refusal_.clear();
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(look(), 0);
}

TEST_P(AlertsTest, WithoutAnOwnerTheAdministratorIsToldAndNobodyWhoIsDisabled) {
  run("UPDATE membership SET disabled_at = 1 WHERE user_id = 1");
  complain(5);
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(mails_[0].to, "administrator@club.example");
}

TEST_P(AlertsTest, ADomainThatLacksWhatSendingNeedsIsToldADayAfterItWasAdded) {
  run("INSERT INTO sending_domain (organisation_id, id, name, created_at, changed_at, checked_at,"
      " findings) VALUES (7, 1, 'club.example', 1800000000000000, 0, 1, '[]')");
  EXPECT_EQ(look(), 0);
  clock_.pass(std::chrono::hours(25));
  EXPECT_EQ(look(), 1);
  EXPECT_TRUE(mails_[0].subject.contains("club.example"));
}

TEST_P(AlertsTest, WhatElseTheMachineLacksIsToldToo) {
  also_.push_back({"disk/hits", "The disk does not keep it", "Look at it."});
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(mails_.at(0).subject, "The disk does not keep it");
  EXPECT_EQ(look(), 0);
}

TEST(DiskOccasionTest, BeginsAboveEightyFivePercent) {
  EXPECT_TRUE(report::disk_occasion(0, 0).empty());
  EXPECT_TRUE(report::disk_occasion(1000, 150).empty());
  EXPECT_TRUE(report::disk_occasion(1000, 2000).empty());
  ASSERT_EQ(report::disk_occasion(1000, 130).size(), 1U);
  EXPECT_EQ(report::disk_occasion(1000, 0)[0].subject, "The disk is 100 % full");
}

}  // namespace
}  // namespace tidings::cli
