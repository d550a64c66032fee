#include "audience/people/import_uploads.h"

#include <boost/json.hpp>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "wire/csv.h"
#include "wire/text_encoding.h"

namespace tidings::people {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using audience::ImportContext;
using audience::ImportOptions;
using db::Row;
using db::Statement;

constexpr int uploads_max = 100;

constexpr Statement insert_upload{
    "upload.insert",
    "INSERT INTO import_upload (organisation_id, id, file_name, path, size, options, created_at, "
    "changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"};
constexpr Statement select_upload{
    "upload.find",
    "SELECT file_name, path, size, options, created_at, changed_at FROM import_upload "
    "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement update_upload{"upload.update",
                                  "UPDATE import_upload SET options = $3, changed_at = $4 "
                                  "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement remove_upload{"upload.delete",
                                  "DELETE FROM import_upload WHERE organisation_id = $1 "
                                  "AND id = $2"};
constexpr Statement all_uploads{"upload.list",
                                "SELECT id, path, created_at FROM import_upload "
                                "WHERE organisation_id = $1 ORDER BY id"};

std::string options_text(const ImportOptions& options) {
  json::object text{
      {"mappings", json::array(options.file.mappings.begin(), options.file.mappings.end())},
      {"groups", json::array(options.groups.begin(), options.groups.end())},
      {"region", options.region}};
  if (options.file.delimiter) text["delimiter"] = std::string(1, *options.file.delimiter);
  if (options.file.encoding) text["encoding"] = wire::to_string(*options.file.encoding);
  if (options.file.known)
    text["known"] = json::object{{"encoding", wire::to_string(options.file.known->encoding)},
                                 {"mark", options.file.known->byte_order_mark}};
  return json::serialize(text);
}

ImportOptions read_options(std::string_view text) {
  ImportOptions options;
  const json::value value = parse_json(text);
  const json::object* object = value.if_object();
  if (object == nullptr) return options;
  for (const json::value& each : object->at("mappings").as_array())
    options.file.mappings.emplace_back(each.as_string());
  for (const json::value& each : object->at("groups").as_array())
    options.groups.emplace_back(each.as_string());
  options.region = object->at("region").as_string();
  if (const auto* delimiter = object->if_contains("delimiter"))
    options.file.delimiter = delimiter->as_string().at(0);
  if (const auto* encoding = object->if_contains("encoding"))
    options.file.encoding = wire::parse_text_encoding(std::string_view(encoding->as_string()));
  if (const auto* known = object->if_contains("known")) {
    const std::string_view name = known->at("encoding").as_string();
    if (const auto encoding = wire::parse_text_encoding(name))
      options.file.known = {*encoding, known->at("mark").to_number<std::size_t>()};
  }
  return options;
}

void remove_quietly(const fs::path& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

// Those that nobody started go; too many at once are refused.
Result<void> sweep(const ImportContext& context) {
  constexpr auto upload_max = std::chrono::days(7);
  std::vector<std::pair<ImportId, fs::path>> old;
  int waiting = 0;
  const Instant now = context.clock.now();
  TRY(context.database.read([&](db::Connection& connection) {
    return connection.query(all_uploads, {context.organisation}, [&](const Row& row) {
      if (now - row.instant(2) > upload_max)
        old.emplace_back(row.id<ImportId>(0), row.string(1));
      else
        ++waiting;
    });
  }));
  for (const auto& [id, path] : old) TRY(delete_upload(context, id));
  if (waiting < uploads_max) return {};
  return fail(ErrorKind::limit, "import.too_many_uploads",
              fmt::format("{} files wait to be imported. Start or delete some of them first.",
                          uploads_max));
}

}  // namespace

Result<ImportUpload> store_upload(const ImportContext& context, const fs::path& folder,
                                  std::string_view file_name, std::string_view content,
                                  const ImportOptions& options) {
  TRY(sweep(context));
  ImportUpload upload{.id = context.ids.next<ImportId>(),
                      .file_name = std::string(file_name),
                      .path = {},
                      .size = static_cast<std::int64_t>(content.size()),
                      .options = options};
  std::error_code error;
  fs::create_directories(folder / "uploads", error);
  if (error) return fail_errno("import.file", folder.string(), error.value());
  upload.path = fs::absolute(folder) / "uploads" / (to_text(upload.id) + ".csv");
  TRY(audience::store_import_file(content, upload.path));
  upload.created_at = upload.changed_at = context.clock.now();
  // What can not be read is refused now, not when it is started.
  const auto look = [&]() -> Result<void> {
    upload.options.file.known = TRY(audience::detect_import_encoding(upload.path));
    TRY(propose(upload));
    return {};
  };
  if (auto looked = look(); !looked) {
    remove_quietly(upload.path);
    return std::unexpected(std::move(looked).error());
  }
  TRY(context.database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    TRY(connection.execute(insert_upload,
                           {context.organisation, upload.id, upload.file_name, upload.path.string(),
                            upload.size, options_text(upload.options), upload.created_at}));
    return {};
  }));
  return upload;
}

