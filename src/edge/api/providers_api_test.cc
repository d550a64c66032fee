// Webhooks of mail services: made through the API, called over HTTP by services that sign, and by
// others.
#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/freed.h"
#include "delivery/email_content.h"
#include "delivery/ledger.h"
#include "delivery/prepare_email.h"
#include "edge/api/dispatch.h"
#include "edge/api/testing/content_fixture.h"
#include "edge/http/provider_routes.h"
#include "feedback/provider_intake.h"
#include "wire/return_path.h"

namespace tidings::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Reply;

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string sign(EVP_PKEY* key, const EVP_MD* hash, std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key);
  EVP_DigestSign(context.get(), nullptr, &size, octets, text.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, octets,
                 text.size());
  signature.resize(size);
  return signature;
}

// SendGrid, as far as signing goes.
struct EventKey {
  Key key{EVP_EC_gen("P-256")};
  std::string shown() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.get(), &der);
    std::string text = to_base64({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return text;
  }
};

// Amazon SNS, as far as signing goes.
struct Sns {
  Key key{EVP_RSA_gen(2048)};
  std::string certificate(std::string_view until = "20300101000000Z") const {
    const std::unique_ptr<X509, Freed<X509_free>> made(X509_new());
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    ASN1_TIME_set_string(X509_getm_notBefore(made.get()), "20260101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(made.get()), std::string(until).c_str());
    X509_set_pubkey(made.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("sns.amazonaws.com"), -1, -1,
                               0);
    X509_sign(made.get(), key.get(), EVP_sha256());
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), made.get());
    return text_of(bio.get());
  }
};

// Made once: its key takes a while.
const Sns& shared_sns() {
  static const Sns sns;
  return sns;
}

constexpr std::string_view kTopic = "arn:aws:sns:eu-west-1:123456789012:bounces";
constexpr std::string_view kCertificateUrl = "https://sns.eu-west-1.amazonaws.com/Simple-1.pem";

class ProvidersApi : public testing::ContentFixture {
 protected:
  void SetUp() override {
    make_sandbox();
    make("/senders", R"({"address": "office@school.org"})");
    http::add_provider_routes(router_, {&intake_, &api_.clock(), "https://tidings.example"});
  }

  // A message that was sent to jan@example.org.
  MessageId sent_message(std::string_view to = "jan@example.org") {
    const auto sent =
        api_.call("POST", "/messages",
                  fmt::format(R"({{"to": "{}", "sender": "office@school.org",)"
                              R"( "override_sender": true, "subject": "Hi", "text": "Hello"}})",
                              to));
    EXPECT_LT(sent.status, 300) << sent.text;
    const MessageId id{*parse_id(std::string(sent.json.at("id").as_string()))};
    run(fmt::format("UPDATE message SET state = 3 WHERE id = {}", id.value));
    return id;
  }
  void run(const std::string& sql) {
    const auto ran = api_.database().write(
        db::Priority::web, [&](db::Connection& connection) { return connection.run_script(sql); });
    ASSERT_TRUE(ran) << ran.error().message;
  }
  std::string message_id_of(MessageId id) { return delivery::message_id_header(id, "school.org"); }
  // "bounced:ses delivered:ses": what the services told of it, as stored.
  std::string events_of(MessageId id) {
    std::string words;
    const auto read = api_.database().read([&](db::Connection& connection) {
      return connection.query(
          {"",
           "SELECT type, source FROM event WHERE message_id = $1 AND type > 2 AND "
           "source NOT IN ('engine', 'api') ORDER BY id"},
          {id}, [&](const db::Row& row) {
            words += fmt::format("{}{}:{}", words.empty() ? "" : " ",
                                 to_string(static_cast<EventType>(row.integer(0))), row.text(1));
          });
    });
    EXPECT_TRUE(read);
    return words;
  }
  // Besides what a contact without consent has from the beginning.
  std::int64_t suppressed() {
    return count(
        "SELECT COUNT(*) FROM suppression WHERE released_at IS NULL AND reason NOT LIKE "
        "'%consent%'");
  }

