#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audience/erased_addresses.h"
#include "audience/people/custom_fields.h"
#include "audience/people/erase_contact.h"
#include "audience/people/export_contacts.h"
#include "audience/people/merge_contacts.h"
#include "audience/people/notes.h"
#include "audience/people/testing/people_fixture.h"
#include "audience/suppression_check.h"
#include "audience/suppressions.h"

namespace tidings::people {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class MergeTest : public PeopleFixture {
 protected:
  void merge(ContactId survivor, ContactId loser) {
    write([&](db::Connection& c) { return merge_contacts(c, writer(), survivor, loser); });
  }
  Erasure erase(ContactId id) {
    const auto erased =
        write_value([&](db::Connection& c) { return erase_contact(c, writer(), id); });
    EXPECT_TRUE(erased) << erased.error().message;
    return erased.value_or(Erasure{});
  }
  void suppress(std::string_view address, std::string_view reason) {
    write([&](db::Connection& c) -> Result<void> {
      TRY(audience::suppress(c, ids_, kOrganisation, {.normalised = address, .reason = reason},
                             now()));
      return {};
    });
  }
  std::string suppressed(const std::string& address, MessageKind kind = MessageKind::campaign) {
    return read_value([&](db::Connection& c) -> Result<std::string> {
             const RecipientPolicy policy{.kind = kind, .now = now()};
             const auto found = TRY(
                 audience::find_suppressed(c, kOrganisation, Channel::email, policy, {address}));
             const auto at = found.find(address);
             return at == found.end() ? std::string() : at->second;
           })
        .value_or("failed");
  }
  // A message in the record, as sent to `to` about `about`.
  MessageId message(ContactId to, const std::vector<ContactId>& about, int state = 3) {
    const auto id = ids_.next<MessageId>();
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"test.message",
                     "INSERT INTO message (organisation_id, id, content_version_id, kind, channel, "
                     "contact_id, address, normalised, values_hash, message_values, state, status, "
                     "reason, attempts, due_at, is_ambiguous, queued_at, changed_at) VALUES "
                     "($1, $2, 1, 0, 0, $3, 'secret@x.org', 'secret@x.org', 1, "
                     "'{\"first_name\":\"Secret\"}', $4, 3, '', 1, 0, 0, 5, 5)"},
                    {kOrganisation, id, to, state}));
      TRY(c.execute({"test.body",
                     "INSERT INTO message_body (organisation_id, message_id, record) "
                     "VALUES ($1, $2, $3)"},
                    {kOrganisation, id, db::BytesView{"Secret"}}));
      TRY(c.execute({"test.event",
                     "INSERT INTO event (organisation_id, message_id, id, type, occurred_at, "
                     "recorded_at, source, data) VALUES ($1, $2, $3, 1, 5, 5, 'smtp', "
                     "'{\"to\":\"secret@x.org\"}')"},
                    {kOrganisation, id, ids_.next()}));
      for (const ContactId each : about)
        TRY(c.execute({"test.about",
                       "INSERT INTO message_about (organisation_id, contact_id, message_id, "
                       "is_recipient) VALUES ($1, $2, $3, $4)"},
                      {kOrganisation, each, id, each == to ? 1 : 0}));
      return {};
    });
    return id;
  }
  std::set<std::int64_t> history(ContactId id) {
    std::set<std::int64_t> found;
    EXPECT_TRUE(database_->read([&](db::Connection& c) {
      return c.query({"test.history",
                      "SELECT message_id FROM message_about WHERE organisation_id = $1 "
                      "AND contact_id = $2"},
                     {kOrganisation, id},
                     [&](const db::Row& row) { found.insert(row.integer(0)); });
    }));
    return found;
  }
  // Every text that any table holds, for looking for what must be gone.
  std::string everything() {
    std::string all;
    for (const char* sql :
         {"SELECT first_name || last_name || name || fields || COALESCE(search_text, '') || "
          "COALESCE(sort_name, '') || COALESCE(external_id, '') FROM contact",
          "SELECT address || normalised FROM contact_address", "SELECT body FROM note",
          "SELECT data || source FROM activity", "SELECT normalised || note FROM suppression",
          "SELECT address || normalised || message_values FROM message", "SELECT data FROM event"})
      EXPECT_TRUE(database_->read([&](db::Connection& c) {
        return c.query({"", sql}, {}, [&](const db::Row& row) { all += row.string(0) + "\n"; });
      }));
    return all;
  }
  std::int64_t count(const char* sql) {
    return read_value([&](db::Connection& c) -> Result<std::int64_t> {
             return TRY(c.query_first({"", sql}, {},
                                      [](const db::Row& row) { return row.integer(0); }))
                 .value_or(0);
           })
        .value_or(-1);
  }
};

