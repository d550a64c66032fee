#include "wire/csv.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

using Fields = std::vector<std::string>;

struct Read {
  std::vector<Fields> records;
  std::vector<CsvPosition> begins;
  std::vector<std::string> problems;  // "line: sentence"
};

// Reads all of `text`, handing it over in pieces of `piece` bytes.
Read read_all(std::string_view text, std::size_t piece = 1 << 16, char delimiter = ',',
              CsvPosition start = {}, CsvLimits limits = {}) {
  Read read;
  CsvReader reader(delimiter, start, limits);
  text.remove_prefix(start.offset);
  for (;;) {
    switch (reader.next()) {
      case CsvReader::Next::record:
        read.records.emplace_back(reader.fields().begin(), reader.fields().end());
        read.begins.push_back(reader.begin());
        break;
      case CsvReader::Next::bad:
        read.problems.push_back(std::to_string(reader.begin().line) + ": " + reader.problem());
        break;
      case CsvReader::Next::more:
        if (text.empty()) {
          reader.finish();
        } else {
          reader.feed(text.substr(0, piece));
          text.remove_prefix(std::min(piece, text.size()));
        }
        break;
      case CsvReader::Next::end:
        return read;
    }
  }
}

TEST(Csv, ReadsPlainAndQuotedFieldsWithEveryLineEnd) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const std::string text = "a,b" + end + "\"x,1\",\"say \"\"hi\"\"\"" + end + "," + end;
    for (std::size_t piece = 1; piece < text.size() + 2; ++piece) {
      const Read read = read_all(text, piece);
      EXPECT_EQ(read.records, (std::vector<Fields>{{"a", "b"}, {"x,1", "say \"hi\""}, {"", ""}}));
      EXPECT_TRUE(read.problems.empty());
      ASSERT_EQ(read.begins.size(), 3u);
      EXPECT_EQ(read.begins[2].line, 3u);
    }
  }
}

TEST(Csv, CountsTheLinesInsideQuotedFields) {
  const Read read = read_all("\"one\ntwo\r\nthree\rfour\",x\nnext,y");
  ASSERT_EQ(read.records.size(), 2u);
  EXPECT_EQ(read.begins[1].line, 5u);
  EXPECT_EQ(read.records[0][0], "one\ntwo\r\nthree\rfour");
}

TEST(Csv, SkipsBlankLinesButCountsThem) {
  const Read read = read_all("a\n\n\r\n\rb\n");
  EXPECT_EQ(read.records, (std::vector<Fields>{{"a"}, {"b"}}));
  EXPECT_EQ(read.begins[1].line, 5u);
}

TEST(Csv, ReadsTheLastRecordWithoutALineEnd) {
  EXPECT_EQ(read_all("a,b\nc,").records, (std::vector<Fields>{{"a", "b"}, {"c", ""}}));
  EXPECT_EQ(read_all("a,\"b\"").records, (std::vector<Fields>{{"a", "b"}}));
  EXPECT_TRUE(read_all("").records.empty());
  EXPECT_TRUE(read_all("\n\n").records.empty());
}

TEST(Csv, KeepsAQuoteInsideAnUnquotedField) {
  EXPECT_EQ(read_all("Jan \"Jantje\" de Vries,5\" pipe\n").records,
            (std::vector<Fields>{{"Jan \"Jantje\" de Vries", "5\" pipe"}}));
}

TEST(Csv, ReportsTextAfterAClosingQuoteAndReadsOnAtTheNextLine) {
  const std::string text = "a,b\n\"x\"y,2\nc,d\n";
  for (std::size_t piece = 1; piece < text.size() + 2; ++piece) {
    const Read read = read_all(text, piece);
    EXPECT_EQ(read.records, (std::vector<Fields>{{"a", "b"}, {"c", "d"}}));
    ASSERT_EQ(read.problems.size(), 1u);
    EXPECT_EQ(read.problems[0],
              "2: Column 1 has text after its closing quote; write a quote inside a field twice.");
    EXPECT_EQ(read.begins[1], (CsvPosition{.offset = 11, .line = 3}));
  }
}

TEST(Csv, AQuoteNeverClosedCostsOneLineOnly) {
  const Read read = read_all("a,b\nx,\"oops\nc,d\ne,f\n", 3);
  EXPECT_EQ(read.records, (std::vector<Fields>{{"a", "b"}, {"c", "d"}, {"e", "f"}}));
  ASSERT_EQ(read.problems.size(), 1u);
  EXPECT_EQ(read.problems[0], "2: The quote opened in column 2 is never closed.");
}

