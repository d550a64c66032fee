#include <algorithm>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audience/groups.h"
#include "audience/people/activities.h"
#include "audience/people/contact_book.h"
#include "audience/people/custom_fields.h"
#include "audience/people/list_contacts.h"
#include "audience/people/notes.h"
#include "audience/people/relations.h"
#include "audience/people/search_index.h"
#include "audience/people/search_text.h"
#include "audience/people/testing/people_fixture.h"

namespace tidings::people {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class PeopleTest : public PeopleFixture {};

INSTANTIATE_TEST_SUITE_P(On, PeopleTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST(SearchText, FoldsCaseAndDiacritics) {
  EXPECT_EQ(fold("Łukasz MÜLLER Ærø Straße"), "lukasz muller aero strasse");
  EXPECT_EQ(fold("plain ASCII 12"), "plain ascii 12");
  EXPECT_THAT(fold_words("d'Été-Żółw  x_y"), ElementsAre("d", "ete", "zolw", "x", "y"));
  EXPECT_THAT(fold_words(""), IsEmpty());
  EXPECT_THAT(fold_words("ΑΘΉΝΑ Иван"), ElementsAre("αθηνα", "иван"));
  EXPECT_EQ(fold_words(std::string(200, 'a')).front().size(), kWordMax);
}

TEST(SearchText, FindsANumberHoweverItIsWritten) {
  const std::string text = search_text({.phones = {"+31612345678"}});
  for (const char* query :
       {"06 1234 5678", "+31 6 12345678", "0031612345678", "612345678", "06-12"})
    EXPECT_TRUE(matches(text, query_words(query))) << query;
  EXPECT_FALSE(matches(text, query_words("07")));
}

TEST_P(PeopleTest, AContactIsCreatedChangedAndShownAsStored) {
  const ContactId id =
      create({.first_name = " Łukasz ",
              .last_name = "Wójcik",
              .addresses = {{{.address = "L.Wojcik@Example.ORG"},
                             {.address = "second@example.org"},
                             {.channel = Channel::sms, .address = "06 12345678"}}}});
  Person person = get(id);
  EXPECT_EQ(person.contact.first_name, "Łukasz");
  ASSERT_EQ(person.contact.addresses.size(), 3u);
  EXPECT_EQ(person.contact.addresses[0].normalised, "l.wojcik@example.org");
  EXPECT_TRUE(person.contact.addresses[0].primary);
  EXPECT_FALSE(person.contact.addresses[1].primary);
  EXPECT_EQ(person.contact.addresses[2].normalised, "+31612345678");

  EXPECT_TRUE(change(id, {.last_name = "Nowak",
                          .do_not_contact = true,
                          .addresses = {{{.address = "second@example.org"}}}}));
  EXPECT_FALSE(change(id, {.last_name = "Nowak"}));
  person = get(id);
  EXPECT_EQ(person.contact.display_name(), "Łukasz Nowak");
  ASSERT_EQ(person.contact.addresses.size(), 1u);
  EXPECT_TRUE(person.contact.addresses[0].primary);
  std::vector<std::string> types;
  for (const Activity& each : activities(id)) types.push_back(each.type);
  EXPECT_THAT(types, ElementsAre("consent", "edited", "created"));
}

TEST_P(PeopleTest, AnAddressOfSomebodyElseIsAConflictUnlessFamiliesShareIt) {
  const ContactId first = create({.name = "Anna", .addresses = {{{.address = "home@x.org"}}}});
  const ContactChange second{.name = "Bas", .addresses = {{{.address = "HOME@x.org"}}}};
  const Error error = create_fails(second);
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_EQ(error.code, "contact.address_taken");
  EXPECT_THAT(error.message, HasSubstr(to_text(first)));
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].field, "/addresses/0/address");
  ContactChange shared = second;
  shared.allow_shared_addresses = true;
  const ContactId bas = create(shared);
  // Who has it already may be edited without saying so again.
  EXPECT_TRUE(change(bas, {.first_name = "B", .addresses = {{{.address = "home@x.org"}}}}));
}

