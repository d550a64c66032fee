#include "wire/mime_writer.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "wire/header_writer.h"

namespace tidings::wire {
namespace {

constexpr std::size_t kMaxMediaType = 200;

// RFC 2045 §5.1 token.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f && !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
  });
}

}  // namespace

std::string encode_base64_lines(std::string_view octets) {
  constexpr std::size_t kLineOctets = 57;  // 76 characters
  std::string out;
  out.reserve((octets.size() + kLineOctets - 1) / kLineOctets * 78);
  std::array<unsigned char, 80> line;
  while (!octets.empty()) {
    const std::size_t count = std::min(octets.size(), kLineOctets);
    const int length =
        EVP_EncodeBlock(line.data(), reinterpret_cast<const unsigned char*>(octets.data()),
                        static_cast<int>(count));
    out.append(reinterpret_cast<const char*>(line.data()), static_cast<std::size_t>(length));
    out += "\r\n";
    octets.remove_prefix(count);
  }
  return out;
}

std::string make_boundary(std::string_view seed) {
  return "=_" + to_hex(sha256(seed)).substr(0, 28);
}

std::string clean_media_type(std::string_view media_type) {
  constexpr std::string_view kUnknown = "application/octet-stream";
  const std::size_t semicolon = std::min(media_type.find(';'), media_type.size());
  const std::string_view type = media_type.substr(0, semicolon);
  const std::size_t slash = type.find('/');
  if (media_type.size() > kMaxMediaType || slash == std::string_view::npos ||
      !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1)) ||
      !std::ranges::all_of(media_type, [](char c) { return c >= 0x20 && c < 0x7f; })) {
    return std::string(kUnknown);
  }
  std::string lower(type.substr(0, slash));
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (lower == "message" || lower == "multipart") return std::string(kUnknown);
  return std::string(media_type);
}

void append_attachment_part(std::string& out, const AttachmentText& text,
                            std::string_view content) {
  append_structured_field(out, "Content-Type", clean_media_type(text.media_type));
  out += "Content-Transfer-Encoding: base64\r\n";
  append_attachment_disposition(out, text.file_name);
  if (!text.description.empty()) {
    append_text_field(out, "Content-Description", text.description);
  }
  out += "\r\n";
  out += encode_base64_lines(content);
}

}  // namespace tidings::wire
