// The recipients of a campaign (P34): its messages, with what the contact is called now and when
// the contact's file was changed last.
// Thread: one. Errors: those of MessagePages; record.too_many (limit) of an export.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/message_pages.h"

namespace tidings::report {

struct Recipient {
  LogEntry entry;
  std::string name;  // empty when the contact is not there any more
  std::optional<Instant> contact_changed_at;
};

struct RecipientPage {
  std::vector<Recipient> items;
  MessagePage page;  // all but its items
};

Result<RecipientPage> list_recipients(db::Database& database, OrganisationId organisation,
                                      const MessageQuery& query);

inline constexpr std::int64_t kExportedRecipientsMax = 200'000;
// CSV with a heading, oldest first; no field begins as a formula does.
Result<std::string> export_recipients(db::Database& database, OrganisationId organisation,
                                      const LogFilter& filter);

}  // namespace tidings::report
