// What each service tells, read into our words. The calls are written after the services' own
// documentation (the headers name it), with made-up people.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "feedback/providers/mailgun.h"
#include "feedback/providers/postmark.h"
#include "feedback/providers/sendgrid.h"
#include "feedback/providers/ses.h"
#include "feedback/providers/signatures.h"
#include "feedback/providers/sns.h"

namespace tidings::feedback {
namespace {

// "bounced hard userunknown recipient 5.1.1 550 jan@example.org"
std::string told(const ProviderEvent& event) {
  const ReportRecipient& about = event.about;
  return fmt::format("{} {} {} {} {} {} {}", to_string(event.type), to_string(about.severity),
                     to_string(about.reason), to_string(about.scope),
                     about.status.empty() ? "-" : about.status, about.reply_code, about.address);
}
std::vector<std::string> told(const ProviderReading& reading) {
  std::vector<std::string> list;
  for (const ProviderEvent& event : reading.events) list.push_back(told(event));
  return list;
}
using Told = std::vector<std::string>;

// ---------------------------------------------------------------- Amazon SES
constexpr std::string_view kMail = R"("mail": {
  "timestamp": "2026-11-22T07:59:00.000Z", "messageId": "0100019a-77", "source": "bounce+t@school.org",
  "destination": ["jan@example.org"], "headersTruncated": false,
  "headers": [{"name": "From", "value": "Office <office@school.org>"},
              {"name": "Message-ID", "value": "<0e5m3k9q1zw2a.tidings@school.org>"}],
  "commonHeaders": {"messageId": "<other@school.org>", "subject": "Hi"}})";

ProviderReading ses(std::string_view kind, std::string_view member, std::string_view object,
                    std::string_view shape = "notificationType") {
  return read_ses(
      fmt::format(R"({{"{}": "{}", "{}": {}, {}}})", shape, kind, member, object, kMail));
}

TEST(Ses, a_bounce_with_the_servers_words_is_read_like_any) {
  const auto reading = ses("Bounce", "bounce", R"({"bounceType": "Permanent",
    "bounceSubType": "General", "feedbackId": "f1", "timestamp": "2026-11-22T07:59:30.123Z",
    "reportingMTA": "dns; a.example", "bouncedRecipients": [{"emailAddress": "jan@example.org",
    "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 <jan@example.org>... User unknown"}]})");
  ASSERT_EQ(told(reading), Told{"bounced hard userunknown recipient 5.1.1 550 jan@example.org"});
  const ProviderEvent& event = reading.events[0];
  EXPECT_EQ(event.message_id, "<0e5m3k9q1zw2a.tidings@school.org>");
  EXPECT_EQ(event.return_path, "bounce+t@school.org");
  EXPECT_EQ(event.occurred_at, parse_rfc3339("2026-11-22T07:59:30.123Z"));
  EXPECT_FALSE(event.is_one_of_several);
}

TEST(Ses, each_sub_type_of_a_bounce_without_words_says_its_own) {
  const auto of = [](std::string_view type, std::string_view sub_type) {
    const auto reading = ses("Bounce", "bounce",
                             fmt::format(R"({{"bounceType": "{}",
      "bounceSubType": "{}", "bouncedRecipients": [{{"emailAddress": "a@b.org"}}]}})",
                                         type, sub_type));
    return told(reading.events.at(0));
  };
  EXPECT_EQ(of("Permanent", "NoEmail"), "bounced hard userunknown recipient - 0 a@b.org");
  EXPECT_EQ(of("Permanent", "General"), "bounced hard undefined recipient - 0 a@b.org");
  EXPECT_EQ(of("Permanent", "Suppressed"), "bounced soft suppressed recipient - 0 a@b.org");
  EXPECT_EQ(of("Permanent", "OnAccountSuppressionList"),
            "bounced soft suppressed recipient - 0 a@b.org");
  EXPECT_EQ(of("Transient", "General"), "bounced soft undefined recipient - 0 a@b.org");
  EXPECT_EQ(of("Transient", "MailboxFull"), "bounced soft mailboxfull recipient - 0 a@b.org");
  EXPECT_EQ(of("Transient", "MessageTooLarge"), "bounced soft mesgtoobig message - 0 a@b.org");
  EXPECT_EQ(of("Transient", "ContentRejected"), "bounced soft contenterror message - 0 a@b.org");
  EXPECT_EQ(of("Undetermined", "Undetermined"), "bounced undetermined undefined none - 0 a@b.org");
}

