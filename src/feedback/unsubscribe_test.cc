#include "feedback/unsubscribe.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "wire/signed_token.h"

namespace tidings::feedback {
namespace {

using wire::TokenPurpose;

constexpr OrganisationId kSchool{1};
constexpr OrganisationId kClub{2};
constexpr MessageId kMessage{100};
constexpr MessageId kOtherMessage{101};
constexpr MessageId kSameAddressInClub{200};
constexpr TopicId kNews{50};
constexpr TopicId kClosure{51};
constexpr auto kTopic = UnsubscribeScope::topic;
constexpr auto kEverything = UnsubscribeScope::everything;

class UnsubscribeTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  db::testing::TestDatabase database_{GetParam()};
  identity::SecretBox box_ = *identity::SecretBox::from_text(std::string(64, '1'));
  identity::TokenKeys keys_{*database_, box_, clock_};
  Unsubscriber unsubscriber_{
      *database_, keys_,
      [](db::Connection& connection, const UnsubscribeEvidence& evidence) -> Result<void> {
        if (!evidence.type) return {};
        TRY(connection.execute(
            {"test.add_event",
             "INSERT INTO event (organisation_id, message_id, id, type, occurred_at, recorded_at, "
             "source, data) SELECT $1, $2, COALESCE(MAX(id), 0) + 1, $3, $4, $4, $5, '{}' FROM "
             "event"},
            {evidence.organisation_id, evidence.message_id, static_cast<int>(*evidence.type),
             evidence.occurred_at, evidence.source}));
        return {};
      },
      ids_, clock_};

  void run(std::string_view sql) {
    const auto ran =
        database_->write(db::Priority::web, [&](db::Connection& c) { return c.run_script(sql); });
    ASSERT_TRUE(ran) << ran.error().message;
  }
  std::int64_t number(std::string_view sql) {
    const auto got = database_->read_value([&](db::Connection& c) {
      return c.query_first(db::Statement{"", sql}, {},
                           [](const db::Row& row) { return row.integer(0); });
    });
    EXPECT_TRUE(got) << sql;
    return got && *got ? **got : -1;
  }
  void add_message(OrganisationId organisation, MessageId id, std::string_view address) {
    run(insert_message(organisation, id, address));
    run("INSERT INTO event (organisation_id, message_id, id, type, occurred_at, recorded_at, "
        "source, data) VALUES (" +
        std::to_string(organisation.value) + ", " + std::to_string(id.value) + ", " +
        std::to_string(id.value) + ", 1, 0, 0, 'engine', '{}')");
  }
  static std::string insert_message(OrganisationId organisation, MessageId id,
                                    std::string_view address) {
    return "INSERT INTO message (organisation_id, id, campaign_id, content_version_id, kind, "
           "channel, contact_id, address, normalised, values_hash, message_values, state, status, "
           "reason, attempts, due_at, is_ambiguous, queued_at, changed_at) VALUES (" +
           std::to_string(organisation.value) + ", " + std::to_string(id.value) +
           ", NULL, 1, 0, 0, NULL, '" + std::string(address) + "', '" + std::string(address) +
           "', 0, '{}', 3, 3, '', 1, 0, 0, 0, 0)";
  }
  void SetUp() override {
    run("INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
        "created_at) VALUES (1, 'School', 'nl', 'UTC', '', '{}', 0), "
        "(2, 'Club', 'pl', 'UTC', '', '{}', 0)");
    add_message(kSchool, kMessage, "jan@example.org");
    add_message(kSchool, kOtherMessage, "jan@example.org");
    add_message(kClub, kSameAddressInClub, "jan@example.org");
  }
  std::string token(OrganisationId organisation, MessageId message,
                    TokenPurpose purpose = TokenPurpose::unsubscribe) {
    return (*keys_.current(organisation))->sign(message).url(purpose);
  }
  Result<Subscription> unsubscribe(UnsubscribeOrigin origin, UnsubscribeScope scope = kTopic) {
    return unsubscriber_.unsubscribe(token(kSchool, kMessage), origin, scope,
                                     {.ip = "192.0.2.7", .text = "Stop?"});
  }
  Result<Subscription> resubscribe(UnsubscribeScope scope = kEverything) {
    return unsubscriber_.resubscribe(token(kSchool, kMessage), scope, {});
  }
  // Jan is a contact now, and kMessage was about `topic`.
  void give_topics(TopicId topic) {
    run("INSERT INTO topic (organisation_id, id, name, description, channels, is_essential, "
        "position, created_at, changed_at) VALUES (1, 50, 'News', '', 1, 0, 1, 0, 0), "
        "(1, 51, 'Closure', '', 1, 1, 2, 0, 0), (1, 52, 'Trips', '', 3, 0, 3, 0, 0);"
        "INSERT INTO contact (organisation_id, id, created_at, changed_at, locale) "
        "VALUES (1, 70, 0, 0, 'fr');"
        "INSERT INTO contact_address (organisation_id, contact_id, channel, normalised, address, "
        "is_primary, created_at) VALUES (1, 70, 0, 'jan@example.org', 'jan@example.org', 1, 0), "
        "(1, 70, 0, 'jan@work.example', 'jan@work.example', 0, 0), "
        "(1, 70, 1, '+31612345678', '+31612345678', 1, 0);"
        "UPDATE message SET contact_id = 70, content_version_id = 9 WHERE id = 100");
    const auto made = database_->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO content_version (organisation_id, id, subject, html, text, "
                     "from_name, from_address, reply_to, envelope_from, options, "
                     "used_variables, reference_codec, reference, created_at, topic_id) "
                     "VALUES (1, 9, '', '', '', '', '', '', '', '{}', '{}', 1, $1, 0, $2)"},
                    {db::BytesView{""}, topic}));
      return {};
    });
    ASSERT_TRUE(made) << made.error().message;
  }
  // Newest first.
  std::string consent(int back = 0) {
    const auto got = database_->read_value([&](db::Connection& c) {
      return c.query_first({"",
                            "SELECT data FROM activity WHERE organisation_id = 1 AND "
                            "contact_id = 70 AND type = 'consent' ORDER BY id DESC "
                            "LIMIT 1 OFFSET $1"},
                           {back}, [](const db::Row& row) { return row.string(0); });
    });
    return got && *got ? **got : "";
  }
  std::int64_t active() {
    return number("SELECT count(*) FROM suppression WHERE released_at IS NULL");
  }
};

