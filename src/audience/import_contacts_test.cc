#include "audience/import_contacts.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "audience/contacts.h"
#include "audience/groups.h"
#include "audience/suppressions.h"
#include "db/testing/databases.h"
#include "db/testing/expect_plan.h"

namespace tidings::audience {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr OrganisationId kOrganisation{7};

class TickingClock final : public Clock {
 public:
  Instant now() const override { return from_micros(at_ += 1000); }

 private:
  mutable std::int64_t at_ = 1'800'000'000'000'000;
};

class ImportTest : public testing::TestWithParam<db::testing::Kind> {
 protected:
  ImportTest() {
    std::string name = (std::filesystem::temp_directory_path() / "tidings-import-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    constexpr db::Statement insert{
        "test.organisation",
        "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
        "created_at) VALUES ($1, 'Test', 'nl-NL', 'Europe/Amsterdam', '', '{}', 0)"};
    EXPECT_TRUE(database_->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
      TRY(c.execute(insert, {kOrganisation}));
      return {};
    }));
  }
  ~ImportTest() override { std::filesystem::remove_all(folder_); }

  ImportContext context() { return {*database_, ids_, clock_, kOrganisation}; }

  std::filesystem::path file(std::string_view content) {
    const auto path = folder_ / "people.csv";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  Result<ImportId> create(std::string_view content, const ImportOptions& options = {}) {
    return create_import(context(), file(content), folder_ / "imports", options);
  }

  ImportJob import(std::string_view content, const ImportOptions& options = {},
                   std::size_t chunk_rows = 1000) {
    const auto id = create(content, options);
    EXPECT_TRUE(id) << id.error().message;
    if (!id) return {};
    auto job = run_import(context(), *id, {.chunk_rows = chunk_rows});
    EXPECT_TRUE(job) << job.error().message;
    return job ? std::move(*job) : ImportJob{};
  }

  std::string report(ImportId id) {
    std::string text;
    ImportReport all(*database_, kOrganisation, id);
    for (bool goes_on = true; goes_on;) {
      const auto made = all.next(text);
      EXPECT_TRUE(made);
      goes_on = made && *made;
    }
    return text;
  }

  // One line for each person: everything but ids and times, sorted.
  std::multiset<std::string> people() {
    constexpr db::Statement ids{"test.contacts", "SELECT id FROM contact ORDER BY id"};
    constexpr db::Statement groups{"test.groups_of",
                                   "SELECT g.name FROM contact_group g JOIN contact_group_member m "
                                   "ON m.organisation_id = g.organisation_id AND m.group_id = g.id "
                                   "WHERE m.contact_id = $1 AND g.origin = 0 ORDER BY g.name"};
    std::multiset<std::string> lines;
    EXPECT_TRUE(database_->read([&](db::Connection& c) -> Result<void> {
      std::vector<ContactId> all;
      TRY(c.query(ids, {}, [&](const db::Row& row) { all.push_back(row.id<ContactId>(0)); }));
      for (const ContactId id : all) {
        Contact contact = *TRY(find_contact(c, kOrganisation, id));
        contact.id = {};
        std::string line = contact_values(contact);
        for (const auto& address : contact.addresses)
          line += " " + address.normalised + (address.primary ? "*" : "");
        TRY(c.query(groups, {id}, [&](const db::Row& row) { line += " #" + row.string(0); }));
        lines.insert(line);
      }
      return {};
    }));
    return lines;
  }

  std::int64_t members(GroupId group) {
    return database_
        ->read_value([&](db::Connection& c) -> Result<std::int64_t> {
          for (const Group& each : TRY(list_groups(c, kOrganisation)))
            if (each.id == group) return each.members;
          return -1;
        })
        .value_or(-2);
  }

  std::vector<std::string> group_names() {
    std::vector<std::string> names;
    EXPECT_TRUE(database_->read([&](db::Connection& c) -> Result<void> {
      for (const Group& each : TRY(list_groups(c, kOrganisation))) names.push_back(each.name);
      return {};
    }));
    return names;
  }

  db::testing::TestDatabase database_{GetParam()};
  TickingClock clock_;
  IdSource ids_{clock_, 1};
  std::filesystem::path folder_;
};

