// Sending domains through the API, and what they sign.
#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "delivery/domains/nearest_domain.h"
#include "delivery/domains/return_paths.h"
#include "delivery/domains/signing_keys.h"
#include "delivery/ledger.h"
#include "delivery/prepare_email.h"
#include "edge/api/testing/content_fixture.h"
#include "identity/secret_box.h"
#include "wire/dkim_key.h"
#include "wire/return_path.h"

namespace tidings::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DomainsApi : public testing::ContentFixture {
 protected:
  std::string make_domain(std::string_view name = "school.org") {
    return make(
        "/domains",
        fmt::format(R"({{"name": "{}", "keys": {{"algorithms": ["ed25519-sha256"]}}}})", name));
  }
  std::string states(const std::string& id) {
    std::string words;
    const auto got = api_.call("GET", "/domains/" + id);
    for (const auto& key : got.json.at("keys").as_array()) {
      words += std::string(key.at("state").as_string()) + ' ';
    }
    return words;
  }
  void activate(const std::string& id) {
    const auto done = api_.call("POST", "/domains/" + id + "/activation");
    EXPECT_EQ(done.status, 200) << done.text;
  }
  // The d= and s= of what signs; "" for nothing.
  std::string signed_as(std::string_view from_domain) {
    const auto signer = keys_.signer(api_.organisation(), from_domain);
    EXPECT_TRUE(signer) << signer.error().message;
    if (!signer || !*signer) return "";
    const auto fields = (*signer)->sign("From: a@b\r\n\r\nHi\r\n", api_.clock().now());
    std::string names;
    for (std::size_t at = fields->find(" d="); at != std::string::npos;
         at = fields->find(" d=", at + 1)) {
      names += fields->substr(at + 3, fields->find(';', at) - at - 3) + ' ';
    }
    return names;
  }

  domains::SigningKeys keys_{api_.database(), api_.services().secrets, api_.clock()};
};

INSTANTIATE_TEST_SUITE_P(On, DomainsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(DomainsApi, a_domain_is_added_with_keys_and_tells_what_to_publish) {
  make("/transports", R"({"name": "Relay", "url": "smtp://relay.provider.example"})");
  const auto made = api_.call("POST", "/domains", R"({"name": "School.ORG."})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.json.at("name"), "school.org");
  ASSERT_EQ(made.json.at("keys").as_array().size(), 2u);
  std::set<std::string> purposes;
  for (const auto& record : made.json.at("records").as_array()) {
    purposes.emplace(record.at("purpose").as_string());
    if (record.at("purpose") == "spf") {
      EXPECT_EQ(record.at("value"), "v=spf1 a:relay.provider.example ~all");
    }
  }
  EXPECT_EQ(purposes, (std::set<std::string>{"dkim", "spf", "dmarc", "mta_sts"}));
  const std::string path = made.header("Location").substr(7);
  EXPECT_EQ(api_.call("GET", path, "", {{"If-None-Match", made.header("ETag")}}).status, 304);
  EXPECT_EQ(api_.call("GET", "/domains").json.at("items").as_array().size(), 1u);
  EXPECT_EQ(api_.call("DELETE", path, "", {{"If-Match", "\"other\""}}).status, 412);
  EXPECT_EQ(api_.call("DELETE", path).status, 204);
  EXPECT_EQ(api_.call("GET", path).status, 404);
  EXPECT_EQ(count("SELECT COUNT(*) FROM domain_key"), 0);
}

TEST_P(DomainsApi, a_private_key_is_sealed_and_never_shown) {
  const auto key = wire::DkimKey::generate(wire::DkimAlgorithm::ed25519_sha256);
  const std::string pem =
      "-----BEGIN PRIVATE KEY-----\n" + to_base64(key->to_der()) + "\n-----END PRIVATE KEY-----\n";
  boost::json::object body{{"name", "school.org"},
                           {"keys", {{"selector", "mail"}, {"private_key", pem}}}};
  const auto made = api_.call("POST", "/domains", boost::json::serialize(body));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(std::string(made.json.at("keys").at(0).at("public_key").as_string()),
            key->public_key());
  EXPECT_EQ(made.json.at("keys").at(0).at("selector"), "mail");
  const std::string secret = to_base64(key->to_der()).substr(24);
  const auto got = api_.call("GET", "/domains");
  for (const auto* reply : {&made, &got}) EXPECT_THAT(reply->text, Not(HasSubstr(secret)));
  const auto sealed = **api_.database().read_value([&](db::Connection& connection) {
    return connection.query_first({"", "SELECT sealed FROM domain_key"}, {},
                                  [](const db::Row& row) { return std::string(row.bytes(0)); });
  });
  EXPECT_THAT(sealed, Not(HasSubstr(key->to_der().substr(16))));
}

TEST_P(DomainsApi, what_is_no_domain_or_no_key_is_refused_at_its_member) {
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"name": "a@school.org"})", "/name"},
           {R"({"name": "co.uk"})", "/name"},
           {R"({"name": "school.org", "keys": {"private_key": "x", "selector": "s"}})",
            "/keys/private_key"},
           {R"({"name": "school.org", "keys": {"selector": "a b"}})", "/keys/selector"},
           {R"({"name": "school.org", "keys": {"private_key": "x"}})", "/keys/selector"}}) {
    const auto refused = api_.call("POST", "/domains", body);
    EXPECT_EQ(refused.status, 422) << body;
    EXPECT_EQ(refused.fields(), field) << body;
  }
  make_domain();
  EXPECT_EQ(api_.call("POST", "/domains", R"({"name": "school.org"})").code(), "domain.exists");
}

