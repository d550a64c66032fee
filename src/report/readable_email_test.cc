#include "report/readable_email.h"

#include <gtest/gtest.h>

namespace tidings::report {
namespace {

TEST(ReadableEmail, DecodesHeadersAndThePlainText) {
  const auto email = read_email(
      "Subject: =?UTF-8?B?SMOp?= =?utf-8?q?_l=C3=A0?= and\r\n more\r\n"
      "Content-Type: multipart/mixed;\r\n boundary=\"out\"\r\n\r\n"
      "--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n"
      "--in\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
      "Dear J=C3=A4ger,=\r\n yes=3D\r\nbye\r\n--in\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n"
      "--in--\r\n\r\n--out\r\nContent-Type: application/pdf\r\n"
      "Content-Disposition: attachment; filename=\"x.pdf\";\r\n filename*=UTF-8''%C3%A9.pdf\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--out--\r\n");
  ASSERT_EQ(email.headers.size(), 2u);
  EXPECT_EQ(email.headers[0].second, "Hé là and more");
  EXPECT_EQ(email.text, "Dear Jäger, yes=\nbye");
  EXPECT_FALSE(email.is_html);
  ASSERT_EQ(email.attachments.size(), 1u);
  EXPECT_EQ(email.attachments[0].file_name, "é.pdf");
  EXPECT_EQ(email.attachments[0].media_type, "application/pdf");
  EXPECT_EQ(email.attachments[0].octets, 4u);
}

TEST(ReadableEmail, ShowsTheHtmlWhenThereIsNothingElse) {
  const auto email = read_email("Content-Type: text/html\r\n\r\n<p>Hi</p>\r\n");
  EXPECT_TRUE(email.is_html);
  EXPECT_EQ(email.text, "<p>Hi</p>\n");
}

TEST(ReadableEmail, PutsUpWithAnything) {
  for (const std::string_view octets :
       {std::string_view(), std::string_view("\r\n"), std::string_view(": \r\n x"),
        std::string_view("Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n"),
        std::string_view("Content-Type: multipart/mixed; boundary=\"b\r\n\r\n--b\r\n--b"),
        std::string_view("Subject: =?utf-8?B?%%?= =?utf-8?Q?=4?= =?\r\n\r\n=\r"),
        std::string_view("A: =?utf-8?Q\r\nContent-Type: multipart/;boundary=b;\r\n\r\n--b\r\n"),
        std::string_view("\0\xff:\xfe", 4)}) {
    read_email(octets);
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "Content-Type: multipart/a; boundary=b\r\n\r\n--b\r\n";
  EXPECT_TRUE(read_email(deep).text.empty());
  EXPECT_EQ(read_email("Subject: =?utf-8?B?%%?= x\r\n\r\n").headers[0].second, "=?utf-8?B?%%?= x");
}

}  // namespace
}  // namespace tidings::report
