#include "identity/users.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "db/testing/expect_plan.h"
#include "identity/api_tokens.h"
#include "identity/login_throttle.h"
#include "identity/organisations.h"
#include "identity/sessions.h"
#include "identity/sign_in.h"

namespace tidings::identity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = SignInOutcome::Kind;

class HandClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Instant at = from_micros(1'800'000'000'000'000);
};

constexpr std::string_view kPassword = "mauve otter";
constexpr std::string_view kOther = "lantern gravel";

// Two organisations; Ada owns the first, Ben the second.
class UsersTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  db::testing::TestDatabase database_{GetParam()};
  HandClock clock_;
  IdSource ids_{clock_, 1};
  PasswordHasher hasher_{{.cost = {.passes = 1, .bytes = 8192}}};
  SignIn sign_in_{*database_, ids_, clock_, hasher_};
  const OrganisationId one_{1};
  const OrganisationId two_{2};
  UserId ada_;
  UserId ben_;

  void SetUp() override {
    must([&](db::Connection& c) {
      return create_organisation(c, {one_, "Club", "en", "UTC", ""}, clock_.now());
    });
    must([&](db::Connection& c) {
      return create_organisation(c, {two_, "School", "en", "UTC", ""}, clock_.now());
    });
    ada_ = user("ada@club.example", "Ada");
    ben_ = user("ben@school.example", "Ben");
    must([&](db::Connection& c) { return add_member(c, one_, ada_, Role::owner, clock_.now()); });
    must([&](db::Connection& c) { return add_member(c, two_, ben_, Role::owner, clock_.now()); });
  }
  // The code of what went wrong; empty when nothing did.
  std::string write(const db::Database::Work& work) {
    const auto result = database_->write(db::Priority::web, work);
    return result ? "" : result.error().code;
  }
  void must(const db::Database::Work& work) { ASSERT_EQ(write(work), ""); }
  template <typename F>
  auto read(F work) {
    auto value = database_->read_value(work);
    EXPECT_TRUE(value) << value.error().message;
    return *std::move(value);
  }
  UserId user(std::string_view email, std::string_view name) {
    const auto made = database_->write_value(db::Priority::web, [&](db::Connection& c) {
      return create_user(c, ids_, {email, name}, clock_.now());
    });
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  void password(UserId id, std::string_view text = kPassword) {
    const auto set = sign_in_.set_password(id, text, one_);
    ASSERT_TRUE(set) << set.error().message;
  }
  SignInOutcome sign_in(std::string_view email, std::string_view text = kPassword,
                        std::string_view address = "192.0.2.1", OrganisationId to = {}) {
    const auto outcome = sign_in_.sign_in({email, text, to, {address, "Browser/1"}});
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome.value_or(SignInOutcome{});
  }
  std::optional<FoundPrincipal> session(std::string_view secret) {
    return read([&](db::Connection& c) { return find_session(c, secret, clock_.now()); });
  }
  std::optional<FoundPrincipal> token(std::string_view secret) {
    return read([&](db::Connection& c) { return find_api_token(c, secret, clock_.now()); });
  }
  Principal as(UserId id, Role role, OrganisationId organisation) {
    Principal who;
    who.user_id = id;
    who.organisation_id = organisation;
    who.permissions = permissions_of(role);
    return who;
  }
  Result<CreatedApiToken> make_token(const Principal& who, const NewApiToken& wanted) {
    return database_->write_value(db::Priority::web, [&](db::Connection& c) {
      return create_api_token(c, ids_, who, wanted, clock_.now());
    });
  }
};

