#include "wire/text_encoding.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/unistr.h>

namespace tidings::wire {
namespace {

constexpr std::size_t head_bytes = 512;

struct Name {
  std::string_view name;
  TextEncoding encoding;
};

// Compared without case, hyphens, underscores and spaces.
constexpr Name names[] = {
    {"utf8", TextEncoding::utf8},
    {"utf16", TextEncoding::utf16_le},
    {"utf16le", TextEncoding::utf16_le},
    {"utf16be", TextEncoding::utf16_be},
    {"latin1", TextEncoding::windows_1252},
    {"iso88591", TextEncoding::windows_1252},
    {"windows1252", TextEncoding::windows_1252},
    {"cp1252", TextEncoding::windows_1252},
    {"ansi", TextEncoding::windows_1252},
    {"windows1250", TextEncoding::windows_1250},
    {"cp1250", TextEncoding::windows_1250},
    {"latin2", TextEncoding::iso_8859_2},
    {"iso88592", TextEncoding::iso_8859_2},
};

struct Signature {
  std::string_view bytes;
  std::string_view what;
};

constexpr Signature signatures[] = {
    {"PK\x03\x04",
     "a spreadsheet workbook (.xlsx, .ods) or a ZIP archive; open it and save it as CSV"},
    {"\xD0\xCF\x11\xE0", "an old Excel workbook (.xls); open it and save it as CSV"},
    {"%PDF", "a PDF document"},
    {"\x1F\x8B", "a gzip archive; unpack it first"},
    {"\x89PNG", "a picture"},
    {"\xFF\xD8\xFF", "a picture"},
};

bool is_letter(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_high(unsigned char c) { return c >= 0x80; }

// What a byte tells in the middle of a word, in tenths: for Windows-1250, for Windows-1252, for
// ISO 8859-2.
struct Evidence {
  unsigned char byte;
  std::int8_t for_1250;
  std::int8_t for_1252;
  std::int8_t for_latin2;
};

// Symbols of one encoding that are letters of another weigh most: nobody writes "Pawe³".
constexpr Evidence evidence[] = {
    {0xB9, 20, -20, 10},   // ą, ¹, š
    {0xB3, 20, -20, 20},   // ł, ³, ł
    {0xBF, 20, -20, 20},   // ż, ¿, ż
    {0xA3, 20, -20, 20},   // Ł, £, Ł
    {0xAF, 20, -20, 20},   // Ż, ¯, Ż
    {0xA5, 20, -20, -10},  // Ą, ¥, Ľ
    {0xB1, -20, -20, 20},  // ±, ±, ą
    {0xB6, -20, -20, 20},  // ¶, ¶, ś
    {0xBC, -5, -20, 20},   // Ľ, ¼, ź
    {0xA1, -20, -20, 20},  // ˇ, ¡, Ą
    {0xA6, -20, -20, 20},  // ¦, ¦, Ś
    {0xAC, -20, -20, 20},  // ¬, ¬, Ź
    {0xBE, 5, -20, 15},    // ľ, ¾, ž
    {0xAE, -20, -20, 15},  // ®, ®, Ž
    {0xA9, -20, -20, 15},  // ©, ©, Š
    {0x9F, 15, -5, -20},   // ź, Ÿ, -
    {0x8F, 20, -20, -20},  // Ź, -, -
    {0x9D, 20, -20, -20},  // ť, -, -
    {0x8D, 20, -20, -20},  // Ť, -, -
    {0x9E, 12, 5, -20},    // ž, ž, -
    {0x8E, 12, 5, -20},    // Ž, Ž, -
    {0x9A, 12, 5, -20},    // š, š, -
    {0x8A, 12, 5, -20},    // Š, Š, -
    {0xEC, 15, -5, 15},    // ě, ì, ě
    {0xF9, 12, -2, 12},    // ů, ù, ů
    {0xFD, 8, 0, 8},       // ý, ý, ý
    {0xEA, 4, 4, 4},       // ę, ê, ę
    {0xE6, 3, 6, 3},       // ć, æ, ć
    {0xF8, 5, 5, 5},       // ř, ø, ř
    {0xE8, 3, 8, 3},       // č, è, č
    {0xE5, -5, 15, -5},    // ĺ, å, ĺ
    {0xE0, -5, 15, -5},    // ŕ, à, ŕ
    {0xE3, 0, 15, 0},      // ă, ã, ă
    {0xF1, 4, 10, 4},      // ń, ñ, ń
    {0xEF, 3, 8, 3},       // ď, ï, ď
};

constexpr std::array<const Evidence*, 256> evidence_by_byte = [] {
  std::array<const Evidence*, 256> table{};
  for (const Evidence& entry : evidence) table[entry.byte] = &entry;
  return table;
}();

}  // namespace

std::string_view to_string(TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::utf8:
      return "UTF-8";
    case TextEncoding::utf16_le:
      return "UTF-16LE";
    case TextEncoding::utf16_be:
      return "UTF-16BE";
    case TextEncoding::windows_1252:
      return "Windows-1252";
    case TextEncoding::windows_1250:
      return "Windows-1250";
    case TextEncoding::iso_8859_2:
      return "ISO-8859-2";
  }
  return "UTF-8";
}

std::optional<TextEncoding> parse_text_encoding(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  const auto* found = std::ranges::find(names, plain, &Name::name);
  return found == std::end(names) ? std::nullopt : std::optional(found->encoding);
}

void EncodingDetector::feed(std::string_view bytes) {
  if (head_.size() < head_bytes) head_.append(bytes.substr(0, head_bytes - head_.size()));
  for (const char c : bytes) look_at(static_cast<unsigned char>(c));
}

// The evidence of a byte between its neighbours.
void EncodingDetector::look_at_pair(unsigned char before, unsigned char at, unsigned char after) {
  if (!is_high(at)) return;
  // œ in "cœur", ś in "Kościuszko".
  if (at == 0x9C) {
    const bool oe = (after | 0x20) == 'u' || (after | 0x20) == 't';
    (oe ? score_1252_ : score_1250_) += 12;
    score_latin2_ -= 20;
    return;
  }
  if (at == 0x8C) {
    ((after | 0x20) == 'u' ? score_1252_ : score_1250_) += 12;
    score_latin2_ -= 20;
    return;
  }
  // Only in words: "2 m³" and "¿Qué?" tell nothing.
  const bool follows = is_letter(before) || is_high(before);
  const bool precedes = is_letter(after) || is_high(after);
  const bool in_word = at == 0xBF || at == 0xA1 ? follows : follows || precedes;
  if (!in_word) return;
  // A final ù or ì is French or Italian ("où", "lunedì").
  if ((at == 0xF9 || at == 0xEC) && !precedes) {
    score_1252_ += 8;
    return;
  }
  // A final ę is Polish ("imię"); no French word ends with ê.
  if (at == 0xEA && !precedes) {
    score_1250_ += 10;
    score_latin2_ += 10;
    return;
  }
  if (const Evidence* found = evidence_by_byte[at]) {
    score_1250_ += found->for_1250;
    score_1252_ += found->for_1252;
    score_latin2_ += found->for_latin2;
  } else if (at < 0xA0) {
    score_latin2_ -= 20;  // a control character there
  }
}

void EncodingDetector::look_at(unsigned char byte) {
  if (byte == 0) ++((total_ & 1) == 0 ? nul_even_ : nul_odd_);
  if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != 0) ++control_;
  ++total_;
  look_at_pair(last_[0], last_[1], byte);
  last_ = {last_[1], byte};