TEST_P(PeopleTest, EveryProblemOfAChangeIsNamedAndNothingIsWritten) {
  const Error error = create_fails(
      {.first_name = std::string(600, 'x'),
       .locale = "klingonese language",
       .time_zone = "Mars",
       .addresses = {{{.address = "nobody"}, {.channel = Channel::sms, .address = "12"}}},
       .fields = R"({"unknown": 1})"});
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  std::vector<std::string> fields;
  for (const auto& each : problems_) fields.push_back(each.field);
  EXPECT_THAT(fields,
              UnorderedElementsAre("/first_name", "/locale", "/time_zone", "/addresses/0/address",
                                   "/addresses/1/address", "/fields/unknown"));
  EXPECT_THAT(names({}), IsEmpty());
  EXPECT_EQ(create_fails({}).code, "contact.nobody");
  EXPECT_EQ(
      create_fails({.name = "A", .addresses = {{{.address = "a@x.org"}, {.address = "A@x.org"}}}})
          .code,
      "contact.address_repeated");
}

TEST_P(PeopleTest, CustomFieldsHaveTypes) {
  const auto define = [&](CustomField field) {
    return write_value([&](db::Connection& c) {
      return create_custom_field(c, ids_, kOrganisation, field, now());
    });
  };
  ASSERT_TRUE(define({.label = "Birth date", .type = FieldType::date}));
  ASSERT_TRUE(define({.label = "Fee", .type = FieldType::number}));
  ASSERT_TRUE(define({.label = "Paid", .type = FieldType::boolean}));
  const auto size =
      define({.label = "Size", .type = FieldType::choice, .choices = {"S", "M"}, .required = true});
  ASSERT_TRUE(size);
  EXPECT_EQ(size->name, "size");
  EXPECT_EQ(define({.label = "Size"}).error().code, "field.exists");
  EXPECT_EQ(define({.label = "Name"}).error().code, "field.bad_name");
  EXPECT_EQ(define({.label = "C", .type = FieldType::choice}).error().code, "field.bad_choices");

  EXPECT_EQ(create_fails({.name = "A"}).code, "field.required");
  const ContactId id = create({.name = "A",
                               .fields = R"({"birth_date":"2012-02-29","fee":12.0,"paid":true,)"
                                         R"("size":"M"})"});
  EXPECT_THAT(get(id).contact.fields, HasSubstr(R"("fee":12)"));
  for (const char* bad : {R"({"birth_date":"2013-02-29"})", R"({"fee":"12"})", R"({"paid":1})",
                          R"({"size":"XL"})", R"({"size":null})"})
    EXPECT_FALSE(change_result(id, {.fields = bad})) << bad;
  EXPECT_TRUE(change(id, {.fields = R"({"fee":null})"}));
  EXPECT_THAT(get(id).contact.fields, Not(HasSubstr("fee")));
}

TEST_P(PeopleTest, AFieldGoesLastAndNeverPastTheLastPosition) {
  const auto position = [&](const char* label, std::int64_t wanted) {
    const auto made = write_value([&](db::Connection& c) {
      return create_custom_field(c, ids_, kOrganisation, {.label = label, .position = wanted},
                                 now());
    });
    return made ? made->position : -1;
  };
  EXPECT_EQ(position("One", 4), 4);
  EXPECT_EQ(position("Two", 0), 5);
  EXPECT_EQ(position("Three", kFieldPositionMax), kFieldPositionMax);
  EXPECT_EQ(position("Four", 0), kFieldPositionMax);
}