INSTANTIATE_TEST_SUITE_P(On, ImportTest, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(ImportTest, BringsPeopleWithTheirFields) {
  const ImportJob job = import(
      "email,first_name,City\nJan@Example.ORG,Jan,\"Den Haag, NL\"\npiet@example.org,Piet,\n");
  EXPECT_EQ(job.counts, (ImportCounts{.rows = 2, .created = 2}));
  EXPECT_EQ(job.state, ImportState::finished);
  EXPECT_EQ(members(job.target.import_group), 2);
  const auto all = people();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(*all.begin(), HasSubstr(R"("email":"Jan@Example.ORG")"));
  EXPECT_THAT(*all.begin(), HasSubstr(R"("city":"Den Haag, NL")"));
  EXPECT_THAT(*all.begin(), HasSubstr(" jan@example.org*"));
}

TEST_P(ImportTest, ImportingTwiceChangesNothing) {
  const std::string content =
      "email,name,phone,note\na@x.org,A,06 12345678,1\n,Only Name,,2\n,Only "
      "Name,,3\n,,0612345679,\n";
  import(content);
  const auto before = people();
  EXPECT_EQ(before.size(), 4u);
  const ImportJob again = import(content);
  EXPECT_EQ(again.counts, (ImportCounts{.rows = 4, .unchanged = 4}));
  EXPECT_EQ(people(), before);
  EXPECT_EQ(members(again.target.import_group), 4);
  EXPECT_EQ(group_names(),
            (std::vector<std::string>{"people.csv, 2027-01-15", "people.csv, 2027-01-15 (2)"}));
}

TEST_P(ImportTest, OfSeveralRowsForOnePersonTheLastWinsAndTheReportSaysSo) {
  const std::string content = "email,first_name\na@x.org,One\nb@x.org,B\nA@X.org,Two\na@x.org,\n";
  for (const std::size_t chunk : {1u, 1000u}) {
    const ImportJob job = import(content, {}, chunk);
    EXPECT_EQ(job.counts.duplicates, 2);
    EXPECT_EQ(people().size(), 2u);
    EXPECT_THAT(*people().begin(), HasSubstr("\"Two\""));
    EXPECT_THAT(report(job.id), HasSubstr("4,email,A@X.org,note,An earlier row"));
  }
}

TEST_P(ImportTest, BadValuesAreReportedAndAValidIdentifierSavesTheRow) {
  const ImportJob job = import(
      "email,phone,first_name\n"
      "not-an-address,,Bad\n"
      "a@x.org,12,Half\n"
      "broken@,0612345678,Phone\n"
      ",,\n"
      ",,Nameonly\n"
      "\"x\"y,,Quote\n"
      "c@x.org,,C,extra\n"
      "\xE2\x80\x8F,,\n");
  EXPECT_EQ(job.counts.bad, 4) << report(job.id);
  EXPECT_EQ(job.counts.created, 3);
  const std::string text = report(job.id);
  EXPECT_THAT(text, HasSubstr("2,email,not-an-address,row left out,"));
  EXPECT_THAT(text, HasSubstr("3,phone,12,value left out,"));
  EXPECT_THAT(text, HasSubstr("4,email,broken@,value left out,"));
  EXPECT_THAT(text, HasSubstr("7,row,,row left out,Column 1 has text after"));
  EXPECT_THAT(text, HasSubstr("8,row,extra,row left out,The row has 4 columns"));
}

TEST_P(ImportTest, PhonesAreReadInTheOrganisationsCountry) {
  import("phone\n06 1234 5678\n+48 601 234 567\n");
  const auto all = people();
  std::string text;
  for (const auto& line : all) text += line;
  EXPECT_THAT(text, HasSubstr(" +31612345678*"));
  EXPECT_THAT(text, HasSubstr(" +48601234567*"));
  import("phone\n601 234 567\n", {.region = "PL"});
  EXPECT_EQ(people().size(), 2u);
  EXPECT_EQ(create("phone\n1\n", {.region = "XX"}).error().code, "import.unknown_region");
}

TEST_P(ImportTest, TheExternalIdTellsFamiliesApartAndIsAdopted) {
  import("email,first_name\nfamily@x.org,Jan\n");
  const ImportJob job =
      import("member number,email,first_name\n1,family@x.org,Jan\n2,family@x.org,Anna\n");
  EXPECT_EQ(job.counts, (ImportCounts{.rows = 2, .created = 1, .updated = 1}));
  EXPECT_EQ(people().size(), 2u);
  const ImportJob moved = import("member number,email\n2,anna@x.org\n");
  EXPECT_EQ(moved.counts.updated, 1);
  std::string text;
  for (const auto& line : people()) text += line + "\n";
  EXPECT_THAT(text, HasSubstr("anna@x.org* family@x.org\n"));
}

TEST_P(ImportTest, GroupsAreMadeAndFilled) {
  const ImportJob job = import("email,group\na@x.org,Board; Team A\nb@x.org,Board\nc@x.org,\n",
                               {.groups = {"Members"}});
  ASSERT_EQ(job.target.more_groups.size(), 1u);
  EXPECT_EQ(members(job.target.more_groups[0]), 3);
  const auto all = people();
  EXPECT_THAT(*all.begin(), HasSubstr(" #Board #Members #Team A"));
  import("email\na@x.org\n", {.groups = {"Members", "New"}});
  EXPECT_THAT(*people().begin(), HasSubstr(" #Board #Members #New #Team A"));
}

TEST_P(ImportTest, NeverReleasesASuppression) {
  const auto suppressed = [&] {
    return database_
        ->read_value([&](db::Connection& c) {
          return suppression_reason(c, kOrganisation, Channel::email, "a@x.org",
                                    SuppressedKinds::campaign, clock_.now());
        })
        .value()
        .value_or("");
  };
  ASSERT_TRUE(database_->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
    EXPECT_TRUE(TRY(suppress(c, ids_, kOrganisation,
                             {.normalised = "a@x.org", .reason = "unsubscribed", .origin = "link"},
                             clock_.now())));
    EXPECT_FALSE(TRY(suppress(c, ids_, kOrganisation,
                              {.normalised = "a@x.org", .reason = "unsubscribed"}, clock_.now())));
    return {};
  }));
  import("email,first_name\na@x.org,A\n");
  EXPECT_EQ(suppressed(), "unsubscribed");
}

