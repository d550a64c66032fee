// Measures how labelled real bounces are read (R20), prints each miss and the figures.
//
//   conformance_bounces [--verbose] [FILE…]
//
// Exit: 0 when the bars hold, 1 when not, 77 when no corpus is there. With FILEs only prints what
// is read.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "feedback/reading/bounce_text.h"
#include "feedback/reading/mail.h"
#include "feedback/reading/read_report.h"
#include "labels.h"

namespace {

using namespace tidings::feedback;
using namespace tidings::feedback::conformance;

constexpr std::string_view kFlufl = "/usr/lib/python3/dist-packages/flufl/bounce";

std::string line_of(const ReportRecipient& to) {
  return fmt::format("{} {} {} {} {} {} | {:.110}", to.address, to_string(to.severity),
                     to_string(to.reason), to_string(to.scope), to.reply_code, to.status,
                     to.diagnostic);
}

struct Score {
  int right = 0;
  int all = 0;

  void add(bool is_right) {
    ++all;
    right += is_right ? 1 : 0;
  }
  double percent() const { return all == 0 ? 100 : 100.0 * right / all; }
  int misses() const { return all - right; }
};

struct Scores {
  Score kind, recipients, codes, severity, reason, no_false_hard, twin;
};

bool are_same(const std::vector<ReportRecipient>& found, const std::vector<std::string>& labelled) {
  return found.size() == labelled.size() && std::ranges::all_of(labelled, [&](const auto& want) {
           return std::ranges::any_of(
               found, [&](const auto& each) { return is_same_address(each.address, want); });
         });
}

void miss(const Labelled& label, std::string_view what, const Report& report) {
  fmt::print("  {}: {} (kind {})\n", label.name, what, to_string(report.kind));
  for (const ReportRecipient& each : report.recipients) fmt::print("      {}\n", line_of(each));
}

void judge_meaning(const Labelled& label, const Report& report, Scores& scores) {
  const ReportRecipient& read = report.recipients.front();
  const bool has_codes = read.reply_code == label.reply_code && read.status == label.status;
  scores.codes.add(has_codes);
  if (!has_codes) {
    miss(label, fmt::format("codes are not {} {}", label.reply_code, label.status), report);
  }
  if (!label.is_reason_labelled) return;
  const bool has_severity =
      std::ranges::find(label.severities, read.severity) != label.severities.end();
  scores.severity.add(has_severity);
  if (!has_severity) miss(label, "severity", report);
  const bool has_reason = std::ranges::find(label.reasons, read.reason) != label.reasons.end();
  scores.reason.add(has_reason);
  if (!has_reason) miss(label, "reason", report);
  scores.no_false_hard.add(read.severity != Severity::hard || has_severity);
}

// The quick reader of plain mail and GMime lead to the same report.
bool is_same_with_gmime(const Labelled& label, const Report& report) {
  const auto mail = mail_behind_mark(label.octets);
  if (!mail) return true;
  const Report slow = read_report(read_mail_with_gmime(*mail));
  const auto words = [](const Report& of) {
    std::string made = fmt::format("{} {}", to_string(of.kind), of.from);
    for (const ReportRecipient& each : of.recipients) made += "\n" + line_of(each);
    return made;
  };
  if (words(slow) == words(report)) return true;
  fmt::print("  {}: GMime leads to another report\n{}\nand not\n{}\n", label.name, words(slow),
             words(report));
  return false;
}

void judge(const Labelled& label, Scores& scores, bool is_meaning_labelled) {
  const Report report = read_report(label.octets);
  scores.twin.add(is_same_with_gmime(label, report));
  if (!label.is_bounce) {
    scores.kind.add(report.kind != ReportKind::bounce);
    return;
  }
  // Some are labelled as naming nobody: a list's own words, or an answer.
  if (label.recipients.empty()) return;
  scores.kind.add(report.kind == ReportKind::bounce);
  const bool is_right = are_same(report.recipients, label.recipients);
  scores.recipients.add(is_right);
  if (!is_right || report.kind != ReportKind::bounce) {
    std::string want;
    for (const std::string& each : label.recipients) want += " " + each;
    miss(label, "recipients are not" + want, report);
  }
  if (is_meaning_labelled && !report.recipients.empty()) judge_meaning(label, report, scores);
}

void print(std::string_view name, const Scores& scores) {
  fmt::print("{}: kind {}/{}, recipients {}/{}, codes {}/{}, severity {}/{}, reason {}/{}\n", name,
             scores.kind.right, scores.kind.all, scores.recipients.right, scores.recipients.all,
             scores.codes.right, scores.codes.all, scores.severity.right, scores.severity.all,
             scores.reason.right, scores.reason.all);
}

std::filesystem::path corpora() {
  if (const char* const set = std::getenv("TIDINGS_CORPORA")) return set;
  const char* const source = std::getenv("TIDINGS_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "../shared/corpora";
}

// R20: recipient and codes with at most 2 misses each; the rates for what the mapping labels.
bool hold_on_crisp(const Scores& scores) {
  return scores.kind.misses() == 0 && scores.twin.misses() == 0 &&
         scores.recipients.misses() <= 2 && scores.codes.misses() <= 2 &&
         scores.severity.percent() >= 97 && scores.reason.percent() >= 92 &&
         scores.no_false_hard.percent() >= 99.7;
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string_view> files(arguments + 1, arguments + count);
  for (const std::string_view file : files) {
    const Report report = read_report(read_whole(file));
    fmt::print("{}: {}\n", std::filesystem::path(file).filename().string(), to_string(report.kind));
    for (const ReportRecipient& each : report.recipients) fmt::print("    {}\n", line_of(each));
  }
  if (!files.empty()) return 0;

  const auto crisp = read_crisp(corpora() / "bounces" / "crisp");
  const auto flufl = read_flufl(kFlufl);
  if (crisp.empty() && flufl.empty()) {
    fmt::print("skipped: there are no bounces at {} and python3-flufl.bounce is not installed\n",
               (corpora() / "bounces").string());
    return 77;
  }
  bool do_hold = true;
  Scores scores;
  for (const Labelled& each : crisp) judge(each, scores, true);
  if (!crisp.empty()) {
    print("crisp", scores);
    do_hold = hold_on_crisp(scores);
  }
  scores = {};
  for (const Labelled& each : flufl) judge(each, scores, false);
  if (!flufl.empty()) {
    print("flufl", scores);
    do_hold = do_hold && scores.recipients.misses() <= 5 && scores.twin.misses() == 0;
  }
  return do_hold ? 0 : 1;
}
