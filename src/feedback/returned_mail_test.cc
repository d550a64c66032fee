// Mail that came back, on both databases: stored once, whole, for the organisation whose it is.
#include "feedback/returned_mail.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "delivery/domains/return_paths.h"
#include "delivery/domains/sending_domains.h"
#include "feedback/returned_mail_log.h"
#include "identity/organisations.h"
#include "identity/token_keys.h"
#include "wire/return_path.h"

namespace tidings::feedback {
namespace {

using ::testing::IsEmpty;

class ReturnedMailTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    write([&](db::Connection& c) -> Result<void> {
      TRY(identity::create_organisation(c, organisation_, clock_.now()));
      return identity::create_organisation(c, other_, clock_.now());
    });
  }
  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  Result<StoredMail> try_store(std::string_view to, std::string_view octets) {
    return database_->write_value(db::Priority::web, [&](db::Connection& c) {
      return store_returned(c, ids_,
                            {.source = "smtp",
                             .organisation = organisation_.id,
                             .envelope_from = "",
                             .envelope_to = to,
                             .octets = octets,
                             .received_at = clock_.now()});
    });
  }
  StoredMail store(std::string_view to, std::string_view octets) {
    const auto stored = try_store(to, octets);
    EXPECT_TRUE(stored) << stored.error().message;
    return stored.value_or(StoredMail());
  }
  std::string return_path(OrganisationId organisation) {
    return wire::make_return_path((*keys_.current(organisation))->sign(MessageId{5}), "b.example");
  }
  std::vector<ReturnedEntry> list(OrganisationId organisation) {
    return *database_->read_value(
        [&](db::Connection& c) { return list_returned(c, organisation, {}); });
  }

  SystemClock clock_;
  IdSource ids_{clock_, 1};
  db::testing::TestDatabase database_{GetParam()};
  identity::Organisation organisation_{ids_.next<OrganisationId>(), "Club", "en", "UTC", ""};
  identity::Organisation other_{ids_.next<OrganisationId>(), "School", "en", "UTC", ""};
  identity::SecretBox box_ = *identity::SecretBox::from_text(std::string(64, '1'));
  identity::TokenKeys keys_{*database_, box_, clock_};
};

INSTANTIATE_TEST_SUITE_P(On, ReturnedMailTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(ReturnedMailTest, what_comes_twice_is_stored_once) {
  const std::string octets("Subject: x\r\n\r\n\0\xff\r\n", 18);
  const auto first = store("abuse@b.example", octets);
  EXPECT_TRUE(first.is_new);
  const auto again = store("abuse@b.example", octets);
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.id, first.id);
  EXPECT_TRUE(store("postmaster@b.example", octets).is_new) << "another receiver";
  EXPECT_EQ(list(organisation_.id).size(), 2u);
  EXPECT_EQ(list(organisation_.id)[0].kind, "") << "it waits to be read";
  const auto whole = [&](OrganisationId organisation) {
    return database_->read_value(
        [&](db::Connection& c) { return returned_octets(c, organisation, first.id); });
  };
  EXPECT_EQ(*whole(organisation_.id), octets) << "octet for octet";
  EXPECT_EQ(whole(other_.id).error().code, "returned_mail.not_found");
  EXPECT_EQ(try_store("abuse@b.example", std::string(kReturnedMailMax + 1, 'x')).error().code,
            "returned_mail.too_large");
}

TEST_P(ReturnedMailTest, a_token_leads_to_its_organisation_whoever_received_it) {
  store(return_path(other_.id), "Subject: x\r\n\r\n");
  EXPECT_THAT(list(organisation_.id), IsEmpty());
  EXPECT_EQ(list(other_.id).size(), 1u);
}

TEST_P(ReturnedMailTest, of_two_that_have_a_domain_the_verified_one_gets_what_has_no_token) {
  for (const auto& each : {other_, organisation_}) {
    write([&](db::Connection& c) -> Result<void> {
      const auto id = TRY(domains::create_domain(c, ids_, each.id, "school.org", clock_.now()));
      const auto domain = TRY(domains::load_domain(c, each.id, id));
      TRY(domains::set_return_path_domain(c, each.id, domain, "b.school.org", clock_.now()));
      if (each.id == organisation_.id) {
        TRY(domains::store_check(c, each.id, domain, {"[]", true}, clock_.now()));
      }
      return {};
    });
  }
  const auto all = database_->read_value(domains::all_return_path_domains);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->at("b.school.org"), organisation_.id);
}

TEST(ReturnPath, a_token_is_found_in_either_case_and_nothing_else_is) {
  const wire::TokenSigner signer(1, std::string(32, 'k'));
  const std::string path = wire::make_return_path(signer.sign(MessageId{7}), "b.example");
  EXPECT_LE(path.find('@'), 64u);
  std::string upper = path;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  for (const std::string& text : {path, upper, path.substr(0, path.find('@'))}) {
    const auto token = wire::parse_return_path_token(wire::return_path_token(text));
    ASSERT_TRUE(token) << text;
    EXPECT_EQ(token->message_id, MessageId{7});
    EXPECT_TRUE(signer.verify(*token));
  }
  const std::string other = signer.sign(MessageId{7}).return_path(wire::TokenPurpose::view);
  for (const std::string& text : {std::string(), std::string("bounce+"), std::string("@"),
                                  "bounce+" + other, path.substr(1), "x" + path}) {
    EXPECT_EQ(wire::return_path_token(text), "") << text;
  }
}

}  // namespace
}  // namespace tidings::feedback
