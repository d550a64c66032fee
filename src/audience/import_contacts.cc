#include "audience/import_contacts.h"

#include <algorithm>
#include <boost/json.hpp>
#include <future>
#include <limits>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <phonenumbers/phonenumberutil.h>

#include "audience/groups.h"
#include "audience/import_values.h"
#include "audience/people/custom_fields.h"
#include "base/utf8.h"
#include "domain/wall_time.h"

namespace tidings::audience {
namespace {

namespace json = boost::json;
using db::Row;
using db::Statement;

constexpr Statement organisation_place{"import.organisation_place",
                                       "SELECT locale, time_zone FROM organisation WHERE id = $1"};
constexpr Statement insert_job{
    "import.insert_job",
    "INSERT INTO import_job (organisation_id, id, file_name, path, state, options, group_id, "
    "total_bytes, byte_offset, line, created_at, folder_key) "
    "VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11)"};
constexpr Statement select_job{
    "import.select_job",
    "SELECT file_name, path, state, options, group_id, total_bytes, byte_offset, line, rows_read, "
    "created_count, updated_count, unchanged_count, duplicate_count, bad_count, created_at, "
    "finished_at, undone_at, error FROM import_job WHERE organisation_id = $1 AND id = $2"};
constexpr Statement newest_jobs{"import.list",
                                "SELECT id FROM import_job WHERE organisation_id = $1 "
                                "AND id < $2 ORDER BY id DESC LIMIT $3"};
// $4 is where the cursor must still be: a second process that runs the job changes no row.
constexpr Statement advance_job{
    "import.advance_job",
    "UPDATE import_job SET state = $5, byte_offset = $6, line = $7, rows_read = rows_read + $8, "
    "created_count = created_count + $9, updated_count = updated_count + $10, "
    "unchanged_count = unchanged_count + $11, duplicate_count = duplicate_count + $12, "
    "bad_count = bad_count + $13, finished_at = $14 "
    "WHERE organisation_id = $1 AND id = $2 AND state IN (0, 1) AND byte_offset = $3 "
    "AND line = $4"};
constexpr Statement open_jobs{"import.open_jobs",
                              "SELECT id FROM import_job WHERE organisation_id = $1 "
                              "AND state IN (0, 1) ORDER BY id"};
constexpr Statement all_open_jobs{
    "import.all_open_jobs",
    "SELECT organisation_id, id FROM import_job WHERE state IN (0, 1) "
    "AND (folder_key IS NULL OR folder_key = $1) AND NOT EXISTS (SELECT 1 FROM campaign c "
    "WHERE c.organisation_id = import_job.organisation_id AND c.import_id = import_job.id) "
    "ORDER BY id"};
constexpr Statement end_job{"import.end_job",
                            "UPDATE import_job SET state = $3, error = $4, finished_at = $5 "
                            "WHERE organisation_id = $1 AND id = $2 AND state IN (0, 1, 3)"};
constexpr Statement reopen_job{"import.reopen_job",
                               "UPDATE import_job SET state = 1, error = '', finished_at = NULL "
                               "WHERE organisation_id = $1 AND id = $2 AND state = 3 "
                               "AND undone_at IS NULL"};
constexpr Statement findings_of{
    "import.findings",
    "SELECT line, field, severity, value, reason FROM import_error "
    "WHERE organisation_id = $1 AND import_id = $2 AND (line, field) > ($3, $4) "
    "ORDER BY line, field LIMIT 1000"};

std::string to_options(const ImportFile& file, const std::string& region,
                       const std::vector<GroupId>& groups) {
  json::array columns;
  for (const MappedColumn& column : file.columns)
    columns.push_back({{"header", column.header},
                       {"slug", column.slug},
                       {"field", to_string(column.field)},
                       {"name", column.name}});
  json::array group_ids;
  for (const GroupId group : groups) group_ids.push_back(group.value);
  return json::serialize(json::object{{"delimiter", std::string(1, file.delimiter)},
                                      {"encoding", wire::to_string(file.encoding)},
                                      {"replaced", file.replaced},
                                      {"rows_begin", file.rows_begin.offset},
                                      {"region", region},
                                      {"groups", std::move(group_ids)},
                                      {"columns", std::move(columns)}});
}

std::string text_of(const json::value& value) { return std::string(value.as_string()); }

void read_options(std::string_view text, ImportJob& job) {
  const json::value options = json::parse(text);
  job.file.delimiter = options.at("delimiter").as_string().at(0);
  job.file.encoding =
      wire::parse_text_encoding(text_of(options.at("encoding"))).value_or(wire::TextEncoding::utf8);
  job.file.replaced = options.at("replaced").to_number<std::uint64_t>();
  job.file.rows_begin.offset = options.at("rows_begin").to_number<std::uint64_t>();
  job.region = text_of(options.at("region"));
  for (const json::value& group : options.at("groups").as_array())
    job.target.more_groups.push_back(GroupId{group.to_number<std::int64_t>()});
  for (const json::value& column : options.at("columns").as_array())
    job.file.columns.push_back(
        {.header = text_of(column.at("header")),
         .slug = text_of(column.at("slug")),
         .field = parse_contact_field(text_of(column.at("field"))).value_or(ContactField::custom),
         .name = text_of(column.at("name"))});
}

Result<std::string> choose_region(const std::string& asked, std::string_view locale) {
  if (asked.empty()) return region_of_locale(locale);
  std::set<std::string> known;
  i18n::phonenumbers::PhoneNumberUtil::GetInstance()->GetSupportedRegions(&known);
  if (known.contains(asked)) return asked;
  return fail(ErrorKind::invalid, "import.unknown_region",
              fmt::format("“{}” is no country; write its two letters, such as NL or PL.", asked));
}

// One chunk and the cursor behind it, in the transaction of `connection`. That the cursor was there
// proves that the import, its organisation and its file's own group are (references of import_job).
Result<ImportCounts> write_chunk(db::Connection& connection, const ImportContext& context,
                                 const ImportTarget& target, const ImportChunk& chunk) {
  const Instant now = context.clock.now();
  const ImportCounts counts = TRY(apply_chunk(connection, context.ids, target, chunk, now));
  const ImportState state = chunk.last ? ImportState::finished : ImportState::running;
  const auto changed = TRY(connection.execute(
      advance_job, {context.organisation, target.import, chunk.begin.offset, chunk.begin.line,
                    static_cast<int>(state), chunk.end.offset, chunk.end.line, counts.rows,
                    counts.created, counts.updated, counts.unchanged, counts.duplicates, counts.bad,
                    chunk.last ? db::Param(now) : db::Param()}));
  if (changed != 1)
    return fail(ErrorKind::conflict, "import.taken",
                "Another process is running this import; wait for it to end.");
  return counts;
}

// A chunk on its way to the database while the next one is being read.
class PendingChunk {
 public:
  PendingChunk(const ImportContext& context, const ImportTarget& target, ImportChunk chunk)
      : chunk_(std::move(chunk)) {
    done_ = promise_.get_future();
    auto work = [this, context, &target](db::Connection& connection) -> Result<void> {
      counts_ = TRY(write_chunk(connection, context, target, chunk_));
      return {};
    };
    auto done = [this](Result<void> result) { promise_.set_value(std::move(result)); };
    // A small one shares its transaction with others instead.
    if (chunk_.rows.size() > ImportRun::busy_chunk_rows)
      context.database.write_proven_async(db::Priority::import, std::move(work), std::move(done));
    else
      context.database.write_async(db::Priority::import, std::move(work), std::move(done));
  }
  PendingChunk(const PendingChunk&) = delete;
  PendingChunk& operator=(const PendingChunk&) = delete;
  ~PendingChunk() {
    if (done_.valid()) done_.wait();
  }

