// What a text file from somewhere is written in, and its conversion to UTF-8.
//
// Detection sees the whole file, piece by piece: that a file is UTF-8 is then a fact and not a
// guess. Only between the one-byte encodings is it a guess, from the letters that Polish, Czech,
// French and their neighbours use.
// Thread: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::wire {

enum class TextEncoding {
  utf8,
  utf16_le,
  utf16_be,
  windows_1252,  // holds ISO 8859-1, which it also stands for
  windows_1250,
  iso_8859_2,
};

// "UTF-8", "Windows-1250" …
std::string_view to_string(TextEncoding encoding);
// The usual names in any case, with or without hyphens: utf8, latin1, cp1250, windows-1252 …
std::optional<TextEncoding> parse_text_encoding(std::string_view name);

struct DetectedEncoding {
  TextEncoding encoding = TextEncoding::utf8;
  std::size_t byte_order_mark = 0;  // bytes to leave out at the start
};

class EncodingDetector {
 public:
  void feed(std::string_view bytes);
  // After the last byte. Errors (invalid): encoding.not_text with what the file seems to be (a
  // spreadsheet, a PDF, an archive, other binary data), encoding.mixed with the first line that
  // is not UTF-8 in a file that otherwise is.
  Result<DetectedEncoding> finish() const;

 private:
  void look_at(unsigned char byte);
  void look_at_pair(unsigned char before, unsigned char at, unsigned char after);

  std::string head_;  // the first bytes, for marks and signatures
  std::uint64_t total_ = 0;
  std::uint64_t nul_even_ = 0;  // NULs at even and odd offsets: UTF-16 without a mark
  std::uint64_t nul_odd_ = 0;
  std::uint64_t control_ = 0;
  std::uint64_t line_ = 1;
  // UTF-8 as a state machine (RFC 3629 §4).
  int continuation_left_ = 0;
  unsigned char low_ = 0x80;
  unsigned char high_ = 0xBF;
  std::uint64_t multibyte_ = 0;
  std::uint64_t invalid_ = 0;
  std::uint64_t first_invalid_line_ = 0;
  // Evidence for the one-byte encodings, in tenths.
  std::array<unsigned char, 2> last_ = {' ', ' '};
  std::int64_t score_1250_ = 0;
  std::int64_t score_1252_ = 0;
  std::int64_t score_latin2_ = 0;
};

// Converts a file to UTF-8, piece by piece. Bytes that mean nothing in the encoding become U+FFFD
// and are counted.
class Utf8Converter {
 public:
  // Error: encoding.unavailable (internal) when ICU does not know the encoding.
  static Result<Utf8Converter> create(TextEncoding from);
  Utf8Converter(Utf8Converter&&) noexcept;
  Utf8Converter& operator=(Utf8Converter&&) noexcept;
  ~Utf8Converter();

  // Appends the converted bytes to `out`; `last` with the final piece.
  Result<void> convert(std::string_view bytes, bool last, std::string& out);
  std::uint64_t replaced() const;

 private:
  struct State;
  explicit Utf8Converter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Unicode normal form C (UAX #15). `text` must be valid UTF-8; nothing when it is in that form
// already, as nearly all text is.
std::optional<std::string> to_nfc(std::string_view text);
// RFC 3629; NUL counts as valid.
bool is_utf8(std::string_view text);

}  // namespace tidings::wire
