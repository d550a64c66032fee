// The identity operations through the real gate: cookies, tokens, roles, as a browser or a program
// would.
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/api/testing/gated_api.h"
#include "identity/sign_in.h"
#include "identity/totp.h"
#include "identity/users.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using identity::Role;

struct Seen {
  int status = 0;
  json::value body;
  std::string text;
  net::Response response;

  std::string code() const { return status >= 400 ? std::string(body.at("code").as_string()) : ""; }
  std::string at(std::string_view name) const { return std::string(body.at(name).as_string()); }
  // The cookie it sets: "" when it takes it away, "none" without one.
  std::string cookie() const {
    const std::string_view set = response.header("Set-Cookie");
    if (set.empty()) return "none";
    const std::size_t from = set.find('=') + 1;
    return std::string(set.substr(from, set.find(';') - from));
  }
};

constexpr std::string_view kPassword = "mauve otter";

class IdentityApi : public testing::GatedApi {
 protected:
  IdentityApi() : GatedApi("https://post.club.example") {}

  identity::PasswordHasher hasher_{{.cost = {.passes = 1, .bytes = 8192}}};
  const OrganisationId one_{1'000'001};
  const OrganisationId two_{1'000'002};
  UserId ada_;  // owns the club
  UserId ben_;  // owns the school

  void SetUp() override {
    organisation(one_, "Club");
    organisation(two_, "School");
    ada_ = member(one_, "ada@club.example", "Ada", Role::owner);
    ben_ = member(two_, "ben@school.example", "Ben", Role::owner);
  }
  // With the password everybody has here.
  UserId member(OrganisationId organisation, std::string_view email, std::string_view name,
                Role role) {
    const auto made =
        database_->write_value(db::Priority::web, [&](db::Connection& c) -> Result<UserId> {
          const auto known = TRY(identity::find_user_by_email(c, email));
          const auto id =
              known ? known->id : TRY(identity::create_user(c, ids_, {email, name}, clock_.now()));
          TRY(identity::add_member(c, organisation, id, role, clock_.now()));
          return id;
        });
    EXPECT_TRUE(made) << made.error().message;
    identity::SignIn sign_in(*database_, ids_, clock_, hasher_);
    EXPECT_TRUE(sign_in.set_password(*made, kPassword, organisation));
    return *made;
  }
  Seen call(std::string_view method, std::string_view target, std::string body = "",
            std::vector<net::HttpHeader> headers = {}) {
    headers.push_back({"Host", "post.club.example"});
    Seen seen;
    seen.response = ask(method, target, std::move(body), std::move(headers));
    seen.status = seen.response.status;
    seen.text = seen.response.body;
    boost::system::error_code ignored;
    seen.body = json::parse(seen.text, ignored);
    return seen;
  }
  Seen sign_in(std::string_view email, std::string_view password = kPassword) {
    return call("POST", "/session",
                json::serialize(json::object{{"email", email}, {"password", password}}));
  }
  // As a page of ours in a browser with this cookie.
  Seen browser(const std::string& cookie, std::string_view method, std::string_view target,
               std::string body = "") {
    return call(method, target, std::move(body),
                {{"Cookie", "__Host-tidings=" + cookie}, {"Sec-Fetch-Site", "same-origin"}});
  }
  Seen program(const std::string& token, std::string_view method, std::string_view target,
               std::string body = "") {
    return call(method, target, std::move(body), {{"Authorization", "Bearer " + token}});
  }
  std::string cookie_of(std::string_view email) {
    const auto seen = sign_in(email);
    EXPECT_EQ(seen.status, 201) << seen.text;
    return seen.cookie();
  }
  static std::string user_path(UserId id) { return "/users/" + to_text(id); }
};

TEST_P(IdentityApi, every_operation_of_this_area_is_answered) {
  for (const auto& missing : dispatcher_.missing()) {
    for (const auto* ours : {"Session", "Profile", "Password", "User", "Token", "Role", "Audit",
                             "signIn", "signOut", "Organisation"}) {
      EXPECT_EQ(missing.find(ours), std::string::npos) << missing;
    }
  }
}

