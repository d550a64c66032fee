// What servers send, in forms written for these tests after their manuals and habits.
#include "feedback/reading/read_report.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "feedback/reading/mail.h"
#include "wire/text_encoding.h"

namespace tidings::feedback {
namespace {

struct Sample {
  std::string_view name;
  std::string_view mail;
  std::string_view address;
  BounceReason reason;
  Severity severity;
  std::uint16_t reply_code = 0;
  std::string_view status = {};
};

using enum BounceReason;

void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.name; }

class Servers : public testing::TestWithParam<Sample> {};

TEST_P(Servers, AreUnderstood) {
  const Sample& sample = GetParam();
  const Report report = read_report(sample.mail);
  EXPECT_EQ(to_string(report.kind), "bounce");
  ASSERT_EQ(report.recipients.size(), 1U);
  const ReportRecipient& read = report.recipients.front();
  EXPECT_EQ(read.address, sample.address);
  EXPECT_EQ(to_string(read.reason), to_string(sample.reason)) << read.diagnostic;
  EXPECT_EQ(to_string(read.severity), to_string(sample.severity));
  EXPECT_EQ(read.reply_code, sample.reply_code);
  EXPECT_EQ(read.status, sample.status);
}

std::string summary(const Report& report) {
  std::string words(to_string(report.kind));
  for (const ReportRecipient& each : report.recipients) {
    words += " " + each.address + " " + std::string(to_string(each.reason)) + " " + each.status;
  }
  return words;
}

TEST_P(Servers, AreUnderstoodWhateverEndsALineAndWhoeverReads) {
  const std::string_view mail = GetParam().mail;
  std::string on_the_wire;
  for (const char c : mail) on_the_wire += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(summary(read_report(on_the_wire)), summary(read_report(mail)));
  if (const auto behind = mail_behind_mark(mail)) {
    EXPECT_EQ(summary(read_report(read_mail_with_gmime(*behind))), summary(read_report(mail)));
  }
}

constexpr std::string_view kWho = "kim@example.org";

constexpr auto kSamples = std::to_array<Sample>({
    {"Exim",
     "From: Mail Delivery System <Mailer-Daemon@mx.example.net>\n"
     "To: bounce+k@news.example.com\nX-Failed-Recipients: kim@example.org\n"
     "Subject: Mail delivery failed: returning message to sender\n\n"
     "This message was created automatically by mail delivery software.\n\n"
     "A message that you sent could not be delivered to one or more of its\n"
     "recipients. This is a permanent error. The following address(es) failed:\n\n"
     "  kim@example.org\n    all relevant MX records point to non-existent hosts\n\n"
     "------ This is a copy of the message, including all the headers. ------\n\n"
     "Return-path: <bounce+k@news.example.com>\nTo: kim@example.org\n",
     kWho, host_unknown, Severity::hard},
    {"qmail",
     "From: MAILER-DAEMON@mx.example.net\nTo: bounce+k@news.example.com\n"
     "Subject: failure notice\n\n"
     "Hi. This is the qmail-send program at mx.example.net.\n"
     "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
     "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
     "<kim@example.org>:\nConnected to 192.0.2.7 but sender was rejected.\n"
     "Remote host said: 550 5.7.1 Message rejected as spam by Content Filtering\n\n"
     "--- Below this line is a copy of the message.\n\nReturn-Path: <a@b.example>\n",
     kWho, spam_detected, Severity::block, 550, "5.7.1"},
    {"Domino",
     "From: Postmaster@mx.example.org\nTo: bounce+k@news.example.com\n"
     "Subject: DELIVERY FAILURE: User kim (kim@example.org) not listed in Domino\n\n"
     "Your message\n\n  Subject: News\n\nwas not delivered to:\n\n  kim@example.org\n\n"
     "because:\n\n  User kim (kim@example.org) not listed in Domino Directory\n",
     kWho, user_unknown, Severity::hard},
    {"Exchange2003",
     "From: System Administrator <postmaster@example.org>\n"
     "To: bounce+k@news.example.com\nSubject: Undeliverable: News\n\n"
     "Your message\n\n  To:      kim@example.org\n  Subject: News\n"
     "  Sent:    Sun, 22 Nov 2026 08:00:00 +0100\n\n"
     "did not reach the following recipient(s):\n\n"
     "kim@example.org on Sun, 22 Nov 2026 08:00:03 +0100\n"
     "    The message reached the recipient's e-mail system, but delivery was refused.\n"
     "    <mx.example.org #5.2.2 smtp;552 5.2.2 Mailbox full>\n",
     kWho, mailbox_full, Severity::soft, 552, "5.2.2"},
    {"Microsoft365",
     "From: <postmaster@example.onmicrosoft.com>\nTo: bounce+k@news.example.com\n"
     "Subject: Undeliverable: News\n\n"
     "Delivery has failed to these recipients or groups:\n\n"
     "kim@example.org<mailto:kim@example.org>\n"
     "The email address you entered couldn't be found.\n\n"
     "Diagnostic information for administrators:\n\n"
     "Generating server: AM1.eurprd01.prod.outlook.com\n\nkim@example.org\n"
     "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not "
     "found by SMTP address lookup'\n\nOriginal message headers:\n\nReceived: from x\n",
     kWho, user_unknown, Severity::hard, 550, "5.1.10"},
    {"GmailDelay",
     "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
     "To: bounce+k@news.example.com\nSubject: Delivery Status Notification (Delay)\n"
     "X-Failed-Recipients: kim@example.org\n\n** Delivery incomplete **\n\n"
     "There was a temporary problem delivering your message to kim@example.org. Gmail "
     "will retry for 46 more hours.\n\nThe response was:\n\nThe recipient server did "
     "not accept our requests to connect. [mx.example.org 192.0.2.7: timed out]\n",
     kWho, expired, Severity::transient},
    {"MailRu",
     "From: Mail Delivery System <Mailer-Daemon@mx1.example.ru>\n"
     "To: bounce+k@news.example.com\nAuto-Submitted: auto-replied\n"
     "Content-Type: text/plain; charset=utf-8\nSubject: Mail delivery failed\n\n"
     "Message was not accepted -- invalid mailbox.\n"
     "Local mailbox kim@example.org is unavailable: account is disabled\n",
     kWho, suspend, Severity::soft},
    {"Yahoo",
     "From: MAILER-DAEMON@yahoo.example\nTo: bounce+k@news.example.com\n"
     "Subject: Failure Notice\n\n"
     "Sorry, we were unable to deliver your message to the following address.\n\n"
     "<kim@example.org>:\n"
     "554: delivery error: dd This user doesn't have a example.org account\n",
     kWho, user_unknown, Severity::hard, 554},
    {"Kddi",
     "From: no-reply@app.example.jp\nTo: bounce+k@news.example.com\n"
     "Subject: Mail delivery failed\n\n"
     "Your mail sent on: Sun, 22 Nov 2026 17:00:00 +0900\n"
     "Could not be delivered to:  kim@example.org\n  As their mailbox is full.\n",
     kWho, mailbox_full, Severity::soft},
    {"Ezweb",
     "From: Postmaster@ezweb.example.jp\nTo: bounce+k@news.example.com\n"
     "Subject: Mail System Error - Returned Mail\n\n"
     "The user(s) account is temporarily over quota.\n\n<kim@example.org>\n\n"
     ">>> RCPT TO:<kim@example.org>\n<<< 550 <kim@example.org>: User unknown\n",
     kWho, user_unknown, Severity::hard, 550},
    {"Activehunter",
     "From: MAILER-DAEMON@example.net\nTo: bounce+k@news.example.com\n"
     "Subject: FAILURE NOTICE :\n\n"
     "I'm sorry, I wasn't able to deliver your message.\n\n>>> kim@example.org <<<\n\n"
     "550 sorry, no mailbox here by that name (#5.1.1 - chkuser)\n\n"
     "==== THE MESSAGE ====\n",
     kWho, user_unknown, Severity::hard, 550, "5.1.1"},
    {"MailMarshal",
     "From: <postmaster@example.net>\nTo: bounce+k@news.example.com\n"
     "Subject: Undeliverable Mail: \"News\"\n\n"
     "Your message:\n   From:    news@example.com\n   Subject: News\n\n"
     "Could not be delivered because of\n\n550 5.1.1 User unknown\n\n"
     "The following recipients were affected: \n    kim@example.org\n",
     kWho, user_unknown, Severity::hard, 550, "5.1.1"},
    {"OpenSmtpd",
     "From: Mailer Daemon <MAILER-DAEMON@mx.example.net>\n"
     "To: bounce+k@news.example.com\nSubject: Delivery status notification: error\n\n"
     "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
     "    An error has occurred while attempting to deliver a message for\n"
     "    the following list of recipients:\n\n"
     "kim@example.org: 550 5.7.23 <kim@example.org>: SPF check failed\n\n"
     "    Below is a copy of the original message:\n\nReceived: x\n",
     kWho, auth_failure, Severity::block, 550, "5.7.23"},
    {"SendmailTranscript",
     "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>\n"
     "To: bounce+k@news.example.com\nSubject: Returned mail: see transcript for details"
     "\n\nThe original message was received at Sun, 22 Nov 2026 08:00:00 +0100\n"
     "from mx.example.com [192.0.2.9]\n\n"
     "   ----- The following addresses had permanent fatal errors -----\n"
     "<kim@example.org>\n    (reason: 550 5.7.1 Relaying denied)\n\n"
     "   ----- Transcript of session follows -----\n"
     "... while talking to mx.example.org.:\n>>> RCPT To:<kim@example.org>\n"
     "<<< 550 5.7.1 Relaying denied\n",
     kWho, no_relaying, Severity::block, 550, "5.7.1"},
    {"James",
     "From: <postmaster@example.net>\nTo: bounce+k@news.example.com\n"
     "Subject: [BOUNCE]\n\nHi. This is the James mail server at mx.example.net.\n"
     "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
     "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
     "kim@example.org\nConnection timed out\n",
     kWho, expired, Severity::soft},
    {"NoHeader",
     "<kim@example.org>: host mx.example.org[192.0.2.7] said: 550-5.7.26 Unauthenticated"
     "\n    email from example.com is not accepted due to domain's 550-5.7.26 DMARC\n"
     "    policy. (in reply to end of DATA command)\n",
     kWho, auth_failure, Severity::block, 550, "5.7.26"},
    {"Utf16Html",
     "From: MAILER-DAEMON@example.net\nTo: bounce+k@news.example.com\n"
     "Subject: Undelivered Mail\nMIME-Version: 1.0\n"
     "Content-Type: text/html; charset=iso-8859-1\n\n"
     "<html><body><p>Could not be delivered to:</p><p>kim@example.org</p>"
     "<p>550 5.1.1 Bo\xEEte inconnue: user unknown</p></body></html>\n",
     kWho, user_unknown, Severity::hard, 550, "5.1.1"},
});

INSTANTIATE_TEST_SUITE_P(Words, Servers, testing::ValuesIn(kSamples),
                         [](const auto& info) { return std::string(info.param.name); });

std::string status_report(std::string_view fields) {
  return std::string(
             "From: MAILER-DAEMON@mx.example.net\nTo: bounce+k@news.example.com\n"
             "Subject: Delivery report\nMIME-Version: 1.0\nContent-Type: multipart/report; "
             "report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
             "See below.\n\n--b\nContent-Type: message/delivery-status\n\n"
             "Reporting-MTA: dns; mx.example.net\n\n") +
         std::string(fields) +
         "\n--b\nContent-Type: text/rfc822-headers\n\nTo: x@y.example\n\n--b--\n";
}

TEST(DeliveryStatus, TellsEachRecipientApart) {
  const Report report = read_report(status_report(
      "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"
      "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n\n"
      "Original-Recipient: rfc822;b@example.org\nFinal-Recipient: rfc822; b2@example.net\n"
      "Action: delayed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 Mailbox full\n\n"
      "Final-Recipient: rfc822; c@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
      "Final-Recipient: rfc822; d@example.org\nAction: relayed\nStatus: 2.0.0\n\n"
      "Final-Recipient: rfc822; e@example.org\nAction: expanded\nStatus: 2.0.0\n"
      "X-Comment: to a list\n"));
  ASSERT_EQ(report.recipients.size(), 5U);
  const auto& to = report.recipients;
  EXPECT_EQ(to[0].severity, Severity::hard);
  EXPECT_EQ(to[0].scope, BounceScope::recipient);
  EXPECT_EQ(to[1].address, "b@example.org") << "the one we wrote to";
  EXPECT_EQ(to[1].severity, Severity::transient);
  EXPECT_EQ(to[1].reason, mailbox_full);
  for (std::size_t i = 2; i < 5; ++i) {
    EXPECT_EQ(to[i].reason, delivered);
    EXPECT_EQ(to[i].severity, Severity::none) << "these never suppress";
  }
}

TEST(DeliveryStatus, KeepsAddressesBeyondAscii) {
  const Report report = read_report(status_report(
      "Final-Recipient: utf-8; \\x{17B}aneta@example.org\nAction: failed\nStatus: 5.1.1\n"));
  ASSERT_EQ(report.recipients.size(), 1U);
  EXPECT_EQ(report.recipients[0].address,
            "\xC5\xBB"
            "aneta@example.org");
}

TEST(DeliveryStatus, AFinalCodeWithTemporaryWordsIsNotHard) {
  const Report report = read_report(
      status_report("Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 4.1.1\n"
                    "Diagnostic-Code: smtp; 450 4.1.1 User unknown in local recipient table\n"));
  ASSERT_EQ(report.recipients.size(), 1U);
  EXPECT_EQ(report.recipients[0].severity, Severity::soft);
}

TEST(Complaints, NameTheRecipientAndAreTheOnlyKind) {
  const std::string head =
      "From: <fbl@mailbox.example>\nTo: abuse@news.example.com\nSubject: complaint\n"
      "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; "
      "boundary=b\n\n--b\nContent-Type: text/plain\n\nSpam.\n\n--b\n"
      "Content-Type: message/feedback-report\n\nFeedback-Type: ";
  const std::string fields =
      "\nUser-Agent: x/1\nVersion: 1\nOriginal-Mail-From: <bounce+k@news.example.com>\n";
  const std::string end =
      "\n--b\nContent-Type: message/rfc822\n\nTo: \"Kim, Lee\" <lee@example.org>\n"
      "Subject: News\n\nHello\n--b--\n";
  const Report named =
      read_report(head + "abuse" + fields + "Original-Rcpt-To: <kim@example.org>\n" + end);
  EXPECT_EQ(named.kind, ReportKind::complaint);
  ASSERT_EQ(named.recipients.size(), 1U);
  EXPECT_EQ(named.recipients[0].address, "kim@example.org");
  EXPECT_EQ(named.recipients[0].reason, BounceReason::feedback);
  const Report unnamed = read_report(head + "abuse" + fields + end);
  ASSERT_EQ(unnamed.recipients.size(), 1U);
  EXPECT_EQ(unnamed.recipients[0].address, "lee@example.org");
  // Nobody complains by saying that it was no spam, or when a check of ours failed.
  EXPECT_EQ(read_report(head + "not-spam" + fields + end).kind, ReportKind::other);
  EXPECT_EQ(read_report(head + "auth-failure" + fields + end).kind, ReportKind::other);
}

TEST(Answers, OfProgramsAndOfPeopleAreToldApart) {
  const auto kind = [](std::string_view fields) {
    return read_report("From: Kim <kim@example.org>\nTo: news@example.com\n" + std::string(fields) +
                       "\n\nThank you.\n")
        .kind;
  };
  EXPECT_EQ(kind("Subject: News\nAuto-Submitted: auto-replied"), ReportKind::auto_reply);
  EXPECT_EQ(kind("Subject: News\nAuto-Submitted: auto-replied; owner-email=\"k@example.org\""),
            ReportKind::auto_reply);
  EXPECT_EQ(kind("Subject: Automatic reply: News\nX-Auto-Response-Suppress: All"),
            ReportKind::auto_reply);
  EXPECT_EQ(kind("Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_News?="), ReportKind::auto_reply);
  EXPECT_EQ(kind("Subject: Re: News\nPrecedence: auto_reply"), ReportKind::auto_reply);
  EXPECT_EQ(kind("Subject: Re: News"), ReportKind::reply);
  EXPECT_EQ(kind("Subject: Odp: News"), ReportKind::reply);
  EXPECT_EQ(kind("Subject: News\nIn-Reply-To: <1@news.example.com>"), ReportKind::reply);
  EXPECT_EQ(kind("Subject: Re: out of office hours\nIn-Reply-To: <1@news.example.com>"),
            ReportKind::reply);
  EXPECT_EQ(kind("Subject: Re: the mail could not be delivered to my aunt"), ReportKind::reply);
  EXPECT_EQ(kind("Subject: Lunch?"), ReportKind::other);
  EXPECT_EQ(kind("Subject: Statistics\nAuto-Submitted: auto-generated"), ReportKind::other);
}

TEST(Answers, OfPeopleMayQuoteABounce) {
  const std::string head = "From: Kim <kim@example.org>\nTo: news@example.com\n";
  const std::string quote =
      "\n\nWhat is this?\n\n> This is the mail system at host mx.example.net.\n> Your message "
      "could not be delivered.\n>\n> <lee@example.org>: 550 5.1.1 User unknown\n";
  EXPECT_EQ(read_report(head +
                        "Subject: Re: Undelivered Mail Returned to Sender\nIn-Reply-To: "
                        "<1@mx.example.net>" +
                        quote)
                .kind,
            ReportKind::reply);
}

TEST(Answers, SayWhoseTheyAre) {
  const Report report = read_report(
      "From: \"kim@example.org on holiday\" <kim.s@example.org>\nSubject: Auto: News\n\nAway.\n");
  EXPECT_EQ(report.from, "kim.s@example.org");
  ASSERT_EQ(report.recipients.size(), 1U);
  EXPECT_EQ(report.recipients[0].reason, vacation);
  EXPECT_EQ(report.recipients[0].severity, Severity::none);
}

TEST(Hostile, NothingIsSomethingElse) {
  for (const std::string_view text :
       {"", "\n", "\r\n\r\n", "From ", "From x", ":", "A:", "\0\0\0"}) {
    EXPECT_EQ(read_report(text).kind, ReportKind::other);
  }
  EXPECT_EQ(read_report(std::string(3, '\0') + "\xFF\xFE").kind, ReportKind::other);
}

TEST(Hostile, AMailMayEndAtABoundary) {
  for (const std::string_view end : {"--b", "--b\n", "--b--", "--b\n--b", "--b\n\n--b--\n", ""}) {
    const std::string mail =
        "Subject: cut\nContent-Type: multipart/mixed; boundary=b\n\n" + std::string(end);
    EXPECT_TRUE(read_report(mail).recipients.empty()) << end;
  }
}

TEST(Hostile, DeepNestingAndMegabytesStayBounded) {
  std::string deep = "From: MAILER-DAEMON@example.net\nSubject: Undelivered\nMIME-Version: 1.0\n";
  for (int i = 0; i < 20'000; ++i) {
    const std::string b = "b" + std::to_string(i);
    deep += "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n";
  }
  EXPECT_TRUE(read_report(deep).recipients.empty());
  std::string rfc822 = "From: MAILER-DAEMON@example.net\n";
  for (int i = 0; i < 20'000; ++i) rfc822 += "Content-Type: message/rfc822\n\n";
  EXPECT_NE(read_report(rfc822).kind, ReportKind::complaint);
  const std::string header = "From: a@example.org\nSubject: " + std::string(3 << 20, 'x') +
                             "\nTo: " + std::string(3 << 20, '@') + "\n\nHello\n";
  EXPECT_EQ(read_report(header).kind, ReportKind::other);
  std::string html = "From: MAILER-DAEMON@example.net\nContent-Type: text/html\n\n";
  for (int i = 0; i < 100'000; ++i) html += "<div>";
  EXPECT_EQ(read_report(html).kind, ReportKind::other);
  std::string many;
  for (int i = 0; i < 50'000; ++i) many += "<a" + std::to_string(i) + "@example.org>: 550 no\n";
  EXPECT_LE(read_report("From: MAILER-DAEMON@example.net\nSubject: failure notice\n\n" + many)
                .recipients.size(),
            1'000U);
}

TEST(Hostile, DiagnosticsAreBoundedTextWithoutControlCharacters) {
  const Report report = read_report(status_report(
      "Final-Recipient: rfc822; a@example.org\nAction: failed\nDiagnostic-Code: smtp; 550 \x1b[2J" +
      std::string(1 << 20, 'x') + "\n"));
  ASSERT_EQ(report.recipients.size(), 1U);
  EXPECT_LE(report.recipients[0].diagnostic.size(), 1'500U);
  EXPECT_FALSE(report.recipients[0].diagnostic.contains('\x1b'));
  std::string euros;
  for (int i = 0; i < 3'000; ++i) euros += "\xE2\x82\xAC";
  const Report cut = read_report(
      "From: MAILER-DAEMON@example.net\nSubject: failure notice\n\n"
      "<kim@example.org>: x" +
      euros + "\n");
  ASSERT_EQ(cut.recipients.size(), 1U);
  EXPECT_TRUE(wire::is_utf8(cut.recipients[0].diagnostic)) << "no character is cut in two";
}

}  // namespace
}  // namespace tidings::feedback
