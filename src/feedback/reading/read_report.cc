#include "feedback/reading/read_report.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "feedback/reading/answers.h"
#include "feedback/reading/bounce_phrases.h"
#include "feedback/reading/bounce_rules.h"
#include "feedback/reading/bounce_text.h"
#include "feedback/reading/classify_bounce.h"
#include "feedback/reading/mail.h"
#include "feedback/reading/mail_text.h"
#include "wire/arf.h"
#include "wire/dsn.h"

namespace tidings::feedback {
namespace {

constexpr std::size_t kOpeningMax = 4'000;  // where a bounce says that it is one
constexpr int kMarksOfBounce = 3;
// Far above what is an address (RFC 5321 §4.5.3.1): X.400 names are longer.
constexpr std::size_t kAddressMax = 512;

std::string first_address(std::string_view text) {
  // The last of "Name of a@b <c@d>" is the address.
  const auto found = find_addresses(text);
  if (found.empty()) return {};
  const auto in_brackets = std::ranges::find_if(found, [&](const FoundAddress& each) {
    return each.begin > 0 && text[each.begin - 1] == '<';
  });
  return std::string(in_brackets == found.end() ? found.front().address : in_brackets->address);
}

BounceAction action_of(std::string_view word) {
  if (word.starts_with("delay")) return BounceAction::delayed;
  if (word == "delivered" || word == "relayed" || word == "expanded") {
    return BounceAction::delivered;
  }
  return BounceAction::failed;
}

bool is_zero(std::string_view status) { return status.ends_with(".0.0"); }

// `is_only`: the report is about nobody else, so that every code in it is about this one.
ReportRecipient diagnosed(std::string address, BounceEvidence evidence, bool is_only) {
  ReportRecipient made{.address = std::move(address)};
  QuotedCodes codes = find_codes(evidence.diagnostic);
  if (codes.reply_code == 0 && is_only) {
    QuotedCodes more = find_codes(evidence.other_words);
    if (codes.status.empty() || codes.status == more.status) codes = std::move(more);
  }
  made.reply_code = codes.reply_code;
  made.status = evidence.status;
  // The server's own words are nearer to the matter than "something went wrong".
  const bool is_better = made.status.empty() || (is_zero(made.status) && !codes.status.empty());
  if (is_better) made.status = std::move(codes.status);
  evidence.status = made.status;
  evidence.reply_code = made.reply_code;
  const Diagnosis diagnosis = classify_bounce(evidence);
  made.reason = diagnosis.reason;
  made.severity = diagnosis.severity;
  made.scope = diagnosis.scope;
  // What was cut elsewhere may end in half a character.
  made.diagnostic = clean_text(cut_text(evidence.diagnostic, kDiagnosticMax), kDiagnosticMax);
  made.address = clean_text(cut_text(made.address, kAddressMax), kAddressMax);
  return made;
}

// What the words for people say about an address, to be read beside the machine's.
std::string_view words_about(const BounceText& text, std::string_view address) {
  for (const TextRecipient& each : text.recipients) {
    if (is_same_address(each.address, address)) return each.diagnostic;
  }
  return {};
}

bool says_delayed(const Mail& mail, std::string_view opening) {
  const std::string subject = lower(mail.field("subject"));
  if (subject.contains("delay") || subject.starts_with("warning: message")) return true;
  return has_delay_words(opening);
}

// Optimisation: `words` reads the text for people when a field leaves a question, which is seldom.
template <typename Words>
void add_dsn_recipients(Report& report, const wire::DeliveryStatus& status, const Mail& mail,
                        Words words_for_people) {
  const std::string_view other = std::string_view(mail.text).substr(0, kReportMax);
  for (const wire::DsnRecipient& each : status.recipients) {
    std::string address = each.original.contains('@') ? each.original : each.final;
    if (!address.contains('@')) {
      // A server that hides the address in its fields may name it in words.
      const BounceText& text = words_for_people();
      if (status.recipients.size() == 1 && text.recipients.size() == 1) {
        address = text.recipients.front().address;
      } else if (address.empty() || address.contains(' ')) {
        continue;
      }
    }
    std::string_view words = each.diagnostic;
    if (words.empty()) words = words_about(words_for_people(), address);
    if (words.empty()) words = words_about(words_for_people(), each.final);
    const bool is_known = std::ranges::any_of(report.recipients, [&](const auto& before) {
      return is_same_address(before.address, address);
    });
    if (is_known) continue;
    report.recipients.push_back(diagnosed(std::move(address),
                                          {.action = action_of(each.action),
                                           .status = each.status,
                                           .diagnostic = words,
                                           .other_words = other},
                                          status.recipients.size() == 1));
  }
}

// X-Failed-Recipients is Exim's and Google's; several stand between commas or in several fields.
std::vector<std::string> failed_recipients(const Mail& mail) {
  std::vector<std::string> made;
  for (const wire::ReportField& field : mail.header) {
    if (field.name != "x-failed-recipients") continue;
    for (const FoundAddress& each : find_addresses(field.value)) {
      made.emplace_back(each.address);
    }
  }
  return made;
}

// How much speaks for a bounce in words; from kMarksOfBounce on it is one.
int bounce_marks(const Mail& mail, const BounceText& text, std::string_view opening) {
  int marks = 0;
  const std::string from = lower(mail.field("from"));
  const std::string subject = lower(mail.field("subject"));
  constexpr std::array kDaemons = {
      std::string_view("mailer-daemon"),      std::string_view("postmaster"),
      std::string_view("mail delivery"),      std::string_view("mdaemon"),
      std::string_view("maildaemon"),         std::string_view("mail.delivery"),
      std::string_view("mail_service"),       std::string_view("system administrator"),
      std::string_view("mail administrator"), std::string_view("delivery subsystem"),
  };
  const bool is_daemon =
      std::ranges::any_of(kDaemons, [&](std::string_view daemon) { return from.contains(daemon); });
  const std::string_view path = mail.field("return-path");
  const bool is_answer = !mail.field("in-reply-to").empty() || !mail.field("references").empty();
  // A person who answers may quote anything.
  if (is_answer && !is_daemon && path != "<>") return 0;
  if (is_daemon || from.ends_with("<>")) marks += 2;
  if (path == "<>" || lower(path).contains("mailer-daemon")) ++marks;
  if (has_bounce_subject(subject)) marks += 2;
  if (has_bounce_opening(opening)) marks += mail.has_header ? 2 : 3;
  if (text.place == AddressPlace::listed && !text.recipients.empty()) {
    if (!mail.has_header && find_codes(text.report).reply_code != 0) marks += 3;
    // In a language we do not know: addresses in a list, and the message that comes back.
    if (mail.has_returned || !text.returned.empty()) ++marks;
  }
  return marks;
}

// Nothing in the words tells the address: whom the returned message was to.
void add_returned_to(BounceText& text, const wire::ReportBlock& returned) {
  const auto add = [&](const wire::ReportBlock& header) {
    for (const std::string_view name : {"x-original-to", "to"}) {
      const std::string* const value = wire::find_field(header, name);
      if (value == nullptr) continue;
      const auto found = find_addresses(*value);
      if (found.size() != 1) continue;
      text.recipients = {{std::string(found.front().address), {}}};
      return true;
    }
    return false;
  };
  if (!add(returned)) add(text.returned);
}

void read_words(Report& report, const Mail& mail, BounceText text, std::string_view opening) {
  const auto failed = failed_recipients(mail);
  if (!failed.empty()) {
    std::vector<TextRecipient> named;
    for (const std::string& address : failed) {
      named.push_back({address, std::string(words_about(text, address))});
    }
    text.recipients = std::move(named);
  } else if (text.recipients.empty() || text.place == AddressPlace::mentioned) {
    add_returned_to(text, mail.returned);
  }
  const BounceAction action =
      says_delayed(mail, opening) ? BounceAction::delayed : BounceAction::failed;
  std::string others(text.report);
  others += '\n';
  others += mail.field("subject");
  for (TextRecipient& each : text.recipients) {
    // One that is only named shares what was said.
    const bool is_own = text.place == AddressPlace::listed && !each.diagnostic.empty();
    const std::string_view words = each.diagnostic.empty()
                                       ? std::string_view(others).substr(0, kDiagnosticMax)
                                       : std::string_view(each.diagnostic);
    report.recipients.push_back(
        diagnosed(std::move(each.address),
                  {.action = action, .diagnostic = words, .is_own = is_own, .other_words = others},
                  text.recipients.size() == 1));
  }
}

void read_complaint(Report& report, const Mail& mail) {
  const wire::FeedbackReport feedback = wire::read_feedback_report(mail.feedback_report);
  // Neither an "is no spam" nor a failed check of ours is somebody's complaint.
  const bool is_complaint = feedback.type != "not-spam" && feedback.type != "auth-failure" &&
                            feedback.type != "dmarc" && !feedback.type.empty();
  report.kind = is_complaint ? ReportKind::complaint : ReportKind::other;
  std::vector<std::string> addresses = feedback.recipients;
  for (const std::string_view name : {"x-hmxmroriginalrecipient", "x-original-to", "to"}) {
    if (!addresses.empty()) break;
    const std::string* const value = wire::find_field(mail.returned, name);
    if (value == nullptr) continue;
    if (std::string address = first_address(*value); !address.empty()) {
      addresses.push_back(std::move(address));
    }
  }
  for (std::string& address : addresses) {
    report.recipients.push_back({.address = std::move(address),
                                 .reason = BounceReason::feedback,
                                 .severity = Severity::none,
                                 .scope = BounceScope::recipient,
                                 .diagnostic = feedback.type});
  }
}

}  // namespace

std::string_view to_string(ReportKind kind) {
  constexpr std::array<std::string_view, 5> kWords = {"bounce", "complaint", "auto-reply", "reply",
                                                      "other"};
  return kWords[static_cast<std::size_t>(kind)];
}

Report read_report(std::string_view octets) { return read_report(read_mail(octets)); }

Report read_report(const Mail& mail) {
  Report report;
  report.from = first_address(mail.field("from"));
  if (!mail.feedback_report.empty()) {
    read_complaint(report, mail);
    return report;
  }
  const std::string to = first_address(mail.field("to"));
  std::optional<BounceText> read;
  const auto text = [&]() -> const BounceText& {
    if (!read) read = read_bounce_text(mail.text, {report.from, to});
    return *read;
  };
  const auto add_fields = [&](std::string_view fields) {
    add_dsn_recipients(report, wire::read_delivery_status(fields), mail, text);
    if (!report.recipients.empty()) report.kind = ReportKind::bounce;
    return !report.recipients.empty();
  };
  const bool has_fields = !mail.delivery_status.empty() || mail.text.contains("Final-Recipient:");
  if (has_fields && add_fields(mail.delivery_status.empty() ? mail.text : mail.delivery_status)) {
    return report;
  }
  const std::string opening = normalised_words(text().report, kOpeningMax);
  const int marks = bounce_marks(mail, text(), opening);
  if (marks >= kMarksOfBounce && !mail.inner_status.empty() && add_fields(mail.inner_status)) {
    return report;
  }
  const bool is_bounce = has_fields || marks >= kMarksOfBounce || !failed_recipients(mail).empty();
  const bool is_answer = is_auto_reply(mail);
  // A vacation notice may quote what it answers.
  if (is_bounce && (has_fields || marks > kMarksOfBounce || !is_answer)) {
    read_words(report, mail, text(), opening);
    report.kind = ReportKind::bounce;
  } else if (is_answer) {
    report.kind = ReportKind::auto_reply;
    if (!report.from.empty()) {
      report.recipients.push_back({.address = report.from,
                                   .reason = BounceReason::vacation,
                                   .severity = Severity::none,
                                   .scope = BounceScope::recipient});
    }
  } else if (is_reply(mail)) {
    report.kind = ReportKind::reply;
  }
  return report;
}

}  // namespace tidings::feedback
