// Senders, media and what a draft becomes, on every kind of database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "compose/attachments.h"
#include "compose/draft_content.h"
#include "compose/media.h"
#include "compose/senders.h"
#include "db/testing/databases.h"
#include "identity/organisations.h"

namespace tidings::compose {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Instant kNow = from_micros(1'795'000'000'000'000);
const std::string kPng = std::string("\x89PNG\r\n\x1a\n") + std::string(40, 'x');

class ContentStorage : public testing::TestWithParam<db::testing::Kind> {
 protected:
  ContentStorage() {
    organisation_ = {ids_.next<OrganisationId>(), "De Vogel & Zonen", "nl", "Europe/Amsterdam",
                     "Kade 1"};
    other_ = {ids_.next<OrganisationId>(), "Other", "en", "UTC", ""};
    const auto made = change([&](db::Connection& connection) -> Result<void> {
      TRY(identity::create_organisation(connection, organisation_, kNow));
      return identity::create_organisation(connection, other_, kNow);
    });
    EXPECT_TRUE(made);
  }

  template <typename F>
  auto write(F work) {
    return database_->write_value(db::Priority::web, work);
  }
  // What returns nothing.
  Result<void> change(db::Database::Work work) {
    return database_->write(db::Priority::web, std::move(work));
  }
  template <typename F>
  auto read(F work) {
    return database_->read_value(work);
  }

  SenderId add_sender(const SenderFields& fields) {
    return *write([&](db::Connection& connection) {
      return create_sender(connection, ids_, organisation_.id, fields, kNow);
    });
  }
  Sender sender(SenderId id) {
    return *read(
        [&](db::Connection& connection) { return load_sender(connection, organisation_.id, id); });
  }
  std::string link(SenderId id, Instant now = kNow) {
    const std::string token = to_base64url(random_bytes(24));
    EXPECT_TRUE(change([&](db::Connection& connection) {
      return begin_verification(connection, organisation_.id, id, token, now);
    }));
    return token;
  }
  Result<SenderConfirmation> confirm(const std::string& token, Instant now = kNow) {
    return write(
        [&](db::Connection& connection) { return confirm_sender(connection, token, now); });
  }
  Media add_media(std::string_view name, std::string_view content) {
    return *write([&](db::Connection& connection) {
      return store_media(connection, ids_, organisation_.id, {name, content, "Ann"}, kNow);
    });
  }

  db::testing::TestDatabase database_{GetParam()};
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  identity::Organisation organisation_;
  identity::Organisation other_;
};

INSTANTIATE_TEST_SUITE_P(On, ContentStorage, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(ContentStorage, ASenderIsStoredChangedListedAndDeleted) {
  const auto b = add_sender({"Office", "b@example.org", "Desk <desk@example.org>"});
  const auto a = add_sender({"", "a@example.org", ""});
  const auto list = [&](std::optional<SenderPosition> after) {
    std::vector<std::string> addresses;
    const auto senders = *read([&](db::Connection& connection) {
      return list_senders(connection, organisation_.id, after, 10);
    });
    for (const auto& one : senders) addresses.push_back(one.fields.address);
    return addresses;
  };
  EXPECT_THAT(list({}), ElementsAre("a@example.org", "b@example.org"));
  EXPECT_THAT(list(position_of(sender(a))), ElementsAre("b@example.org"));
  const Sender before = sender(b);
  EXPECT_EQ(before.fields.reply_to, "Desk <desk@example.org>");
  ASSERT_TRUE(change([&](db::Connection& connection) {
    return change_sender(connection, organisation_.id, before, {"Office", "c@example.org", ""},
                         kNow);
  }));
  EXPECT_EQ(sender(b).fields.address, "c@example.org");
  EXPECT_GT(sender(b).changed_at, before.changed_at) << "even within one microsecond";
  ASSERT_TRUE(write(
      [&](db::Connection& connection) { return delete_sender(connection, organisation_.id, a); }));
  EXPECT_THAT(list({}), ElementsAre("c@example.org"));
}

TEST_P(ContentStorage, TheSameSenderTwiceIsAConflict) {
  const auto first = add_sender({"Office", "a@example.org", ""});
  const auto again = write([&](db::Connection& connection) {
    return create_sender(connection, ids_, organisation_.id, {"Office", "A@EXAMPLE.org", ""}, kNow);
  });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "sender.exists");
  const auto other = add_sender({"Board", "a@example.org", ""});
  EXPECT_NE(other, first);
}

TEST_P(ContentStorage, ASenderOfAnotherOrganisationIsNotThere) {
  const auto id = add_sender({"Office", "a@example.org", ""});
  const auto got =
      read([&](db::Connection& connection) { return load_sender(connection, other_.id, id); });
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(
      change([&](db::Connection& connection) { return delete_sender(connection, other_.id, id); }));
  EXPECT_FALSE(change([&](db::Connection& connection) {
    return begin_verification(connection, other_.id, id, to_base64url(random_bytes(24)), kNow);
  }));
}

TEST_P(ContentStorage, LookingAtAVerificationLinkChangesNothingAndConfirmingDoes) {
  const auto id = add_sender({"Office", "a@example.org", ""});
  const auto other_name = add_sender({"Board", "a@example.org", ""});
  const std::string token = link(id);
  const auto look = [&] {
    return read(
        [&](db::Connection& connection) { return look_at_confirmation(connection, token, kNow); });
  };
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(look()->is_verified);
  EXPECT_FALSE(sender(id).is_verified());
  const auto confirmed = confirm(token);
  ASSERT_TRUE(confirmed);
  EXPECT_EQ(confirmed->address, "a@example.org");
  EXPECT_EQ(confirmed->organisation_name, organisation_.name);
  EXPECT_TRUE(sender(id).is_verified());
  EXPECT_TRUE(sender(other_name).is_verified()) << "the address is proven, whatever the name";
  EXPECT_TRUE(confirm(token)) << "twice is as good as once";
  EXPECT_TRUE(look()->is_verified);
  EXPECT_TRUE(sender(add_sender({"Third", "a@example.org", ""})).is_verified());
}

TEST_P(ContentStorage, OldReplacedAndForgedVerificationLinksAreNoLinks) {
  const auto id = add_sender({"Office", "a@example.org", ""});
  const std::string first = link(id);
  const std::string second = link(id);
  EXPECT_FALSE(confirm(first));
  EXPECT_FALSE(confirm(second, kNow + kVerificationLasts + Duration(1)));
  for (const std::string& forged :
       {std::string(), std::string("x"), second.substr(1), second + "A", std::string(43, 'A'),
        to_base64url(std::string(31, 'a')), std::string("%00")}) {
    const auto got = confirm(forged);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, "sender.link");
  }
  EXPECT_FALSE(sender(id).is_verified());
  EXPECT_TRUE(confirm(second, kNow + kVerificationLasts));
}

TEST_P(ContentStorage, AChangedAddressIsNotVerifiedAnyMore) {
  const auto id = add_sender({"Office", "a@example.org", ""});
  const std::string token = link(id);
  ASSERT_TRUE(confirm(token));
  const auto become = [&](const SenderFields& fields) {
    const Sender before = sender(id);
    ASSERT_TRUE(change([&](db::Connection& connection) {
      return change_sender(connection, organisation_.id, before, fields, kNow);
    }));
  };
  become({"New name", "A@example.org", "r@example.org"});
  EXPECT_TRUE(sender(id).is_verified()) << "the address is the same";
  become({"New name", "b@example.org", ""});
  EXPECT_FALSE(sender(id).is_verified());
  EXPECT_FALSE(confirm(token)) << "the old link proves the old address";
}

TEST_P(ContentStorage, TheSameFileTwiceIsOneMedia) {
  const auto first = add_media("C:\\temp\\logo.png", kPng);
  const auto again = add_media("logo.png", kPng);
  EXPECT_EQ(first.id, again.id);
  EXPECT_EQ(first.file_name, "logo.png");
  EXPECT_EQ(first.media_type, "image/png");
  EXPECT_NE(add_media("other.png", kPng).id, first.id);
  EXPECT_EQ(*read([&](db::Connection& connection) {
    return load_media_content(connection, organisation_.id, first.id);
  }),
            kPng);
}

TEST_P(ContentStorage, MediaIsFoundByItsTokenAloneAndNeverByAnotherOrganisation) {
  const auto media = add_media("logo.png", kPng);
  EXPECT_GE(media.token.size(), 22U);
  const auto found =
      read([&](db::Connection& connection) { return find_public_media(connection, media.token); });
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->content, kPng);
  EXPECT_FALSE(
      *read([&](db::Connection& connection) { return find_public_media(connection, "guess"); }));
  EXPECT_FALSE(read(
      [&](db::Connection& connection) { return load_media(connection, other_.id, media.id); }));
}