TEST_P(DomainsApi, the_keys_of_another_organisation_are_out_of_reach) {
  const std::string path = "/domains/" + make_domain();
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", path).status, 404);
  EXPECT_EQ(api_.call_as(other, "DELETE", path).status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", path + "/keys").status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", path + "/activation").status, 404);
  EXPECT_TRUE(api_.call_as(other, "GET", "/domains").json.at("items").as_array().empty());
  activate(path.substr(9));
  EXPECT_EQ(signed_as("school.org"), "school.org ");
  EXPECT_EQ(*keys_.signer(api_.other_organisation(), "school.org"), nullptr);
  const auto reader = api_.with({identity::Permission::content_read});
  EXPECT_EQ(api_.call_as(reader, "GET", path).status, 200);
  EXPECT_EQ(api_.call_as(reader, "POST", path + "/keys").status, 403);
}

TEST_P(DomainsApi, nothing_is_signed_before_a_key_is_active) {
  const std::string id = make_domain();
  EXPECT_EQ(signed_as("school.org"), "");
  activate(id);
  EXPECT_EQ(states(id), "active ");
  EXPECT_EQ(signed_as("school.org"), "") << "looked up again after a second";
  api_.clock().advance(domains::kFreshFor);
  EXPECT_EQ(signed_as("school.org"), "school.org ");
  EXPECT_EQ(api_.call("DELETE", "/domains/" + id).status, 204);
  api_.clock().advance(domains::kFreshFor);
  EXPECT_EQ(signed_as("school.org"), "");
}

TEST_P(DomainsApi, the_nearest_domain_signs_and_no_stranger) {
  activate(make_domain("school.org"));
  activate(make_domain("news.school.org"));
  EXPECT_EQ(signed_as("school.org"), "school.org ");
  EXPECT_EQ(signed_as("parents.school.org"), "school.org ") << "aligned: the same organisation";
  EXPECT_EQ(signed_as("news.school.org"), "news.school.org ");
  EXPECT_EQ(signed_as("a.news.school.org"), "news.school.org ");
  EXPECT_EQ(signed_as("oldschool.org"), "");
  EXPECT_EQ(signed_as("org"), "");
}

TEST_P(DomainsApi, both_algorithms_sign_side_by_side) {
  activate(make("/domains", R"({"name": "school.org"})"));
  EXPECT_EQ(signed_as("school.org"), "school.org school.org ");
}

TEST_P(DomainsApi, new_keys_wait_and_then_take_over) {
  const std::string id = make_domain();
  activate(id);
  const auto rotated = api_.call("POST", "/domains/" + id + "/keys");
  ASSERT_EQ(rotated.status, 201) << rotated.text;
  EXPECT_EQ(states(id), "waiting active ") << "of the algorithms it has";
  EXPECT_NE(rotated.json.at("keys").at(0).at("selector"),
            rotated.json.at("keys").at(1).at("selector"));
  activate(id);
  EXPECT_EQ(states(id), "active retired ");
  EXPECT_EQ(count("SELECT COUNT(*) FROM domain_key WHERE sealed IS NULL"), 1)
      << "what signs no more is wiped";
  EXPECT_EQ(rotated.json.at("records").as_array().size(), 4u) << "both are published meanwhile";
  const auto other = api_.call("POST", "/domains/" + id + "/keys",
                               R"({"algorithms": ["rsa-sha256"], "selector": "big"})");
  ASSERT_EQ(other.status, 201) << other.text;
  activate(id);
  EXPECT_EQ(states(id), "active active retired ") << "another algorithm retires nothing";
  EXPECT_EQ(api_.call("POST", "/domains/" + id + "/keys",
                      R"({"selector": "BIG", "algorithms": ["rsa-sha256"]})")
                .code(),
            "domain.selector_taken");
}

