#include "identity/nodes.h"

#include "base/bytes.h"

namespace tidings::identity {

namespace {

constexpr unsigned kNumbers = 1024;

constexpr db::Statement kOpenNumbers{
    "node.open_numbers", "SELECT number FROM node WHERE closed_at IS NULL ORDER BY number"};
constexpr db::Statement kOpen{"node.open",
                              "INSERT INTO node (id, folder_key, number, started_at, lease_until) "
                              "VALUES ($1, $2, $3, $4, $4)"};
// A node that still holds leases stays open: recovery takes them back.
constexpr db::Statement kClose{
    "node.close",
    "UPDATE node SET closed_at = $1 WHERE id = $2 AND closed_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE lease_id = $2 AND state = 2)"};
constexpr db::Statement kDead{
    "node.dead",
    "SELECT id FROM node WHERE folder_key = $1 AND closed_at IS NULL AND id <> $2 ORDER BY id"};
constexpr db::Statement kLost{
    "node.lost",
    "SELECT id FROM node WHERE closed_at IS NULL AND lease_until < $1 AND id <> $2 ORDER BY id"};

Result<std::vector<NodeId>> list(db::Connection& connection, const db::Statement& statement,
                                 std::initializer_list<db::Param> params) {
  std::vector<NodeId> ids;
  TRY(connection.query(statement, params,
                       [&](const db::Row& row) { ids.push_back(row.id<NodeId>(0)); }));
  return ids;
}

}  // namespace

Result<Node> open_node(db::Connection& connection, std::string_view folder_key, Instant now) {
  unsigned number = 0;
  TRY(connection.query(kOpenNumbers, {}, [&](const db::Row& row) {
    if (row.integer(0) == number) ++number;
  }));
  if (number >= kNumbers) {
    return fail(ErrorKind::limit, "node.too_many",
                "1024 programs are registered with this database. Wait until some have ended.");
  }
  // Not time-ordered by an IdSource, which needs the number first: microseconds and chance.
  const NodeId id{(to_micros(now) << 8 | static_cast<std::int64_t>(random_u64() & 0xff)) &
                  INT64_MAX};
  TRY(connection.execute(kOpen, {id, db::BytesView{folder_key}, number, now}));
  return Node{id, number};
}

Result<void> close_node(db::Connection& connection, NodeId id, Instant now) {
  TRY(connection.execute(kClose, {now, id}));
  return {};
}

Result<std::vector<NodeId>> dead_nodes(db::Connection& connection, std::string_view folder_key,
                                       NodeId except) {
  return list(connection, kDead, {db::BytesView{folder_key}, except});
}

Result<std::vector<NodeId>> lost_nodes(db::Connection& connection, Instant before, NodeId except) {
  return list(connection, kLost, {before, except});
}

}  // namespace tidings::identity
