#include "wire/dsn.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "wire/arf.h"
#include "wire/report_fields.h"

namespace tidings::wire {
namespace {

TEST(DeliveryStatus, ReadsRecipientsHoweverTheyAreSeparated) {
  const auto status = read_delivery_status(
      "Reporting-MTA: dns; mx.example.net\r\nOriginal-Envelope-Id: 42\r\n\r\n"
      "Final-Recipient: RFC822; <a@example.org>\r\nAction: Failed (permanently)\r\n"
      "Status: 5.1.1 (no such user)\r\n\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n  unknown\r\n\r\n"
      "Final-Recipient: b@example.org\nAction: delayed\nRemote-MTA: dns; mx.example.org\n");
  EXPECT_EQ(status.reporting_mta, "mx.example.net");
  EXPECT_EQ(status.envelope_id, "42");
  ASSERT_EQ(status.recipients.size(), 2U);
  EXPECT_EQ(status.recipients[0].final, "a@example.org");
  EXPECT_EQ(status.recipients[0].action, "failed");
  EXPECT_EQ(status.recipients[0].status, "5.1.1");
  EXPECT_EQ(status.recipients[0].diagnostic_type, "smtp");
  EXPECT_EQ(status.recipients[0].diagnostic, "550 5.1.1 unknown");
  EXPECT_EQ(status.recipients[1].final, "b@example.org");
  EXPECT_EQ(status.recipients[1].remote_mta, "mx.example.org");
}

TEST(DeliveryStatus, ManyRecipientsAreCutAndSaySo) {
  std::string fields;
  for (int i = 0; i < 1'500; ++i) {
    fields += "Final-Recipient: rfc822; a" + std::to_string(i) + "@example.org\n\n";
  }
  const auto status = read_delivery_status(fields);
  EXPECT_EQ(status.recipients.size(), kDsnRecipientsMax);
  EXPECT_TRUE(status.is_cut);
}

TEST(DeliveryStatus, AddressesBeyondAsciiAreDecoded) {
  EXPECT_EQ(read_typed_address("utf-8; \\x{17B}a@example.org"),
            "\xC5\xBB"
            "a@example.org");
  EXPECT_EQ(read_typed_address("utf-8; \\x{D800}a\\x{110000}\\x{@b"),
            "\\x{D800}a\\x{110000}\\x{@b");
  EXPECT_EQ(read_typed_address("  <a;b@example.org>"), "a;b@example.org");
}

TEST(StatusCodes, AreNoVersionsAndNoAddresses) {
  EXPECT_EQ(find_status_code("said: 550 #5.1.10."), "5.1.10");
  EXPECT_EQ(find_status_code("(4.2.2)"), "4.2.2");
  for (const char* const none : {"15.1.1", "5.1.1.1", "5.1", "3.1.1", "5.1234.1", "5..1", ""}) {
    EXPECT_EQ(find_status_code(none), "") << none;
  }
}

TEST(FeedbackReports, TellTypeAndRecipients) {
  const auto report = read_feedback_report(
      "Feedback-Type: Abuse\nUser-Agent: x/1\nOriginal-Mail-From: <bounce+k@example.com>\n"
      "Original-Rcpt-To: <a@example.org>\nOriginal-Rcpt-To: a@example.org\n"
      "Original-Rcpt-To: [redacted]\nSource-IP: 192.0.2.1\n");
  EXPECT_EQ(report.type, "abuse");
  EXPECT_EQ(report.recipients, std::vector<std::string>{"a@example.org"});
  EXPECT_EQ(report.mail_from, "bounce+k@example.com");
  EXPECT_EQ(report.source_ip, "192.0.2.1");
}

TEST(ReportFields, AreBounded) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "A: b\n";
  const auto blocks = read_report_blocks(text);
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].size(), kFieldsMax);
  const auto folded = read_report_blocks("A: " + std::string(10'000, 'x') + "\n y\n");
  EXPECT_LE(folded[0][0].value.size(), kFieldMax + 1);
  EXPECT_TRUE(read_report_blocks("no field\n : none\n\x01: none\n").empty());
}

}  // namespace
}  // namespace tidings::wire
