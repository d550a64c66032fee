// From a followed link to the record of its message, on both databases: where it leads, what is
// stored under each of the organisation's choices, and what is not.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "db/testing/databases.h"
#include "delivery/content_store.h"
#include "delivery/hit_data.h"
#include "delivery/prepare_email.h"
#include "feedback/hit_applier.h"
#include "feedback/hit_journal.h"
#include "feedback/link_targets.h"
#include "identity/organisation_settings.h"
#include "identity/organisations.h"

namespace tidings::feedback {
namespace {

namespace fs = std::filesystem;
using delivery::Hit;
using delivery::Ledger;
using identity::TrackingMode;
using wire::TokenPurpose;

constexpr std::string_view kHtml =
    "<html><body><a href=\"https://a.example/x?y=1&amp;z=2\">one</a> "
    "<a href=\"https://b.example/?id={{ contact.external_id }}\">two</a> "
    "<a href=\"{{ unsubscribe_url }}\">out</a></body></html>";

class TrackingTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    write([&](db::Connection& c) -> Result<void> {
      TRY(identity::create_organisation(c, organisation_, clock_.now()));
      return identity::create_organisation(c, other_, clock_.now());
    });
    choose(TrackingMode::individual);
    content_ = freeze(false);
    message_ = add_message(content_, MessageKind::campaign, R"({"external_id":"A 7"})");
  }
  ~TrackingTest() override { fs::remove_all(folder_); }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  void choose(TrackingMode mode, identity::TrackedAddress kept = {}) {
    write([&](db::Connection& c) -> Result<void> {
      auto settings = TRY(identity::organisation_settings(c, organisation_.id));
      settings.tracking = mode;
      settings.tracked_address = kept;
      return identity::change_organisation_settings(c, organisation_.id, settings);
    });
  }
  ContentVersionId freeze(bool is_total) {
    delivery::EmailContent content;
    content.subject = "News";
    content.html = kHtml;
    content.from = wire::parse_mailbox("Club <news@club.example>").value();
    content.tracking =
        delivery::find_tracking(kHtml, {.opens = true, .clicks = true, .is_total = is_total});
    const auto email = delivery::CompiledEmail::compile(content).value();
    const auto id = ids_.next<ContentVersionId>();
    write([&](db::Connection& c) {
      return delivery::freeze_content(c, organisation_.id, id, email, {}, "", clock_.now());
    });
    return id;
  }
  MessageId add_message(ContentVersionId content, MessageKind kind, std::string values) {
    delivery::DirectMessage direct;
    direct.organisation_id = organisation_.id;
    direct.message.id = ids_.next<MessageId>();
    direct.message.address = direct.message.normalised = "anna@example.org";
    direct.message.values = R"({"contact":)" + values + "}";
    direct.content_version_id = content;
    direct.kind = kind;
    write([&](db::Connection& c) { return ledger_.add_direct(c, {&direct, 1}, clock_.now()); });
    return direct.message.id;
  }
  std::string token(std::int64_t id, TokenPurpose purpose = TokenPurpose::track) {
    return (*keys_.current(organisation_.id))->sign(MessageId{id}).url(purpose);
  }
  std::string lead(MessageId id, int number) {
    const auto followed = targets_.follow(token(id.value), content_, number);
    // What is known without asking is the same.
    const auto at_once = targets_.follow_at_once(token(id.value), content_, number);
    if (at_once) EXPECT_EQ(at_once->location, followed->location);
    return followed ? followed->location : followed.error().code;
  }
  Hit hit(MessageId id, int number) const {
    return {.organisation_id = organisation_.id,
            .message_id = id,
            .is_total = false,
            .number = number,
            .occurred_at = from_micros(1'000'000),
            .address = "192.0.2.77",
            .user_agent = "Bro\xc3wser"};
  }
  void record(const std::vector<Hit>& hits) {
    write([&](db::Connection& c) { return ledger_.record_hits(c, hits, clock_.now()); });
  }
  struct Told {
    int type = 0;
    std::string data;
  };
  std::vector<Told> told(MessageId id) {
    std::vector<Told> events;
    const auto read = database_->read([&](db::Connection& c) {
      return c.query({"",
                      "SELECT type, data FROM event WHERE organisation_id = $1"
                      " AND message_id = $2 ORDER BY id"},
                     {organisation_.id, id}, [&](const db::Row& row) {
                       events.push_back({static_cast<int>(row.integer(0)), row.string(1)});
                     });
    });
    EXPECT_TRUE(read);
    return events;
  }
  std::int64_t status(MessageId id) {
    return **database_->read_value([&](db::Connection& c) {
      return c.query_first(
          {"", "SELECT status FROM message WHERE organisation_id = $1 AND id = $2"},
          {organisation_.id, id}, [](const db::Row& row) { return row.integer(0); });
    });
  }
  delivery::TrackingFigures figures(ContentVersionId content) {
    return *database_->read_value([&](db::Connection& c) {
      return delivery::tracking_figures(c, organisation_.id, content);
    });
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("tidings_track_{}", ::getpid());
  db::testing::TestDatabase database_{GetParam()};
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  identity::SecretBox box_ = *identity::SecretBox::from_text(std::string(64, '1'));
  identity::TokenKeys keys_{*database_, box_, clock_};
  identity::Organisation organisation_{ids_.next<OrganisationId>(), "Club", "en", "UTC", ""};
  identity::Organisation other_{ids_.next<OrganisationId>(), "School", "en", "UTC", ""};
  Ledger ledger_{ids_, NodeId{1}, 1};
  LinkTargets targets_{*database_, keys_};
  ContentVersionId content_;
  MessageId message_;
};
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

TEST_P(TrackingTest, WhatIsFollowedIsToldAndCountedAndRaisesNoStatus) {
  const std::int64_t before = status(message_);
  record(
      {hit(message_, 1), hit(message_, 1), hit(message_, 0), hit(message_, 2), hit(message_, 9)});
  const auto events = told(message_);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].type, int(EventType::link_followed));
  EXPECT_EQ(events[2].type, int(EventType::image_loaded));
  const auto facts = delivery::read_hit_data(events[0].data);
  EXPECT_EQ(facts.link, 1);
  EXPECT_EQ(facts.url, "https://a.example/x?y=1&z=2");
  EXPECT_EQ(facts.address, "");
  EXPECT_EQ(facts.user_agent, "Bro") << "what is text of it";
  EXPECT_EQ(status(message_), before);
  const auto counted = figures(content_);
  EXPECT_EQ(counted.image_hits, 1);
  ASSERT_EQ(counted.links.size(), 2U);
  EXPECT_EQ(counted.links[0].hits, 2);
  EXPECT_EQ(counted.links[1].hits, 1);
  EXPECT_TRUE(counted.links[1].is_template);
}

