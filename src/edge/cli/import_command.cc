// tidings import: people from a CSV file.
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "audience/import_contacts.h"
#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/interrupt.h"
#include "edge/cli/local_work.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using audience::ImportJob;
using audience::ImportOptions;

constexpr std::size_t findings_shown = 5;
constexpr int bar_width = 30;

struct ImportFlags {
  WorkplaceOptions place;
  std::string file;
  std::vector<std::string> mappings;
  std::vector<std::string> groups;
  std::string delimiter;
  std::string encoding;
  std::string region;
  std::string report;
  bool is_dry_run = false;
  bool is_json = false;
  bool is_resume = false;
  bool is_list = false;
  std::string cancel;
  std::string undo;
};

Result<ImportOptions> to_options(const ImportFlags& flags) {
  ImportOptions options{.groups = flags.groups, .region = flags.region};
  options.file.mappings = flags.mappings;
  if (!flags.delimiter.empty()) {
    const bool is_tab = flags.delimiter == "tab" || flags.delimiter == "\\t";
    const char delimiter = is_tab ? '\t' : flags.delimiter.front();
    if ((flags.delimiter.size() != 1 && !is_tab) ||
        !std::string_view(",;\t|:~^").contains(delimiter)) {
      return fail(ErrorKind::invalid, "import.delimiter",
                  fmt::format("“{}” can not separate columns; use one of , ; | : ~ ^ or the word "
                              "tab.",
                              flags.delimiter));
    }
    options.file.delimiter = delimiter;
  }
  if (!flags.encoding.empty()) {
    options.file.encoding = wire::parse_text_encoding(flags.encoding);
    if (!options.file.encoding) {
      return fail(ErrorKind::invalid, "import.encoding",
                  fmt::format("The encoding “{}” is not known; use utf-8, utf-16, latin1, "
                              "windows-1252, windows-1250 or iso-8859-2.",
                              flags.encoding));
    }
  }
  return options;
}

std::string_view name_of(char delimiter) {
  switch (delimiter) {
    case ',':
      return "comma";
    case ';':
      return "semicolon";
    case '\t':
      return "tab";
    case '|':
      return "pipe";
    case ':':
      return "colon";
    default:
      return delimiter == '~' ? "tilde" : "caret";
  }
}

std::string describe_file(const audience::ImportFile& file) {
  std::string text =
      fmt::format("Columns ({}, {}):", wire::to_string(file.encoding), name_of(file.delimiter));
  for (const auto& column : file.columns) {
    const std::string header = column.header.empty() ? "(no name)" : column.header;
    text += column.field == audience::ContactField::ignored
                ? fmt::format("\n  {} is left out", header)
            : column.field == audience::ContactField::group
                ? fmt::format("\n  {} → groups", header)
                : fmt::format("\n  {} → contact.{}", header, column.name);
  }
  if (file.replaced > 0) {
    text += fmt::format(
        "\n{} characters mean nothing in {} and became “\uFFFD”; if names look wrong, say "
        "--encoding.",
        file.replaced, wire::to_string(file.encoding));
  }
  return text;
}

