#include "feedback/reading/classify_bounce.h"

#include <array>
#include <cstddef>
#include <optional>

#include "base/text.h"
#include "feedback/reading/bounce_rules.h"
#include "wire/dsn.h"

namespace tidings::feedback {
namespace {

constexpr std::size_t kWordsMax = 2'000;
constexpr std::size_t kOtherWordsMax = 8'000;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// 400 to 559 at `at`; 0 when there is none, or when it is part of a longer word.
std::uint16_t reply_code_at(std::string_view text, std::size_t at) {
  if (at + 3 > text.size()) return 0;
  const bool is_code = (text[at] == '4' || text[at] == '5') && text[at + 1] >= '0' &&
                       text[at + 1] <= '5' && is_digit(text[at + 2]);
  if (!is_code) return 0;
  if (at > 0 && !std::string_view(" \t\r\n:;('\"<>[=-#").contains(text[at - 1])) return 0;
  if (at + 3 < text.size() && !std::string_view(" \t\r\n-.,:;)]'\"#").contains(text[at + 3])) {
    return 0;
  }
  return static_cast<std::uint16_t>((text[at] - '0') * 100 + (text[at + 1] - '0') * 10 +
                                    (text[at + 2] - '0'));
}

// A number is a reply where replies are quoted, not anywhere in a sentence.
bool is_quoted(std::string_view before) {
  const std::size_t line = before.find_last_of('\n');
  if (line != std::string_view::npos && trimmed(before.substr(line)).empty()) return true;
  before = trimmed(before);
  if (before.empty() || std::string_view(":;('\"[>=").contains(before.back())) return true;
  constexpr std::array kLeads = {
      std::string_view("code"), std::string_view("error"),    std::string_view("said"),
      std::string_view("<--"),  std::string_view("<<<"),      std::string_view("response"),
      std::string_view("with"), std::string_view("returned"), std::string_view("status"),
      std::string_view("smtp"),
  };
  const std::string tail =
      lower(before.substr(before.size() - std::min<std::size_t>(before.size(), 10)));
  for (const std::string_view lead : kLeads) {
    if (tail.ends_with(lead)) return true;
  }
  return false;
}

// The code right before a status code: "550 5.1.1", "550-5.1.1", "550 #5.1.0", "550-'5.4.1".
std::uint16_t code_before(std::string_view text, std::size_t status_at) {
  const std::size_t end = text.substr(0, status_at).find_last_not_of(" \t\r\n#'\"(-");
  if (end == std::string_view::npos || end < 2 || status_at - end > 12) return 0;
  const std::uint16_t code = reply_code_at(text, end - 2);
  return code / 100 == text[status_at] - '0' ? code : 0;
}

// What the subject of a status code says when nothing else says anything (RFC 3463 §3).
BounceReason reason_of_subject(std::string_view status) {
  if (status.size() < 5 || status[3] != '.') return BounceReason::undefined;
  switch (status[2]) {
    case '1':
      return BounceReason::user_unknown;
    case '2':
      return BounceReason::filtered;
    case '3':
      return BounceReason::system_error;
    case '4':
      return BounceReason::network_error;
    case '5':
      return BounceReason::syntax_error;
    case '6':
      return BounceReason::content_error;
    case '7':
      return BounceReason::policy_violation;
    default:
      return BounceReason::undefined;
  }
}

BounceReason find_reason(const BounceEvidence& evidence) {
  const std::string words = normalised_words(evidence.diagnostic, kWordsMax);
  if (const auto exact = find_exact_reason(words)) return *exact;
  if (const auto coded = find_status_reason(evidence.status)) return *coded;
  if (const auto vague = find_vague_reason(words)) return *vague;
  const std::string other = normalised_words(evidence.other_words, kOtherWordsMax);
  if (const auto exact = find_exact_reason(other)) return *exact;
  const BounceReason subject = reason_of_subject(evidence.status);
  const bool is_late = evidence.action == BounceAction::delayed &&
                       (subject == BounceReason::undefined || evidence.status == "4.4.0");
  if (is_late) return BounceReason::expired;
  if (subject != BounceReason::undefined) return subject;
  const bool has_own_words = evidence.is_own && !words.empty();
  return has_own_words || evidence.reply_code != 0 ? BounceReason::on_hold
                                                   : BounceReason::undefined;
}

}  // namespace

Diagnosis classify_bounce(const BounceEvidence& evidence) {
  if (evidence.action == BounceAction::delivered) {
    return {BounceReason::delivered, Severity::none, BounceScope::recipient};
  }
  const BounceReason reason = find_reason(evidence);
  const BounceScope scope = scope_of(reason);
  if (evidence.action == BounceAction::delayed) return {reason, Severity::transient, scope};
  const bool is_temporary =
      evidence.reply_code != 0 ? evidence.reply_code / 100 == 4 : evidence.status.starts_with('4');
  Severity severity = severity_of(reason, is_temporary);
  if (severity == Severity::undetermined && is_temporary) severity = Severity::soft;
  return {reason, severity, scope};
}

QuotedCodes find_codes(std::string_view text) {
  QuotedCodes found;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view status = wire::find_status_code(rest);
    if (status.empty()) break;
    const auto at = static_cast<std::size_t>(status.data() - text.data());
    if (const std::uint16_t code = code_before(text, at); code != 0) {
      return {code, std::string(status)};
    }
    if (found.status.empty() && status[0] != '2') found.status = status;
    rest = text.substr(at + status.size());
  }
  for (std::size_t at = 0; at + 3 <= text.size(); ++at) {
    const std::uint16_t code = reply_code_at(text, at);
    if (code != 0 && is_quoted(text.substr(0, at))) {
      found.reply_code = code;
      break;
    }
  }
  return found;
}

}  // namespace tidings::feedback