  // Waits for the commit and moves the job's cursor.
  Result<void> finish(ImportJob& job) {
    TRY(done_.get());
    job.counts += counts_;
    job.cursor = chunk_.end;
    job.state = chunk_.last ? ImportState::finished : ImportState::running;
    return {};
  }

 private:
  ImportChunk chunk_;
  ImportCounts counts_;
  std::promise<Result<void>> promise_;
  std::future<Result<void>> done_;
};

Result<void> run_from_cursor(const ImportContext& context, ImportJob& job, const ImportRun& run) {
  std::optional<db::BulkWrites> bulk;
  if (run.chunk_rows > ImportRun::busy_chunk_rows) bulk.emplace(context.database);
  auto fields = TRY(context.database.read_value([&](db::Connection& connection) {
    return people::list_custom_fields(connection, context.organisation);
  }));
  ImportRows rows = TRY(ImportRows::open(job.file, job.cursor, job.region, std::move(fields)));
  std::unique_ptr<PendingChunk> pending;
  for (bool last = false; !last && !run.stop.stop_requested();) {
    const std::size_t rows_max = context.database.quiet()
                                     ? run.chunk_rows
                                     : std::min(run.chunk_rows, ImportRun::busy_chunk_rows);
    ImportChunk chunk = TRY(rows.next(rows_max));
    last = chunk.last;
    if (pending != nullptr) {
      TRY(pending->finish(job));
      if (run.progress) run.progress(job);
    }
    pending = std::make_unique<PendingChunk>(context, job.target, std::move(chunk));
  }
  if (pending != nullptr) {
    TRY(pending->finish(job));
    if (run.progress) run.progress(job);
  }
  if (job.state == ImportState::finished) return {};
  return fail(ErrorKind::cancelled, "import.stopped",
              fmt::format("Stopped after line {}; the import can be resumed.",
                          job.cursor.line > 0 ? job.cursor.line - 1 : 0));
}

Result<ImportJob> read_job(const ImportContext& context, ImportId import) {
  return context.database.read_value([&](db::Connection& connection) {
    return load_import(connection, context.organisation, import);
  });
}

Error cancelled_error() {
  return {ErrorKind::cancelled, "import.cancelled",
          "This import was cancelled. What it had brought in by then stays until it is undone."};
}

// Where the organisation is: what its numbers and its days are.
struct Place {
  std::string locale;
  std::string time_zone;
};

// "people.csv, 2026-11-23", and with a number behind where there is such a group already.
Result<std::string> name_of_own_group(const ImportContext& context, db::Connection& connection,
                                      std::string_view file_name, std::string_view time_zone) {
  const std::string day = wall_time_text(context.clock.now(), time_zone).substr(0, 10);
  const std::string first = fmt::format("{}, {}", utf8_prefix(file_name, kGroupNameMax / 2), day);
  std::string name = first;
  for (int number = 2; TRY(find_group(connection, context.organisation, name)); ++number) {
    name = fmt::format("{} ({})", first, number);
  }
  return name;
}

}  // namespace

Result<ImportId> create_import(const ImportContext& context, const std::filesystem::path& source,
                               const std::filesystem::path& folder, const ImportOptions& options) {
  const Place place =
      TRY(context.database.read_value([&](db::Connection& connection) -> Result<Place> {
        return TRY(connection.query_first(
                       organisation_place, {context.organisation},
                       [](const Row& row) { return Place{row.string(0), row.string(1)}; }))
            .value_or(Place());
      }));
  const std::string region = TRY(choose_region(options.region, place.locale));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail_errno("import.file", folder.string(), error.value());
  const ImportId import = options.id.valid() ? options.id : context.ids.next<ImportId>();
  const std::string number = to_text(import);
  const ImportFile file = TRY(copy_import_file(
      source, std::filesystem::absolute(folder) / (number + ".csv"), options.file));
  const std::string file_name =
      options.file_name.empty() ? source.filename().string() : options.file_name;
  const auto wrote =
      context.database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        const Instant now = context.clock.now();
        std::vector<GroupId> groups;
        for (const std::string& name : options.groups)
          groups.push_back(TRY(find_or_create_group(connection, context.ids, context.organisation,
                                                    name, GroupOrigin::by_hand, now)));
        std::ranges::sort(groups);
        groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
        const std::string name =
            TRY(name_of_own_group(context, connection, file_name, place.time_zone));
        const GroupId own = TRY(find_or_create_group(connection, context.ids, context.organisation,
                                                     name, GroupOrigin::by_import, now));
        std::vector<people::ImportedField> fields;
        for (const MappedColumn& column : file.columns)
          if (column.field == ContactField::custom) fields.push_back({column.name, column.header});
        TRY(people::define_imported_fields(connection, context.ids, context.organisation, fields,
                                           now));
        TRY(connection.execute(
            insert_job,
            {context.organisation, import, file_name, file.path.string(),
             to_options(file, region, groups), own, file.total_bytes, file.rows_begin.offset,
             file.rows_begin.line, now,
             options.folder_key.empty() ? db::Param()
                                        : db::Param(db::BytesView{options.folder_key})}));
        return {};
      });
  if (!wrote) {
    std::filesystem::remove(file.path, error);
    return std::unexpected(wrote.error());
  }
  return import;
}