INSTANTIATE_TEST_SUITE_P(On, UnsubscribeTest, ::testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<::testing::TestParamInfo<db::testing::Kind>>);

TEST_P(UnsubscribeTest, looking_changes_nothing_and_masks_the_address) {
  const auto shown = unsubscriber_.look(token(kSchool, kMessage));
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->organisation_name, "School");
  EXPECT_EQ(shown->organisation_locale, "nl");
  EXPECT_EQ(shown->masked_address, "j•••@example.org");
  EXPECT_FALSE(shown->is_unsubscribed);
  EXPECT_EQ(number("SELECT count(*) FROM suppression"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 0);
}

TEST_P(UnsubscribeTest, unsubscribing_suppresses_the_address_and_marks_the_message) {
  const auto after = unsubscribe(UnsubscribeOrigin::one_click);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(after->is_unsubscribed);
  EXPECT_EQ(number("SELECT count(*) FROM suppression WHERE organisation_id = 1 AND channel = 0 AND "
                   "normalised = 'jan@example.org' AND reason = 'unsubscribed' AND kinds = 0 AND "
                   "origin = 'one-click' AND message_id = 100 AND released_at IS NULL"),
            1);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE message_id = 100 AND type = 14"), 1);
}

TEST_P(UnsubscribeTest, the_link_in_a_test_or_a_copy_shows_the_page_and_unsubscribes_nobody) {
  for (const int kind : {3, 4}) {
    run("UPDATE message SET kind = " + std::to_string(kind) + " WHERE id = 100");
    const auto after = unsubscribe(UnsubscribeOrigin::page);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_TRUE(after->is_unsubscribed) << "as its readers would see it";
    EXPECT_EQ(active(), 0);
    EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 0);
  }
}

TEST_P(UnsubscribeTest, it_concerns_one_organisation_only) {
  ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page));
  EXPECT_TRUE(unsubscriber_.look(token(kSchool, kOtherMessage))->is_unsubscribed);
  EXPECT_FALSE(unsubscriber_.look(token(kClub, kSameAddressInClub))->is_unsubscribed);
  EXPECT_EQ(number("SELECT count(*) FROM suppression WHERE organisation_id = 2"), 0);
}

TEST_P(UnsubscribeTest, twice_is_once_and_so_is_undoing) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page));
  }
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 1);
  for (int i = 0; i < 3; ++i) {
    const auto undone = resubscribe();
    ASSERT_TRUE(undone);
    EXPECT_FALSE(undone->is_unsubscribed);
  }
  EXPECT_EQ(active(), 0);
  EXPECT_EQ(number("SELECT count(*) FROM suppression"), 1) << "released, not deleted";
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 2);
}

