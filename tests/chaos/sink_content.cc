#include "sink_content.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <openssl/evp.h>

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
      out += escaped.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_nocase(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (std::size_t i = 0; i < lower_prefix.size(); ++i)
    if (lower(text[i]) != lower_prefix[i]) return false;
  return true;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    std::abort();
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

std::string header_value(std::string_view octets, std::string_view lower_name_and_colon) {
  std::size_t at = 0;
  while (at < octets.size()) {
    std::size_t end = octets.find("\r\n", at);
    if (end == std::string_view::npos || end == at) return "";
    if (starts_with_nocase(octets.substr(at), lower_name_and_colon)) {
      std::string value(
          octets.substr(at + lower_name_and_colon.size(), end - at - lower_name_and_colon.size()));
      while (end + 2 < octets.size() && (octets[end + 2] == ' ' || octets[end + 2] == '\t')) {
        const std::size_t next = std::min(octets.find("\r\n", end + 2), octets.size());
        value += octets.substr(end + 2, next - end - 2);
        end = next;
      }
      const std::size_t first = value.find_first_not_of(" \t");
      if (first == std::string::npos) return "";
      return value.substr(first, value.find_last_not_of(" \t") - first + 1);
    }
    at = end + 2;
  }
  return "";
}

std::string content_defects(std::string_view octets, bool eight_bit_declared) {
  bool bare_lf = false, bare_cr = false, long_line = false, nul = false, eight_bit = false;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const auto c = static_cast<unsigned char>(octets[i]);
    if (c >= 0x80) eight_bit = true;
    if (c == 0) nul = true;
    if (c == '\r' && (i + 1 == octets.size() || octets[i + 1] != '\n')) bare_cr = true;
    if (c != '\n') continue;
    if (i == 0 || octets[i - 1] != '\r') bare_lf = true;
    if (i - line_start > 998 + 1) long_line = true;
    line_start = i + 1;
  }
  std::string names;
  const auto add = [&](bool wrong, std::string_view name) {
    if (wrong) names += (names.empty() ? "" : ",") + std::string(name);
  };
  add(bare_lf, "bare_lf");
  add(bare_cr, "bare_cr");
  add(long_line, "long_line");
  add(nul, "nul");
  add(eight_bit && !eight_bit_declared, "undeclared_8bit");
  return names;
}

std::string unstuff(std::string_view stuffed) {
  std::string octets;
  octets.reserve(stuffed.size());
  if (!stuffed.empty() && stuffed.front() == '.') stuffed.remove_prefix(1);
  while (true) {
    const std::size_t at = stuffed.find("\r\n.");
    if (at == std::string_view::npos) break;
    octets += stuffed.substr(0, at + 2);
    stuffed.remove_prefix(at + 3);
  }
  octets += stuffed;
  return octets;
}
