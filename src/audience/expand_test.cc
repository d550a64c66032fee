#include "audience/expand.h"

#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "audience/breakdown.h"
#include "audience/freeze_audience.h"
#include "audience/recipients.h"
#include "audience/testing/expand_twin.h"
#include "audience/testing/random_world.h"
#include "audience/testing/world.h"
#include "db/testing/databases.h"

namespace tidings::audience {
namespace {

using namespace testing;  // NOLINT: the world of these tests

class ExpandTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  Result<std::vector<Candidate>> all(const World& world, const Audience& audience,
                                     const UsedFields& used = {}, int limit = 3,
                                     Channel channel = Channel::email, CampaignId campaign = {},
                                     const ContentLanguages* languages = nullptr) {
    std::vector<Candidate> candidates;
    ExpandRequest request{world.organisation, channel, campaign};
    request.languages = languages;
    request.as_of = kNow;
    std::string cursor;
    for (int batches = 0; batches < 10'000; ++batches) {
      auto batch = TRY(database_->read_value([&](db::Connection& connection) {
        return expand(connection, request, audience, used, cursor, limit);
      }));
      std::ranges::move(batch.candidates, std::back_inserter(candidates));
      if (batch.is_last) return candidates;
      cursor = batch.cursor;
    }
    return fail(ErrorKind::internal, "test.endless", "The expansion does not end.");
  }

