#include "wire/arf.h"

#include <algorithm>

#include "base/text.h"
#include "wire/dsn.h"
#include "wire/report_fields.h"

namespace tidings::wire {
namespace {

void add_recipient(std::vector<std::string>& to, std::string_view value) {
  std::string address = read_typed_address(value);
  if (!address.contains('@') || to.size() >= kArfRecipientsMax) return;
  if (std::ranges::find(to, address) == to.end()) to.push_back(std::move(address));
}

}  // namespace

FeedbackReport read_feedback_report(std::string_view text) {
  FeedbackReport made;
  for (const ReportBlock& block : read_report_blocks(text)) {
    for (const ReportField& field : block) {
      if (field.name == "feedback-type" && made.type.empty()) {
        made.type = lower(trimmed(field.value));
      } else if (field.name == "original-rcpt-to" || field.name == "removal-recipient") {
        add_recipient(made.recipients, field.value);
      } else if (field.name == "original-mail-from") {
        made.mail_from = read_typed_address(field.value);
      } else if (field.name == "source-ip") {
        made.source_ip = field.value;
      } else if (field.name == "user-agent") {
        made.reporter = field.value;
      }
    }
  }
  return made;
}

}  // namespace tidings::wire
