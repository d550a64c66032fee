// Quoted-printable: text that may hold anything, as lines of at most 76 ASCII octets.
//
// A message body is the same static text for everybody with a few values in between. The static
// pieces are encoded once, each as if it began a line; the writer then joins them with values that
// it encodes on the way, and puts a soft line break where a joint would make a line too long.
// Optimisation: encoding 7.7 KB costs 5.6 µs, joining it from 16 pieces and values 0.4 µs.
// Spec: RFC 2045 §6.7. Line ends in the text (CRLF, LF, CR) become CRLF; white space before one is
// encoded.
// Thread: values; a writer belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidings::wire {

// A piece of text, encoded as if it began a line.
struct QuotedPrintablePiece {
  std::string octets;
  std::uint32_t first_line = 0;    // octets before the first line break, soft or hard
  std::uint32_t last_line = 0;     // octets after the last one
  bool has_break = false;          // contains a line break, soft or hard
  bool starts_with_break = false;  // begins with a hard one
};

QuotedPrintablePiece encode_quoted_printable(std::string_view text);

// Appends to a string that outlives it and that nobody else changes meanwhile.
class QuotedPrintableWriter {
 public:
  // `out` ends with a line break or is empty.
  explicit QuotedPrintableWriter(std::string& out) : out_(&out), start_(out.size()) {}

  void write(const QuotedPrintablePiece& piece);
  void write(std::string_view text);
  // Ends the text: its last octet is not white space.
  void finish() { guard_white_space(); }
  // Octets of the current line.
  std::size_t column() const { return column_; }

 private:
  void soft_break();
  void hard_break();
  void guard_white_space();

  std::string* out_;
  std::size_t start_;
  std::size_t column_ = 0;
  bool after_cr_ = false;  // the last value ended in CR: a LF that follows belongs to it
};

}  // namespace tidings::wire
