#include "wire/csv.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace tidings::wire {
namespace {

constexpr std::size_t compact_above = 1 << 20;
constexpr std::size_t sample_records = 200;

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

std::uint64_t count_line_ends(std::string_view text) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')))
      ++count;
  return count;
}

// Doubled quotes become one, in place; the new end.
std::size_t undouble_quotes(std::string& buffer, std::size_t begin, std::size_t end) {
  std::size_t to = begin;
  for (std::size_t from = begin; from < end; ++from) {
    buffer[to++] = buffer[from];
    if (buffer[from] == '"') ++from;
  }
  return to;
}

}  // namespace

CsvReader::CsvReader(char delimiter, CsvPosition start, CsvLimits limits)
    : delimiter_(delimiter), limits_(limits), begin_(start), position_(start) {
  CHECK(delimiter != '"' && !is_line_end(delimiter) && delimiter > 0);
  stops_plain_[static_cast<unsigned char>(delimiter)] = true;
  stops_plain_[static_cast<unsigned char>('\n')] = true;
  stops_plain_[static_cast<unsigned char>('\r')] = true;
}

void CsvReader::feed(std::string_view bytes) {
  CHECK(!finished_);
  fields_.clear();
  if (start_ == buffer_.size() || start_ > compact_above) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  buffer_.append(bytes);
}

CsvReader::Scan CsvReader::refuse(std::string problem) {
  problem_ = std::move(problem);
  return Scan::bad;
}

bool CsvReader::pass_line_end(std::size_t& at) {
  if (buffer_[at] == '\r') {
    if (at + 1 == buffer_.size() && !finished_) return false;
    if (at + 1 < buffer_.size() && buffer_[at + 1] == '\n') ++at;
  }
  ++at;
  return true;
}

void CsvReader::skip_to(std::size_t at) {
  position_.offset += at - start_;
  start_ = at;
}

bool CsvReader::skip_blank_lines() {
  while (start_ < buffer_.size() && is_line_end(buffer_[start_])) {
    std::size_t at = start_;
    if (!pass_line_end(at)) return false;
    skip_to(at);
    ++position_.line;
  }
  return true;
}

// The bytes ended inside a record: wait, unless no more will come or it is too long already.
CsvReader::Scan CsvReader::out_of_bytes(bool in_quotes) {
  if (buffer_.size() - start_ > limits_.record_bytes)
    return refuse(fmt::format(
        "The row is longer than {} bytes{}.", limits_.record_bytes,
        in_quotes ? fmt::format("; is the quote opened in column {} closed?", spans_.size() + 1)
                  : ""));
  if (!finished_) return Scan::incomplete;
  if (in_quotes)
    return refuse(fmt::format("The quote opened in column {} is never closed.", spans_.size() + 1));
  return Scan::complete;
}

CsvReader::Scan CsvReader::scan_quoted(std::size_t& at) {
  Span span{.begin = at + 1};
  ++at;
  for (;;) {
    const void* quote =
        at < buffer_.size() ? std::memchr(buffer_.data() + at, '"', buffer_.size() - at) : nullptr;
    if (quote == nullptr) return out_of_bytes(true);
    at = static_cast<std::size_t>(static_cast<const char*>(quote) - buffer_.data()) + 1;
    if (at == buffer_.size()) {
      if (!finished_) return out_of_bytes(true);
      break;
    }
    if (buffer_[at] != '"') break;
    span.escaped = true;
    ++at;
  }
  span.end = at - 1;
  if (at < buffer_.size() && !stops_plain_[static_cast<unsigned char>(buffer_[at])])
    return refuse(fmt::format(
        "Column {} has text after its closing quote; write a quote inside a field twice.",
        spans_.size() + 1));
  lines_ += count_line_ends(std::string_view(buffer_).substr(span.begin, span.end - span.begin));
  spans_.push_back(span);
  return Scan::complete;
}

CsvReader::Scan CsvReader::scan_plain(std::size_t& at) {
  Span span{.begin = at};
  const char* bytes = buffer_.data();
  const std::size_t size = buffer_.size();
  while (at < size && !stops_plain_[static_cast<unsigned char>(bytes[at])]) ++at;
  span.end = at;
  if (at == size) {
    const Scan scan = out_of_bytes(false);
    if (scan != Scan::complete) return scan;
  }
  spans_.push_back(span);
  return Scan::complete;
}

// Finds the fields of the record at `at` without changing a byte, so that an incomplete one can
// be scanned again.
CsvReader::Scan CsvReader::scan_record(std::size_t at) {
  spans_.clear();
  lines_ = 0;
  for (;;) {
    const bool quoted = at < buffer_.size() && buffer_[at] == '"';
    const Scan scan = quoted ? scan_quoted(at) : scan_plain(at);
    if (scan != Scan::complete) return scan;
    const Span& span = spans_.back();
    if (span.end - span.begin > limits_.field_bytes)
      return refuse(
          fmt::format("Column {} is longer than {} bytes.", spans_.size(), limits_.field_bytes));
    if (at == buffer_.size()) break;
    if (buffer_[at] != delimiter_) {
      if (!pass_line_end(at)) return Scan::incomplete;
      ++lines_;
      break;
    }
    if (spans_.size() == limits_.columns)
      return refuse(fmt::format("The row has more than {} columns.", limits_.columns));
    if (++at == buffer_.size() && !finished_) return out_of_bytes(false);
  }
  if (at - start_ > limits_.record_bytes)
    return refuse(fmt::format("The row is longer than {} bytes.", limits_.record_bytes));
  end_ = at;
  return Scan::complete;
}

