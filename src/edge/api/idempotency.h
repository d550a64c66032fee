// Idempotency-Keys of calls that are answered together, in one transaction. One call by itself:
// commit() of call.h, whose rules these keep. Thread: as the connection. Errors: those of db.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "edge/api/call.h"

namespace tidings::api {

// Takes the key of each call that has one. False: somebody else had it first, perhaps in the same
// list; that call is to be answered by commit(), in a transaction of its own.
Result<std::vector<bool>> take_keys(db::Connection& connection, std::span<const Call* const> calls);

struct KeyedAnswer {
  const Call* call;
  const Answer* answer;  // null: the call failed, and its key is free again
};
// For calls whose key was taken in this transaction, or that have none.
Result<void> keep_answers(db::Connection& connection, std::span<const KeyedAnswer> answers);

}  // namespace tidings::api
