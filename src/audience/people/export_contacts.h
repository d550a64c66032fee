// Contacts as CSV, with the columns that an import reads back: external_id, email, phone,
// first_name, last_name, name, locale, time_zone, group (several with ";" between), then the custom
// fields by name. Of several addresses the primary ones. Values that a spreadsheet would take for a
// formula have an apostrophe in front.
// Thread: any; not from within a read or write. Errors: those of db and of list_contacts().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audience/people/custom_fields.h"
#include "audience/people/list_contacts.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"

namespace tidings::people {

// A thousand contacts at a time, oldest first whatever the query is sorted by: who is changed while
// it is read is in it once. Each thousand is read as it is then; memory does not grow with their
// number. Borrows the database.
class ContactExport {
 public:
  ContactExport(db::Database& database, OrganisationId organisation, ContactQuery query);
  // Appends the heading and the first, then the next contacts; false: that was all.
  Result<bool> next(std::string& out);
  std::int64_t count() const { return count_; }  // so far

 private:
  Result<void> begin(std::string& out);

  db::Database& database_;
  const OrganisationId organisation_;
  ContactQuery query_;
  std::vector<CustomField> fields_;
  std::string cursor_;
  std::int64_t count_ = 0;
  bool has_begun_ = false;
};

}  // namespace tidings::people