Result<ImportUpload> find_upload(const ImportContext& context, ImportId id) {
  auto found = TRY(context.database.read_value(
      [&](db::Connection& connection) -> Result<std::optional<ImportUpload>> {
        return connection.query_first(select_upload, {context.organisation, id},
                                      [&](const Row& row) {
                                        return ImportUpload{.id = id,
                                                            .file_name = row.string(0),
                                                            .path = row.string(1),
                                                            .size = row.integer(2),
                                                            .options = read_options(row.text(3)),
                                                            .created_at = row.instant(4),
                                                            .changed_at = row.instant(5)};
                                      });
      }));
  if (!found) return fail(ErrorKind::not_found, "import.unknown", "There is no such import here.");
  return *std::move(found);
}

Result<ImportUpload> change_upload(const ImportContext& context, ImportUpload upload) {
  TRY(propose(upload));
  upload.changed_at = context.clock.now();
  const auto changed =
      TRY(context.database.write_value(db::Priority::web, [&](db::Connection& connection) {
        return connection.execute(update_upload, {context.organisation, upload.id,
                                                  options_text(upload.options), upload.changed_at});
      }));
  if (changed == 0)
    return fail(ErrorKind::not_found, "import.unknown", "There is no such import here.");
  return upload;
}

Result<void> delete_upload(const ImportContext& context, ImportId id) {
  const ImportUpload upload = TRY(find_upload(context, id));
  TRY(context.database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    TRY(connection.execute(remove_upload, {context.organisation, id}));
    return {};
  }));
  remove_quietly(upload.path);
  return {};
}

Result<UploadProposal> propose(const ImportUpload& upload) {
  constexpr std::size_t rows_shown = 10;
  constexpr std::size_t value_shown = 200;
  auto look = TRY(audience::look_at_import_file(upload.path, upload.options.file));
  UploadProposal proposal{.file = std::move(look.file), .rows = {}};
  wire::CsvReader reader(proposal.file.delimiter, proposal.file.rows_begin);
  reader.feed(std::string_view(look.sample).substr(proposal.file.rows_begin.offset));
  if (look.is_whole) reader.finish();
  while (proposal.rows.size() < rows_shown) {
    const auto next = reader.next();
    if (next == wire::CsvReader::Next::bad) continue;
    if (next != wire::CsvReader::Next::record) break;
    auto& row = proposal.rows.emplace_back();
    for (std::string_view value : reader.fields()) {
      if (row.size() == proposal.file.columns.size()) break;
      value = value.substr(0, value_shown);
      while (!value.empty() && !wire::is_utf8(value)) value.remove_suffix(1);
      row.emplace_back(value.substr(0, value.find('\0')));
    }
    row.resize(proposal.file.columns.size());
  }
  return proposal;
}

Result<void> start_upload(const ImportContext& context, const fs::path& folder,
                          std::string folder_key, const ImportUpload& upload) {
  audience::ImportOptions options = upload.options;
  options.id = upload.id;
  options.file_name = upload.file_name;
  options.folder_key = std::move(folder_key);
  TRY(audience::create_import(context, upload.path, folder / "imports", options));
  return delete_upload(context, upload.id);
}

}  // namespace tidings::people