  if (continuation_left_ > 0) {
    if (byte >= low_ && byte <= high_) {
      low_ = 0x80;
      high_ = 0xBF;
      if (--continuation_left_ == 0) ++multibyte_;
      return;
    }
    continuation_left_ = 0;
    if (invalid_++ == 0) first_invalid_line_ = line_;
  }
  low_ = 0x80;
  high_ = 0xBF;
  if (byte < 0x80) {
    if (byte == '\n') ++line_;
  } else if (byte >= 0xC2 && byte <= 0xDF) {
    continuation_left_ = 1;
  } else if (byte >= 0xE0 && byte <= 0xEF) {
    continuation_left_ = 2;
    if (byte == 0xE0) low_ = 0xA0;
    if (byte == 0xED) high_ = 0x9F;
  } else if (byte >= 0xF0 && byte <= 0xF4) {
    continuation_left_ = 3;
    if (byte == 0xF0) low_ = 0x90;
    if (byte == 0xF4) high_ = 0x8F;
  } else {
    if (invalid_++ == 0) first_invalid_line_ = line_;
  }
}

Result<DetectedEncoding> EncodingDetector::finish() const {
  for (const Signature& signature : signatures)
    if (head_.starts_with(signature.bytes))
      return fail(ErrorKind::invalid, "encoding.not_text",
                  fmt::format("The file is not text but {}.", signature.what));
  if (head_.starts_with("\xFF\xFE")) return DetectedEncoding{TextEncoding::utf16_le, 2};
  if (head_.starts_with("\xFE\xFF")) return DetectedEncoding{TextEncoding::utf16_be, 2};
  // Latin text in UTF-16 has a NUL in nearly every pair, always on the same side.
  if (nul_odd_ > total_ / 5 && nul_even_ * 20 < nul_odd_)
    return DetectedEncoding{TextEncoding::utf16_le, 0};
  if (nul_even_ > total_ / 5 && nul_odd_ * 20 < nul_even_)
    return DetectedEncoding{TextEncoding::utf16_be, 0};
  if ((nul_even_ + nul_odd_ + control_) * 50 > total_)
    return fail(ErrorKind::invalid, "encoding.not_text",
                "The file is not text: it holds binary data. Save the table as CSV and try again.");
  const bool marked = head_.starts_with("\xEF\xBB\xBF");
  const std::uint64_t invalid = invalid_ + (continuation_left_ > 0 ? 1 : 0);
  if (invalid == 0) return DetectedEncoding{TextEncoding::utf8, marked ? 3u : 0u};
  if (marked || multibyte_ * 4 > invalid)
    return fail(ErrorKind::invalid, "encoding.mixed",
                fmt::format("Line {} is not UTF-8 although other lines are: the file mixes "
                            "encodings. Save it as UTF-8 and try again.",
                            first_invalid_line_ == 0 ? line_ : first_invalid_line_));
  if (score_latin2_ > score_1250_ && score_latin2_ > score_1252_)
    return DetectedEncoding{TextEncoding::iso_8859_2, 0};
  if (score_1250_ > score_1252_) return DetectedEncoding{TextEncoding::windows_1250, 0};
  return DetectedEncoding{TextEncoding::windows_1252, 0};
}