TEST(FieldValues, ReadWhatPeopleTypeInATable) {
  CustomField field{.label = "F", .type = FieldType::number};
  EXPECT_EQ(field_value_from_text(field, "1 234,5"), "1.2345E3");
  EXPECT_EQ(field_value_from_text(field, "12"), "12");
  EXPECT_FALSE(field_value_from_text(field, "twelve"));
  EXPECT_FALSE(field_value_from_text(field, ""));
  field.type = FieldType::boolean;
  EXPECT_EQ(field_value_from_text(field, "Ja"), "true");
  EXPECT_EQ(field_value_from_text(field, "NIE"), "false");
  EXPECT_FALSE(field_value_from_text(field, "maybe"));
  field.type = FieldType::date;
  EXPECT_EQ(field_value_from_text(field, "3-12-2014"), "\"2014-12-03\"");
  EXPECT_EQ(field_value_from_text(field, "2014-12-03"), "\"2014-12-03\"");
  EXPECT_FALSE(field_value_from_text(field, "31.02.2014"));
}

TEST_P(PeopleTest, ADeletedContactIsNowhereButInTheRecord) {
  const ContactId id = create({.name = "Anna", .addresses = {{{.address = "a@x.org"}}}});
  const ContactId other = create({.name = "Tom"});
  const GroupId group = make_group("3B");
  join(group, {id, other});
  relate({.from_id = id, .to_id = other, .name = "guardian of"});
  write([&](db::Connection& c) { return delete_contact(c, writer(), id); });
  EXPECT_THAT(names({}), ElementsAre("Tom"));
  EXPECT_THAT(names({.search = "anna"}), IsEmpty());
  EXPECT_EQ(members(group), 1);
  EXPECT_THAT(relations(other), IsEmpty());
  EXPECT_EQ(get_fails(id).code, "contact.not_found");
  create({.name = "New Anna", .addresses = {{{.address = "a@x.org"}}}});
}

TEST_P(PeopleTest, GroupsCountTheirMembersWithoutCounting) {
  const GroupId group = make_group("3B");
  const ContactId a = create({.name = "A"});
  const ContactId b = create({.name = "B"});
  EXPECT_EQ(join(group, {a, b, a, ContactId{12345}}), 2);
  EXPECT_EQ(join(group, {a}), 0);
  EXPECT_EQ(members(group), 2);
  EXPECT_EQ(write_value([&](db::Connection& c) {
              return audience::remove_from_group(c, kOrganisation, group, std::vector{a, a});
            }),
            1);
  EXPECT_EQ(members(group), 1);
  EXPECT_THAT(names({.groups = {group}}), ElementsAre("B"));
  EXPECT_EQ(write_value([&](db::Connection& c) {
              return audience::create_group(c, ids_, kOrganisation, "3B", now());
            })
                .error()
                .code,
            "group.exists");
  EXPECT_EQ(write_value([&](db::Connection& c) {
              return audience::delete_group_step(c, kOrganisation, group, 1);
            }),
            false);
  EXPECT_EQ(write_value([&](db::Connection& c) {
              return audience::delete_group_step(c, kOrganisation, group, 1);
            }),
            true);
}

TEST_P(PeopleTest, RelationsShowInBothDirections) {
  const ContactId mother = create({.name = "Mother"});
  const ContactId child = create({.name = "Child"});
  const auto made =
      relate({.from_id = mother, .to_id = child, .name = "guardian of", .receives_messages = true});
  ASSERT_TRUE(made);
  for (const ContactId id : {mother, child}) {
    const auto list = relations(id);
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].from_name, "Mother");
    EXPECT_EQ(list[0].to_name, "Child");
    EXPECT_TRUE(list[0].receives_messages);
  }
  EXPECT_EQ(relate({.from_id = mother, .to_id = child, .name = "guardian of"}).error().code,
            "relation.exists");
  EXPECT_EQ(relate({.from_id = mother, .to_id = mother, .name = "x"}).error().code,
            "relation.to_itself");
  EXPECT_EQ(relate({.from_id = mother, .to_id = ContactId{5}, .name = "x"}).error().code,
            "contact.not_found");
}