  Reply made_webhook(const boost::json::object& wish) {
    auto made = api_.call("POST", "/provider-webhooks", boost::json::serialize(wish));
    EXPECT_EQ(made.status, 201) << made.text;
    return made;
  }
  static std::string path_of(const Reply& made) {
    const std::string url(made.json.at("webhook").at("url").as_string());
    return url.substr(url.find("/provider-events"));
  }
  boost::json::value shown(const Reply& made) {
    run("UPDATE provider_webhook SET unknown = unknown");  // behind what was written beside calls
    return api_
        .call("GET",
              "/provider-webhooks/" + std::string(made.json.at("webhook").at("id").as_string()))
        .json;
  }
  int post(const std::string& path, std::string body, std::vector<net::HttpHeader> headers = {}) {
    auto request = make_request("POST", path, std::move(headers), std::move(body));
    EXPECT_TRUE(request);
    request->peer = "203.0.113.7:4000";
    return respond(router_, *std::move(request)).status;
  }

  // A call of SNS, signed.
  std::string sns_body(std::string_view message, std::string_view type = "Notification",
                       std::string_view version = "2", std::string_view topic = kTopic,
                       std::string_view certificate_url = kCertificateUrl,
                       std::string_view subscribe_url = "") {
    feedback::SnsMessage told;
    told.type = type;
    told.message_id = "m-1";
    told.topic = topic;
    told.message = message;
    told.timestamp = instant_text(api_.clock().now());
    told.subscribe_url = subscribe_url;
    told.token = "token";
    const std::string signature =
        sign(sns_.key.get(), version == "1" ? EVP_sha1() : EVP_sha256(), sns_signed_text(told));
    return boost::json::serialize(boost::json::object{{"Type", told.type},
                                                      {"MessageId", told.message_id},
                                                      {"TopicArn", told.topic},
                                                      {"Message", told.message},
                                                      {"Timestamp", told.timestamp},
                                                      {"SignatureVersion", version},
                                                      {"Signature", to_base64(signature)},
                                                      {"SigningCertURL", certificate_url},
                                                      {"SubscribeURL", told.subscribe_url},
                                                      {"Token", told.token}});
  }
  std::string ses_bounce(MessageId id, std::string_view to = "jan@example.org") {
    return fmt::format(
        R"({{"notificationType": "Bounce", "mail": {{"messageId": "ses-1", "source": "b@school.org",
        "headers": [{{"name": "Message-ID", "value": "{}"}}]}}, "bounce": {{"bounceType": "Permanent",
        "bounceSubType": "General", "timestamp": "2026-11-22T07:59:30.123Z", "bouncedRecipients":
        [{{"emailAddress": "{}", "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 User unknown"}}]}}}})",
        message_id_of(id), to);
  }
  int post_sendgrid(const std::string& path, const std::string& body,
                    std::optional<std::string> timestamp = {}) {
    const std::string at = timestamp.value_or(std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(api_.clock().now().time_since_epoch())
            .count()));
    return post(path, body,
                {{"X-Twilio-Email-Event-Webhook-Timestamp", at},
                 {"X-Twilio-Email-Event-Webhook-Signature",
                  to_base64(sign(event_key_.key.get(), EVP_sha256(), at + body))}});
  }
  std::string mailgun_body(MessageId id, std::string_view token, std::string_view event,
                           std::string_view key = "mailgun-key") {
    const std::string at = std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(api_.clock().now().time_since_epoch())
            .count());
    return fmt::format(
        R"({{"signature": {{"timestamp": "{}", "token": "{}", "signature": "{}"}}, "event-data":
        {{"id": "e-{}", "timestamp": 1795334399.5, "recipient": "jan@example.org",
        "message": {{"headers": {{"message-id": "{}"}}}}, {}}}}})",
        at, token, to_hex(hmac_sha256(key, at + std::string(token))), token, message_id_of(id),
        event);
  }

  delivery::Ledger ledger_{api_.ids(), NodeId{1}, 1};
  const Sns& sns_ = shared_sns();
  EventKey event_key_;
  std::vector<std::string> asked_;
  std::optional<std::string> given_ = sns_.certificate();
  feedback::ProviderIntake intake_{
      {.database = api_.database(),
       .ledger = ledger_,
       .ids = api_.ids(),
       .secrets = api_.services().secrets,
       .token_keys = api_.services().token_keys,
       .clock = api_.clock(),
       .ask_sns = [this](const feedback::SnsUrl& url) -> Result<std::string> {
         asked_.push_back(url.host + url.path);
         if (!given_) return fail(ErrorKind::unavailable, "sns.unreachable", "It is down.");
         return *given_;
       }}};
  net::Router router_;
};