TEST(Csv, RefusesWhatIsBeyondTheLimitsAndReadsOn) {
  const CsvLimits limits{.field_bytes = 10, .columns = 3, .record_bytes = 25};
  const std::string text = "12345678901,b\n1,2,3,4\nok,1\n" + std::string(200, 'x') + "\n\"" +
                           std::string(200, 'y') + "\"\n1234567890,1234567890,12345678\nlast,1\n";
  for (const std::size_t piece : {1u, 7u, 64u, 4096u}) {
    const Read read = read_all(text, piece, ',', {}, limits);
    EXPECT_EQ(read.records, (std::vector<Fields>{{"ok", "1"}, {"last", "1"}})) << piece;
    EXPECT_EQ(read.problems.size(), 5u) << piece;
  }
}

TEST(Csv, ReadsOnFromThePositionOfAnyRecord) {
  const std::string text = "a,b\r\n\"multi\nline\",1\n\nbad\"\"\"x,\n\"b\"ad\nlast,2";
  const Read whole = read_all(text);
  for (std::size_t i = 0; i < whole.begins.size(); ++i) {
    const Read rest = read_all(text, 5, ',', whole.begins[i]);
    EXPECT_EQ(rest.records,
              std::vector<Fields>(whole.records.begin() + static_cast<std::ptrdiff_t>(i),
                                  whole.records.end()));
    EXPECT_EQ(rest.begins.back(), whole.begins.back());
  }
}

// Records split only by hand: the twin of the reader for well-formed files.
TEST(Csv, ReadsBackWhateverTheWriterWrites) {
  std::mt19937 random(7);
  const std::string alphabet = "ab,;\"\r\n =é";
  for (int round = 0; round < 300; ++round) {
    std::vector<Fields> records;
    std::string text;
    for (unsigned r = 0; r < 1 + random() % 5; ++r) {
      Fields fields(1 + random() % 4);
      for (std::string& field : fields)
        for (unsigned i = 0; i < random() % 6; ++i) field += alphabet[random() % alphabet.size()];
      const std::vector<std::string_view> views(fields.begin(), fields.end());
      append_csv_record(text, views, FormulaGuard::off);
      records.push_back(fields);
    }
    EXPECT_EQ(read_all(text, 1 + random() % 20).records, records) << text;
  }
}

TEST(Csv, GuardsWhatASpreadsheetWouldCalculate) {
  std::string out;
  append_csv_record(out, {"=1+1", "+31", "-5", "@x", "\ttab", "\rcr", "plain=", ""});
  EXPECT_EQ(out, "'=1+1,'+31,'-5,'@x,'\ttab,\"'\rcr\",plain=,\r\n");
  out.clear();
  append_csv_record(out, {"=1+1", ""}, FormulaGuard::off, ';');
  EXPECT_EQ(out, "=1+1;\r\n");
}

TEST(Csv, DetectsTheDelimiter) {
  EXPECT_EQ(detect_csv_dialect("a,b,c\n1,2,3\n").delimiter, ',');
  EXPECT_EQ(detect_csv_dialect("naam;adres\nJan, de;\"x;y\"\nPiet;Straat 1, Urk\n").delimiter, ';');
  EXPECT_EQ(detect_csv_dialect("a\tb\n1,5\t2,5\n").delimiter, '\t');
  EXPECT_EQ(detect_csv_dialect("a|b\n1|2\n").delimiter, '|');
  EXPECT_EQ(detect_csv_dialect("email\nx@example.org\n").delimiter, ',');
  EXPECT_EQ(detect_csv_dialect("").delimiter, ',');
  EXPECT_EQ(detect_csv_dialect("name;note").delimiter, ';');
  EXPECT_EQ(detect_csv_dialect("n;\"a,b,c,d\"\n1;\"e,f,g,h\"\n").delimiter, ';');
}

TEST(Csv, ObeysTheHintLineOfASpreadsheet) {
  const CsvDialect dialect = detect_csv_dialect("sep=;\r\na;b\r\n");
  EXPECT_EQ(dialect.delimiter, ';');
  EXPECT_EQ(dialect.start, (CsvPosition{.offset = 7, .line = 2}));
}

}  // namespace
}  // namespace tidings::wire