TEST_P(ImportTest, ReadsThePolishAndDutchFilesOfOffice) {
  // Windows-1250, CRLF, semicolons.
  import("imi\xEA;nazwisko;adres e-mail\r\n\xA3ukasz;W\xF3jcik;lukasz@x.pl\r\n");
  EXPECT_THAT(*people().begin(), HasSubstr(R"("first_name":"Łukasz","last_name":"Wójcik")"));
  const ImportJob marked = import("\xEF\xBB\xBFVoornaam;E-mailadres\rJos\xC3\xA9;jose@x.nl\r");
  EXPECT_EQ(marked.counts.created, 1);
  EXPECT_EQ(marked.file.columns[0].field, ContactField::first_name);
  import("name,email\nשלום עולם,shalom@x.org\n");
  EXPECT_EQ(people().size(), 3u);
}

TEST_P(ImportTest, RefusesFilesThatAreNoTables) {
  const auto code = [&](std::string_view content) {
    const auto made = create(content);
    return made ? std::string("accepted") : made.error().code;
  };
  EXPECT_EQ(code(""), "import.empty");
  EXPECT_EQ(code("\n\n"), "import.empty");
  EXPECT_EQ(code("PK\x03\x04"), "encoding.not_text");
  EXPECT_EQ(code("a@x.org,Jan\n"), "import.no_header");
  std::string wide = "email";
  for (int i = 0; i < 10000; ++i) wide += ",c" + std::to_string(i);
  EXPECT_EQ(code(wide + "\n"), "import.header");
  EXPECT_EQ(create_import(context(), folder_ / "none.csv", folder_, {}).error().code,
            "import.file_missing");
  EXPECT_EQ(create_import(context(), folder_, folder_, {}).error().code, "import.no_folder");
  EXPECT_EQ(import("email\n").counts, ImportCounts{});
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "imports") ||
              std::distance(std::filesystem::directory_iterator(folder_ / "imports"), {}) == 1);
}

