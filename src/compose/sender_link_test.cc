// Security: the link that verifies a sender reaches its address and nobody else. Whoever may read
// the record, the journal or the sandbox could else verify an address that is not theirs.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "compose/senders.h"
#include "compose/test_send.h"
#include "db/testing/databases.h"
#include "delivery/content_store.h"
#include "delivery/ledger.h"
#include "delivery/prepare_email.h"
#include "identity/organisations.h"
#include "wire/signed_token.h"

namespace tidings::compose {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Instant kNow{std::chrono::hours(24 * 365 * 56)};
constexpr std::string_view kPage = "https://tidings.example.org/sender/";

// Soft line breaks of quoted-printable taken out.
std::string unfolded(std::string text) {
  for (std::size_t at = 0; (at = text.find("=\r\n", at)) != std::string::npos;) text.erase(at, 3);
  return text;
}

class SenderLink : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  SenderLink() {
    const auto made =
        database_->write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
          TRY(identity::create_organisation(connection, organisation_, kNow));
          sender_ = TRY(create_sender(connection, ids_, organisation_.id,
                                      {"Office", "office@example.org", ""}, kNow));
          transport_ = ids_.next<TransportId>();
          TRY(connection.execute({"test.transport",
                                  "INSERT INTO transport (organisation_id, id, url, created_at)"
                                  " VALUES ($1, $2, 'sandbox:', 0)"},
                                 {organisation_.id, transport_}));
          const TestContext context{ids_, organisation_, transport_, "Ann", false, kNow};
          message_ = TRY(send_verification(connection, context, sender_, signer_)).id;
          return {};
        });
    EXPECT_TRUE(made) << made.error().message;
    token_ = signer_.sign(message_).url(wire::TokenPurpose::sender);
  }

  delivery::ClaimedMessage claim() {
    const delivery::Ledger ledger(ids_, NodeId{1}, 1);
    auto claimed = database_->write_value(db::Priority::web, [&](db::Connection& connection) {
      return ledger.claim(connection, organisation_.id, delivery::direct_lane(transport_), 10,
                          kNow);
    });
    EXPECT_TRUE(claimed && claimed->size() == 1);
    return claimed->front();
  }
  std::unique_ptr<delivery::PreparedMessage> prepare(const delivery::ClaimedMessage& message) {
    auto prepared = preparer_.prepare(message);
    EXPECT_TRUE(prepared) << prepared.error().message;
    return *std::move(prepared);
  }
  std::string kept(const std::string& record) {
    const auto content = database_->read_value([&](db::Connection& connection) {
      return delivery::load_content(connection, organisation_.id, claimed_.content_version_id);
    });
    return *delivery::BodyRecords().octets(record, **content);
  }

  db::testing::TestDatabase database_{GetParam()};
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  identity::Organisation organisation_{ids_.next<OrganisationId>(), "School", "en", "UTC", ""};
  wire::TokenSigner signer_{7, std::string(32, 'k')};
  delivery::EmailPreparer preparer_{
      *database_,
      clock_,
      {"https://tidings.example.org",
       [this](OrganisationId) -> Result<std::shared_ptr<const wire::TokenSigner>> {
         return std::make_shared<const wire::TokenSigner>(signer_);
       }}};
  SenderId sender_;
  TransportId transport_;
  MessageId message_;
  std::string token_;
  delivery::ClaimedMessage claimed_;
};
INSTANTIATE_TEST_SUITE_P(On, SenderLink, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(SenderLink, TheSecretIsInWhatLeavesAndInNothingThatIsKept) {
  claimed_ = claim();
  const auto prepared = prepare(claimed_);
  EXPECT_THAT(unfolded(*prepared->octets), HasSubstr(std::string(kPage) + token_));
  ASSERT_TRUE(prepared->record && prepared->shown);
  for (const std::string& text : {kept(*prepared->record), *prepared->shown}) {
    EXPECT_THAT(unfolded(text), Not(HasSubstr(token_)));
    EXPECT_THAT(unfolded(text),
                HasSubstr(std::string(kPage) + std::string(delivery::kHiddenToken)));
    EXPECT_EQ(text.size(), prepared->octets->size()) << "but for the secret the same octets";
  }
  // Nor is it in any row of what was stored, but as its hash.
  for (const std::string_view column :
       {"SELECT text FROM content_version", "SELECT html FROM content_version",
        "SELECT message_values FROM message", "SELECT subject FROM content_version"}) {
    ASSERT_TRUE(database_->read([&](db::Connection& connection) {
      return connection.query({column, column}, {}, [&](const db::Row& row) {
        EXPECT_THAT(std::string(row.text(0)), Not(HasSubstr(token_)));
      });
    }));
  }
}

TEST_P(SenderLink, ARetrySendsTheSameOctetsThoughTheSecretWasNotKept) {
  claimed_ = claim();
  const auto first = prepare(claimed_);
  auto again = claimed_;
  again.attempts = 1;
  again.record = *first->record;
  const auto second = prepare(again);
  EXPECT_EQ(*first->octets, *second->octets);
  EXPECT_EQ(*first->shown, *second->shown);
  EXPECT_FALSE(second->record) << "the database has it";
}

TEST_P(SenderLink, OnlyTheLinkThatLeftVerifiesAndWhatIsShownDoesNot) {
  const auto confirm = [&](std::string_view token) {
    return database_->write_value(db::Priority::web, [&](db::Connection& connection) {
      return confirm_sender(connection, token, kNow);
    });
  };
  EXPECT_FALSE(confirm(delivery::kHiddenToken));
  // A message of somebody's own with the same tag gets a link too, which is nobody's.
  EXPECT_FALSE(confirm(signer_.sign(ids_.next<MessageId>()).url(wire::TokenPurpose::sender)));
  EXPECT_FALSE(confirm(signer_.sign(message_).url(wire::TokenPurpose::view)));
  const auto confirmed = confirm(token_);
  ASSERT_TRUE(confirmed) << confirmed.error().message;
  EXPECT_EQ(confirmed->address, "office@example.org");
}

}  // namespace
}  // namespace tidings::compose
