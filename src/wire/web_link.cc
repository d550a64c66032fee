#include "wire/web_link.h"

#include <algorithm>

#include "base/text.h"

namespace tidings::wire {

namespace {

// Behind "http://" or "https://" in any case; 0 for anything else.
std::size_t scheme_end(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.size() < scheme.size()) continue;
    std::size_t same = 0;
    while (same < scheme.size() && lower(text[same]) == scheme[same]) ++same;
    if (same == scheme.size()) return same;
  }
  return 0;
}

// As a browser sees it: `\` ends a host, too.
std::size_t authority_end(std::string_view text, std::size_t from) {
  return std::min(text.find_first_of("/?#\\", from), text.size());
}

bool is_plain_host(std::string_view host) {
  return !host.empty() && host.front() != ':' && host.find('@') == std::string_view::npos;
}

}  // namespace

std::optional<std::string> web_link(std::string_view text) {
  std::string_view inner = text;
  const auto is_edge = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!inner.empty() && is_edge(inner.front())) inner.remove_prefix(1);
  while (!inner.empty() && is_edge(inner.back())) inner.remove_suffix(1);
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string link;
  link.reserve(inner.size());
  for (const char c : inner) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t' || c == '\n' || c == '\r') continue;
    if (byte > 0x20 && byte < 0x7f) {
      link += c;
    } else {
      link += '%';
      link += kDigits[byte >> 4];
      link += kDigits[byte & 0xf];
    }
    if (link.size() > kWebLinkMax) return std::nullopt;
  }
  const std::size_t host = scheme_end(link);
  if (host == 0) return std::nullopt;
  const std::string_view name =
      std::string_view(link).substr(host, authority_end(link, host) - host);
  if (!is_plain_host(name) || name.starts_with('%')) return std::nullopt;
  return link;
}

std::optional<std::size_t> host_end(std::string_view text) {
  const std::size_t host = scheme_end(text);
  if (host == 0) return std::nullopt;
  const std::size_t end = authority_end(text, host);
  if (end == text.size() || text[end] == '\\') return std::nullopt;
  const std::string_view name = text.substr(host, end - host);
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (!is_plain_host(name) || std::ranges::any_of(name, is_space)) return std::nullopt;
  return end;
}

}  // namespace tidings::wire
