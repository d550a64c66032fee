#include "wire/mailbox_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "wire/url.h"

namespace tidings::wire {
namespace {

constexpr std::size_t kUrlMax = 1'000;
constexpr std::string_view kForm =
    " It is written like imaps://bounces%40example.org@mail.example.org/INBOX, or pop3s://….";

std::unexpected<Error> wrong(std::string_view sentence) {
  return fail(ErrorKind::invalid, "mailbox_url.malformed", fmt::format("{}{}", sentence, kForm));
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// A part without control characters; nothing for what cannot be decoded.
std::optional<std::string> decoded(std::string_view text) {
  auto plain = percent_decode(text);
  if (!plain || has_control(*plain)) return std::nullopt;
  return plain;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:").contains(c);
  });
}

Result<void> set_host(MailboxUrl& url, std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong("The host begins with [ without a ].");
    url.host = text.substr(1, end - 1);
    colon = end + 1 < text.size() ? end + 1 : std::string_view::npos;
  } else {
    url.host = text.substr(0, colon);
    if (url.host.contains(':')) return wrong("An address of IPv6 stands in brackets.");
  }
  if (!is_host(url.host)) return wrong("That names no mail server.");
  if (colon == std::string_view::npos) return {};
  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (text[colon] != ':' || error != std::errc() || end != port.data() + port.size() ||
      number < 1 || number > 65535) {
    return wrong("A port is a number from 1 to 65535.");
  }
  url.port = static_cast<std::uint16_t>(number);
  return {};
}

}  // namespace

bool is_folder_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
    return c >= 0x20 && c < 0x7F && !std::string_view("\"\\*%;?").contains(c);
  });
}

Result<MailboxUrl> parse_mailbox_url(std::string_view text) {
  MailboxUrl url;
  if (text.size() > kUrlMax) return wrong("That is too long.");
  if (text.starts_with("pop3s://")) {
    url.is_pop3 = true;
    url.port = 995;
    url.folder.clear();
  } else if (!text.starts_with("imaps://")) {
    return wrong("A mailbox is reached by imaps:// or pop3s://, always encrypted.");
  }
  text.remove_prefix(8);
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    const std::string_view option = text.substr(mark + 1);
    const auto file = option.starts_with("ca=") ? decoded(option.substr(3)) : std::nullopt;
    if (!file || file->empty()) return wrong("The only option known is ca=FILE.");
    url.ca_file = *file;
    text = text.substr(0, mark);
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash);
  const auto folder = decoded(text.substr(std::min(text.size(), slash + 1)));
  if (!folder || (!folder->empty() && (url.is_pop3 || !is_folder_name(*folder)))) {
    return wrong(url.is_pop3 ? "POP3 has no folders." : "That names no folder.");
  }
  if (!folder->empty()) url.folder = *folder;
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const auto user = decoded(authority.substr(0, at));
    if (!user || user->empty()) return wrong("The user before the @ cannot be read.");
    if (authority.substr(0, at).contains(':')) return wrong("A password has no place there.");
    url.user = *user;
    authority.remove_prefix(at + 1);
  }
  if (const auto set = set_host(url, authority); !set) return std::unexpected(set.error());
  return url;
}

}  // namespace tidings::wire
