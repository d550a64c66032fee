#include "edge/api/import_handlers.h"

#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "audience/import_contacts.h"
#include "audience/people/import_queue.h"
#include "audience/people/import_undo.h"
#include "audience/people/import_uploads.h"
#include "edge/api/contact_json.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"
#include "net/event_stream.h"
#include "net/spool_file.h"
#include "wire/text_encoding.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using audience::ImportJob;
using audience::ImportState;

audience::ImportContext context_of(const Call& call) {
  return {call.services.database, call.services.ids, call.services.clock, call.organisation()};
}

json::array columns_json(const std::vector<audience::MappedColumn>& columns) {
  json::array list;
  for (const audience::MappedColumn& column : columns)
    list.push_back(json::object{
        {"header", column.header}, {"field", to_string(column.field)}, {"name", column.name}});
  return list;
}

std::string_view state_word(ImportState state) {
  switch (state) {
    case ImportState::waiting:
      return "waiting";
    case ImportState::running:
      return "running";
    case ImportState::finished:
      return "finished";
    case ImportState::failed:
      return "failed";
    case ImportState::cancelled:
      return "cancelled";
  }
  return "failed";
}

json::object job_json(const ImportJob& job) {
  return {{"id", to_text(job.id)},
          {"file_name", job.file_name},
          {"state", state_word(job.state)},
          {"delimiter", std::string(1, job.file.delimiter)},
          {"encoding", wire::to_string(job.file.encoding)},
          {"columns", columns_json(job.file.columns)},
          {"preview", json::array()},
          {"groups", json::array()},
          {"region", job.region},
          {"progress", job.state == ImportState::finished ? 1.0 : job.progress()},
          {"rows", job.counts.rows},
          {"created", job.counts.created},
          {"updated", job.counts.updated},
          {"unchanged", job.counts.unchanged},
          {"duplicates", job.counts.duplicates},
          {"bad", job.counts.bad},
          {"problem", job.problem},
          {"created_at", instant_text(job.created_at)},
          {"finished_at", instant_or_null(job.finished_at)},
          {"undone_at", instant_or_null(job.undone_at)}};
}

Result<json::object> upload_json(const people::ImportUpload& upload) {
  const auto proposal = TRY(people::propose(upload));
  json::array preview;
  for (const auto& row : proposal.rows) preview.push_back(json::array(row.begin(), row.end()));
  json::object shown{
      {"id", to_text(upload.id)},
      {"file_name", upload.file_name},
      {"state", "uploaded"},
      {"delimiter", std::string(1, proposal.file.delimiter)},
      {"encoding", wire::to_string(proposal.file.encoding)},
      {"columns", columns_json(proposal.file.columns)},
      {"preview", std::move(preview)},
      {"groups", json::array(upload.options.groups.begin(), upload.options.groups.end())},
      {"region", upload.options.region},
      {"progress", 0.0},
      {"problem", ""},
      {"created_at", instant_text(upload.created_at)},
      {"finished_at", nullptr},
      {"undone_at", nullptr}};
  for (const char* count : {"rows", "created", "updated", "unchanged", "duplicates", "bad"})
    shown[count] = 0;
  return shown;
}

Result<ImportJob> find_job(const Call& call, ImportId id) {
  return call.services.database.read_value([&](db::Connection& connection) {
    return audience::load_import(connection, call.organisation(), id);
  });
}

bool is_unknown(const Error& error) { return error.code == "import.unknown"; }

Result<Answer> shown(const Call& call, ImportId id, int status = 200) {
  Answer answer;
  answer.status = status;
  if (const auto job = find_job(call, id); job) {
    answer.body = job_json(*job);
  } else if (is_unknown(job.error())) {
    const auto upload = TRY(people::find_upload(context_of(call), id));
    answer.body = TRY(upload_json(upload));
  } else {
    return std::unexpected(job.error());
  }
  return answer;
}

Result<Answer> list_imports(const Call& call) {
  const Page page = call.page();
  ImportId after;
  if (!page.cursor.empty()) {
    const auto id = parse_id(page.cursor);
    if (!id)
      return fail(ErrorKind::invalid, "list.bad_cursor",
                  "This cursor is not one of ours; begin again with the first page.");
    after = ImportId{*id};
  }
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    auto jobs = TRY(audience::list_imports(connection, call.organisation(), after, page.limit + 1));
    std::string next;
    if (std::ssize(jobs) > page.limit) {
      jobs.pop_back();
      next = to_text(jobs.back().id);
    }
    json::array items;
    for (const ImportJob& job : jobs) items.push_back(job_json(job));
    return Answer::ok(list_answer(std::move(items), next));
  });
}

Result<Answer> create_import(const Call& call) {
  std::string_view name = call.query("file_name");
  if (name.empty()) name = "people.csv";
  // A file that came over the network lies in a spool file: mapped, not copied into memory.
  const auto& spool = call.request.spool;
  const std::string_view content = spool ? TRY(spool->view()) : call.request.body;
  const auto upload =
      TRY(people::store_upload(context_of(call), call.services.folder, name, content, {}));
  return Answer::created(TRY(upload_json(upload)));
}