INSTANTIATE_TEST_SUITE_P(On, ProvidersApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

// ---------------------------------------------------------------- setting up
TEST_P(ProvidersApi, a_webhook_is_made_listed_and_removed_and_its_secret_never_shown) {
  const auto made = made_webhook({{"provider", "mailgun"}, {"secret", "mailgun-key"}});
  EXPECT_EQ(made.json.at("address"), made.json.at("webhook").at("url"));
  EXPECT_THAT(made.text, HasSubstr("https://tidings.example/provider-events/mailgun/"));
  const auto list = api_.call("GET", "/provider-webhooks");
  ASSERT_EQ(list.json.at("items").as_array().size(), 1u);
  for (const auto* reply : {&made, &list}) EXPECT_THAT(reply->text, Not(HasSubstr("mailgun-key")));
  EXPECT_EQ(count("SELECT COUNT(*) FROM provider_webhook WHERE length(sealed_secret) > 50"), 1);
  const std::string target = made.header("Location").substr(7);
  EXPECT_EQ(api_.call("DELETE", target).status, 204);
  EXPECT_EQ(api_.call("GET", target).status, 404);
  EXPECT_EQ(post(path_of(made), mailgun_body(MessageId{1}, "t", R"("event": "complained")")), 404);
  EXPECT_EQ(count("SELECT COUNT(*) FROM audit_log WHERE object = 'provider_webhook'"), 2);
}

TEST_P(ProvidersApi, postmarks_address_has_a_password_that_is_shown_once) {
  const auto made = made_webhook({{"provider", "postmark"}});
  const std::string address(made.json.at("address").as_string());
  EXPECT_THAT(address, ::testing::MatchesRegex("https://tidings:[^@]{32}@tidings.example/.*"));
  const std::string password = address.substr(16, 32);
  EXPECT_THAT(api_.call("GET", "/provider-webhooks").text, Not(HasSubstr(password)));
}

TEST_P(ProvidersApi, what_a_service_needs_is_asked_for_at_its_member) {
  for (const auto& [wish, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"provider": "ses"})", "/topic"},
           {R"({"provider": "ses", "topic": "bounces"})", "/topic"},
           {R"({"provider": "postmark", "topic": "arn:aws:sns:eu-west-1:1:b"})", "/topic"},
           {R"({"provider": "sendgrid"})", "/secret"},
           {R"({"provider": "sendgrid", "secret": "MFkw"})", "/secret"},
           {R"({"provider": "mailgun"})", "/secret"},
           {R"({"provider": "postmark", "secret": "mine"})", "/secret"}}) {
    const auto refused = api_.call("POST", "/provider-webhooks", wish);
    EXPECT_EQ(refused.status, 422) << wish;
    EXPECT_EQ(refused.fields(), field) << wish;
  }
  EXPECT_EQ(api_.call("POST", "/provider-webhooks", R"({"provider": "sparkpost"})").status, 422);
}

