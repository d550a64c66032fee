#include "wire/relay_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace tidings::wire {
namespace {

std::unexpected<Error> wrong(std::string_view what, std::string sentence) {
  return fail(ErrorKind::invalid, fmt::format("relay_url.{}", what), std::move(sentence));
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto octet = from_hex(text.substr(i + 1, 2));
    if (i + 2 >= text.size() || !octet || octet->size() != 1) return std::nullopt;
    out += *octet;
    i += 2;
  }
  const bool control = std::ranges::any_of(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (control) return std::nullopt;
  return out;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':';
  });
}

Result<void> set_tls(RelayUrl& url, std::string_view value, bool from_start) {
  const bool secret = !url.user.empty();
  if (value == "insecure") {
    url.verify_certificate = false;
  } else if (value == "verify") {
    url.verify_certificate = true;
    if (!from_start) url.tls = SmtpTlsUse::required;
  } else if (value == "required") {
    if (from_start) return {};
    url.tls = SmtpTlsUse::required;
    url.verify_certificate = secret;
  } else if (value == "auto" && !from_start) {
    url.verify_certificate = secret;
  } else if (value == "off" && !from_start) {
    url.tls = SmtpTlsUse::never;
  } else {
    return wrong("tls", fmt::format("tls={} is not possible with {}. Choose one of {}.", value,
                                    from_start ? "smtps://" : "smtp://",
                                    from_start ? "verify, insecure"
                                               : "auto, required, verify, insecure, off"));
  }
  return {};
}

Result<void> set_option(RelayUrl& url, std::string_view option, bool from_start) {
  const std::size_t equals = std::min(option.find('='), option.size());
  const std::string_view name = option.substr(0, equals);
  const auto value = percent_decoded(option.substr(std::min(option.size(), equals + 1)));
  if (!value || value->empty()) {
    return wrong("option", fmt::format("The option {} has no usable value.", name));
  }
  if (name == "tls") return set_tls(url, *value, from_start);
  if (name == "ca") {
    url.ca_file = *value;
  } else if (name == "helo") {
    if (!is_hello_name(*value)) {
      return wrong("helo", "The name for EHLO has letters outside ASCII or spaces.");
    }
    url.hello_name = *value;
  } else if (name == "auth_in_clear" && (*value == "yes" || *value == "no")) {
    url.auth_in_clear = *value == "yes";
  } else if (name == "auth") {
    url.mechanisms.clear();
    std::string_view rest = *value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const auto mechanism = parse_sasl_mechanism(rest.substr(0, comma));
      if (!mechanism) {
        return wrong("auth", fmt::format("\"{}\" is not a login method known here. Known are "
                                         "scram-sha-256, cram-md5, plain, login, xoauth2 and "
                                         "oauthbearer.",
                                         rest.substr(0, comma)));
      }
      url.mechanisms.push_back(*mechanism);
      rest.remove_prefix(std::min(rest.size(), comma + 1));
    }
  } else {
    return wrong("option", fmt::format("The option {} is not known; known are tls, ca, auth, "
                                       "auth_in_clear and helo.",
                                       option));
  }
  return {};
}

// "host", "host:port", "[::1]:port".
Result<void> set_host(RelayUrl& url, std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong("host", "The host begins with [ without a ].");
    url.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!is_host(url.host)) {
    return wrong("host",
                 "The host of the mail server is missing or has characters that no host "
                 "name has. It is written like smtp://mail.example.org:587.");
  }
  if (port.empty()) return {};
  port.remove_prefix(1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
    return wrong("port",
                 fmt::format("\"{}\" is not a port: it is a number from 1 to 65535.", port));
  }
  url.port = static_cast<std::uint16_t>(number);
  return {};
}

}  // namespace

bool is_hello_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7F; });
}

Result<RelayUrl> parse_relay_url(std::string_view text) {
  RelayUrl url;
  const bool from_start = text.starts_with("smtps://");
  if (!from_start && !text.starts_with("smtp://")) {
    return wrong("scheme",
                 "The mail server's address begins with smtp:// or smtps://, as in "
                 "smtp://mail.example.org:587.");
  }
  text.remove_prefix(from_start ? 8 : 7);
  const std::size_t question = std::min(text.find('?'), text.size());
  std::string_view options = text.substr(std::min(text.size(), question + 1));
  text = text.substr(0, question);
  while (text.ends_with('/')) text.remove_suffix(1);
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = text.substr(0, at);
    if (user.find(':') != std::string_view::npos) {
      return wrong("password",
                   "Leave the password out of the mail server's address, where others could read "
                   "it; it is given separately.");
    }
    const auto decoded = percent_decoded(user);
    if (!decoded || decoded->empty()) {
      return wrong("user", "The user name before the @ is empty or wrongly encoded.");
    }
    url.user = *decoded;
    text.remove_prefix(at + 1);
  }
  url.port = from_start ? 465 : url.user.empty() ? 25 : 587;
  url.tls = from_start ? SmtpTlsUse::active : SmtpTlsUse::when_offered;
  url.verify_certificate = from_start || !url.user.empty();
  TRY(set_host(url, text));
  while (!options.empty()) {
    const std::size_t end = std::min(options.find('&'), options.size());
    TRY(set_option(url, options.substr(0, end), from_start));
    options.remove_prefix(std::min(options.size(), end + 1));
  }
  return url;
}

}  // namespace tidings::wire
