// The frame of the API: everything that is true of every operation, shown on the organisation's.
#include <algorithm>
#include <boost/json.hpp>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/api/dispatch.h"
#include "edge/api/docs_routes.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

class ApiFrame : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  testing::ApiFixture api_{GetParam()};
};

TEST_P(ApiFrame, the_organisation_is_that_of_the_credential) {
  const auto mine = api_.call("GET", "/organisation");
  ASSERT_EQ(mine.status, 200) << mine.text;
  EXPECT_EQ(mine.json.at("name"), "School of the North");
  EXPECT_EQ(mine.json.at("id").as_string(), to_text(api_.organisation()));
  EXPECT_EQ(mine.header("Content-Type"), "application/json");
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", "/organisation").json.at("name"), "Another school");
}

TEST_P(ApiFrame, a_patch_changes_what_it_names_and_keeps_the_rest) {
  const auto changed =
      api_.call("PATCH", "/organisation", R"({"name": "Öst", "postal_address": ""})");
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("name"), "Öst");
  EXPECT_EQ(changed.json.at("time_zone"), "Europe/Amsterdam");
  const auto merged = api_.call("PATCH", "/organisation", R"({"locale": "nl-BE"})",
                                {{"Content-Type", "application/merge-patch+json; charset=utf-8"}});
  ASSERT_EQ(merged.status, 200) << merged.text;
  EXPECT_EQ(api_.call("GET", "/organisation").json.at("locale"), "nl-BE");
}

TEST_P(ApiFrame, a_change_based_on_an_old_version_is_refused) {
  const std::string old = api_.call("GET", "/organisation").header("ETag");
  ASSERT_FALSE(old.empty());
  const auto first = api_.call("PATCH", "/organisation", R"({"name": "A"})", {{"If-Match", old}});
  ASSERT_EQ(first.status, 200) << first.text;
  const auto late = api_.call("PATCH", "/organisation", R"({"name": "B"})", {{"If-Match", old}});
  EXPECT_EQ(late.status, 412);
  EXPECT_EQ(late.code(), "call.changed");
  const std::string list = "\"zzz\", " + first.header("ETag");
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"name": "C"})", {{"If-Match", list}}).status,
            200);
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"name": "D"})", {{"If-Match", "*"}}).status,
            200);
}

