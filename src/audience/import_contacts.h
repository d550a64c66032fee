// An import: contacts from a CSV file, in chunks, durable and resumable.
//
// create_import() makes a durable copy of the file and a job; run_import() works it off in chunks
// of one transaction each that holds the rows and the cursor behind them, so that after a crash at
// any moment another run_import() ends with the same people, groups and report. Everybody in the
// file, new or known, is in the import's own group.
// Thread: any; one run of a job at a time (a second one gets import.taken).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "audience/import_apply.h"
#include "audience/import_file.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"

namespace tidings::audience {

// What an import works with. Borrows.
struct ImportContext {
  db::Database& database;
  IdSource& ids;
  const Clock& clock;
  OrganisationId organisation;
};

struct ImportOptions {
  FileOptions file;
  std::vector<std::string> groups;  // every person in the file joins these; made when new
  // ISO 3166 code for phone numbers without country code; default: the organisation's locale's.
  std::string region;
  ImportId id;            // of the job; not valid: a new one
  std::string file_name;  // as the person knows it; empty: the source's
  // Of the data folder that holds the copy: only its process works on it (see all_open_imports()).
  std::string folder_key;
};

// As import_job.state stores it.
enum class ImportState { waiting = 0, running = 1, finished = 2, failed = 3, cancelled = 4 };

struct ImportJob {
  ImportId id;
  std::string file_name;  // as the person knows it
  ImportFile file;        // the copy, its columns, delimiter and first row
  std::string region;
  ImportTarget target;
  ImportState state = ImportState::waiting;
  wire::CsvPosition cursor;
  ImportCounts counts;
  std::string problem;  // why it failed
  Instant created_at{};
  std::optional<Instant> finished_at;  // failed and cancelled ones too
  std::optional<Instant> undone_at;

  double progress() const {
    return file.total_bytes == 0
               ? 1.0
               : static_cast<double>(cursor.offset) / static_cast<double>(file.total_bytes);
  }
};

// Copies `source` to `folder`/<id>.csv (the folder is made) and records the job; durable on
// return. Errors: those of copy_import_file(), import.unknown_region, group.bad_name, db.*.
Result<ImportId> create_import(const ImportContext& context, const std::filesystem::path& source,
                               const std::filesystem::path& folder, const ImportOptions& options);

struct ImportRun {
  std::function<void(const ImportJob&)> progress;  // after every chunk, on the caller's thread
  std::stop_token stop;                            // honoured between chunks
  // Rows in a transaction. While others write (see db::Database::quiet()) it is at most
  // busy_chunk_rows, some 20 ms of work; a large one is worth it for the index of addresses, whose
  // pages are written once per transaction, and takes about 0.6 s. Above busy_chunk_rows the import
  // is one with db::BulkWrites.
  std::size_t chunk_rows = 28'000;
  static constexpr std::size_t busy_chunk_rows = 1'000;
};

// Runs the job to its end, or to the stop: then the error is import.stopped (cancelled) and the
// job can be run again. A finished job is returned as it is. Errors: import.cancelled (cancelled)
// when somebody cancelled it, before or meanwhile, import.failed (conflict), import.taken
// (conflict) when another process runs the job, import.unknown (not_found), import.file*, db.*.
Result<ImportJob> run_import(const ImportContext& context, ImportId import,
                             const ImportRun& run = {});

// Newest first, behind `after` (not valid: from the newest).
Result<std::vector<ImportJob>> list_imports(db::Connection& connection, OrganisationId organisation,
                                            ImportId after, int limit);
Result<ImportJob> load_import(db::Connection& connection, OrganisationId organisation,
                              ImportId import);
// Ends a job for good: no further chunk of it is written. What it brought in stays, to be undone. A
// cancelled one stays as it is. Errors: import.unknown, import.finished (conflict).
Result<void> cancel_import(db::Connection& connection, OrganisationId organisation, ImportId import,
                           Instant now);
// Ends a job that can not go on, with why.
Result<void> fail_import(db::Connection& connection, OrganisationId organisation, ImportId import,
                         std::string_view problem, Instant now);
// A failed one may run again from where it was. Errors: import.unknown, import.finished and
// import.cancelled (conflict). One that is open stays as it is.
Result<void> reopen_import(db::Connection& connection, OrganisationId organisation,
                           ImportId import);
// Jobs of every organisation that are not ended, whose file is in that data folder, and that no
// campaign waits for (those run with it), oldest first.
struct OpenImport {
  OrganisationId organisation;
  ImportId id;
};
Result<std::vector<OpenImport>> all_open_imports(db::Connection& connection,
                                                 std::string_view folder_key);
// Jobs not ended, oldest first.
Result<std::vector<ImportId>> open_imports(db::Connection& connection, OrganisationId organisation);

// What a run would find in the file, without a database: rows and bad rows counted, the first
// `findings_max` findings.
struct ImportPreview {
  ImportFile file;
  ImportCounts counts;  // rows and bad only
  std::vector<ImportFinding> findings;
};
// Uses `scratch` for the copy and removes it.
Result<ImportPreview> preview_import(const std::filesystem::path& source,
                                     const std::filesystem::path& scratch,
                                     const ImportOptions& options, std::size_t findings_max = 1000);

// The findings of an import in the order of lines, as CSV with the columns line, field, value,
// result ("row left out", "value left out", "note"), reason; a thousand at a time. Borrows.
class ImportReport {
 public:
  ImportReport(db::Database& database, OrganisationId organisation, ImportId import);
  // Appends the heading and the first, then the next lines; false: that was all.
  Result<bool> next(std::string& out);
  std::int64_t findings() const { return findings_; }  // so far

 private:
  db::Database& database_;
  const OrganisationId organisation_;
  const ImportId import_;
  std::int64_t line_ = -1;  // and field_: of the last one
  std::string field_;
  std::int64_t findings_ = 0;
};
std::string report_header();
void append_report_line(std::string& out, const ImportFinding& finding);

}  // namespace tidings::audience
