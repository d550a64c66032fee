// Any octets as a mail that came back: read within bounds, the same twice, texts that can be
// shown, and nobody's address called dead for what concerns something else.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "feedback/reading/bounce_text.h"
#include "feedback/reading/mail.h"
#include "feedback/reading/read_report.h"
#include "wire/arf.h"
#include "wire/dsn.h"
#include "wire/text_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings;
  using namespace tidings::feedback;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  std::size_t total = 0;
  for (const std::string_view mail : split_mailbox(octets)) total += mail.size();
  CHECK(total == octets.size());
  const Report report = read_report(octets);
  CHECK(report.recipients.size() <= wire::kDsnRecipientsMax);
  if (report.kind == ReportKind::reply) CHECK(report.recipients.empty());
  for (const ReportRecipient& each : report.recipients) {
    CHECK(!each.address.empty() && each.diagnostic.size() <= kDiagnosticMax);
    CHECK(each.status.empty() || wire::find_status_code(each.status) == each.status);
    CHECK(wire::is_utf8(each.address) && wire::is_utf8(each.diagnostic));
    CHECK(each.severity != Severity::hard || scope_of(each.reason) == BounceScope::recipient ||
          scope_of(each.reason) == BounceScope::domain);
  }
  const Report again = read_report(octets);
  CHECK(again.kind == report.kind && again.recipients.size() == report.recipients.size());
  CHECK(wire::read_delivery_status(octets).recipients.size() <= wire::kDsnRecipientsMax);
  CHECK(wire::read_feedback_report(octets).recipients.size() <= wire::kArfRecipientsMax);
  return 0;
}
