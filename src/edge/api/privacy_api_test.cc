// What deleting, erasing and merging reach: the words of letters, reports of imports, audiences.
#include <array>
#include <boost/json.hpp>
#include <span>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/content_store.h"
#include "delivery/ledger.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PrivacyApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void write(const db::Database::Work& work) {
    const auto wrote = api_.database().write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  testing::Reply ask(std::string_view method, const std::string& target, std::string body = {}) {
    return api_.call(method, target, std::move(body));
  }
  std::string contact(const std::string& name) {
    const auto made = ask("POST", "/contacts",
                          fmt::format(R"({{"first_name":"{0}","addresses":[{{"channel":"email",)"
                                      R"("address":"{0}@x.org"}}]}})",
                                      name));
    EXPECT_EQ(made.status, 201) << made.text;
    return std::string(made.json.at("id").as_string());
  }
  // A letter with these words; messages of it are `letter`s.
  ContentVersionId words(std::string_view text) {
    delivery::EmailContent content;
    content.subject = "About you";
    content.text = text;
    content.from = wire::parse_mailbox("Our School <office@school.example>").value();
    content.attachments.push_back(
        {"file.pdf", "application/pdf", "", std::make_shared<const std::string>(text)});
    const auto email = delivery::CompiledEmail::compile(content).value();
    const auto id = api_.ids().next<ContentVersionId>();
    write([&](db::Connection& c) {
      return delivery::freeze_content(c, api_.organisation(), id, email, {}, "the reference",
                                      api_.clock().now());
    });
    return id;
  }
  MessageId letter(ContentVersionId content, const std::string& to, MessageState state) {
    delivery::NewMessage message;
    message.id = api_.ids().next<MessageId>();
    message.contact_id = ContactId{parse_id(to).value()};
    message.about = {message.contact_id};
    message.address = message.normalised = "someone@x.org";
    message.values = "{}";
    message.subject = "About you";
    message.state = state;
    if (state == MessageState::skipped) message.reason = "inactive";
    write([&](db::Connection& c) {
      return ledger_.enqueue(c, {api_.organisation(), {}, content, MessageKind::individual, {}},
                             std::span(&message, 1), api_.clock().now());
    });
    return message.id;
  }
  std::int64_t count(const std::string& sql) {
    std::int64_t found = -1;
    const auto read = api_.database().read([&](db::Connection& c) {
      return c.query({"", sql}, {}, [&](const db::Row& row) { found = row.integer(0); });
    });
    EXPECT_TRUE(read.has_value());
    return found;
  }
  std::int64_t versions_with(const std::string& part) {
    return count("SELECT COUNT(*) FROM content_version WHERE text LIKE '%" + part + "%'");
  }
  static constexpr std::string_view kReason = R"({"reason": "asked for it"})";

  testing::ApiFixture api_{GetParam()};
  delivery::Ledger ledger_{api_.ids(), NodeId{5}, 3};
};

INSTANTIATE_TEST_SUITE_P(On, PrivacyApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(PrivacyApi, APurgedLetterTakesItsWordsAlongWhenNobodyElseHasThem) {
  const auto anna = contact("anna");
  const auto shared = words("the secret of two");
  const auto alone = words("the secret of one");
  const auto first = letter(shared, anna, MessageState::skipped);
  const auto second = letter(shared, anna, MessageState::waiting);
  const auto third = letter(alone, anna, MessageState::skipped);
  ASSERT_EQ(count("SELECT COUNT(*) FROM blob"), 2);
  const auto purge = [&](MessageId id) {
    return ask("POST", "/messages/" + to_text(id) + "/purge", std::string(kReason)).status;
  };
  ASSERT_EQ(purge(third), 204);
  EXPECT_EQ(versions_with("secret of one"), 0);
  EXPECT_EQ(versions_with("secret of two"), 1);
  EXPECT_EQ(count("SELECT COUNT(*) FROM blob"), 1) << "the file was only that letter's";
  ASSERT_EQ(purge(first), 204);
  EXPECT_EQ(versions_with("secret of two"), 1) << "one is still to be sent";
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE message SET state = 8 WHERE id = $1"}, {second}));
    return {};
  });
  ASSERT_EQ(purge(second), 204);
  EXPECT_EQ(versions_with("secret"), 0);
  EXPECT_EQ(ask("GET", "/messages/" + to_text(third)).status, 200) << "the tombstone is shown";
  EXPECT_EQ(ask("GET", "/messages?all=true").status, 200);
}