TEST(Ses, a_bounce_is_never_worse_than_ses_says_nor_a_block_a_dead_address) {
  const auto of = [](std::string_view type, std::string_view words) {
    const auto reading = ses("Bounce", "bounce",
                             fmt::format(R"({{"bounceType": "{}",
      "bounceSubType": "General", "bouncedRecipients": [{{"emailAddress": "a@b.org",
      "diagnosticCode": "smtp; {}"}}]}})",
                                         type, words));
    return told(reading.events.at(0));
  };
  EXPECT_EQ(of("Transient", "550 5.1.1 User unknown"),
            "bounced soft userunknown recipient 5.1.1 550 a@b.org");
  EXPECT_EQ(of("Permanent", "550 5.7.1 listed at zen.spamhaus.org"),
            "bounced block blocked our_address 5.7.1 550 a@b.org");
}

TEST(Ses, several_recipients_are_several_events_with_keys_of_their_own) {
  const auto reading =
      ses("Bounce", "bounce", R"({"bounceType": "Permanent", "bounceSubType": "NoEmail",
    "bouncedRecipients": [{"emailAddress": "a@b.org"}, {"emailAddress": "c@d.org"}]})");
  ASSERT_EQ(reading.events.size(), 2u);
  EXPECT_TRUE(reading.events[0].is_one_of_several);
  EXPECT_NE(reading.events[0].key, reading.events[1].key);
}

TEST(Ses, complaints_deliveries_delays_and_rejects_in_both_shapes) {
  for (const std::string_view shape : {"notificationType", "eventType"}) {
    EXPECT_EQ(told(ses("Complaint", "complaint",
                       R"({"complainedRecipients": [{"emailAddress": "a@b.org"}],
      "complaintFeedbackType": "abuse", "feedbackId": "f"})",
                       shape)),
              Told{"marked as spam none feedback recipient - 0 a@b.org"});
    EXPECT_EQ(told(ses("Delivery", "delivery", R"({"recipients": ["a@b.org"],
      "smtpResponse": "250 2.0.0 Ok: queued as 1A2"})",
                       shape)),
              Told{"delivered none delivered recipient - 0 a@b.org"});
    EXPECT_EQ(told(ses("DeliveryDelay", "deliveryDelay", R"({"delayType": "MailboxFull",
      "delayedRecipients": [{"emailAddress": "a@b.org", "status": "4.2.2",
      "diagnosticCode": "smtp; 452 4.2.2 mailbox full"}]})",
                       shape)),
              Told{"delayed transient mailboxfull recipient 4.2.2 452 a@b.org"});
    EXPECT_EQ(told(ses("Reject", "reject", R"({"reason": "Bad content"})", shape)),
              Told{"bounced block virusdetected message - 0 "});
  }
}

TEST(Ses, what_is_nothing_to_us_is_counted) {
  EXPECT_EQ(ses("Open", "open", "{}", "eventType").ignored, 1u);
  EXPECT_EQ(ses("Complaint", "complaint", R"({"complaintFeedbackType": "not-spam",
    "complainedRecipients": [{"emailAddress": "a@b.org"}]})")
                .ignored,
            1u);
  for (const std::string_view odd :
       {"Successfully validated SNS topic for Amazon SES.", "", "[]", "{}",
        R"({"mail": 1, "notificationType": "Bounce"})",
        R"({"mail": {}, "notificationType": "Bounce", "bounce": []})"}) {
    EXPECT_EQ(read_ses(odd).ignored, 1u) << odd;
    EXPECT_TRUE(read_ses(odd).events.empty()) << odd;
  }
}

