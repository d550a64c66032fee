// What the tests of senders, mail servers, templates, media and previews begin with.
// Thread: the test's.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api::testing {

// Makes the things that content is made of. A test suite derives from it and says on which
// databases.
class ContentFixture : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  std::string make(std::string_view target, std::string body) {
    const auto made = api_.call("POST", target, std::move(body));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.status == 201 ? std::string(made.json.at("id").as_string()) : "";
  }
  std::string make_sender() {
    return make("/senders", R"({"name": "Office", "address": "office@example.org"})");
  }
  std::string make_sandbox() {
    return make("/transports", R"({"name": "Sandbox", "url": "sandbox:", "is_default": true})");
  }
  Reply upload(std::string_view name, std::string content,
               std::string_view type = "application/octet-stream") {
    return api_.call("POST", fmt::format("/media?file_name={}", name), std::move(content),
                     {{"Content-Type", std::string(type)}});
  }
  std::int64_t count(std::string_view sql) {
    return **api_.database().read_value([&](db::Connection& connection) {
      return connection.query_first({"", sql}, {},
                                    [](const db::Row& row) { return row.integer(0); });
    });
  }
  std::string text_in(std::string_view sql) {
    return **api_.database().read_value([&](db::Connection& connection) {
      return connection.query_first({"", sql}, {},
                                    [](const db::Row& row) { return row.string(0); });
    });
  }
  static std::vector<std::string> codes(const boost::json::value& findings) {
    std::vector<std::string> list;
    for (const auto& one : findings.as_array()) list.emplace_back(one.at("code").as_string());
    return list;
  }
  // Every request on `path`, from another organisation: as if nothing were there.
  void expect_foreign_404(std::string_view path, std::string patch) {
    const auto other = api_.everything(api_.other_organisation());
    EXPECT_EQ(api_.call_as(other, "GET", path).status, 404) << path;
    EXPECT_EQ(api_.call_as(other, "PATCH", path, std::move(patch)).status, 404) << path;
    EXPECT_EQ(api_.call_as(other, "DELETE", path).status, 404) << path;
    EXPECT_EQ(api_.call("GET", path).status, 200) << path;
  }

  ApiFixture api_{GetParam()};
};

}  // namespace tidings::api::testing
