// Whatever people chose: what the breakdown says, what expansion does and what decide_recipient()
// says of the facts in memory is the same.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "audience/breakdown.h"
#include "audience/recipients.h"
#include "audience/testing/random_world.h"
#include "audience/testing/world.h"
#include "db/testing/databases.h"

namespace tidings::audience {
namespace {

using namespace testing;  // NOLINT: the world of these tests

struct Stored {
  std::string address;  // or "@domain"
  std::string reason;
  bool covers_everything = false;
  TopicId topic;
  Instant created_at{};
  std::optional<Instant> expires_at;
  bool is_released = false;
};

constexpr TopicId kTopics[] = {kEveryTopic, kOtherTopics, TopicId{5}, TopicId{6}};

std::vector<Stored> some_suppressions(const World& world) {
  std::vector<std::string> addresses = {"nobody@b.org"};
  for (const Person& person : world.people) {
    for (const Address& address : person.addresses) {
      if (address.channel == Channel::email) addresses.push_back(address.text);
    }
  }
  std::vector<Stored> stored;
  for (int i = below(12); i > 0; --i) {
    Stored& one = stored.emplace_back();
    one.address = any_of(addresses);
    if (one_in(8)) one.address = one.address.substr(one.address.find('@'));
    one.reason = any_of<std::string>(
        {"unsubscribed", "unsubscribed", "unsubscribed", "no_consent", "bounce", "manual"});
    one.covers_everything = one.reason == "bounce" || one_in(10);
    if (one.reason == "unsubscribed") one.topic = kTopics[below(4)];
    one.created_at = kNow - std::chrono::days(below(20)) - std::chrono::microseconds(i);
    if (one_in(6)) one.expires_at = kNow + std::chrono::days(below(4) - 2);
    one.is_released = one_in(6);
  }
  return stored;
}

Result<void> store_them(db::Connection& connection, OrganisationId organisation,
                        const std::vector<Stored>& stored) {
  std::int64_t id = organisation.value * 1'000;
  for (const Stored& one : stored) {
    TRY(connection.execute(
        {"",
         "INSERT INTO suppression (organisation_id, id, channel, normalised, reason, kinds,"
         " origin, created_at, expires_at, released_at, topic_id)"
         " VALUES ($1, $2, 0, $3, $4, $5, '', $6, $7, $8, $9) ON CONFLICT DO NOTHING"},
        {organisation, ++id, one.address, one.reason, one.covers_everything, one.created_at,
         one.expires_at, one.is_released ? db::Param(kNow) : db::Param(), one.topic}));
  }
  return {};
}

// The facts as a person would look them up.
std::string reason_at(const std::vector<Stored>& stored, const std::string& address,
                      const RecipientPolicy& policy) {
  std::string reason;
  std::pair<int, Instant> best(0, Instant());
  const auto look = [&](const std::string& key) {
    for (const Stored& one : stored) {
      if (one.address != key || one.is_released) continue;
      if (one.expires_at && *one.expires_at <= policy.now) continue;
      const SuppressionFact fact{one.reason, one.covers_everything, one.topic, one.created_at};
      if (!concerns(fact, policy)) continue;
      const std::pair rank(weight_of(fact), one.created_at);
      if (reason.empty() || rank.first > best.first ||
          (rank.first == best.first && rank.second < best.second)) {
        reason = one.reason;
        best = rank;
      }
    }
  };
  if (address.empty()) return reason;
  look(address);
  if (!reason.empty()) return reason;
  look(address.substr(address.rfind('@')));
  return reason.empty() ? "" : "domain";
}

class OneDecision : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  db::testing::TestDatabase database_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(On, OneDecision, ::testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<::testing::TestParamInfo<db::testing::Kind>>);

TEST_P(OneDecision, BreakdownAndExpansionSayWhatDecideRecipientSays) {
  std::int64_t world_number = 0;
  EXPECT_TRUE(rc::check("breakdown = expansion = decide_recipient", [&] {
    const std::int64_t base = ++world_number * 1'000;
    const World world = a_world(OrganisationId{base}, base);
    RC_ASSERT(store(*database_, world, base).has_value());
    std::vector<Stored> stored = some_suppressions(world);
    // As the table keeps them: of those in force one of a kind.
    std::vector<Stored> kept;
    for (const Stored& one : stored) {
      const auto is_same = [&](const Stored& other) {
        return !other.is_released && other.address == one.address && other.reason == one.reason &&
               other.covers_everything == one.covers_everything && other.topic == one.topic;
      };
      if (one.is_released || std::ranges::none_of(kept, is_same)) kept.push_back(one);
    }
    RC_ASSERT(database_
                  ->write(db::Priority::web,
                          [&](db::Connection& connection) {
                            return store_them(connection, world.organisation, kept);
                          })
                  .has_value());
    RecipientPolicy policy{
        .kind = MessageKind::campaign, .now = kNow, .inactive_after = std::chrono::days(730)};
    if (one_in(2)) {
      policy.consent = {.rule = one_in(3) ? ConsentRule::essential : ConsentRule::by_kind,
                        .topic_id = TopicId{5},
                        .topic_since = kNow - std::chrono::days(below(20))};
    }
    ExpandRequest request{world.organisation};
    request.as_of = kNow;
    const Audience audience = Audience::all();
    const auto said = database_->read_value([&](db::Connection& connection) {
      return break_down(connection, request, audience, {}, policy);
    });
    RC_ASSERT(said.has_value());
    const auto batch = database_->read_value([&](db::Connection& connection) {
      return expand(connection, request, audience, {}, "", 1'000);
    });
    RC_ASSERT(batch.has_value());
    std::vector<Candidate> candidates = batch->candidates;
    if (!batch->is_last) {
      const auto rest = database_->read_value([&](db::Connection& connection) {
        return expand(connection, request, audience, {}, batch->cursor, 1'000);
      });
      RC_ASSERT(rest.has_value() && rest->is_last);
      candidates.insert(candidates.end(), rest->candidates.begin(), rest->candidates.end());
    }
    const auto suppressed = database_->read_value([&](db::Connection& connection) {
      return find_suppressed_among(connection, world.organisation, Channel::email, candidates,
                                   policy);
    });
    RC_ASSERT(suppressed.has_value());
    std::map<std::pair<MessageState, std::string>, std::int64_t> told;
    std::map<std::pair<MessageState, std::string>, std::int64_t> done;
    for (const Recipient& each : unite_recipients(candidates, *suppressed, policy)) {
      const Candidate& candidate = candidates[each.first];
      RecipientFacts facts;
      facts.is_missing_guardian = candidate.is_missing_guardian;
      facts.has_address = !candidate.normalised.empty();
      facts.do_not_contact = candidate.do_not_contact;
      facts.last_seen = candidate.last_seen;
      const std::string reason = reason_at(kept, candidate.normalised, policy);
      facts.suppression = reason;
      RC_ASSERT(each.decision == decide_recipient(facts, policy));
      ++done[{each.decision.state, each.decision.reason}];
    }
    if (said->messages > 0) told[{MessageState::waiting, ""}] = said->messages;
    for (const LeftOut& entry : said->left_out) told[{entry.state, entry.reason}] = entry.count;
    RC_ASSERT(told == done);
  }));
}

}  // namespace
}  // namespace tidings::audience
