#include "identity/token_keys.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "db/migrate.h"

namespace tidings::identity {
namespace {

using wire::TokenPurpose;

class TokenKeysTest : public ::testing::Test {
 protected:
  const OrganisationId one_{1};
  const OrganisationId two_{2};
  SystemClock clock_;
  SecretBox box_ = *SecretBox::from_text(std::string(64, '1'));
  std::unique_ptr<db::Database> database_ = *db::Database::open("sqlite::memory:");
  TokenKeys keys_{*database_, box_, clock_};

  void SetUp() override {
    ASSERT_TRUE(db::migrate(*database_));
    for (const auto organisation : {one_, two_}) {
      const auto added = database_->write_value(db::Priority::web, [&](db::Connection& c) {
        return c.execute(
            {"test.add_organisation",
             "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
             "created_at) VALUES ($1, 'x', 'en', 'UTC', '', '{}', 0)"},
            {organisation});
      });
      ASSERT_TRUE(added) << added.error().message;
    }
  }
  std::string url(OrganisationId organisation, MessageId message) {
    return (*keys_.current(organisation))->sign(message).url(TokenPurpose::unsubscribe);
  }
};

TEST_F(TokenKeysTest, a_token_leads_to_its_organisation_and_message) {
  const auto first = keys_.verify_url(url(one_, MessageId{10}), TokenPurpose::unsubscribe);
  const auto second = keys_.verify_url(url(two_, MessageId{11}), TokenPurpose::unsubscribe);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(first->organisation_id, one_);
  EXPECT_EQ(first->message_id, MessageId{10});
  EXPECT_EQ(second->organisation_id, two_);
}

TEST_F(TokenKeysTest, keys_outlive_the_program_and_are_made_once) {
  const auto token = url(one_, MessageId{10});
  TokenKeys later(*database_, box_, clock_);
  EXPECT_TRUE(later.verify_url(token, TokenPurpose::unsubscribe));
  EXPECT_EQ((*later.current(one_))->key_id(), (*keys_.current(one_))->key_id());
  const auto path = (*later.current(one_))->sign(MessageId{10}).return_path(TokenPurpose::bounce);
  EXPECT_TRUE(keys_.verify_return_path(path, TokenPurpose::bounce));
}

TEST_F(TokenKeysTest, what_we_did_not_sign_for_this_is_not_found) {
  const auto token = url(one_, MessageId{10});
  const wire::TokenSigner stranger(1, std::string(32, 'x'));
  const wire::TokenSigner unknown(99, std::string(32, 'x'));
  for (const std::string& bad : {std::string(), std::string("x"), token.substr(1) + "A",
                                 stranger.sign(MessageId{10}).url(TokenPurpose::unsubscribe),
                                 unknown.sign(MessageId{10}).url(TokenPurpose::unsubscribe)}) {
    const auto verified = keys_.verify_url(bad, TokenPurpose::unsubscribe);
    ASSERT_FALSE(verified) << bad;
    EXPECT_EQ(verified.error().code, "token.invalid");
  }
  EXPECT_FALSE(keys_.verify_url(token, TokenPurpose::view));
  EXPECT_FALSE(keys_.verify_return_path(token, TokenPurpose::unsubscribe));
}

TEST_F(TokenKeysTest, a_wrong_master_key_is_said_and_makes_no_new_key) {
  const auto token = url(one_, MessageId{10});
  const SecretBox other = *SecretBox::from_text(std::string(64, '2'));
  TokenKeys locked(*database_, other, clock_);
  EXPECT_EQ(locked.current(one_).error().code, "secret.wrong_key");
  EXPECT_EQ(locked.verify_url(token, TokenPurpose::unsubscribe).error().code, "secret.wrong_key");
  EXPECT_TRUE(TokenKeys(*database_, box_, clock_).verify_url(token, TokenPurpose::unsubscribe));
}

}  // namespace
}  // namespace tidings::identity