TEST_P(ContentStorage, DeletedMediaIsGoneWithItsBytesUnlessAMessageHasThem) {
  const auto first = add_media("a.png", kPng);
  const auto second = add_media("b.png", kPng);
  const auto blobs = [&] {
    return **read([&](db::Connection& connection) {
      return connection.query_first({"", "SELECT COUNT(*) FROM blob"}, {},
                                    [](const db::Row& row) { return row.integer(0); });
    });
  };
  const auto remove = [&](MediaId id) {
    return change([&](db::Connection& connection) {
             return delete_media(connection, organisation_.id, id);
           })
        .has_value();
  };
  EXPECT_TRUE(remove(first.id));
  EXPECT_EQ(blobs(), 1);
  EXPECT_TRUE(remove(second.id));
  EXPECT_EQ(blobs(), 0);
  EXPECT_FALSE(remove(second.id));
}

TEST_P(ContentStorage, ADraftBecomesTheContentOfItsKind) {
  Draft draft;
  draft.sender_id = add_sender({"Office", "office@example.org", "Desk <desk@example.org>"});
  draft.subject = "Hi {{ contact.first_name }}";
  draft.html = "<body>\r\n<p>Text</p></body>";
  draft.preheader = "R&D";
  const auto media = add_media("report.pdf", "%PDF-1.4");
  draft.attachments.push_back({media.id, "Report 2026.pdf", "The report", "", 0});
  const auto content_of = [&](MessageKind kind) {
    return read([&](db::Connection& connection) {
      return email_content(connection, organisation_, draft, kind);
    });
  };
  const auto campaign = content_of(MessageKind::campaign);
  ASSERT_TRUE(campaign) << campaign.error().message;
  EXPECT_TRUE(campaign->list_unsubscribe);
  EXPECT_FALSE(campaign->is_test);
  EXPECT_EQ(wire::to_text(*campaign->reply_to), "Desk <desk@example.org>");
  EXPECT_THAT(campaign->html, HasSubstr("R&amp;D"));
  ASSERT_EQ(campaign->attachments.size(), 1U);
  EXPECT_EQ(campaign->attachments[0].file_name, "Report 2026.pdf");
  EXPECT_EQ(campaign->attachments[0].media_type, "application/pdf");
  EXPECT_EQ(*campaign->attachments[0].content, "%PDF-1.4");
  EXPECT_TRUE(content_of(MessageKind::test)->is_test);
  EXPECT_FALSE(content_of(MessageKind::individual)->list_unsubscribe);
  EXPECT_TRUE(content_of(MessageKind::transactional)->auto_submitted);
  draft.reply_to = "own@example.org";
  EXPECT_EQ(wire::to_text(*content_of(MessageKind::campaign)->reply_to), "own@example.org");
  const auto compiled = read([&](db::Connection& connection) {
    return compile_draft(connection, organisation_, draft, MessageKind::test, kNow);
  });
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_THAT(compiled->reference, HasSubstr("X-Tidings-Test: yes\r\n"));
  EXPECT_EQ(compiled->used.fields.size(), 1U);
}

