#include "wire/dsn.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "wire/report_fields.h"

namespace tidings::wire {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

// RFC 6533 §3: "\x{HEXPOINT}" stands for a character where a relay could not carry UTF-8.
std::string decode_points(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find("\\x{");
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 3);
    std::uint32_t point = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), point, 16);
    const auto length = static_cast<std::size_t>(end.ptr - text.data());
    const bool is_point = end.ec == std::errc() && length < text.size() && text[length] == '}' &&
                          point >= 0x20 && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
    if (!is_point) {
      out += "\\x{";
      continue;
    }
    append_utf8(out, point);
    text.remove_prefix(length + 1);
  }
  return out;
}

struct Typed {
  std::string type;
  std::string_view value;
};

// "type; value". Without a type, all is value.
Typed split_type(std::string_view text) {
  const std::size_t semicolon = text.find(';');
  const std::string_view type = trimmed(text.substr(0, semicolon));
  if (semicolon == std::string_view::npos || type.empty() || type.size() > 40 ||
      type.find_first_of(" @<:\"") != std::string_view::npos) {
    return {{}, trimmed(text)};
  }
  return {lower(type), trimmed(text.substr(semicolon + 1))};
}

void read_recipient_field(DsnRecipient& to, const ReportField& field) {
  if (field.name == "final-recipient") {
    to.final = read_typed_address(field.value);
  } else if (field.name == "original-recipient") {
    to.original = read_typed_address(field.value);
  } else if (field.name == "action") {
    to.action = lower(std::string_view(field.value).substr(0, field.value.find_first_of(" \t(;")));
  } else if (field.name == "status") {
    if (to.status.empty()) to.status = find_status_code(field.value);
    // "553 Too large": the words of a server that knows no status codes.
    if (to.status.empty() && to.diagnostic.empty()) to.diagnostic = field.value;
  } else if (field.name == "remote-mta") {
    to.remote_mta = split_type(field.value).value;
  } else if (field.name == "diagnostic-code") {
    auto typed = split_type(field.value);
    to.diagnostic_type = std::move(typed.type);
    to.diagnostic = typed.value;
  }
}

bool is_of_recipient(std::string_view name) {
  return name == "final-recipient" || name == "original-recipient" || name == "action" ||
         name == "status" || name == "remote-mta" || name == "diagnostic-code";
}

// Whether the field is about somebody else than the recipient being read.
bool begins_another(const DsnRecipient& now, std::string_view name) {
  if (name == "final-recipient") return !now.final.empty();
  if (name == "original-recipient") return !now.original.empty();
  return false;
}

}  // namespace

std::string read_typed_address(std::string_view text) {
  const Typed typed = split_type(text);
  std::string_view address = typed.value;
  const std::size_t open = address.find('<');
  const std::size_t close = address.rfind('>');
  if (open != std::string_view::npos && close != std::string_view::npos && open < close) {
    address = trimmed(address.substr(open + 1, close - open - 1));
  }
  return address.contains("\\x{") ? decode_points(address) : std::string(address);
}

DeliveryStatus read_delivery_status(std::string_view text) {
  DeliveryStatus made;
  DsnRecipient now;
  bool has_any = false;
  const auto finish = [&] {
    if (!now.final.empty() || !now.original.empty()) {
      if (made.recipients.size() < kDsnRecipientsMax) {
        made.recipients.push_back(std::move(now));
      } else {
        made.is_cut = true;
      }
    }
    now = {};
    has_any = false;
  };
  for (const ReportBlock& block : read_report_blocks(text)) {
    // An empty line ends a recipient only when another one follows.
    const bool names_one = find_field(block, "final-recipient") != nullptr ||
                           find_field(block, "original-recipient") != nullptr;
    if (names_one && has_any && !(now.final.empty() && now.original.empty())) finish();
    for (const ReportField& field : block) {
      if (field.name == "reporting-mta") made.reporting_mta = split_type(field.value).value;
      if (field.name == "original-envelope-id") made.envelope_id = field.value;
      if (!is_of_recipient(field.name)) continue;
      if (begins_another(now, field.name)) finish();
      read_recipient_field(now, field);
      has_any = true;
    }
  }
  finish();
  return made;
}

std::string_view find_status_code(std::string_view text) {
  for (std::size_t at = 0; at + 5 <= text.size(); ++at) {
    const bool is_class = text[at] == '2' || text[at] == '4' || text[at] == '5';
    if (!is_class || text[at + 1] != '.') continue;
    if (at > 0 && (is_digit(text[at - 1]) || text[at - 1] == '.')) continue;
    std::size_t end = at + 2;
    while (end < text.size() && is_digit(text[end])) ++end;
    const std::size_t subject = end - at - 2;
    if (subject == 0 || subject > 3 || end == text.size() || text[end] != '.') continue;
    const std::size_t detail_at = ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
    const std::size_t detail = end - detail_at;
    if (detail == 0 || detail > 3) continue;
    if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) continue;
    return text.substr(at, end - at);
  }
  return {};
}

}  // namespace tidings::wire