TEST_P(ApiFrame, what_the_caller_has_already_is_not_sent_again) {
  const std::string etag = api_.call("GET", "/organisation").header("ETag");
  const auto again = api_.call("GET", "/organisation", "", {{"If-None-Match", etag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.text.empty());
  EXPECT_EQ(again.header("ETag"), etag);
  EXPECT_EQ(api_.call("GET", "/organisation", "", {{"If-None-Match", "\"x\""}}).status, 200);
}

TEST_P(ApiFrame, what_is_wrong_with_a_body_is_told_member_by_member) {
  const auto wrong =
      api_.call("PATCH", "/organisation",
                R"({"name": "", "time_zone": "Mars/Base", "locale": 3, "postal_adress": "x"})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(wrong.code(), "call.invalid");
  EXPECT_EQ(wrong.header("Content-Type"), "application/problem+json");
  std::string told;
  for (const auto& each : wrong.json.at("errors").as_array()) {
    told += std::string(each.at("field").as_string()) + " " +
            std::string(each.at("message").as_string()) + "\n";
  }
  EXPECT_EQ(
      told,
      "/name This must not be empty.\n"
      "/time_zone \"Mars/Base\" is not a time zone. Name one like Europe/Amsterdam or UTC.\n"
      "/locale This should be a text.\n"
      "/postal_adress There is no \"postal_adress\" here. Did you mean \"postal_address\"?\n");
  EXPECT_EQ(api_.call("PATCH", "/organisation", "{}").fields(), "");
  EXPECT_EQ(api_.call("PATCH", "/organisation", "{}").status, 422);
  EXPECT_EQ(api_.call("PATCH", "/organisation", "null").status, 422);
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"name": "a\u0000b"})").fields(), "/name");
}

TEST_P(ApiFrame, json_that_is_none_is_refused_with_its_place) {
  const auto reply = api_.call("PATCH", "/organisation", "{\n  \"name\": nope\n}");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.code(), "call.json");
  EXPECT_NE(reply.text.find("line 2, column 1"), std::string::npos) << reply.text;
  for (const std::string body :
       {"{", "{}x", "{\"name\":\"\xff\"}", "{\"name\":\"\\ud800\"}", "[1,]", "'x'", "NaN", " ",
        "{\"name\":\"a\nb\"}", "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(api_.call("PATCH", "/organisation", body).status, 400) << body;
  }
  EXPECT_EQ(api_.call("PATCH", "/organisation", std::string(100'000, '[')).status, 400);
}

TEST_P(ApiFrame, a_body_must_be_there_be_short_and_say_what_it_is) {
  EXPECT_EQ(api_.call("PATCH", "/organisation").status, 422);
  const auto plain =
      api_.call("PATCH", "/organisation", "name=x", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(plain.status, 415);
  EXPECT_NE(plain.text.find("application/json"), std::string::npos);
  EXPECT_EQ(api_.call("PATCH", "/organisation", "{}", {{"Content-Type", ""}}).status, 415);
  const std::string large = "{\"name\":\"" + std::string(2 << 20, 'x') + "\"}";
  EXPECT_EQ(api_.call("PATCH", "/organisation", large).status, 413);
  EXPECT_EQ(api_.call("GET", "/organisation", "{}").status, 400);
}

TEST_P(ApiFrame, addresses_methods_and_parameters_that_are_not_there_are_refused) {
  EXPECT_EQ(api_.call("GET", "/nothing").status, 404);
  EXPECT_EQ(api_.call("GET", "/organisation/").status, 404);
  const auto method = api_.call("DELETE", "/organisation");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("Allow"), "GET, HEAD, OPTIONS, PATCH");
  const auto query = api_.call("GET", "/organisation?limit=5&x=%22");
  EXPECT_EQ(query.status, 422);
  EXPECT_EQ(query.fields(), "?limit,?x");
}

TEST_P(ApiFrame, a_permission_that_lacks_is_named) {
  const auto reader = api_.with({identity::Permission::contacts_read});
  EXPECT_EQ(api_.call_as(reader, "GET", "/organisation").status, 200);
  const auto refused = api_.call_as(reader, "PATCH", "/organisation", R"({"name": "x"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.text.find("organisation:write"), std::string::npos);
  // Asked before the body is read: what is wrong with it is nobody's business.
  EXPECT_EQ(api_.call_as(reader, "PATCH", "/organisation", "{").status, 403);
}

TEST_P(ApiFrame, a_repeated_key_has_one_effect_and_the_first_answer) {
  const std::vector<net::HttpHeader> key{{"Idempotency-Key", "wish-1"}};
  const auto first = api_.call("PATCH", "/organisation", R"({"name": "One"})", key);
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(first.header("Idempotent-Replayed"), "");
  ASSERT_EQ(api_.call("PATCH", "/organisation", R"({"name": "Two"})").status, 200);
  const auto again = api_.call("PATCH", "/organisation", R"({"name": "One"})", key);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.text, first.text);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.header("ETag"), first.header("ETag"));
  EXPECT_EQ(api_.call("GET", "/organisation").json.at("name"), "Two");
}

TEST_P(ApiFrame, a_key_stands_for_one_request_of_one_organisation_for_a_day) {
  const std::vector<net::HttpHeader> key{{"Idempotency-Key", "wish-2"}};
  ASSERT_EQ(api_.call("PATCH", "/organisation", R"({"name": "One"})", key).status, 200);
  const auto other_body = api_.call("PATCH", "/organisation", R"({"name": "Two"})", key);
  EXPECT_EQ(other_body.status, 422);
  EXPECT_EQ(other_body.code(), "call.key_reused");
  const auto other = api_.everything(api_.other_organisation());
  const auto theirs = api_.call_as(other, "PATCH", "/organisation", R"({"name": "Two"})", key);
  EXPECT_EQ(theirs.status, 200) << "a key of another organisation is another key";
  EXPECT_EQ(theirs.header("Idempotent-Replayed"), "");
  api_.clock().advance(std::chrono::hours(25));
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"name": "Two"})", key).status, 200);
}

TEST_P(ApiFrame, a_call_that_failed_leaves_its_key_free) {
  const std::vector<net::HttpHeader> key{{"Idempotency-Key", "wish-3"}, {"If-Match", "\"old\""}};
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"name": "One"})", key).status, 412);
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"name": "One"})", {key[0]}).status, 200);
}

