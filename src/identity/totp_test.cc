#include "identity/totp.h"

#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "identity/organisations.h"
#include "identity/sign_in.h"
#include "identity/users.h"

namespace tidings::identity {
namespace {

using std::chrono::seconds;
using Kind = SignInOutcome::Kind;

class HandClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Instant at = from_micros(1'800'000'000'000'000);
};

constexpr std::string_view kPassword = "mauve otter";
constexpr std::string_view kOther = "lantern gravel";

class TotpTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    write([&](db::Connection& c) -> Result<void> {
      Organisation club;
      club.id = club_;
      club.name = "Rowing & Co";
      club.locale = "nl";
      club.time_zone = "UTC";
      TRY(create_organisation(c, club, clock_.now()));
      ada_ = TRY(create_user(c, ids_, {.email = "ada@club.example", .name = "Ada"}, clock_.now()));
      return add_member(c, club_, ada_, Role::owner, clock_.now());
    });
    ASSERT_TRUE(sign_in_.set_password(ada_, kPassword, club_));
  }
  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  template <typename F>
  auto value(F work) {
    return database_->write_value(db::Priority::web, work);
  }
  Result<TotpEnrolment> begin() {
    return value(
        [&](db::Connection& c) { return begin_totp(c, ada_, "Rowing & Co", clock_.now()); });
  }
  Result<void> confirm(const std::string& code) {
    return database_->write(db::Priority::web, [&](db::Connection& c) {
      return confirm_totp(c, ada_, code, clock_.now());
    });
  }
  // Enrolled and confirmed; the code that did it is half a minute old.
  TotpEnrolment enrol() {
    auto made = begin();
    EXPECT_TRUE(made) << made.error().message;
    EXPECT_TRUE(confirm(totp_code(made->secret, clock_.now())));
    clock_.at += seconds(30);
    return made.value_or(TotpEnrolment{});
  }
  Kind enter(std::string_view code, std::string_view password = kPassword) {
    const auto outcome = sign_in_.sign_in({.email = "ada@club.example",
                                           .password = password,
                                           .organisation_id = {},
                                           .origin = {"192.0.2.1", "test"},
                                           .code = code});
    EXPECT_TRUE(outcome) << outcome.error().message;
    if (outcome && outcome->kind != Kind::signed_in) {
      EXPECT_TRUE(outcome->session.secret.empty());
    }
    return outcome ? outcome->kind : Kind::throttled;
  }
  TotpState state() {
    return value([&](db::Connection& c) { return totp_state(c, ada_); }).value();
  }

  db::testing::TestDatabase database_{GetParam()};
  HandClock clock_;
  IdSource ids_{clock_, 1};
  PasswordHasher hasher_{{.cost = {.passes = 1, .bytes = 8192}}};
  SignIn sign_in_{*database_, ids_, clock_, hasher_};
  OrganisationId club_{7};
  UserId ada_;
};