TEST_P(TrackingTest, OfAddressesIsKeptWhatTheOrganisationChose) {
  choose(TrackingMode::individual, identity::TrackedAddress::truncated);
  auto six = hit(message_, 1);
  six.address = "[2001:db8:1:2:3::4]";
  record({hit(message_, 1), six});
  choose(TrackingMode::individual, identity::TrackedAddress::whole);
  record({hit(message_, 1)});
  const auto events = told(message_);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(delivery::read_hit_data(events[0].data).address, "192.0.2.0");
  EXPECT_EQ(delivery::read_hit_data(events[1].data).address, "2001:db8:1::");
  EXPECT_EQ(delivery::read_hit_data(events[2].data).address, "192.0.2.77");
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
  EXPECT_EQ(figures(content).links.at(0).hits, 2);
  EXPECT_TRUE(figures(content).is_total);
  // A mailing that left before totals were chosen is counted like that from now on.
  choose(TrackingMode::totals);
  record({hit(message_, 1)});
  EXPECT_EQ(figures(content_).links.at(0).hits, 1);
  EXPECT_TRUE(told(message_).empty());
}

TEST_P(TrackingTest, WhenItIsOffNothingIsStoredAndLinksStillLead) {
  choose(TrackingMode::off);
  record({hit(message_, 1), hit(message_, 0)});
  EXPECT_TRUE(told(message_).empty());
  EXPECT_EQ(figures(content_).links.at(0).hits, 0);
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
  EXPECT_EQ(figures(content_).links.at(0).hits, 0);
  for (const MessageId id : {test, copy, message_}) EXPECT_TRUE(told(id).empty());
  EXPECT_EQ(lead(test, 1), "https://a.example/x?y=1&z=2");
  EXPECT_EQ(lead(message_, 1), "https://a.example/x?y=1&z=2") << "an old mail still works";
  EXPECT_EQ(lead(message_, 2), "link.gone") << "what it named was deleted";
}

TEST_P(TrackingTest, AMessageTellsABoundedNumberAndCountsAll) {
  const std::vector<Hit> many(400, hit(message_, 1));
  record(many);
  record(many);
  EXPECT_EQ(std::ssize(told(message_)), delivery::kHitsPerMessageMax);
  EXPECT_EQ(figures(content_).links.at(0).hits, 800);
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
  EXPECT_EQ(figures(content_).links.at(0).hits, 700);
  EXPECT_EQ(figures(content_).image_hits, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 0);
}

TEST_P(TrackingTest, AppliesInTheBackground) {
  const auto journal = *HitJournal::open(folder_, ids_);
  HitApplier applier(*journal, *database_, ledger_, clock_);
  applier.start();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(journal->add(hit(message_, 1)));
  applier.stop();
  EXPECT_EQ(figures(content_).links.at(0).hits, 50);
  EXPECT_EQ(applier.trouble(), "");
}

TEST_P(TrackingTest, ContentThatIsForgottenForgetsWhereItsLinksLed) {
  write([&](db::Connection& c) { return delivery::forget_links(c, organisation_.id, content_); });
  EXPECT_TRUE(figures(content_).links.empty());
}

}  // namespace
}  // namespace tidings::feedback