std::string plural(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string describe_counts(const audience::ImportCounts& counts) {
  std::string text =
      fmt::format("{}: {} new, {} updated, {} unchanged", plural(counts.rows, "row", "rows"),
                  counts.created, counts.updated, counts.unchanged);
  if (counts.duplicates > 0) {
    text += fmt::format(", {} about somebody who is in the file already (the last row won)",
                        counts.duplicates);
  }
  if (counts.bad > 0) text += fmt::format(", {} left out", counts.bad);
  return text + ".";
}

json::object to_json(const audience::ImportFile& file, const audience::ImportCounts& counts) {
  json::array columns;
  for (const auto& column : file.columns) {
    columns.push_back({{"header", column.header},
                       {"field", audience::to_string(column.field)},
                       {"name", column.name}});
  }
  return {{"encoding", wire::to_string(file.encoding)},
          {"delimiter", std::string(1, file.delimiter)},
          {"columns", std::move(columns)},
          {"rows", counts.rows},
          {"created", counts.created},
          {"updated", counts.updated},
          {"unchanged", counts.unchanged},
          {"duplicates", counts.duplicates},
          {"bad", counts.bad}};
}

// A bar on a terminal, nothing in a pipe.
class ProgressBar {
 public:
  explicit ProgressBar(bool is_quiet) : shown_(!is_quiet && ::isatty(STDERR_FILENO) == 1) {}
  ~ProgressBar() {
    if (drawn_ >= 0) fmt::print(stderr, "\r\033[K");
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void draw(const ImportJob& job) {
    const int thousandths = static_cast<int>(job.progress() * 1000);
    if (!shown_ || thousandths == drawn_) return;
    drawn_ = thousandths;
    const int full = thousandths * bar_width / 1000;
    fmt::print(stderr, "\r[{}{}] {:3}%  {} rows", std::string(static_cast<std::size_t>(full), '#'),
               std::string(static_cast<std::size_t>(bar_width - full), '.'), thousandths / 10,
               job.counts.rows);
    std::fflush(stderr);
  }

 private:
  bool shown_;
  int drawn_ = -1;
};

// The file is removed again when nothing could be said in it.
Result<std::int64_t> write_report(Workplace& workplace, ImportId import, const fs::path& path) {
  std::FILE* out = std::fopen(path.c_str(), "wb");
  if (out == nullptr) return fail_errno("import.report", path.string(), errno);
  audience::ImportReport all(workplace.database(), workplace.organisation().id, import);
  bool failed = false;
  Result<void> wrote;
  std::string piece;
  for (bool goes_on = true; goes_on && wrote && !failed;) {
    piece.clear();
    const auto made = all.next(piece);
    if (!made) wrote = std::unexpected(made.error());
    goes_on = made && *made;
    failed = std::fwrite(piece.data(), 1, piece.size(), out) != piece.size();
  }
  failed = std::fclose(out) != 0 || failed;
  if (!wrote) return std::unexpected(wrote.error());
  if (failed) {
    return fail(
        ErrorKind::limit, "import.report",
        fmt::format("The report {} could not be written; is the disk full?", path.string()));
  }
  return all.findings();
}

int dry_run(const ImportFlags& flags, const ImportOptions& options) {
  const fs::path scratch = fs::temp_directory_path() / fmt::format("tidings-{}.csv", ::getpid());
  const auto preview = audience::preview_import(flags.file, scratch, options);
  if (!preview) return report(preview.error());
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(to_json(preview->file, preview->counts)));
    return kDone;
  }
  fmt::print("{}\n{}, {} left out. Nothing was imported.\n", describe_file(preview->file),
             plural(preview->counts.rows, "row", "rows"), preview->counts.bad);
  std::size_t shown = 0;
  for (const auto& finding : preview->findings) {
    if (shown++ == findings_shown) break;
    fmt::print("  line {}, {}: {} {}\n", finding.line, finding.field, finding.value,
               finding.reason);
  }
  if (flags.report.empty()) return kDone;
  std::string text = audience::report_header();
  for (const auto& finding : preview->findings) audience::append_report_line(text, finding);
  std::FILE* out = std::fopen(flags.report.c_str(), "wb");
  if (out == nullptr) return report(fail_errno("import.report", flags.report, errno).error());
  const bool wrote = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  if (std::fclose(out) == 0 && wrote) return kDone;
  return report({ErrorKind::limit, "import.report",
                 fmt::format("The report {} could not be written.", flags.report)});
}

int finish(Workplace& workplace, const ImportFlags& flags, const ImportJob& job) {
  const fs::path path = flags.report.empty()
                            ? workplace.folder() / "imports" / (to_text(job.id) + "-report.csv")
                            : fs::path(flags.report);
  const auto findings = write_report(workplace, job.id, path);
  if (!findings) return report(findings.error());
  const bool is_kept = *findings > 0 || !flags.report.empty();
  std::error_code ignored;
  if (!is_kept) fs::remove(path, ignored);
  // Read to its end: from here on only the record of the import is needed.
  fs::remove(job.file.path, ignored);
  if (flags.is_json) {
    json::object object = to_json(job.file, job.counts);
    object["id"] = to_text(job.id);
    object["file"] = job.file_name;
    if (is_kept) object["report"] = path.string();
    fmt::print("{}\n", json::serialize(object));
    return kDone;
  }
  fmt::print("{}\n{}\n", describe_file(job.file), describe_counts(job.counts));
  if (*findings > 0) {
    fmt::print("What was wrong, line by line ({}): {}\n", plural(*findings, "remark", "remarks"),
               path.string());
  }
  return kDone;
}

