#include "wire/header_writer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "wire/encoded_word.h"

namespace tidings::wire {
namespace {

constexpr std::size_t kPreferredLine = 78;
constexpr std::size_t kEncodedLine = 76;  // RFC 2047 §2: of a line that holds an encoded-word
constexpr std::size_t kMaxFileName = 200;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// RFC 5322 §3.2.3 atext and the space between atoms.
constexpr std::array<bool, 256> kAtomOrSpace = [] {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-/=?^_`{|}~ ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_atoms(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return kAtomOrSpace[static_cast<unsigned char>(c)]; });
}

// A word that cannot stand on a line by itself or would be read as something else.
bool must_be_encoded(std::string_view word) {
  return word.size() > kPreferredLine - 2 || !is_ascii(word) || word.contains("=?");
}

// Appends words separated by single spaces, folding before the one that does not fit.
std::size_t append_folded(std::string& out, std::string_view words, std::size_t column,
                          std::size_t limit = kPreferredLine) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end > 0) {
      if (column + 1 + end > limit && column > 1) {
        limit = kPreferredLine;
        out += "\r\n";
        column = 0;
      }
      out += ' ';
      out += words.substr(0, end);
      column += 1 + end;
    }
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return column;
}

// Cleaned text of any length after "Name:". From the first word that must be encoded to the last
// everything is, because white space between two encoded-words is not shown (RFC 2047 §6.2).
void append_text(std::string& out, std::string_view text, std::size_t column) {
  std::size_t first = text.size();
  std::size_t last = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    if (must_be_encoded(text.substr(start, end - start))) {
      first = std::min(first, start);
      last = end;
    }
    start = end + 1;
  }
  column = append_folded(out, text.substr(0, first), column);
  if (first == text.size()) return;
  column = append_encoded_words(out, text.substr(first, last - first), " ", column);
  append_folded(out, text.substr(last), column, kEncodedLine);
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  result += '"';
  return result;
}

// `text` is cleaned and not empty.
std::size_t append_phrase(std::string& out, std::string_view text, std::size_t column) {
  const bool plain = is_ascii(text) && !text.contains("=?");
  if (plain && column + 3 + 2 * text.size() <= kPreferredLine) {
    const std::size_t start = out.size();
    out += ' ';
    is_atoms(text) ? out.append(text) : out.append(quoted(text));
    return column + out.size() - start;
  }
  if (plain && is_atoms(text) && !std::ranges::any_of(text, [run = 0](char c) mutable {
        run = c == ' ' ? 0 : run + 1;
        return run > 60;
      })) {
    return append_folded(out, text, column);
  }
  return append_encoded_words(out, text, " ", column);
}

// The name alone, of bounded length, without what file systems and shells trip over.
std::string clean_file_name(std::string_view name) {
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const std::string clean = clean_header_text(name);
  if (clean.empty() || clean == "." || clean == "..") return "attachment";
  if (clean.size() <= kMaxFileName) return clean;
  const std::size_t dot = clean.rfind('.');
  std::string extension;
  if (dot != std::string::npos && clean.size() - dot <= 16) extension = clean.substr(dot);
  std::size_t keep = kMaxFileName - extension.size();
  while (keep > 0 && (static_cast<unsigned char>(clean[keep]) & 0xc0) == 0x80) --keep;
  return clean.substr(0, keep) + extension;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    // RFC 2231 §7 attribute-char, of which we use the part nobody disputes.
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
        c == '-' || c == '_') {
      result += ch;
    } else {
      result += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return result;
}

}  // namespace

void append_text_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ':';
  if (is_plain_header_text(value)) {
    if (name.size() + 2 + value.size() <= kPreferredLine) {
      if (!value.empty()) out += ' ';
      out += value;
    } else {
      append_text(out, value, name.size() + 1);
    }
  } else {
    append_text(out, clean_header_text(value), name.size() + 1);
  }
  out += "\r\n";
}

void append_mailbox_field(std::string& out, std::string_view name, std::string_view display_name,
                          std::string_view address) {
  out += name;
  out += ':';
  std::size_t column = name.size() + 1;
  bool named = !display_name.empty();
  if (named && is_plain_header_text(display_name)) {
    column = append_phrase(out, display_name, column);
  } else if (named) {
    const std::string clean = clean_header_text(display_name);
    named = !clean.empty();
    if (named) column = append_phrase(out, clean, column);
  }
  if (named && column + 3 + address.size() > kEncodedLine) out += "\r\n";
  out += named ? " <" : " ";
  for (const char c : address) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  }
  out += named ? ">\r\n" : "\r\n";
}

void append_mailbox_field(std::string& out, std::string_view name, const Mailbox& mailbox) {
  append_mailbox_field(out, name, mailbox.display_name, mailbox.address.normalised);
}

void append_structured_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ':';
  const bool clean = std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (clean) {
    append_folded(out, value, name.size() + 1);
  } else {
    std::string kept;
    std::ranges::copy_if(value, std::back_inserter(kept),
                         [](char c) { return c >= 0x20 && c < 0x7f; });
    append_folded(out, kept, name.size() + 1);
  }
  out += "\r\n";
}

void append_attachment_disposition(std::string& out, std::string_view file_name) {
  const std::string name = clean_file_name(file_name);
  std::string ascii;
  for (const char ch : name) {
    const auto c = static_cast<unsigned char>(ch);
    // One underscore for each character that ASCII lacks, that confuses readers, or that could
    // make an encoded-word.
    if (c >= 0x80 ? (c & 0xc0) == 0xc0 : std::string_view("\"\\%?").contains(ch)) {
      ascii += '_';
    } else if (c < 0x80) {
      ascii += ch;
    }
  }
  out += "Content-Disposition: attachment;\r\n ";
  // The full name first: readers that know both forms and look no further take the first.
  if (ascii != name) {
    out += "filename*=UTF-8''";
    out += percent_encoded(name);
    out += ";\r\n ";
  }
  out += "filename=\"";
  out += ascii;
  out += '"';
  out += "\r\n";
}

}  // namespace tidings::wire
