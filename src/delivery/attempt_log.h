// AttemptLog: one line of JSON for each attempt, for those who run the machine.
//
// FOLDER/attempts.jsonl is written; when it has a quarter of the bytes allowed it becomes
// attempts.1.jsonl and so on to .3, and what is older is deleted. The record of a message is the
// database; a log that cannot be written holds up nothing and says so once.
// No line has a recipient's address: erasing a person must not depend on log files, and
// `tidings trace ADDRESS` tells which messages are theirs. Where a server's words repeat the
// address they have "<recipient>" instead.
// Thread: the engine's. Errors: attempt_log.open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "delivery/journal.h"
#include "delivery/transport.h"
#include "net/event_loop.h"

namespace tidings::delivery {

// Appends the line, without its end:
//   {"at":"2026-11-22T09:30:00.000000Z","organisation":"…","campaign":"…","message":"…",
//    "kind":"campaign","attempt":1,"outcome":"deferred","scope":"site","reason":"greylisted",
//    "reply_code":451,"status":"4.7.1","reply":"…","domain":"example.org","site":"…",
//    "remote":"…","octets":2345,"waited_ms":1200,"took_ms":31,"next_attempt_at":"…"}
// What is not known is left out.
void append_attempt_line(std::string& line, const PreparedMessage& message,
                         const Settlement& settlement);

class AttemptLog {
 public:
  // The folder is made. `bytes_max`: of all its files together; each has 4096 at least.
  static Result<std::unique_ptr<AttemptLog>> open(const std::filesystem::path& folder,
                                                  std::int64_t bytes_max, net::EventLoop& loop);
  ~AttemptLog();  // writes what is buffered; the loop does not run any more, or this is its thread

  // On disk within a second.
  void write(const PreparedMessage& message, const Settlement& settlement);

 private:
  struct Impl;
  explicit AttemptLog(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tidings::delivery
