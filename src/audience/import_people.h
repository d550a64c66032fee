// The people of one chunk of an import, and how the new ones among them are stored.
// Thread: the connection's. Errors: those of db.
#pragma once

#include <memory_resource>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::audience {

struct ImportedAddress {
  Channel channel = Channel::email;
  std::string_view normalised;
  std::string_view typed;
  bool primary = false;
  bool changed = false;
  bool was_primary = false;  // before this chunk
  bool is_added = false;     // by this chunk
};

// A contact as it will be; views borrow from the chunk or its writer's memory.
struct ImportedPerson {
  ContactId id;
  bool is_new = false;
  bool changed = false;
  bool touched = false;  // by an earlier row of this file
  bool placed = false;   // among the new people to be stored
  std::string_view external_id;
  std::string_view first_name;
  std::string_view last_name;
  std::string_view name;
  std::string_view locale;
  std::string_view time_zone;
  std::string_view fields;
  std::string_view row_identity;
  std::pmr::vector<ImportedAddress> addresses;

  explicit ImportedPerson(std::pmr::memory_resource* memory) : addresses(memory) {}
};

// Stores `people`, who are all new, in their order. Borrows everything.
class NewPeople {
 public:
  NewPeople(db::Connection& connection, OrganisationId organisation,
            const std::vector<ImportedPerson*>& people, Instant now)
      : connection_(connection), organisation_(organisation), people_(people), now_(now) {}

  Result<void> contacts() const;
  Result<void> addresses() const;
  Result<void> members(GroupId group) const;

 private:
  db::Connection& connection_;
  const OrganisationId organisation_;
  const std::vector<ImportedPerson*>& people_;
  const Instant now_;
};

}  // namespace tidings::audience