INSTANTIATE_TEST_SUITE_P(On, TotpTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST(Totp, codes_are_those_of_rfc_6238) {
  // Appendix B, SHA-1: the last six of its eight digits.
  constexpr std::string_view secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  EXPECT_EQ(totp_code(secret, from_micros(59'000'000)), "287082");
  EXPECT_EQ(totp_code(secret, from_micros(1'111'111'109'000'000)), "081804");
  EXPECT_EQ(totp_code(secret, from_micros(20'000'000'000'000'000)), "353130");
}

TEST_P(TotpTest, signing_in_asks_for_a_code_once_it_is_confirmed) {
  EXPECT_EQ(enter(""), Kind::signed_in);
  const auto made = begin();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->secret.size(), 32U);
  EXPECT_EQ(made->url, "otpauth://totp/Rowing%20%26%20Co:ada%40club.example?secret=" +
                           made->secret + "&issuer=Rowing%20%26%20Co");
  EXPECT_EQ(std::set(made->recovery_codes.begin(), made->recovery_codes.end()).size(), 10U);
  EXPECT_EQ(enter(""), Kind::signed_in) << "not in force yet";
  EXPECT_EQ(confirm("000000").error().code, "totp.wrong_code");
  ASSERT_TRUE(confirm(totp_code(made->secret, clock_.now())));
  EXPECT_TRUE(state().is_on());
  EXPECT_EQ(begin().error().code, "totp.enrolled");
  EXPECT_EQ(confirm("123456").error().code, "totp.not_begun");
  EXPECT_EQ(enter(""), Kind::needs_code);
  EXPECT_EQ(enter("000000", kOther), Kind::refused) << "a wrong password says nothing of codes";
  clock_.at += seconds(30);
  EXPECT_EQ(enter(totp_code(made->secret, clock_.now())), Kind::signed_in);
}

TEST_P(TotpTest, a_code_is_good_once_and_for_its_time) {
  const auto made = enrol();
  const std::string code = totp_code(made.secret, clock_.now());
  EXPECT_EQ(enter(code.substr(0, 3) + " " + code.substr(3)), Kind::signed_in) << "as apps show it";
  EXPECT_EQ(enter(code), Kind::wrong_code);
  EXPECT_EQ(enter(totp_code(made.secret, clock_.now() - seconds(30))), Kind::wrong_code)
      << "an older one than was used";
  EXPECT_EQ(enter(totp_code(made.secret, clock_.now() + seconds(30))), Kind::signed_in)
      << "a telephone may be ahead";
  clock_.at += std::chrono::hours(1);
  EXPECT_EQ(enter(totp_code(made.secret, clock_.now() - seconds(60))), Kind::wrong_code);
  EXPECT_EQ(enter(totp_code(made.secret, clock_.now() - seconds(30))), Kind::signed_in);
}

TEST_P(TotpTest, guessing_codes_is_slowed_down) {
  enrol();
  Kind kind = Kind::refused;
  for (int i = 0; i < 7; ++i) kind = enter(fmt::format("{:06}", i));
  EXPECT_EQ(kind, Kind::throttled);
}

TEST_P(TotpTest, each_recovery_code_opens_once) {
  const auto made = enrol();
  EXPECT_EQ(state().recovery_codes_left, 10);
  EXPECT_EQ(enter(made.recovery_codes[3]), Kind::signed_in);
  EXPECT_EQ(enter(made.recovery_codes[3]), Kind::wrong_code);
  EXPECT_EQ(state().recovery_codes_left, 9);
  std::string lower = made.recovery_codes[4];
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::erase(lower, '-');
  EXPECT_EQ(enter(lower), Kind::signed_in);
}

TEST_P(TotpTest, a_new_password_does_not_get_around_it) {
  const auto made = enrol();
  const auto link = value([&](db::Connection& c) {
    return create_password_link(c, ids_, ada_, club_, kResetLasts, clock_.now());
  });
  ASSERT_TRUE(sign_in_.redeem_link(link->secret, kOther));
  EXPECT_EQ(enter("", kOther), Kind::needs_code);
  ASSERT_TRUE(sign_in_.set_password(ada_, kPassword, club_));
  EXPECT_EQ(enter(""), Kind::needs_code);
  EXPECT_EQ(enter(totp_code(made.secret, clock_.now())), Kind::signed_in);
}

TEST_P(TotpTest, once_removed_nothing_is_asked_and_nothing_of_it_is_left) {
  const auto made = enrol();
  EXPECT_TRUE(value([&](db::Connection& c) { return remove_totp(c, ada_); }).value());
  EXPECT_FALSE(value([&](db::Connection& c) { return remove_totp(c, ada_); }).value());
  EXPECT_EQ(enter(""), Kind::signed_in);
  EXPECT_FALSE(state().is_on());
  const auto again = begin();
  ASSERT_TRUE(again);
  EXPECT_NE(again->secret, made.secret);
  EXPECT_FALSE(value([&](db::Connection& c) {
                 return use_totp_code(c, ada_, made.recovery_codes[0], clock_.now());
               }).value());
}

}  // namespace
}  // namespace tidings::identity
