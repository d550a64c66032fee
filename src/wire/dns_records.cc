#include "wire/dns_records.h"

#include <algorithm>

#include "base/text.h"

namespace tidings::wire {
namespace {

constexpr std::size_t kNameMax = 253;
constexpr std::size_t kLabelMax = 63;

std::uint8_t octet(std::string_view data, std::size_t at) {
  return static_cast<std::uint8_t>(data[at]);
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// The whole of `data` is one name.
std::optional<std::string> read_name(std::string_view data) {
  std::string name;
  while (!data.empty()) {
    const std::size_t size = octet(data, 0);
    if (size == 0) return data.size() == 1 ? std::optional(name) : std::nullopt;
    if (size > kLabelMax || size >= data.size()) return std::nullopt;
    const std::string_view label = data.substr(1, size);
    if (!std::ranges::all_of(label, is_name_character)) return std::nullopt;
    if (!name.empty()) name += '.';
    name += lower(label);
    if (name.size() > kNameMax) return std::nullopt;
    data.remove_prefix(size + 1);
  }
  return std::nullopt;
}

}  // namespace

std::optional<MxRecord> read_mx(std::string_view data) {
  if (data.size() < 3) return std::nullopt;
  auto exchange = read_name(data.substr(2));
  if (!exchange) return std::nullopt;
  const unsigned preference = (unsigned{octet(data, 0)} << 8) | octet(data, 1);
  return MxRecord{static_cast<std::uint16_t>(preference), *std::move(exchange)};
}

std::optional<std::string> read_txt(std::string_view data) {
  if (data.empty()) return std::nullopt;
  std::string text;
  while (!data.empty()) {
    const std::size_t size = octet(data, 0);
    if (size >= data.size()) return std::nullopt;
    text += data.substr(1, size);
    data.remove_prefix(size + 1);
  }
  return text;
}

std::optional<std::string> read_ptr(std::string_view data) { return read_name(data); }

std::optional<TlsaRecord> read_tlsa(std::string_view data) {
  if (data.size() < 4) return std::nullopt;
  return TlsaRecord{octet(data, 0), octet(data, 1), octet(data, 2), std::string(data.substr(3))};
}

bool is_usable_tlsa(const TlsaRecord& record) {
  if (record.usage != 2 && record.usage != 3) return false;
  if (record.selector > 1 || record.matching_type > 2) return false;
  const std::size_t size = record.data.size();
  return record.matching_type == 1 ? size == 32 : record.matching_type == 2 ? size == 64 : size > 0;
}

bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kNameMax) return false;
  while (true) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    if (dot == 0 || dot > kLabelMax) return false;
    if (!std::ranges::all_of(name.substr(0, dot), is_name_character)) return false;
    if (dot == name.size()) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace tidings::wire