  db::testing::TestDatabase database_{GetParam()};
};

TEST_P(ExpandTest, YieldsWhatTheSlowTwinYieldsWhateverTheBatch) {
  std::int64_t world_number = 0;
  EXPECT_TRUE(rc::check("expansion = twin", [&] {
    const std::int64_t base = ++world_number * 1'000;
    World world = a_world(OrganisationId{base}, base);
    add_segments(world, base);
    RC_ASSERT(store(*database_, world, base).has_value());
    for (int i = 0; i < 4; ++i) {
      const Audience audience = an_audience(world, base);
      if (audience.empty()) continue;
      const Channel channel = one_in(4) ? Channel::sms : Channel::email;
      const auto got = all(world, audience, {}, 1 + below(6), channel);
      RC_ASSERT(got.has_value());
      std::vector<Row> rows;
      for (const Candidate& candidate : *got) {
        rows.emplace_back(candidate.normalised, candidate.contact_id.value,
                          candidate.about_id.value);
      }
      auto expected = Twin{world, audience, channel}.expected();
      RC_ASSERT(std::set<Row>(rows.begin(), rows.end()) == expected);
      RC_ASSERT(rows.size() == expected.size());
    }
  }));
}

TEST_P(ExpandTest, AFrozenAudienceIsWhoItWasWhateverChanges) {
  std::int64_t world_number = 0;
  EXPECT_TRUE(rc::check("frozen = live", [&] {
    const std::int64_t base = ++world_number * 1'000;
    World world = a_world(OrganisationId{base}, base);
    add_segments(world, base);
    RC_ASSERT(store(*database_, world, base).has_value());
    Audience audience = an_audience(world, base);
    audience.everybody = false;
    audience.exclude = {};
    if (audience.empty()) audience.include.groups = {GroupId{base + 1}};
    const auto live = all(world, audience);
    RC_ASSERT(live.has_value());
    audience.freeze = true;
    ExpandRequest request{world.organisation, Channel::email, CampaignId{base + 90}};
    request.as_of = kNow;
    for (bool is_finished = false; !is_finished;) {
      const auto wrote = database_->write(db::Priority::web, [&](db::Connection& connection) {
        const auto step = freeze_step(connection, request, audience, 1 + below(4), kNow);
        is_finished = step && step->is_finished;
        return step ? Result<void>() : std::unexpected(step.error());
      });
      RC_ASSERT(wrote.has_value());
      // Later steps and the expansion do not look at the clock again.
    }
    RC_ASSERT(database_
                  ->write(db::Priority::web,
                          [&](db::Connection& connection) -> Result<void> {
                            TRY(connection.execute(
                                {"", "DELETE FROM contact_group_member WHERE organisation_id = $1"},
                                {world.organisation}));
                            TRY(connection.execute(
                                {"",
                                 "UPDATE segment SET rule = '{\"type\":\"any\",\"rules\":[]}'"
                                 " WHERE organisation_id = $1"},
                                {world.organisation}));
                            return {};
                          })
                  .has_value());
    const auto frozen = all(world, audience, {}, 3, Channel::email, request.campaign);
    RC_ASSERT(frozen.has_value());
    const auto rows = [](const std::vector<Candidate>& candidates) {
      std::set<Row> set;
      for (const Candidate& each : candidates) {
        set.emplace(each.normalised, each.contact_id.value, each.about_id.value);
      }
      return set;
    };
    RC_ASSERT(rows(*frozen) == rows(*live));
  }));
}

TEST_P(ExpandTest, TheBreakdownSaysWhatExpansionThenDoes) {
  std::int64_t world_number = 0;
  EXPECT_TRUE(rc::check("breakdown = expansion", [&] {
    const std::int64_t base = ++world_number * 1'000;
    World world = a_world(OrganisationId{base}, base);
    add_segments(world, base);
    RC_ASSERT(store(*database_, world, base).has_value());
    RC_ASSERT(database_
                  ->write(db::Priority::web,
                          [&](db::Connection& connection) -> Result<void> {
                            TRY(connection.execute(
                                {"",
                                 "INSERT INTO suppression (organisation_id, id, channel,"
                                 " normalised, reason, kinds, origin, created_at)"
                                 " VALUES ($1, $1, 0, 'b@b.org', 'bounce', 1, '', 0)"},
                                {world.organisation}));
                            return {};
                          })
                  .has_value());
    UsedFields used;
    if (one_in(2)) used.fields = {{"first_name", "first_name"}};
    if (one_in(3)) used.student_fields = {{"name", "name"}};
    for (int i = 0; i < 3; ++i) {
      const Audience audience = an_audience(world, base);
      if (audience.empty()) continue;
      ExpandRequest request{world.organisation};
      request.as_of = kNow;
      const auto said = database_->read_value([&](db::Connection& connection) {
        return break_down(connection, request, audience, used, {.kind = MessageKind::campaign});
      });
      RC_ASSERT(said.has_value());
      const auto candidates = all(world, audience, used, 1 + below(6));
      RC_ASSERT(candidates.has_value());
      const RecipientPolicy policy{MessageKind::campaign, kNow, std::chrono::days(730)};
      std::map<std::pair<MessageState, std::string>, std::int64_t> done;
      const auto united = unite_recipients(*candidates, {{"b@b.org", "bounce"}}, policy);
      for (const Recipient& each : united) ++done[{each.decision.state, each.decision.reason}];
      std::map<std::pair<MessageState, std::string>, std::int64_t> told;
      if (said->messages > 0) told[{MessageState::waiting, ""}] = said->messages;
      std::int64_t left_out = 0;
      for (const LeftOut& entry : said->left_out) {
        told[{entry.state, entry.reason}] = entry.count;
        left_out += entry.count;
        RC_ASSERT(!entry.examples.empty());
      }
      RC_ASSERT(told == done);
      std::int64_t included = 0;
      std::int64_t excluded = 0;
      for (const ItemCount& item : said->included) included += item.count;
      for (const ItemCount& item : said->excluded) excluded += item.count;
      RC_ASSERT(included - excluded - left_out - said->repeated == said->messages);
      RC_ASSERT(included - excluded == std::ssize(*candidates));
    }
  }));
}

TEST_P(ExpandTest, ByContactAreTheSameCandidatesAsByAddress) {
  std::int64_t world_number = 0;
  EXPECT_TRUE(rc::check("by contact = by address", [&] {
    const std::int64_t base = ++world_number * 1'000;
    World world = a_world(OrganisationId{base}, base);
    add_segments(world, base);
    RC_ASSERT(store(*database_, world, base).has_value());
    UsedFields used;
    used.fields = {{"first_name", "first_name"}, {"phone", "phone"}};
    for (int i = 0; i < 5; ++i) {
      Audience audience = an_audience(world, base);
      audience.recipients = Recipients::themselves;
      audience.include.addresses.clear();
      audience.include.campaigns.clear();
      if (audience.empty()) continue;
      RC_ASSERT(expands_by_contact(audience));
      ExpandRequest request{world.organisation};
      request.as_of = kNow;
      request.with_excluded = one_in(2);
      const auto all_in = [&](auto expand_some, int limit) {
        std::multiset<std::string> all;
        std::string cursor;
        std::set<ContactId> earlier;
        for (bool is_last = false; !is_last;) {
          const auto batch = database_->read_value([&](db::Connection& connection) {
            return expand_some(connection, request, audience, used, cursor, limit);
          });
          RC_ASSERT(batch.has_value());
          std::set<ContactId> here;
          for (const Candidate& each : batch->candidates) {
            here.insert(each.contact_id);
            all.insert(fmt::format("{} {} {} {} {} {} {}", each.contact_id.value,
                                   each.about_id.value, each.address, each.normalised, each.values,
                                   each.included_by, each.excluded_by.value_or(-1)));
          }
          if (expand_some == &expand_by_contact) {
            for (const ContactId contact : here) RC_ASSERT(earlier.insert(contact).second);
          }
          cursor = batch->cursor;
          is_last = batch->is_last;
        }
        return all;
      };
      RC_ASSERT(all_in(&expand_by_contact, 1 + below(4)) == all_in(&expand, 100));
    }
  }));
}

Person person(std::int64_t id, std::string first, std::string address) {
  Person made;
  made.id = ContactId{id};
  made.first_name = std::move(first);
  made.created = kNow;
  if (!address.empty()) made.addresses.push_back({Channel::email, std::move(address), true});
  return made;
}

World school() {
  World world;
  world.groups = {GroupId{1}};
  world.people = {person(11, "Ann", ""),
                  person(12, "Ben", ""),
                  person(13, "Cas", ""),
                  person(21, "Parent", "p@home.org"),
                  person(22, "Other", "o@home.org"),
                  person(23, "Silent", "s@home.org")};
  for (int i = 0; i < 3; ++i) world.people[static_cast<std::size_t>(i)].groups = {GroupId{1}};
  world.relations = {{ContactId{21}, ContactId{11}},
                     {ContactId{21}, ContactId{12}},
                     {ContactId{22}, ContactId{11}},
                     {ContactId{23}, ContactId{12}, "guardian of", false}};
  return world;
}

std::vector<Recipient> unite(const std::vector<Candidate>& candidates,
                             const RecipientPolicy& policy = {MessageKind::campaign, kNow, {}}) {
  return unite_recipients(candidates, {}, policy);
}

// The content itself in Dutch reads nobody's name; French reads the guardian's, Polish the child's.
ContentLanguages three_languages() {
  UsedFields french;
  french.fields = {{"first_name", "first_name"}};
  UsedFields polish;
  polish.student_fields = {{"first_name", "first_name"}};
  return {"nl", {"fr", "pl"}, {french, polish}};
}

TEST_P(ExpandTest, EverybodyGetsTheirLanguageWithTheFieldsThatItReads) {
  World world = school();
  world.people[3].locale = "pl-PL";  // Parent, of two
  world.people[4].locale = "fr_BE";  // Other
  ASSERT_TRUE(store(*database_, world));
  const ContentLanguages languages = three_languages();
  Audience audience = Audience::of_group(GroupId{1});
  audience.recipients = Recipients::guardians;
  const auto found = all(world, audience, {}, 3, Channel::email, {}, &languages);
  ASSERT_TRUE(found);
  const auto united = unite(*found);
  // Other in French; Parent in Polish about each child; Cas has no guardian.
  ASSERT_EQ(united.size(), 4u);
  EXPECT_EQ(united[0].variant, 0);
  EXPECT_EQ(united[0].values, R"({"first_name":"Other"})");
  EXPECT_EQ(united[1].variant, 1);
  EXPECT_EQ(united[1].values, R"({"@student":{"first_name":"Ann"}})");
  EXPECT_EQ(united[2].values, R"({"@student":{"first_name":"Ben"}})");
  EXPECT_EQ(united[3].variant, kOwnLanguage);

  ExpandRequest request{world.organisation};
  request.as_of = kNow;
  request.languages = &languages;
  const auto told = database_->read_value([&](db::Connection& connection) {
    return break_down(connection, request, audience, {}, {.kind = MessageKind::campaign});
  });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->messages, 3);
  ASSERT_EQ(told->languages.size(), 3u);
  EXPECT_TRUE(told->languages[0].is_own);
  EXPECT_EQ(told->languages[0].count, 0);
  EXPECT_EQ(told->languages[1].locale, "fr");
  EXPECT_EQ(told->languages[1].count, 1);
  EXPECT_EQ(told->languages[2].count, 2);
}