INSTANTIATE_TEST_SUITE_P(On, MergeTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(MergeTest, MergingKeepsTheUnionOfBoth) {
  const ContactId child = create({.name = "Child"});
  const ContactId mine = create({.first_name = "Jan", .addresses = {{{.address = "jan@x.org"}}}});
  const ContactId theirs =
      create({.external_id = "m1",
              .first_name = "Johannes",
              .last_name = "Vries",
              .do_not_contact = true,
              .addresses = {{{.address = "j.vries@x.org"},
                             {.channel = Channel::sms, .address = "0612345678"}}}});
  const GroupId both = make_group("both");
  const GroupId only = make_group("only");
  join(both, {mine, theirs});
  join(only, {theirs});
  relate({.from_id = mine, .to_id = child, .name = "guardian of"});
  relate({.from_id = theirs, .to_id = child, .name = "guardian of", .receives_messages = true});
  relate({.from_id = theirs, .to_id = mine, .name = "same as"});
  const MessageId to_mine = message(mine, {mine, theirs});
  const MessageId to_theirs = message(theirs, {theirs});
  const MessageId about = message(child, {child, theirs});
  write([&](db::Connection& c) -> Result<void> {
    TRY(put_note(c, ids_, kOrganisation, {.contact_id = theirs, .body = "a note"}, now()));
    TRY(record_activity(c, ids_, kOrganisation, theirs, {.type = "visit", .occurred_at = now()},
                        now()));
    return {};
  });

  merge(mine, theirs);

  const Person person = get(mine);
  EXPECT_EQ(person.contact.first_name, "Jan");
  EXPECT_EQ(person.contact.last_name, "Vries");
  EXPECT_EQ(person.contact.external_id, "m1");
  EXPECT_TRUE(person.contact.do_not_contact);
  EXPECT_TRUE(person.last_interaction_at);
  std::vector<std::string> addresses;
  for (const auto& each : person.contact.addresses)
    addresses.push_back(each.normalised + (each.primary ? "*" : ""));
  EXPECT_THAT(addresses, ElementsAre("jan@x.org*", "j.vries@x.org", "+31612345678*"));
  EXPECT_EQ(members(both), 1);
  EXPECT_EQ(members(only), 1);
  const auto related = relations(mine);
  ASSERT_EQ(related.size(), 1u);
  EXPECT_TRUE(related[0].receives_messages);
  EXPECT_EQ(history(mine), (std::set{to_mine.value, to_theirs.value, about.value}));
  EXPECT_THAT(history(theirs), IsEmpty());
  EXPECT_EQ(count("SELECT count(*) FROM message WHERE contact_id IS NOT NULL"), 3);
  EXPECT_EQ(read_value([&](db::Connection& c) {
              return list_notes(c, kOrganisation, mine, {}, 10);
            })->size(),
            1u);
  // The old id leads to the survivor, also after another merge.
  EXPECT_EQ(get(theirs).contact.id, mine);
  const ContactId last = create({.name = "Last"});
  merge(last, mine);
  EXPECT_EQ(get(theirs).contact.id, last);
  EXPECT_THAT(names({.search = "vries"}), ElementsAre("Last"));
  EXPECT_EQ(write_value([&](db::Connection& c) -> Result<bool> {
              TRY(merge_contacts(c, writer(), last, theirs));
              return true;
            })
                .error()
                .code,
            "merge.same");
}

TEST_P(MergeTest, WhoUnsubscribedUnderOneAddressDidSoAsAPerson) {
  const ContactId mine = create({.name = "A", .addresses = {{{.address = "a@x.org"}}}});
  const ContactId theirs = create({.name = "A", .addresses = {{{.address = "b@x.org"}}}});
  suppress("b@x.org", "unsubscribed");
  EXPECT_EQ(suppressed("a@x.org"), "");
  merge(mine, theirs);
  EXPECT_EQ(suppressed("a@x.org"), "unsubscribed");
  EXPECT_EQ(suppressed("b@x.org"), "unsubscribed");
}

TEST_P(MergeTest, DuplicatesAreFoundByAddressAndByNameUnlessADateDiffers) {
  ASSERT_TRUE(write_value([&](db::Connection& c) {
    return create_custom_field(c, ids_, kOrganisation,
                               {.label = "Birth date", .type = FieldType::date}, now());
  }));
  const auto person = [&](const char* name, const char* address, const char* born) {
    ContactChange change{.name = name, .allow_shared_addresses = true};
    if (*address != '\0') change.addresses = {{.address = address}};
    if (*born != '\0') change.fields = fmt::format(R"({{"birth_date":"{}"}})", born);
    return create(change);
  };
  const ContactId a = person("Anna", "home@x.org", "");
  const ContactId b = person("Bas", "HOME@x.org", "");
  const ContactId c1 = person("Çem Öz", "", "2001-01-01");
  const ContactId c2 = person("cem oz", "", "2001-01-01");
  person("Cem Oz", "", "2002-02-02");
  person("Dirk", "", "2001-01-01");
  std::vector<std::vector<ContactId>> found;
  std::string cursor;
  do {
    const auto page =
        read_value([&](db::Connection& c) { return find_duplicates(c, kOrganisation, cursor, 1); });
    ASSERT_TRUE(page) << page.error().message;
    for (const Likeness& each : page->items) found.push_back(each.contacts);
    cursor = page->next_cursor;
  } while (!cursor.empty());
  EXPECT_THAT(found, UnorderedElementsAre(std::vector{a, b}, std::vector{c1, c2}));
}

TEST_P(MergeTest, AnErasedPersonIsNowhereAndStaysUnwritten) {
  const ContactId parent = create({.name = "Parent", .addresses = {{{.address = "p@x.org"}}}});
  const ContactId id = create({.external_id = "Secret-1",
                               .first_name = "Secret",
                               .last_name = "Person",
                               .addresses = {{{.address = "Secret@x.org"}}}});
  const GroupId group = make_group("3B");
  join(group, {id, parent});
  relate({.from_id = parent, .to_id = id, .name = "guardian of"});
  suppress("secret@x.org", "unsubscribed");
  write([&](db::Connection& c) -> Result<void> {
    TRY(put_note(c, ids_, kOrganisation, {.contact_id = id, .body = "Secret note"}, now()));
    TRY(record_activity(c, ids_, kOrganisation, id,
                        {.type = "custom", .occurred_at = now(), .data = R"({"a":"Secret"})"},
                        now()));
    return {};
  });
  message(id, {id});
  message(parent, {parent, id});
  message(id, {id}, 0);

  const Erasure erased = erase(id);
  EXPECT_EQ(erased.messages, 3);
  EXPECT_EQ(erased.suppressed, 1);
  EXPECT_THAT(everything(), Not(HasSubstr("ecret-1")));
  EXPECT_THAT(everything(), Not(HasSubstr("Secret")));
  EXPECT_EQ(count("SELECT count(*) FROM message WHERE normalised = 'secret@x.org'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM message"), 3);
  EXPECT_EQ(count("SELECT count(*) FROM message_body"), 0);
  EXPECT_EQ(get_fails(id).code, "contact.not_found");
  EXPECT_EQ(members(group), 1);
  EXPECT_THAT(relations(parent), IsEmpty());

  // What an import would bring back is not written to, by no kind of message.
  EXPECT_NE(suppressed("secret@x.org"), "");
  EXPECT_EQ(suppressed("secret@x.org", MessageKind::transactional), "erased");
  EXPECT_EQ(suppressed("other@x.org"), "");
  // Erased twice, after it came back: no quarrel with what is there already.
  const ContactId again = create({.name = "X", .addresses = {{{.address = "secret@x.org"}}}});
  suppress("secret@x.org", "unsubscribed");
  erase(again);
  EXPECT_EQ(suppressed("secret@x.org", MessageKind::transactional), "erased");
  // Somebody may decide otherwise, with a reason.
  write([&](db::Connection& c) -> Result<void> {
    TRY(audience::release(c, kOrganisation, Channel::email, "secret@x.org", "came back", now()));
    return {};
  });
  EXPECT_EQ(suppressed("secret@x.org"), "");
}

TEST_P(MergeTest, AnAddressThatSomebodyElseHasStaysWritable) {
  const ContactId a = create({.name = "A", .addresses = {{{.address = "home@x.org"}}}});
  create({.name = "B", .addresses = {{{.address = "home@x.org"}}}, .allow_shared_addresses = true});
  EXPECT_EQ(erase(a).suppressed, 0);
  EXPECT_EQ(suppressed("home@x.org"), "");
}

TEST_P(MergeTest, AnExportOfOnePersonHasEverything) {
  const ContactId id = create({.name = "Anna", .addresses = {{{.address = "a@x.org"}}}});
  join(make_group("3B"), {id});
  message(id, {id});
  suppress("a@x.org", "unsubscribed");
  const auto text =
      read_value([&](db::Connection& c) { return export_contact(c, kOrganisation, id); });
  ASSERT_TRUE(text);
  for (const char* part : {"Anna", "a@x.org", "3B", "unsubscribed", "secret@x.org", "smtp"})
    EXPECT_THAT(*text, HasSubstr(part));
}

TEST_P(MergeTest, TheCsvReadsBackAndHoldsNoFormula) {
  ASSERT_TRUE(write_value([&](db::Connection& c) {
    return create_custom_field(c, ids_, kOrganisation, {.label = "Fee", .type = FieldType::number},
                               now());
  }));
  const ContactId id = create({.first_name = "=HYPERLINK(1)",
                               .last_name = "@x",
                               .addresses = {{{.address = "a@x.org"}}},
                               .fields = R"({"fee":12.5})"});
  create({.name = "B, with comma"});
  join(make_group("3B"), {id});
  std::string csv;
  ContactExport all(*database_, kOrganisation, {});
  EXPECT_EQ(all.next(csv), false) << "two are one piece";
  EXPECT_EQ(all.count(), 2);
  EXPECT_EQ(csv,
            "external_id,email,phone,first_name,last_name,name,locale,time_zone,group,fee\r\n"
            ",a@x.org,,'=HYPERLINK(1),'@x,,,,3B,12.5\r\n"
            ",,,,,\"B, with comma\",,,,\r\n");
}

TEST_P(MergeTest, AnExportOfAnyLengthHasEverybodyOnceInTheOrderOfTheirMaking) {
  constexpr int people = 2'345;
  write([&](db::Connection& c) -> Result<void> {
    for (int i = 0; i < people; ++i)
      TRY(c.execute({"test.contact",
                     "INSERT INTO contact (organisation_id, id, name, created_at, changed_at) "
                     "VALUES ($1, $2, $3, 5, 5)"},
                    {kOrganisation, 100 + i, fmt::format("P{}", i)}));
    return {};
  });
  std::string csv;
  // Sorted by what changes meanwhile: it is not asked.
  ContactExport all(*database_, kOrganisation, {.sort = ContactSort::changed});
  EXPECT_EQ(all.next(csv), true);
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE contact SET changed_at = 9 WHERE id = 100"}, {}));
    return {};
  });
  while (all.next(csv).value_or(false)) {
  }
  EXPECT_EQ(all.count(), people);
  std::string expected;
  for (int i = 0; i < people; ++i) expected += fmt::format(",,,,,P{},,,\r\n", i);
  EXPECT_TRUE(csv.ends_with(expected));
}