TEST_P(UsersTest, one_address_is_one_account_however_it_is_typed) {
  EXPECT_EQ(write([&](db::Connection& c) -> Result<void> {
              TRY(create_user(c, ids_, {" ADA@Club.Example ", "Other"}, clock_.now()));
              return {};
            }),
            "user.exists");
  const auto found =
      read([&](db::Connection& c) { return find_user_by_email(c, "Ada@CLUB.example"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, ada_);
  EXPECT_FALSE(read([&](db::Connection& c) { return find_user_by_email(c, "nobody@x.example"); }));
  EXPECT_FALSE(read([&](db::Connection& c) { return find_user_by_email(c, "' OR 1=1 --"); }));
}

TEST_P(UsersTest, an_account_needs_an_address_and_a_readable_name) {
  const auto code = [&](std::string_view email, std::string_view name, std::string_view locale) {
    return write([&](db::Connection& c) -> Result<void> {
      TRY(create_user(c, ids_, {email, name, locale}, clock_.now()));
      return {};
    });
  };
  EXPECT_EQ(code("ada", "Ada", ""), "user.email");
  EXPECT_EQ(code("", "Ada", ""), "user.email");
  EXPECT_EQ(code("a@b.example", "two\nlines", ""), "user.name");
  EXPECT_EQ(code("a@b.example", std::string(201, 'x'), ""), "user.name");
  EXPECT_EQ(code("a@b.example", "Ada", "en'; --"), "user.locale");
  EXPECT_EQ(code("a@b.example", "", "nl-BE"), "");
  EXPECT_EQ(read([&](db::Connection& c) { return find_user_by_email(c, "a@b.example"); })->name,
            "a");
}

TEST_P(UsersTest, the_last_owner_stays) {
  const auto now = clock_.now();
  EXPECT_EQ(write([&](db::Connection& c) { return change_role(c, one_, ada_, Role::viewer, now); }),
            "user.last_owner");
  EXPECT_EQ(write([&](db::Connection& c) { return remove_member(c, one_, ada_, now); }),
            "user.last_owner");
  EXPECT_EQ(write([&](db::Connection& c) { return disable_member(c, one_, ada_, now); }),
            "user.last_owner");
  EXPECT_EQ(write([&](db::Connection& c) { return disable_user(c, ada_, now); }),
            "user.last_owner");
  EXPECT_EQ(write([&](db::Connection& c) { return change_role(c, one_, ada_, Role::owner, now); }),
            "");
  // A second owner, disabled: that one does not count.
  must([&](db::Connection& c) { return add_member(c, one_, ben_, Role::owner, now); });
  must([&](db::Connection& c) { return disable_member(c, one_, ben_, now); });
  EXPECT_EQ(write([&](db::Connection& c) { return remove_member(c, one_, ada_, now); }),
            "user.last_owner");
  must([&](db::Connection& c) { return enable_member(c, one_, ben_, now); });
  must([&](db::Connection& c) { return remove_member(c, one_, ada_, now); });
  EXPECT_EQ(write([&](db::Connection& c) { return remove_member(c, one_, ben_, now); }),
            "user.last_owner");
}

TEST_P(UsersTest, a_member_of_another_organisation_is_not_there) {
  const auto now = clock_.now();
  EXPECT_EQ(write([&](db::Connection& c) { return change_role(c, one_, ben_, Role::viewer, now); }),
            "user.not_found");
  EXPECT_EQ(write([&](db::Connection& c) { return remove_member(c, one_, ben_, now); }),
            "user.not_found");
  EXPECT_EQ(write([&](db::Connection& c) { return disable_member(c, one_, ben_, now); }),
            "user.not_found");
  EXPECT_EQ(write([&](db::Connection& c) { return enable_member(c, one_, ben_, now); }),
            "user.not_found");
  EXPECT_EQ(read([&](db::Connection& c) { return list_members(c, one_, {}); }).size(), 1u);
}

TEST_P(UsersTest, members_are_paged_by_name) {
  for (const auto* name : {"Cas", "Bea", "Bea", "Dirk"}) {
    const auto id = user(std::string(name) + std::to_string(ids_.next()) + "@club.example", name);
    must([&](db::Connection& c) { return add_member(c, one_, id, Role::editor, clock_.now()); });
  }
  std::vector<std::string> names;
  std::set<std::int64_t> seen;
  MemberPage page{.limit = 2};
  std::string after;
  for (;;) {
    const auto found = read([&](db::Connection& c) { return list_members(c, one_, page); });
    if (found.empty()) break;
    for (const auto& each : found) {
      names.push_back(each.user.name);
      seen.insert(each.user.id.value);
    }
    after = found.back().user.name;
    page = {after, found.back().user.id, 2};
  }
  EXPECT_EQ(names, (std::vector<std::string>{"Ada", "Bea", "Bea", "Cas", "Dirk"}));
  EXPECT_EQ(seen.size(), 5u);
}

TEST_P(UsersTest, the_right_password_signs_in_and_names_the_principal) {
  password(ada_);
  const auto outcome = sign_in("ADA@club.example");
  ASSERT_EQ(outcome.kind, Kind::signed_in);
  EXPECT_EQ(outcome.session.secret.size(), 43u);
  const auto found = session(outcome.session.secret);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->who.user_id, ada_);
  EXPECT_EQ(found->who.organisation_id, one_);
  EXPECT_EQ(found->who.session_id, outcome.session.id);
  EXPECT_EQ(found->who.name, "Ada");
  EXPECT_EQ(found->who.permissions, PermissionSet::all());
  EXPECT_FALSE(found->who.is_test);
  EXPECT_FALSE(session(outcome.session.secret + "x"));
  EXPECT_FALSE(session(""));
}

// Security: user enumeration.
TEST_P(UsersTest, what_is_wrong_with_a_sign_in_is_not_told) {
  password(ada_);
  const auto invited = user("new@club.example", "New");
  const auto gone = user("gone@club.example", "Gone");
  must([&](db::Connection& c) { return add_member(c, one_, invited, Role::editor, clock_.now()); });
  must([&](db::Connection& c) { return add_member(c, one_, gone, Role::editor, clock_.now()); });
  password(gone);
  must([&](db::Connection& c) { return disable_user(c, gone, clock_.now()); });
  EXPECT_EQ(sign_in("ada@club.example", "wrong password").kind, Kind::refused);
  EXPECT_EQ(sign_in("nobody@club.example").kind, Kind::refused);
  EXPECT_EQ(sign_in("new@club.example", "").kind, Kind::refused) << "no password yet";
  EXPECT_EQ(sign_in("gone@club.example").kind, Kind::refused) << "disabled";
  EXPECT_EQ(sign_in("not an address").kind, Kind::refused);
  EXPECT_EQ(sign_in("").kind, Kind::refused);
}

// Security: login throttling, and user enumeration by it.
TEST_P(UsersTest, guessing_at_an_account_slows_down_whether_it_exists_or_not) {
  password(ada_);
  for (const auto* email : {"ada@club.example", "nobody@club.example"}) {
    int address = 0;
    const auto guess = [&](std::string_view text) {
      return sign_in(email, text, "198.51.100." + std::to_string(++address));
    };
    for (int i = 0; i < 5; ++i) EXPECT_EQ(guess("wrong").kind, Kind::refused) << i;
    const auto blocked = guess(kPassword);
    EXPECT_EQ(blocked.kind, Kind::throttled) << "the right one too";
    EXPECT_EQ(blocked.wait, Duration(seconds(1)));
    clock_.at += seconds(1);
    EXPECT_EQ(guess("wrong").kind, Kind::refused);
    EXPECT_EQ(guess("wrong").wait, Duration(seconds(2)));
    clock_.at += seconds(2);
    EXPECT_EQ(guess("wrong").kind, Kind::refused);
    EXPECT_EQ(guess("wrong").wait, Duration(seconds(4)));
  }
}

TEST_P(UsersTest, guessing_at_many_accounts_from_one_address_slows_down) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(sign_in("x" + std::to_string(i) + "@club.example", "wrong",
                      "2001:db8:1:2:" + std::to_string(i) + "::1")
                  .kind,
              Kind::refused);
  }
  EXPECT_EQ(sign_in("y@club.example", "wrong", "2001:db8:1:2::99").kind, Kind::throttled)
      << "the whole /64";
  EXPECT_EQ(sign_in("y@club.example", "wrong", "2001:db8:1:3::99").kind, Kind::refused);
}