TEST_P(ContentStorage, ADraftWithoutSenderOrWithALostAttachmentSaysSo) {
  Draft draft;
  draft.text = "x";
  const auto code_of = [&] {
    const auto content = read([&](db::Connection& connection) {
      return email_content(connection, organisation_, draft, MessageKind::campaign);
    });
    return content ? std::string() : content.error().code;
  };
  EXPECT_EQ(code_of(), "draft.no_sender");
  draft.sender_id = SenderId{12345};
  EXPECT_EQ(code_of(), "sender.not_found");
  draft.sender_id = add_sender({"", "a@example.org", ""});
  draft.attachments.push_back({MediaId{99}, "a.pdf", "", "", 0});
  EXPECT_EQ(code_of(), "media.not_found");
}

std::vector<std::string> wrong_fields(const SenderFields& fields) {
  std::vector<std::string> wrong;
  for (const auto& problem : check_sender(fields)) wrong.push_back(problem.field);
  return wrong;
}

TEST(Senders, LineBreaksInNameAddressAndReplyToAreFieldErrors) {
  EXPECT_THAT(wrong_fields({"Office\r\nBcc: x@example.org", "a@example.org\r\nBcc: x@example.org",
                            "b@example.org\nBcc: x@example.org"}),
              ElementsAre("/name", "/address", "/reply_to"));
  EXPECT_THAT(wrong_fields({std::string(201, 'a'), "nonsense", "nonsense"}),
              ElementsAre("/name", "/address", "/reply_to"));
  EXPECT_THAT(wrong_fields({"Zażółć, Inc.", "a@example.org", ""}), ElementsAre());
}

