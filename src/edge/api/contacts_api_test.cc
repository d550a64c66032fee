// Contacts and groups through the API: dispatcher, specification and handlers.
#include <boost/json.hpp>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ContactsApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  testing::Reply ask(std::string_view method, const std::string& target, std::string body = {},
                     std::vector<net::HttpHeader> headers = {}) {
    return api_.call(method, target, std::move(body), std::move(headers));
  }
  std::string made(const std::string& target, const std::string& body) {
    const auto reply = ask("POST", target, body);
    EXPECT_EQ(reply.status, 201) << reply.text;
    return reply.status == 201 ? std::string(reply.json.at("id").as_string()) : "";
  }
  std::string contact(const std::string& name, const std::string& email = {}) {
    const std::string addresses =
        email.empty()
            ? ""
            : fmt::format(R"(,"addresses":[{{"channel":"email","address":"{}"}}])", email);
    return made("/contacts", fmt::format(R"({{"name":"{}"{}}})", name, addresses));
  }
  std::vector<std::string> names(const std::string& target) {
    std::vector<std::string> found;
    const auto reply = ask("GET", target);
    EXPECT_EQ(reply.status, 200) << reply.text;
    if (reply.status == 200)
      for (const auto& each : reply.json.at("items").as_array())
        found.emplace_back(each.at("name").as_string());
    return found;
  }

  testing::ApiFixture api_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(On, ContactsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(ContactsApi, AContactsWholeLife) {
  const std::string id = contact("Anna", "anna@x.org");
  const auto got = ask("GET", "/contacts/" + id);
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.json.at("email_state"), "ok");
  EXPECT_EQ(got.json.at("addresses").at(0).at("primary"), true);
  const std::string etag = got.header("ETag");
  EXPECT_EQ(ask("GET", "/contacts/" + id, "", {{"If-None-Match", etag}}).status, 304);

  api_.clock().advance(std::chrono::seconds(1));
  const auto changed =
      ask("PATCH", "/contacts/" + id, R"({"do_not_contact":true})", {{"If-Match", etag}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("email_state"), "do_not_contact");
  EXPECT_EQ(changed.json.at("name"), "Anna");
  EXPECT_EQ(ask("PATCH", "/contacts/" + id, R"({"name":"X"})", {{"If-Match", etag}}).status, 412);

  const auto taken =
      ask("POST", "/contacts", R"({"addresses":[{"channel":"email","address":"ANNA@x.org"}]})");
  EXPECT_EQ(taken.status, 409) << taken.text;
  EXPECT_THAT(taken.text, HasSubstr(id));
  EXPECT_EQ(taken.fields(), "/addresses/0/address");
  EXPECT_EQ(ask("POST", "/contacts", R"({"name":"B","time_zone":"Mars"})").fields(), "/time_zone");

  EXPECT_EQ(ask("DELETE", "/contacts/" + id).status, 204);
  EXPECT_EQ(ask("GET", "/contacts/" + id).status, 404);
  EXPECT_TRUE(names("/contacts").empty());
}

TEST_P(ContactsApi, SearchesFiltersAndPages) {
  const auto field = made("/custom-fields", R"({"label":"Paid","type":"boolean"})");
  for (const char* name : {"Łukasz Nowak", "Lucas Moreau", "Zoë Baker"})
    made("/contacts", fmt::format(R"({{"name":"{}","fields":{{"paid":{}}}}})", name,
                                  std::string_view(name).starts_with('Z') ? "true" : "false"));
  EXPECT_EQ(names("/contacts?search=LUKA"), (std::vector<std::string>{"Łukasz Nowak"}));
  EXPECT_EQ(names("/contacts?field=paid:true"), (std::vector<std::string>{"Zoë Baker"}));
  EXPECT_EQ(names("/contacts?sort=name"),
            (std::vector<std::string>{"Lucas Moreau", "Łukasz Nowak", "Zoë Baker"}));
  const auto first = ask("GET", "/contacts?sort=name&limit=2");
  const std::string cursor(first.json.at("next_cursor").as_string());
  EXPECT_EQ(names("/contacts?sort=name&limit=2&cursor=" + cursor),
            (std::vector<std::string>{"Zoë Baker"}));
  EXPECT_EQ(ask("GET", "/contacts?cursor=nonsense").status, 422);
  EXPECT_EQ(ask("GET", "/contacts?sort=password").status, 422);
  EXPECT_EQ(ask("GET", "/contacts?state=inactive").status, 200);
  EXPECT_EQ(ask("GET", "/contacts?state=active&has_address=none").status, 200);
}

TEST_P(ContactsApi, FieldsAreDefinedChangedAndDeleted) {
  const auto id = made("/custom-fields", R"({"label":"Size","type":"choice","choices":["S","M"]})");
  EXPECT_EQ(ask("PATCH", "/custom-fields/" + id, R"({"required":true})").status, 200);
  EXPECT_EQ(ask("POST", "/contacts", R"({"name":"A"})").fields(), "/fields/size");
  EXPECT_EQ(ask("POST", "/custom-fields", R"({"label":"Size"})").status, 409);
  EXPECT_EQ(ask("GET", "/custom-fields").json.at("items").as_array().size(), 1u);
  EXPECT_EQ(ask("GET", "/custom-fields/" + id).json.at("name"), "size");
  EXPECT_EQ(ask("DELETE", "/custom-fields/" + id).status, 204);
  EXPECT_EQ(ask("GET", "/custom-fields/" + id).status, 404);
}

TEST_P(ContactsApi, RelationsNotesAndActivitiesHangOnAContact) {
  const std::string mother = contact("Mother");
  const std::string child = contact("Child");
  const auto relation =
      made("/relations", fmt::format(R"({{"from_id":"{}","to_id":"{}","name":"guardian of",)"
                                     R"("receives_messages":true}})",
                                     mother, child));
  for (const std::string& id : {mother, child})
    EXPECT_EQ(ask("GET", "/contacts/" + id + "/relations").json.at("items").at(0).at("from_name"),
              "Mother");
  EXPECT_EQ(ask("PATCH", "/relations/" + relation, R"({"receives_messages":false})").status, 200);
  EXPECT_EQ(ask("GET", "/relations/" + relation).json.at("receives_messages"), false);
  EXPECT_EQ(ask("DELETE", "/relations/" + relation).status, 204);

  const std::string notes = "/contacts/" + mother + "/notes";
  const auto note = made(notes, R"({"body":"called"})");
  made(notes, R"({"body":"wrote"})");
  const auto page = ask("GET", notes + "?limit=1");
  EXPECT_EQ(page.json.at("items").at(0).at("body"), "wrote");
  EXPECT_EQ(
      ask("GET", notes + "?limit=1&cursor=" + std::string(page.json.at("next_cursor").as_string()))
          .json.at("items")
          .at(0)
          .at("body"),
      "called");
  EXPECT_EQ(ask("PATCH", notes + "/" + note, R"({"body":"called twice"})").status, 200);
  EXPECT_EQ(ask("DELETE", notes + "/" + note).status, 204);
  EXPECT_EQ(ask("DELETE", notes + "/" + note).status, 404);

  const std::string activities = "/contacts/" + mother + "/activities";
  made(activities, R"({"type":"transaction","data":{"amount":12.5,"order":"A1"}})");
  EXPECT_EQ(ask("POST", activities, R"({"type":"edited"})").status, 422);
  EXPECT_EQ(
      ask("POST", activities, R"({"type":"visit","occurred_at":"2999-01-01T00:00:00Z"})").status,
      422);
  const auto listed = ask("GET", activities + "?limit=1");
  EXPECT_EQ(listed.json.at("items").at(0).at("type"), "transaction");
  EXPECT_EQ(
      ask("GET", activities + "?cursor=" + std::string(listed.json.at("next_cursor").as_string()))
          .json.at("items")
          .at(0)
          .at("type"),
      "created");
  EXPECT_FALSE(ask("GET", "/contacts/" + mother).json.at("last_interaction_at").is_null());
}

TEST_P(ContactsApi, GroupsTakeContactsByIdAndByFilter) {
  const auto group = made("/groups", R"({"name":"3B"})");
  const std::string anna = contact("Anna");
  contact("Bas");
  contact("Anton");
  const std::string members = "/groups/" + group + "/members";
  auto reply = ask("POST", members, fmt::format(R"({{"contact_ids":["{}"]}})", anna));
  ASSERT_EQ(reply.status, 200) << reply.text;
  EXPECT_EQ(reply.json.at("members"), 1);
  reply = ask("POST", members, R"({"filter":{"search":"an"}})");
  ASSERT_EQ(reply.status, 200) << reply.text;
  EXPECT_EQ(reply.json.at("changed"), 1);
  EXPECT_TRUE(reply.json.at("next_cursor").is_null());
  EXPECT_EQ(names("/contacts?sort=name&group_id=" + group),
            (std::vector<std::string>{"Anna", "Anton"}));
  EXPECT_EQ(ask("GET", "/contacts/" + anna).json.at("groups").at(0).at("name"), "3B");
  reply =
      ask("POST", members + "/remove", fmt::format(R"({{"filter":{{"group_id":"{}"}}}})", group));
  EXPECT_EQ(reply.json.at("members"), 0) << reply.text;

  EXPECT_EQ(ask("POST", "/groups", R"({"name":"3B"})").status, 409);
  EXPECT_EQ(ask("PATCH", "/groups/" + group, R"({"name":"3C"})").json.at("name"), "3C");
  made("/groups", R"({"name":"4A"})");
  const auto page = ask("GET", "/groups?limit=1");
  EXPECT_EQ(page.json.at("items").at(0).at("name"), "3C");
  EXPECT_EQ(
      ask("GET", "/groups?limit=1&cursor=" + std::string(page.json.at("next_cursor").as_string()))
          .json.at("items")
          .at(0)
          .at("name"),
      "4A");
  EXPECT_EQ(ask("GET", "/groups?search=c").json.at("items").as_array().size(), 1u);
  EXPECT_EQ(ask("DELETE", "/groups/" + group).status, 204);
  EXPECT_EQ(ask("GET", "/groups/" + group).status, 404);
}

TEST_P(ContactsApi, MergesErasesAndExports) {
  const std::string mine = contact("Anna", "anna@x.org");
  const std::string theirs = contact("Anna", "a@x.org");
  const auto likely = ask("GET", "/duplicate-contacts");
  EXPECT_EQ(likely.json.at("items").at(0).at("reason"), "name") << likely.text;
  const auto refused =
      ask("POST", "/contacts/" + mine + "/merge",
          fmt::format(R"({{"contact_id":"{}","change":{{"locale":"Klingon!"}}}})", theirs));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.text, HasSubstr("/change/locale"));
  EXPECT_EQ(ask("GET", "/contacts/" + theirs).json.at("id"), boost::json::value(theirs));
  const auto merged =
      ask("POST", "/contacts/" + mine + "/merge",
          fmt::format(R"({{"contact_id":"{}","change":{{"first_name":"Ann"}}}})", theirs));
  ASSERT_EQ(merged.status, 200) << merged.text;
  EXPECT_EQ(merged.json.at("addresses").as_array().size(), 2u);
  EXPECT_EQ(merged.json.at("first_name"), "Ann");
  EXPECT_EQ(ask("GET", "/contacts/" + theirs).json.at("id"), boost::json::value(mine));

  const auto csv = ask("GET", "/contact-export?search=ann");
  EXPECT_EQ(csv.status, 200);
  EXPECT_THAT(csv.text, HasSubstr("anna@x.org"));
  EXPECT_THAT(ask("GET", "/contacts/" + mine + "/export").text, HasSubstr("anna@x.org"));
  EXPECT_EQ(ask("POST", "/contacts/" + mine + "/erase", "{}").status, 422);
  const auto erased = ask("POST", "/contacts/" + mine + "/erase", R"({"reason":"asked for it"})");
  ASSERT_EQ(erased.status, 200) << erased.text;
  EXPECT_EQ(erased.json.at("suppressed_addresses"), 2);
  EXPECT_EQ(ask("GET", "/contacts/" + mine).status, 404);
  EXPECT_EQ(ask("GET", "/contacts/" + theirs).status, 404);
}