TEST_P(UsersTest, a_wait_ends_and_the_right_password_forgives_the_account) {
  password(ada_);
  for (int i = 0; i < 5; ++i) sign_in("ada@club.example", "wrong");
  clock_.at += seconds(1);
  EXPECT_EQ(sign_in("ada@club.example").kind, Kind::signed_in);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("ada@club.example", "wrong").kind, Kind::refused);
  EXPECT_EQ(sign_in("ada@club.example").kind, Kind::throttled);
  clock_.at += hours(2);
  EXPECT_EQ(sign_in("ada@club.example").kind, Kind::signed_in) << "forgotten";
}

TEST(LoginDelay, doubles_from_a_second_to_a_quarter_of_an_hour) {
  EXPECT_EQ(login_delay(0, 5), Duration{});
  EXPECT_EQ(login_delay(4, 5), Duration{});
  EXPECT_EQ(login_delay(5, 5), Duration(seconds(1)));
  EXPECT_EQ(login_delay(9, 5), Duration(seconds(16)));
  EXPECT_EQ(login_delay(15, 5), Duration(minutes(15)));
  EXPECT_EQ(login_delay(1'000'000'000, 5), Duration(minutes(15)));
}

TEST_P(UsersTest, throttling_survives_a_restart) {
  for (int i = 0; i < 5; ++i) sign_in("ada@club.example", "wrong");
  // In memory only the program's own part starts anew.
  if (GetParam() != db::testing::Kind::sqlite_memory) database_.reopen();
  SignIn again(*database_, ids_, clock_, hasher_);
  EXPECT_EQ(again.sign_in({"ada@club.example", "wrong", {}, {"192.0.2.9", ""}})->kind,
            Kind::throttled);
}

// Security: sessions survive a password change [listmonk 2026-34828]: they do not.
TEST_P(UsersTest, a_password_change_ends_every_session) {
  password(ada_);
  const auto here = sign_in("ada@club.example");
  const auto elsewhere = sign_in("ada@club.example");
  const auto who = session(here.session.secret)->who;
  const auto wrong = sign_in_.change_password(who, "not it at all", kOther, {"192.0.2.1", "B"});
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->kind, Kind::refused);
  EXPECT_TRUE(session(elsewhere.session.secret));
  const auto weak = sign_in_.change_password(who, kPassword, "1234567890", {"192.0.2.1", "B"});
  EXPECT_EQ(weak.error().code, "password.obvious");
  EXPECT_TRUE(session(elsewhere.session.secret));
  const auto changed = sign_in_.change_password(who, kPassword, kOther, {"192.0.2.1", "B"});
  ASSERT_TRUE(changed) << changed.error().message;
  ASSERT_EQ(changed->kind, Kind::signed_in);
  EXPECT_FALSE(session(here.session.secret));
  EXPECT_FALSE(session(elsewhere.session.secret));
  EXPECT_TRUE(session(changed->session.secret)) << "the browser that asked stays";
  EXPECT_EQ(sign_in("ada@club.example", kPassword).kind, Kind::refused);
  EXPECT_EQ(sign_in("ada@club.example", kOther).kind, Kind::signed_in);
}

TEST_P(UsersTest, a_session_ends_when_idle_and_in_any_case) {
  password(ada_);
  const auto idle = sign_in("ada@club.example");
  clock_.at += kSessionIdle - seconds(1);
  EXPECT_TRUE(session(idle.session.secret));
  clock_.at += seconds(1);
  EXPECT_FALSE(session(idle.session.secret));
  const auto used = sign_in("ada@club.example");
  for (Duration past{}; past < kSessionLongest - hours(10); past += hours(10)) {
    must([&](db::Connection& c) { return note_session_use(c, used.session.id, clock_.now()); });
    ASSERT_TRUE(session(used.session.secret));
    clock_.at += hours(10);
  }
  must([&](db::Connection& c) { return note_session_use(c, used.session.id, clock_.now()); });
  clock_.at = used.session.expires_at - seconds(1);
  EXPECT_TRUE(session(used.session.secret));
  clock_.at += seconds(1);
  EXPECT_FALSE(session(used.session.secret));
}

TEST_P(UsersTest, sessions_are_listed_and_ended_one_by_one_by_their_own_user_only) {
  password(ada_);
  const auto first = sign_in("ada@club.example");
  clock_.at += minutes(1);
  const auto second = sign_in("ada@club.example");
  const auto listed = read([&](db::Connection& c) { return list_sessions(c, ada_, clock_.now()); });
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].id, second.session.id);
  EXPECT_EQ(listed[0].user_agent, "Browser/1");
  EXPECT_EQ(write([&](db::Connection& c) { return end_session(c, ben_, first.session.id); }),
            "session.not_found");
  must([&](db::Connection& c) { return end_session(c, ada_, first.session.id); });
  EXPECT_FALSE(session(first.session.secret));
  EXPECT_TRUE(session(second.session.secret));
}

