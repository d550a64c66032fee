// CSV as values: a streaming reader, a writer for files that people open in a spreadsheet, and
// the detection of the delimiter.
//
// Spec: RFC 4180. Deviates: a lone CR or LF ends a record too; a quote inside an unquoted field is
// an ordinary character; blank lines are not records; the delimiter may be another.
// A record with a quoting error costs only its own first line: reading goes on at the next line,
// so one forgotten quote does not swallow the rest of the file.
// Thread: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

// Where a record begins: bytes from the start of the file, and lines counted from 1. A reader
// made with the position of a record reads on from there.
struct CsvPosition {
  std::uint64_t offset = 0;
  std::uint64_t line = 1;

  friend bool operator==(CsvPosition, CsvPosition) = default;
};

// A record beyond any of these is reported as `bad` and left out; the next is read as usual.
struct CsvLimits {
  std::size_t field_bytes = 1 << 20;
  std::size_t columns = 1000;
  std::size_t record_bytes = 4 << 20;
};

class CsvReader {
 public:
  enum class Next {
    record,  // fields() holds it
    bad,     // problem() says why; fields() is empty
    more,    // feed() or finish() first
    end,
  };

  // The bytes are UTF-8 without a byte order mark (see wire/text_encoding.h); `delimiter` is any
  // ASCII character but a quote, CR or LF.
  explicit CsvReader(char delimiter = ',', CsvPosition start = {}, CsvLimits limits = {});

  // Appends bytes, which are copied; makes the fields of the last record invalid. Pieces of 64 KB
  // or more keep the work linear.
  void feed(std::string_view bytes);
  // No more bytes will come.
  void finish() { finished_ = true; }

  Next next();

  // Of the last record; they borrow from the reader until the next call of next() or feed().
  std::span<const std::string_view> fields() const { return fields_; }
  // Where the last record, good or bad, began.
  CsvPosition begin() const { return begin_; }
  // Where reading goes on: the end of the last record.
  CsvPosition position() const { return position_; }
  // Of a bad record: a sentence, such as "A quote opened in column 3 is never closed."
  const std::string& problem() const { return problem_; }

 private:
  struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool escaped = false;  // holds doubled quotes
  };
  enum class Scan { complete, incomplete, bad };

  Scan scan_record(std::size_t at);
  Scan scan_quoted(std::size_t& at);
  Scan scan_plain(std::size_t& at);
  Scan out_of_bytes(bool in_quotes);
  Scan refuse(std::string problem);
  // Goes past the line end at `at`, if there is one; false when the next byte must be seen first.
  bool pass_line_end(std::size_t& at);
  bool skip_blank_lines();
  Next recover();
  void skip_to(std::size_t at);

  char delimiter_;
  CsvLimits limits_;
  bool stops_plain_[256] = {};
  std::string buffer_;
  std::size_t start_ = 0;    // of the unread part of buffer_
  std::size_t end_ = 0;      // of the record scanned last
  std::uint64_t lines_ = 0;  // line ends inside the record scanned last
  bool finished_ = false;
  bool recovering_ = false;  // on the way to the end of a bad record's first line
  CsvPosition begin_;
  CsvPosition position_;
  std::vector<Span> spans_;
  std::vector<std::string_view> fields_;
  std::string problem_;
};

// Against formula injection in spreadsheets: a field that begins with = + - @ TAB or CR gets an
// apostrophe in front. `off` keeps every field as it is, for files that programs read.
enum class FormulaGuard { on, off };

// Appends one record with CRLF (RFC 4180 §2), quoting what needs it.
void append_csv_record(std::string& out, std::span<const std::string_view> fields,
                       FormulaGuard guard = FormulaGuard::on, char delimiter = ',');
void append_csv_record(std::string& out, std::initializer_list<std::string_view> fields,
                       FormulaGuard guard = FormulaGuard::on, char delimiter = ',');

struct CsvDialect {
  char delimiter = ',';
  // Bytes before the first record: a spreadsheet's own line `sep=;`.
  CsvPosition start;
};

// The delimiter among comma, semicolon, tab and pipe that splits the records of `sample`, the
// beginning of the file, most evenly; quoted fields are understood. Comma when none does.
CsvDialect detect_csv_dialect(std::string_view sample);

}  // namespace tidings::wire