Result<ImportJob> run_import(const ImportContext& context, ImportId import, const ImportRun& run) {
  constexpr int lost_commits_max = 10;
  for (int lost = 0;; ++lost) {
    ImportJob job = TRY(read_job(context, import));
    if (job.state == ImportState::finished) return job;
    if (job.state == ImportState::failed)
      return fail(
          ErrorKind::conflict, "import.failed",
          fmt::format("This import has failed: {} Start it again to go on with it.", job.problem));
    if (job.state == ImportState::cancelled) return std::unexpected(cancelled_error());
    auto ran = run_from_cursor(context, job, run);
    if (ran) return job;
    // Somebody who cancels takes the job away under a chunk that is being written.
    if (ran.error().code == "import.taken" &&
        TRY(read_job(context, import)).state == ImportState::cancelled)
      return std::unexpected(cancelled_error());
    // The cursor in the database tells whether that chunk was committed.
    if (ran.error().code != "db.commit_unknown" || lost == lost_commits_max)
      return std::unexpected(std::move(ran).error());
  }
}

Result<std::vector<ImportJob>> list_imports(db::Connection& connection, OrganisationId organisation,
                                            ImportId after, int limit) {
  std::vector<ImportId> ids;
  const std::int64_t end = after.valid() ? after.value : std::numeric_limits<std::int64_t>::max();
  TRY(connection.query(newest_jobs, {organisation, end, limit},
                       [&](const Row& row) { ids.push_back(row.id<ImportId>(0)); }));
  std::vector<ImportJob> jobs;
  for (const ImportId id : ids) jobs.push_back(TRY(load_import(connection, organisation, id)));
  return jobs;
}

