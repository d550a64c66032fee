// The recipients of a campaign (P34): its messages, with what the contact is called now and when
// the contact's file was changed last.
// Thread: one. Errors: those of MessagePages.
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

// CSV with a heading, oldest first, of any length; no field begins as a formula does. Who is queued
// while it is read comes at its end. Borrows the database.
class RecipientExport {
 public:
  RecipientExport(db::Database& database, OrganisationId organisation, LogFilter filter);
  // Appends the heading and the first, then the next rows; false: that was all.
  Result<bool> next(std::string& out);

 private:
  db::Database& database_;
  const OrganisationId organisation_;
  MessagePages pages_;
  MessageQuery query_;
  bool has_begun_ = false;
};

}  // namespace tidings::report
