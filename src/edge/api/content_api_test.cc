// Who may touch senders, mail servers, templates and media.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/api/testing/content_fixture.h"

namespace tidings::api {
namespace {

class ContentApi : public testing::ContentFixture {};

INSTANTIATE_TEST_SUITE_P(On, ContentApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(ContentApi, nothing_of_another_organisation_is_there) {
  const std::string sender = make_sender();
  const std::string transport = make_sandbox();
  const std::string made = make("/templates", R"({"name": "T"})");
  expect_foreign_404("/senders/" + sender, R"({"name": "x"})");
  expect_foreign_404("/transports/" + transport, R"({"name": "x"})");
  expect_foreign_404("/templates/" + made, R"({"name": "x"})");
  const auto media = upload("a.pdf", "x");
  const std::string file = "/media/" + std::string(media.json.at("id").as_string());
  const auto other = api_.everything(api_.other_organisation());
  for (const std::string& path : {file, file + "/content", "/templates/" + made + "/versions",
                                  "/templates/" + made + "/versions/1"}) {
    EXPECT_EQ(api_.call_as(other, "GET", path).status, 404) << path;
    EXPECT_EQ(api_.call("GET", path).status, 200) << path;
  }
  for (const std::string& path :
       {"/senders/" + sender + "/verification", "/templates/" + made + "/copies",
        "/templates/" + made + "/versions/1/restoration"}) {
    EXPECT_EQ(api_.call_as(other, "POST", path).status / 100, 4) << path;
  }
  EXPECT_EQ(api_.call_as(other, "POST", "/transport-tests",
                         fmt::format(R"({{"transport_id": "{}"}})", transport))
                .status,
            404);
  for (const std::string_view list : {"/senders", "/transports", "/templates", "/media"}) {
    EXPECT_TRUE(api_.call_as(other, "GET", list).json.at("items").as_array().empty()) << list;
  }
}

TEST_P(ContentApi, reading_is_not_writing) {
  const auto reader = api_.with({identity::Permission::content_read});
  EXPECT_EQ(api_.call_as(reader, "GET", "/senders").status, 200);
  EXPECT_EQ(api_.call_as(reader, "POST", "/senders", R"({"address": "a@example.org"})").status,
            403);
  EXPECT_EQ(
      api_.call_as(reader, "POST", "/transports", R"({"name": "R", "url": "sandbox:"})").status,
      403);
  EXPECT_EQ(api_.call_as(reader, "POST", "/templates", R"({"name": "T"})").status, 403);
}

}  // namespace
}  // namespace tidings::api
