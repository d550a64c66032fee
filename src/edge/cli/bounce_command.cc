// tidings bounce: what mail that came back says. `read` needs no data folder and changes nothing;
// what came to the server is looked up by returned_mail.cc.
#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "edge/cli/command.h"
#include "edge/cli/file_input.h"
#include "edge/cli/parser.h"
#include "edge/cli/returned_mail.h"
#include "edge/cli/terminal_text.h"
#include "feedback/reading/mail.h"
#include "feedback/reading/read_report.h"
#include "feedback/reading/report_json.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::size_t kFileMax = std::size_t{256} << 20;  // of an mbox
constexpr std::string_view kStandardInput = "-";

struct BounceFlags {
  std::vector<std::string> files;
  bool is_json = false;
};

// What is left of standard input, at most kFileMax octets.
Result<std::string> read_standard_input() {
  std::string text;
  std::vector<char> piece(std::size_t{64} << 10);
  for (;;) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), stdin);
    text.append(piece.data(), got);
    if (text.size() > kFileMax) {
      return fail(ErrorKind::limit, "file.too_large",
                  fmt::format("Standard input is larger than {} MB.", kFileMax >> 20));
    }
    if (got < piece.size()) break;
  }
  if (std::ferror(stdin) != 0) return fail_errno("file.missing", "standard input", errno);
  return text;
}

// The files of a folder in the order of their names, or the file itself.
Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code error;
  if (path == kStandardInput || !fs::is_directory(path, error)) return std::vector{path};
  std::vector<std::string> files;
  fs::directory_iterator at(path, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) files.push_back(at->path());
  }
  if (error) {
    return fail(ErrorKind::not_found, "file.missing",
                fmt::format("{} cannot be read: {}.", path, error.message()));
  }
  std::ranges::sort(files);
  return files;
}

json::object json_of(const std::string& file, const feedback::Report& report) {
  json::array recipients;
  for (const feedback::ReportRecipient& each : report.recipients) {
    recipients.push_back(feedback::json_of(each));
  }
  return {{"file", file},
          {"kind", to_string(report.kind)},
          {"from", report.from},
          {"recipients", std::move(recipients)}};
}

std::string_view severity_words(feedback::Severity severity) {
  using enum feedback::Severity;
  switch (severity) {
    case none:
      return "no trouble";
    case transient:
      return "still being tried";
    case soft:
      return "soft";
    case block:
      return "blocked";
    case hard:
      return "hard";
    case undetermined:
      return "unclear";
  }
  return {};
}

// False when nobody reads any more (`| head`).
bool put(const std::string& line) {
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
}

bool print_person(const std::string& file, const feedback::Report& report) {
  const std::string name = harmless(fs::path(file).filename().string());
  const std::string_view kind = to_string(report.kind);
  if (report.recipients.empty()) {
    const std::string from = report.from.empty() ? "" : "from " + harmless(report.from);
    return put(fmt::format("{}  {}  {}\n", fitted(name, 28), fitted(kind, 10), from));
  }
  return std::ranges::all_of(report.recipients, [&](const feedback::ReportRecipient& each) {
    std::string codes = each.reply_code == 0 ? "" : fmt::format("{}", each.reply_code);
    if (!each.status.empty()) codes += (codes.empty() ? "" : " ") + each.status;
    return put(fmt::format("{}  {}  {}  {}  {}{}\n", fitted(name, 28), fitted(kind, 10),
                           fitted(harmless(each.address), 32),
                           fitted(severity_words(each.severity), 17), plain_words(each.reason),
                           codes.empty() ? "" : " (" + harmless(codes) + ")"));
  });
}

Result<void> read_file_of_mail(const std::string& file, bool is_json) {
  const std::string octets =
      file == kStandardInput ? TRY(read_standard_input()) : TRY(read_file(file, kFileMax));
  for (const std::string_view mail : feedback::split_mailbox(octets)) {
    const feedback::Report report = feedback::read_report(mail);
    const bool is_put =
        is_json ? put(json::serialize(json_of(file, report)) + "\n") : print_person(file, report);
    if (!is_put) {
      return fail(ErrorKind::cancelled, "bounce.output", "The output cannot be written any more.");
    }
  }
  return {};
}

// A file that cannot be read does not keep the others from being read.
int read(const BounceFlags& flags) {
  int exit_code = kDone;
  if (!flags.is_json) {
    put(fmt::format("{}  {}  {}  {}  {}\n", fitted("FILE", 28), fitted("KIND", 10),
                    fitted("ADDRESS", 32), fitted("HOW BAD", 17), "WHY"));
  }
  for (const std::string& path : flags.files) {
    const auto files = files_of(path);
    if (!files) {
      exit_code = report(files.error(), kSomeFailed);
      continue;
    }
    for (const std::string& file : *files) {
      const auto done = read_file_of_mail(file, flags.is_json);
      if (!done) exit_code = report(done.error(), kSomeFailed);
      if (!done && done.error().kind == ErrorKind::cancelled) return exit_code;
    }
  }
  return exit_code;
}

}  // namespace

void add_bounce_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<BounceFlags>();
  auto* command = app.add_subcommand("bounce", "Mail that came back: what it says");
  command->require_subcommand(1);
  auto* made = command->add_subcommand(
      "read", "Tell bounces, complaints, automatic answers and replies apart, and why");
  made->add_option("file", flags->files,
                   "Files or folders of mail, mbox files; - is standard input")
      .required();
  made->add_flag("--json", flags->is_json, "One JSON object a line, one for each message");
  made->callback([&line, flags] { line.run = [flags] { return read(*flags); }; });
  add_returned_mail_commands(*command, line);
  command->footer(
      "Examples:\n"
      "  tidings bounce list --kind reply\n"
      "  tidings bounce show 0e5m3k9q1zw2a --raw\n"
      "  tidings bounce read returned.eml\n"
      "  tidings bounce read --json /var/mail/bounces | jq .recipients\n"
      "  tidings bounce read - < returned.eml");
}

}  // namespace tidings::cli
