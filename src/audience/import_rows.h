// The rows of an import as values: read from its copy, checked, put into the forms that are
// stored. No database.
// Thread: one thread at a time; a chunk once made may move to another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "audience/import_file.h"
#include "audience/people/custom_fields.h"
#include "base/result.h"
#include "wire/csv.h"

namespace tidings::audience {

// How bad a finding is, as import_error.severity stores it.
enum class Severity {
  row_left_out = 0,
  value_left_out = 1,
  note = 2,  // a later row for the same person won
};

struct ImportFinding {
  std::uint64_t line = 0;
  std::string field;
  Severity severity = Severity::row_left_out;
  std::string value;  // cut to 200 bytes
  std::string reason;
};

// A row as it will be stored; empty means that the row says nothing about it. Borrows from its
// chunk.
struct ImportRow {
  std::uint64_t line = 0;
  std::string_view external_id;
  std::string_view email_key;  // wire::comparison_key()
  std::string_view email;      // as typed
  std::string_view phone_key;  // E.164
  std::string_view phone;      // as typed
  std::string_view first_name;
  std::string_view last_name;
  std::string_view name;
  std::string_view locale;
  std::string_view time_zone;
  std::string_view fields;        // JSON object of the custom fields that are not empty
  std::string_view row_identity;  // 16 bytes, only for a row without any identifier
  std::vector<std::string_view> groups;
};

struct ImportChunk {
  std::unique_ptr<std::pmr::monotonic_buffer_resource> arena;
  std::vector<ImportRow> rows;
  std::vector<ImportFinding> findings;
  std::uint64_t rows_read = 0;  // good and bad, blank ones not counted
  std::uint64_t bad = 0;
  wire::CsvPosition begin;
  wire::CsvPosition end;
  bool last = false;
  bool has_sole_identifier = false;  // the file has one column of email, phone and external id
  // For the writer, which is the busier thread. `order`: the rows by their first address, as the
  // index of addresses has them, equal ones in the order of the file. The lists: the JSON lists of
  // the keys in that order, empty without any.
  std::vector<std::uint32_t> order;
  std::string email_list;
  std::string phone_list;
};

// The first eight bytes of a text without NUL as a number: where two differ they are ordered as
// their texts are. What makes sorting texts fast.
std::uint64_t sort_prefix(std::string_view text);

class ImportRows {
 public:
  static constexpr std::uint64_t chunk_bytes_max = 6 << 20;

  // Reads the copy from `start` on. `region` is the ISO 3166 code that phone numbers without a
  // country prefix are read in; empty: such numbers are refused.
  // Values of `fields` are checked against their type; a column that is none of them is text.
  // Errors: import.file, import.file_missing.
  static Result<ImportRows> open(const ImportFile& file, wire::CsvPosition start,
                                 std::string region, std::vector<people::CustomField> fields = {});
  ImportRows(ImportRows&&) noexcept;
  ImportRows& operator=(ImportRows&&) noexcept;
  ~ImportRows();

  // The next rows, at most `count`, fewer when they are long: a chunk ends with the row that makes
  // it longer than chunk_bytes_max in the file. The chunk with `last` set ends the file and may be
  // empty.
  Result<ImportChunk> next(std::size_t count);

 private:
  struct State;
  explicit ImportRows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidings::audience