// After a bad record: to the end of its first line, so that a forgotten quote costs one line.
// Reported only once that end was seen: position() must be where reading can go on.
CsvReader::Next CsvReader::recover() {
  std::size_t at = start_;
  while (at < buffer_.size() && !is_line_end(buffer_[at])) ++at;
  const bool line_ended = at < buffer_.size() && pass_line_end(at);
  skip_to(at);
  recovering_ = !line_ended && !finished_;
  if (recovering_) return Next::more;
  if (line_ended) ++position_.line;
  return Next::bad;
}

CsvReader::Next CsvReader::next() {
  fields_.clear();
  if (recovering_) return recover();
  if (!skip_blank_lines()) return Next::more;
  begin_ = position_;
  if (start_ == buffer_.size()) return finished_ ? Next::end : Next::more;
  switch (scan_record(start_)) {
    case Scan::incomplete:
      return Next::more;
    case Scan::bad:
      return recover();
    case Scan::complete:
      break;
  }
  for (const Span& span : spans_) {
    const std::size_t end =
        span.escaped ? undouble_quotes(buffer_, span.begin, span.end) : span.end;
    fields_.emplace_back(buffer_.data() + span.begin, end - span.begin);
  }
  skip_to(end_);
  position_.line += lines_;
  return Next::record;
}

void append_csv_record(std::string& out, std::span<const std::string_view> fields,
                       FormulaGuard guard, char delimiter) {
  constexpr std::string_view formula_starts = "=+-@\t\r";
  bool first = true;
  for (const std::string_view field : fields) {
    if (!std::exchange(first, false)) out += delimiter;
    const bool guarded = guard == FormulaGuard::on && !field.empty() &&
                         formula_starts.find(field.front()) != std::string_view::npos;
    const bool quoted = field.find_first_of("\"\r\n") != std::string_view::npos ||
                        field.find(delimiter) != std::string_view::npos ||
                        (fields.size() == 1 && field.empty());
    if (quoted) out += '"';
    if (guarded) out += '\'';
    for (const char c : field) {
      if (c == '"') out += '"';
      out += c;
    }
    if (quoted) out += '"';
  }
  out += "\r\n";
}

void append_csv_record(std::string& out, std::initializer_list<std::string_view> fields,
                       FormulaGuard guard, char delimiter) {
  append_csv_record(out, std::span(fields.begin(), fields.size()), guard, delimiter);
}

namespace {

// How evenly `delimiter` splits the sample: the share of records with as many fields as the
// first, squared, times the number of fields (capped, so that a text with many commas does not
// outvote four clean semicolons). A record with a quote left in a field counts as torn.
// 0 when nothing is split.
std::size_t split_score(std::string_view sample, char delimiter) {
  CsvReader reader(delimiter);
  reader.feed(sample);
  std::size_t records = 0;
  std::size_t even = 0;
  std::size_t columns = 0;
  while (records < sample_records) {
    const CsvReader::Next next = reader.next();
    if (next == CsvReader::Next::more) {
      if (records > 0) break;
      reader.finish();  // a header without a line end
      continue;
    }
    if (next == CsvReader::Next::end) break;
    ++records;
    if (next == CsvReader::Next::bad) continue;
    const auto fields = reader.fields();
    if (columns == 0) columns = fields.size();
    const bool torn = std::ranges::any_of(fields, [](auto field) { return field.contains('"'); });
    if (fields.size() == columns && !torn) ++even;
  }
  if (columns < 2) return 0;
  const std::size_t evenness = even * 1000 / records + 1;
  return evenness * evenness * std::min<std::size_t>(columns, 12);
}

}  // namespace

CsvDialect detect_csv_dialect(std::string_view sample) {
  CsvDialect dialect;
  // Excel's own hint, kept by some exports.
  if (sample.size() > 5 && (sample.starts_with("sep=") || sample.starts_with("SEP=")) &&
      is_line_end(sample[5]) && std::string_view(",;\t|").contains(sample[4])) {
    const bool crlf = sample[5] == '\r' && sample.size() > 6 && sample[6] == '\n';
    return {.delimiter = sample[4], .start = {.offset = crlf ? 7u : 6u, .line = 2}};
  }
  std::size_t best = 0;
  for (const char delimiter : std::string_view(",;\t|")) {
    const std::size_t score = split_score(sample, delimiter);
    if (score > best) {
      best = score;
      dialect.delimiter = delimiter;
    }
  }
  return dialect;
}

}  // namespace tidings::wire