Result<ImportJob> load_import(db::Connection& connection, OrganisationId organisation,
                              ImportId import) {
  auto job = TRY(connection.query_first(
      select_job, {organisation, import}, [&](const Row& row) -> Result<ImportJob> {
        ImportJob found{.id = import, .file_name = row.string(0)};
        found.file.path = row.string(1);
        found.state = static_cast<ImportState>(row.integer(2));
        found.target = {.organisation = organisation,
                        .import = import,
                        .import_group = row.id<GroupId>(4),
                        .more_groups = {}};
        found.file.total_bytes = static_cast<std::uint64_t>(row.integer(5));
        found.cursor = {.offset = static_cast<std::uint64_t>(row.integer(6)),
                        .line = static_cast<std::uint64_t>(row.integer(7))};
        found.counts = {.rows = row.integer(8),
                        .created = row.integer(9),
                        .updated = row.integer(10),
                        .unchanged = row.integer(11),
                        .duplicates = row.integer(12),
                        .bad = row.integer(13)};
        found.created_at = row.instant(14);
        if (!row.is_null(15)) found.finished_at = row.instant(15);
        if (!row.is_null(16)) found.undone_at = row.instant(16);
        found.problem = row.string(17);
        try {
          read_options(row.text(3), found);
        } catch (const std::exception& problem) {
          return fail(ErrorKind::corrupt, "import.options",
                      fmt::format("The record of the import is damaged: {}.", problem.what()));
        }
        return found;
      }));
  if (!job)
    return fail(ErrorKind::not_found, "import.unknown",
                fmt::format("There is no import {}.", to_text(import)));
  return std::move(*job);
}

Result<std::vector<ImportId>> open_imports(db::Connection& connection,
                                           OrganisationId organisation) {
  std::vector<ImportId> imports;
  TRY(connection.query(open_jobs, {organisation},
                       [&](const Row& row) { imports.push_back(row.id<ImportId>(0)); }));
  return imports;
}