// ---------------------------------------------------------------- Amazon SNS
TEST(Sns, only_addresses_of_amazon_are_asked) {
  EXPECT_TRUE(
      certificate_address("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1a.pem"));
  EXPECT_TRUE(certificate_address("https://sns.cn-north-1.amazonaws.com.cn/Simple.pem"));
  for (const std::string_view evil : {"http://sns.eu-west-1.amazonaws.com/a.pem",
                                      "https://sns.eu-west-1.amazonaws.com.evil.net/a.pem",
                                      "https://evil.net/sns.eu-west-1.amazonaws.com/a.pem",
                                      "https://sns.amazonaws.com/a.pem",
                                      "https://sns.evil.net/.amazonaws.com/a.pem",
                                      "https://sns.a.b.amazonaws.com/a.pem",
                                      "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
                                      "https://u@sns.eu-west-1.amazonaws.com/a.pem",
                                      "https://sns.eu-west-1.amazonaws.com@evil.net/a.pem",
                                      "https://127.0.0.1/a.pem",
                                      "https://sns.eu-west-1.amazonaws.com/a.pem?x=1",
                                      "https://sns.eu-west-1.amazonaws.com/a.txt",
                                      "https://sns.eu-west-1.amazonaws.com/../a.pem",
                                      "https://sns.eu-west-1.amazonaws.com\\@evil.net/a.pem",
                                      "https://s3.eu-west-1.amazonaws.com/sns/a.pem",
                                      "https://SNS.eu-west-1.amazonaws.com/a.pem",
                                      "https://sns.eu-west-1.amazonaws.com/a%0d%0a.pem",
                                      "https://sns.eu_west.amazonaws.com/a.pem",
                                      "https://sns..amazonaws.com/a.pem",
                                      "file:///etc/passwd.pem",
                                      ""}) {
    EXPECT_FALSE(certificate_address(evil)) << evil;
  }
  EXPECT_TRUE(confirmation_address(
      "https://sns.eu-west-1.amazonaws.com/"
      "?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:1:b&Token=2336"));
  for (const std::string_view evil :
       {"https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&x=1",
        "https://evil.net/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription& HTTP/1.1"}) {
    EXPECT_FALSE(confirmation_address(evil)) << evil;
  }
}

TEST(Sns, what_is_signed_has_the_members_in_their_order) {
  const auto read =
      read_sns(R"({"Type": "Notification", "MessageId": "m", "TopicArn": "t", "Subject": "s",
    "Message": "a\nb", "Timestamp": "2026", "SignatureVersion": "1", "Signature": "AAAA",
    "SigningCertURL": "u"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(sns_signed_text(*read),
            "Message\na\nb\nMessageId\nm\nSubject\ns\nTimestamp\n2026\nTopicArn\nt\nType\nNotificat"
            "ion\n");
  const auto other =
      read_sns(R"({"Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "k",
    "TopicArn": "t", "Message": "x", "SubscribeURL": "u", "Timestamp": "2026", "Signature": "AAAA"})");
  ASSERT_TRUE(other);
  EXPECT_EQ(
      sns_signed_text(*other),
      "Message\nx\nMessageId\nm\nSubscribeURL\nu\nTimestamp\n2026\nToken\nk\nTopicArn\nt\nType\n"
      "SubscriptionConfirmation\n");
  EXPECT_EQ(read_sns(R"({"notificationType": "Bounce"})").error().code, "provider.malformed");
  EXPECT_TRUE(is_topic_arn("arn:aws:sns:eu-west-1:123456789012:bounces"));
  EXPECT_TRUE(is_topic_arn("arn:aws-cn:sns:cn-north-1:123456789012:b"));
  for (const std::string_view bad :
       {"", "bounces", "arn:aws:sqs:eu-west-1:1:b",
        "arn:aws:sns:eu-west-1:1:", "arn:aws:sns:eu-west-1:1:b:sub", "arn:aws:sns:eu west:1:b"}) {
    EXPECT_FALSE(is_topic_arn(bad)) << bad;
  }
}

// ---------------------------------------------------------------- SendGrid
std::string sendgrid(std::string_view event) {
  const auto reading = read_sendgrid(fmt::format(
      R"([{{"email": "a@b.org", "timestamp": 1795334400, "smtp-id": "<m@s>", "sg_event_id": "e1",
      "sg_message_id": "s1", {}}}])",
      event));
  if (!reading || reading->events.empty()) return "";
  EXPECT_EQ(reading->events[0].occurred_at, parse_rfc3339("2026-11-22T08:00:00Z"));
  EXPECT_EQ(reading->events[0].message_id, "<m@s>");
  return told(reading->events[0]);
}