// ---------------------------------------------------------------- senders
TEST_P(DomainsApi, a_verified_domain_verifies_the_senders_at_it_and_below) {
  const SendingDomainId id{*parse_id(make_domain("school.org"))};
  const auto sender = [&](std::string_view address) {
    return make("/senders", fmt::format(R"({{"address": "{}"}})", address));
  };
  const std::string at = sender("office@school.org");
  const std::string below = sender("a.b@news.school.org");
  const std::vector<std::string> strangers = {sender("a@oldschool.org"), sender("school.org@x.org"),
                                              sender("a@school.org.evil.net")};
  const auto is_verified = [&](const std::string& one) {
    return api_.call("GET", "/senders/" + one).json.at("is_verified").as_bool();
  };
  const auto store = [&](std::optional<bool> verdict) {
    const auto stored =
        api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
          const auto domain = TRY(domains::load_domain(connection, api_.organisation(), id));
          return domains::store_check(connection, api_.organisation(), domain, {"[]", verdict},
                                      api_.clock().now());
        });
    ASSERT_TRUE(stored) << stored.error().message;
  };
  const std::string before = api_.call("GET", "/senders/" + at).header("ETag");
  EXPECT_FALSE(is_verified(at));
  api_.clock().advance(std::chrono::hours(1));
  store(true);
  EXPECT_TRUE(is_verified(at));
  EXPECT_TRUE(is_verified(below));
  for (const std::string& one : strangers) EXPECT_FALSE(is_verified(one)) << one;
  EXPECT_NE(api_.call("GET", "/senders/" + at).header("ETag"), before) << "it changed";
  store(std::nullopt);
  EXPECT_TRUE(is_verified(at)) << "no answer from DNS changes nothing";
  const auto other = api_.everything(api_.other_organisation());
  const auto theirs = api_.call_as(other, "POST", "/senders", R"({"address": "b@school.org"})");
  EXPECT_FALSE(theirs.json.at("is_verified").as_bool()) << "another organisation's own proof";
  store(false);
  EXPECT_FALSE(is_verified(at));
}

TEST_P(DomainsApi, keys_that_nobody_publishes_do_not_pile_up) {
  const std::string id = make_domain();
  std::string code;
  for (int i = 0; i < 12 && code.empty(); ++i) {
    const auto more = api_.call("POST", "/domains/" + id + "/keys");
    if (more.status != 201) code = more.code();
  }
  EXPECT_EQ(code, "domain.too_many_keys");
}

TEST_P(DomainsApi, who_did_what_to_keys_is_told) {
  const std::string id = make_domain();
  api_.call("POST", "/domains/" + id + "/keys");
  activate(id);
  activate(id);
  api_.call("DELETE", "/domains/" + id);
  EXPECT_EQ(count("SELECT COUNT(*) FROM audit_log WHERE object = 'domain'"), 4);
}

TEST_P(DomainsApi, reports_come_back_to_a_domain_of_the_same_organisation_only) {
  const std::string path = "/domains/" + make_domain("news.school.org");
  for (const auto& [typed, code] :
       std::vector<std::pair<std::string, std::string>>{{"bounces.other.org", "domain.return_path"},
                                                        {"co.uk", "domain.public_suffix"},
                                                        {"a@school.org", "domain.name"}}) {
    const auto refused =
        api_.call("PATCH", path, fmt::format(R"({{"return_path_domain":"{}"}})", typed));
    EXPECT_EQ(refused.status, 422) << typed;
    EXPECT_EQ(refused.fields(), "/return_path_domain") << typed;
    EXPECT_THAT(refused.text, HasSubstr(code)) << typed;
  }
  const auto set = api_.call("PATCH", path, R"({"return_path_domain": "Bounces.School.org."})");
  ASSERT_EQ(set.status, 200) << set.text;
  EXPECT_EQ(set.json.at("return_path_domain"), "bounces.school.org");
  EXPECT_EQ(
      api_.call("PATCH", path, R"({"return_path_domain": ""})", {{"If-Match", "\"other\""}}).status,
      412);
  domains::ReturnPaths paths(api_.database(), api_.clock());
  EXPECT_EQ(*paths.domain_for(api_.organisation(), "news.school.org"), "bounces.school.org");
  EXPECT_EQ(*paths.domain_for(api_.organisation(), "a.news.school.org"), "bounces.school.org");
  EXPECT_EQ(*paths.domain_for(api_.organisation(), "school.org"), "");
  EXPECT_EQ(*paths.domain_for(api_.other_organisation(), "news.school.org"), "");
  EXPECT_EQ(api_.call("PATCH", path, R"({"return_path_domain": ""})").status, 200);
  EXPECT_EQ(*paths.domain_for(api_.organisation(), "news.school.org"), "bounces.school.org")
      << "for a second";
  api_.clock().advance(std::chrono::seconds(2));
  EXPECT_EQ(*paths.domain_for(api_.organisation(), "news.school.org"), "");
}