TEST_P(UnsubscribeTest, changing_ones_mind_again_and_again_is_recorded_each_time) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page));
    ASSERT_TRUE(resubscribe());
  }
  ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page));
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 7);
}

TEST_P(UnsubscribeTest, undoing_leaves_bounces_and_complaints_in_force) {
  ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page));
  run("INSERT INTO suppression (organisation_id, id, channel, normalised, reason, kinds, origin, "
      "created_at) VALUES (1, 900, 0, 'jan@example.org', 'complaint', 0, 'report', 0), "
      "(1, 901, 0, 'jan@example.org', 'bounce', 1, 'report', 0)");
  ASSERT_TRUE(resubscribe());
  EXPECT_EQ(active(), 2);
}

TEST_P(UnsubscribeTest, links_of_other_kinds_or_of_messages_gone_do_nothing) {
  for (const std::string& bad :
       {std::string("x"), token(kSchool, kMessage, TokenPurpose::view),
        token(kSchool, kSameAddressInClub), token(kSchool, MessageId{999})}) {
    EXPECT_EQ(unsubscriber_.look(bad).error().code, "token.invalid");
    EXPECT_EQ(unsubscriber_.unsubscribe(bad, UnsubscribeOrigin::page, kTopic, {}).error().code,
              "token.invalid");
    EXPECT_EQ(unsubscriber_.resubscribe(bad, kTopic, {}).error().code, "token.invalid");
  }
  EXPECT_EQ(number("SELECT count(*) FROM suppression"), 0);
}

TEST_P(UnsubscribeTest, many_at_once_leave_one_suppression_and_one_event) {
  const std::string link = token(kSchool, kMessage);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      EXPECT_TRUE(unsubscriber_.unsubscribe(link, UnsubscribeOrigin::one_click, kTopic, {}));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 1);
}

TEST_P(UnsubscribeTest, one_click_on_a_topic_stops_that_topic_at_every_address_of_the_person) {
  give_topics(kNews);
  const auto after = unsubscribe(UnsubscribeOrigin::one_click);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->topic_name, "News");
  EXPECT_TRUE(after->is_topic_off);
  EXPECT_FALSE(after->is_unsubscribed);
  EXPECT_TRUE(after->is_over());
  EXPECT_EQ(after->preferences.find(TopicId{52})->email, true);
  EXPECT_EQ(active(), 2);
  EXPECT_EQ(number("SELECT count(*) FROM suppression WHERE topic_id = 50 AND channel = 0"), 2);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE message_id = 100 AND type = 14"), 1);
  const std::string proof = consent();
  for (const char* part : {R"("topic":"News")", R"("subscribed":false)", R"("origin":"one-click")",
                           R"("ip":"192.0.2.7")", R"("text":"Stop?")", R"("channel":"email")"}) {
    EXPECT_NE(proof.find(part), std::string::npos) << part << " in " << proof;
  }
  ASSERT_TRUE(resubscribe(kTopic));
  EXPECT_EQ(active(), 0);
  EXPECT_NE(consent().find(R"("subscribed":true)"), std::string::npos);
}

TEST_P(UnsubscribeTest, everything_then_back_leaves_what_was_chosen_before) {
  give_topics(kNews);
  ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page, kTopic));
  const auto all = unsubscribe(UnsubscribeOrigin::page, kEverything);
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->is_unsubscribed);
  EXPECT_EQ(all->preferences.find(TopicId{52})->email, false);
  EXPECT_EQ(all->preferences.find(TopicId{52})->sms, true) << "another channel";
  EXPECT_EQ(all->preferences.find(kClosure)->email, true) << "essential";
  const auto back = resubscribe(kEverything);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->is_unsubscribed);
  EXPECT_TRUE(back->is_topic_off) << "the topic was left out before, and still is";
  EXPECT_EQ(back->preferences.find(TopicId{52})->email, true);
}

TEST_P(UnsubscribeTest, nobody_unsubscribes_from_what_is_essential) {
  give_topics(kClosure);
  const auto shown = unsubscriber_.look(token(kSchool, kMessage));
  ASSERT_TRUE(shown);
  EXPECT_TRUE(shown->is_essential);
  const auto after = unsubscribe(UnsubscribeOrigin::page, kEverything);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->preferences.find(kClosure)->email, true);
  EXPECT_FALSE(
      unsubscriber_.choose(token(kSchool, kMessage), {{kClosure, Channel::email, false}}, {})
          ->is_changed);
}

