// From a followed link to the record of its message, on both databases: where it leads, what is
// stored under each of the organisation's choices, and what is not.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "delivery/prepare_email.h"
#include "feedback/hit_applier.h"
#include "feedback/hit_journal.h"
#include "feedback/testing/tracking_fixture.h"

namespace tidings::feedback {
namespace {

namespace fs = std::filesystem;
using delivery::Hit;
using identity::TrackingMode;
using wire::TokenPurpose;

class TrackingTest : public testing::TrackingFixture {};
INSTANTIATE_TEST_SUITE_P(On, TrackingTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(TrackingTest, ALinkLeadsWhereItWasFrozenToLead) {
  EXPECT_EQ(lead(message_, 1), "https://a.example/x?y=1&z=2");
  EXPECT_EQ(lead(message_, 2), "https://b.example/?id=A%207");
  for (const int number : {-1, 0, 3, 9999}) EXPECT_EQ(lead(message_, number), "link.unknown");
}

TEST_P(TrackingTest, NobodyFollowsWhatWeDidNotSign) {
  for (const auto purpose : {TokenPurpose::unsubscribe, TokenPurpose::view, TokenPurpose::bounce,
                             TokenPurpose::sender}) {
    EXPECT_EQ(targets_.follow(token(message_.value, purpose), content_, 1).error().code,
              "token.invalid");
  }
  std::string forged = token(message_.value);
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {forged, std::string(), std::string(32, 'A'), std::string("https://evil.example/")}) {
    EXPECT_EQ(targets_.follow(text, content_, 1).error().code, "token.invalid");
    EXPECT_EQ(targets_.shown(text, false).error().code, "token.invalid");
  }
  // A content version is no message, nor the other way round; another organisation's key signs
  // nothing of this one's.
  EXPECT_EQ(lead(MessageId{content_.value}, 1), "link.unknown");
  EXPECT_EQ(targets_.follow_total(token(message_.value), 1).error().code, "link.unknown");
  EXPECT_EQ(targets_.follow(token(message_.value), ContentVersionId{7}, 1).error().code,
            "link.unknown");
  const auto theirs = (*keys_.current(other_.id))->sign(message_).url(TokenPurpose::track);
  EXPECT_EQ(targets_.follow(theirs, content_, 1).error().code, "link.unknown");
  // What is in memory is the organisation's own, too.
  EXPECT_EQ(lead(message_, 1), "https://a.example/x?y=1&z=2");
  EXPECT_TRUE(targets_.follow_at_once(token(message_.value), content_, 1));
  EXPECT_FALSE(targets_.follow_at_once(theirs, content_, 1));
  EXPECT_FALSE(targets_.follow_at_once(forged, content_, 1));
  EXPECT_FALSE(targets_.follow_at_once(token(message_.value), content_, 2)) << "it holds values";
}

TEST_P(TrackingTest, TheMessageHoldsLinksThatLeadBack) {
  delivery::ClaimedMessage message;
  message.organisation_id = organisation_.id;
  message.campaign_id = delivery::direct_lane(TransportId{1});
  message.id = message_;
  message.content_version_id = content_;
  message.address = "anna@example.org";
  message.values = R"({"contact":{"external_id":"A 7"}})";
  delivery::EmailPreparer preparer(*database_, clock_,
                                   {"https://t.example", [&](OrganisationId organisation) {
                                      return keys_.current(organisation);
                                    }});
  const auto prepared = preparer.prepare(message);
  ASSERT_TRUE(prepared) << prepared.error().message;
  std::string octets = *(*prepared)->octets;
  for (std::size_t at = 0; (at = octets.find("=\r\n", at)) != std::string::npos;)
    octets.erase(at, 3);
  const std::string track = token(message_.value);
  EXPECT_NE(octets.find("<a href=3D\"https://t.example/c/" + track + "/" + to_text(content_) +
                        "/1\">one</a>"),
            std::string::npos)
      << octets;
  EXPECT_NE(octets.find("<a href=3D\"https://t.example/c/" + track + "/" + to_text(content_) +
                        "/2\">two</a>"),
            std::string::npos);
  EXPECT_NE(octets.find("https://t.example/o/" + track + ".gif"), std::string::npos);
  EXPECT_NE(octets.find("https://t.example/u/"), std::string::npos);
  // The plain text keeps them.
  EXPECT_NE(octets.find("one (https://a.example/x?y=3D1&z=3D2)"), std::string::npos) << octets;
}

TEST_P(TrackingTest, WhatAPersonDoesIsToldAndCountedAndRaisesTheStatus) {
  record({hit(message_, 0)});
  EXPECT_EQ(status(message_), int(Status::opened));
  record(
      {hit(message_, 1), hit(message_, 1), hit(message_, 0), hit(message_, 2), hit(message_, 9)});
  EXPECT_EQ(status(message_), int(Status::clicked));
  const auto events = told(message_);
  std::vector<int> types;
  for (const auto& event : events) types.push_back(event.type);
  EXPECT_EQ(types, (std::vector{int(EventType::image_loaded), int(EventType::opened),
                                int(EventType::link_followed), int(EventType::clicked),
                                int(EventType::link_followed), int(EventType::image_loaded),
                                int(EventType::link_followed)}));
  const auto facts = delivery::read_hit_data(events.at(2).data);
  EXPECT_EQ(facts.link, 1);
  EXPECT_EQ(facts.url, "https://a.example/x?y=1&z=2");
  EXPECT_EQ(facts.address, "");
  EXPECT_EQ(facts.user_agent, "Bro") << "what is text of it";
  EXPECT_EQ(facts.reason, HitReason::none);
  const auto counted = figures(content_);
  EXPECT_EQ(counted.picture.all, 2);
  EXPECT_EQ(counted.picture.people, 1);
  ASSERT_EQ(counted.links.size(), 2U);
  EXPECT_EQ(counted.links[0].hits.all, 2);
  EXPECT_EQ(counted.links[0].hits.people, 1);
  EXPECT_EQ(counted.links[1].hits.all, 1);
  EXPECT_TRUE(counted.links[1].is_template);
}

TEST_P(TrackingTest, AMachineIsKeptWithItsReasonAndRaisesNothing) {
  const std::int64_t before = status(message_);
  Hit apple = hit(message_, 0);
  apple.user_agent = "Mozilla/5.0";
  apple.address = "104.28.30.1";
  Hit scanner = hit(message_, 1);
  scanner.address = "209.222.82.1";
  Hit head = hit(message_, 1);
  head.is_head = true;
  record({apple, scanner, head});
  EXPECT_EQ(status(message_), before);
  const auto events = told(message_);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(delivery::read_hit_data(events[0].data).reason, HitReason::apple_mail_privacy);
  EXPECT_EQ(delivery::read_hit_data(events[1].data).reason, HitReason::scanner_network);
  EXPECT_EQ(delivery::read_hit_data(events[2].data).reason, HitReason::head);
  EXPECT_EQ(figures(content_).picture.machines, 1);
  EXPECT_EQ(figures(content_).links.at(0).hits.machines, 2);
  EXPECT_EQ(figures(content_).links.at(0).hits.people, 0);
}

TEST_P(TrackingTest, AClickOpensItsMessage) {
  record({hit(message_, 1)});
  EXPECT_EQ(status(message_), int(Status::clicked));
  record({hit(message_, 0)});
  EXPECT_EQ(status(message_), int(Status::clicked));
  const auto events = told(message_);
  EXPECT_EQ(events.size(), 3U) << "opened is not told once more";
}

TEST_P(TrackingTest, TheUnsubscribeLinkIsNoLinkThatIsFollowed) {
  // Two of the three links are tracked; the third leads to the page for unsubscribing.
  EXPECT_EQ(figures(content_).links.size(), 2U);
  for (const auto& link : figures(content_).links) {
    EXPECT_EQ(link.url.find("unsubscribe"), std::string::npos);
  }
}

TEST_P(TrackingTest, WhatIsAskedForBeforeItCouldBeReadIsAMachines) {
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"",
                   "INSERT INTO event (organisation_id, message_id, id, type, occurred_at,"
                   " recorded_at, source, data) VALUES ($1, $2, $3, 1, $4, 0, 'attempt', '{}')"},
                  {organisation_.id, message_, 77, from_micros(10'000'000)}));
    return {};
  });
  const auto at = [&](int number, std::int64_t millis) {
    Hit made = hit(message_, number);
    made.occurred_at = from_micros(10'000'000 + millis * 1000);
    return made;
  };
  record({at(0, -500), at(1, 1900)});
  EXPECT_NE(status(message_), int(Status::clicked));
  record({at(1, 2100)});
  EXPECT_EQ(status(message_), int(Status::clicked));
}