TEST_P(MergeTest, the_database_alone_does_not_tell_whose_hash_it_is) {
  const ContactId jan = create(
      {.first_name = "Jan", .addresses = std::vector{NewAddress{.address = "jan@example.org"}}});
  erase(jan);
  const auto stored_key = [&] {
    return read_value([&](db::Connection& c) {
             return c.query_first({"", "SELECT hash_key FROM erasure_key"}, {},
                                  [](const db::Row& row) { return std::string(row.bytes(0)); });
           })
        .value()
        .value_or("");
  };
  const auto key_in_use = [&] {
    return read_value([&](db::Connection& c) { return audience::erasure_key(c, kOrganisation); })
        .value()
        .value_or("");
  };
  const std::string key = key_in_use();
  const std::string sealed = stored_key();
  EXPECT_EQ(key.size(), 32U);
  EXPECT_NE(sealed, key);
  EXPECT_EQ(suppressed("jan@example.org"), "erased");
  EXPECT_THAT(everything(),
              HasSubstr(audience::erased_form(key, Channel::email, "jan@example.org")));
  EXPECT_THAT(everything(),
              Not(HasSubstr(audience::erased_form(sealed, Channel::email, "jan@example.org"))));

  // As an earlier version left it: used until it is sealed, and the hashes stay good.
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE erasure_key SET hash_key = $1"}, {db::BytesView{key}}));
    return {};
  });
  EXPECT_EQ(suppressed("jan@example.org"), "erased");
  for (const std::int64_t expected : {1, 0}) {
    const auto count =
        write_value([](db::Connection& c) { return audience::seal_erasure_keys(c); });
    EXPECT_EQ(count.value_or(-1), expected);
  }
  EXPECT_NE(stored_key(), key);
  EXPECT_EQ(key_in_use(), key);
  EXPECT_EQ(suppressed("jan@example.org"), "erased");

  // With another master key nobody is forgotten silently: nothing is decided at all.
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE erasure_key SET hash_key = $1"},
                  {db::BytesView{"sealed for another place, with another key"}}));
    return {};
  });
  EXPECT_EQ(suppressed("jan@example.org"), "failed");
}

}  // namespace
}  // namespace tidings::people