TEST(SendGrid, each_kind_of_event) {
  EXPECT_EQ(sendgrid(R"("event": "delivered", "response": "250 OK")"),
            "delivered none delivered recipient - 0 a@b.org");
  EXPECT_EQ(
      sendgrid(
          R"("event": "deferred", "response": "451 4.7.1 Greylisted, try again", "attempt": "1")")
          .substr(0, 17),
      "delayed transient");
  EXPECT_EQ(sendgrid(R"("event": "bounce", "type": "bounce", "status": "5.1.1",
                        "reason": "550 5.1.1 The email account that you tried to reach does not exist")"),
            "bounced hard userunknown recipient 5.1.1 550 a@b.org");
  EXPECT_EQ(
      sendgrid(
          R"("event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address")"),
      "bounced hard userunknown recipient - 0 a@b.org");
  EXPECT_EQ(sendgrid(R"("event": "bounce", "type": "blocked", "status": "5.7.1",
                        "reason": "550 5.7.1 listed at zen.spamhaus.org")"),
            "bounced block blocked our_address 5.7.1 550 a@b.org");
  EXPECT_EQ(sendgrid(R"("event": "bounce", "type": "blocked", "reason": "550 5.1.1 no such user")"),
            "bounced block userunknown recipient 5.1.1 550 a@b.org")
      << "no worse than SendGrid says";
  EXPECT_EQ(sendgrid(R"("event": "dropped", "reason": "Bounced Address", "status": "5.0.0")"),
            "bounced soft suppressed recipient 5.0.0 0 a@b.org");
  EXPECT_EQ(sendgrid(R"("event": "spamreport")"),
            "marked as spam none feedback recipient - 0 a@b.org");
  EXPECT_EQ(sendgrid(R"("event": "group_unsubscribe", "asm_group_id": 10)").substr(0, 12),
            "unsubscribed");
  for (const std::string_view kind :
       {"processed", "open", "click", "group_resubscribe", "new one"}) {
    EXPECT_EQ(sendgrid(fmt::format(R"("event": "{}")", kind)), "") << kind;
  }
}

TEST(SendGrid, deferrals_of_a_message_are_one_fact_and_odd_lists_no_trouble) {
  const auto reading = read_sendgrid(R"([
    {"event": "deferred", "sg_event_id": "e1", "smtp-id": "<m@s>", "sg_message_id": "s", "timestamp": 1e30},
    {"event": "deferred", "sg_event_id": "e2", "smtp-id": "<m@s>", "sg_message_id": "s", "timestamp": -5},
    1, null, [], {}, {"event": 7}, {"event": "delivered", "email": "a\u0000b@c.org", "timestamp": "soon"}])");
  ASSERT_TRUE(reading);
  ASSERT_EQ(reading->events.size(), 3u);
  EXPECT_EQ(reading->ignored, 5u);
  EXPECT_EQ(reading->events[0].key, reading->events[1].key);
  EXPECT_FALSE(reading->events[0].occurred_at);
  EXPECT_FALSE(reading->events[2].about.address.contains('\0')) << "the database takes no NUL";
  EXPECT_EQ(read_sendgrid(R"({"event": "bounce"})").error().code, "provider.malformed");
  EXPECT_EQ(read_sendgrid("").error().code, "provider.malformed");
}

// ---------------------------------------------------------------- Postmark
std::string postmark(std::string_view members) {
  const auto reading = read_postmark(fmt::format(
      R"({{"MessageID": "883953f4", "Metadata": {{"tidings": "0e5m3k9q1zw2a"}}, {}}})", members));
  if (!reading || reading->events.empty()) return "";
  EXPECT_EQ(reading->events[0].metadata, "0e5m3k9q1zw2a");
  EXPECT_TRUE(reading->events[0].occurred_at);
  return told(reading->events[0]);
}