TEST_P(ProvidersApi, the_webhooks_of_another_organisation_are_out_of_reach) {
  const auto made = made_webhook({{"provider", "postmark"}});
  const std::string target = made.header("Location").substr(7);
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", target).status, 404);
  EXPECT_EQ(api_.call_as(other, "DELETE", target).status, 404);
  EXPECT_TRUE(api_.call_as(other, "GET", "/provider-webhooks").json.at("items").as_array().empty());
  const auto reader = api_.with({identity::Permission::content_read});
  EXPECT_EQ(api_.call_as(reader, "GET", "/provider-webhooks").status, 403);
}

// ---------------------------------------------------------------- Amazon SES
TEST_P(ProvidersApi, a_bounce_of_ses_with_either_signature_bounces_its_message_once) {
  const auto made = made_webhook({{"provider", "ses"}, {"topic", kTopic}});
  const MessageId id = sent_message();
  for (const std::string_view version : {"1", "2", "2"}) {
    EXPECT_EQ(post(path_of(made), sns_body(ses_bounce(id), "Notification", version)), 204);
  }
  EXPECT_EQ(events_of(id), "bounced:ses");
  EXPECT_EQ(suppressed(), 1);
  EXPECT_EQ(asked_.size(), 1u) << "the certificate is kept";
  EXPECT_EQ(shown(made).at("applied"), 1);
}

TEST_P(ProvidersApi, a_subscription_is_confirmed_for_the_topic_that_was_configured) {
  const auto made = made_webhook({{"provider", "ses"}, {"topic", kTopic}});
  const std::string url = fmt::format(
      "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={}&Token=2336",
      kTopic);
  EXPECT_EQ(post(path_of(made),
                 sns_body("You have chosen …", "SubscriptionConfirmation", "1",
                          "arn:aws:sns:eu-west-1:123456789012:evil", kCertificateUrl, url)),
            403);
  EXPECT_EQ(post(path_of(made), sns_body("…", "SubscriptionConfirmation", "1", kTopic,
                                         kCertificateUrl, "https://evil.example/?Action=Confirm")),
            403);
  EXPECT_TRUE(shown(made).at("confirmed_at").is_null());
  EXPECT_EQ(post(path_of(made),
                 sns_body("…", "SubscriptionConfirmation", "2", kTopic, kCertificateUrl, url)),
            204);
  EXPECT_EQ("https://" + asked_.back(), url);
  EXPECT_FALSE(shown(made).at("confirmed_at").is_null());
  EXPECT_EQ(post(path_of(made),
                 sns_body("…", "UnsubscribeConfirmation", "2", kTopic, kCertificateUrl, url)),
            204);
  EXPECT_TRUE(shown(made).at("confirmed_at").is_null());
  EXPECT_EQ(asked_.size(), 2u) << "and is not subscribed again";
}

TEST_P(ProvidersApi, what_amazon_did_not_sign_changes_nothing) {
  const auto made = made_webhook({{"provider", "ses"}, {"topic", kTopic}});
  const MessageId id = sent_message();
  const std::string path = path_of(made);
  for (const std::string_view url :
       {"https://evil.example/a.pem", "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://169.254.169.254/latest/meta-data.pem", "https://localhost/a.pem"}) {
    EXPECT_EQ(post(path, sns_body(ses_bounce(id), "Notification", "2", kTopic, url)), 403) << url;
  }
  EXPECT_TRUE(asked_.empty()) << "SSRF: nobody was asked";
  EXPECT_THAT(std::string(shown(made).at("refusal").as_string()), HasSubstr("certificate"));
  std::string forged = sns_body(ses_bounce(id));
  forged.replace(forged.find("jan@example"), 11, "eva@example");
  EXPECT_EQ(post(path, forged), 403);
  EXPECT_EQ(post(path, sns_body(ses_bounce(id), "Notification", "3")), 403);
  EXPECT_EQ(post(path, ses_bounce(id)), 400) << "no envelope";
  given_ = Sns().certificate();
  api_.clock().advance(feedback::kCertificateFresh);
  EXPECT_EQ(post(path, sns_body(ses_bounce(id))), 403) << "another key's certificate";
  given_ = sns_.certificate("20260201000000Z");
  api_.clock().advance(feedback::kCertificateFresh);
  EXPECT_EQ(post(path, sns_body(ses_bounce(id))), 403) << "a certificate that is over";
  given_ = std::nullopt;
  api_.clock().advance(feedback::kCertificateFresh);
  EXPECT_EQ(post(path, sns_body(ses_bounce(id))), 503) << "told again later";
  EXPECT_EQ(events_of(id), "");
  EXPECT_EQ(suppressed(), 0);
}