TEST_P(IdentityApi, a_browser_signs_in_works_and_signs_out) {
  const auto in = sign_in("ada@club.example");
  ASSERT_EQ(in.status, 201) << in.text;
  EXPECT_EQ(in.at("organisation"), "Club");
  EXPECT_EQ(in.at("role"), "owner");
  EXPECT_EQ(in.body.at("permissions").as_array().size(),
            static_cast<std::size_t>(identity::kPermissionCount));
  EXPECT_EQ(in.text.find(in.cookie()), std::string::npos) << "no script ever sees the secret";
  const auto who = browser(in.cookie(), "GET", "/session");
  EXPECT_EQ(who.status, 200);
  EXPECT_EQ(who.body, in.body);
  const auto out = browser(in.cookie(), "DELETE", "/session");
  EXPECT_EQ(out.status, 204);
  EXPECT_EQ(out.cookie(), "");
  EXPECT_EQ(browser(in.cookie(), "GET", "/session").status, 401);
}

// Security: user enumeration and throttling.
TEST_P(IdentityApi, a_wrong_sign_in_says_the_same_whoever_it_is) {
  const auto known = sign_in("ada@club.example", "wrong");
  const auto unknown = sign_in("nobody@club.example", "wrong");
  EXPECT_EQ(known.status, 401);
  EXPECT_EQ(known.text, unknown.text);
  EXPECT_EQ(known.cookie(), "none");
  for (int i = 0; i < 4; ++i) sign_in("nobody@club.example", "wrong");
  const auto slowed = sign_in("nobody@club.example", "wrong");
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(slowed.code(), "session.throttled");
  EXPECT_EQ(slowed.response.header("Retry-After"), "1");
}

