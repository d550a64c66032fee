// Mail that came back, from its arrival to what follows, on both databases.
#include "feedback/returned_mail_reader.h"

#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "delivery/content_store.h"
#include "delivery/email_content.h"
#include "feedback/returned_mail.h"
#include "feedback/returned_mail_log.h"
#include "identity/organisation_settings.h"
#include "identity/organisations.h"
#include "wire/return_path.h"

namespace tidings::feedback {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Time stands until it is moved.
class StandingClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  Instant now_ = from_micros(1'790'000'000'000'000);
};

class ReturnedMailReading : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    write([&](db::Connection& c) -> Result<void> {
      TRY(identity::create_organisation(c, organisation_, clock_.now()));
      return identity::create_organisation(c, other_, clock_.now());
    });
    delivery::EmailContent content;
    content.subject = "News";
    content.text = "Hello";
    content.from = wire::parse_mailbox("Club <news@club.example>").value();
    const auto email = delivery::CompiledEmail::compile(content).value();
    content_ = ids_.next<ContentVersionId>();
    write([&](db::Connection& c) {
      return delivery::freeze_content(c, organisation_.id, content_, email, {}, "", clock_.now());
    });
    message_ = add_message();
  }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  MessageId add_message() {
    delivery::DirectMessage direct;
    direct.organisation_id = organisation_.id;
    direct.message.id = ids_.next<MessageId>();
    direct.message.address = "Anna@Example.org";
    direct.message.normalised = "anna@example.org";
    direct.message.values = "{}";
    direct.content_version_id = content_;
    direct.kind = MessageKind::individual;
    write([&](db::Connection& c) { return ledger_.add_direct(c, {&direct, 1}, clock_.now()); });
    return direct.message.id;
  }
  wire::MessageTokens tokens(OrganisationId organisation, MessageId id) {
    return (*keys_.current(organisation))->sign(id);
  }
  std::string return_path(MessageId id) {
    return wire::make_return_path(tokens(organisation_.id, id), "bounces.club.example");
  }
  StoredMail store(std::string_view to, std::string_view octets) {
    StoredMail stored;
    write([&](db::Connection& c) -> Result<void> {
      stored = TRY(store_returned(c, ids_,
                                  {.source = "smtp",
                                   .organisation = organisation_.id,
                                   .envelope_from = "",
                                   .envelope_to = to,
                                   .octets = octets,
                                   .received_at = clock_.now()}));
      return {};
    });
    return stored;
  }
  ReturnedEntry find(ReturnedMailId id) {
    return *database_->read_value(
        [&](db::Connection& c) { return find_returned(c, organisation_.id, id); });
  }
  // Stores one and reads it.
  ReturnedEntry take(std::string_view to, std::string_view octets) {
    const auto stored = store(to, octets);
    const auto read = reader_.read_some();
    EXPECT_TRUE(read) << read.error().message;
    return find(stored.id);
  }
  std::vector<ReturnedEntry> list(ReturnedFilter filter = {}) {
    return *database_->read_value(
        [&](db::Connection& c) { return list_returned(c, organisation_.id, filter); });
  }
  std::vector<int> events(MessageId id) {
    std::vector<int> types;
    EXPECT_TRUE(database_->read([&](db::Connection& c) {
      types.clear();
      return c.query({"", "SELECT type FROM event WHERE message_id = $1 ORDER BY id"}, {id},
                     [&](const db::Row& row) { types.push_back(int(row.integer(0))); });
    }));
    return types;
  }
  std::int64_t count(std::string_view sql) {
    return **database_->read_value([&](db::Connection& c) {
      return c.query_first({"", sql}, {}, [](const db::Row& row) { return row.integer(0); });
    });
  }
  std::string bounce(std::string_view recipient, std::string_view status, std::string_view words,
                     std::string_view returned = "") {
    return fmt::format(
        "From: MAILER-DAEMON@mx.example.org\r\nTo: <bounce@club.example>\r\n"
        "Subject: Undelivered Mail\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; {}\r\n"
        "Action: {}\r\nStatus: {}\r\nDiagnostic-Code: smtp; 550 {} {}\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{}\r\n--b--\r\n",
        recipient, status.starts_with("2") ? "delivered" : "failed", status, status, words,
        returned);
  }

  StandingClock clock_;
  IdSource ids_{clock_, 1};
  db::testing::TestDatabase database_{GetParam()};
  identity::Organisation organisation_{OrganisationId{101}, "Club", "en", "UTC", "Street 1"};
  identity::Organisation other_{OrganisationId{102}, "Other", "en", "UTC", "Street 2"};
  identity::SecretBox box_ = *identity::SecretBox::from_text(std::string(64, 'a'));
  identity::TokenKeys keys_{*database_, box_, clock_};
  delivery::Ledger ledger_{ids_, NodeId{1}, 1};
  std::vector<ReceivedReply> forwarded_;
  ReturnedMailReader reader_{
      {.database = *database_,
       .ledger = ledger_,
       .ids = ids_,
       .keys = keys_,
       .clock = clock_,
       .forward = [this](db::Connection&, const ReceivedReply& reply) -> Result<void> {
         forwarded_.push_back(reply);
         return {};
       }}};
  ContentVersionId content_;
  MessageId message_;
};