TEST_P(ProvidersApi, an_old_call_is_not_believed_again) {
  const auto made = made_webhook({{"provider", "ses"}, {"topic", kTopic}});
  const MessageId id = sent_message();
  const std::string recorded = sns_body(ses_bounce(id));
  api_.clock().advance(feedback::kCallAgeMax);
  EXPECT_EQ(post(path_of(made), recorded), 403);
  EXPECT_EQ(events_of(id), "");
}

TEST_P(ProvidersApi, of_several_recipients_only_the_messages_own_counts) {
  const auto made = made_webhook({{"provider", "ses"}, {"topic", kTopic}});
  const MessageId id = sent_message();
  const auto told = [&](std::string_view list) {
    return sns_body(fmt::format(
        R"({{"eventType": "Delivery", "mail": {{"messageId": "s", "commonHeaders": {{"messageId":
        "{}"}}}}, "delivery": {{"recipients": [{}]}}}})",
        message_id_of(id), list));
  };
  EXPECT_EQ(post(path_of(made), told(R"("eva@example.org", "kim@example.org")")), 204);
  EXPECT_EQ(events_of(id), "");
  EXPECT_EQ(post(path_of(made), told(R"("eva@example.org", "Jan@Example.org")")), 204);
  EXPECT_EQ(events_of(id), "delivered:ses");
  EXPECT_EQ(shown(made).at("unknown"), 3);
}

TEST_P(ProvidersApi, a_message_is_found_by_its_return_path_too) {
  const auto made = made_webhook({{"provider", "ses"}, {"topic", kTopic}});
  const MessageId id = sent_message();
  const auto signer = api_.services().token_keys.current(api_.organisation());
  const auto delivered = [&](const std::string& source) {
    return sns_body(fmt::format(
        R"({{"notificationType": "Delivery", "mail": {{"messageId": "s", "source": "{}"}},
        "delivery": {{"recipients": ["jan@example.org"]}}}})",
        source));
  };
  const std::string ours = wire::make_return_path((*signer)->sign(id), "school.org");
  std::string guessed = ours;
  guessed[20] = guessed[20] == 'a' ? 'b' : 'a';
  EXPECT_EQ(post(path_of(made), delivered(guessed)), 204);
  EXPECT_EQ(events_of(id), "");
  EXPECT_EQ(post(path_of(made), delivered(ours)), 204);
  EXPECT_EQ(events_of(id), "delivered:ses");
}

// ---------------------------------------------------------------- SendGrid
TEST_P(ProvidersApi, a_list_of_sendgrid_is_applied_once_whatever_its_order) {
  const auto made = made_webhook({{"provider", "sendgrid"}, {"secret", event_key_.shown()}});
  const MessageId id = sent_message();
  const std::string body = fmt::format(
      R"([{{"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 unknown user",
      "email": "jan@example.org", "smtp-id": "{0}", "sg_event_id": "e2", "timestamp": 1795334399}},
      {{"event": "delivered", "email": "jan@example.org", "smtp-id": "{0}", "sg_event_id": "e1",
      "timestamp": 1795334390}}, {{"event": "open", "email": "jan@example.org", "smtp-id": "{0}"}},
      {{"event": "delivered", "email": "x@y.org", "smtp-id": "<other@sendgrid>", "sg_event_id": "e3"}}])",
      message_id_of(id));
  EXPECT_EQ(post_sendgrid(path_of(made), body), 204);
  EXPECT_EQ(post_sendgrid(path_of(made), body), 204);
  EXPECT_EQ(events_of(id), "bounced:sendgrid delivered:sendgrid");
  const auto webhook = shown(made);
  EXPECT_EQ(webhook.at("applied"), 2);
  EXPECT_EQ(webhook.at("unknown"), 2) << "counted each time, never applied";
  EXPECT_EQ(webhook.at("ignored"), 2);
}