struct Utf8Converter::State {
  UConverter* from = nullptr;
  UConverter* to = nullptr;
  std::uint64_t replaced = 0;
  // Between the two converters; ICU keeps its read and write positions here.
  std::array<UChar, 8192> pivot{};
  UChar* pivot_source = pivot.data();
  UChar* pivot_target = pivot.data();
  bool started = false;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (from != nullptr) ucnv_close(from);
    if (to != nullptr) ucnv_close(to);
  }
};

namespace {

// ICU's substitution, counted.
void count_and_substitute(const void* context, UConverterToUnicodeArgs* args, const char* units,
                          std::int32_t length, UConverterCallbackReason reason, UErrorCode* error) {
  if (reason <= UCNV_IRREGULAR) ++*static_cast<std::uint64_t*>(const_cast<void*>(context));
  UCNV_TO_U_CALLBACK_SUBSTITUTE(nullptr, args, units, length, reason, error);
}

}  // namespace

Utf8Converter::Utf8Converter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Utf8Converter::Utf8Converter(Utf8Converter&&) noexcept = default;
Utf8Converter& Utf8Converter::operator=(Utf8Converter&&) noexcept = default;
Utf8Converter::~Utf8Converter() = default;

Result<Utf8Converter> Utf8Converter::create(TextEncoding from) {
  auto state = std::make_unique<State>();
  UErrorCode error = U_ZERO_ERROR;
  state->from = ucnv_open(std::string(to_string(from)).c_str(), &error);
  state->to = ucnv_open("UTF-8", &error);
  if (U_SUCCESS(error))
    ucnv_setToUCallBack(state->from, count_and_substitute, &state->replaced, nullptr, nullptr,
                        &error);
  if (U_FAILURE(error))
    return fail(ErrorKind::internal, "encoding.unavailable",
                fmt::format("The encoding {} is not available on this machine: {}.",
                            to_string(from), u_errorName(error)));
  return Utf8Converter(std::move(state));
}

Result<void> Utf8Converter::convert(std::string_view bytes, bool last, std::string& out) {
  std::array<char, 16384> buffer;
  const char* source = bytes.data();
  const char* const source_end = source + bytes.size();
  for (;;) {
    UErrorCode error = U_ZERO_ERROR;
    char* target = buffer.data();
    ucnv_convertEx(state_->to, state_->from, &target, buffer.data() + buffer.size(), &source,
                   source_end, state_->pivot.data(), &state_->pivot_source, &state_->pivot_target,
                   state_->pivot.data() + state_->pivot.size(), !state_->started, last, &error);
    state_->started = true;
    out.append(buffer.data(), static_cast<std::size_t>(target - buffer.data()));
    if (error == U_BUFFER_OVERFLOW_ERROR) continue;
    if (U_FAILURE(error))
      return fail(ErrorKind::internal, "encoding.failed",
                  fmt::format("The file could not be converted to UTF-8: {}.", u_errorName(error)));
    return {};
  }
}

std::uint64_t Utf8Converter::replaced() const { return state_->replaced; }

std::optional<std::string> to_nfc(std::string_view text) {
  // Everything below U+0300 is in the form already: lead bytes up to 0xCB.
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0xCC; }))
    return std::nullopt;
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error)) return std::nullopt;
  const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
  if (nfc->isNormalizedUTF8(piece, error) && U_SUCCESS(error)) return std::nullopt;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  error = U_ZERO_ERROR;
  nfc->normalizeUTF8(0, piece, sink, nullptr, error);
  if (U_FAILURE(error)) return std::nullopt;
  return out;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    int left = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      left = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      left = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      left = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    for (; left > 0; --left) {
      if (i == text.size()) return false;
      const auto next = static_cast<unsigned char>(text[i++]);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xBF;
    }
  }
  return true;
}

}  // namespace tidings::wire