TEST(Attachments, LimitIsCountedAfterEncoding) {
  EXPECT_EQ(encoded_size(0), 0);
  EXPECT_EQ(encoded_size(1), 4);
  EXPECT_EQ(encoded_size(3), 4);
  const std::vector<std::int64_t> fits = {3, 3};
  const std::vector<std::int64_t> over = {3, 4};
  EXPECT_TRUE(check_attachment_sizes(fits, 8));
  const auto refused = check_attachment_sizes(over, 8);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
  EXPECT_TRUE(check_attachment_sizes(over, 0)) << "0 is no limit";
}

TEST(Attachments, ProgramsAndScriptsAreRefusedByNameAndByContent) {
  for (const std::string_view name : {"setup.exe", "SETUP.EXE", "a.pdf.exe", "run.bat", "x.js",
                                      "x.vbs", "x.lnk", "x.ps1", "x.exe. .", "x.jar", "x.iso"}) {
    const auto refused = check_attachment_type(name, "text");
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, "attachment.blocked_type");
    EXPECT_THAT(refused.error().message, HasSubstr(std::string(name)));
  }
  EXPECT_FALSE(check_attachment_type("letter.pdf",
                                     "\x7f"
                                     "ELF\x02"));
  EXPECT_FALSE(check_attachment_type("letter.txt", "#!/bin/sh\n"));
  EXPECT_FALSE(check_attachment_type("photo.jpg", "MZ" + std::string(100, '\0')));
  EXPECT_TRUE(check_attachment_type("letter.txt", "MZ is a street: " + std::string(100, 'x')));
  for (const std::string_view name : {"a.pdf", "a.zip", "a.html", "a.svg", "a", ".", "a.exe.zip"}) {
    EXPECT_TRUE(check_attachment_type(name, "text")) << name;
  }
}

TEST(Media, OnlyRealBitmapsAreImages) {
  EXPECT_EQ(image_type_of(kPng), "image/png");
  EXPECT_EQ(image_type_of("\xff\xd8\xff\xe0"), "image/jpeg");
  EXPECT_EQ(image_type_of("GIF89a..."), "image/gif");
  EXPECT_EQ(image_type_of(std::string("RIFF\0\0\0\0WEBPVP8 ", 16)), "image/webp");
  EXPECT_EQ(image_type_of("<svg xmlns='http://www.w3.org/2000/svg'>"), "");
  EXPECT_EQ(image_type_of("BM is a place, and this is a letter about it"), "");
  EXPECT_EQ(image_type_of(""), "");
}

TEST(Media, NamesThatAreNoNamesAndEmptyFilesAreRefused) {
  for (const std::string_view name : {"", "/", "a/", "..", "a\r\nb.png", "\xff.png"}) {
    EXPECT_FALSE(check_media({name, "x", ""})) << name;
  }
  EXPECT_FALSE(check_media({"a.pdf", "", ""}));
  EXPECT_TRUE(check_media({"../a.pdf", "x", ""}));
}

}  // namespace
}  // namespace tidings::compose
