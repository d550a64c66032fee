#include "wire/mailbox_url.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

TEST(MailboxUrl, tells_where_and_as_whom_mail_is_collected) {
  const auto imap =
      parse_mailbox_url("imaps://bounces%40school.org@mail.school.org/Returned%20mail");
  ASSERT_TRUE(imap) << imap.error().message;
  EXPECT_EQ(imap->user, "bounces@school.org");
  EXPECT_EQ(imap->host, "mail.school.org");
  EXPECT_EQ(imap->port, 993);
  EXPECT_EQ(imap->folder, "Returned mail");
  const auto pop3 = parse_mailbox_url("pop3s://jan@[::1]:9950/?ca=/etc/ca.pem");
  ASSERT_TRUE(pop3) << pop3.error().message;
  EXPECT_TRUE(pop3->is_pop3);
  EXPECT_EQ(pop3->host, "::1");
  EXPECT_EQ(pop3->port, 9950);
  EXPECT_EQ(pop3->ca_file, "/etc/ca.pem");
  EXPECT_EQ(pop3->folder, "");
  EXPECT_EQ(parse_mailbox_url("imaps://mail.school.org")->folder, "INBOX");
}

TEST(MailboxUrl, what_is_not_encrypted_or_not_plain_is_refused) {
  for (const std::string_view bad : {"imap://mail.school.org/INBOX",
                                     "pop3://mail.school.org",
                                     "https://mail.school.org",
                                     "",
                                     "imaps://",
                                     "imaps:///INBOX",
                                     "imaps://jan:secret@mail.school.org/",
                                     "imaps://@mail.school.org",
                                     "imaps://mail.school.org:0/",
                                     "imaps://mail.school.org:port/",
                                     "imaps://a b/",
                                     "imaps://::1/",
                                     "imaps://[::1/",
                                     "imaps://[::1]x9/",
                                     "imaps://mail.school.org/a%0d%0aLOGOUT",
                                     "imaps://mail.school.org/a;UID=1",
                                     "imaps://mail.school.org/a*",
                                     "pop3s://mail.school.org/INBOX",
                                     "imaps://mail.school.org/?tls=off",
                                     "imaps://mail.school.org/?ca=",
                                     "imaps://%zz@mail.school.org/"}) {
    const auto read = parse_mailbox_url(bad);
    EXPECT_FALSE(read) << bad;
    if (!read) {
      EXPECT_EQ(read.error().code, "mailbox_url.malformed") << bad;
    }
  }
}

}  // namespace
}  // namespace tidings::wire