TEST_P(ExpandTest, TwoAtOneAddressGetOneCopyInOneLanguageAndTwoInTwo) {
  World world;
  world.people = {person(11, "Ann", "home@b.org"), person(12, "Ben", "home@b.org"),
                  person(13, "Cas", "home@b.org")};
  world.people[2].locale = "fr";
  ASSERT_TRUE(store(*database_, world));
  const ContentLanguages languages{"nl", {"fr"}, {UsedFields()}};
  Audience audience;
  audience.everybody = true;
  audience.include.addresses = {"new@b.org"};
  const auto found = all(world, audience, {}, 3, Channel::email, {}, &languages);
  ASSERT_TRUE(found);
  const auto united = unite(*found);
  ASSERT_EQ(united.size(), 3u);
  EXPECT_EQ(united[0].about.size(), 2u) << "Ann and Ben read the same";
  EXPECT_EQ(united[0].variant, kOwnLanguage);
  EXPECT_EQ(united[1].about, std::vector{ContactId{13}});
  EXPECT_EQ(united[1].variant, 0);
  EXPECT_EQ(united[2].variant, kOwnLanguage) << "of nobody no language is known";
}

TEST_P(ExpandTest, AGuardianOfTwoGetsTwoCopiesThatDifferAndOneThatDoesNot) {
  const World world = school();
  ASSERT_TRUE(store(*database_, world));
  Audience audience = Audience::of_group(GroupId{1});
  audience.recipients = Recipients::guardians;
  UsedFields used;
  used.fields = {{"first_name", "first_name"}};
  const auto same = all(world, audience, used);
  ASSERT_TRUE(same);
  const auto united = unite(*same);
  // Cas has no guardian; then o@, p@ (about both children).
  ASSERT_EQ(united.size(), 3u);
  EXPECT_EQ(united[0].values, R"({"first_name":"Other"})");
  EXPECT_EQ(united[1].values, R"({"first_name":"Parent"})");
  EXPECT_EQ(united[1].about, (std::vector<ContactId>{ContactId{21}, ContactId{11}, ContactId{12}}));
  EXPECT_EQ(united[2].decision.reason, "no guardian");
  EXPECT_EQ(united[2].contact_id, ContactId{13});

  used.student_fields = {{"first_name", "first_name"}};
  const auto different = all(world, audience, used);
  ASSERT_TRUE(different);
  const auto copies = unite(*different);
  ASSERT_EQ(copies.size(), 4u);
  EXPECT_EQ(copies[1].values, R"({"first_name":"Parent","@student":{"first_name":"Ann"}})");
  EXPECT_EQ(copies[2].values, R"({"first_name":"Parent","@student":{"first_name":"Ben"}})");
  EXPECT_EQ(copies[1].about, (std::vector<ContactId>{ContactId{21}, ContactId{11}}));
}

