#include "report/readable_email.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/text.h"

namespace tidings::report {

namespace {

constexpr int kDepthMax = 10;

using Headers = std::vector<std::pair<std::string, std::string>>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool equal_names(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// `mark` and two hexadecimal digits are an octet: quoted-printable, the Q encoding, RFC 2231.
std::string decode_escapes(std::string_view text, char mark) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (text[i] != mark || low < 0) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

std::string decode_quoted_printable(std::string_view text) {
  std::string joined;
  joined.reserve(text.size());
  while (!text.empty()) {
    const std::size_t soft = text.find("=\r\n");
    joined += text.substr(0, soft);
    if (soft == std::string_view::npos) break;
    text.remove_prefix(soft + 3);
  }
  return decode_escapes(joined, '=');
}

// The word at the beginning of `text`, `=?charset?Q?…?=`, and its length; nothing for any other.
std::optional<std::pair<std::string, std::size_t>> encoded_word(std::string_view text) {
  if (!text.starts_with("=?")) return std::nullopt;
  const std::size_t charset = text.find('?', 2);
  if (charset == std::string_view::npos || charset + 3 > text.size()) return std::nullopt;
  if (!equal_names(text.substr(2, charset - 2), "utf-8")) return std::nullopt;
  const char encoding = lower(text[charset + 1]);
  const std::size_t begin = charset + 3;
  const std::size_t end = text.find("?=", begin);
  if (text[charset + 2] != '?' || end == std::string_view::npos) return std::nullopt;
  std::string content(text.substr(begin, end - begin));
  if (encoding == 'b') {
    auto decoded = from_base64(content);
    if (!decoded) return std::nullopt;
    return std::pair(*std::move(decoded), end + 2);
  }
  std::ranges::replace(content, '_', ' ');
  return std::pair(decode_escapes(content, '='), end + 2);
}

// White space between two encoded-words belongs to neither (RFC 2047 §6.2).
std::string decode_words(std::string_view value) {
  std::string result;
  std::string space;
  bool after_word = false;
  while (!value.empty()) {
    if (const auto word = encoded_word(value)) {
      if (!after_word) result += space;
      space.clear();
      result += word->first;
      value.remove_prefix(word->second);
      after_word = true;
    } else if (value.front() == ' ' || value.front() == '\t') {
      space += value.front();
      value.remove_prefix(1);
    } else {
      result += space;
      space.clear();
      result += value.front();
      value.remove_prefix(1);
      after_word = false;
    }
  }
  return result;
}

// The fields before the empty line, unfolded but not decoded; `octets` becomes the rest.
Headers take_headers(std::string_view& octets) {
  Headers headers;
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    const std::string_view line = octets.substr(0, end);
    octets.remove_prefix(end == std::string_view::npos ? octets.size() : end + 2);
    if (line.empty()) break;
    if ((line.front() == ' ' || line.front() == '\t') && !headers.empty()) {
      headers.back().second += line;
      continue;
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    headers.emplace_back(line.substr(0, colon), value);
  }
  return headers;
}

std::string_view field(const Headers& headers, std::string_view name) {
  for (const auto& [known, value] : headers) {
    if (equal_names(known, name)) return value;
  }
  return {};
}

// A parameter of Content-Type or Content-Disposition, without its quotes.
std::string parameter(std::string_view value, std::string_view name) {
  for (std::size_t at = value.find(';'); at != std::string_view::npos; at = value.find(';', at)) {
    at = value.find_first_not_of(" \t;", at);
    if (at == std::string_view::npos) break;
    if (value.size() <= at + name.size() || value[at + name.size()] != '=' ||
        !equal_names(value.substr(at, name.size()), name)) {
      continue;
    }
    std::string_view rest = value.substr(at + name.size() + 1);
    if (!rest.starts_with('"')) return std::string(rest.substr(0, rest.find_first_of("; \t")));
    std::string quoted;
    for (std::size_t i = 1; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
      quoted += rest[i];
    }
    return quoted;
  }
  return {};
}

std::string file_name(std::string_view disposition) {
  const std::string extended = parameter(disposition, "filename*");
  if (const std::size_t quote = extended.rfind('\''); quote != std::string::npos) {
    return decode_escapes(std::string_view(extended).substr(quote + 1), '%');
  }
  return parameter(disposition, "filename");
}

std::string without_cr(std::string text) {
  std::erase(text, '\r');
  return text;
}

std::string decode_body(std::string_view encoding, std::string_view body) {
  if (equal_names(encoding, "quoted-printable")) return decode_quoted_printable(body);
  if (!equal_names(encoding, "base64")) return std::string(body);
  std::string joined(body);
  std::erase_if(joined, [](char c) { return c == '\r' || c == '\n'; });
  return from_base64(joined).value_or(std::string(body));
}

void read_part(const Headers& headers, std::string_view body, int depth, ReadableEmail& email);

void read_parts(std::string_view boundary, std::string_view body, int depth, ReadableEmail& email) {
  const std::string mark = "--" + std::string(boundary);
  std::size_t at = body.find(mark);
  while (at != std::string_view::npos) {
    std::string_view rest = body.substr(at + mark.size());
    if (rest.starts_with("--")) return;
    const std::size_t line = rest.find("\r\n");
    if (line == std::string_view::npos) return;
    rest.remove_prefix(line + 2);
    const std::size_t end = rest.find("\r\n" + mark);
    std::string_view part = rest.substr(0, end);
    const Headers headers = take_headers(part);
    read_part(headers, part, depth + 1, email);
    if (end == std::string_view::npos) return;
    body = rest.substr(end + 2);
    at = 0;
  }
}

void read_part(const Headers& headers, std::string_view body, int depth, ReadableEmail& email) {
  if (depth > kDepthMax) return;
  const std::string_view type = field(headers, "Content-Type");
  const std::string media_type(type.substr(0, type.find(';')));
  const std::string_view disposition = field(headers, "Content-Disposition");
  if (media_type.starts_with("multipart/")) {
    if (const std::string boundary = parameter(type, "boundary"); !boundary.empty()) {
      read_parts(boundary, body, depth, email);
      return;
    }
  }
  if (disposition.starts_with("attachment")) {
    email.attachments.push_back({file_name(disposition), media_type, body.size(),
                                 decode_body(field(headers, "Content-Transfer-Encoding"), body)});
    return;
  }
  const bool is_html = media_type == "text/html";
  std::string decoded = decode_body(field(headers, "Content-Transfer-Encoding"), body);
  std::string& whole = is_html ? email.html : email.plain;
  if (whole.empty()) whole = decoded;
  if (!email.text.empty() && (is_html || !email.is_html)) return;
  email.text = without_cr(std::move(decoded));
  email.is_html = is_html;
}

}  // namespace

ReadableEmail read_email(std::string_view octets) {
  ReadableEmail email;
  const Headers headers = take_headers(octets);
  read_part(headers, octets, 0, email);
  for (const auto& [name, value] : headers) email.headers.emplace_back(name, decode_words(value));
  return email;
}

}  // namespace tidings::report