TEST(Postmark, each_kind_of_record) {
  const auto bounce = [](std::string_view type, std::string_view details = "") {
    return postmark(
        fmt::format(R"("RecordType": "Bounce", "ID": 42, "Type": "{}", "Email": "a@b.org",
      "BouncedAt": "2026-11-22T07:59:00.9070259Z", "Details": "{}")",
                    type, details));
  };
  EXPECT_EQ(bounce("HardBounce",
                   "smtp;550 5.1.1 The email account that you tried to reach does not exist"),
            "bounced hard userunknown recipient 5.1.1 550 a@b.org");
  EXPECT_EQ(bounce("HardBounce"), "bounced hard undefined recipient - 0 a@b.org");
  EXPECT_EQ(bounce("SoftBounce", "smtp;552 5.2.2 mailbox full"),
            "bounced soft mailboxfull recipient 5.2.2 552 a@b.org");
  EXPECT_EQ(bounce("SoftBounce", "smtp;550 5.1.1 user unknown").substr(0, 12), "bounced soft");
  EXPECT_EQ(bounce("Transient").substr(0, 17), "delayed transient");
  EXPECT_EQ(bounce("Blocked").substr(0, 13), "bounced block");
  EXPECT_EQ(bounce("SpamNotification"), "bounced block spamdetected message - 0 a@b.org");
  EXPECT_EQ(bounce("AutoResponder").substr(0, 4), "auto");
  EXPECT_EQ(bounce("BadEmailAddress").substr(0, 24), "bounced hard userunknown");
  EXPECT_EQ(bounce("TemplateRenderingFailed"), "");
  EXPECT_EQ(
      postmark(
          R"("RecordType": "SpamComplaint", "ID": 7, "Type": "SpamComplaint", "Email": "a@b.org",
    "BouncedAt": "2026-11-22T07:59:00Z")"),
      "marked as spam none feedback recipient - 0 a@b.org");
  EXPECT_EQ(postmark(R"("RecordType": "Delivery", "Recipient": "a@b.org",
    "DeliveredAt": "2026-11-22T07:59:00Z", "Details": "Test")"),
            "delivered none delivered recipient - 0 a@b.org");
  EXPECT_EQ(postmark(R"("RecordType": "Open", "Recipient": "a@b.org")"), "");
}

TEST(Postmark, only_the_recipients_own_wish_unsubscribes) {
  const auto change = [](std::string_view origin, std::string_view reason, bool off) {
    return postmark(fmt::format(R"("RecordType": "SubscriptionChange", "Recipient": "a@b.org",
      "ChangedAt": "2026-11-22T07:59:00Z", "Origin": "{}", "SuppressionReason": "{}", "SuppressSending": {})",
                                origin, reason, off));
  };
  EXPECT_EQ(change("Recipient", "ManualSuppression", true).substr(0, 12), "unsubscribed");
  EXPECT_EQ(change("Recipient", "HardBounce", true), "") << "comes as a bounce";
  EXPECT_EQ(change("Customer", "ManualSuppression", true), "");
  EXPECT_EQ(change("Recipient", "ManualSuppression", false), "")
      << "nobody is subscribed by a service";
}

TEST(Postmark, the_login_of_the_address_is_compared_whole) {
  EXPECT_TRUE(is_basic_login("Basic " + to_base64("tidings:geheim"), "tidings", "geheim"));
  EXPECT_TRUE(is_basic_login("basic " + to_base64("tidings:geheim"), "tidings", "geheim"));
  for (const std::string& wrong :
       {std::string(), std::string("Basic"), "Basic " + to_base64("tidings:"),
        "Basic " + to_base64("tidings:geheim2"), "Bearer " + to_base64("tidings:geheim"),
        "Basic " + to_base64("tidings"), std::string("Basic %%%")}) {
    EXPECT_FALSE(is_basic_login(wrong, "tidings", "geheim")) << wrong;
  }
  EXPECT_FALSE(is_basic_login("Basic " + to_base64("tidings:"), "tidings", ""))
      << "no password lets nobody in";
}

// ---------------------------------------------------------------- Mailgun
constexpr std::string_view kKey = "key-of-the-account";

