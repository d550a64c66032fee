// What a person refused holds at every address that they come by later, whatever the road.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "audience/consent/preferences.h"
#include "audience/consent/topics.h"
#include "audience/import_contacts.h"
#include "audience/people/erase_contact.h"
#include "audience/people/import_undo.h"
#include "audience/people/merge_contacts.h"
#include "audience/people/testing/people_fixture.h"
#include "audience/suppression_check.h"
#include "audience/suppressions.h"

namespace tidings::consent {
namespace {

using people::kOrganisation;
using people::NewAddress;

class CarriedChoicesTest : public people::PeopleFixture {
 protected:
  ContactId person(const std::vector<std::string>& addresses) {
    return create({.external_id = addresses.empty() ? "nobody" : addresses.front(),
                   .first_name = "Jan",
                   .addresses = list(addresses)});
  }
  static std::vector<NewAddress> list(const std::vector<std::string>& addresses) {
    std::vector<NewAddress> made;
    for (const auto& address : addresses) {
      const bool is_phone = address.starts_with('+');
      made.push_back({is_phone ? Channel::sms : Channel::email, address, false});
    }
    return made;
  }
  void give(ContactId id, const std::vector<std::string>& addresses) {
    change(id, {.addresses = list(addresses)});
  }
  // Everything, or one topic.
  void refuse(ContactId id, TopicId topic = {}) { choose_all(id, topic, false); }
  void choose_all(ContactId id, TopicId topic, bool is_on) {
    write([&](db::Connection& c) -> Result<void> {
      const Person who = TRY(person_of(c, kOrganisation, id));
      const auto choices =
          topic.valid() ? std::vector<Choice>{{topic, Channel::email, is_on}}
                        : all_choices(TRY(preferences_of(c, who, now())), std::nullopt, is_on);
      TRY(choose(c, ids_, who, choices, {.origin = "link"}, now()));
      return {};
    });
  }
  TopicId topic(const std::string& name) {
    const auto made = write_value([&](db::Connection& c) {
      return create_topic(c, ids_, kOrganisation, {.name = name}, now());
    });
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->id : TopicId{};
  }
  // The reason why a campaign does not go there; empty: it goes.
  std::string refused(const std::string& address, TopicId about = {},
                      Channel channel = Channel::email) {
    return read_value([&](db::Connection& c) -> Result<std::string> {
             RecipientPolicy policy{.now = now()};
             policy.consent = TRY(consent_of(c, kOrganisation, about));
             const auto found =
                 TRY(audience::find_suppressed(c, kOrganisation, channel, policy, {address}));
             const auto at = found.find(address);
             return at == found.end() ? std::string() : at->second;
           })
        .value_or("failed");
  }
  void suppress(const std::string& address, const std::string& reason) {
    write([&](db::Connection& c) -> Result<void> {
      TRY(audience::suppress(c, ids_, kOrganisation, {.normalised = address, .reason = reason},
                             now()));
      return {};
    });
  }
  ImportId import(const std::string& csv) {
    std::string name = (std::filesystem::temp_directory_path() / "tidings-carried-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    const auto file = folder / "people.csv";
    std::ofstream(file, std::ios::binary) << csv;
    const audience::ImportContext context{*database_, ids_, clock_, kOrganisation};
    const auto id = audience::create_import(context, file, folder / "imports", {});
    EXPECT_TRUE(id) << id.error().message;
    const auto job = audience::run_import(context, *id, {.chunk_rows = 100});
    EXPECT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->counts.bad, 0);
    std::filesystem::remove_all(folder);
    return *id;
  }
};

INSTANTIATE_TEST_SUITE_P(On, CarriedChoicesTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(CarriedChoicesTest, whoever_unsubscribed_is_not_written_to_at_a_second_address) {
  const ContactId jan = person({"jan@example.org"});
  refuse(jan);
  give(jan, {"jan@example.org", "jan@work.example", "+31612345678"});
  EXPECT_EQ(refused("jan@work.example"), "unsubscribed");
  EXPECT_EQ(refused("+31612345678", {}, Channel::sms), "") << "a choice is made per channel";
}

TEST_P(CarriedChoicesTest, an_address_given_in_the_place_of_another_inherits_its_choices) {
  const ContactId jan = person({"jan@example.org"});
  refuse(jan);
  give(jan, {"jan@new.example"});
  EXPECT_EQ(refused("jan@new.example"), "unsubscribed");
  give(jan, {"jan@newer.example"});
  EXPECT_EQ(refused("jan@newer.example"), "unsubscribed");
}

TEST_P(CarriedChoicesTest, the_choice_outlives_a_time_without_any_address) {
  const ContactId jan = person({"jan@example.org"});
  refuse(jan);
  give(jan, {});
  give(jan, {"jan@new.example"});
  EXPECT_EQ(refused("jan@new.example"), "unsubscribed");
  choose_all(jan, {}, true);
  give(jan, {});
  give(jan, {"jan@third.example"});
  EXPECT_EQ(refused("jan@third.example"), "") << "and so does the change of mind";
}

TEST_P(CarriedChoicesTest, an_import_that_adds_or_replaces_an_address_carries_the_choice) {
  const ContactId jan = person({"jan@example.org"});
  const ContactId ada = person({"ada@example.org"});
  refuse(jan);
  import("external_id,email\njan@example.org,jan@work.example\nada@example.org,ada@work.example\n");
  EXPECT_EQ(get(jan).contact.addresses.size(), 2U);
  EXPECT_EQ(refused("jan@work.example"), "unsubscribed");
  EXPECT_EQ(refused("ada@work.example"), "");
  give(ada, {"ada@work.example"});
  refuse(ada);
  give(ada, {});
  import("external_id,email\nada@example.org,ada@new.example\n");
  EXPECT_EQ(refused("ada@new.example"), "unsubscribed");
}

TEST_P(CarriedChoicesTest, rows_of_one_new_person_are_one_person) {
  suppress("jan@example.org", "unsubscribed");
  import("external_id,email\n7,jan@example.org\n7,jan@work.example\n8,ada@example.org\n");
  EXPECT_EQ(refused("jan@work.example"), "unsubscribed");
  EXPECT_EQ(refused("ada@example.org"), "");
}

TEST_P(CarriedChoicesTest, undoing_an_import_brings_no_address_back_that_is_written_to) {
  const ContactId jan = person({"jan@example.org"});
  const ImportId added = import("external_id,email\njan@example.org,jan@work.example\n");
  refuse(jan);
  // As if the old address had never been chosen about.
  write([&](db::Connection& c) -> Result<void> {
    TRY(audience::release(c, kOrganisation, Channel::email, "jan@example.org", "test", now()));
    TRY(c.execute({"", "DELETE FROM contact_address WHERE normalised = 'jan@example.org'"}, {}));
    TRY(c.execute({"", "DELETE FROM activity"}, {}));
    return {};
  });
  EXPECT_EQ(refused("jan@example.org"), "");
  const auto undone = people::undo_import(*database_, writer(), added);
  ASSERT_TRUE(undone) << undone.error().message;
  ASSERT_EQ(undone->restored, 1);
  EXPECT_EQ(refused("jan@example.org"), "unsubscribed");
}

TEST_P(CarriedChoicesTest, whoever_chose_no_topics_gets_no_topic_at_a_new_address) {
  const TopicId news = topic("News");
  const TopicId trips = topic("Trips");
  const ContactId jan = person({"jan@example.org"});
  refuse(jan, news);
  give(jan, {"jan@example.org", "jan@work.example"});
  EXPECT_EQ(refused("jan@work.example", news), "unsubscribed");
  EXPECT_EQ(refused("jan@work.example", trips), "") << "only what was refused";
  EXPECT_EQ(refused("jan@work.example"), "");
}

TEST_P(CarriedChoicesTest, a_topic_newer_than_the_choice_stays_refused_at_an_address_newer_still) {
  topic("News");
  const ContactId jan = person({"jan@example.org"});
  refuse(jan, kOtherTopics);
  const TopicId later = topic("Trips");
  ASSERT_EQ(refused("jan@example.org", later), "unsubscribed");
  give(jan, {"jan@example.org", "jan@work.example"});
  EXPECT_EQ(refused("jan@work.example", later), "unsubscribed");
}

TEST_P(CarriedChoicesTest, merging_with_somebody_who_unsubscribed_is_unsubscribing) {
  const ContactId jan = person({"jan@example.org"});
  const ContactId again = person({"jan@work.example"});
  refuse(again);
  write([&](db::Connection& c) { return people::merge_contacts(c, writer(), jan, again); });
  EXPECT_EQ(refused("jan@example.org"), "unsubscribed");
  EXPECT_EQ(refused("jan@work.example"), "unsubscribed");
}

TEST_P(CarriedChoicesTest, merging_with_somebody_who_has_no_address_any_more_is_too) {
  const ContactId jan = person({"jan@example.org"});
  const ContactId without = person({"jan@gone.example"});
  refuse(without);
  give(without, {});
  const ContactId bare = person({});
  write([&](db::Connection& c) { return people::merge_contacts(c, writer(), bare, without); });
  write([&](db::Connection& c) { return people::merge_contacts(c, writer(), jan, bare); });
  EXPECT_EQ(refused("jan@example.org"), "unsubscribed");
}

TEST_P(CarriedChoicesTest, nobody_asked_means_nobody_asked_at_the_second_address_either) {
  const ContactId jan = person({"jan@example.org"});
  suppress("jan@example.org", "no_consent");
  give(jan, {"jan@example.org", "jan@work.example"});
  EXPECT_EQ(refused("jan@work.example"), "no_consent");
}

TEST_P(CarriedChoicesTest, bounces_and_complaints_stay_with_their_address) {
  const ContactId jan = person({"jan@example.org"});
  suppress("jan@example.org", "bounce");
  suppress("jan@example.org", "complaint");
  give(jan, {"jan@example.org", "jan@work.example"});
  EXPECT_EQ(refused("jan@work.example"), "");
}

TEST_P(CarriedChoicesTest, a_relative_at_a_shared_address_keeps_an_address_of_their_own) {
  const ContactId mother = person({"mother@example.org"});
  const ContactId father = create({.external_id = "father",
                                   .first_name = "Piet",
                                   .addresses = list({"father@example.org", "mother@example.org"}),
                                   .allow_shared_addresses = true});
  refuse(mother);
  change(father,
         {.addresses = list({"father@example.org", "mother@example.org", "father@work.example"}),
          .allow_shared_addresses = true});
  EXPECT_EQ(refused("father@work.example"), "");
}

TEST_P(CarriedChoicesTest, erasing_keeps_nothing) {
  const ContactId jan = person({"jan@example.org"});
  refuse(jan);
  give(jan, {});
  const auto erased =
      write_value([&](db::Connection& c) { return people::erase_contact(c, writer(), jan); });
  ASSERT_TRUE(erased) << erased.error().message;
  const auto kept = read_value([&](db::Connection& c) {
    return c.query_first({"", "SELECT count(*) FROM kept_refusal"}, {},
                         [](const db::Row& row) { return row.integer(0); });
  });
  EXPECT_EQ(kept.value_or(-1), 0);
}

}  // namespace
}  // namespace tidings::consent