// R17: whatever one organisation has, another does not see.
TEST_P(ContactsApi, NothingIsSeenFromAnotherOrganisation) {
  const std::string anna = contact("Anna", "anna@x.org");
  const std::string bas = contact("Bas");
  const auto group = made("/groups", R"({"name":"3B"})");
  const auto field = made("/custom-fields", R"({"label":"Paid"})");
  const auto note = made("/contacts/" + anna + "/notes", R"({"body":"x"})");
  const auto relation =
      made("/relations", fmt::format(R"({{"from_id":"{}","to_id":"{}","name":"r"}})", anna, bas));
  const auto other = api_.everything(api_.other_organisation());
  const std::string one = "/contacts/" + anna;
  const std::vector<std::array<std::string, 3>> calls = {
      {"GET", one, ""},
      {"PATCH", one, R"({"name":"X"})"},
      {"DELETE", one, ""},
      {"POST", one + "/merge", fmt::format(R"({{"contact_id":"{}"}})", bas)},
      {"POST", one + "/erase", R"({"reason":"x"})"},
      {"GET", one + "/export", ""},
      {"GET", one + "/relations", ""},
      {"GET", one + "/notes", ""},
      {"POST", one + "/notes", R"({"body":"x"})"},
      {"PATCH", one + "/notes/" + note, R"({"body":"y"})"},
      {"DELETE", one + "/notes/" + note, ""},
      {"GET", one + "/activities", ""},
      {"POST", one + "/activities", R"({"type":"visit"})"},
      {"POST", "/relations",
       fmt::format(R"({{"from_id":"{}","to_id":"{}","name":"s"}})", anna, bas)},
      {"GET", "/relations/" + relation, ""},
      {"PATCH", "/relations/" + relation, R"({"name":"y"})"},
      {"DELETE", "/relations/" + relation, ""},
      {"GET", "/custom-fields/" + field, ""},
      {"PATCH", "/custom-fields/" + field, R"({"label":"y"})"},
      {"DELETE", "/custom-fields/" + field, ""},
      {"GET", "/groups/" + group, ""},
      {"PATCH", "/groups/" + group, R"({"name":"y"})"},
      {"DELETE", "/groups/" + group, ""},
      {"POST", "/groups/" + group + "/members", fmt::format(R"({{"contact_ids":["{}"]}})", anna)},
      {"POST", "/groups/" + group + "/members/remove", R"({"contact_ids":[]})"},
      {"GET", "/contacts?group_id=" + group, ""},
  };
  for (const auto& [method, target, body] : calls)
    EXPECT_EQ(api_.call_as(other, method, target, body).status, 404) << method << " " << target;
  EXPECT_EQ(api_.call_as(other, "GET", "/contacts").json.at("items").as_array().size(), 0u);
  EXPECT_EQ(api_.call_as(other, "GET", "/contacts?search=anna").json.at("items").as_array().size(),
            0u);
  EXPECT_EQ(ask("GET", one).status, 200);
  EXPECT_EQ(ask("GET", "/groups/" + group).json.at("members"), 0);
}