TEST_P(ProvidersApi, sendgrids_signature_is_of_this_body_and_this_time) {
  const auto made = made_webhook({{"provider", "sendgrid"}, {"secret", event_key_.shown()}});
  const MessageId id = sent_message();
  const std::string body = fmt::format(
      R"([{{"event": "spamreport", "email": "jan@example.org", "smtp-id": "{}", "sg_event_id": "e"}}])",
      message_id_of(id));
  const std::string path = path_of(made);
  EXPECT_EQ(post(path, body), 403);
  EXPECT_EQ(post(path, body,
                 {{"X-Twilio-Email-Event-Webhook-Timestamp", "1795334400"},
                  {"X-Twilio-Email-Event-Webhook-Signature", "AAAA"}}),
            403);
  EXPECT_EQ(post_sendgrid(path, body, "1790000000"), 403) << "replayed";
  EXPECT_EQ(post_sendgrid(path, body, "9995334400"), 403) << "from the future";
  EXPECT_EQ(post_sendgrid(path, body, ""), 403);
  EventKey other;
  std::swap(other.key, event_key_.key);
  EXPECT_EQ(post_sendgrid(path, body), 403) << "another key";
  std::swap(other.key, event_key_.key);
  EXPECT_EQ(events_of(id), "");
  EXPECT_EQ(post_sendgrid(path, "{"), 400);
  EXPECT_EQ(post_sendgrid(path, body), 204);
  EXPECT_EQ(events_of(id), "marked as spam:sendgrid");
}

// ---------------------------------------------------------------- Postmark
TEST_P(ProvidersApi, postmark_gets_in_by_its_password_and_names_the_message_by_metadata) {
  const auto made = made_webhook({{"provider", "postmark"}});
  const std::string password = std::string(made.json.at("address").as_string()).substr(16, 32);
  const MessageId id = sent_message();
  const std::string body = fmt::format(
      R"({{"RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "Email": "jan@example.org",
      "BouncedAt": "2026-11-22T07:59:00Z", "Details": "smtp;550 5.1.1 User unknown",
      "MessageID": "88", "Metadata": {{"tidings": "{}"}}}})",
      to_text(id));
  const auto login = [](const std::string& word) {
    return std::vector<net::HttpHeader>{{"Authorization", "Basic " + to_base64("tidings:" + word)}};
  };
  EXPECT_EQ(post(path_of(made), body), 403);
  EXPECT_EQ(post(path_of(made), body, login("guess")), 403);
  EXPECT_EQ(events_of(id), "");
  EXPECT_EQ(post(path_of(made), body, login(password)), 204);
  EXPECT_EQ(post(path_of(made), body, login(password)), 204);
  EXPECT_EQ(events_of(id), "bounced:postmark");
}

TEST_P(ProvidersApi, mail_that_leaves_by_postmark_carries_its_id_and_other_mail_does_not) {
  const auto octets_by = [&](std::string_view url) {
    const TransportId transport{*parse_id(
        make("/transports",
             fmt::format(R"({{"name": "{0}", "url": "{0}", "is_default": true}})", url)))};
    const MessageId id = sent_message();
    run(fmt::format("UPDATE message SET state = 0 WHERE id = {}", id.value));
    auto claimed = api_.database().write_value(db::Priority::web, [&](db::Connection& connection) {
      return ledger_.claim(connection, api_.organisation(), delivery::direct_lane(transport), 1,
                           api_.clock().now());
    });
    EXPECT_TRUE(claimed && claimed->size() == 1);
    delivery::EmailPreparer preparer(api_.database(), api_.clock(),
                                     {"https://x.example", [&](OrganisationId organisation) {
                                        return api_.services().token_keys.current(organisation);
                                      }});
    const auto prepared = preparer.prepare(claimed->front());
    EXPECT_TRUE(prepared) << prepared.error().message;
    return std::pair(id, *(*prepared)->octets);
  };
  EXPECT_THAT(octets_by("smtp://relay.example").second, Not(HasSubstr("X-PM-Metadata")));
  const auto [id, octets] = octets_by("smtp://smtp.postmarkapp.com");
  EXPECT_THAT(octets, ::testing::StartsWith("X-PM-Metadata-tidings: " + to_text(id) + "\r\n"));
}