Result<Answer> change_import(const Call& call) {
  const auto id = TRY(call.id<ImportId>("import_id"));
  auto upload = TRY(people::find_upload(context_of(call), id));
  const json::object& body = call.body.as_object();
  const auto list = [&](std::string_view name, std::vector<std::string>& member) {
    const json::value* given = body.if_contains(name);
    if (given == nullptr) return;
    member.clear();
    for (const json::value& each : given->as_array()) member.emplace_back(each.as_string());
  };
  list("mappings", upload.options.file.mappings);
  list("groups", upload.options.groups);
  if (const auto* region = body.if_contains("region")) upload.options.region = region->as_string();
  if (const auto* delimiter = body.if_contains("delimiter"))
    upload.options.file.delimiter = delimiter->as_string().at(0);
  if (const auto* encoding = body.if_contains("encoding")) {
    const std::string_view word = encoding->as_string();
    upload.options.file.encoding = wire::parse_text_encoding(word);
    if (!upload.options.file.encoding)
      return fail(
          ErrorKind::invalid, "import.encoding",
          fmt::format("“{}” is no encoding known here; write utf-8 or windows-1252.", word));
  }
  upload = TRY(people::change_upload(context_of(call), std::move(upload)));
  return Answer::ok(TRY(upload_json(upload)));
}

Result<Answer> delete_import(const Call& call) {
  const auto id = TRY(call.id<ImportId>("import_id"));
  TRY(people::delete_upload(context_of(call), id));
  return Answer::no_content();
}

bool is_over(const ImportJob& job) {
  return job.state != ImportState::waiting && job.state != ImportState::running;
}

Result<void> audit_import(const Call& call, ImportId id, std::string_view action) {
  return call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
    return identity::audit(
        connection, call.who,
        {.action = std::string(action), .object = "import", .object_id = id.value}, call.now());
  });
}

// The queue runs it; without one, in a command, it waits for the next `serve`. One that failed goes
// on where it was.
Result<Answer> start_import(const Call& call) {
  const auto id = TRY(call.id<ImportId>("import_id"));
  auto* const queue = call.services.imports;
  if (const auto job = find_job(call, id); job) {
    TRY(call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
      return audience::reopen_import(connection, call.organisation(), id);
    }));
  } else if (is_unknown(job.error())) {
    const auto upload = TRY(people::find_upload(context_of(call), id));
    TRY(people::start_upload(context_of(call), call.services.folder, call.services.folder_key,
                             upload));
    TRY(audit_import(call, id, "import.start"));
  } else {
    return std::unexpected(job.error());
  }
  if (queue != nullptr) queue->add(call.organisation(), id);
  return shown(call, id, 202);
}

Result<Answer> cancel_import(const Call& call) {
  const auto id = TRY(call.id<ImportId>("import_id"));
  TRY(call.services.database.write(
      db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(audience::cancel_import(connection, call.organisation(), id, call.now()));
        return identity::audit(
            connection, call.who,
            {.action = "import.cancel", .object = "import", .object_id = id.value}, call.now());
      }));
  return shown(call, id);
}

// As it goes on, until it has ended. A browser that comes back gets the state as it is then.
Result<Answer> watch_import(const Call& call) {
  const auto id = TRY(call.id<ImportId>("import_id"));
  TRY(find_job(call, id));
  const auto look = [&database = call.services.database, organisation = call.organisation(), id] {
    return database.read_value([&](db::Connection& connection) {
      return audience::load_import(connection, organisation, id);
    });
  };
  return Answer::event_stream(
      net::EventStream::polled(std::chrono::milliseconds(500),
                               [look, last = std::string()](net::EventStream& stream) mutable {
                                 const auto job = look();
                                 if (!job) return job.error().kind != ErrorKind::not_found;
                                 std::string text = json::serialize(job_json(*job));
                                 if (text != last)
                                   stream.send({"progress", last = std::move(text)});
                                 return !is_over(*job);
                               }));
}

Result<Answer> get_import(const Call& call) {
  return shown(call, TRY(call.id<ImportId>("import_id")));
}

Result<Answer> get_report(const Call& call) {
  const auto id = TRY(call.id<ImportId>("import_id"));
  TRY(find_job(call, id));
  auto all =
      std::make_shared<audience::ImportReport>(call.services.database, call.organisation(), id);
  return Answer::file("text/csv; charset=utf-8", fmt::format("import-{}.csv", to_text(id)),
                      [all](std::string& piece) { return all->next(piece); });
}

Result<Answer> undo_import(const Call& call) {
  const auto id = TRY(call.id<ImportId>("import_id"));
  const auto undone = TRY(people::undo_import(call.services.database, writer_of(call), id));
  TRY(call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
    return identity::audit(connection, call.who,
                           {.action = "import.undo",
                            .object = "import",
                            .object_id = id.value,
                            .note = fmt::format("{} removed, {} restored, {} kept", undone.removed,
                                                undone.restored, undone.kept)},
                           call.now());
  }));
  return Answer::ok(json::object{
      {"removed", undone.removed}, {"restored", undone.restored}, {"kept", undone.kept}});
}

}  // namespace

void add_import_handlers(Registry& registry) {
  registry.answer("listImports", list_imports);
  registry.answer("createImport", create_import);
  registry.answer("getImport", get_import);
  registry.answer("changeImport", change_import);
  registry.answer("deleteImport", delete_import);
  registry.answer("startImport", start_import);
  registry.answer("cancelImport", cancel_import);
  registry.answer("watchImport", watch_import);
  registry.answer("getImportReport", get_report);
  registry.answer("undoImport", undo_import);
}

}  // namespace tidings::api