INSTANTIATE_TEST_SUITE_P(On, ReturnedMailReading, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(ReturnedMailReading, what_comes_twice_is_stored_once) {
  const std::string octets = bounce("anna@example.org", "5.1.1", "User unknown");
  const auto first = store(return_path(message_), octets);
  EXPECT_TRUE(first.is_new);
  const auto again = store(return_path(message_), octets);
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.id, first.id);
  EXPECT_TRUE(store("abuse@bounces.club.example", octets).is_new) << "another receiver";
  EXPECT_EQ(list().size(), 2u);
  const auto whole = database_->read_value(
      [&](db::Connection& c) { return returned_octets(c, organisation_.id, first.id); });
  EXPECT_EQ(*whole, octets) << "octet for octet";
  EXPECT_EQ(
      database_
          ->read_value([&](db::Connection& c) { return returned_octets(c, other_.id, first.id); })
          .error()
          .code,
      "returned_mail.not_found");
}

TEST_P(ReturnedMailReading, a_token_leads_to_its_organisation_whoever_received_it) {
  const auto theirs = wire::make_return_path(tokens(other_.id, MessageId{5}), "x.example");
  store(theirs, "Subject: x\r\n\r\n");
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_EQ(count("SELECT COUNT(*) FROM returned_mail WHERE organisation_id = 102"), 1);
}

TEST_P(ReturnedMailReading, a_bounce_with_our_token_is_applied_once) {
  const std::string octets = bounce("anna@example.org", "5.1.1", "User unknown");
  const auto entry = take(return_path(message_), octets);
  EXPECT_EQ(entry.kind, "bounce");
  EXPECT_EQ(entry.outcome, "applied") << entry.reason;
  EXPECT_EQ(entry.message_id, message_);
  EXPECT_THAT(entry.recipients, HasSubstr("userunknown"));
  EXPECT_THAT(events(message_), ElementsAre(int(EventType::bounced)));
  EXPECT_EQ(count("SELECT COUNT(*) FROM suppression WHERE normalised = 'anna@example.org'"), 1);
  // Read again, by the same rules: the same fact.
  write([&](db::Connection& c) -> Result<void> {
    EXPECT_EQ(TRY(read_again(c, organisation_.id, {.kind = "bounce"}, clock_.now())), 1);
    return {};
  });
  EXPECT_EQ(*reader_.read_some(), 1);
  EXPECT_EQ(*reader_.read_some(), 0);
  EXPECT_THAT(events(message_), ElementsAre(int(EventType::bounced)));
  EXPECT_EQ(find(entry.id).outcome, "applied");
}