TEST_P(UsersTest, a_person_has_a_bounded_number_of_sessions) {
  password(ada_);
  const auto first = sign_in("ada@club.example");
  for (int i = 0; i < kSessionsMax; ++i) {
    clock_.at += seconds(1);
    ASSERT_EQ(sign_in("ada@club.example").kind, Kind::signed_in);
  }
  EXPECT_FALSE(session(first.session.secret));
  EXPECT_EQ(read([&](db::Connection& c) { return list_sessions(c, ada_, clock_.now()); }).size(),
            static_cast<std::size_t>(kSessionsMax));
}

TEST_P(UsersTest, leaving_or_being_disabled_ends_sessions_and_tokens_there_only) {
  password(ada_);
  must([&](db::Connection& c) { return add_member(c, two_, ada_, Role::editor, clock_.now()); });
  const auto in_one = sign_in("ada@club.example", kPassword, "192.0.2.1", one_);
  const auto in_two = sign_in("ada@club.example", kPassword, "192.0.2.1", two_);
  const auto key =
      make_token(as(ada_, Role::editor, two_), {ada_, "shop", {Permission::contacts_read}});
  ASSERT_TRUE(key);
  EXPECT_TRUE(token(key->secret));
  EXPECT_EQ(session(in_two.session.secret)->who.permissions, permissions_of(Role::editor));
  must([&](db::Connection& c) { return disable_member(c, two_, ada_, clock_.now()); });
  EXPECT_FALSE(session(in_two.session.secret));
  EXPECT_FALSE(token(key->secret));
  EXPECT_TRUE(session(in_one.session.secret));
  EXPECT_EQ(sign_in("ada@club.example", kPassword, "192.0.2.1", two_).kind, Kind::no_organisation);
  must([&](db::Connection& c) { return enable_member(c, two_, ada_, clock_.now()); });
  EXPECT_TRUE(token(key->secret));
  must([&](db::Connection& c) { return remove_member(c, two_, ada_, clock_.now()); });
  must([&](db::Connection& c) { return add_member(c, two_, ada_, Role::owner, clock_.now()); });
  EXPECT_FALSE(token(key->secret)) << "who comes back does not bring old tokens along";
}

