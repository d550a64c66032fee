// Messages and the answers to them in one list: against everything read at once and sorted, page by
// page, both ways, with every filter.
#include "report/communications.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "frozen_campaigns.h"
#include "report/message_export.h"
#include "report/send_outs.h"
#include "report/statistics.h"

namespace tidings::report {
namespace {

constexpr db::Statement kAnswer{
    "test.answer",
    "INSERT INTO returned_mail (organisation_id, id, source, envelope_from, envelope_to, digest,"
    " size, received_at, state, due_at, attempts, read_at, kind, outcome, reason, message_id,"
    " campaign_id, contact_id, sender, subject, body_text, recipients)"
    " VALUES ($1, $2, 'smtp', '', $3, $4, 1, $5, 1, $5, 1, $5, $6, $7, '', $8, $9, $10, $11, $12,"
    " 'Thank you', '[]')"};

class CommunicationsTest : public FrozenCampaigns {
 protected:
  void SetUp() override {
    // Three people get two campaigns each, day by day; the first two of them answer, Ann twice.
    for (const char* subject : {"Spring", "Autumn"}) {
      const compose::Campaign campaign = start(letter(subject));
      campaigns_.push_back(campaign.id);
      for (int i = 0; i < 3; ++i) {
        const MessageId message = enqueue(campaign, ContactId{501 + i});
        const std::string subject_of = std::string("Re: ") + subject;
        if (i < 2) answer(message, campaign.id, ContactId{501 + i}, "reply", "applied", subject_of);
        if (i == 0) answer(message, campaign.id, ContactId{501}, "reply", "applied", "Élan vital");
        answer(message, campaign.id, ContactId{501 + i}, "auto-reply", "applied", "Away");
        answer(message, campaign.id, ContactId{501 + i}, "reply", "unverified", "Forged");
        clock_.at += std::chrono::days(1);
      }
    }
  }

  MessageId enqueue(const compose::Campaign& campaign, ContactId contact) {
    clock_.at += std::chrono::minutes(1);
    delivery::NewMessage message;
    message.id = ids_.next<MessageId>();
    message.contact_id = contact;
    message.about = {contact};
    message.address = message.normalised = "person" + to_text(contact) + "@x.org";
    message.values_hash = contact.value;
    message.values = "{}";
    write([&](db::Connection& c) {
      return ledger_.enqueue(c, {kOrganisation, campaign.id, campaign.content_version_id, {}, {}},
                             std::span(&message, 1), clock_.at);
    });
    return message.id;
  }
  void answer(MessageId message, CampaignId campaign, ContactId contact, std::string_view kind,
              std::string_view outcome, std::string_view subject) {
    clock_.at += std::chrono::minutes(1);
    const std::int64_t id = ids_.next<MessageId>().value;
    const std::string once = std::to_string(id);
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute(kAnswer, {kOrganisation, id, once, db::BytesView(once), clock_.at, kind,
                              outcome, message, campaign, contact, "ann@x.org", subject}));
      return {};
    });
  }

  // Ids of all pages, an answer's negative.
  std::vector<std::int64_t> told(CommunicationQuery query,
                                 OrganisationId organisation = kOrganisation) {
    std::vector<std::int64_t> ids;
    for (int page = 0; page < 100; ++page) {
      const auto found = Communications(*database_, organisation).list(query);
      EXPECT_TRUE(found) << found.error().message;
      if (!found) return ids;
      EXPECT_LE(std::ssize(found->items), query.messages.limit);
      for (const Communication& one : found->items) {
        const auto* entry = std::get_if<LogEntry>(&one);
        ids.push_back(entry ? entry->id.value : -std::get<ReceivedAnswer>(one).id);
      }
      query.messages.cursor = found->page.next_cursor;
      if (query.messages.cursor.empty()) return ids;
    }
    ADD_FAILURE() << "the list does not end";
    return ids;
  }
  // The same in one page, whatever the limit.
  std::vector<std::int64_t> whole(CommunicationQuery query) {
    query.messages.limit = 200;
    auto ids = told(query);
    std::ranges::sort(ids, [&](std::int64_t a, std::int64_t b) {
      return query.messages.is_descending ? std::abs(a) > std::abs(b) : std::abs(a) < std::abs(b);
    });
    return ids;
  }
  static std::pair<std::ptrdiff_t, std::ptrdiff_t> amounts(const std::vector<std::int64_t>& ids) {
    const auto answers = std::ranges::count_if(ids, [](std::int64_t id) { return id < 0; });
    return {std::ssize(ids) - answers, answers};
  }

  std::vector<CampaignId> campaigns_;
};

using Amounts = std::pair<std::ptrdiff_t, std::ptrdiff_t>;

