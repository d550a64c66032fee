#include "audience/import_values.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <phonenumbers/phonenumberutil.h>
#include <unicode/timezone.h>

namespace tidings::audience {
namespace {

struct LanguageName {
  std::string_view name;  // lower case
  std::string_view locale;
};

constexpr LanguageName language_names[] = {
    {"english", "en"},     {"dutch", "nl"},     {"polish", "pl"},     {"french", "fr"},
    {"german", "de"},      {"engels", "en"},    {"nederlands", "nl"}, {"pools", "pl"},
    {"frans", "fr"},       {"duits", "de"},     {"angielski", "en"},  {"niderlandzki", "nl"},
    {"polski", "pl"},      {"francuski", "fr"}, {"niemiecki", "de"},  {"anglais", "en"},
    {"néerlandais", "nl"}, {"polonais", "pl"},  {"français", "fr"},   {"allemand", "de"},
    {"deutsch", "de"},
};

bool is_region(std::string_view text) {
  return text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::string normalise_locale(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  const auto* named = std::ranges::find(language_names, lower, &LanguageName::name);
  if (named != std::end(language_names)) return std::string(named->locale);
  std::string locale;
  std::size_t part = 0;
  for (std::size_t i = 0; i <= lower.size();) {
    const std::size_t end = std::min(lower.find_first_of("-_", i), lower.size());
    std::string tag = lower.substr(i, end - i);
    const bool alphanumeric = std::ranges::all_of(
        tag, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
    if (!alphanumeric || tag.size() < 2 || tag.size() > (part == 0 ? 3u : 8u)) return {};
    if (part > 0 && tag.size() == 2)
      for (char& c : tag) c = static_cast<char>(c & ~0x20);
    locale += (part++ > 0 ? "-" : "") + tag;
    i = end + 1;
  }
  return locale.size() <= 35 ? locale : std::string();
}

bool is_time_zone(std::string_view text) {
  const std::unique_ptr<icu::TimeZone> zone(
      icu::TimeZone::createTimeZone(icu::UnicodeString::fromUTF8(
          icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())))));
  return text.contains('/') && zone != nullptr && *zone != icu::TimeZone::getUnknown();
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    }
  }
  out.append(text, plain);
  out += '"';
}

Result<std::string> normalise_phone(std::string_view typed, const std::string& region) {
  using Util = i18n::phonenumbers::PhoneNumberUtil;
  const Util& util = *Util::GetInstance();
  i18n::phonenumbers::PhoneNumber number;
  const std::string text(typed);
  // "00" before a country code is how half of Europe dials it.
  const auto parsed = util.Parse(text, region.empty() ? "ZZ" : region, &number);
  if (parsed == Util::INVALID_COUNTRY_CODE_ERROR)
    return fail(ErrorKind::invalid, "contact.bad_phone",
                region.empty() ? "The number has no country code; write it with +, such as "
                                 "+48 601 234 567, or set the import's region."
                               : "The country code of the number does not exist.");
  if (parsed != Util::NO_PARSING_ERROR)
    return fail(ErrorKind::invalid, "contact.bad_phone", "This is not a phone number.");
  if (!util.IsValidNumber(number))
    return fail(ErrorKind::invalid, "contact.bad_phone",
                "No such phone number can exist; check for missing or extra digits.");
  std::string formatted;
  util.Format(number, Util::E164, &formatted);
  return formatted;
}

std::string region_of_locale(std::string_view locale) {
  const std::size_t separator = locale.find_first_of("-_");
  if (separator != std::string_view::npos) {
    const std::string_view region = locale.substr(locale.find_last_of("-_") + 1);
    return is_region(region) ? std::string(region) : std::string();
  }
  if (locale == "nl") return "NL";
  if (locale == "pl") return "PL";
  if (locale == "fr") return "FR";
  if (locale == "de") return "DE";
  return {};
}

}  // namespace tidings::audience
