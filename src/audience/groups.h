// Groups: contacts chosen by hand or by an import.
// Thread: as the connection. Errors: those of db, and group.bad_name (invalid).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::audience {

// As contact_group.origin stores it. Every import makes a group of its own, which is how a
// campaign addresses "the people of this file".
enum class GroupOrigin { by_hand = 0, by_import = 1 };

struct Group {
  GroupId id;
  std::string name;
  GroupOrigin origin = GroupOrigin::by_hand;
  std::int64_t members = 0;
};

// At most 200 bytes.
inline constexpr std::size_t kGroupNameMax = 200;

// The group of that name, made when there is none. Names are compared exactly.
Result<GroupId> find_or_create_group(db::Connection& connection, IdSource& ids,
                                     OrganisationId organisation, std::string_view name,
                                     GroupOrigin origin, Instant now);
Result<std::optional<GroupId>> find_group(db::Connection& connection, OrganisationId organisation,
                                          std::string_view name);
// By name, with the number of members.
Result<std::vector<Group>> list_groups(db::Connection& connection, OrganisationId organisation);
// Adding a member twice changes nothing.
Result<void> add_to_group(db::Connection& connection, OrganisationId organisation, GroupId group,
                          ContactId contact, Instant now);

}  // namespace tidings::audience