TEST_P(PrivacyApi, AnErasedPersonsLettersAndQuotedValuesAreGone) {
  const auto given = api_.call("POST", "/imports?file_name=a.csv",
                               "email,first_name,time_zone\nanna@x.org,Annabel,Annabel's own\n"
                               "bas@x.org,Bas,Somewhere else\n",
                               {{"Content-Type", "text/csv"}});
  ASSERT_EQ(given.status, 201) << given.text;
  const std::string import = "/imports/" + std::string(given.json.at("id").as_string());
  ASSERT_EQ(ask("POST", import + "/start").status, 202);
  api_.services().imports->wait_idle();
  ASSERT_THAT(ask("GET", import + "/report").text, HasSubstr("Annabel's own"));
  const auto found = ask("GET", "/contacts?search=annabel");
  const std::string anna(found.json.at("items").at(0).at("id").as_string());
  const auto letter_id = letter(words("for her eyes"), anna, MessageState::skipped);

  const auto exported = ask("GET", "/contacts/" + anna + "/export");
  EXPECT_THAT(exported.text, HasSubstr("/api/v1/messages/" + to_text(letter_id) + "/eml"));
  ASSERT_EQ(ask("POST", "/contacts/" + anna + "/erase", std::string(kReason)).status, 200);
  EXPECT_EQ(versions_with("for her eyes"), 0);
  const auto report = ask("GET", import + "/report").text;
  EXPECT_THAT(report, Not(HasSubstr("Annabel")));
  EXPECT_THAT(report, HasSubstr("Somewhere else")) << "what is about others stays";
  EXPECT_EQ(count("SELECT COUNT(*) FROM send_out WHERE subject_key <> ''"), 0);
}

TEST_P(PrivacyApi, AMergedContactIsNamedByItsNewIdInAudiences) {
  const auto mine = contact("anna");
  const auto theirs = contact("ann");
  const auto campaign = ask("POST", "/campaigns",
                            fmt::format(R"({{"name":"n","audience":{{"contacts":["{0}","{1}"],)"
                                        R"("exclude":{{"contacts":["{1}"]}}}}}})",
                                        mine, theirs));
  ASSERT_EQ(campaign.status, 201) << campaign.text;
  ASSERT_EQ(
      ask("POST", "/contacts/" + mine + "/merge", fmt::format(R"({{"contact_id":"{}"}})", theirs))
          .status,
      200);
  const auto after = ask("GET", "/campaigns/" + std::string(campaign.json.at("id").as_string()));
  EXPECT_EQ(boost::json::serialize(after.json.at("audience").at("contacts")),
            fmt::format(R"(["{}"])", mine));
  EXPECT_EQ(after.json.at("audience").at("exclude").at("contacts").at(0), boost::json::value(mine));
}

TEST_P(PrivacyApi, BothHalvesOfAHistoryTakeTheSameFilters) {
  const auto anna = contact("anna");
  for (const char* body : {R"({"type":"visit","data":{"place":"The Hall"}})",
                           R"({"type":"transaction","data":{"order":"T-shirt"}})"}) {
    ASSERT_EQ(ask("POST", "/contacts/" + anna + "/activities", body).status, 201);
    api_.clock().advance(std::chrono::hours(1));
  }
  const auto rows = [&](const std::string& query) {
    const auto reply = ask("GET", "/contacts/" + anna + "/activities?" + query);
    EXPECT_EQ(reply.status, 200) << query << reply.text;
    return reply.status == 200 ? reply.json.at("items").as_array().size() : 99u;
  };
  EXPECT_EQ(rows("limit=50"), 3u);  // created too
  EXPECT_EQ(rows("type=visit"), 1u);
  EXPECT_EQ(rows("type=visit,transaction"), 2u);
  EXPECT_EQ(rows("text=HALL"), 1u);
  EXPECT_EQ(rows("text=nowhere"), 0u);
  EXPECT_EQ(rows("from=2026-11-22T08:30:00Z"), 1u);
  EXPECT_EQ(rows("until=2026-11-22T08:30:00Z"), 2u);
  EXPECT_EQ(rows("from=2026-11-22T07:00:00Z&until=2026-11-22T08:00:00Z"), 0u);
  EXPECT_EQ(rows("sender=nobody"), 0u);
  const auto first = ask("GET", "/contacts/" + anna + "/activities?limit=1&type=visit,transaction");
  const auto second =
      ask("GET", "/contacts/" + anna + "/activities?limit=1&type=visit,transaction&cursor=" +
                     std::string(first.json.at("next_cursor").as_string()));
  EXPECT_EQ(second.json.at("items").at(0).at("type"), "visit");
  EXPECT_TRUE(second.json.at("next_cursor").is_null()) << second.text;
  EXPECT_EQ(ask("GET", "/contacts/" + anna + "/activities?from=yesterday").status, 422);
  for (const char* query : {"from=2026-11-22T07:00:00Z", "until=2026-11-22T07:00:00Z", "text=a",
                            "sender=a", "kind=individual", "status=sent"})
    EXPECT_EQ(ask("GET", fmt::format("/contacts/{}/history?{}", anna, query)).status, 200) << query;
}

}  // namespace
}  // namespace tidings::api