TEST_P(ReturnedMailReading, what_could_be_forged_changes_nothing) {
  std::string forged = return_path(message_);
  const std::size_t last = forged.find('@') - 3;
  forged[last] = forged[last] == 'a' ? 'b' : 'a';
  const std::string octets = bounce("anna@example.org", "5.1.1", "User unknown");
  const auto entry = take(forged, octets);
  EXPECT_EQ(entry.outcome, "unverified");
  EXPECT_THAT(entry.reason, HasSubstr("forged"));
  EXPECT_THAT(events(message_), IsEmpty());
  EXPECT_EQ(count("SELECT COUNT(*) FROM suppression"), 0);
  EXPECT_EQ(take("abuse@bounces.club.example", octets + "x").outcome, "unknown_message");
  // A token of ours whose message is not here.
  EXPECT_EQ(take(return_path(MessageId{77}), octets).outcome, "unknown_message");
  EXPECT_EQ(list({.outcome = "unverified"}).size(), 1u);
}

TEST_P(ReturnedMailReading, a_message_id_is_believed_only_with_the_address_written_to) {
  const std::string id = "Message-ID: " + delivery::message_id_header(message_, "club.example");
  const auto wrong = take("abuse@bounces.club.example",
                          bounce("bert@example.org", "5.1.1", "User unknown", id + "\r\n"));
  EXPECT_EQ(wrong.outcome, "unverified");
  EXPECT_THAT(events(message_), IsEmpty());
  const auto right = take("abuse@bounces.club.example",
                          bounce("ANNA@example.org", "5.1.1", "User unknown", id + "\r\n"));
  EXPECT_EQ(right.outcome, "applied") << right.reason;
  EXPECT_THAT(events(message_), ElementsAre(int(EventType::bounced)));
}

TEST_P(ReturnedMailReading, a_complaint_without_names_resolves_by_its_unsubscribe_link) {
  const std::string link = "https://x.example/u/" +
                           tokens(organisation_.id, message_).url(wire::TokenPurpose::unsubscribe);
  const std::string octets = fmt::format(
      "From: fbl@provider.example\r\nTo: complaints@bounces.club.example\r\n"
      "Subject: complaint\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\nAn abuse report.\r\n"
      "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
      "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n"
      "Original-Rcpt-To: redacted\r\n\r\n"
      "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: news@club.example\r\n"
      "To: redacted\r\nList-Unsubscribe: <{}>\r\n\r\n--b--\r\n",
      link);
  const auto entry = take("complaints@bounces.club.example", octets);
  EXPECT_EQ(entry.kind, "complaint");
  EXPECT_EQ(entry.outcome, "applied") << entry.reason;
  EXPECT_THAT(events(message_), ElementsAre(int(EventType::marked_as_spam)));
}

TEST_P(ReturnedMailReading, delivered_is_said_and_passed_on_is_not) {
  take(return_path(message_), bounce("anna@example.org", "2.0.0", "Ok"));
  EXPECT_THAT(events(message_), ElementsAre(int(EventType::delivered)));
  const MessageId second = add_message();
  std::string relayed = bounce("anna@example.org", "2.0.0", "Ok");
  relayed.replace(relayed.find("Action: delivered"), 17, "Action: relayed");
  EXPECT_EQ(take(return_path(second), relayed).outcome, "nothing");
  EXPECT_THAT(events(second), IsEmpty());
}

