// The file of an import: what is in it, and its durable copy in the data folder.
//
// The copy is UTF-8 without a byte order mark whatever the original was, so that the cursor of
// the import is a plain byte offset into it.
// Thread: any; no state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/column_mapping.h"
#include "base/result.h"
#include "wire/csv.h"
#include "wire/text_encoding.h"

namespace tidings::audience {

struct FileOptions {
  std::optional<char> delimiter;               // detected when absent
  std::optional<wire::TextEncoding> encoding;  // detected when absent
  std::vector<std::string> mappings;           // `column=field`, see map_columns()
  // What detect_import_encoding() said of the whole file: it is not read again to find out, and a
  // file that needs no conversion is linked instead of copied where the file system can.
  std::optional<wire::DetectedEncoding> known;
};

struct ImportFile {
  std::filesystem::path path;                              // the copy
  wire::TextEncoding encoding = wire::TextEncoding::utf8;  // of the original
  std::uint64_t replaced = 0;  // characters that meant nothing in that encoding
  char delimiter = ',';
  std::vector<MappedColumn> columns;
  wire::CsvPosition rows_begin;   // behind the header
  std::uint64_t total_bytes = 0;  // of the copy
};

// Copies `source` to `copy` as UTF-8 and reads its header. The copy is complete and synced to
// disk when this returns; after an error nothing is left of it.
// Errors: import.file_missing (not_found), import.file (with the system's words),
// import.no_folder (a directory was given), import.empty, import.too_many_columns, encoding.*
// and those of map_columns().
Result<ImportFile> copy_import_file(const std::filesystem::path& source,
                                    const std::filesystem::path& copy, const FileOptions& options);

// Keeps a file that was given, as it came, on disk when this returns; after an error nothing is
// left of it. Errors: import.file.
Result<void> store_import_file(std::string_view content, const std::filesystem::path& path);
// Reads the whole of `source`. Errors: those of copy_import_file() but for map_columns()'s.
Result<wire::DetectedEncoding> detect_import_encoding(const std::filesystem::path& source);

// The beginning of a file as copy_import_file() would read it: `file` has no copy and counts what
// is in the sample only. Reads 1 MB; with neither `known` nor a chosen encoding the whole file.
struct ImportFileLook {
  ImportFile file;
  std::string sample;     // the first megabyte, as UTF-8
  bool is_whole = false;  // the sample is all there is
};
Result<ImportFileLook> look_at_import_file(const std::filesystem::path& source,
                                           const FileOptions& options);

}  // namespace tidings::audience