int run_one(Workplace& workplace, const ImportFlags& flags, ImportId import,
            const InterruptWatch& interrupt) {
  const audience::ImportContext context{workplace.database(), workplace.ids(), workplace.clock(),
                                        workplace.organisation().id};
  const auto job = [&] {
    ProgressBar bar(flags.is_json);
    return audience::run_import(
        context, import,
        {.progress = [&](const ImportJob& at) { bar.draw(at); }, .stop = interrupt.token()});
  }();
  if (job) return finish(workplace, flags, *job);
  if (job.error().kind != ErrorKind::cancelled) return report(job.error());
  fmt::print(stderr, "{} Resume it with: tidings import --resume --data {}\n", job.error().message,
             flags.place.data.string());
  return kInterrupted;
}

// Another process works in this folder: it imports, this one watches.
int watch_import(Workplace& workplace, const ImportFlags& flags, ImportId import,
                 const InterruptWatch& interrupt) {
  constexpr auto kLook = std::chrono::milliseconds(200);
  ProgressBar bar(flags.is_json);
  while (!interrupt.token().stop_requested()) {
    const auto job = workplace.database().read_value([&](db::Connection& connection) {
      return audience::load_import(connection, workplace.organisation().id, import);
    });
    if (!job) return report(job.error());
    bar.draw(*job);
    if (job->state == audience::ImportState::finished) return finish(workplace, flags, *job);
    if (job->state == audience::ImportState::cancelled)
      return report({ErrorKind::cancelled, "import.cancelled",
                     fmt::format("The import was cancelled after {}; take them out again with: "
                                 "tidings import --undo {} --data {}",
                                 plural(job->counts.rows, "row", "rows"), to_text(import),
                                 flags.place.data.string())},
                    kInterrupted);
    if (job->state == audience::ImportState::failed)
      return report({ErrorKind::invalid, "import.failed", job->problem});
    if (!running_process(workplace.folder())) {
      return report({ErrorKind::cancelled, "import.stopped",
                     fmt::format("The import ended early. Go on with it: tidings import --resume "
                                 "--data {}",
                                 flags.place.data.string())},
                    kInterrupted);
    }
    std::this_thread::sleep_for(kLook);
  }
  fmt::print(stderr, "The tidings that is running goes on with the import.\n");
  return kInterrupted;
}

int hand_over(const ImportFlags& flags, const ImportOptions& options, const Error& busy,
              const InterruptWatch& interrupt) {
  const auto workplace = Workplace::open(flags.place);
  if (!workplace) return report(workplace.error());
  std::error_code ignored;
  const std::string body =
      flags.is_resume ? "{}" : import_request(fs::absolute(flags.file, ignored), options);
  const auto answer =
      ask_running((*workplace)->socket_path(),
                  flags.is_resume ? "/local/imports/resume" : "/local/imports", body, busy);
  if (!answer) return report(answer.error());
  const auto ids = ids_in(*answer);
  if (!ids) return report(ids.error());
  if (ids->empty()) fmt::print("There is no import to resume.\n");
  for (const ImportId id : *ids) {
    if (const int code = watch_import(**workplace, flags, id, interrupt); code != kDone)
      return code;
  }
  return kDone;
}

void print_job(const json::object& job) {
  const auto text = [&](const char* name) { return std::string_view(job.at(name).as_string()); };
  const auto count = [&](const char* name) { return job.at(name).to_number<std::int64_t>(); };
  fmt::print("{}  {:9}  {:3.0f}%  {} new, {} updated, {} left out  {}\n", text("id"), text("state"),
             job.at("progress").to_number<double>() * 100, count("created"), count("updated"),
             count("bad"), harmless(text("file_name")));
  if (!text("problem").empty()) fmt::print("    {}\n", text("problem"));
}

