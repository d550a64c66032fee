#include "wire/quoted_printable.h"

#include <algorithm>
#include <array>

namespace tidings::wire {
namespace {

// RFC 2045 §6.7(5): 76 with the "=" of a soft break, which any line may turn out to need.
constexpr std::size_t kMaxContent = 75;
constexpr std::string_view kHex = "0123456789ABCDEF";

// Printable ASCII but "=", and the space and tab, which are looked at again at line ends.
constexpr std::array<bool, 256> kLiteral = [] {
  std::array<bool, 256> table{};
  for (int c = 0x20; c < 0x7f; ++c) table[c] = c != '=';
  table['\t'] = true;
  return table;
}();

}  // namespace

void QuotedPrintableWriter::soft_break() {
  *out_ += "=\r\n";
  column_ = 0;
}

void QuotedPrintableWriter::hard_break() {
  guard_white_space();
  *out_ += "\r\n";
  column_ = 0;
}

// RFC 2045 §6.7(3): white space must not end a line, for some relays remove it.
void QuotedPrintableWriter::guard_white_space() {
  if (column_ == 0 || out_->size() == start_) return;
  const char last = out_->back();
  if (last != ' ' && last != '\t') return;
  out_->pop_back();
  --column_;
  if (column_ + 3 > kMaxContent) soft_break();
  *out_ += last == ' ' ? "=20" : "=09";
  column_ += 3;
}

void QuotedPrintableWriter::write(const QuotedPrintablePiece& piece) {
  if (piece.octets.empty()) return;
  if (piece.starts_with_break) {
    if (after_cr_) {
      after_cr_ = false;
      // The CR before already made this line break.
      *out_ += std::string_view(piece.octets).substr(2);
      column_ = piece.last_line;
      return;
    }
    guard_white_space();
  } else if (column_ + piece.first_line > kMaxContent) {
    soft_break();
  }
  after_cr_ = false;
  *out_ += piece.octets;
  column_ = piece.has_break ? piece.last_line : column_ + piece.last_line;
}

void QuotedPrintableWriter::write(std::string_view text) {
  if (text.empty()) return;
  if (after_cr_ && text.front() == '\n') text.remove_prefix(1);
  after_cr_ = false;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* run = at;
    while (run != end && kLiteral[static_cast<unsigned char>(*run)]) ++run;
    while (at != run) {
      if (column_ == kMaxContent) soft_break();
      const std::size_t count = std::min<std::size_t>(run - at, kMaxContent - column_);
      out_->append(at, count);
      column_ += count;
      at += count;
    }
    if (at == end) return;
    const auto c = static_cast<unsigned char>(*at++);
    if (c == '\n') {
      hard_break();
    } else if (c == '\r') {
      hard_break();
      if (at == end) {
        after_cr_ = true;
      } else if (*at == '\n') {
        ++at;
      }
    } else {
      if (column_ + 3 > kMaxContent) soft_break();
      const std::array<char, 3> triplet = {'=', kHex[c >> 4], kHex[c & 15]};
      out_->append(triplet.data(), triplet.size());
      column_ += 3;
    }
  }
}

QuotedPrintablePiece encode_quoted_printable(std::string_view text) {
  QuotedPrintablePiece piece;
  QuotedPrintableWriter writer(piece.octets);
  writer.write(text);
  const std::size_t first = piece.octets.find('\r');
  piece.has_break = first != std::string::npos;
  piece.first_line = static_cast<std::uint32_t>(piece.has_break ? first : piece.octets.size());
  piece.last_line = static_cast<std::uint32_t>(writer.column());
  piece.starts_with_break = first == 0;
  return piece;
}

}  // namespace tidings::wire
