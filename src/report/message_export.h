// Every message that passes a filter, and what was answered, as CSV (P32, P34): with a heading, of
// any length, read in pages while it is written. No field begins as a formula does.
// Sorted as the list of messages is: by time, or by any column of at most 100,000 messages; more
// than that come by time. What is queued while it is read comes at its end when the oldest come
// first. Borrows the database.
// Thread: one. Errors: those of Communications.
#pragma once

#include <cstdint>
#include <string>

#include "report/communications.h"

namespace tidings::report {

class MessageExport {
 public:
  // Of `query` the filter, the sort and what it has count.
  MessageExport(db::Database& database, OrganisationId organisation,
                const CommunicationQuery& query);
  // Appends the heading and the first, then the next rows; false: that was all.
  Result<bool> next(std::string& out);
  std::int64_t count() const { return count_; }  // rows so far, without the heading

 private:
  Communications pages_;
  CommunicationQuery query_;
  std::int64_t count_ = 0;
  bool has_begun_ = false;
};

}  // namespace tidings::report
