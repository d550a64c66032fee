#include "wire/header_writer.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmime/gmime.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "wire/encoded_word.h"

namespace tidings::wire {
namespace {

// What the header rules of RFC 5322 and 2047 forbid in a field, or nothing.
std::string violation(std::string_view field, bool ascii = true) {
  if (!field.ends_with("\r\n")) return "does not end with CRLF";
  bool first = true;
  for (std::size_t start = 0; start < field.size();) {
    const std::size_t end = field.find("\r\n", start);
    const std::string_view line = field.substr(start, end - start);
    start = end + 2;
    if (line.size() > 998) return "line over 998";
    if (line.find_first_not_of(" \t") == std::string_view::npos) return "white-only line";
    if (!first && line.front() != ' ') return "a second field";
    for (const char c : line) {
      if (c >= 0 && (c < 0x20 || c == 0x7f)) return "control character";
      if (ascii && c < 0) return "not ASCII";
    }
    if (line.contains("=?UTF-8?") && line.size() > 76) return "encoded line over 76";
    for (std::size_t at = line.find("=?UTF-8?"); at != std::string_view::npos;
         at = line.find("=?UTF-8?", at + 1)) {
      if (line.find("?=", at + 10) + 2 - at > 75) return "encoded-word over 75";
    }
    first = false;
  }
  return {};
}

std::string text_field(std::string_view value) {
  std::string out;
  append_text_field(out, "Subject", value);
  return out;
}

std::string mailbox_field(std::string_view name, std::string_view address = "a@b.org") {
  std::string out;
  append_mailbox_field(out, "To", name, address);
  return out;
}

// The independent reader: GMime's.
const bool kGMimeReady = [] {
  g_mime_init();
  return true;
}();

std::string decoded_text(std::string_view field) {
  EXPECT_TRUE(kGMimeReady);
  const std::string value(field.substr(field.find(':') + 1));
  const std::unique_ptr<char, void (*)(void*)> unfolded(g_mime_utils_header_unfold(value.c_str()),
                                                        g_free);
  const std::unique_ptr<char, void (*)(void*)> text(
      g_mime_utils_header_decode_text(nullptr, unfolded.get()), g_free);
  std::string result(text.get());
  result.erase(0, result.find_first_not_of(' '));
  return result;
}

struct Decoded {
  std::string name;
  std::string address;
  int count = 0;
};

Decoded decoded_mailbox(std::string_view field) {
  const std::string value(field.substr(field.find(':') + 1));
  Decoded decoded;
  InternetAddressList* list = internet_address_list_parse(nullptr, value.c_str());
  if (list == nullptr) return decoded;
  decoded.count = internet_address_list_length(list);
  InternetAddress* address = internet_address_list_get_address(list, 0);
  if (const char* name = internet_address_get_name(address)) decoded.name = name;
  if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
    decoded.address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
  }
  g_object_unref(list);
  return decoded;
}

rc::Gen<std::string> any_text() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::weightedOneOf<std::string>(
          {{6,
            rc::gen::element<std::string>("a", "Word", " ", "  ", "zeventien", ".", ",", "=?",
                                          "?=", "=?UTF-8?Q?x?=", "\"", "\\", "<x@y.org>", "(c)",
                                          "_", "=", std::string(80, 'w'), std::string(1'200, 'z'))},
           {4, rc::gen::element<std::string>("é", "Ł", "שלום", "مرحبا", "😀", "👨‍👩‍👧",
                                             "日本語", "e\xcc\x81", "\xe2\x80\xae")},
           {2, rc::gen::element<std::string>("\r\n", "\n", "\r", "\r\nBcc: x@y.org", "\t",
                                             std::string(1, '\0'), "\x7f", "\xc2\x85", "\xff",
                                             "\xe2\x82")}})),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const std::string& piece : pieces) text += piece;
        return text;
      });
}

TEST(HeaderWriter, WritesPlainTextAsItIs) {
  EXPECT_EQ(text_field("Hello, you (and others): 100% = all?"),
            "Subject: Hello, you (and others): 100% = all?\r\n");
  EXPECT_EQ(text_field(""), "Subject:\r\n");
  EXPECT_EQ(text_field(" \r\n "), "Subject:\r\n");
}

TEST(HeaderWriter, FoldsLongPlainTextAtSpaces) {
  std::string words;
  for (int i = 0; i < 40; ++i) words += "twelveletter ";
  const std::string field = text_field(words);
  EXPECT_EQ(violation(field), "");
  for (std::size_t start = 0; start < field.size();) {
    const std::size_t end = field.find("\r\n", start);
    EXPECT_LE(end - start, 78u);
    start = end + 2;
  }
}

TEST(HeaderWriter, EncodesOnlyFromTheFirstToTheLastWordThatNeedsIt) {
  EXPECT_EQ(text_field("News from Zürich for you"),
            "Subject: News from =?UTF-8?Q?Z=C3=BCrich?= for you\r\n");
  EXPECT_EQ(text_field("Привет"), "Subject: =?UTF-8?B?0J/RgNC40LLQtdGC?=\r\n");
  EXPECT_EQ(text_field("a =?UTF-8?Q?b?= c"), "Subject: a =?UTF-8?B?PT9VVEYtOD9RP2I/PQ==?= c\r\n");
}

