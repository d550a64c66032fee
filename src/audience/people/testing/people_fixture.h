// PeopleFixture: an organisation on a fresh database, and short words for what the tests of people
// do. Thread: the test's.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "audience/groups.h"
#include "audience/people/activities.h"
#include "audience/people/contact_book.h"
#include "audience/people/list_contacts.h"
#include "audience/people/relations.h"
#include "db/testing/databases.h"

namespace tidings::people {

inline constexpr OrganisationId kOrganisation{7};

class PeopleFixture : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  class TickingClock final : public Clock {
   public:
    Instant now() const override { return from_micros(at_ += 1000); }

   private:
    mutable std::int64_t at_ = 1'800'000'000'000'000;
  };

  PeopleFixture() {
    constexpr db::Statement insert{
        "test.organisation",
        "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
        "created_at) VALUES ($1, 'Test', 'nl-NL', 'Europe/Amsterdam', '', '{}', 0)"};
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute(insert, {kOrganisation}));
      TRY(c.execute(insert, {kOrganisation.value + 1}));
      return {};
    });
  }

  Instant now() const { return clock_.now(); }
  Writer writer() { return {ids_, kOrganisation, "tester", now()}; }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    EXPECT_TRUE(wrote) << wrote.error().message;
  }
  template <typename F>
  auto write_value(F work) {
    return database_->write_value(db::Priority::web, work);
  }
  template <typename F>
  auto read_value(F work) {
    return database_->read_value(work);
  }

  Result<ContactId> create_result(const ContactChange& change) {
    return write_value([&](db::Connection& c) {
      problems_.clear();
      return create_contact(c, writer(), change, problems_);
    });
  }
  ContactId create(const ContactChange& change) {
    const auto made = create_result(change);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(ContactId{});
  }
  Error create_fails(const ContactChange& change) {
    const auto made = create_result(change);
    EXPECT_FALSE(made);
    return made ? Error{} : made.error();
  }
  Result<bool> change_result(ContactId id, const ContactChange& to) {
    return write_value([&](db::Connection& c) {
      problems_.clear();
      return change_contact(c, writer(), id, to, problems_);
    });
  }
  bool change(ContactId id, const ContactChange& to) {
    const auto changed = change_result(id, to);
    EXPECT_TRUE(changed) << changed.error().message;
    return changed.value_or(false);
  }
  Person get(ContactId id) {
    auto person = read_value([&](db::Connection& c) { return find_person(c, kOrganisation, id); });
    EXPECT_TRUE(person) << person.error().message;
    return person ? *std::move(person) : Person{};
  }
  Error get_fails(ContactId id) {
    const auto person =
        read_value([&](db::Connection& c) { return find_person(c, kOrganisation, id); });
    EXPECT_FALSE(person);
    return person ? Error{} : person.error();
  }
  std::vector<Activity> activities(ContactId id) {
    return read_value([&](db::Connection& c) { return list_activities(c, kOrganisation, id, {}); })
        .value_or(std::vector<Activity>{});
  }
  GroupId make_group(std::string_view name) {
    const auto group = write_value([&](db::Connection& c) {
      return audience::create_group(c, ids_, kOrganisation, name, now());
    });
    EXPECT_TRUE(group) << group.error().message;
    return group ? group->id : GroupId{};
  }
  std::int64_t join(GroupId group, const std::vector<ContactId>& contacts) {
    const auto added = write_value([&](db::Connection& c) {
      return audience::add_to_group(c, kOrganisation, group, contacts, now());
    });
    EXPECT_TRUE(added) << added.error().message;
    return added.value_or(-1);
  }
  // As kept; checked against the count of rows.
  std::int64_t members(GroupId group) {
    const auto kept = read_value([&](db::Connection& c) -> Result<std::int64_t> {
      const auto counted = TRY(audience::recount_members(c, kOrganisation, group));
      const auto found = TRY(audience::find_group_by_id(c, kOrganisation, group));
      EXPECT_EQ(found.members, counted);
      return found.members;
    });
    return kept.value_or(-1);
  }
  Result<RelationId> relate(const Relation& relation) {
    return write_value([&](db::Connection& c) {
      return create_relation(c, ids_, kOrganisation, relation, now());
    });
  }
  std::vector<Relation> relations(ContactId id) {
    return read_value([&](db::Connection& c) { return list_relations(c, kOrganisation, id); })
        .value_or(std::vector<Relation>{});
  }
  std::vector<ContactId> ids(const ContactQuery& query, int page_size) {
    std::vector<ContactId> found;
    std::string cursor;
    do {
      const auto page = read_value([&](db::Connection& c) {
        return list_contacts(c, kOrganisation, query, cursor, page_size);
      });
      EXPECT_TRUE(page) << page.error().message;
      if (!page) break;
      for (const Person& person : page->people) found.push_back(person.contact.id);
      cursor = page->next_cursor;
    } while (!cursor.empty() && found.size() < 100'000);
    return found;
  }
  std::vector<std::string> names(const ContactQuery& query) {
    const auto page = read_value(
        [&](db::Connection& c) { return list_contacts(c, kOrganisation, query, "", 1000); });
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> found;
    if (page)
      for (const Person& person : page->people) found.push_back(person.contact.display_name());
    return found;
  }

  db::testing::TestDatabase database_{GetParam()};
  TickingClock clock_;
  IdSource ids_{clock_, 1};
  std::vector<FieldProblem> problems_;
};

}  // namespace tidings::people