TEST_P(ApiFrame, of_many_calls_at_once_with_one_key_one_has_an_effect) {
  std::vector<std::thread> threads;
  std::vector<testing::Reply> replies(8);
  for (auto& reply : replies) {
    threads.emplace_back([&] {
      reply = api_.call("PATCH", "/organisation", R"({"name": "Once"})",
                        {{"Idempotency-Key", "wish-4"}});
    });
  }
  for (auto& thread : threads) thread.join();
  int effects = 0;
  for (const auto& reply : replies) {
    EXPECT_EQ(reply.status, 200) << reply.text;
    effects += reply.header("Idempotent-Replayed").empty() ? 1 : 0;
  }
  EXPECT_EQ(effects, 1);
}

INSTANTIATE_TEST_SUITE_P(On, ApiFrame, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST(ApiSpec, the_embedded_document_is_openapi_and_its_operations_are_told) {
  const Spec& spec = Spec::embedded();
  const auto document = json::parse(spec.text()).as_object();
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  const Operation* const operation = spec.find("changeOrganisation");
  ASSERT_NE(operation, nullptr);
  EXPECT_EQ(operation->method, "PATCH");
  EXPECT_EQ(operation->path, "/api/v1/organisation");
  EXPECT_EQ(operation->permission, identity::Permission::organisation_write);
  EXPECT_EQ(spec.find("nothing"), nullptr);
}

TEST(ApiSpec, every_operation_has_a_handler) {
  testing::ApiFixture api(db::testing::Kind::sqlite_memory);
  EXPECT_EQ(fmt::format("{}", fmt::join(api.missing(), ", ")), "");
}

TEST(ApiSpec, a_server_that_lacks_an_operation_does_not_start) {
  testing::ApiFixture api(db::testing::Kind::sqlite_memory);
  const Dispatcher without(Spec::embedded(), api.services());
  EXPECT_DEATH(without.check_complete(), "listGroups of the API has no handler");
  Dispatcher complete(Spec::embedded(), api.services());
  add_all_handlers(complete);
  complete.check_complete();
}

TEST(ApiDocs, the_viewer_is_all_here_and_may_ask_nobody_else) {
  net::Router router;
  add_docs_routes(router);
  const auto get = [&](std::string_view path, std::string etag = "") {
    std::vector<net::HttpHeader> headers;
    if (!etag.empty()) headers.push_back({"If-None-Match", std::move(etag)});
    return respond(router, *make_request("GET", path, std::move(headers)));
  };
  const auto page = get("/api/docs");
  ASSERT_EQ(page.status, 200);
  for (const std::string& response : {page.body, get("/api/docs/start.js").body}) {
    EXPECT_EQ(response.find("//"), std::string::npos) << "no address of another server";
  }
  const std::string policy(page.header("Content-Security-Policy"));
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(policy.find("http"), std::string::npos);
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  for (const std::string_view part : {"/api/docs/start.js", "/api/docs/swagger-ui-bundle.js",
                                      "/api/docs/swagger-ui.css", "/api/openapi.json"}) {
    const auto file = get(part);
    EXPECT_EQ(file.status, 200) << part;
    EXPECT_GT(file.body.size(), 100U) << part;
    EXPECT_EQ(get(part, std::string(file.header("ETag"))).status, 304) << part;
    EXPECT_NE(page.body.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace tidings::api
