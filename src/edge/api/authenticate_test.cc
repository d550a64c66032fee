#include "edge/api/authenticate.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "identity/api_tokens.h"
#include "identity/organisations.h"
#include "identity/sessions.h"
#include "identity/users.h"

namespace tidings::api {
namespace {

using identity::Permission;
using identity::Role;

class HandClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Instant at = from_micros(1'800'000'000'000'000);
};

net::Request request(std::string method, std::vector<net::HttpHeader> headers = {},
                     std::string peer = "192.0.2.1:50123") {
  net::Request made;
  made.method = std::move(method);
  made.path = "/api/v1/contacts";
  made.headers = std::move(headers);
  made.peer = std::move(peer);
  return made;
}

class AuthenticateTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  db::testing::TestDatabase database_{GetParam()};
  HandClock clock_;
  IdSource ids_{clock_, 1};
  const OrganisationId one_{1};
  UserId ada_;
  std::string secret_;  // Ada's session
  std::string token_;

  void SetUp() override {
    const auto made = database_->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
      TRY(identity::create_organisation(c, {one_, "Club", "en", "UTC", ""}, clock_.now()));
      ada_ = TRY(identity::create_user(c, ids_, {"ada@club.example", "Ada"}, clock_.now()));
      TRY(identity::add_member(c, one_, ada_, Role::owner, clock_.now()));
      secret_ = TRY(identity::start_session(c, ids_, {ada_, one_, "", ""}, clock_.now())).secret;
      token_ =
          TRY(identity::create_api_token(c, ids_, identity::local_principal(one_),
                                         {ada_, "shop", {Permission::contacts_read}}, clock_.now()))
              .secret;
      return {};
    });
    ASSERT_TRUE(made) << made.error().message;
  }
  net::HttpHeader cookie() const { return {"Cookie", "a=b; __Host-tidings=" + secret_ + "; c=d"}; }
  net::HttpHeader bearer() const { return {"Authorization", "Bearer " + token_}; }
  static int status(const std::expected<Caller, Answer>& result) {
    return result ? 200 : result.error().status;
  }
};

TEST_P(AuthenticateTest, a_token_and_a_session_name_who_asks) {
  Authenticate authenticate(*database_, clock_,
                            {.per_credential = {.per_second = 100, .burst = 500}});
  const auto by_token = authenticate(request("POST", {bearer()}));
  ASSERT_EQ(status(by_token), 200);
  EXPECT_EQ(by_token->who.user_id, ada_);
  EXPECT_TRUE(by_token->who.token_id.valid());
  EXPECT_EQ(by_token->who.permissions, identity::PermissionSet{Permission::contacts_read});
  EXPECT_FALSE(by_token->headers.empty());
  const auto by_session = authenticate(request("GET", {cookie()}));
  ASSERT_EQ(status(by_session), 200);
  EXPECT_TRUE(by_session->who.session_id.valid());
  EXPECT_EQ(by_session->who.permissions, identity::PermissionSet::all());
}

TEST_P(AuthenticateTest, whatever_is_no_credential_is_refused_alike) {
  Authenticate authenticate(*database_, clock_, {.per_address = {}});
  std::string body;
  for (const auto& headers : std::vector<std::vector<net::HttpHeader>>{
           {{"Authorization", "Bearer tdg_unknown"}},
           {{"Authorization", "Bearer"}},
           {{"Authorization", "Basic " + token_}},
           {{"Authorization", "Bearer " + token_ + token_ + token_ + token_}},
           {{"Authorization", "Bearer " + secret_}},
           {{"Cookie", "__Host-tidings=" + token_}},
           {{"Cookie", "__Host-tidings=x"}},
           {{"Authorization", "Bearer x"}, cookie()}}) {
    const auto result = authenticate(request("GET", headers));
    ASSERT_EQ(status(result), 401) << headers.front().value;
    EXPECT_EQ(result.error().headers.front().name, "WWW-Authenticate");
  }
  EXPECT_EQ(status(authenticate(request("GET"))), 401);
  EXPECT_EQ(status(authenticate(request("GET", {{"Cookie", "__Host-tidings="}}))), 401);
  EXPECT_EQ(status(authenticate(request("GET", {{"Cookie", "tidings=" + secret_}}))), 401);
}

