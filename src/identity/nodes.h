// Nodes: the runs of programs that write to a database. A node's id is the fencing token of what
// it leases; its number is part of the ids it makes.
// Thread: any, one Connection each.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::identity {

struct Node {
  NodeId id;
  unsigned number = 0;  // 0..1023, unique among those that are open
};

// Registers a run with the lowest free number. Errors: node.too_many (limit).
Result<Node> open_node(db::Connection& connection, std::string_view folder_key, Instant now);
Result<void> close_node(db::Connection& connection, NodeId id, Instant now);
// Runs of this data folder that ended without closing; the folder's lock says they are dead.
Result<std::vector<NodeId>> dead_nodes(db::Connection& connection, std::string_view folder_key,
                                       NodeId except);
// Runs of any folder whose lease ended before `before`: taken for lost.
Result<std::vector<NodeId>> lost_nodes(db::Connection& connection, Instant before, NodeId except);

}  // namespace tidings::identity