// ---------------------------------------------------------------- Mailgun
TEST_P(ProvidersApi, a_token_of_mailgun_is_good_once) {
  const auto made = made_webhook({{"provider", "mailgun"}, {"secret", "mailgun-key"}});
  const MessageId id = sent_message();
  const std::string path = path_of(made);
  const std::string first = mailgun_body(id, "t1", R"("event": "delivered")");
  EXPECT_EQ(post(path, first), 204);
  std::string bent =
      first;  // the event is not signed: only the token keeps others from writing one
  bent.replace(bent.find("delivered"), 9, "complained");
  EXPECT_EQ(post(path, bent), 406);
  EXPECT_EQ(events_of(id), "delivered:mailgun");
  EXPECT_EQ(post(path, mailgun_body(id, "t2", R"("event": "complained")", "other-key")), 403);
  EXPECT_EQ(post(path, mailgun_body(id, "t2", R"("event": "complained")")), 204);
  EXPECT_EQ(events_of(id), "delivered:mailgun marked as spam:mailgun");
  const std::string late = mailgun_body(id, "t3", R"("event": "unsubscribed")");
  api_.clock().advance(feedback::kCallAgeMax);
  EXPECT_EQ(post(path, late), 403);
  EXPECT_EQ(post(path, mailgun_body(id, "t4", R"("event": "unsubscribed")")), 204);
  api_.clock().advance(2 * feedback::kCallAgeMax);
  EXPECT_EQ(post(path, mailgun_body(id, "t5", R"("event": "opened")")), 204);
  EXPECT_EQ(count("SELECT COUNT(*) FROM provider_token"), 1) << "those that are too old are gone";
}

// ---------------------------------------------------------------- whose message
TEST_P(ProvidersApi, a_webhook_speaks_of_messages_of_its_own_organisation_only) {
  const MessageId id = sent_message();
  const auto other = api_.everything(api_.other_organisation());
  const auto made = api_.call_as(other, "POST", "/provider-webhooks",
                                 R"({"provider": "mailgun", "secret": "mailgun-key"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(post(path_of(made), mailgun_body(id, "t1", R"("event": "complained")")), 204);
  EXPECT_EQ(events_of(id), "");
  EXPECT_EQ(suppressed(), 0);
  EXPECT_EQ(count("SELECT unknown FROM provider_webhook"), 1);
}

TEST_P(ProvidersApi, an_address_that_nobody_made_or_of_another_service_is_404) {
  const auto made = made_webhook({{"provider", "mailgun"}, {"secret", "mailgun-key"}});
  const std::string body = mailgun_body(MessageId{1}, "t1", R"("event": "complained")");
  std::string path = path_of(made);
  EXPECT_EQ(post("/provider-events/mailgun/aaaaaaaaaaaaaaaaaaaaaaaaaa", body), 404);
  path.replace(path.find("mailgun"), 7, "postmark");
  EXPECT_EQ(post(path, body), 404);
}

TEST_P(ProvidersApi, a_flood_of_one_address_is_slowed_down) {
  const auto made = made_webhook({{"provider", "mailgun"}, {"secret", "mailgun-key"}});
  int refused = 0;
  for (int i = 0; i < static_cast<int>(http::kCallRate.burst) + 10; ++i) {
    refused += post("/provider-events/mailgun/x", "{}") == 429 ? 1 : 0;
  }
  EXPECT_EQ(refused, 10);
}

}  // namespace
}  // namespace tidings::api