// Security: CSRF [listmonk 2025-58430].
TEST_P(AuthenticateTest, with_a_session_only_our_own_pages_change_anything) {
  Authenticate authenticate(*database_, clock_, {.public_url = "https://post.club.example"});
  const auto with = [&](std::vector<net::HttpHeader> headers) {
    headers.push_back(cookie());
    headers.push_back({"Host", "localhost:8080"});
    return status(authenticate(request("POST", std::move(headers))));
  };
  EXPECT_EQ(with({}), 403) << "a form of an old browser says nothing";
  EXPECT_EQ(with({{"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(with({{"Sec-Fetch-Site", "same-site"}}), 403) << "another name of the same domain";
  EXPECT_EQ(with({{"Sec-Fetch-Site", "none"}}), 403);
  EXPECT_EQ(with({{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://post.club.example"}}), 403);
  EXPECT_EQ(with({{"Origin", "https://evil.example"}}), 403);
  EXPECT_EQ(with({{"Origin", "null"}}), 403);
  EXPECT_EQ(with({{"Origin", "https://post.club.example.evil.example"}}), 403);
  EXPECT_EQ(with({{"Origin", "http://post.club.example"}}), 403) << "not the same scheme";
  EXPECT_EQ(with({{"Origin", "https://post.club.example:8443"}}), 403);
  EXPECT_EQ(with({{"Sec-Fetch-Site", "same-origin"}}), 200);
  EXPECT_EQ(with({{"Origin", "https://post.club.example"}}), 200);
  EXPECT_EQ(with({{"Origin", "http://localhost:8080"}}), 200);
  for (const auto* method : {"PUT", "PATCH", "DELETE"}) {
    EXPECT_EQ(status(authenticate(request(method, {cookie()}))), 403) << method;
  }
  EXPECT_EQ(status(authenticate(request("GET", {cookie(), {"Sec-Fetch-Site", "cross-site"}}))), 200)
      << "a GET changes nothing";
  EXPECT_EQ(status(authenticate(request("POST", {bearer()}))), 200)
      << "no browser sends a token by itself";
}

TEST_P(AuthenticateTest, each_credential_has_a_rate_of_its_own) {
  Authenticate authenticate(*database_, clock_,
                            {.per_credential = {.per_second = 1, .burst = 2},
                             .per_address = {.per_second = 1, .burst = 1}});
  EXPECT_EQ(status(authenticate(request("GET", {bearer()}))), 200);
  EXPECT_EQ(status(authenticate(request("GET", {bearer()}))), 200);
  const auto refused = authenticate(request("GET", {bearer()}));
  ASSERT_EQ(status(refused), 429);
  EXPECT_TRUE(std::ranges::any_of(refused.error().headers,
                                  [](const auto& each) { return each.name == "Retry-After"; }));
  EXPECT_EQ(status(authenticate(request("GET", {cookie()}))), 200);
  EXPECT_EQ(status(authenticate(request("GET"))), 401);
  EXPECT_EQ(status(authenticate(request("GET"))), 429) << "the address's own";
  EXPECT_EQ(status(authenticate(request("GET", {{"Authorization", "Bearer x"}}))), 429)
      << "guessing too";
  EXPECT_EQ(status(authenticate.anonymous(request("POST"))), 429);
  EXPECT_EQ(status(authenticate.anonymous(request("POST", {}, "192.0.2.2:1"))), 200);
  clock_.at += std::chrono::seconds(1);
  EXPECT_EQ(status(authenticate(request("GET", {bearer()}))), 200);
}

TEST_P(AuthenticateTest, a_public_operation_is_nobodys_even_with_a_credential) {
  Authenticate authenticate(*database_, clock_, {});
  const auto caller = authenticate.anonymous(request("POST", {bearer(), cookie()}));
  ASSERT_TRUE(caller);
  EXPECT_FALSE(caller->who.user_id.valid());
  EXPECT_EQ(caller->who.permissions, identity::PermissionSet{});
}

TEST_P(AuthenticateTest, the_last_use_is_kept_to_the_minute) {
  Authenticate authenticate(*database_, clock_, {});
  const auto used_at = [&] {
    return *database_->read_value([&](db::Connection& c) -> Result<std::int64_t> {
      std::int64_t at = 0;
      TRY(c.query({"", "SELECT used_at FROM api_token"}, {},
                  [&](const db::Row& row) { at = row.integer(0); }));
      return at;
    });
  };
  ASSERT_EQ(status(authenticate(request("GET", {bearer()}))), 200);
  // Written behind: a later write waits for it.
  const auto flush = [&] {
    (void)database_->write(db::Priority::import, [](db::Connection&) { return Result<void>{}; });
  };
  flush();
  const auto first = used_at();
  EXPECT_EQ(first, to_micros(clock_.at));
  clock_.at += std::chrono::seconds(59);
  ASSERT_EQ(status(authenticate(request("GET", {bearer()}))), 200);
  flush();
  EXPECT_EQ(used_at(), first);
  clock_.at += std::chrono::seconds(1);
  ASSERT_EQ(status(authenticate(request("GET", {bearer()}))), 200);
  flush();
  EXPECT_EQ(used_at(), to_micros(clock_.at));
}

INSTANTIATE_TEST_SUITE_P(On, AuthenticateTest, ::testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<::testing::TestParamInfo<db::testing::Kind>>);

TEST(ClientAddress, is_the_peer_unless_our_own_proxy_says_otherwise) {
  const auto of = [](std::string peer, std::string forwarded, std::string_view url) {
    std::vector<net::HttpHeader> headers;
    if (!forwarded.empty()) headers.push_back({"X-Forwarded-For", std::move(forwarded)});
    return client_address(request("GET", std::move(headers), std::move(peer)), url);
  };
  EXPECT_EQ(of("192.0.2.1:50123", "", "https://x.example"), "192.0.2.1");
  EXPECT_EQ(of("[2001:db8::1]:50123", "", "https://x.example"), "2001:db8::1");
  EXPECT_EQ(of("192.0.2.1:50123", "203.0.113.9", "https://x.example"), "192.0.2.1")
      << "a stranger's word";
  EXPECT_EQ(of("127.0.0.1:9", "203.0.113.9", "http://localhost:8080"), "127.0.0.1");
  EXPECT_EQ(of("127.0.0.1:9", "203.0.113.9", "https://x.example"), "203.0.113.9");
  EXPECT_EQ(of("127.0.0.1:9", "6.6.6.6, 203.0.113.9", "https://x.example"), "203.0.113.9")
      << "what the visitor made up stands before what the proxy saw";
  EXPECT_EQ(of("127.0.0.1:9", "2001:db8::9", "https://x.example"), "2001:db8::9");
  EXPECT_EQ(of("127.0.0.1:9", std::string(500, '1'), "https://x.example"), "127.0.0.1");
  EXPECT_EQ(of("local", "", "https://x.example"), "local");
}

// Security: passwords in the clear.
TEST(SignInIsSafe, over_https_or_on_this_machine_only) {
  const auto code = [](std::string peer, std::string host, std::string_view url,
                       std::string proto = "") {
    std::vector<net::HttpHeader> headers{{"Host", std::move(host)}};
    if (!proto.empty()) headers.push_back({"X-Forwarded-Proto", std::move(proto)});
    const auto result =
        check_sign_in_is_safe(request("POST", std::move(headers), std::move(peer)), url);
    return result ? "safe" : result.error().code;
  };
  EXPECT_EQ(code("127.0.0.1:9", "localhost:8080", ""), "safe");
  EXPECT_EQ(code("[::1]:9", "[::1]:8080", "http://localhost:8080"), "safe");
  EXPECT_EQ(code("127.0.0.1:9", "post.club.example", "http://post.club.example"),
            "session.not_secure")
      << "a proxy without TLS";
  EXPECT_EQ(code("192.0.2.1:9", "localhost:8080", ""), "session.not_secure");
  EXPECT_EQ(code("192.0.2.1:9", "192.0.2.7:8080", ""), "session.not_secure");
  EXPECT_EQ(code("127.0.0.1:9", "post.club.example", "https://post.club.example"), "safe");
  EXPECT_EQ(code("127.0.0.1:9", "post.club.example", "https://post.club.example", "https"), "safe");
  EXPECT_EQ(code("127.0.0.1:9", "post.club.example", "https://post.club.example", "http"),
            "session.not_secure")
      << "the proxy was reached in the clear";
}

TEST(SessionCookie, is_host_bound_and_out_of_scripts_reach) {
  const auto set = set_session_cookie("s3cret", std::chrono::hours(1));
  EXPECT_EQ(set, "__Host-tidings=s3cret; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax");
  EXPECT_NE(set_session_cookie("", std::chrono::hours(1)).find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", "x=1;__Host-tidings=ab"}})), "ab");
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", "x__Host-tidings=ab"}})), "");
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", ";;=;"}})), "");
}

}  // namespace
}  // namespace tidings::api