TEST_P(ExpandTest, WhoIsWrittenToThemselvesIsTheirOwnStudent) {
  const World world = school();
  ASSERT_TRUE(store(*database_, world));
  UsedFields used;
  used.student_fields = {{"first_name", "first_name"}};
  Audience audience;
  audience.include.contacts = {ContactId{21}};
  const auto got = all(world, audience, used);
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1u);
  EXPECT_EQ(got->front().values, R"({"@student":{"first_name":"Parent"}})");
}

TEST_P(ExpandTest, AnInactiveContactIsSkippedAndWhoSharesTheAddressIsNot) {
  World world = school();
  Person old = world.people[3];
  old.id = ContactId{31};
  old.created = kNow - std::chrono::days(731);
  world.people.push_back(old);
  ASSERT_TRUE(store(*database_, world));
  Audience audience;
  audience.include.contacts = {ContactId{21}, ContactId{31}};
  const auto got = all(world, audience);
  ASSERT_TRUE(got);
  RecipientPolicy policy{MessageKind::campaign, kNow, std::chrono::days(730)};
  auto united = unite(*got, policy);
  ASSERT_EQ(united.size(), 2u);
  EXPECT_EQ(united[0].decision.state, MessageState::waiting);
  EXPECT_EQ(united[1].decision.reason, "inactive");
  EXPECT_NE(united[0].values_hash, united[1].values_hash);

  policy.kind = MessageKind::transactional;
  EXPECT_EQ(unite(*got, policy).size(), 1u);
  policy = {MessageKind::campaign, kNow, {}};
  EXPECT_EQ(unite(*got, policy).size(), 1u);
}

TEST_P(ExpandTest, ExactlyTheLimitIsAcceptedAndOneMoreIsRefused) {
  const World world = school();
  ASSERT_TRUE(store(*database_, world));
  Audience audience;
  audience.include.contacts = {ContactId{11}, ContactId{21}, ContactId{22}, ContactId{23}};
  const auto check = [&](int limit) {
    const std::string settings = fmt::format(R"({{"recipient_limit":{}}})", limit);
    EXPECT_TRUE(database_->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"", "UPDATE organisation SET settings = $1"}, {settings}));
      return {};
    }));
    return database_->read([&](db::Connection& connection) {
      return check_recipient_limit(connection, {world.organisation}, audience, {},
                                   {.kind = MessageKind::campaign});
    });
  };
  // Ann has no address: three would get it.
  EXPECT_TRUE(check(3));
  const auto refused = check(2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "audience.over_limit");
  audience.exclude.contacts = {ContactId{22}};
  EXPECT_TRUE(check(2));
}

TEST_P(ExpandTest, ADamagedCursorIsTold) {
  const World world = school();
  ASSERT_TRUE(store(*database_, world));
  const auto batch = database_->read_value([&](db::Connection& connection) {
    return expand(connection, {world.organisation}, Audience::all(), {}, "x:y", 10);
  });
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, "expand.cursor");
}

TEST_P(ExpandTest, AnAudienceOfNobodyIsRefused) {
  const auto batch = database_->read_value([&](db::Connection& connection) {
    return expand(connection, {OrganisationId{1}}, {}, {}, "", 10);
  });
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, "audience.empty");
}

INSTANTIATE_TEST_SUITE_P(On, ExpandTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

}  // namespace
}  // namespace tidings::audience
