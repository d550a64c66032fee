// Messages of calls that come at the same time are stored in one transaction, by a handful of
// statements for all of them: on PostgreSQL a call by itself takes a dozen round trips.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "compose/message_contents.h"
#include "compose/send_message.h"
#include "db/gathered.h"
#include "edge/api/call.h"

namespace tidings::api {

// The body of the answer.
using ShowQueued = std::function<boost::json::value(const std::vector<compose::QueuedMessage>&)>;

// A call that sends one message. Borrows.
struct MessageCall {
  const Call& call;
  const compose::MessageContents::Found& content;
  const compose::MessageOrder& order;
  const ShowQueued& shown;
  // What send() makes of it; none: it is to be answered by itself, with commit() of call.h.
  std::optional<Result<Answer>> answer = std::nullopt;
  TransportId transport = TransportId();  // that has something to send now
};

// Thread: any.
class MessageBatches {
 public:
  explicit MessageBatches(db::Database& database)
      : gathered_(database, db::Priority::transactional, store) {}

  // Waits for the commit; commit() otherwise, its Idempotency-Key included. Errors: those of db.
  Result<void> send(MessageCall& call) { return gathered_.store(call); }

 private:
  using Calls = std::span<MessageCall* const>;
  static Result<void> store(db::Connection& connection, Calls calls);
  static Result<void> store_alike(db::Connection& connection, Calls calls);

  db::Gathered<MessageCall> gathered_;
};

// The mail server that a call's messages leave by.
Result<TransportId> leaves_by(db::Connection& connection, const Call& call);

}  // namespace tidings::api