INSTANTIATE_TEST_SUITE_P(On, CommunicationsTest, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(CommunicationsTest, every_page_size_and_direction_tells_each_once_in_order) {
  for (const bool is_descending : {true, false}) {
    for (const auto& [has_messages, has_answers] :
         {std::pair(true, true), {false, true}, {true, false}}) {
      CommunicationQuery query{{}, has_messages, has_answers};
      query.messages.is_descending = is_descending;
      const auto expected = whole(query);
      EXPECT_EQ(amounts(expected), Amounts(has_messages ? 6 : 0, has_answers ? 6 : 0));
      for (int limit = 1; limit <= 13; ++limit) {
        query.messages.limit = limit;
        EXPECT_EQ(told(query), expected) << limit;
      }
    }
  }
}

TEST_P(CommunicationsTest, the_log_tells_the_same_in_order) {
  CommunicationLog log(*database_, kOrganisation);
  for (const bool is_descending : {true, false}) {
    for (const LoggedKinds kinds : {LoggedKinds(), {.messages = false}, {.answers = false}}) {
      for (const std::string text : {"", "spring"}) {
        CommunicationQuery query{{}, kinds.messages, kinds.answers};
        query.messages.is_descending = is_descending;
        query.messages.filter.text = text;
        const auto expected = whole(query);
        std::vector<std::int64_t> ids;
        std::size_t most = 1'000;
        const auto read = [&] {
          ids.clear();
          const auto take = [&](std::int64_t id) {
            ids.push_back(id);
            return ids.size() < most;
          };
          const auto told_all =
              log.each(query.messages.filter, kinds,
                       is_descending ? LogOrder::newest_first : LogOrder::oldest_first,
                       {.message = [&](const LogEntry& entry) { return take(entry.id.value); },
                        .answer = [&](const ReceivedAnswer& one) { return take(-one.id); }});
          EXPECT_TRUE(told_all) << told_all.error().message;
        };
        read();
        EXPECT_EQ(ids, expected);
        for (most = 1; most <= expected.size(); ++most) {
          read();
          EXPECT_EQ(ids.size(), most);
        }
        EXPECT_EQ(log.count(query.messages.filter, kinds, 100), std::ssize(expected));
        EXPECT_EQ(log.count(query.messages.filter, kinds, 1), expected.empty() ? 0 : 1);
      }
    }
  }
}

TEST_P(CommunicationsTest, the_export_says_which_way_each_went) {
  MessageExport all(*database_, kOrganisation, {});
  std::string csv;
  while (*all.next(csv)) {
  }
  const auto lines = [&](std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = csv.find(what); at != std::string::npos; at = csv.find(what, at + 1)) {
      ++count;
    }
    return count;
  };
  EXPECT_EQ(all.count(), 12);
  EXPECT_EQ(lines(",out,"), 6u) << csv;
  EXPECT_EQ(lines(",in,"), 6u) << csv;
  EXPECT_EQ(lines(",reply,email,,Re: Spring,ann@x.org,received,"), 2u) << csv;
}

TEST_P(CommunicationsTest, campaigns_say_how_many_messages_were_answered) {
  const auto found = SendOuts(*database_, kOrganisation).list({});
  ASSERT_TRUE(found && found->items.size() == 2) << found.error().message;
  for (const SendOut& one : found->items) EXPECT_EQ(one.answered, 2);
  const auto figures = database_->read_value([&](db::Connection& connection) {
    return statistics(connection, kOrganisation, campaigns_[0], {});
  });
  ASSERT_TRUE(figures) << figures.error().message;
  const auto at = std::ranges::find(figures->along_the_way, "answered", &Figure::figure);
  ASSERT_NE(at, figures->along_the_way.end());
  EXPECT_EQ(at->people, 2);
}

TEST_P(CommunicationsTest, filters_hold_for_answers_too) {
  const auto of = [&](const LogFilter& filter, int limit = 2) {
    CommunicationQuery query{};
    query.messages.filter = filter;
    query.messages.limit = limit;
    const auto ids = told(query);
    EXPECT_EQ(ids, whole(query));
    return amounts(ids);
  };
  EXPECT_EQ(of({.contact = ContactId{501}}), Amounts(2, 4));
  EXPECT_EQ(of({.contact = ContactId{502}}), Amounts(2, 2));
  EXPECT_EQ(of({.contact = ContactId{503}}), Amounts(2, 0));
  EXPECT_EQ(of({.campaign = campaigns_[1]}), Amounts(3, 3));
  EXPECT_EQ(of({.text = "spring"}), Amounts(3, 2));
  EXPECT_EQ(of({.text = "éLAN"}), Amounts(0, 2));
  EXPECT_EQ(of({.sender = "ANN@x"}), Amounts(0, 6));
  EXPECT_EQ(of({.sender = "our club"}), Amounts(6, 0));
  EXPECT_EQ(of({.channel = Channel::sms}), Amounts(0, 0));
  EXPECT_EQ(of({.has_attachments = false}), Amounts(6, 0));
  const Instant half = clock_.at - std::chrono::days(3);
  const Amounts later = of({.from = half});
  const Amounts before = of({.until = half});
  EXPECT_EQ(later.second + before.second, 6);
  EXPECT_GT(later.second, 0);
  EXPECT_GT(before.second, 0);
  EXPECT_EQ(told({}, kOther), std::vector<std::int64_t>());
}

TEST_P(CommunicationsTest, sorted_by_anything_else_there_are_only_messages) {
  CommunicationQuery query{};
  query.messages.sort = MessageSort::address;
  EXPECT_EQ(amounts(told(query)), Amounts(6, 0));
}

TEST_P(CommunicationsTest, answers_to_what_was_deleted_from_the_history_are_not_told) {
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE campaign SET deleted_at = 1 WHERE organisation_id = $1 AND id = $2"},
                  {kOrganisation, campaigns_[0]}));
    return {};
  });
  EXPECT_EQ(amounts(told({})), Amounts(3, 3));
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"",
                   "UPDATE message SET deleted_at = 1 WHERE organisation_id = $1"
                   " AND contact_id = 501"},
                  {kOrganisation}));
    return {};
  });
  EXPECT_EQ(amounts(told({})), Amounts(2, 1));
}

TEST_P(CommunicationsTest, a_text_that_nobody_wrote_is_not_looked_for_without_end) {
  const MessageId message = MessageId{1};
  for (int i = 0; i < 450; ++i) {
    answer(message, campaigns_[0], ContactId{501}, "reply", "applied", i == 0 ? "Rare" : "Common");
  }
  CommunicationQuery query{};
  query.messages.filter.text = "rare";
  EXPECT_EQ(amounts(told(query)), Amounts(0, 1));
}

}  // namespace
}  // namespace tidings::report
