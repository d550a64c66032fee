#include "wire/quoted_printable.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "wire/mime_writer.h"

namespace tidings::wire {
namespace {

// The slow obvious twin: decodes, and notes whether a line breaks the rules.
std::string decode(std::string_view encoded, std::string& fault) {
  std::string text;
  while (!encoded.empty()) {
    const std::size_t end = encoded.find("\r\n");
    std::string_view line = encoded.substr(0, end);
    if (line.size() > 76) fault = "line over 76: " + std::string(line);
    if (!line.empty() && (line.back() == ' ' || line.back() == '\t')) fault = "white space at end";
    const bool soft = line.ends_with('=');
    if (soft) line.remove_suffix(1);
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '=') {
        text += static_cast<char>(std::stoi(std::string(line.substr(i + 1, 2)), nullptr, 16));
        i += 2;
      } else {
        if ((line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f) fault = "bare octet";
        text += line[i];
      }
    }
    if (end == std::string_view::npos) break;
    if (!soft) text += "\r\n";
    encoded.remove_prefix(end + 2);
  }
  return text;
}

std::string with_crlf(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      result += "\r\n";
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
    } else if (text[i] == '\n') {
      result += "\r\n";
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string encode(std::string_view text) {
  std::string out;
  QuotedPrintableWriter writer(out);
  writer.write(text);
  writer.finish();
  return out;
}

TEST(QuotedPrintable, EncodesTheExamplesOfTheRfc) {
  EXPECT_EQ(encode("a=b"), "a=3Db");
  EXPECT_EQ(encode("caf\xc3\xa9"), "caf=C3=A9");
  EXPECT_EQ(encode("trailing \nspace\t"), "trailing=20\r\nspace=09");
  EXPECT_EQ(encode(std::string("\0", 1)), "=00");
  EXPECT_EQ(encode("a\r\nb\nc\rd"), "a\r\nb\r\nc\r\nd");
  EXPECT_EQ(encode(".\n.."), ".\r\n..");
}

TEST(QuotedPrintable, BreaksLongLinesSoftly) {
  EXPECT_EQ(encode(std::string(80, 'x')), std::string(75, 'x') + "=\r\n" + std::string(5, 'x'));
  EXPECT_EQ(encode(std::string(74, 'x') + "="), std::string(74, 'x') + "=\r\n=3D");
}

TEST(QuotedPrintable, JoinsPiecesWithValuesAtAnyColumn) {
  EXPECT_TRUE(rc::check("pieces and values decode to their text", [] {
    const auto piece = rc::gen::element<std::string>(
        "x", " ", "\t", "\n", "\r\n", "\r", "=", "é", "😀", ".", "word ", std::string(30, 'y'),
        std::string(75, 'z'), std::string(76, ' '), std::string(150, 'q'), "\x7f");
    const auto parts =
        *rc::gen::container<std::vector<std::pair<bool, std::vector<std::string>>>>(rc::gen::pair(
            rc::gen::arbitrary<bool>(), rc::gen::container<std::vector<std::string>>(piece)));
    std::string text;
    std::string out;
    QuotedPrintableWriter writer(out);
    for (const auto& [is_static, pieces] : parts) {
      std::string part;
      for (const std::string& p : pieces) {
        // Static text has its line ends made LF before it is cut into pieces.
        if (!is_static || !p.contains('\r')) part += p;
      }
      text += part;
      is_static ? writer.write(encode_quoted_printable(part))
                : writer.write(std::string_view(part));
    }
    writer.finish();
    std::string fault;
    RC_ASSERT(decode(out, fault) == with_crlf(text));
    RC_ASSERT(fault == "");
  }));
}

TEST(MimeWriter, BreaksBase64IntoLinesOf76) {
  EXPECT_EQ(encode_base64_lines(""), "");
  EXPECT_EQ(encode_base64_lines("f"), "Zg==\r\n");
  const std::string encoded = encode_base64_lines(std::string(58, 'a'));
  EXPECT_EQ(encoded.find("\r\n"), 76u);
  EXPECT_EQ(encoded.size(), 78u + 6u);
}

TEST(MimeWriter, RefusesMediaTypesThatBreakTheMessage) {
  EXPECT_EQ(clean_media_type("application/pdf"), "application/pdf");
  EXPECT_EQ(clean_media_type("text/csv; charset=utf-8"), "text/csv; charset=utf-8");
  EXPECT_EQ(clean_media_type("message/rfc822"), "application/octet-stream");
  EXPECT_EQ(clean_media_type("Multipart/mixed; boundary=x"), "application/octet-stream");
  EXPECT_EQ(clean_media_type("a/b\r\nX: y"), "application/octet-stream");
  EXPECT_EQ(clean_media_type(""), "application/octet-stream");
  EXPECT_EQ(clean_media_type("pdf"), "application/octet-stream");
}

TEST(MimeWriter, MakesBoundariesThatNoEncodedPartCanContain) {
  const std::string boundary = make_boundary("seed");
  EXPECT_EQ(boundary, make_boundary("seed"));
  EXPECT_NE(boundary, make_boundary("Seed"));
  EXPECT_TRUE(boundary.starts_with("=_"));
  EXPECT_LE(boundary.size(), 70u);
  EXPECT_FALSE(encode("--" + boundary).contains(boundary));
}

}  // namespace
}  // namespace tidings::wire