std::string mailgun_body(std::string_view event, std::string_view key = kKey) {
  return fmt::format(
      R"({{"signature": {{"timestamp": "1795334400", "token": "t0k3n", "signature": "{}"}},
    "event-data": {{"id": "e1", "timestamp": 1795334399.25, "recipient": "a@b.org",
    "message": {{"headers": {{"message-id": "0e5m3k9q1zw2a.tidings@school.org"}}}}, {}}}}})",
      to_hex(hmac_sha256(key, "1795334400t0k3n")), event);
}
std::string mailgun(std::string_view event) {
  const auto call = read_mailgun(mailgun_body(event), kKey);
  EXPECT_TRUE(call && call->signature.is_good);
  if (!call || call->reading.events.empty()) return "";
  EXPECT_EQ(call->reading.events[0].message_id, "0e5m3k9q1zw2a.tidings@school.org");
  return told(call->reading.events[0]);
}

TEST(Mailgun, each_kind_of_event) {
  EXPECT_EQ(mailgun(R"("event": "delivered", "delivery-status": {"code": 250, "message": "OK"})"),
            "delivered none delivered recipient - 0 a@b.org");
  EXPECT_EQ(mailgun(R"("event": "failed", "severity": "permanent", "reason": "bounce",
    "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": "5.1.1 no such user here"})"),
            "bounced hard userunknown recipient 5.1.1 550 a@b.org");
  EXPECT_EQ(mailgun(R"("event": "failed", "severity": "permanent", "reason": "generic",
    "delivery-status": {"code": 550, "message": "5.7.1 listed at zen.spamhaus.org"})"),
            "bounced block blocked our_address 5.7.1 550 a@b.org");
  EXPECT_EQ(mailgun(R"("event": "failed", "severity": "temporary", "reason": "generic",
    "delivery-status": {"code": 452, "message": "4.2.2 The email account is over quota"})"),
            "delayed transient mailboxfull recipient 4.2.2 452 a@b.org");
  EXPECT_EQ(mailgun(R"("event": "failed", "severity": "permanent", "reason": "suppress-bounce",
    "delivery-status": {"code": 605, "description": "Not delivering to previously bounced address"})"),
            "bounced soft suppressed recipient - 0 a@b.org");
  EXPECT_EQ(mailgun(R"("event": "failed", "severity": "permanent", "reason": "old",
    "delivery-status": {"code": 602, "message": "Too old"})")
                .substr(0, 20),
            "bounced soft expired");
  EXPECT_EQ(mailgun(R"("event": "complained")"),
            "marked as spam none feedback recipient - 0 a@b.org");
  EXPECT_EQ(mailgun(R"("event": "unsubscribed")").substr(0, 12), "unsubscribed");
  for (const std::string_view kind : {"accepted", "opened", "clicked", "stored"}) {
    EXPECT_EQ(mailgun(fmt::format(R"("event": "{}")", kind)), "") << kind;
  }
}

TEST(Mailgun, nothing_is_read_without_its_signature) {
  const auto forged = read_mailgun(mailgun_body(R"("event": "complained")", "another key"), kKey);
  ASSERT_TRUE(forged);
  EXPECT_FALSE(forged->signature.is_good);
  EXPECT_TRUE(forged->reading.events.empty());
  EXPECT_FALSE(read_mailgun(mailgun_body(R"("event": "complained")", ""), "")->signature.is_good)
      << "an empty key signs nothing";
  for (const std::string_view odd : {"", "[]", "{}", R"({"signature": {}, "event-data": []})"}) {
    EXPECT_EQ(read_mailgun(odd, kKey).error().code, "provider.malformed") << odd;
  }
  const auto empty = read_mailgun(R"({"signature": {}, "event-data": {}})", kKey);
  EXPECT_FALSE(empty->signature.is_good);
}

TEST(Signatures, what_is_no_key_or_no_certificate_signs_nothing) {
  for (const std::string_view bad : {"", "MFkw", "%%", "-----BEGIN PUBLIC KEY-----"}) {
    EXPECT_EQ(read_p256_key(bad).error().code, "provider.public_key") << bad;
  }
  EXPECT_FALSE(is_signed_by_p256("", "a", ""));
  EXPECT_FALSE(is_signed_by_certificate("", "a", "b", SignatureHash::sha256, from_micros(0)));
}

}  // namespace
}  // namespace tidings::feedback