TEST_P(UsersTest, a_session_moves_to_another_of_the_users_organisations) {
  password(ada_);
  const auto outcome = sign_in("ada@club.example");
  const auto to = [&](OrganisationId organisation) {
    return write([&](db::Connection& c) {
      return switch_session(c, ada_, outcome.session.id, organisation);
    });
  };
  EXPECT_EQ(to(two_), "organisation.not_found");
  must([&](db::Connection& c) { return add_member(c, two_, ada_, Role::viewer, clock_.now()); });
  EXPECT_EQ(to(two_), "");
  const auto found = session(outcome.session.secret);
  EXPECT_EQ(found->who.organisation_id, two_);
  EXPECT_EQ(found->who.permissions, permissions_of(Role::viewer));
}

TEST_P(UsersTest, a_role_counts_from_the_next_call_on) {
  password(ada_);
  must([&](db::Connection& c) { return add_member(c, one_, ben_, Role::owner, clock_.now()); });
  const auto outcome = sign_in("ada@club.example");
  must([&](db::Connection& c) { return change_role(c, one_, ada_, Role::viewer, clock_.now()); });
  EXPECT_EQ(session(outcome.session.secret)->who.permissions, permissions_of(Role::viewer));
}

// Security: token scopes.
TEST_P(UsersTest, a_token_may_what_its_scopes_and_its_users_role_both_allow) {
  must([&](db::Connection& c) { return add_member(c, one_, ben_, Role::owner, clock_.now()); });
  const auto key =
      make_token(as(ada_, Role::owner, one_),
                 {ada_, "shop", {Permission::contacts_read, Permission::record_purge}});
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_TRUE(key->secret.starts_with("tdg_"));
  const auto found = token(key->secret);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->who.token_id, key->id);
  EXPECT_EQ(found->who.user_id, ada_);
  EXPECT_EQ(found->who.name, "Ada (shop)");
  EXPECT_EQ(found->who.permissions,
            (PermissionSet{Permission::contacts_read, Permission::record_purge}));
  must([&](db::Connection& c) { return change_role(c, one_, ada_, Role::editor, clock_.now()); });
  EXPECT_EQ(token(key->secret)->who.permissions, PermissionSet{Permission::contacts_read});
}

