#include "audience/suppressions.h"

#include <gtest/gtest.h>

#include "db/testing/databases.h"

namespace tidings::audience {
namespace {

constexpr OrganisationId kOrganisation{7};
constexpr Instant kNow = from_micros(1'800'000'000'000'000);

class SuppressionTest : public testing::TestWithParam<db::testing::Kind> {
 protected:
  SuppressionTest() {
    write([](db::Connection& c) -> Result<void> {
      for (const int id : {7, 8}) {
        constexpr db::Statement insert{
            "test.organisation",
            "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
            "created_at) VALUES ($1, 'Test', 'en', 'UTC', '', '{}', 0)"};
        TRY(c.execute(insert, {id}));
      }
      return {};
    });
  }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  bool add(const NewSuppression& suppression, Instant now = kNow) {
    bool made = false;
    write([&](db::Connection& c) -> Result<void> {
      made = TRY(suppress(c, ids_, kOrganisation, suppression, now));
      return {};
    });
    return made;
  }
  std::string reason(std::string_view address, SuppressedKinds message = SuppressedKinds::campaign,
                     Instant now = kNow, OrganisationId organisation = kOrganisation) {
    return database_
        ->read_value([&](db::Connection& c) {
          return suppression_reason(c, organisation, Channel::email, address, message, now);
        })
        .value()
        .value_or("");
  }

  db::testing::TestDatabase database_{GetParam()};
  SystemClock clock_;
  IdSource ids_{clock_, 1};
};

INSTANTIATE_TEST_SUITE_P(On, SuppressionTest, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(SuppressionTest, StopsTheKindsItCoversInItsOrganisationOnly) {
  EXPECT_TRUE(add({.normalised = "a@x.org", .reason = "unsubscribed"}));
  EXPECT_TRUE(
      add({.normalised = "b@x.org", .reason = "bounce", .kinds = SuppressedKinds::everything}));
  EXPECT_EQ(reason("a@x.org"), "unsubscribed");
  EXPECT_EQ(reason("a@x.org", SuppressedKinds::everything), "");
  EXPECT_EQ(reason("b@x.org"), "bounce");
  EXPECT_EQ(reason("b@x.org", SuppressedKinds::everything), "bounce");
  EXPECT_EQ(reason("c@x.org"), "");
  EXPECT_EQ(reason("a@x.org", SuppressedKinds::campaign, kNow, OrganisationId{8}), "");
}

TEST_P(SuppressionTest, OfADomainStopsEveryAddressOfItAndNoOther) {
  EXPECT_TRUE(add({.normalised = "@x.org", .reason = "manual"}));
  EXPECT_EQ(reason("who@x.org"), "manual");
  EXPECT_EQ(reason("who@sub.x.org"), "");
  EXPECT_EQ(reason("who@ax.org"), "");
}

TEST_P(SuppressionTest, EndsWhenItExpiresAndCanBeginAgain) {
  const Instant later = kNow + std::chrono::hours(1);
  EXPECT_TRUE(add({.normalised = "a@x.org", .reason = "bounce", .expires_at = later}));
  EXPECT_FALSE(add({.normalised = "a@x.org", .reason = "bounce"}));
  EXPECT_EQ(reason("a@x.org"), "bounce");
  EXPECT_EQ(reason("a@x.org", SuppressedKinds::campaign, later), "");
  EXPECT_TRUE(add({.normalised = "a@x.org", .reason = "bounce"}, later));
  EXPECT_EQ(reason("a@x.org", SuppressedKinds::campaign, later), "bounce");
}

TEST_P(SuppressionTest, AReleaseNeedsAReasonAndKeepsTheRecord) {
  EXPECT_TRUE(add({.normalised = "a@x.org", .reason = "bounce"}));
  EXPECT_TRUE(add({.normalised = "a@x.org", .reason = "manual"}));
  write([&](db::Connection& c) -> Result<void> {
    EXPECT_EQ(release(c, kOrganisation, Channel::email, "a@x.org", "", kNow).error().code,
              "suppression.no_reason");
    EXPECT_EQ(TRY(release(c, kOrganisation, Channel::email, "a@x.org", "asked by phone", kNow)), 2);
    EXPECT_EQ(TRY(release(c, kOrganisation, Channel::email, "a@x.org", "again", kNow)), 0);
    return {};
  });
  EXPECT_EQ(reason("a@x.org"), "");
  ASSERT_TRUE(database_->read([&](db::Connection& c) -> Result<void> {
    EXPECT_TRUE(TRY(list_suppressions(c, kOrganisation, {})).empty());
    const auto all = TRY(list_suppressions(c, kOrganisation, {.with_released = true}));
    EXPECT_EQ(all.size(), 2u);
    EXPECT_EQ(all.front().release_note, "asked by phone");
    EXPECT_EQ(
        TRY(list_suppressions(c, kOrganisation, {.with_released = true, .after = all.front().id}))
            .size(),
        1u);
    return {};
  }));
}

TEST(SuppressionAddress, IsStoredInTheFormThatAddressesAreComparedIn) {
  EXPECT_EQ(normalise_for_suppression(Channel::email, " Jan@EXAMPLE.org "), "jan@example.org");
  EXPECT_EQ(normalise_for_suppression(Channel::email, "@Bücher.example"), "@xn--bcher-kva.example");
  EXPECT_EQ(normalise_for_suppression(Channel::sms, "+31 6 1234 5678"), "+31612345678");
  EXPECT_FALSE(normalise_for_suppression(Channel::email, "nobody"));
}

}  // namespace
}  // namespace tidings::audience
