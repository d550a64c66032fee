// Uploads: a file for an import, while a person still looks at how it is read.
//
// A file is kept as it came; delimiter, encoding and columns are proposed from it and may be
// changed. Starting makes an import job of the same id (import_contacts.h) and ends the upload.
// One that nobody started is swept after 7 days by the next upload.
// Thread: any; not from within a read or write. Errors: those of db, import.* of import_file.h and
// column_mapping.h, import.unknown (not_found).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/import_contacts.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"

namespace tidings::people {

struct ImportUpload {
  ImportId id;
  std::string file_name;
  std::filesystem::path path;
  std::int64_t size = 0;
  audience::ImportOptions options;  // as chosen; what is not chosen is detected
  Instant created_at{};
  Instant changed_at{};
};

// Stores `content`, which may be a file mapped into memory, below `folder`/uploads and records it.
// At most 100 wait in an organisation: import.too_many_uploads (limit).
Result<ImportUpload> store_upload(const audience::ImportContext& context,
                                  const std::filesystem::path& folder, std::string_view file_name,
                                  std::string_view content, const audience::ImportOptions& options);
Result<ImportUpload> find_upload(const audience::ImportContext& context, ImportId id);
Result<ImportUpload> change_upload(const audience::ImportContext& context, ImportUpload upload);
Result<void> delete_upload(const audience::ImportContext& context, ImportId id);

// How the file would be read: its columns with what each becomes, and the first rows.
struct UploadProposal {
  audience::ImportFile file;
  std::vector<std::vector<std::string>> rows;  // the first ten, a value per column
};
Result<UploadProposal> propose(const ImportUpload& upload);

// Makes the import job and ends the upload. Running it is the caller's (import_queue.h).
Result<void> start_upload(const audience::ImportContext& context,
                          const std::filesystem::path& folder, std::string folder_key,
                          const ImportUpload& upload);

}  // namespace tidings::people
