#include "wire/text_encoding.h"

#include <string>

#include <gtest/gtest.h>
#include <unicode/unistr.h>

namespace tidings::wire {
namespace {

std::string encode(std::string_view utf8, const char* encoding) {
  const auto text = icu::UnicodeString::fromUTF8(
      icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())));
  std::string out(utf8.size() * 4, '\0');
  out.resize(static_cast<std::size_t>(text.extract(
      0, text.length(), out.data(), static_cast<std::uint32_t>(out.size()), encoding)));
  return out;
}

Result<DetectedEncoding> detect(std::string_view bytes, std::size_t piece = 1 << 16) {
  EncodingDetector detector;
  for (std::size_t i = 0; i < bytes.size(); i += piece) detector.feed(bytes.substr(i, piece));
  return detector.finish();
}

std::string convert(std::string_view bytes, TextEncoding from, std::size_t piece) {
  auto converter = Utf8Converter::create(from);
  EXPECT_TRUE(converter);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += piece)
    EXPECT_TRUE(converter->convert(bytes.substr(i, piece), i + piece >= bytes.size(), out));
  return out;
}

struct Sample {
  const char* encoding;
  TextEncoding expected;
  const char* text;
};

constexpr Sample samples[] = {
    {"windows-1250", TextEncoding::windows_1250,
     "imię;nazwisko;miasto\nŁukasz;Wójcik;Łódź\nMałgorzata;Dąbrowska;Gdańsk\n"},
    {"windows-1250", TextEncoding::windows_1250, "imie;nazwisko\nMichał;Nowak\n"},
    {"windows-1250", TextEncoding::windows_1250, "imie;nazwisko\nZofia;Wiśniewska\n"},
    {"windows-1250", TextEncoding::windows_1250,
     "jméno;příjmení\nJiří;Dvořák\nTomáš;Růžička\nZdeněk;Novotný\n"},
    {"iso-8859-2", TextEncoding::iso_8859_2,
     "imię;nazwisko\nStanisław;Wiśniewski\nElżbieta;Dąbrowska\n"},
    {"windows-1252", TextEncoding::windows_1252,
     "prénom;nom;ville\nFrançois;Lefèvre;Besançon\nHélène;Cœur;Où\n"},
    {"iso-8859-1", TextEncoding::windows_1252, "voornaam;naam\nDaniëlle;Mañana\nRené;Coëlho\n"},
    {"iso-8859-1", TextEncoding::windows_1252, "navn;by\nSøren;Århus\nBjørn;Tromsø\n"},
    {"windows-1252", TextEncoding::windows_1252, "name;price\nJosé;€ 5\n"},
    {"utf-8", TextEncoding::utf8, "imię;Łódź\nשלום;שם\n"},
    {"utf-8", TextEncoding::utf8, "plain,ascii\n"},
    {"utf-16le", TextEncoding::utf16_le, "imie;nazwisko\nŁukasz;Wójcik\n"},
    {"utf-16be", TextEncoding::utf16_be, "imie;nazwisko\nŁukasz;Wójcik\n"},
};

TEST(TextEncoding, IsDetectedFromTheLettersPeopleUse) {
  for (const Sample& sample : samples) {
    const std::string bytes = encode(sample.text, sample.encoding);
    for (const std::size_t piece : {1u, 3u, 4096u}) {
      const auto detected = detect(bytes, piece);
      ASSERT_TRUE(detected) << sample.text;
      EXPECT_EQ(to_string(detected->encoding), to_string(sample.expected)) << sample.text;
      EXPECT_EQ(convert(bytes, detected->encoding, piece), sample.text);
    }
  }
}

TEST(TextEncoding, ByteOrderMarksDecide) {
  EXPECT_EQ(detect("\xEF\xBB\xBF"
                   "a,b\n")
                ->byte_order_mark,
            3u);
  const auto le =
      detect(std::string_view("\xFF\xFE"
                              "a\0",
                              4));
  EXPECT_EQ(le->encoding, TextEncoding::utf16_le);
  EXPECT_EQ(le->byte_order_mark, 2u);
  EXPECT_EQ(detect(std::string_view("\xFE\xFF\0a", 4))->encoding, TextEncoding::utf16_be);
}

TEST(TextEncoding, AMixedFileIsRefusedWithItsLine) {
  const auto mixed = detect("name\nŁukasz\nMałgorzata\nJos\xE9;x\nŻaneta\n");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, "encoding.mixed");
  EXPECT_TRUE(mixed.error().message.contains("Line 4 ")) << mixed.error().message;
  EXPECT_FALSE(detect("\xEF\xBB\xBFname\nJos\xE9\n"));
  EXPECT_FALSE(detect("Łukasz \xC5"));
}

TEST(TextEncoding, BinaryFilesAreRefusedAndNamed) {
  const auto workbook = detect("PK\x03\x04stuff");
  ASSERT_FALSE(workbook);
  EXPECT_TRUE(workbook.error().message.contains(".xlsx"));
  std::string noise;
  for (int i = 0; i < 1000; ++i) noise += static_cast<char>(i * 37);
  EXPECT_EQ(detect(noise).error().code, "encoding.not_text");
}

TEST(TextEncoding, AnEmptyFileIsUtf8) { EXPECT_EQ(detect("")->encoding, TextEncoding::utf8); }

TEST(TextEncoding, NamesAreReadGenerously) {
  EXPECT_EQ(parse_text_encoding("UTF-8"), TextEncoding::utf8);
  EXPECT_EQ(parse_text_encoding("ISO_8859-1"), TextEncoding::windows_1252);
  EXPECT_EQ(parse_text_encoding("cp1250"), TextEncoding::windows_1250);
  EXPECT_EQ(parse_text_encoding("ebcdic"), std::nullopt);
}

TEST(TextEncoding, CountsWhatCouldNotBeConverted) {
  auto converter = Utf8Converter::create(TextEncoding::utf16_le);
  std::string out;
  ASSERT_TRUE(converter->convert(std::string_view("\x00\xD8"
                                                  "a\0",
                                                  4),
                                 true, out));
  EXPECT_EQ(out, "\uFFFDa");
  EXPECT_EQ(converter->replaced(), 1u);
}

TEST(TextEncoding, NormalisesToFormC) {
  EXPECT_EQ(to_nfc("e\u0301"), "é");
  EXPECT_EQ(to_nfc("Łódź"), std::nullopt);
  EXPECT_EQ(to_nfc("שלום"), std::nullopt);
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_TRUE(is_utf8("Łódź 𝄞"));
}

}  // namespace
}  // namespace tidings::wire