// Security: CSRF of the sign-in itself.
TEST_P(IdentityApi, another_websites_page_can_not_sign_in) {
  const std::string body = R"({"email":"ada@club.example","password":"mauve otter"})";
  EXPECT_EQ(call("POST", "/session", body, {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(call("POST", "/session", body, {{"Origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(call("POST", "/session", body, {{"Origin", "https://post.club.example"}}).status, 201);
}

// Security: sessions survive a password change: they do not.
TEST_P(IdentityApi, a_password_change_ends_the_other_browsers) {
  const auto here = cookie_of("ada@club.example");
  const auto there = cookie_of("ada@club.example");
  const auto change = [&](std::string_view present, std::string_view wanted) {
    return browser(here, "PUT", "/profile/password",
                   json::serialize(json::object{{"present", present}, {"wanted", wanted}}));
  };
  EXPECT_EQ(change("wrong", "lantern gravel").code(), "profile.password");
  EXPECT_EQ(change(kPassword, "1234567890").code(), "password.obvious");
  EXPECT_EQ(change(kPassword, "short").code(), "password.too_short");
  const auto changed = change(kPassword, "lantern gravel");
  ASSERT_EQ(changed.status, 204) << changed.text;
  EXPECT_EQ(browser(there, "GET", "/session").status, 401);
  EXPECT_EQ(browser(here, "GET", "/session").status, 401);
  EXPECT_EQ(browser(changed.cookie(), "GET", "/session").status, 200);
}

TEST_P(IdentityApi, sessions_are_seen_and_ended) {
  const auto here = cookie_of("ada@club.example");
  const auto there = cookie_of("ada@club.example");
  const auto list = browser(here, "GET", "/sessions");
  ASSERT_EQ(list.status, 200) << list.text;
  ASSERT_EQ(list.body.at("items").as_array().size(), 2u);
  for (const auto& each : list.body.at("items").as_array()) {
    if (each.at("is_this").as_bool()) continue;
    EXPECT_EQ(browser(here, "DELETE", "/sessions/" + std::string(each.at("id").as_string())).status,
              204);
  }
  EXPECT_EQ(browser(there, "GET", "/session").status, 401);
  const auto bens = sign_in("ben@school.example");
  const auto his = browser(bens.cookie(), "GET", "/sessions");
  const std::string id(his.body.at("items").at(0).at("id").as_string());
  EXPECT_EQ(browser(here, "DELETE", "/sessions/" + id).status, 404) << "somebody else's";
}

TEST_P(IdentityApi, a_profile_changes_and_another_address_needs_the_password) {
  const auto cookie = cookie_of("ada@club.example");
  const auto renamed = browser(cookie, "PATCH", "/profile", R"({"name":"Ada L.","locale":"nl"})");
  ASSERT_EQ(renamed.status, 200) << renamed.text;
  EXPECT_EQ(renamed.at("name"), "Ada L.");
  EXPECT_EQ(browser(cookie, "PATCH", "/profile", R"({"email":"ada@new.example"})").code(),
            "profile.password");
  EXPECT_EQ(browser(cookie, "PATCH", "/profile",
                    R"({"email":"ben@school.example","password":"mauve otter"})")
                .code(),
            "user.exists");
  const auto moved = browser(cookie, "PATCH", "/profile",
                             R"({"email":"ada@new.example","password":"mauve otter"})");
  ASSERT_EQ(moved.status, 200) << moved.text;
  EXPECT_EQ(sign_in("ada@new.example").status, 201);
  EXPECT_EQ(call("PATCH", "/profile", R"({"name":"X"})",
                 {{"Cookie", "__Host-tidings=" + cookie},
                  {"Sec-Fetch-Site", "same-origin"},
                  {"If-Match", "\"old\""}})
                .status,
            412);
}

TEST_P(IdentityApi, somebody_is_invited_chooses_a_password_and_works) {
  const auto cookie = cookie_of("ada@club.example");
  const auto made = browser(cookie, "POST", "/users",
                            R"({"email":"cas@club.example","name":"Cas","role":"editor"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_FALSE(made.body.at("user").at("has_password").as_bool());
  const std::string secret(made.body.at("password_link").at("secret").as_string());
  EXPECT_EQ(made.body.at("password_link").at("url").as_string(),
            "https://post.club.example/password/" + secret);
  const auto redeem = [&](std::string_view password) {
    return call("POST", "/password-links/redeem",
                json::serialize(json::object{{"secret", secret}, {"password", password}}));
  };
  EXPECT_EQ(redeem("cas@club.example").code(), "password.obvious");
  EXPECT_EQ(redeem(kPassword).status, 204);
  EXPECT_EQ(redeem("lantern gravel").code(), "password_link.invalid");
  const auto in = sign_in("cas@club.example");
  ASSERT_EQ(in.status, 201) << in.text;
  EXPECT_EQ(in.at("role"), "editor");
  EXPECT_EQ(browser(in.cookie(), "GET", "/users").status, 403);
  EXPECT_EQ(
      browser(cookie, "POST", "/users", R"({"email":"cas@club.example","role":"viewer"})").code(),
      "user.already_member");
}

// Security: a link made in one organisation opens no other.
TEST_P(IdentityApi, who_works_elsewhere_gets_no_link_here) {
  const auto ada = cookie_of("ada@club.example");
  const auto ben = cookie_of("ben@school.example");
  const auto invited =
      browser(ben, "POST", "/users", R"({"email":"new@x.example","role":"owner"})");
  ASSERT_EQ(invited.status, 201) << invited.text;
  for (const auto* email : {"ben@school.example", "new@x.example"}) {
    const auto made = browser(ada, "POST", "/users",
                              json::serialize(json::object{{"email", email}, {"role", "viewer"}}));
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_TRUE(made.body.at("password_link").is_null()) << email;
    const std::string id(made.body.at("user").at("id").as_string());
    EXPECT_EQ(browser(ada, "POST", "/users/" + id + "/password-link").code(),
              "user.works_elsewhere");
  }
}

// Security: permission bypass by raising oneself or others.
TEST_P(IdentityApi, an_administrator_manages_all_but_owners) {
  const auto eva = member(one_, "eva@club.example", "Eva", Role::administrator);
  const auto dan = member(one_, "dan@club.example", "Dan", Role::viewer);
  const auto cookie = cookie_of("eva@club.example");
  EXPECT_EQ(browser(cookie, "PATCH", user_path(eva), R"({"role":"owner"})").code(), "policy.role");
  EXPECT_EQ(browser(cookie, "PATCH", user_path(dan), R"({"role":"owner"})").code(), "policy.role");
  EXPECT_EQ(browser(cookie, "PATCH", user_path(ada_), R"({"role":"viewer"})").code(),
            "policy.role");
  EXPECT_EQ(browser(cookie, "PATCH", user_path(ada_), R"({"is_disabled":true})").code(),
            "policy.role");
  EXPECT_EQ(browser(cookie, "DELETE", user_path(ada_)).code(), "policy.role");
  EXPECT_EQ(browser(cookie, "POST", user_path(ada_) + "/password-link").code(), "policy.role");
  EXPECT_EQ(browser(cookie, "POST", user_path(eva) + "/password-link").code(), "user.oneself");
  EXPECT_EQ(browser(cookie, "POST", "/users", R"({"email":"z@x.example","role":"owner"})").code(),
            "policy.role");
  EXPECT_EQ(browser(cookie, "POST", "/tokens",
                    fmt::format(R"({{"name":"x","scopes":["contacts:read"],"user_id":"{}"}})",
                                to_text(ada_)))
                .code(),
            "policy.role");
  EXPECT_EQ(browser(cookie, "POST", "/tokens", R"({"name":"x","scopes":["record:purge"]})").code(),
            "token.scopes");
  EXPECT_EQ(browser(cookie, "PATCH", user_path(dan), R"({"role":"editor"})").status, 200);
  EXPECT_EQ(browser(cookie, "POST", user_path(dan) + "/password-link").status, 201);
  EXPECT_EQ(browser(cookie, "DELETE", user_path(dan)).status, 204);
}

TEST_P(IdentityApi, the_last_owner_stays) {
  const auto cookie = cookie_of("ada@club.example");
  EXPECT_EQ(browser(cookie, "PATCH", user_path(ada_), R"({"role":"editor"})").code(),
            "user.last_owner");
  EXPECT_EQ(browser(cookie, "PATCH", user_path(ada_), R"({"is_disabled":true})").status, 409);
  EXPECT_EQ(browser(cookie, "DELETE", user_path(ada_)).status, 409);
}

TEST_P(IdentityApi, another_organisations_people_and_tokens_are_not_there) {
  const auto ada = cookie_of("ada@club.example");
  const auto ben = cookie_of("ben@school.example");
  const auto token = browser(ben, "POST", "/tokens", R"({"name":"t","scopes":["audit:read"]})");
  ASSERT_EQ(token.status, 201) << token.text;
  const std::string path = "/tokens/" + std::string(token.body.at("token").at("id").as_string());
  EXPECT_EQ(browser(ada, "GET", path).status, 404);
  EXPECT_EQ(browser(ada, "DELETE", path).status, 404);
  EXPECT_EQ(browser(ada, "GET", user_path(ben_)).status, 404);
  EXPECT_EQ(browser(ada, "PATCH", user_path(ben_), R"({"role":"viewer"})").status, 404);
  EXPECT_EQ(browser(ada, "DELETE", user_path(ben_)).status, 404);
  EXPECT_EQ(browser(ada, "POST", user_path(ben_) + "/password-link").status, 404);
  EXPECT_EQ(
      browser(ada, "PATCH", "/session", fmt::format(R"({{"organisation_id":"{}"}})", to_text(two_)))
          .status,
      404);
  EXPECT_EQ(browser(ben, "GET", path).status, 200);
}

// Security: token scopes.
TEST_P(IdentityApi, a_token_is_shown_once_works_within_its_scopes_and_is_revoked) {
  const auto cookie = cookie_of("ada@club.example");
  const auto made = browser(cookie, "POST", "/tokens",
                            R"({"name":"webshop","scopes":["audit:read","messages:send"]})");
  ASSERT_EQ(made.status, 201) << made.text;
  const auto secret = made.at("secret");
  EXPECT_TRUE(secret.starts_with("tdg_"));
  EXPECT_EQ(browser(cookie, "GET", "/tokens").text.find(secret), std::string::npos);
  EXPECT_EQ(program(secret, "GET", "/audit-log").status, 200);
  const auto refused = program(secret, "GET", "/users");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.text.find("users:write"), std::string::npos) << "names what is missing";
  const auto session = program(secret, "GET", "/session");
  EXPECT_EQ(session.at("kind"), "token");
  EXPECT_EQ(session.body.at("permissions"), json::parse(R"(["messages:send","audit:read"])"));
  for (const auto& [method, target, body] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"PATCH", "/profile", R"({"name":"X"})"},
           {"PUT", "/profile/password", R"({"present":"mauve otter","wanted":"lantern gravel"})"},
           {"DELETE", "/session", ""},
           {"PATCH", "/session", fmt::format(R"({{"organisation_id":"{}"}})", to_text(one_))}}) {
    EXPECT_EQ(program(secret, method, target, body).code(), "session.required") << target;
  }
  const std::string path = "/tokens/" + std::string(made.body.at("token").at("id").as_string());
  EXPECT_EQ(browser(cookie, "DELETE", path).status, 204);
  EXPECT_EQ(program(secret, "GET", "/audit-log").status, 401);
  EXPECT_EQ(browser(cookie, "GET", "/tokens").body.at("items").as_array().size(), 0u);
  EXPECT_EQ(browser(cookie, "GET", "/tokens?with_revoked=true").body.at("items").as_array().size(),
            1u);
}

TEST_P(IdentityApi, a_test_token_makes_no_real_one_and_lets_nobody_in) {
  const auto cookie = cookie_of("ada@club.example");
  std::string scopes;
  for (const auto& each : to_json(identity::PermissionSet::all())) {
    scopes += (scopes.empty() ? "" : ",") + json::serialize(each);
  }
  const auto made = browser(cookie, "POST", "/tokens",
                            R"({"name":"try","is_test":true,"scopes":[)" + scopes + "]}");
  ASSERT_EQ(made.status, 201) << made.text;
  const auto secret = made.at("secret");
  EXPECT_TRUE(secret.starts_with("tdgt_"));
  EXPECT_TRUE(program(secret, "GET", "/session").body.at("is_test").as_bool());
  EXPECT_EQ(program(secret, "POST", "/tokens", R"({"name":"x","scopes":["audit:read"]})").code(),
            "token.test_only");
  EXPECT_EQ(program(secret, "POST", "/users", R"({"email":"z@x.example","role":"viewer"})").code(),
            "token.test_only");
}

TEST_P(IdentityApi, a_token_expires) {
  const auto cookie = cookie_of("ada@club.example");
  const auto at = instant_text(clock_.now() + std::chrono::hours(1));
  const auto made =
      browser(cookie, "POST", "/tokens",
              R"({"name":"brief","scopes":["audit:read"],"expires_at":")" + at + "\"}");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(program(made.at("secret"), "GET", "/audit-log").status, 200);
  EXPECT_EQ(browser(cookie, "POST", "/tokens",
                    R"({"name":"b","scopes":["audit:read"],"expires_at":"2020-01-01T00:00:00Z"})")
                .code(),
            "token.expiry");
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(program(made.at("secret"), "GET", "/audit-log").status, 401);
}

TEST_P(IdentityApi, the_audit_log_tells_who_did_what_and_is_whole) {
  const auto cookie = cookie_of("ada@club.example");
  browser(cookie, "POST", "/users", R"({"email":"cas@club.example","role":"editor"})");
  browser(cookie, "PATCH", "/organisation", R"({"name":"Rowing club"})");
  const auto all = browser(cookie, "GET", "/audit-log?limit=2");
  ASSERT_EQ(all.status, 200) << all.text;
  EXPECT_EQ(all.body.at("items").at(0).at("action").as_string(), "organisation.change");
  EXPECT_EQ(all.body.at("items").at(0).at("actor").as_string(), "Ada");
  const std::string cursor(all.body.at("next_cursor").as_string());
  const auto rest = browser(cookie, "GET", "/audit-log?cursor=" + cursor);
  EXPECT_EQ(rest.body.at("items").at(0).at("action").as_string(), "session.start");
  EXPECT_EQ(browser(cookie, "GET", "/audit-log?action=user.").body.at("items").as_array().size(),
            1u);
  EXPECT_EQ(browser(cookie, "GET", "/audit-log?cursor=x").status, 422);
  EXPECT_EQ(browser(cookie, "GET", "/audit-log?from=x").status, 422);
  const auto whole = browser(cookie, "GET", "/audit-log/verification");
  EXPECT_TRUE(whole.body.at("is_intact").as_bool()) << whole.text;
  EXPECT_EQ(whole.body.at("entries").as_int64(), 3);
}

TEST_P(IdentityApi, an_organisation_chooses_within_bounds) {
  const auto cookie = cookie_of("ada@club.example");
  const auto change = [&](std::string body) {
    return browser(cookie, "PATCH", "/organisation", std::move(body));
  };
  const auto limited = change(R"({"recipient_limit":150,"second_thought_s":0})");
  ASSERT_EQ(limited.status, 200) << limited.text;
  EXPECT_EQ(limited.body.at("recipient_limit").as_int64(), 150);
  EXPECT_EQ(limited.at("name"), "Club");
  EXPECT_TRUE(change(R"({"recipient_limit":null})").body.at("recipient_limit").is_null());
  EXPECT_EQ(change(R"({"recipient_limit":0})").status, 422);
  EXPECT_EQ(change(R"({"inactive_after_days":5})").code(), "organisation.inactive_after_days");
  EXPECT_EQ(change(R"({"copy_address":"office"})").code(), "organisation.copy_address");
  EXPECT_EQ(change(R"({"time_zone":"Mars/Olympus"})").status, 422);
  EXPECT_EQ(limited.at("tracking"), "off") << "until somebody chooses it";
  const auto tracked = change(R"({"tracking":"individual","tracked_address":"none"})");
  EXPECT_EQ(tracked.at("tracking"), "individual");
  EXPECT_EQ(tracked.at("tracked_address"), "none");
  EXPECT_EQ(change(R"({"tracking":"all"})").status, 422);
  EXPECT_EQ(change(R"({"name":"Club"})").at("tracking"), "individual");
  EXPECT_EQ(browser(cookie, "GET", "/organisation").body.at("second_thought_s").as_int64(), 0);
}

TEST_P(IdentityApi, another_organisation_is_made_entered_and_apart) {
  const auto cookie = cookie_of("ada@club.example");
  const auto made = browser(cookie, "POST", "/organisations", R"({"name":"Sailing club"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("role"), "owner");
  EXPECT_EQ(browser(cookie, "GET", "/organisations").body.at("items").as_array().size(), 2u);
  const auto there = browser(cookie, "PATCH", "/session",
                             R"({"organisation_id":")" + made.at("organisation_id") + "\"}");
  ASSERT_EQ(there.status, 200) << there.text;
  EXPECT_EQ(there.at("organisation"), "Sailing club");
  const auto users = browser(cookie, "GET", "/users");
  EXPECT_EQ(users.body.at("items").as_array().size(), 1u);
  EXPECT_EQ(
      browser(cookie, "POST", "/organisations", R"({"name":"X","time_zone":"Mars/X"})").status,
      422);
}

TEST_P(IdentityApi, users_are_listed_page_by_page) {
  for (const auto* name : {"Cas", "Bea", "Dirk"}) {
    member(one_, std::string(name) + "@club.example", name, Role::viewer);
  }
  const auto cookie = cookie_of("ada@club.example");
  std::string names;
  std::string target = "/users?limit=3";
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = browser(cookie, "GET", target);
    ASSERT_EQ(page.status, 200) << page.text;
    for (const auto& each : page.body.at("items").as_array()) names += each.at("name").as_string();
    if (page.body.at("next_cursor").is_null()) break;
    target = "/users?limit=3&cursor=" + page.at("next_cursor");
  }
  EXPECT_EQ(names, "AdaBeaCasDirk");
  EXPECT_EQ(browser(cookie, "GET", "/users?cursor=nonsense").status, 422);
}

INSTANTIATE_TEST_SUITE_P(On, IdentityApi, ::testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<::testing::TestParamInfo<db::testing::Kind>>);

TEST_P(IdentityApi, signing_in_asks_for_the_code_of_who_has_a_second_factor) {
  member(one_, "cas@club.example", "Cas", Role::editor);
  const std::string cookie = cookie_of("cas@club.example");
  const std::string with_password = json::serialize(json::object{{"password", kPassword}});
  const auto as_cas = [&](std::string_view method, std::string_view path, std::string body = "") {
    return browser(cookie, method, path, std::move(body));
  };
  EXPECT_EQ(as_cas("POST", "/profile/second-factor", R"({"password":"wrong"})").code(),
            "profile.password");
  const auto made = as_cas("POST", "/profile/second-factor", with_password);
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string secret(made.body.at("secret").as_string());
  EXPECT_FALSE(as_cas("GET", "/profile/second-factor").body.at("is_on").as_bool());
  EXPECT_EQ(as_cas("POST", "/profile/second-factor/confirm", R"({"code":"1"})").status, 422);
  const auto with_code = [&](std::string_view more) {
    return json::serialize(
        json::object{{"email", "cas@club.example"}, {"password", kPassword}, {"code", more}});
  };
  const auto code = [&] { return identity::totp_code(secret, clock_.now()); };
  EXPECT_EQ(as_cas("POST", "/profile/second-factor/confirm",
                   json::serialize(json::object{{"code", code()}}))
                .status,
            204);
  EXPECT_EQ(as_cas("POST", "/profile/second-factor", with_password).code(), "totp.enrolled");
  const auto asked = sign_in("cas@club.example");
  EXPECT_EQ(asked.status, 401);
  EXPECT_EQ(asked.code(), "session.code_needed");
  EXPECT_EQ(asked.cookie(), "none");
  EXPECT_EQ(call("POST", "/session", with_code("000000")).code(), "session.wrong_code");
  const std::string recovery(made.body.at("recovery_codes").at(0).as_string());
  EXPECT_EQ(call("POST", "/session", with_code(recovery)).status, 201);
  EXPECT_EQ(call("POST", "/session", with_code(recovery)).code(), "session.wrong_code");

  const std::string admin = cookie_of("ada@club.example");
  const std::string theirs = "/users/" +
                             std::string(as_cas("GET", "/profile").body.at("id").as_string()) +
                             "/second-factor";
  EXPECT_EQ(browser(admin, "GET", theirs).body.at("recovery_codes_left"), 9);
  EXPECT_EQ(browser(cookie_of("ben@school.example"), "DELETE", theirs).status, 404);
  EXPECT_EQ(as_cas("DELETE", theirs).status, 403);
  EXPECT_EQ(browser(admin, "DELETE", user_path(ada_) + "/second-factor").code(), "user.oneself");
  EXPECT_EQ(browser(admin, "DELETE", theirs).status, 204);
  EXPECT_EQ(sign_in("cas@club.example").status, 201);
}

}  // namespace
}  // namespace tidings::api
