#include "wire/email_address.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <idn2.h>
#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/check.h"

namespace tidings::wire {
namespace {

enum class Fault {
  empty,
  no_at,
  two_at,
  no_local_part,
  no_domain,
  not_utf8,
  control_character,
  white_space,
  invisible_character,
  bad_character,
  dot_position,
  bad_quoting,
  no_dot,
  domain_dot,
  domain_label,
  domain_character,
  domain_numeric,
  domain_literal,
  local_part_too_long,
  domain_too_long,
  too_long,
  bad_name,
};

struct FaultText {
  std::string_view code;
  std::string_view sentence;
};

// In the order of Fault.
constexpr std::array<FaultText, 22> kFaults = {{
    {"empty", "The address is empty."},
    {"no_at", "The address has no @: it should look like name@example.org."},
    {"two_at", "The address has more than one @: give one address only."},
    {"no_local_part", "The address has nothing before the @."},
    {"no_domain", "The address has nothing after the @."},
    {"not_utf8", "The address is not valid UTF-8: check the file's encoding."},
    {"control_character", "The address contains a control character or line break: remove it."},
    {"white_space", "The address contains a space: remove it."},
    {"invisible_character", "The address contains an invisible character: type it again."},
    {"bad_character",
     "The part before the @ contains a character that addresses cannot have, such as , ; : < > ( "
     "): check it, or give one address only."},
    {"dot_position", "The part before the @ begins or ends with a dot, or has two dots in a row."},
    {"bad_quoting", "The quotation marks before the @ do not match."},
    {"no_dot", "The domain has no dot: it should look like example.org."},
    {"domain_dot", "The domain begins or ends with a dot, or has two dots in a row."},
    {"domain_label",
     "A part of the domain begins or ends with a hyphen or is longer than 63 characters."},
    {"domain_character", "The domain contains a character that domain names cannot have."},
    {"domain_numeric", "The domain ends in digits only: domain names end in letters, as in .org."},
    {"domain_literal", "The domain in square brackets is not an IP address that can be used."},
    {"local_part_too_long", "The part before the @ is longer than 64 characters."},
    {"domain_too_long", "The domain is longer than 255 characters."},
    {"too_long", "The address is longer than 254 characters."},
    {"bad_name",
     "The name before the address contains a control character, is not valid UTF-8 or is too "
     "long: shorten it or type it again."},
}};

std::unexpected<Error> wrong(Fault fault) {
  const FaultText& text = kFaults[static_cast<std::size_t>(fault)];
  return fail(ErrorKind::invalid, "address." + std::string(text.code), std::string(text.sentence));
}

constexpr bool is_alnum(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 5322 §3.2.3 atext, by octet.
constexpr std::array<bool, 256> kAtext = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) table[c] = is_alnum(static_cast<unsigned char>(c));
  for (const char c : std::string_view("!#$%&'*+-/=?^_`{|}~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

constexpr bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// ASCII white space and control characters, no-break space, zero-width space, byte order mark.
std::string_view trim(std::string_view text) {
  constexpr std::array<std::string_view, 3> kWide = {"\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf"};
  constexpr std::string_view kNarrow = " \t\r\n\f\v";
  for (bool changed = true; changed && !text.empty();) {
    changed = false;
    if (kNarrow.contains(text.front())) text.remove_prefix(1), changed = true;
    if (!text.empty() && kNarrow.contains(text.back())) text.remove_suffix(1), changed = true;
    for (const std::string_view wide : kWide) {
      if (text.starts_with(wide)) text.remove_prefix(wide.size()), changed = true;
      if (text.ends_with(wide)) text.remove_suffix(wide.size()), changed = true;
    }
  }
  return text;
}

// Characters beyond ASCII that no part of an address may have; also reports broken UTF-8.
// Zero-width joiners are kept: Persian and Indic spelling needs them.
std::optional<Fault> check_unicode(std::string_view text) {
  const auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT(text.data(), i, length, c);
    if (c < 0) return Fault::not_utf8;
    if (c < 0x80) continue;
    switch (u_charType(c)) {
      case U_CONTROL_CHAR:
        return Fault::control_character;
      case U_SPACE_SEPARATOR:
      case U_LINE_SEPARATOR:
      case U_PARAGRAPH_SEPARATOR:
        return Fault::white_space;
      case U_FORMAT_CHAR:
        if (c != 0x200c && c != 0x200d) return Fault::invisible_character;
        break;
      case U_UNASSIGNED:
      case U_PRIVATE_USE_CHAR:
        return Fault::invisible_character;
      default:
        break;
    }
  }
  return std::nullopt;
}

std::string to_nfc(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  CHECK(U_SUCCESS(status));
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  nfc->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink,
                     nullptr, status);
  CHECK(U_SUCCESS(status));
  return result;
}

// The first fault of an unquoted local part.
std::optional<Fault> check_dot_atom(std::string_view local) {
  bool after_dot = true;
  for (const char ch : local) {
    const auto c = static_cast<unsigned char>(ch);
    if (c == '.') {
      if (after_dot) return Fault::dot_position;
      after_dot = true;
      continue;
    }
    after_dot = false;
    if (kAtext[c] || c >= 0x80) continue;
    if (c == ' ' || c == '\t') return Fault::white_space;
    if (c < 0x20 || c == 0x7f) return Fault::control_character;
    return c == '"' ? Fault::bad_quoting : Fault::bad_character;
  }
  return after_dot ? std::optional(Fault::dot_position) : std::nullopt;
}

// What a quoted-string says, without its quotes and backslashes.
std::expected<std::string, Fault> unquote(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.back() != '"') return std::unexpected(Fault::bad_quoting);
  std::string content;
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '"') return std::unexpected(Fault::bad_quoting);
    if (inside[i] == '\\' && ++i == inside.size()) return std::unexpected(Fault::bad_quoting);
    const auto c = static_cast<unsigned char>(inside[i]);
    if (c < 0x20 || c == 0x7f) return std::unexpected(Fault::control_character);
    content += inside[i];
  }
  return content;
}