TEST(HeaderWriter, NeverLetsAValueAddAField) {
  EXPECT_EQ(text_field("Hi\r\nBcc: victim@example.org"), "Subject: Hi Bcc: victim@example.org\r\n");
  EXPECT_EQ(mailbox_field("Jan\r\nBcc: x"), "To: \"Jan Bcc: x\" <a@b.org>\r\n");
  EXPECT_EQ(mailbox_field("", "a\r\n@b.org"), "To: a@b.org\r\n");
  std::string out;
  append_structured_field(out, "List-Id", "<a\r\nBcc: x>");
  EXPECT_EQ(out, "List-Id: <aBcc: x>\r\n");
}

TEST(HeaderWriter, QuotesAndEncodesDisplayNames) {
  EXPECT_EQ(mailbox_field(""), "To: a@b.org\r\n");
  EXPECT_EQ(mailbox_field("Jan Piet"), "To: Jan Piet <a@b.org>\r\n");
  EXPECT_EQ(mailbox_field("Piet, Jan"), "To: \"Piet, Jan\" <a@b.org>\r\n");
  EXPECT_EQ(mailbox_field("A \"B\" \\"), "To: \"A \\\"B\\\" \\\\\" <a@b.org>\r\n");
  EXPECT_EQ(mailbox_field("Jörg Schmidt-Hansen (x)"),
            "To: =?UTF-8?Q?J=C3=B6rg_Schmidt-Hansen_=28x=29?= <a@b.org>\r\n");
  EXPECT_EQ(mailbox_field("Jan", "jörg@b.org"), "To: Jan <jörg@b.org>\r\n");
}

TEST(HeaderWriter, FoldsBeforeALongAddress) {
  const std::string address = std::string(64, 'l') + "@example.org";
  EXPECT_EQ(mailbox_field("Jan Piet", address), "To: Jan Piet\r\n <" + address + ">\r\n");
}

TEST(HeaderWriter, CutsEndlessTextAfterAWholeCharacter) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "€";
  const std::string clean = clean_header_text(text);
  EXPECT_LE(clean.size(), kMaxHeaderText);
  EXPECT_EQ(clean.size() % 3, 0u);
  EXPECT_EQ(violation(text_field(text)), "");
  EXPECT_EQ(decoded_text(text_field(text)), clean);
}

TEST(HeaderWriter, NamesAttachmentsForOldAndNewReaders) {
  const auto disposition = [](std::string_view name) {
    std::string out;
    append_attachment_disposition(out, name);
    return out;
  };
  EXPECT_EQ(disposition("report.pdf"),
            "Content-Disposition: attachment;\r\n filename=\"report.pdf\"\r\n");
  EXPECT_EQ(disposition("Übersicht 2026.pdf"),
            "Content-Disposition: attachment;\r\n filename*=UTF-8''%C3%9Cbersicht%202026.pdf;\r\n "
            "filename=\"_bersicht 2026.pdf\"\r\n");
  EXPECT_EQ(disposition("../../etc/passwd"),
            "Content-Disposition: attachment;\r\n filename=\"passwd\"\r\n");
  EXPECT_EQ(disposition("C:\\x\\y.doc"),
            "Content-Disposition: attachment;\r\n filename=\"y.doc\"\r\n");
  EXPECT_EQ(disposition("a\"b.txt"),
            "Content-Disposition: attachment;\r\n filename*=UTF-8''a%22b.txt;\r\n "
            "filename=\"a_b.txt\"\r\n");
  EXPECT_EQ(disposition(""), "Content-Disposition: attachment;\r\n filename=\"attachment\"\r\n");
  std::string longest;
  for (int i = 0; i < 300; ++i) longest += "ж";
  const std::string field = disposition(longest + ".pdf");
  EXPECT_EQ(violation(field), "");
  EXPECT_TRUE(field.ends_with(".pdf\"\r\n"));
}

TEST(HeaderWriter, AnyTextIsReadBackByGMime) {
  EXPECT_TRUE(rc::check("a subject is legal and reads as it was cleaned", [] {
    const std::string text = *any_text();
    const std::string field = text_field(text);
    RC_ASSERT(violation(field) == "");
    RC_ASSERT(decoded_text(field) == clean_header_text(text));
  }));
  EXPECT_TRUE(rc::check("a display name is legal and reads as it was cleaned", [] {
    const std::string text = *any_text();
    const std::string field = mailbox_field(text);
    RC_ASSERT(violation(field) == "");
    const Decoded decoded = decoded_mailbox(field);
    RC_ASSERT(decoded.count == 1);
    RC_ASSERT(decoded.address == "a@b.org");
    RC_ASSERT(decoded.name == clean_header_text(text));
  }));
}

}  // namespace
}  // namespace tidings::wire