Result<std::vector<OpenImport>> all_open_imports(db::Connection& connection,
                                                 std::string_view folder_key) {
  std::vector<OpenImport> imports;
  TRY(connection.query(all_open_jobs, {db::BytesView{folder_key}}, [&](const Row& row) {
    imports.push_back({row.id<OrganisationId>(0), row.id<ImportId>(1)});
  }));
  return imports;
}

Result<void> cancel_import(db::Connection& connection, OrganisationId organisation, ImportId import,
                           Instant now) {
  const auto ended = TRY(connection.execute(
      end_job, {organisation, import, static_cast<int>(ImportState::cancelled), "", now}));
  if (ended > 0) return {};
  const ImportJob job = TRY(load_import(connection, organisation, import));
  if (job.state == ImportState::cancelled) return {};
  return fail(ErrorKind::conflict, "import.finished",
              "This import has ended already; it can be undone.");
}

Result<void> fail_import(db::Connection& connection, OrganisationId organisation, ImportId import,
                         std::string_view problem, Instant now) {
  TRY(connection.execute(
      end_job, {organisation, import, static_cast<int>(ImportState::failed), problem, now}));
  return {};
}

Result<void> reopen_import(db::Connection& connection, OrganisationId organisation,
                           ImportId import) {
  if (TRY(connection.execute(reopen_job, {organisation, import})) > 0) return {};
  const ImportJob job = TRY(load_import(connection, organisation, import));
  switch (job.state) {
    case ImportState::waiting:
    case ImportState::running:
      return {};
    case ImportState::cancelled:
      return fail(ErrorKind::conflict, "import.cancelled",
                  "This import was cancelled; give the file again.");
    default:
      return fail(ErrorKind::conflict, "import.finished", "This import has ended already.");
  }
}

Result<ImportPreview> preview_import(const std::filesystem::path& source,
                                     const std::filesystem::path& scratch,
                                     const ImportOptions& options, std::size_t findings_max) {
  const std::string region = TRY(choose_region(options.region, ""));
  ImportPreview preview{.file = TRY(copy_import_file(source, scratch, options.file))};
  struct Removal {
    const std::filesystem::path& path;
    ~Removal() {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  } const removal{scratch};
  ImportRows rows = TRY(ImportRows::open(preview.file, preview.file.rows_begin, region));
  for (bool last = false; !last;) {
    ImportChunk chunk = TRY(rows.next(1000));
    last = chunk.last;
    preview.counts.rows += static_cast<std::int64_t>(chunk.rows_read);
    preview.counts.bad += static_cast<std::int64_t>(chunk.bad);
    for (auto& finding : chunk.findings)
      if (preview.findings.size() < findings_max) preview.findings.push_back(std::move(finding));
  }
  return preview;
}

std::string report_header() { return "line,field,value,result,reason\r\n"; }

void append_report_line(std::string& out, const ImportFinding& finding) {
  const std::string_view result = finding.severity == Severity::row_left_out     ? "row left out"
                                  : finding.severity == Severity::value_left_out ? "value left out"
                                                                                 : "note";
  wire::append_csv_record(
      out, {std::to_string(finding.line), finding.field, finding.value, result, finding.reason});
}

ImportReport::ImportReport(db::Database& database, OrganisationId organisation, ImportId import)
    : database_(database), organisation_(organisation), import_(import) {}

Result<bool> ImportReport::next(std::string& out) {
  if (line_ < 0) out += report_header();
  int read = 0;
  TRY(database_.read([&](db::Connection& connection) {
    return connection.query(
        findings_of, {organisation_, import_, line_, field_}, [&](const Row& row) {
          ++read;
          line_ = row.integer(0);
          field_ = row.string(1);
          append_report_line(out, {.line = static_cast<std::uint64_t>(line_),
                                   .field = field_,
                                   .severity = static_cast<Severity>(row.integer(2)),
                                   .value = row.string(3),
                                   .reason = row.string(4)});
        });
  }));
  if (line_ < 0) line_ = 0;
  findings_ += read;
  return read == 1000;
}

}  // namespace tidings::audience