// --list, --cancel and --undo: the calls of the API.
int run_job_command(const ImportFlags& flags) {
  const auto answer =
      flags.is_list ? call_api(flags.place, "GET", "/imports?limit=25")
      : flags.undo.empty()
          ? call_api(flags.place, "POST", fmt::format("/imports/{}/cancel", flags.cancel))
          : call_api(flags.place, "POST", fmt::format("/imports/{}/undo", flags.undo));
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", answer->text);
  } else if (flags.is_list) {
    for (const json::value& job : answer->body.at("items").as_array()) print_job(job.as_object());
  } else if (flags.undo.empty()) {
    print_job(answer->body.as_object());
  } else {
    const json::object& undone = answer->body.as_object();
    fmt::print("{} removed, {} as before again, {} kept because somebody touched them since.\n",
               undone.at("removed").to_number<std::int64_t>(),
               undone.at("restored").to_number<std::int64_t>(),
               undone.at("kept").to_number<std::int64_t>());
  }
  return kDone;
}

int run_import_command(const ImportFlags& flags) {
  if (flags.is_list || !flags.cancel.empty() || !flags.undo.empty()) return run_job_command(flags);
  auto options = to_options(flags);
  if (!options) return report(options.error());
  if (flags.file.empty() != flags.is_resume) {
    return report({ErrorKind::invalid, "import.usage",
                   "Name the CSV file to import, or say --resume to go on with one that was "
                   "interrupted."});
  }
  if (flags.is_dry_run && !flags.is_resume) return dry_run(flags, *options);
  const InterruptWatch interrupt;
  const auto workplace = Workplace::open(flags.place.writing(!flags.is_resume));
  if (!workplace && workplace.error().code == "workplace.busy") {
    return hand_over(flags, *options, workplace.error(), interrupt);
  }
  if (!workplace) return report(workplace.error());
  Workplace& at = **workplace;
  const audience::ImportContext context{at.database(), at.ids(), at.clock(), at.organisation().id};
  if (!flags.is_resume) {
    options->folder_key = at.folder_key();
    const auto import =
        audience::create_import(context, flags.file, at.folder() / "imports", *options);
    return import ? run_one(at, flags, *import, interrupt) : report(import.error());
  }
  const auto open = at.database().read_value([&](db::Connection& connection) {
    return audience::open_imports(connection, context.organisation);
  });
  if (!open) return report(open.error());
  if (open->empty()) fmt::print("There is no import to resume.\n");
  for (const ImportId import : *open) {
    if (const int code = run_one(at, flags, import, interrupt); code != kDone) return code;
  }
  return kDone;
}

}  // namespace

void add_import_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<ImportFlags>();
  auto* command = app.add_subcommand("import", "Read people from a CSV file");
  command->add_option("file", flags->file, "The CSV file; its first line names the columns");
  add_place(*command, flags->place);
  command
      ->add_option("--map", flags->mappings,
                   "column=field, where a column is not recognised by its name; fields are email, "
                   "phone, external_id, first_name, last_name, name, locale, time_zone, group, - "
                   "(leave out) or a name of your own")
      .one_word_each();
  command->add_option("--group", flags->groups, "Everybody in the file joins this group")
      .one_word_each();
  command->add_option("--delimiter", flags->delimiter, "What separates the columns (detected)");
  command->add_option("--encoding", flags->encoding, "utf-8, windows-1250, latin1 … (detected)");
  command->add_option("--region", flags->region,
                      "Country of phone numbers without country code, such as NL");
  command->add_option("--report", flags->report, "Where to write the remarks, as CSV");
  command->add_flag("--dry-run", flags->is_dry_run, "Only look: columns, rows, remarks");
  command->add_flag("--json", flags->is_json, "The result as one JSON object");
  command->add_flag("--resume", flags->is_resume, "Go on with imports that were interrupted");
  command->add_flag("--list", flags->is_list, "The newest imports and how far they are");
  command->add_option("--cancel", flags->cancel, "Cancel the import of this id");
  command->add_option("--undo", flags->undo, "Undo the import of this id, for 30 days");
  command->footer(
      "Examples:\n"
      "  tidings import members.csv --group Members\n"
      "  tidings import leden.csv --map \"Privé mail=email\" --map \"Opmerking=-\" --region NL\n"
      "  tidings import members.csv --dry-run\n"
      "  tidings import --resume");
  command->callback([&line, flags] { line.run = [flags] { return run_import_command(*flags); }; });
}

}  // namespace tidings::cli