// ---------------------------------------------------------------- what leaves
TEST_P(DomainsApi, a_retry_leaves_with_the_signature_of_the_first_attempt) {
  const std::string id = make_domain();
  activate(id);
  const TransportId transport{*parse_id(make_sandbox())};
  make("/senders", R"({"address": "office@school.org"})");
  const auto sent = api_.call("POST", "/messages",
                              R"({"to": "jan@example.org", "sender": "office@school.org",)"
                              R"( "override_sender": true, "subject": "Hi", "text": "Hello"})");
  ASSERT_LT(sent.status, 300) << sent.text;
  const delivery::Ledger ledger(api_.ids(), NodeId{1}, 1);
  auto claimed = api_.database().write_value(db::Priority::web, [&](db::Connection& connection) {
    return ledger.claim(connection, api_.organisation(), delivery::direct_lane(transport), 10,
                        api_.clock().now());
  });
  ASSERT_TRUE(claimed && claimed->size() == 1);
  api_.call("PATCH", "/domains/" + id, R"({"return_path_domain": "bounces.school.org"})");
  domains::ReturnPaths return_paths(api_.database(), api_.clock());
  delivery::EmailPreparer preparer(
      api_.database(), api_.clock(),
      {"https://x.example",
       [](OrganisationId) -> Result<std::shared_ptr<const wire::TokenSigner>> {
         return std::make_shared<const wire::TokenSigner>(1, std::string(32, 'k'));
       }},
      &keys_, &return_paths);
  const auto first = preparer.prepare(claimed->front());
  ASSERT_TRUE(first) << first.error().message;
  // The return path names the message, the same for every attempt.
  const wire::TokenSigner signer(1, std::string(32, 'k'));
  const auto token = wire::parse_return_path_token(wire::return_path_token((*first)->reverse_path));
  ASSERT_TRUE(token && signer.verify(*token)) << (*first)->reverse_path;
  EXPECT_EQ(token->message_id, claimed->front().id);
  EXPECT_THAT((*first)->reverse_path, ::testing::EndsWith("@bounces.school.org"));
  EXPECT_THAT(*(*first)->octets, ::testing::StartsWith("DKIM-Signature: v=1; a=ed25519-sha256;"));
  EXPECT_THAT(*(*first)->octets, HasSubstr(" d=school.org;"));
  api_.call("POST", "/domains/" + id + "/keys");
  activate(id);
  api_.clock().advance(std::chrono::hours(1));
  auto again = claimed->front();
  again.attempts = 1;
  again.record = *(*first)->record;
  const auto second = preparer.prepare(again);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(*(*second)->octets, *(*first)->octets);
  EXPECT_EQ((*second)->reverse_path, (*first)->reverse_path);
  const auto anew = preparer.prepare(claimed->front());
  EXPECT_NE(*(*anew)->octets, *(*first)->octets) << "the new key signs what is new";
}

TEST_P(DomainsApi, with_another_master_key_nothing_is_sent_unsigned) {
  activate(make_domain());
  const auto other = identity::SecretBox::from_text(std::string(64, 'b'));
  domains::SigningKeys keys(api_.database(), *other, api_.clock());
  const auto signer = keys.signer(api_.organisation(), "school.org");
  ASSERT_FALSE(signer);
  EXPECT_EQ(signer.error().code, "dkim.unavailable");
  EXPECT_EQ(signer.error().kind, ErrorKind::unavailable) << "messages wait";
}

}  // namespace
}  // namespace tidings::api