TEST_P(TrackingTest, OfAddressesIsKeptWhatTheOrganisationChose) {
  choose(TrackingMode::individual, identity::TrackedAddress::truncated);
  auto six = hit(message_, 1);
  six.address = "[2001:db8:1:2:3::4]";
  record({hit(message_, 1), six});
  choose(TrackingMode::individual, identity::TrackedAddress::whole);
  record({hit(message_, 1)});
  const auto events = told(message_);
  ASSERT_EQ(events.size(), 4U) << "the second is the click";
  EXPECT_EQ(delivery::read_hit_data(events[0].data).address, "192.0.2.0");
  EXPECT_EQ(delivery::read_hit_data(events[2].data).address, "2001:db8:1::");
  EXPECT_EQ(delivery::read_hit_data(events[3].data).address, "192.0.2.77");
}

TEST_P(TrackingTest, OfTotalsNobodyIsStored) {
  const ContentVersionId content = freeze(true);
  EXPECT_EQ(targets_.follow_total(token(content.value), 1)->location,
            "https://a.example/x?y=1&z=2");
  EXPECT_EQ(targets_.follow_total(token(content.value), 2).error().code, "link.unknown")
      << "where it leads would name the person";
  Hit total = hit(MessageId{content.value}, 1);
  total.is_total = true;
  record({total, total});
  EXPECT_EQ(figures(content).links.at(0).hits.all, 2);
  EXPECT_TRUE(figures(content).is_total);
  // A mailing that left before totals were chosen is counted like that from now on.
  choose(TrackingMode::totals);
  record({hit(message_, 1)});
  EXPECT_EQ(figures(content_).links.at(0).hits.all, 1);
  EXPECT_TRUE(told(message_).empty());
}

