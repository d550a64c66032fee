// The first visit through the real gate, as a browser on the machine or elsewhere.
#include <boost/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "edge/api/testing/gated_api.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

struct Seen {
  int status = 0;
  json::value body;
  std::string cookie;

  std::string code() const { return std::string(body.at("code").as_string()); }
};

std::string beginning(std::string_view email, std::string_view password = "mauve otter lamp") {
  return json::serialize(json::object{{"organisation", "Quayside Choir"},
                                      {"name", "Ada"},
                                      {"email", email},
                                      {"password", password},
                                      {"locale", "nl"},
                                      {"time_zone", "Europe/Amsterdam"}});
}

class FirstVisitApi : public testing::GatedApi {
 protected:
  FirstVisitApi() : GatedApi("http://localhost:8080") {}
  void SetUp() override { organisation(OrganisationId{7}, "Choir"); }
  Seen call(std::string_view method, std::string_view target, std::string body = "",
            std::vector<net::HttpHeader> headers = {{"Host", "localhost:8080"}}) {
    const net::Response response = ask(method, target, std::move(body), std::move(headers));
    Seen seen{.status = response.status};
    boost::system::error_code ignored;
    seen.body = json::parse(response.body, ignored);
    const std::string_view set = response.header("Set-Cookie");
    seen.cookie = set.substr(0, set.find(';'));
    return seen;
  }
  bool is_open() { return call("GET", "/first-visit").body.at("is_open").as_bool(); }
};

TEST_P(FirstVisitApi, whoever_runs_the_machine_becomes_the_owner_and_is_signed_in) {
  const auto before = call("GET", "/first-visit");
  EXPECT_EQ(before.body,
            json::parse(R"({"is_open": true, "may_begin": true, "organisation": "Choir"})"));
  const auto begun = call("POST", "/first-visit", beginning("ada@quayside.example"));
  ASSERT_EQ(begun.status, 201) << json::serialize(begun.body);
  EXPECT_EQ(begun.body.at("organisation"), "Quayside Choir");
  EXPECT_EQ(begun.body.at("role"), "owner");
  const auto who =
      call("GET", "/organisation", "", {{"Host", "localhost:8080"}, {"Cookie", begun.cookie}});
  EXPECT_EQ(who.body.at("locale"), "nl");
  EXPECT_EQ(who.body.at("time_zone"), "Europe/Amsterdam");
  EXPECT_EQ(call("GET", "/first-visit").body,
            json::parse(R"({"is_open": false, "may_begin": false, "organisation": ""})"));
  const auto late = call("POST", "/first-visit", beginning("eve@elsewhere.example"));
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.code(), "first_visit.over");
}

// Security: whoever reaches the server first must not become its owner.
TEST_P(FirstVisitApi, nobody_begins_from_elsewhere) {
  for (const std::vector<net::HttpHeader>& headers :
       {std::vector<net::HttpHeader>{{"Host", "post.club.example"}},
        std::vector<net::HttpHeader>{{"Host", "localhost"}, {"X-Forwarded-For", "192.0.2.1"}},
        std::vector<net::HttpHeader>{{"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}},
        std::vector<net::HttpHeader>{{"Host", "localhost"}, {"Origin", "http://evil.example"}}}) {
    EXPECT_EQ(call("POST", "/first-visit", beginning("eve@elsewhere.example"), headers).status,
              403);
  }
  EXPECT_EQ(call("GET", "/first-visit", "", {{"Host", "post.club.example"}}).body,
            json::parse(R"({"is_open": true, "may_begin": false, "organisation": ""})"));
  EXPECT_TRUE(is_open());
}

TEST_P(FirstVisitApi, what_is_not_good_enough_makes_nobody) {
  EXPECT_EQ(call("POST", "/first-visit", beginning("ada@quayside.example", "short")).status, 422);
  EXPECT_EQ(call("POST", "/first-visit", beginning("no address")).status, 422);
  EXPECT_TRUE(is_open());
}

TEST_P(FirstVisitApi, of_two_at_the_same_time_one_begins) {
  std::vector<int> statuses(2);
  {
    std::vector<std::jthread> two;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      two.emplace_back([this, &statuses, i] {
        statuses[i] =
            call("POST", "/first-visit", beginning(i == 0 ? "a@one.example" : "b@two.example"))
                .status;
      });
    }
  }
  EXPECT_EQ(statuses[0] + statuses[1], 201 + 409) << statuses[0] << ' ' << statuses[1];
}

INSTANTIATE_TEST_SUITE_P(On, FirstVisitApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

}  // namespace
}  // namespace tidings::api