std::string quote(std::string_view content) {
  std::string quoted = "\"";
  for (const char c : content) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

// Appends the normalised local part.
std::optional<Fault> read_local_part(std::string_view typed, std::string& out) {
  if (typed.empty()) return Fault::no_local_part;
  const std::size_t start = out.size();
  const bool ascii = is_ascii(typed);
  if (!ascii) {
    if (const auto fault = check_unicode(typed)) return fault;
  }
  if (typed.front() == '"') {
    auto content = unquote(typed);
    if (!content) return content.error();
    if (!ascii) *content = to_nfc(*content);
    // RFC 5321 §4.1.2: the quotes are not part of the name; used only where they are needed.
    out += check_dot_atom(*content) ? quote(*content) : *content;
  } else {
    // In the normal form: a Greek question mark is a semicolon there.
    if (!ascii) out += to_nfc(typed);
    const auto local = ascii ? typed : std::string_view(out).substr(start);
    if (const auto fault = check_dot_atom(local)) return fault;
    if (ascii) out += local;
  }
  if (out.size() - start > kMaxLocalPart) return Fault::local_part_too_long;
  return std::nullopt;
}

// Appends `domain` in lower case. Wants letters, digits, hyphens and dots.
std::optional<Fault> read_ascii_domain(std::string_view domain, std::string& out, bool& idn) {
  std::size_t label = 0;
  bool numeric = true;
  idn = false;
  for (std::size_t i = 0; i <= domain.size(); ++i) {
    if (i == domain.size() || domain[i] == '.') {
      const std::string_view text = domain.substr(label, i - label);
      if (text.empty()) return Fault::domain_dot;
      if (text.size() > 63 || text.front() == '-' || text.back() == '-') {
        return Fault::domain_label;
      }
      if (text.size() > 4 && text.substr(2, 2) == "--") idn = true;
      if (i == domain.size()) break;
      out += '.';
      label = i + 1;
      numeric = true;
      continue;
    }
    const auto c = static_cast<unsigned char>(domain[i]);
    if (c <= 0x20 || c == 0x7f) {
      return c == ' ' || c == '\t' ? Fault::white_space : Fault::control_character;
    }
    if (!is_alnum(c) && c != '-') return Fault::domain_character;
    if (c < '0' || c > '9') numeric = false;
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return numeric ? std::optional(Fault::domain_numeric) : std::nullopt;
}

// A-labels through libidn2, which also checks those that are A-labels already (RFC 5891 §5).
std::expected<std::string, Fault> to_a_labels(std::string_view domain) {
  const std::string terminated(domain);
  char* result = nullptr;
  const int code =
      idn2_to_ascii_8z(terminated.c_str(), &result, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owned(result, idn2_free);
  if (code == IDN2_OK) return std::string(result);
  if (code == IDN2_TOO_BIG_DOMAIN) return std::unexpected(Fault::domain_too_long);
  if (code == IDN2_TOO_BIG_LABEL || code == IDN2_HYPHEN_STARTEND || code == IDN2_2HYPHEN) {
    return std::unexpected(Fault::domain_label);
  }
  return std::unexpected(Fault::domain_character);
}

// RFC 5321 §4.1.3, IPv4 and IPv6 only.
bool is_address_literal(std::string_view domain) {
  if (domain.size() < 3 || domain.back() != ']') return false;
  const std::string inside(domain.substr(1, domain.size() - 2));
  if (inside.contains('\0')) return false;  // inet_pton would not see what follows
  std::array<unsigned char, 16> address;
  if (inside.starts_with("IPv6:")) return inet_pton(AF_INET6, inside.c_str() + 5, &address) == 1;
  return inet_pton(AF_INET, inside.c_str(), &address) == 1;
}

std::optional<Fault> read_domain(std::string_view typed, DomainRule rule, std::string& out) {
  if (typed.empty()) return Fault::no_domain;
  if (typed.size() > 4 * kMaxDomain) return Fault::domain_too_long;
  if (typed.front() == '[') {
    if (rule != DomainRule::any || !is_address_literal(typed)) return Fault::domain_literal;
    out += typed;
    return std::nullopt;
  }
  const std::size_t start = out.size();
  bool idn = false;
  if (is_ascii(typed)) {
    if (const auto fault = read_ascii_domain(typed, out, idn)) return fault;
  } else {
    if (const auto fault = check_unicode(typed)) return fault;
    idn = true;
  }
  if (idn) {
    const auto labels = to_a_labels(typed);
    if (!labels) return labels.error();
    out.resize(start);
    bool again = false;
    if (const auto fault = read_ascii_domain(*labels, out, again)) return fault;
  }
  const std::string_view domain = std::string_view(out).substr(start);
  if (domain.size() > kMaxDomain) return Fault::domain_too_long;
  if (rule == DomainRule::dotted && !domain.contains('.')) return Fault::no_dot;
  return std::nullopt;
}

// Where the @ stands that ends the local part, or why there is none.
std::expected<std::size_t, Fault> find_at(std::string_view text) {
  std::size_t i = 0;
  if (text.front() == '"') {
    for (i = 1; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\') ++i;
    }
    if (i >= text.size()) return std::unexpected(Fault::bad_quoting);
    ++i;
  }
  const std::size_t at = text.find('@', i);
  if (at == std::string_view::npos) return std::unexpected(Fault::no_at);
  if (text.find('@', at + 1) != std::string_view::npos) return std::unexpected(Fault::two_at);
  return at;
}

bool is_legal_name(std::string_view name) {
  if (name.size() > kMaxDisplayName) return false;
  const auto length = static_cast<std::int32_t>(name.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT(name.data(), i, length, c);
    if (c < 0 || u_charType(c) == U_CONTROL_CHAR || c == 0x2028 || c == 0x2029) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<EmailAddress> parse_email_address(std::string_view typed, DomainRule rule) {
  const std::string_view text = trim(typed);
  if (text.empty()) return wrong(Fault::empty);
  // Far beyond any limit (a local part of escaped octets, a domain of 4-octet letters): not looked
  // at any closer.
  if (text.size() > 2048) return wrong(Fault::too_long);
  const auto at = find_at(text);
  if (!at) return wrong(at.error());

  EmailAddress address;
  address.normalised.reserve(text.size());
  if (const auto fault = read_local_part(text.substr(0, *at), address.normalised)) {
    return wrong(*fault);
  }
  address.at = static_cast<std::uint16_t>(address.normalised.size());
  address.needs_smtputf8 = !is_ascii(address.normalised);
  address.normalised += '@';
  if (const auto fault = read_domain(text.substr(*at + 1), rule, address.normalised)) {
    return wrong(*fault);
  }
  if (address.normalised.size() > kMaxAddress) return wrong(Fault::too_long);
  address.typed = text;
  return address;
}

std::string comparison_key(const EmailAddress& address) {
  if (!address.needs_smtputf8) {
    std::string key = address.normalised;
    for (std::size_t i = 0; i < address.at; ++i) {
      if (key[i] >= 'A' && key[i] <= 'Z') key[i] = static_cast<char>(key[i] + 32);
    }
    return key;
  }
  const std::string_view local = address.local_part();
  UErrorCode status = U_ZERO_ERROR;
  std::string folded;
  icu::StringByteSink<std::string> sink(&folded);
  icu::CaseMap::utf8Fold(0, icu::StringPiece(local.data(), static_cast<std::int32_t>(local.size())),
                         sink, nullptr, status);
  CHECK(U_SUCCESS(status));
  // Folding can leave the normal form: once more, so that equal names have equal keys.
  std::string key = to_nfc(folded);
  key += '@';
  key += address.domain();
  return key;
}

Result<Mailbox> parse_mailbox(std::string_view typed, DomainRule rule) {
  const std::string_view text = trim(typed);
  if (text.empty()) return wrong(Fault::empty);
  const std::size_t open = text.ends_with('>') ? text.rfind('<') : std::string_view::npos;
  if (open == std::string_view::npos) return Mailbox{{}, TRY(parse_email_address(text, rule))};

  Mailbox mailbox;
  mailbox.address = TRY(parse_email_address(text.substr(open + 1, text.size() - open - 2), rule));
  const std::string_view name = trim(text.substr(0, open));
  if (name.starts_with('"')) {
    auto content = unquote(name);
    if (!content) {
      return wrong(content.error() == Fault::bad_quoting ? Fault::bad_quoting : Fault::bad_name);
    }
    mailbox.display_name = trim(*content);
  } else {
    mailbox.display_name = name;
  }
  std::ranges::replace(mailbox.display_name, '\t', ' ');
  if (!is_legal_name(mailbox.display_name)) return wrong(Fault::bad_name);
  return mailbox;
}

std::string to_text(const Mailbox& mailbox) {
  if (mailbox.display_name.empty()) return mailbox.address.normalised;
  const bool plain = std::ranges::all_of(mailbox.display_name, [](char ch) {
    const auto c = static_cast<unsigned char>(ch);
    return kAtext[c] || c >= 0x80 || c == ' ';
  });
  std::string text = plain ? mailbox.display_name : quote(mailbox.display_name);
  text += " <";
  text += mailbox.address.normalised;
  text += '>';
  return text;
}

}  // namespace tidings::wire