TEST_P(TrackingTest, WhenItIsOffNothingIsStoredAndLinksStillLead) {
  choose(TrackingMode::off);
  record({hit(message_, 1), hit(message_, 0)});
  EXPECT_TRUE(told(message_).empty());
  EXPECT_EQ(figures(content_).links.at(0).hits.all, 0);
  EXPECT_EQ(lead(message_, 1), "https://a.example/x?y=1&z=2");
}

TEST_P(TrackingTest, TestsCopiesAndWhatIsGoneAreNotCounted) {
  const MessageId test = add_message(content_, MessageKind::test, "{}");
  const MessageId copy = add_message(content_, MessageKind::copy, "{}");
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"",
                   "UPDATE message SET deleted_at = 5, address = '', message_values = '{}'"
                   " WHERE id = $1"},
                  {message_}));
    return {};
  });
  record({hit(test, 1), hit(copy, 1), hit(message_, 1), hit(MessageId{12345}, 1)});
  EXPECT_EQ(figures(content_).links.at(0).hits.all, 0);
  for (const MessageId id : {test, copy, message_}) EXPECT_TRUE(told(id).empty());
  EXPECT_EQ(lead(test, 1), "https://a.example/x?y=1&z=2");
  EXPECT_EQ(lead(message_, 1), "https://a.example/x?y=1&z=2") << "an old mail still works";
  EXPECT_EQ(lead(message_, 2), "link.gone") << "what it named was deleted";
}