TEST_P(ImportTest, HugeFieldsAndNulsCostOnlyTheirRow) {
  std::string content = "email,note\na@x.org," + std::string((1 << 20) + 1, 'x') + "\nb@x.org,";
  content += '\0';
  content += "\nc@x.org," + std::string(1 << 20, 'y') + "\n";
  const ImportJob job = import(content);
  EXPECT_EQ(job.counts, (ImportCounts{.rows = 3, .created = 1, .bad = 2}));
}

// The slow obvious twin: an import is the fold of its rows over a map of people.
struct Twin {
  struct Person {
    std::map<std::string, std::string> values;
    std::set<std::string> emails;
    std::string primary;
  };
  std::vector<Person> people;

  void take(const std::string& email, const std::string& id, const std::string& first,
            const std::string& note) {
    Person* found = nullptr;
    if (!id.empty())
      for (auto& person : people)
        if (person.values["external_id"] == id) found = &person;
    if (found == nullptr && !email.empty())
      for (auto& person : people)
        if (person.emails.contains(email) && (id.empty() || person.values["external_id"].empty())) {
          found = &person;
          break;
        }
    if (found == nullptr && email.empty() && id.empty())
      for (auto& person : people)
        if (person.emails.empty() && person.values["external_id"].empty() &&
            person.values["first_name"] == first && person.values["note"] == note)
          found = &person;
    if (found == nullptr && email.empty() && id.empty() && first.empty()) return;
    if (found == nullptr) found = &people.emplace_back();
    if (!id.empty()) found->values["external_id"] = id;
    if (!first.empty()) found->values["first_name"] = first;
    if (!note.empty()) found->values["note"] = note;
    if (email.empty()) return;
    found->emails.insert(email);
    found->primary = email;
  }

  std::multiset<std::string> lines() const {
    std::multiset<std::string> lines;
    for (Person person : people) {
      const auto& v = person.values;
      const auto at = [&](const char* key) { return v.contains(key) ? v.at(key) : ""; };
      std::string line = at("external_id") + "|" + at("first_name") + "|" + at("note") + "|";
      for (const auto& email : person.emails) line += email + (email == person.primary ? "*" : "");
      lines.insert(line);
    }
    return lines;
  }
};

TEST_P(ImportTest, EqualsTheFoldOfItsRowsHoweverOftenItIsStopped) {
  constexpr db::Statement all{"test.all",
                              "SELECT id, coalesce(external_id, ''), first_name, fields "
                              "FROM contact ORDER BY id"};
  constexpr db::Statement addresses{
      "test.addresses",
      "SELECT normalised, is_primary FROM contact_address WHERE contact_id = $1 "
      "ORDER BY normalised"};
  std::mt19937 random(11);
  Twin twin;
  for (int round = 0; round < 6; ++round) {
    std::string content = "member id,email,first_name,note\n";
    for (int i = 0; i < 60; ++i) {
      const auto pick = [&](const char* prefix, unsigned of) {
        const unsigned n = random() % of;
        return n == 0 ? std::string() : prefix + std::to_string(n);
      };
      std::string email = pick("p", 12);
      if (!email.empty()) email += "@x.org";
      const std::string id = random() % 2 == 0 ? std::string() : pick("m", 12);
      const std::string first = pick("F", 5);
      const std::string note = pick("n\\\"", 4);
      twin.take(email, id, first, note);
      std::string quoted = note;
      for (std::size_t at = 0; (at = quoted.find('"', at)) != std::string::npos; at += 2)
        quoted.insert(at, 1, '"');
      content += id + "," + email + "," + first + ",\"" + quoted + "\"\n";
    }
    const auto id = create(content);
    ASSERT_TRUE(id) << id.error().message;
    // A kill after every few chunks: what is left is what the database holds.
    for (int runs = 0;; ++runs) {
      ASSERT_LT(runs, 1000);
      std::stop_source stop;
      int chunks = 0;
      const auto ran = run_import(context(), *id,
                                  {.progress =
                                       [&](const ImportJob&) {
                                         if (++chunks == 2) stop.request_stop();
                                       },
                                   .stop = stop.get_token(),
                                   .chunk_rows = 1 + static_cast<std::size_t>(random() % 9)});
      if (ran) {
        EXPECT_EQ(ran->counts.rows, ran->counts.created + ran->counts.updated +
                                        ran->counts.unchanged + ran->counts.duplicates +
                                        ran->counts.bad);
        break;
      }
      ASSERT_EQ(ran.error().code, "import.stopped") << ran.error().message;
    }
    std::multiset<std::string> lines;
    ASSERT_TRUE(database_->read([&](db::Connection& c) -> Result<void> {
      std::vector<std::pair<ContactId, std::string>> found;
      TRY(c.query(all, {}, [&](const db::Row& row) {
        std::string note = row.string(3);
        const std::size_t at = note.find("n\\\\\\\"");
        note = at == std::string::npos ? "" : std::string("n\\\"") + note[at + 5];
        found.emplace_back(row.id<ContactId>(0),
                           row.string(1) + "|" + row.string(2) + "|" + note + "|");
      }));
      for (auto& [contact, line] : found) {
        TRY(c.query(addresses, {contact}, [&](const db::Row& row) {
          line += row.string(0) + (row.boolean(1) ? "*" : "");
        }));
        lines.insert(line);
      }
      return {};
    }));
    EXPECT_EQ(lines, twin.lines()) << "round " << round;
  }
}

