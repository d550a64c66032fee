#include "audience/import_rows.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <phonenumbers/phonenumberutil.h>
#include <unicode/timezone.h>
#include <unistd.h>

#include "base/bytes.h"
#include "wire/email_address.h"
#include "wire/text_encoding.h"

namespace tidings::audience {
namespace {

constexpr std::size_t piece_bytes = 1 << 18;
constexpr std::size_t finding_value_max = 200;
constexpr std::size_t external_id_max = 200;
constexpr std::size_t name_max = 500;
constexpr std::size_t group_name_max = 200;
constexpr std::size_t groups_per_row_max = 50;
constexpr std::size_t checked_cache_max = 1000;

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

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Spaces around it, no-break spaces too.
std::string_view trim(std::string_view text) {
  for (;;) {
    if (!text.empty() && is_space(text.front()))
      text.remove_prefix(1);
    else if (text.starts_with("\u00A0"))
      text.remove_prefix(2);
    else
      break;
  }
  for (;;) {
    if (!text.empty() && is_space(text.back()))
      text.remove_suffix(1);
    else if (text.ends_with("\u00A0"))
      text.remove_suffix(2);
    else
      break;
  }
  return text;
}

bool is_region(std::string_view text) {
  return text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string cut(std::string_view value) {
  if (value.size() > finding_value_max) {
    value = value.substr(0, finding_value_max);
    while (!value.empty() && !wire::is_utf8(value)) value.remove_suffix(1);
  }
  return std::string(value);
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

struct ImportRows::State {
  State(const ImportFile& source, wire::CsvPosition start, std::string phone_region)
      : columns(source.columns),
        reader(source.delimiter, start),
        region(std::move(phone_region)),
        buffer(piece_bytes, '\0') {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (fd >= 0) ::close(fd);
  }

  Result<void> feed();
  void take_row(ImportChunk& chunk);
  void take_typed(const people::CustomField& definition, std::string_view value,
                  ImportChunk& chunk);
  void take_value(const MappedColumn& column, std::string_view value, ImportChunk& chunk,
                  ImportRow& row);
  void take_groups(std::string_view value, ImportChunk& chunk, ImportRow& row);
  void finish_row(ImportChunk& chunk, ImportRow row);
  void find(ImportChunk& chunk, std::string field, Severity severity, std::string_view value,
            std::string reason);
  void leave_out_row(ImportChunk& chunk, std::string field, std::string_view value,
                     std::string reason);
  std::string_view keep(ImportChunk& chunk, std::string_view text);

  std::vector<MappedColumn> columns;
  std::vector<people::CustomField> definitions;
  std::vector<const people::CustomField*> typed;  // of each column; null: it is text
  wire::CsvReader reader;
  std::string region;
  std::string buffer;
  int fd = -1;
  // Of the row at work.
  std::string fields;
  std::string normal;                                    // a value in form C
  bool bad_value = false;                                // an identifier of the row was refused
  std::unordered_map<std::string, std::string> locales;  // typed → stored, "" for refused
  std::unordered_map<std::string, bool> time_zones;
};

ImportRows::ImportRows(std::unique_ptr<State> state) : state_(std::move(state)) {}
ImportRows::ImportRows(ImportRows&&) noexcept = default;
ImportRows& ImportRows::operator=(ImportRows&&) noexcept = default;
ImportRows::~ImportRows() = default;

Result<ImportRows> ImportRows::open(const ImportFile& file, wire::CsvPosition start,
                                    std::string region, std::vector<people::CustomField> fields) {
  auto state = std::make_unique<State>(file, start, std::move(region));
  state->definitions = std::move(fields);
  for (const MappedColumn& column : state->columns) {
    const auto at = std::ranges::find(state->definitions, column.name, &people::CustomField::name);
    const bool is_typed = column.field == ContactField::custom && at != state->definitions.end() &&
                          at->type != people::FieldType::text;
    state->typed.push_back(is_typed ? &*at : nullptr);
  }
  state->fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state->fd < 0)
    return errno == ENOENT
               ? fail(ErrorKind::not_found, "import.file_missing",
                      fmt::format("The import's copy {} is gone; start the import again.",
                                  file.path.string()))
               : fail_errno("import.file", file.path.string(), errno);
  if (::lseek(state->fd, static_cast<off_t>(start.offset), SEEK_SET) < 0)
    return fail_errno("import.file", file.path.string(), errno);
  return ImportRows(std::move(state));
}

Result<void> ImportRows::State::feed() {
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("import.file", "The import's copy", errno);
    if (got == 0)
      reader.finish();
    else
      reader.feed(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    return {};
  }
}

std::string_view ImportRows::State::keep(ImportChunk& chunk, std::string_view text) {
  if (text.empty()) return {};
  char* copy = static_cast<char*>(chunk.arena->allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void ImportRows::State::find(ImportChunk& chunk, std::string field, Severity severity,
                             std::string_view value, std::string reason) {
  chunk.findings.push_back({.line = reader.begin().line,
                            .field = std::move(field),
                            .severity = severity,
                            .value = cut(value),
                            .reason = std::move(reason)});
}

void ImportRows::State::leave_out_row(ImportChunk& chunk, std::string field, std::string_view value,
                                      std::string reason) {
  ++chunk.bad;
  find(chunk, std::move(field), Severity::row_left_out, value, std::move(reason));
}

void ImportRows::State::take_groups(std::string_view value, ImportChunk& chunk, ImportRow& row) {
  for (std::size_t i = 0; i <= value.size();) {
    const std::size_t end = std::min(value.find_first_of(";|", i), value.size());
    const std::string_view name = trim(value.substr(i, end - i));
    i = end + 1;
    if (name.empty()) continue;
    if (name.size() > group_name_max || row.groups.size() == groups_per_row_max) {
      find(chunk, "group", Severity::value_left_out, name,
           name.size() > group_name_max
               ? fmt::format("A group's name has at most {} bytes.", group_name_max)
               : fmt::format("A row names at most {} groups.", groups_per_row_max));
      return;
    }
    row.groups.push_back(keep(chunk, name));
  }
}

// A value of a field that is more than text.
void ImportRows::State::take_typed(const people::CustomField& definition, std::string_view value,
                                   ImportChunk& chunk) {
  const auto checked = people::field_value_from_text(definition, value);
  if (!checked)
    return find(chunk, definition.name, Severity::value_left_out, value, checked.error().message);
  fields += fields.empty() ? '{' : ',';
  append_json_string(fields, definition.name);
  fields += ':';
  fields += *checked;
}

void ImportRows::State::take_value(const MappedColumn& column, std::string_view value,
                                   ImportChunk& chunk, ImportRow& row) {
  const auto short_text = [&](std::string_view& target, std::size_t limit) {
    if (value.size() <= limit) {
      target = keep(chunk, value);
      return;
    }
    find(chunk, column.name, Severity::value_left_out, value,
         fmt::format("The value is longer than {} bytes.", limit));
  };
  switch (column.field) {
    case ContactField::ignored:
      return;
    case ContactField::custom: {
      const auto* const definition = typed[static_cast<std::size_t>(&column - columns.data())];
      if (definition != nullptr) return take_typed(*definition, value, chunk);
      fields += fields.empty() ? '{' : ',';
      append_json_string(fields, column.name);
      fields += ':';
      append_json_string(fields, value);
      return;
    }
    case ContactField::email: {
      const auto address = wire::parse_email_address(value);
      if (!address) {
        bad_value = true;
        find(chunk, column.name, Severity::value_left_out, value, address.error().message);
        return;
      }
      row.email = keep(chunk, address->typed);
      row.email_key = keep(chunk, wire::comparison_key(*address));
      return;
    }
    case ContactField::phone: {
      const auto phone = normalise_phone(value, region);
      if (!phone) {
        bad_value = true;
        find(chunk, column.name, Severity::value_left_out, value, phone.error().message);
        return;
      }
      row.phone = keep(chunk, value);
      row.phone_key = keep(chunk, *phone);
      return;
    }
    case ContactField::external_id:
      short_text(row.external_id, external_id_max);
      if (row.external_id.empty()) bad_value = true;
      return;
    case ContactField::first_name:
      return short_text(row.first_name, name_max);
    case ContactField::last_name:
      return short_text(row.last_name, name_max);
    case ContactField::name:
      return short_text(row.name, name_max);
    case ContactField::group:
      return take_groups(value, chunk, row);
    case ContactField::locale: {
      if (locales.size() > checked_cache_max) locales.clear();
      const auto [known, fresh] = locales.try_emplace(std::string(value));
      if (fresh) known->second = normalise_locale(value);
      if (known->second.empty())
        find(chunk, column.name, Severity::value_left_out, value,
             "This is no language code such as nl or pl-PL.");
      row.locale = keep(chunk, known->second);
      return;
    }
    case ContactField::time_zone: {
      if (time_zones.size() > checked_cache_max) time_zones.clear();
      const auto [known, fresh] = time_zones.try_emplace(std::string(value));
      if (fresh) known->second = is_time_zone(value);
      if (known->second)
        row.time_zone = keep(chunk, value);
      else
        find(chunk, column.name, Severity::value_left_out, value,
             "This is no time zone such as Europe/Warsaw.");
      return;
    }
  }
}

// What tells two people without any identifier apart: everything the row says.
std::string identity_of(const ImportRow& row) {
  std::string all;
  for (const std::string_view part :
       {row.first_name, row.last_name, row.name, row.locale, row.time_zone, row.fields}) {
    all += fmt::format("{}:", part.size());
    all += part;
  }
  return sha256(all).substr(0, 16);
}

void ImportRows::State::finish_row(ImportChunk& chunk, ImportRow row) {
  if (!fields.empty()) fields += '}';
  row.fields = keep(chunk, fields);
  const bool identified =
      !row.external_id.empty() || !row.email_key.empty() || !row.phone_key.empty();
  if (!identified) {
    if (bad_value) {
      // The refused identifier is why: its findings become the row's.
      for (auto& finding : chunk.findings)
        if (finding.line == row.line && finding.severity == Severity::value_left_out &&
            (finding.field == "email" || finding.field == "phone" ||
             finding.field == "external_id"))
          finding.severity = Severity::row_left_out;
      ++chunk.bad;
      return;
    }
    if (row.first_name.empty() && row.last_name.empty() && row.name.empty()) {
      leave_out_row(chunk, "email", "",
                    "The row has no email address, phone number, external id or name.");
      return;
    }
    row.row_identity = keep(chunk, identity_of(row));
  }
  chunk.rows.push_back(std::move(row));
}

void ImportRows::State::take_row(ImportChunk& chunk) {
  const auto values = reader.fields();
  const bool blank = std::ranges::all_of(values, [](auto value) { return trim(value).empty(); });
  if (blank) return;
  ++chunk.rows_read;
  for (std::size_t i = columns.size(); i < values.size(); ++i)
    if (!trim(values[i]).empty())
      return leave_out_row(chunk, "row", values[i],
                           fmt::format("The row has {} columns but there are {} column names; put "
                                       "quotes around a value that holds the separator.",
                                       values.size(), columns.size()));
  ImportRow row{.line = reader.begin().line};
  fields.clear();
  bad_value = false;
  const std::size_t before = chunk.findings.size();
  for (std::size_t i = 0; i < std::min(columns.size(), values.size()); ++i) {
    std::string_view value = trim(values[i]);
    if (value.empty() || columns[i].field == ContactField::ignored) continue;
    if (!wire::is_utf8(value) || value.contains('\0')) {
      chunk.findings.resize(before);
      return leave_out_row(chunk, columns[i].name, "",
                           "The value is not text: it holds bytes that are no characters.");
    }
    if (auto composed = wire::to_nfc(value)) {
      normal = std::move(*composed);
      value = normal;
    }
    take_value(columns[i], value, chunk, row);
  }
  finish_row(chunk, std::move(row));
}

Result<ImportChunk> ImportRows::next(std::size_t count) {
  State& state = *state_;
  ImportChunk chunk;
  chunk.arena = std::make_unique<std::pmr::monotonic_buffer_resource>(1 << 16);
  chunk.rows.reserve(count);
  chunk.begin = state.reader.position();
  chunk.has_sole_identifier = 1 == std::ranges::count_if(state.columns, [](const auto& column) {
                                return column.field == ContactField::email ||
                                       column.field == ContactField::phone ||
                                       column.field == ContactField::external_id;
                              });
  const std::uint64_t bytes_end = chunk.begin.offset + chunk_bytes_max;
  while (chunk.rows_read < count && !chunk.last && state.reader.position().offset < bytes_end) {
    switch (state.reader.next()) {
      case wire::CsvReader::Next::record:
        state.take_row(chunk);
        break;
      case wire::CsvReader::Next::bad:
        ++chunk.rows_read;
        state.leave_out_row(chunk, "row", "", state.reader.problem());
        break;
      case wire::CsvReader::Next::more:
        TRY(state.feed());
        break;
      case wire::CsvReader::Next::end:
        chunk.last = true;
        break;
    }
  }
  chunk.end = state.reader.position();
  return chunk;
}

}  // namespace tidings::audience