TEST_P(PeopleTest, AnInteractionMovesTheDateForwardOnly) {
  const ContactId id = create({.name = "A"});
  const auto post = [&](std::string type, Instant at) {
    return write_value([&](db::Connection& c) {
      return record_activity(c, ids_, kOrganisation, id,
                             {.type = std::move(type), .occurred_at = at}, now());
    });
  };
  const Instant first = now();
  ASSERT_TRUE(post("custom", first));
  EXPECT_FALSE(get(id).last_interaction_at);
  ASSERT_TRUE(post("transaction", first));
  ASSERT_TRUE(post("visit", first - std::chrono::hours(48)));
  EXPECT_EQ(get(id).last_interaction_at, first);
  EXPECT_EQ(post("visit", first + std::chrono::hours(48)).error().code, "activity.future");
  const auto all = activities(id);
  ASSERT_EQ(all.size(), 4u);
  const auto rest = read_value([&](db::Connection& c) {
    return list_activities(c, kOrganisation, id,
                           {.before_at = all[1].occurred_at, .before_id = all[1].id, .limit = 10});
  });
  ASSERT_EQ(rest->size(), 2u);
  EXPECT_EQ(rest->front().id, all[2].id);
}

TEST_P(PeopleTest, NotesAreKeptPerContact) {
  const ContactId id = create({.name = "A"});
  const auto note = write_value([&](db::Connection& c) {
    return put_note(c, ids_, kOrganisation, {.contact_id = id, .body = "first", .author = "me"},
                    now());
  });
  ASSERT_TRUE(note);
  EXPECT_EQ(write_value([&](db::Connection& c) {
              Note changed = *note;
              changed.body = "second";
              return put_note(c, ids_, kOrganisation, changed, now());
            })->body,
            "second");
  EXPECT_EQ(read_value([&](db::Connection& c) {
              return find_note(c, kOrganisation, ContactId{99}, note->id);
            })
                .error()
                .code,
            "note.not_found");
}

// The index against the slow twin, over people whose names share beginnings.
TEST_P(PeopleTest, ASearchFindsWhatTheSlowTwinFinds) {
  std::mt19937 random(7);
  const std::vector<std::string> parts = {"Jan", "Janse",  "Łucja",   "de",   "Vries", "Müller",
                                          "Żak", "O'Neil", "van-der", "Beek", "Ärö",   "J"};
  const auto part = [&] { return parts[random() % parts.size()]; };
  std::vector<std::pair<std::string, std::string>> known;  // name, search text
  for (int i = 0; i < 120; ++i) {
    const std::string first = part();
    const std::string last = part() + " " + part();
    const std::string email = fmt::format("{}{}@school.example", fold_words(part())[0], i);
    create({.first_name = first, .last_name = last, .addresses = {{{.address = email}}}});
    known.emplace_back(first + " " + last,
                       search_text({.first_name = first, .last_name = last, .emails = {email}}));
  }
  for (const char* query : {"jan", "JANSE", "lucja", "mull vri", "o'neil", "der beek", "school",
                            "zak1", "aro j", "jan jan", "van de", "@school", "j"}) {
    std::multiset<std::string> expected;
    for (const auto& [name, text] : known)
      if (matches(text, query_words(query))) expected.insert(name);
    const auto found = names({.search = query});
    EXPECT_EQ(std::multiset<std::string>(found.begin(), found.end()), expected) << query;
  }
  // Inside words when no word begins with it.
  EXPECT_FALSE(names({.search = "ulle"}).empty());
  EXPECT_THAT(names({.search = "nobodyhasthis"}), IsEmpty());
}