TEST_P(UsersTest, nobody_makes_a_token_that_may_more_than_they) {
  const auto editor = as(ada_, Role::editor, one_);
  EXPECT_EQ(make_token(editor, {ada_, "x", {Permission::users_write}}).error().code,
            "token.scopes");
  EXPECT_EQ(make_token(editor, {ada_, "x", {}}).error().code, "token.scopes");
  EXPECT_EQ(make_token(editor, {ada_, "", {Permission::contacts_read}}).error().code, "token.name");
  EXPECT_EQ(make_token(editor, {ada_, "x", {Permission::contacts_read}, false, clock_.now()})
                .error()
                .code,
            "token.expiry");
  auto tester = editor;
  tester.is_test = true;
  EXPECT_EQ(make_token(tester, {ada_, "x", {Permission::contacts_read}}).error().code,
            "token.test_only");
  const auto test = make_token(tester, {ada_, "x", {Permission::contacts_read}, true});
  ASSERT_TRUE(test);
  EXPECT_TRUE(test->secret.starts_with("tdgt_"));
  EXPECT_TRUE(token(test->secret)->who.is_test);
}

TEST_P(UsersTest, a_token_ends_when_revoked_or_expired) {
  const auto owner = as(ada_, Role::owner, one_);
  const auto lasting = make_token(owner, {ada_, "a", {Permission::contacts_read}});
  const auto brief =
      make_token(owner, {ada_, "b", {Permission::contacts_read}, false, clock_.now() + hours(1)});
  clock_.at += hours(1);
  EXPECT_FALSE(token(brief->secret));
  EXPECT_TRUE(token(lasting->secret));
  EXPECT_EQ(write([&](db::Connection& c) {
              return revoke_api_token(c, two_, lasting->id, clock_.now());
            }),
            "token.not_found")
      << "another organisation's";
  must([&](db::Connection& c) { return revoke_api_token(c, one_, lasting->id, clock_.now()); });
  EXPECT_FALSE(token(lasting->secret));
  EXPECT_EQ(read([&](db::Connection& c) { return list_api_tokens(c, one_, {}); }).size(), 1u);
  EXPECT_EQ(read([&](db::Connection& c) {
              return list_api_tokens(c, one_, {.with_revoked = true});
            }).size(),
            2u);
  EXPECT_TRUE(read([&](db::Connection& c) { return list_api_tokens(c, two_, {}); }).empty());
}

TEST_P(UsersTest, secrets_are_nowhere_in_the_database) {
  password(ada_);
  const auto outcome = sign_in("ada@club.example");
  const auto key =
      make_token(as(ada_, Role::owner, one_), {ada_, "a", {Permission::contacts_read}});
  const auto secrets = read([&](db::Connection& c) -> Result<std::string> {
    std::string all;
    TRY(c.query({"", "SELECT secret_hash FROM session UNION ALL SELECT secret_hash FROM api_token"},
                {}, [&](const db::Row& row) { all += row.bytes(0); }));
    TRY(c.query({"", "SELECT password_hash FROM user_account"}, {},
                [&](const db::Row& row) { all += row.text(0); }));
    return all;
  });
  EXPECT_EQ(secrets.find(outcome.session.secret), std::string::npos);
  EXPECT_EQ(secrets.find(key->secret), std::string::npos);
  EXPECT_EQ(secrets.find(kPassword), std::string::npos);
}

TEST_P(UsersTest, a_password_link_works_once_and_for_its_time) {
  const auto link = [&](Duration lasts) {
    return *database_->write_value(db::Priority::web, [&](db::Connection& c) {
      return create_password_link(c, ids_, ada_, one_, lasts, clock_.now());
    });
  };
  const auto first = link(hours(1));
  EXPECT_EQ(sign_in_.redeem_link(first.secret, "1234567890").error().code, "password.obvious");
  EXPECT_EQ(*sign_in_.redeem_link(first.secret, kPassword), ada_);
  EXPECT_EQ(sign_in_.redeem_link(first.secret, kOther).error().code, "password_link.invalid");
  const auto open = sign_in("ada@club.example");
  EXPECT_EQ(open.kind, Kind::signed_in);
  const auto replaced = link(hours(1));
  const auto second = link(hours(1));
  EXPECT_EQ(sign_in_.redeem_link(replaced.secret, kOther).error().code, "password_link.invalid");
  EXPECT_TRUE(
      read([&](db::Connection& c) { return find_password_link(c, second.secret, clock_.now()); }));
  EXPECT_TRUE(sign_in_.redeem_link(second.secret, kOther));
  EXPECT_FALSE(session(open.session.secret)) << "ends every session";
  const auto old = link(hours(1));
  clock_.at += hours(1);
  EXPECT_EQ(sign_in_.redeem_link(old.secret, kOther).error().code, "password_link.invalid");
  EXPECT_EQ(sign_in_.redeem_link("", kOther).error().code, "password_link.invalid");
}

