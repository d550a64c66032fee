#include "audience/import_rows.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "audience/import_values.h"
#include "base/bytes.h"
#include "base/check.h"
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

std::string cut(std::string_view value) {
  if (value.size() > finding_value_max) {
    value = value.substr(0, finding_value_max);
    while (!value.empty() && !wire::is_utf8(value)) value.remove_suffix(1);
  }
  return std::string(value);
}

}  // namespace

namespace {

// What finishing a row has to know besides the row.
struct Taken {
  std::uint32_t findings_begin = 0;
  std::uint32_t findings_end = 0;
  bool bad_value = false;
};

// The phone numbers of the rows in E.164, empty where there is none or a bad one. Optimisation: on
// several threads, as libphonenumber takes 20 µs for each.
std::vector<std::string> normalise_phones(std::span<const ImportRow> rows,
                                          const std::string& region) {
  constexpr std::size_t rows_each_min = 500;
  constexpr std::size_t threads_max = 4;
  std::vector<std::string> keys;
  const auto numbers = static_cast<std::size_t>(
      std::ranges::count_if(rows, [](const ImportRow& row) { return !row.phone.empty(); }));
  if (numbers == 0) return keys;
  keys.resize(rows.size());
  const auto part = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (rows[i].phone.empty()) continue;
      if (auto key = normalise_phone(rows[i].phone, region)) keys[i] = *std::move(key);
    }
  };
  const std::size_t parts = std::clamp<std::size_t>(
      numbers / rows_each_min, 1,
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, threads_max));
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < parts; ++i)
    threads.emplace_back(part, rows.size() * i / parts, rows.size() * (i + 1) / parts);
  part(0, rows.size() / parts);
  threads.clear();  // waits
  return keys;
}

}  // namespace

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
  void finish_rows(ImportChunk& chunk);
  bool finish_row(ImportChunk& chunk, std::size_t at, const std::string& phone_key);
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
  std::vector<Taken> taken;                              // of each row of the chunk
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
      const std::string key = wire::comparison_key(*address);
      row.email_key = key == row.email ? row.email : keep(chunk, key);
      return;
    }
    case ContactField::phone:
      row.phone = keep(chunk, value);  // see finish_row()
      return;
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

// What can be said of a row once its phone number is known. False: it is left out.
bool ImportRows::State::finish_row(ImportChunk& chunk, std::size_t at,
                                   const std::string& phone_key) {
  ImportRow& row = chunk.rows[at];
  const std::size_t phone_finding = chunk.findings.size();
  bool bad = taken[at].bad_value;
  if (!phone_key.empty()) {
    row.phone_key = keep(chunk, phone_key);
  } else if (!row.phone.empty()) {
    const auto refused = normalise_phone(row.phone, region);
    CHECK(!refused);
    bad = true;
    chunk.findings.push_back({.line = row.line,
                              .field = "phone",
                              .severity = Severity::value_left_out,
                              .value = cut(row.phone),
                              .reason = refused.error().message});
    row.phone = {};
  }
  if (!row.external_id.empty() || !row.email_key.empty() || !row.phone_key.empty()) return true;
  if (bad) {
    // The refused identifier is why: its findings become the row's.
    const auto blame = [](ImportFinding& finding) {
      if (finding.severity == Severity::value_left_out &&
          (finding.field == "email" || finding.field == "phone" || finding.field == "external_id"))
        finding.severity = Severity::row_left_out;
    };
    for (std::size_t i = taken[at].findings_begin; i < taken[at].findings_end; ++i)
      blame(chunk.findings[i]);
    if (phone_finding < chunk.findings.size()) blame(chunk.findings[phone_finding]);
    ++chunk.bad;
    return false;
  }
  if (row.first_name.empty() && row.last_name.empty() && row.name.empty()) {
    ++chunk.bad;
    chunk.findings.push_back(
        {.line = row.line,
         .field = "email",
         .severity = Severity::row_left_out,
         .value = "",
         .reason = "The row has no email address, phone number, external id or name."});
    return false;
  }
  row.row_identity = keep(chunk, identity_of(row));
  return true;
}

void ImportRows::State::finish_rows(ImportChunk& chunk) {
  const std::vector<std::string> phones = normalise_phones(chunk.rows, region);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
    if (!finish_row(chunk, i, phones.empty() ? std::string() : phones[i])) continue;
    if (kept != i) chunk.rows[kept] = std::move(chunk.rows[i]);
    ++kept;
  }
  chunk.rows.resize(kept);
  std::ranges::sort(chunk.findings, {}, [](const ImportFinding& finding) {
    return std::pair<std::uint64_t, std::string_view>(finding.line, finding.field);
  });
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
  if (!fields.empty()) fields += '}';
  row.fields = keep(chunk, fields);
  taken.push_back({.findings_begin = static_cast<std::uint32_t>(before),
                   .findings_end = static_cast<std::uint32_t>(chunk.findings.size()),
                   .bad_value = bad_value});
  chunk.rows.push_back(std::move(row));
}

std::uint64_t sort_prefix(std::string_view text) {
  std::uint64_t prefix = 0;
  if (!text.empty()) std::memcpy(&prefix, text.data(), std::min(text.size(), sizeof prefix));
  return std::endian::native == std::endian::little ? std::byteswap(prefix) : prefix;
}

namespace {

struct Place {
  std::uint64_t prefix = 0;
  std::uint32_t row = 0;
};

template <typename Key>
std::vector<Place> places_by(std::span<const ImportRow> rows, Key key) {
  std::vector<Place> places(rows.size());
  for (std::uint32_t i = 0; i < rows.size(); ++i) places[i] = {sort_prefix(key(rows[i])), i};
  std::ranges::sort(places, [&](const Place& a, const Place& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = key(rows[a.row]).compare(key(rows[b.row]));
    return order != 0 ? order < 0 : a.row < b.row;
  });
  return places;
}

template <typename Key>
std::string list_of(std::span<const ImportRow> rows, const std::vector<Place>& places, Key key) {
  std::string list;
  for (const Place& place : places) {
    const std::string_view text = key(rows[place.row]);
    if (text.empty()) continue;
    list += list.empty() ? '[' : ',';
    append_json_string(list, text);
  }
  if (!list.empty()) list += ']';
  return list;
}

void put_in_order(ImportChunk& chunk) {
  const auto email = [](const ImportRow& row) { return row.email_key; };
  const auto phone = [](const ImportRow& row) { return row.phone_key; };
  const auto first_address = [](const ImportRow& row) {
    return row.email_key.empty() ? row.phone_key : row.email_key;
  };
  const auto places = places_by(chunk.rows, first_address);
  chunk.order.reserve(places.size());
  for (const Place& place : places) chunk.order.push_back(place.row);
  chunk.email_list = list_of(chunk.rows, places, email);
  if (std::ranges::any_of(chunk.rows, [&](const auto& row) { return !phone(row).empty(); }))
    chunk.phone_list = list_of(chunk.rows, places_by(chunk.rows, phone), phone);
}

}  // namespace

Result<ImportChunk> ImportRows::next(std::size_t count) {
  State& state = *state_;
  ImportChunk chunk;
  chunk.arena = std::make_unique<std::pmr::monotonic_buffer_resource>(1 << 16);
  chunk.rows.reserve(count);
  state.taken.clear();
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
  state.finish_rows(chunk);
  put_in_order(chunk);
  return chunk;
}

}  // namespace tidings::audience