// Every sort, page by page, gives everybody once and in order; searches and filters too.
TEST_P(PeopleTest, PagesHaveEverybodyOnceInOrder) {
  std::mt19937 random(11);
  const GroupId group = make_group("some");
  for (int i = 0; i < 60; ++i) {
    const ContactId id = create({.first_name = fmt::format("P{}", random() % 20),
                                 .last_name = i % 7 == 0 ? "" : fmt::format("L{}", random() % 5)});
    if (i % 3 == 0) join(group, {id});
    if (i % 4 == 0)
      write([&](db::Connection& c) -> Result<void> {
        TRY(record_activity(c, ids_, kOrganisation, id,
                            {.type = "visit", .occurred_at = now() - std::chrono::hours(i)},
                            now()));
        return {};
      });
    if (i % 9 == 0)  // as an import leaves them
      write(
          [&](db::Connection& c) { return unindex_contacts(c, kOrganisation, std::span(&id, 1)); });
  }
  for (const ContactSort sort : {ContactSort::created, ContactSort::changed, ContactSort::name,
                                 ContactSort::last_interaction})
    for (const bool descending : {false, true})
      for (const ContactQuery& query :
           {ContactQuery{}, ContactQuery{.search = "p1"}, ContactQuery{.groups = {group}}}) {
        ContactQuery asked = query;
        asked.sort = sort;
        asked.descending = descending;
        const auto whole = ids(asked, 1000);
        EXPECT_EQ(std::set(whole.begin(), whole.end()).size(), whole.size());
        EXPECT_EQ(ids(asked, 7), whole);
        EXPECT_FALSE(whole.empty());
      }
  EXPECT_EQ(ids({}, 1000).size(), 60u);
  EXPECT_EQ(ids({.groups = {group}}, 1000).size(), 20u);
}

TEST_P(PeopleTest, FiltersByFieldAddressAndState) {
  ASSERT_TRUE(write_value([&](db::Connection& c) {
    return create_custom_field(c, ids_, kOrganisation,
                               {.label = "Paid", .type = FieldType::boolean}, now());
  }));
  create({.name = "A", .addresses = {{{.address = "a@x.org"}}}, .fields = R"({"paid":true})"});
  create({.name = "B",
          .addresses = {{{.channel = Channel::sms, .address = "0612345678"}}},
          .fields = R"({"paid":false})"});
  create({.name = "C", .do_not_contact = true});
  EXPECT_THAT(names({.fields = {{"paid", "true"}}}), ElementsAre("A"));
  EXPECT_THAT(names({.fields = {{"paid", "false"}}}), ElementsAre("B"));
  EXPECT_THAT(names({.has_address = HasAddress::email}), ElementsAre("A"));
  EXPECT_THAT(names({.has_address = HasAddress::phone}), ElementsAre("B"));
  EXPECT_THAT(names({.has_address = HasAddress::none}), ElementsAre("C"));
  EXPECT_THAT(names({.state = ContactState::do_not_contact}), ElementsAre("C"));
  EXPECT_THAT(names({.state = ContactState::inactive}), IsEmpty());
  EXPECT_THAT(names({.state = ContactState::inactive, .inactive_before = now()}),
              UnorderedElementsAre("A", "B"));
}

TEST_P(PeopleTest, WhatAnImportLeftIsFoundOnceItIsIndexed) {
  const ContactId id = create({.name = "Zbigniew"});
  write([&](db::Connection& c) { return unindex_contacts(c, kOrganisation, std::span(&id, 1)); });
  EXPECT_THAT(names({.search = "zbig"}), IsEmpty());
  EXPECT_EQ(index_pending(*database_, kOrganisation, std::chrono::seconds(10)), true);
  EXPECT_THAT(names({.search = "zbig"}), ElementsAre("Zbigniew"));
}

TEST_P(PeopleTest, ACursorOfSomebodyElseIsRefused) {
  for (const char* cursor : {"x", "W10", "////", "bnVsbA"})
    EXPECT_EQ(read_value([&](db::Connection& c) {
                return list_contacts(c, kOrganisation, {}, cursor, 10);
              })
                  .error()
                  .code,
              "list.bad_cursor");
}

}  // namespace
}  // namespace tidings::people