TEST_P(UsersTest, a_changed_password_takes_back_unused_links) {
  password(ada_);
  const auto link = *database_->write_value(db::Priority::web, [&](db::Connection& c) {
    return create_password_link(c, ids_, ada_, one_, kResetLasts, clock_.now());
  });
  password(ada_, kOther);
  EXPECT_EQ(sign_in_.redeem_link(link.secret, kPassword).error().code, "password_link.invalid");
}

TEST_P(UsersTest, an_old_hash_is_renewed_by_the_next_sign_in) {
  password(ada_);
  PasswordHasher dearer({.cost = {.passes = 2, .bytes = 16384}});
  SignIn later(*database_, ids_, clock_, dearer);
  const auto hash = [&] {
    return read([&](db::Connection& c) { return find_user(c, ada_); }).password_hash;
  };
  const auto before = hash();
  const auto open = sign_in("ada@club.example");
  ASSERT_EQ(later.sign_in({"ada@club.example", kPassword, {}, {"192.0.2.1", ""}})->kind,
            Kind::signed_in);
  EXPECT_NE(hash(), before);
  EXPECT_TRUE(hash().find("t=2") != std::string::npos);
  EXPECT_TRUE(session(open.session.secret)) << "the password is the same: nothing ends";
  EXPECT_EQ(later.sign_in({"ada@club.example", kPassword, {}, {"192.0.2.1", ""}})->kind,
            Kind::signed_in);
}

TEST_P(UsersTest, an_address_can_not_be_changed_to_somebody_elses) {
  EXPECT_EQ(write([&](db::Connection& c) {
              return change_profile(c, ada_, {"BEN@school.example", "Ada", "en"}, clock_.now());
            }),
            "user.exists");
  must([&](db::Connection& c) {
    return change_profile(c, ada_, {"ADA@club.example", "Ada L.", "nl"}, clock_.now());
  });
}

INSTANTIATE_TEST_SUITE_P(On, UsersTest, ::testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<::testing::TestParamInfo<db::testing::Kind>>);

TEST(Roles, each_role_has_all_that_the_one_below_has) {
  for (std::size_t i = 0; i + 1 < kRoles.size(); ++i) {
    const auto upper = permissions_of(kRoles.at(i));
    const auto lower = permissions_of(kRoles.at(i + 1));
    EXPECT_EQ(upper & lower, lower) << to_string(kRoles.at(i));
    EXPECT_NE(upper, lower) << to_string(kRoles.at(i));
  }
}

// Security: permission bypass by raising oneself.
TEST(Roles, nobody_gives_or_takes_a_role_above_their_own) {
  EXPECT_TRUE(may_manage(permissions_of(Role::owner), Role::owner));
  EXPECT_TRUE(may_manage(permissions_of(Role::administrator), Role::administrator));
  EXPECT_FALSE(may_manage(permissions_of(Role::administrator), Role::owner));
  EXPECT_FALSE(may_manage(permissions_of(Role::editor), Role::viewer));
  EXPECT_FALSE(may_manage(PermissionSet{Permission::users_write}, Role::viewer))
      << "a token for users only";
}

TEST(Roles, permissions_are_words_and_back) {
  EXPECT_EQ(parse_permissions(to_text(PermissionSet::all())), PermissionSet::all());
  EXPECT_EQ(parse_permissions(""), PermissionSet{});
  EXPECT_EQ(parse_permissions("contacts:read  audit:read"),
            (PermissionSet{Permission::contacts_read, Permission::audit_read}));
  EXPECT_FALSE(parse_permissions("contacts:read everything"));
  for (const Role role : kRoles) EXPECT_EQ(parse_role(to_string(role)), role);
  EXPECT_FALSE(parse_role("Owner"));
}

}  // namespace
}  // namespace tidings::identity
