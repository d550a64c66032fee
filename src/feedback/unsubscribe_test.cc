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
        TRY(connection.execute(
            {"test.add_event",
             "INSERT INTO event (organisation_id, message_id, id, type, occurred_at, recorded_at, "
             "source, data) SELECT $1, $2, COALESCE(MAX(id), 0) + 1, $3, $4, $4, $5, '{}' FROM "
             "event"},
            {evidence.organisation_id, evidence.message_id, static_cast<int>(evidence.type),
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
  const auto after =
      unsubscriber_.unsubscribe(token(kSchool, kMessage), UnsubscribeOrigin::one_click);
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
    const auto after = unsubscriber_.unsubscribe(token(kSchool, kMessage), UnsubscribeOrigin::page);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_TRUE(after->is_unsubscribed) << "as its readers would see it";
    EXPECT_EQ(active(), 0);
    EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 0);
  }
}

TEST_P(UnsubscribeTest, it_concerns_one_organisation_only) {
  ASSERT_TRUE(unsubscriber_.unsubscribe(token(kSchool, kMessage), UnsubscribeOrigin::page));
  EXPECT_TRUE(unsubscriber_.look(token(kSchool, kOtherMessage))->is_unsubscribed);
  EXPECT_FALSE(unsubscriber_.look(token(kClub, kSameAddressInClub))->is_unsubscribed);
  EXPECT_EQ(number("SELECT count(*) FROM suppression WHERE organisation_id = 2"), 0);
}

TEST_P(UnsubscribeTest, twice_is_once_and_so_is_undoing) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(unsubscriber_.unsubscribe(token(kSchool, kMessage), UnsubscribeOrigin::page));
  }
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 1);
  for (int i = 0; i < 3; ++i) {
    const auto undone = unsubscriber_.resubscribe(token(kSchool, kMessage));
    ASSERT_TRUE(undone);
    EXPECT_FALSE(undone->is_unsubscribed);
  }
  EXPECT_EQ(active(), 0);
  EXPECT_EQ(number("SELECT count(*) FROM suppression"), 1) << "released, not deleted";
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 2);
}

TEST_P(UnsubscribeTest, changing_ones_mind_again_and_again_is_recorded_each_time) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(unsubscriber_.unsubscribe(token(kSchool, kMessage), UnsubscribeOrigin::page));
    ASSERT_TRUE(unsubscriber_.resubscribe(token(kSchool, kMessage)));
  }
  ASSERT_TRUE(unsubscriber_.unsubscribe(token(kSchool, kMessage), UnsubscribeOrigin::page));
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 7);
}

TEST_P(UnsubscribeTest, undoing_leaves_bounces_and_complaints_in_force) {
  ASSERT_TRUE(unsubscriber_.unsubscribe(token(kSchool, kMessage), UnsubscribeOrigin::page));
  run("INSERT INTO suppression (organisation_id, id, channel, normalised, reason, kinds, origin, "
      "created_at) VALUES (1, 900, 0, 'jan@example.org', 'complaint', 0, 'report', 0), "
      "(1, 901, 0, 'jan@example.org', 'bounce', 1, 'report', 0)");
  ASSERT_TRUE(unsubscriber_.resubscribe(token(kSchool, kMessage)));
  EXPECT_EQ(active(), 2);
}

TEST_P(UnsubscribeTest, links_of_other_kinds_or_of_messages_gone_do_nothing) {
  for (const std::string& bad :
       {std::string("x"), token(kSchool, kMessage, TokenPurpose::view),
        token(kSchool, kSameAddressInClub), token(kSchool, MessageId{999})}) {
    EXPECT_EQ(unsubscriber_.look(bad).error().code, "token.invalid");
    EXPECT_EQ(unsubscriber_.unsubscribe(bad, UnsubscribeOrigin::page).error().code,
              "token.invalid");
    EXPECT_EQ(unsubscriber_.resubscribe(bad).error().code, "token.invalid");
  }
  EXPECT_EQ(number("SELECT count(*) FROM suppression"), 0);
}

TEST_P(UnsubscribeTest, many_at_once_leave_one_suppression_and_one_event) {
  const std::string link = token(kSchool, kMessage);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [&] { EXPECT_TRUE(unsubscriber_.unsubscribe(link, UnsubscribeOrigin::one_click)); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM event WHERE type <> 1"), 1);
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