TEST_P(ContactsApi, ReadingDoesNotAllowWritingExportingOrErasing) {
  const std::string id = contact("Anna");
  const auto reader = api_.with({identity::Permission::contacts_read});
  EXPECT_EQ(api_.call_as(reader, "GET", "/contacts/" + id).status, 200);
  for (const auto& [method, target, body] : std::vector<std::array<std::string, 3>>{
           {"POST", "/contacts", R"({"name":"B"})"},
           {"DELETE", "/contacts/" + id, ""},
           {"GET", "/contacts/" + id + "/export", ""},
           {"GET", "/contact-export", ""},
           {"POST", "/contacts/" + id + "/erase", R"({"reason":"x"})"}})
    EXPECT_EQ(api_.call_as(reader, method, target, body).status, 403) << method << target;
}

TEST_P(ContactsApi, TheSameWishHasOneEffect) {
  const auto post = [&] {
    return ask("POST", "/contacts", R"({"name":"Once"})", {{"Idempotency-Key", "k1"}});
  };
  const auto first = post();
  const auto second = post();
  EXPECT_EQ(first.status, 201) << first.text;
  EXPECT_EQ(first.text, second.text);
  EXPECT_EQ(names("/contacts").size(), 1u);
}

TEST_P(ContactsApi, SuppressionsAreAddedFoundAndReleasedWithANote) {
  contact("Anna", "anna@x.org");
  const auto id = made("/suppressions", R"({"address":"Anna@x.org","note":"asked by phone"})");
  EXPECT_EQ(made("/suppressions", R"({"address":"ANNA@X.ORG"})"), id);
  made("/suppressions", R"({"address":"@spam.example","kinds":"everything"})");
  EXPECT_EQ(ask("GET", "/contacts").json.at("items").at(0).at("email_state"), "suppressed");
  EXPECT_EQ(ask("POST", "/suppressions", R"({"address":"nobody"})").fields(), "/address");
  EXPECT_EQ(ask("GET", "/suppressions?search=ANNA").json.at("items").as_array().size(), 1u);
  const auto first = ask("GET", "/suppressions?limit=1");
  EXPECT_EQ(first.json.at("items").at(0).at("address"), "@spam.example");
  EXPECT_EQ(ask("GET", "/suppressions?limit=1&cursor=" +
                           std::string(first.json.at("next_cursor").as_string()))
                .json.at("items")
                .at(0)
                .at("id"),
            boost::json::value(id));
  const auto imported = ask("POST", "/suppressions/import",
                            R"({"addresses":["b@x.org","anna@x.org","wrong"],"note":"old list"})");
  ASSERT_EQ(imported.status, 200) << imported.text;
  EXPECT_EQ(imported.json.at("added"), 2);
  EXPECT_EQ(imported.json.at("bad").at(0).at("index"), 2);

  const std::string release = "/suppressions/" + id + "/release";
  const auto writer = api_.with({identity::Permission::suppressions_write});
  EXPECT_EQ(api_.call_as(writer, "POST", release, R"({"note":"x"})").status, 403);
  EXPECT_EQ(ask("POST", release, R"({"note":""})").status, 422);
  const auto released = ask("POST", release, R"({"note":"signed up again"})");
  ASSERT_EQ(released.status, 200) << released.text;
  EXPECT_EQ(released.json.at("release_note"), "signed up again");
  EXPECT_EQ(ask("POST", release, R"({"note":"again"})").status, 409);
  EXPECT_EQ(ask("GET", "/suppressions/" + id).status, 200);
  EXPECT_EQ(
      ask("GET", "/suppressions?search=anna&reason=manual").json.at("items").as_array().size(), 0u);
  EXPECT_EQ(ask("GET", "/suppressions?search=anna&released=true&reason=manual")
                .json.at("items")
                .as_array()
                .size(),
            1u);
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", "/suppressions/" + id).status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", release, R"({"note":"x"})").status, 404);
}

// P42: an erased person is found by the address that somebody types, and by nobody who reads.
TEST_P(ContactsApi, AnErasedAddressIsKnownByItsHashOnly) {
  const auto id = contact("Anna", "anna@x.org");
  ASSERT_EQ(ask("POST", "/contacts/" + id + "/erase", R"({"reason":"asked for it"})").status, 200);
  EXPECT_THAT(ask("GET", "/suppressions").text, Not(HasSubstr("anna")));
  EXPECT_EQ(ask("GET", "/suppressions?search=anna@x.org").json.at("items").as_array().size(), 1u);
  contact("Anna", "anna@x.org");
  EXPECT_EQ(ask("GET", "/contacts").json.at("items").at(0).at("email_state"), "suppressed");
}

}  // namespace
}  // namespace tidings::api
