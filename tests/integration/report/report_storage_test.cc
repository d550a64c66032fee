// What report tells of rows that compose and delivery really wrote, on both databases.
#include <algorithm>

#include <gtest/gtest.h>

#include "db/testing/expect_plan.h"
#include "frozen_campaigns.h"
#include "report/campaign_report.h"
#include "report/communications.h"
#include "report/message_log.h"
#include "report/timeline.h"

namespace tidings::report {
namespace {

// Two campaigns of three days apart: "Spring" to 1200 people (two pages and more of the log), the
// second of which has a guardian's History too, and "Autumn" with an attachment to 3.
class ReportTest : public FrozenCampaigns {
 protected:
  void SetUp() override {
    spring_ = start(letter("Spring for {{ contact.first_name }}"));
    enqueue(spring_, 1200, 1);
    clock_.at += std::chrono::days(3);
    delivery::EmailContent autumn = with_attachment(letter("Autumn"));
    autumn.message_id_domain = "id.example";
    autumn_ = start(autumn);
    enqueue(autumn_, 3, 5001);
  }

  void enqueue(const compose::Campaign& campaign, int count, int first_contact) {
    std::vector<delivery::NewMessage> messages;
    for (int i = 0; i < count; ++i) {
      delivery::NewMessage message;
      message.id = ids_.next<MessageId>();
      message.contact_id = ContactId{first_contact + i};
      message.about = {message.contact_id};
      if (i == 1) message.about.push_back(ContactId{99'999});
      message.address = "Person" + std::to_string(first_contact + i) + "@X.org";
      message.normalised = "person" + std::to_string(first_contact + i) + "@x.org";
      message.values_hash = i;
      message.values = R"({"first_name":"Ann )" + std::to_string(i) + "\"}";
      if (i == 2) {
        message.state = MessageState::skipped;
        message.reason = "no address";
        message.address = message.normalised = "";
      }
      messages.push_back(std::move(message));
    }
    write([&](db::Connection& c) {
      return ledger_.enqueue(c, {kOrganisation, campaign.id, campaign.content_version_id, {}, {}},
                             messages, clock_.at);
    });
  }
  std::vector<LogEntry> told(const LogFilter& filter, LogOrder order = LogOrder::oldest_first,
                             OrganisationId organisation = kOrganisation) {
    std::vector<LogEntry> entries;
    MessageLog log(*database_, organisation);
    const auto read = log.each(filter, order, [&](const LogEntry& entry) {
      entries.push_back(entry);
      return true;
    });
    EXPECT_TRUE(read) << read.error().message;
    const auto count = log.count(filter, 1'000'000);
    EXPECT_EQ(count.value_or(-1), std::ssize(entries));
    return entries;
  }

  compose::Campaign spring_;
  compose::Campaign autumn_;
};

INSTANTIATE_TEST_SUITE_P(On, ReportTest, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(ReportTest, TellsEveryMessageOnceInBothOrders) {
  const auto oldest = told({});
  ASSERT_EQ(oldest.size(), 1203u);
  EXPECT_TRUE(std::ranges::is_sorted(oldest, std::ranges::less_equal(), &LogEntry::id));
  auto newest = told({}, LogOrder::newest_first);
  std::ranges::reverse(newest);
  EXPECT_TRUE(std::ranges::equal(oldest, newest, {}, &LogEntry::id, &LogEntry::id));
  EXPECT_TRUE(told({}, LogOrder::oldest_first, OrganisationId{8}).empty());
}

TEST_P(ReportTest, TellsAMessageAsItWasQueued) {
  const auto entries = told({.campaign = spring_.id});
  ASSERT_EQ(entries.size(), 1200u);
  const LogEntry& first = entries[0];
  EXPECT_EQ(first.subject, "Spring for Ann 0");
  EXPECT_EQ(first.sender, "Our Club <news@club.example>");
  EXPECT_EQ(first.address, "Person1@X.org");
  EXPECT_EQ(first.message_id_domain, "club.example");
  EXPECT_EQ(first.contact_ids, std::vector{ContactId{1}});
  EXPECT_EQ(first.queued_at, kStart);
  EXPECT_EQ(entries[1].contact_ids, (std::vector{ContactId{2}, ContactId{99'999}}));
  EXPECT_EQ(entries[2].address, "");
  EXPECT_EQ(entries[2].status, Status::skipped);
  EXPECT_EQ(entries[2].reason, "no address");
  EXPECT_EQ(told({.campaign = autumn_.id})[0].message_id_domain, "id.example");
}

TEST_P(ReportTest, EachFilterKeepsWhatItSays) {
  const Instant between = kStart + std::chrono::days(1);
  EXPECT_EQ(told({.from = between}).size(), 3u);
  EXPECT_EQ(told({.until = between}).size(), 1200u);
  EXPECT_EQ(told({.from = kStart, .until = kStart}).size(), 0u);
  EXPECT_EQ(told({.from = kStart, .until = kStart + Duration(1)}).size(), 1200u);
  EXPECT_EQ(told({.has_attachments = true}).size(), 3u);
  EXPECT_EQ(told({.has_attachments = false}).size(), 1200u);
  EXPECT_EQ(told({.statuses = {Status::skipped}}).size(), 2u);
  EXPECT_EQ(told({.statuses = {Status::skipped, Status::queued}}).size(), 1203u);
  EXPECT_EQ(told({.statuses = {Status::uncertain}}).size(), 0u);
  EXPECT_EQ(told({.kinds = {MessageKind::transactional}}).size(), 0u);
  EXPECT_EQ(told({.kinds = {MessageKind::campaign}, .channel = Channel::email}).size(), 1203u);
  EXPECT_EQ(told({.channel = Channel::sms}).size(), 0u);
  EXPECT_EQ(told({.sender = "OUR club"}).size(), 1203u);
  EXPECT_EQ(told({.sender = "nobody"}).size(), 0u);
  EXPECT_EQ(told({.text = "ANN 77"}).size(), 11u);  // 77 and 770 to 779
  EXPECT_EQ(told({.text = "person5001@"}).size(), 1u);
  EXPECT_EQ(told({.contact = ContactId{2}}).size(), 1u);
  EXPECT_EQ(told({.contact = ContactId{99'999}}).size(), 2u);
  EXPECT_EQ(told({.campaign = autumn_.id, .contact = ContactId{99'999}}).size(), 1u);
}

TEST_P(ReportTest, AnUnknownCampaignOrMessageIsSaidSo) {
  MessageLog log(*database_, kOrganisation);
  const auto each = log.each({.campaign = CampaignId{1}}, LogOrder::oldest_first,
                             [](const LogEntry&) { return true; });
  ASSERT_FALSE(each);
  EXPECT_EQ(each.error().code, "campaign.not_found");
  EXPECT_EQ(log.find(MessageId{1}).error().code, "message.not_found");
  const MessageId known = told({.campaign = autumn_.id})[0].id;
  EXPECT_TRUE(log.find(known));
  EXPECT_FALSE(MessageLog(*database_, OrganisationId{8}).find(known));
}

TEST_P(ReportTest, StopsWhenNobodyWantsMore) {
  MessageLog log(*database_, kOrganisation);
  int seen = 0;
  ASSERT_TRUE(log.each({}, LogOrder::newest_first, [&](const LogEntry&) { return ++seen < 7; }));
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(log.count({}, 10), 10);
  EXPECT_EQ(log.count({}, 0), 0);
}

TEST_P(ReportTest, FollowsAMessageThroughItsAttempts) {
  std::vector<delivery::ClaimedMessage> claimed;
  write([&](db::Connection& c) -> Result<void> {
    claimed = TRY(ledger_.claim(c, kOrganisation, autumn_.id, 2, clock_.at));
    std::vector<delivery::Settlement> settled;
    for (const auto& message : claimed) {
      delivery::Settlement each{kOrganisation, autumn_.id, 1, {}, clock_.at, "a record"};
      each.outcome.message_id = message.id;
      each.outcome.kind = settled.empty() ? OutcomeKind::deferred : OutcomeKind::bounced;
      each.outcome.reason = settled.empty() ? "greylisted" : "user_unknown";
      each.outcome.reply_text = "the remote words";
      each.due_at = clock_.at + std::chrono::minutes(5);
      settled.push_back(each);
    }
    TRY(ledger_.settle(c, ledger_.node(), settled, clock_.at));
    return {};
  });
  ASSERT_EQ(claimed.size(), 2u);
  ASSERT_TRUE(database_->read([&](db::Connection& c) -> Result<void> {
    const auto events = TRY(timeline(c, kOrganisation, claimed[1].id));
    EXPECT_EQ(events.size(), 1u);
    EXPECT_EQ(events.at(0).type, EventType::bounced);
    EXPECT_TRUE(events.at(0).data.contains("the remote words"));
    EXPECT_EQ(TRY(body_record(c, kOrganisation, claimed[1].id)), "a record");
    EXPECT_EQ(TRY(body_record(c, OrganisationId{8}, claimed[1].id)), "");
    EXPECT_TRUE(TRY(timeline(c, OrganisationId{8}, claimed[1].id)).empty());
    EXPECT_EQ(TRY(next_attempt(c, kOrganisation, autumn_.id)), clock_.at + std::chrono::minutes(5));
    EXPECT_EQ(TRY(next_attempt(c, kOrganisation, spring_.id)), std::nullopt);
    EXPECT_EQ(TRY(next_attempt(c, OrganisationId{8}, autumn_.id)), std::nullopt);
    EXPECT_EQ(TRY(campaign_subject(c, kOrganisation, autumn_.content_version_id)), "Autumn");
    const auto why = TRY(reasons(c, kOrganisation, autumn_.id));
    EXPECT_EQ(why.size(), 3u);
    EXPECT_EQ(why.at(0).count, 1);
    EXPECT_TRUE(TRY(reasons(c, OrganisationId{8}, autumn_.id)).empty());
    return {};
  }));
  const auto entry = MessageLog(*database_, kOrganisation).find(claimed[0].id);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->status, Status::deferred);
  EXPECT_EQ(entry->attempts, 1);
  EXPECT_FALSE(entry->is_ambiguous);
}

TEST_P(ReportTest, NoStatementReadsAWholeTable) {
  for (const auto list :
       {message_log_statements(), content_facts_statements(), timeline_statements(),
        campaign_report_statements(), communication_statements()}) {
    for (const db::Statement& statement : list) {
      if (statement.name == "report.next_attempt") {
        // In the order of an index that holds deferred messages only.
        EXPECT_TRUE(
            db::testing::plan_of(*database_, statement).value().contains("message_deferred"));
        continue;
      }
      // A key of the organisation alone would be searched, and be all of it.
      if (const auto plan = db::testing::plan_of(*database_, statement).value();
          statement.sql.contains("is_recipient")) {
        EXPECT_TRUE(plan.contains("message_about_others")) << statement.name << "\n" << plan;
      }
      db::testing::expect_plan(*database_, statement,
                               {"message", "m", "message_about", "a", "o", "event", "message_body",
                                "content_version", "campaign"});
    }
  }
}

}  // namespace
}  // namespace tidings::report