TEST_P(ReturnedMailReading, a_reply_is_kept_with_its_text_and_passed_on_once) {
  write([&](db::Connection& c) -> Result<void> {
    auto settings = TRY(identity::organisation_settings(c, organisation_.id));
    settings.reply_forward_to = "office@club.example";
    return identity::change_organisation_settings(c, organisation_.id, settings);
  });
  const std::string octets =
      "From: Anna <anna@example.org>\r\nTo: news@club.example\r\nSubject: Re: News\r\n"
      "In-Reply-To: " +
      delivery::message_id_header(message_, "club.example") +
      "\r\nMessage-ID: <1@example.org>\r\n\r\nPlease write to me in Dutch.\r\n";
  const auto entry = take("news@club.example", octets);
  EXPECT_EQ(entry.kind, "reply");
  EXPECT_EQ(entry.outcome, "applied") << entry.reason;
  EXPECT_EQ(entry.message_id, message_);
  EXPECT_THAT(entry.text, HasSubstr("in Dutch"));
  EXPECT_TRUE(entry.forwarded_at);
  ASSERT_EQ(forwarded_.size(), 1u);
  EXPECT_EQ(forwarded_[0].forward_to, "office@club.example");
  EXPECT_EQ(forwarded_[0].sender, "anna@example.org");
  EXPECT_THAT(events(message_), ElementsAre(int(EventType::replied)));
  write([&](db::Connection& c) -> Result<void> {
    TRY(read_again(c, organisation_.id, {.only = entry.id}, clock_.now()));
    return {};
  });
  EXPECT_EQ(*reader_.read_some(), 1);
  EXPECT_EQ(forwarded_.size(), 1u) << "once";
  // Staff's own answers, and automatic ones, go round in no circle.
  take(return_path(message_), "From: office@club.example\r\nSubject: Re: News\r\n\r\nWe will.\r\n");
  const auto automatic = take(return_path(message_),
                              "From: anna@example.org\r\nSubject: Out of office\r\n"
                              "Auto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n");
  EXPECT_EQ(automatic.kind, "auto-reply");
  EXPECT_EQ(automatic.outcome, "applied");
  EXPECT_EQ(forwarded_.size(), 1u);
}

TEST_P(ReturnedMailReading, of_somebody_erased_nothing_is_kept_but_what_it_was) {
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE message SET address = '', normalised = ''"}));
    return {};
  });
  const auto entry = take(return_path(message_),
                          "From: anna@example.org\r\nSubject: Re: News\r\n\r\nIt is me.\r\n");
  EXPECT_EQ(entry.kind, "reply");
  EXPECT_EQ(entry.sender + entry.subject + entry.text, "");
  EXPECT_FALSE(entry.has_octets);
}

TEST_P(ReturnedMailReading, what_is_over_is_forgotten_but_not_what_people_wrote) {
  const auto junk = take("abuse@bounces.club.example", "Subject: Buy\r\n\r\nBuy!\r\n");
  const auto reply =
      take(return_path(message_), "From: anna@example.org\r\nSubject: Re: News\r\n\r\nThanks!\r\n");
  ASSERT_EQ(reply.kind, "reply");
  clock_.advance(std::chrono::days(89));
  EXPECT_EQ(*forget_returned(*database_, clock_.now()), 0);
  clock_.advance(std::chrono::days(2));
  EXPECT_EQ(*forget_returned(*database_, clock_.now()), 2);
  EXPECT_EQ(*forget_returned(*database_, clock_.now()), 0);
  ASSERT_EQ(list().size(), 1u);
  EXPECT_THAT(list()[0].text, HasSubstr("Thanks!"));
  EXPECT_FALSE(list()[0].has_octets);
  EXPECT_EQ(
      read_returned(
          {.database = *database_, .ledger = ledger_, .ids = ids_, .keys = keys_, .clock = clock_},
          organisation_.id, reply.id)
          .error()
          .code,
      "returned_mail.forgotten");
  EXPECT_EQ(count("SELECT COUNT(*) FROM returned_mail_octets"), 0);
}

TEST_P(ReturnedMailReading, whatever_comes_is_read_without_harm) {
  for (const std::string& octets :
       {std::string(), std::string("\0\0\0", 3), std::string(100'000, '\xff'),
        std::string("Content-Type: multipart/mixed; boundary=\"\r\n\r\n--"),
        "bounce+" + std::string(50'000, '+') + "bounce+", std::string(3'000'000, 'x')}) {
    EXPECT_NE(take(return_path(message_), octets).kind, "") << octets.substr(0, 20);
  }
  EXPECT_THAT(events(message_), IsEmpty());
  EXPECT_EQ(database_
                ->write(db::Priority::web,
                        [&](db::Connection& c) -> Result<void> {
                          TRY(store_returned(c, ids_,
                                             {.source = "smtp",
                                              .organisation = organisation_.id,
                                              .envelope_from = "",
                                              .envelope_to = "x",
                                              .octets = std::string(kReturnedMailMax + 1, 'x'),
                                              .received_at = clock_.now()}));
                          return {};
                        })
                .error()
                .code,
            "returned_mail.too_large");
}

}  // namespace
}  // namespace tidings::feedback