TEST_P(UnsubscribeTest, the_preference_page_chooses_and_takes_it_back) {
  give_topics(kNews);
  const std::string link = token(kSchool, kMessage);
  const auto chosen = unsubscriber_.choose(link,
                                           {{kNews, Channel::email, true},
                                            {TopicId{52}, Channel::email, false},
                                            {TopicId{52}, Channel::sms, false},
                                            {TopicId{999}, Channel::email, false}},
                                           {});
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_TRUE(chosen->is_changed);
  EXPECT_EQ(chosen->now.preferences.find(TopicId{52})->email, false);
  EXPECT_EQ(chosen->now.preferences.find(TopicId{52})->sms, false);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 0) << "not what it was about";
  const auto undone = unsubscriber_.choose(link, chosen->before, {});
  ASSERT_TRUE(undone);
  EXPECT_TRUE(undone->is_changed);
  EXPECT_EQ(active(), 0);
  EXPECT_FALSE(unsubscriber_.choose(link, chosen->before, {})->is_changed);
}

TEST_P(UnsubscribeTest, choosing_one_topic_after_everything_was_off_brings_that_one_only) {
  give_topics(kNews);
  ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page, kEverything));
  const auto chosen =
      unsubscriber_.choose(token(kSchool, kMessage), {{kNews, Channel::email, true}}, {});
  ASSERT_TRUE(chosen);
  EXPECT_FALSE(chosen->now.is_over());
  EXPECT_EQ(chosen->now.preferences.find(TopicId{52})->email, false);
  EXPECT_EQ(chosen->now.preferences.find(kOtherTopics)->email, false);
  // What is newer than the choice is part of everything else.
  run("INSERT INTO topic (organisation_id, id, name, description, channels, is_essential, "
      "position, created_at, changed_at) VALUES (1, 53, 'Camp', '', 1, 0, 4, "
      "9000000000000000, 0)");
  const auto later = unsubscriber_.look(token(kSchool, kMessage));
  EXPECT_EQ(later->preferences.find(TopicId{53})->email, false);
  EXPECT_EQ(later->preferences.find(kNews)->email, true);
}

TEST_P(UnsubscribeTest, a_contact_without_consent_gives_it_by_choosing) {
  give_topics(kNews);
  run("INSERT INTO suppression (organisation_id, id, channel, normalised, reason, kinds, origin, "
      "created_at) VALUES (1, 900, 0, 'jan@example.org', 'no_consent', 0, 'api', 0), "
      "(1, 901, 0, 'jan@work.example', 'no_consent', 0, 'api', 0)");
  const auto shown = unsubscriber_.look(token(kSchool, kMessage));
  EXPECT_EQ(shown->preferences.find(kNews)->email, false);
  const auto chosen =
      unsubscriber_.choose(token(kSchool, kMessage), {{kNews, Channel::email, true}}, {});
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->now.preferences.find(kNews)->email, true);
  EXPECT_EQ(chosen->now.preferences.find(TopicId{52})->email, false);
}

TEST_P(UnsubscribeTest, an_address_that_is_the_contacts_no_more_speaks_for_itself_alone) {
  give_topics(kNews);
  run("DELETE FROM contact_address WHERE normalised = 'jan@example.org'");
  ASSERT_TRUE(unsubscribe(UnsubscribeOrigin::page));
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(consent(), "") << "it proves nothing about Jan";
}

TEST(MaskAddress, shows_just_enough_to_recognise) {
  EXPECT_EQ(mask_address(Channel::email, "jan.de.vries@example.org"), "j•••@example.org");
  EXPECT_EQ(mask_address(Channel::email, "łukasz@example.org"), "ł•••@example.org");
  EXPECT_EQ(mask_address(Channel::email, "\"a@b\"@example.org"), "\"•••@example.org");
  EXPECT_EQ(mask_address(Channel::email, "broken"), "•••");
  EXPECT_EQ(mask_address(Channel::email, "@x"), "•••");
  EXPECT_EQ(mask_address(Channel::email, ""), "•••");
  EXPECT_EQ(mask_address(Channel::sms, "+31612345678"), "•••678");
  EXPECT_EQ(mask_address(Channel::sms, "123"), "•••");
}

}  // namespace
}  // namespace tidings::feedback