TEST_P(ImportTest, LooksNobodyUpByReadingAWholeTable) {
  for (const db::Statement& statement : import_lookups(database_->dialect()))
    db::testing::expect_plan(*database_, statement,
                             {"contact", "contact_address", "contact_group_member"});
}

// Large chunks are stored without the database checking their references.
TEST_P(ImportTest, WhatAChunkRefersToIsThereWhenNothingChecksIt) {
  import("email,group\nold1@x.org,Choir\nold2@x.org,\n");
  std::string content = "email,external_id,first_name,phone,group\n";
  for (int i = 0; i < 300; ++i)
    content +=
        fmt::format("p{}@x.org,{},P{},+316123456{:02},{}\n", i % 250,
                    i % 3 == 0 ? std::to_string(i) : "", i, i % 90, i % 7 ? "" : "Choir;New");
  content += "old1@x.org,,Old,,New\n,,Only a name,,New\n";
  const auto id = create(content, {.groups = {"More"}});
  ASSERT_TRUE(id);
  const auto job =
      database_->read_value([&](db::Connection& c) { return load_import(c, kOrganisation, *id); });
  ASSERT_TRUE(job);
  auto rows = ImportRows::open(job->file, job->cursor, job->region);
  ASSERT_TRUE(rows);
  const auto chunk = rows->next(10'000);
  ASSERT_TRUE(chunk);
  ImportCounts counts;
  const auto store = [&](const ImportTarget& target) {
    std::promise<Result<void>> promise;
    database_->write_proven_async(
        db::Priority::import,
        [&](db::Connection& c) -> Result<void> {
          counts = TRY(apply_chunk(c, ids_, target, *chunk, clock_.now()));
          return {};
        },
        [&](Result<void> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  };
  auto gone = job->target;
  gone.more_groups = {GroupId{12345}};
  const auto refused = store(gone);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "import.group_gone");
  ASSERT_TRUE(store(job->target));
  EXPECT_EQ(counts.rows, 302);
  EXPECT_GT(counts.created, 240);
  EXPECT_EQ(counts.updated, 1);
  if (database_->dialect() != db::Dialect::sqlite) return;
  std::string dangling;
  EXPECT_TRUE(database_->read([&](db::Connection& c) {
    return c.query({"", "PRAGMA foreign_key_check"}, {},
                   [&](const db::Row& row) { dangling += row.string(0) + " "; });
  }));
  EXPECT_EQ(dangling, "");
}

TEST_P(ImportTest, RowsOfAChunkAreOrderedByTheirAddressesForTheWriter) {
  const auto id = create(
      "email,phone,name\nzoë@x.org,,Z\n,+31612345678,B\na@x.org,+31612345670,A\n,,N\n"
      "a@x.org,12,A2\nabcdefgh2@x.org,,\nabcdefgh1@x.org,,\n");
  ASSERT_TRUE(id);
  const auto job =
      database_->read_value([&](db::Connection& c) { return load_import(c, kOrganisation, *id); });
  ASSERT_TRUE(job);
  auto rows = ImportRows::open(job->file, job->cursor, job->region);
  ASSERT_TRUE(rows);
  const auto chunk = rows->next(100);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->email_list,
            R"(["a@x.org","a@x.org","abcdefgh1@x.org","abcdefgh2@x.org","zoë@x.org"])");
  EXPECT_EQ(chunk->phone_list, R"(["+31612345670","+31612345678"])");
  EXPECT_EQ(chunk->order, (std::vector<std::uint32_t>{3, 1, 2, 4, 6, 5, 0}));
  EXPECT_LT(sort_prefix("a"), sort_prefix("aa"));
  EXPECT_LT(sort_prefix("z"), sort_prefix("ë"));
  EXPECT_EQ(sort_prefix(""), 0u);
}

TEST_P(ImportTest, PhonesReadOnSeveralThreadsAreWhatOneReads) {
  std::string content = "phone,first_name\n";
  for (int i = 0; i < 2'500; ++i)
    content += i % 10 == 3 ? "12,Bad\n" : fmt::format("+31 6 1234{:04},P{}\n", i, i);
  const auto id = create(content);
  ASSERT_TRUE(id);
  const auto job = run_import(context(), *id, {.chunk_rows = 2'500});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->counts.created, 2'250);
  EXPECT_EQ(job->counts.bad, 250);
  const std::string text = report(*id);
  EXPECT_THAT(text, HasSubstr("5,phone,12,row left out,"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 251);
  EXPECT_THAT(people(), Contains(HasSubstr("+31612342499*")));
}

TEST_P(ImportTest, ASecondRunnerOfTheSameJobIsRefused) {
  const auto id = create("email\na@x.org\nb@x.org\nc@x.org\n");
  ASSERT_TRUE(id);
  bool tried = false;
  const auto outer = run_import(context(), *id,
                                {.progress =
                                     [&](const ImportJob&) {
                                       if (std::exchange(tried, true)) return;
                                       EXPECT_TRUE(run_import(context(), *id));
                                     },
                                 .chunk_rows = 1});
  ASSERT_FALSE(outer);
  EXPECT_EQ(outer.error().code, "import.taken");
  EXPECT_EQ(people().size(), 3u);
}

TEST_P(ImportTest, RowsThatAreLongMakeShorterChunks) {
  std::string content = "email,note\n";
  for (int i = 0; i < 150; ++i)
    content += "p" + std::to_string(i) + "@x.org," + std::string(60'000, 'n') + "\n";
  const auto id = create(content);
  ASSERT_TRUE(id) << id.error().message;
  std::vector<std::int64_t> rows;
  const auto job = run_import(
      context(), *id, {.progress = [&](const ImportJob& at) { rows.push_back(at.counts.rows); }});
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->counts.created, 150);
  ASSERT_FALSE(rows.empty());
  EXPECT_LE(rows.front(), 1 + static_cast<std::int64_t>(ImportRows::chunk_bytes_max / 60'000));
}

TEST_P(ImportTest, TemplatesReachColumnsByEverySpelling) {
  import("Voornaam,E-mailadres,Member Since\nJan,jan@x.nl,2020\n");
  const auto columns =
      database_->read_value([&](db::Connection& c) { return contact_columns(c, kOrganisation); });
  ASSERT_TRUE(columns);
  const auto target = [&](std::string_view name) {
    const auto* column = find_column(*columns, name);
    return column == nullptr ? "" : column->target;
  };
  EXPECT_EQ(target("first_name"), "first_name");
  EXPECT_EQ(target("voornaam"), "first_name");
  EXPECT_EQ(target("Member Since"), "member_since");
  EXPECT_EQ(target("memberSince"), "member_since");
  EXPECT_EQ(target("e_mailadres"), "email");
  EXPECT_EQ(target("nothing"), "");
}

}  // namespace
}  // namespace tidings::audience
