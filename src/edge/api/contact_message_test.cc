// Writing from a contact's page (P29): whom it may go to, and who is asked about first (P39).
#include <boost/json.hpp>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audience/suppressions.h"
#include "db/testing/databases.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;

class ContactMessages : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  ContactMessages() {
    api_.may_send("School", "office@school.example");
    student_ = contact("Sam", "sam@pupils.example");
    mother_ = contact("Mia", "mia@home.example", "mia@work.example");
    father_ = contact("Fons", "fons@home.example");
    neighbour_ = contact("Nel", "nel@home.example");
    relate(mother_, "guardian of", true);
    relate(father_, "guardian of", true);
    relate(neighbour_, "neighbour of", false);
  }

  std::string contact(std::string_view name, std::string_view address,
                      std::string_view other = {}) {
    const std::string more =
        other.empty() ? "" : fmt::format(R"(, {{"channel": "email", "address": "{}"}})", other);
    const auto made = api_.call(
        "POST", "/contacts",
        fmt::format(R"({{"first_name": "{}", "addresses": [{{"channel": "email", "address": "{}",)"
                    R"( "primary": true}}{}]}})",
                    name, address, more));
    EXPECT_EQ(made.status, 201) << made.text;
    return std::string(made.json.at("id").as_string());
  }
  void relate(const std::string& from, std::string_view name, bool receives) {
    const auto made = api_.call(
        "POST", "/relations",
        fmt::format(R"({{"from_id": "{}", "to_id": "{}", "name": "{}", "receives_messages": {}}})",
                    from, student_, name, receives));
    EXPECT_EQ(made.status, 201) << made.text;
  }
  // "Name address outcome reason" of each choice.
  std::vector<std::string> choices(std::string_view query = "") {
    const auto got = api_.call("GET", fmt::format("/contacts/{}/recipients{}", student_, query));
    EXPECT_EQ(got.status, 200) << got.text;
    std::vector<std::string> lines;
    for (const json::value& each : got.json.at("items").as_array()) {
      const auto text = [&](std::string_view member) {
        const json::value& value = each.at(member);
        return value.is_string() ? std::string(value.as_string()) : std::string("-");
      };
      lines.push_back(fmt::format("{} {} {} {}", text("name"), text("address"), text("outcome"),
                                  text("reason")));
    }
    return lines;
  }
  testing::Reply send(std::string_view recipients, std::string_view more = "") {
    return api_.call("POST", fmt::format("/contacts/{}/messages", student_),
                     fmt::format(R"({{"recipients": [{}], "subject": "About {{{{)"
                                 R"( student.first_name }}}}", "text": "Dear {{{{)"
                                 R"( contact.first_name }}}}"{}}})",
                                 recipients, more));
  }
  static std::string to(const std::string& contact) {
    return fmt::format(R"({{"contact_id": "{}"}})", contact);
  }
  void unsubscribe(std::string_view address) {
    const auto wrote =
        api_.database().write_value(db::Priority::web, [&](db::Connection& connection) {
          return audience::suppress(connection, api_.ids(), api_.organisation(),
                                    {Channel::email,
                                     address,
                                     "unsubscribed",
                                     audience::SuppressedKinds::campaign,
                                     "link",
                                     "",
                                     {},
                                     {}},
                                    api_.clock().now());
        });
    EXPECT_TRUE(wrote);
  }
  std::vector<std::string> queued() {
    std::vector<std::string> rows;
    EXPECT_TRUE(api_.database().read([&](db::Connection& connection) {
      return connection.query(
          {"test.queued", "SELECT address, message_values FROM message ORDER BY id"}, {},
          [&](const db::Row& row) { rows.push_back(row.string(0) + " " + row.string(1)); });
    }));
    return rows;
  }

  testing::ApiFixture api_{GetParam()};
  std::string student_, mother_, father_, neighbour_;
};
INSTANTIATE_TEST_SUITE_P(On, ContactMessages, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(ContactMessages, OnAStudentsPageTheGuardiansWhoReceiveMessagesAreOffered) {
  EXPECT_THAT(choices(),
              ElementsAre("Sam sam@pupils.example send -", "Mia mia@home.example send -",
                          "Mia mia@work.example send -", "Fons fons@home.example send -"));
  EXPECT_THAT(choices("?channel=sms"), ElementsAre("Sam - skip no address", "Mia - skip no address",
                                                   "Fons - skip no address"));
}

TEST_P(ContactMessages, EachChosenGuardianGetsAMessageAboutTheStudent) {
  const auto sent =
      send(to(mother_) + "," +
           fmt::format(R"({{"contact_id": "{}", "address": "fons@home.example"}})", father_));
  ASSERT_EQ(sent.status, 202) << sent.text;
  EXPECT_EQ(sent.json.at("messages").as_array().size(), 2u);
  EXPECT_THAT(queued(),
              ElementsAre(R"(mia@home.example {"contact":{"first_name":"Mia","@student":)"
                          R"({"first_name":"Sam"}},"data":{}})",
                          R"(fons@home.example {"contact":{"first_name":"Fons","@student":)"
                          R"({"first_name":"Sam"}},"data":{}})"));
  const auto history = api_.call("GET", fmt::format("/messages?contact={}", student_));
  EXPECT_EQ(history.json.at("items").as_array().size(), 2u) << history.text;
}

TEST_P(ContactMessages, WhoUnsubscribedIsAskedAboutAndWrittenToOnlyWhenConfirmed) {
  unsubscribe("mia@home.example");
  EXPECT_THAT(choices()[1], "Mia mia@home.example ask unsubscribed");
  const auto asked = send(to(father_) + "," + to(mother_));
  EXPECT_EQ(asked.status, 409);
  EXPECT_EQ(asked.code(), "message.unsubscribed");
  EXPECT_TRUE(queued().empty()) << "all or none";
  EXPECT_EQ(send(to(mother_), R"(, "confirmed": true)").status, 202);
  // The same where one message is sent to a contact of their own.
  const std::string own =
      fmt::format(R"({{"contact_id": "{}", "kind": "individual", "text": "x")", mother_);
  EXPECT_EQ(api_.call("POST", "/messages", own + "}").code(), "message.unsubscribed");
  EXPECT_EQ(api_.call("POST", "/messages", own + R"(, "confirmed": true})").status, 202);
}

TEST_P(ContactMessages, WhoAskedNotToBeContactedIsNotWrittenToWhateverIsConfirmed) {
  ASSERT_EQ(api_.call("PATCH", "/contacts/" + mother_, R"({"do_not_contact": true})").status, 200);
  EXPECT_THAT(choices()[1], "Mia mia@home.example skip do not contact");
  EXPECT_EQ(send(to(mother_), R"(, "confirmed": true)").code(), "message.do_not_contact");
}

TEST_P(ContactMessages, NobodyElseAndNobodyOfAnotherOrganisationIsWrittenTo) {
  EXPECT_EQ(send(to(neighbour_)).fields(), "/recipients/0/contact_id");
  EXPECT_EQ(send(fmt::format(R"({{"contact_id": "{}", "address": "nel@home.example"}})", mother_))
                .fields(),
            "/recipients/0/address");
  EXPECT_EQ(
      send(fmt::format(R"({{"contact_id": "{}", "address": "MIA@work.example"}})", mother_)).status,
      202);
  const auto other = api_.everything(api_.other_organisation());
  const std::string page = "/contacts/" + student_;
  EXPECT_EQ(api_.call_as(other, "GET", page + "/recipients").status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", page + "/messages",
                         fmt::format(R"({{"recipients": [{}], "text": "x"}})", to(mother_)))
                .status,
            404);
  const auto reader = api_.with({identity::Permission::contacts_read});
  EXPECT_EQ(api_.call_as(reader, "GET", page + "/recipients").status, 200);
  EXPECT_EQ(api_.call_as(reader, "POST", page + "/messages",
                         fmt::format(R"({{"recipients": [{}], "text": "x"}})", to(mother_)))
                .status,
            403);
  EXPECT_EQ(queued().size(), 1u);
}

}  // namespace
}  // namespace tidings::api