TEST_P(TrackingTest, AMessageTellsABoundedNumberAndCountsAll) {
  const std::vector<Hit> many(400, hit(message_, 1));
  record(many);
  record(many);
  EXPECT_EQ(std::ssize(told(message_)), delivery::kHitsPerMessageMax + 1) << "and the click itself";
  EXPECT_EQ(figures(content_).links.at(0).hits.all, 800);
}

TEST_P(TrackingTest, TheJournalIsAppliedOnceWhateverHappensBetween) {
  {
    const auto journal = *HitJournal::open(folder_, ids_);
    HitApplier applier(*journal, *database_, ledger_, clock_);
    for (int i = 0; i < 700; ++i) ASSERT_TRUE(journal->add(hit(message_, 1)));
    ASSERT_TRUE(*applier.apply_one());
    // The process dies here: what the database has, it knows.
  }
  {
    const auto journal = *HitJournal::open(folder_, ids_);
    HitApplier applier(*journal, *database_, ledger_, clock_);
    ASSERT_TRUE(journal->add(hit(message_, 0)));
    while (*applier.apply_one()) {
    }
    EXPECT_EQ(journal->waiting(), 0U);
  }
  EXPECT_EQ(figures(content_).links.at(0).hits.all, 700);
  EXPECT_EQ(figures(content_).picture.all, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 0);
}

TEST_P(TrackingTest, WhoFollowsEveryLinkAtOnceIsAMachineAlsoWithTheFirst) {
  const auto journal = *HitJournal::open(folder_, ids_);
  HitApplier applier(*journal, *database_, ledger_, clock_);
  const auto at = [&](int number, std::int64_t millis) {
    Hit made = hit(message_, number);
    made.occurred_at = from_micros(1'000'000 + millis * 1000);
    return made;
  };
  for (const Hit& each : {at(1, 0), at(2, 900), at(0, 950), at(1, 5000)}) {
    ASSERT_TRUE(journal->add(each));
  }
  while (*applier.apply_one()) {
  }
  const auto events = told(message_);
  ASSERT_EQ(events.size(), 5U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(delivery::read_hit_data(events[std::size_t(i)].data).reason, HitReason::every_link);
  }
  EXPECT_EQ(delivery::read_hit_data(events[3].data).reason, HitReason::none) << "much later";
  EXPECT_EQ(events[4].type, int(EventType::clicked));
}

TEST_P(TrackingTest, WhatIsYoungWaitsForWhatComesAfterIt) {
  const auto journal = *HitJournal::open(folder_, ids_);
  Hit young = hit(message_, 1);
  young.occurred_at = clock_.now();
  ASSERT_TRUE(journal->add(young));
  {
    HitApplier applier(*journal, *database_, ledger_, clock_, std::chrono::hours(1));
    EXPECT_FALSE(*applier.apply_one());
  }
  EXPECT_TRUE(told(message_).empty());
  HitApplier applier(*journal, *database_, ledger_, clock_, Duration(0));
  EXPECT_TRUE(*applier.apply_one());
  EXPECT_EQ(told(message_).size(), 2U);
}

TEST_P(TrackingTest, AppliesInTheBackground) {
  const auto journal = *HitJournal::open(folder_, ids_);
  HitApplier applier(*journal, *database_, ledger_, clock_);
  applier.start();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(journal->add(hit(message_, 1)));
  applier.stop();
  EXPECT_EQ(figures(content_).links.at(0).hits.all, 50);
  EXPECT_EQ(applier.trouble(), "");
}

TEST_P(TrackingTest, ContentThatIsForgottenForgetsWhereItsLinksLed) {
  write([&](db::Connection& c) { return delivery::forget_links(c, organisation_.id, content_); });
  EXPECT_TRUE(figures(content_).links.empty());
}

}  // namespace
}  // namespace tidings::feedback
