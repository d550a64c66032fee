#include "feedback/providers/provider_event.h"

#include <array>
#include <boost/json/object.hpp>
#include <cmath>

#include "base/json_text.h"
#include "base/text.h"
#include "feedback/reading/bounce_text.h"
#include "feedback/reading/mail_text.h"

namespace tidings::feedback {
namespace {

constexpr std::array<std::string_view, 4> kWords = {"ses", "sendgrid", "postmark", "mailgun"};
constexpr std::array<std::string_view, 4> kNames = {"Amazon SES", "SendGrid", "Postmark",
                                                    "Mailgun"};
constexpr std::size_t kMemberMax = 2'000;

// From the mildest on; what is not said bounds nothing.
int rank(Severity severity) {
  switch (severity) {
    case Severity::none:
      return 0;
    case Severity::transient:
      return 1;
    case Severity::soft:
    case Severity::block:
      return 2;
    case Severity::hard:
    case Severity::undetermined:
      return 3;
  }
  return 3;
}

bool says_nothing(BounceReason reason) {
  return reason == BounceReason::undefined || reason == BounceReason::on_hold;
}

}  // namespace

std::string_view to_string(Provider provider) { return kWords[static_cast<std::size_t>(provider)]; }
std::optional<Provider> parse_provider(std::string_view word) {
  return enumerator<Provider>(kWords, word);
}
std::string_view plain_name(Provider provider) {
  return kNames[static_cast<std::size_t>(provider)];
}

Diagnosis diagnosis_of(BounceReason reason) {
  return {reason, severity_of(reason, false), scope_of(reason)};
}

void diagnose(ReportRecipient& about, BounceAction action, const Diagnosis& otherwise) {
  Diagnosis found = classify_bounce({.action = action,
                                     .status = about.status,
                                     .reply_code = about.reply_code,
                                     .diagnostic = about.diagnostic});
  const bool is_told = otherwise.severity != Severity::undetermined;
  if (says_nothing(found.reason) && (is_told || !says_nothing(otherwise.reason))) {
    const Severity severity =
        action == BounceAction::delayed ? Severity::transient : otherwise.severity;
    found = {otherwise.reason, severity, otherwise.scope};
  } else if (is_told && rank(found.severity) > rank(otherwise.severity)) {
    found.severity = otherwise.severity;
  }
  about.reason = found.reason;
  about.severity = found.severity;
  about.scope = found.scope;
}

void set_words(ReportRecipient& about, std::string_view words) {
  about.diagnostic = cut_text(clean_text(words, kDiagnosticMax), kDiagnosticMax);
  const QuotedCodes codes = find_codes(about.diagnostic);
  if (about.status.empty()) about.status = codes.status;
  if (about.reply_code == 0) about.reply_code = codes.reply_code;
}

std::string clean_text_of(const boost::json::object& object, std::string_view name) {
  return clean_text(text_of(object, name), kMemberMax);
}

const boost::json::object* object_in(const boost::json::object& object, std::string_view name) {
  const boost::json::value* found = object.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

std::vector<const boost::json::object*> objects_in(const boost::json::object& object,
                                                   std::string_view name) {
  std::vector<const boost::json::object*> list;
  const boost::json::value* found = object.if_contains(name);
  if (found == nullptr || !found->is_array()) return list;
  for (const boost::json::value& each : found->get_array()) {
    if (each.is_object()) list.push_back(&each.get_object());
    if (list.size() == kProviderEventsMax) break;
  }
  return list;
}

double number_in(const boost::json::object& object, std::string_view name) {
  const boost::json::value* found = object.if_contains(name);
  if (found == nullptr || !found->is_number()) return 0;
  return found->is_double()  ? found->get_double()
         : found->is_int64() ? static_cast<double>(found->get_int64())
                             : static_cast<double>(found->get_uint64());
}

std::optional<Instant> instant_of_seconds(double seconds) {
  constexpr double kLatest = 1e10;  // the year 2286
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > kLatest) return std::nullopt;
  return from_micros(static_cast<std::int64_t>(seconds * 1e6));
}

}  // namespace tidings::feedback
