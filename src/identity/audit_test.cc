#include "identity/audit.h"

#include <string>

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "db/testing/expect_plan.h"
#include "identity/organisation_settings.h"
#include "identity/organisations.h"

namespace tidings::identity {
namespace {

const Instant kNow = from_micros(1'800'000'000'000'000);

class AuditTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  db::testing::TestDatabase database_{GetParam()};
  const OrganisationId one_{1};
  const OrganisationId two_{2};

  void SetUp() override {
    must(write([&](db::Connection& c) {
      return create_organisation(c, {one_, "A", "en", "UTC", ""}, kNow);
    }));
    must(write([&](db::Connection& c) {
      return create_organisation(c, {two_, "B", "en", "UTC", ""}, kNow);
    }));
  }
  Result<void> write(const db::Database::Work& work) {
    return database_->write(db::Priority::web, work);
  }
  static void must(const Result<void>& result) { ASSERT_TRUE(result) << result.error().message; }
  void add(OrganisationId organisation, std::string_view action, std::string_view note = "") {
    Principal who = local_principal(organisation);
    who.user_id = UserId{7};
    must(write([&](db::Connection& c) {
      return audit(c, who,
                   {.action = action, .object = "user", .object_id = 9, .note = note, .after = "x"},
                   kNow);
    }));
  }
  AuditVerification verify(OrganisationId organisation) {
    return *database_->read_value([&](db::Connection& c) { return verify_audit(c, organisation); });
  }
  std::vector<AuditRecord> list(const AuditFilter& filter) {
    const auto found =
        database_->read_value([&](db::Connection& c) { return list_audit(c, one_, filter); });
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<AuditRecord>{});
  }
  // Writes beneath the triggers, as somebody with the database file could.
  void tamper(std::string_view sql) {
    const bool is_postgres = database_->dialect() == db::Dialect::postgres;
    must(write([&](db::Connection& c) -> Result<void> {
      TRY(c.run_script(is_postgres ? "DROP TRIGGER audit_log_append_only ON audit_log"
                                   : "DROP TRIGGER audit_log_no_change;"
                                     "DROP TRIGGER audit_log_no_delete"));
      return c.run_script(sql);
    }));
  }
};

TEST_P(AuditTest, each_organisation_has_a_chain_of_its_own) {
  add(one_, "user.create");
  add(two_, "user.create");
  add(one_, "user.change");
  EXPECT_EQ(verify(one_).entries, 2);
  EXPECT_FALSE(verify(one_).broken_at);
  EXPECT_EQ(verify(two_).entries, 1);
  EXPECT_EQ(verify(OrganisationId{3}).entries, 0);
  EXPECT_FALSE(verify(OrganisationId{3}).broken_at);
}

TEST_P(AuditTest, refuses_a_change_and_a_deletion) {
  add(one_, "user.create");
  EXPECT_FALSE(write([](db::Connection& c) {
    return c.run_script("UPDATE audit_log SET actor = 'somebody else'");
  }));
  EXPECT_FALSE(write([](db::Connection& c) { return c.run_script("DELETE FROM audit_log"); }));
  EXPECT_EQ(verify(one_).entries, 1);
}

TEST_P(AuditTest, an_entry_that_was_changed_is_found) {
  for (int i = 0; i < 3; ++i) add(one_, "user.create", "note");
  tamper("UPDATE audit_log SET note = 'nota' WHERE sequence = 2");
  EXPECT_EQ(verify(one_).broken_at, 2);
}

TEST_P(AuditTest, an_entry_that_was_taken_out_is_found) {
  for (int i = 0; i < 3; ++i) add(one_, "user.create");
  tamper("DELETE FROM audit_log WHERE sequence = 1");
  EXPECT_EQ(verify(one_).broken_at, 1);
}

TEST_P(AuditTest, a_missing_end_is_found) {
  for (int i = 0; i < 3; ++i) add(one_, "user.create");
  tamper("DELETE FROM audit_log WHERE sequence = 3");
  EXPECT_EQ(verify(one_).entries, 2);
  EXPECT_EQ(verify(one_).broken_at, 3);
}

TEST_P(AuditTest, a_change_that_fails_leaves_no_entry) {
  const auto wrote = write([&](db::Connection& c) -> Result<void> {
    TRY(audit(c, local_principal(one_), {.action = "user.create", .object = "user"}, kNow));
    return fail(ErrorKind::conflict, "test.later", "Later.");
  });
  EXPECT_FALSE(wrote);
  EXPECT_EQ(verify(one_).entries, 0);
  EXPECT_FALSE(verify(one_).broken_at);
}

TEST_P(AuditTest, lists_newest_first_by_what_is_asked) {
  add(one_, "user.create");
  add(one_, "user.change");
  add(one_, "users.other");
  add(one_, "token.create");
  EXPECT_EQ(list({}).size(), 4u);
  EXPECT_EQ(list({}).front().action, "token.create");
  EXPECT_EQ(list({.action = "user."}).size(), 2u);
  EXPECT_EQ(list({.action = "user.change"}).size(), 1u);
  EXPECT_EQ(list({.action = "user"}).size(), 0u);
  EXPECT_EQ(list({.user_id = UserId{8}}).size(), 0u);
  EXPECT_EQ(list({.user_id = UserId{7}}).size(), 4u);
  EXPECT_EQ(list({.object = "user", .object_id = 9}).size(), 4u);
  EXPECT_EQ(list({.object = "token"}).size(), 0u);
  EXPECT_EQ(list({.from = kNow + std::chrono::seconds(1)}).size(), 0u);
  EXPECT_EQ(list({.until = kNow + std::chrono::seconds(1)}).size(), 4u);
  EXPECT_EQ(list({.before_sequence = 3, .limit = 1}).front().sequence, 2);
}

TEST_P(AuditTest, a_long_note_is_cut_between_characters) {
  std::string note;
  while (note.size() < 600) note += "é€";
  add(one_, "user.create", note);
  const auto found = list({});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_LE(found.front().note.size(), 500u);
  EXPECT_TRUE(note.starts_with(found.front().note));
  EXPECT_EQ(verify(one_).entries, 1);
}

TEST_P(AuditTest, settings_keep_their_bounds) {
  const auto read = [&] {
    return *database_->read_value(
        [&](db::Connection& c) { return organisation_settings(c, one_); });
  };
  EXPECT_EQ(read(), OrganisationSettings{});
  OrganisationSettings settings;
  settings.recipient_limit = 150;
  settings.inactive_after_days = 0;
  settings.second_thought_s = 0;
  settings.body_retention_days = 365;
  settings.copy_address = "office@club.example";
  must(write([&](db::Connection& c) { return change_organisation_settings(c, one_, settings); }));
  EXPECT_EQ(read(), settings);
  const auto refused = [&](auto change) {
    OrganisationSettings wrong = settings;
    change(wrong);
    const auto result =
        write([&](db::Connection& c) { return change_organisation_settings(c, one_, wrong); });
    return result ? std::string("taken") : result.error().code;
  };
  using S = OrganisationSettings;
  EXPECT_EQ(refused([](S& s) { s.recipient_limit = 0; }), "organisation.recipient_limit");
  EXPECT_EQ(refused([](S& s) { s.inactive_after_days = 29; }), "organisation.inactive_after_days");
  EXPECT_EQ(refused([](S& s) { s.second_thought_s = -1; }), "organisation.second_thought_s");
  EXPECT_EQ(refused([](S& s) { s.lateness_limit_min = 0; }), "organisation.lateness_limit_min");
  EXPECT_EQ(refused([](S& s) { s.body_retention_days = 0; }), "organisation.body_retention_days");
  EXPECT_EQ(refused([](S& s) { s.event_retention_days = 1; }), "organisation.event_retention_days");
  EXPECT_EQ(refused([](S& s) { s.copy_address = "office"; }), "organisation.copy_address");
  EXPECT_EQ(read(), settings);
}

INSTANTIATE_TEST_SUITE_P(On, AuditTest, ::testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<::testing::TestParamInfo<db::testing::Kind>>);

}  // namespace
}  // namespace tidings::identity
