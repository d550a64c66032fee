// ReturnedMailReader: reads the mail that came back, in the background: what it is, which message
// it is about, and what follows (apply_evidence.h).
//
// Everything that follows from a mail, and that it was read, is one transaction; a fact has the
// same key however often the mail is read, so that reading it again, on another node or after a
// crash, applies nothing twice. What cannot be read now (the database is away) waits a while; after
// kReadingTriesMax tries it is put aside with the reason. What nobody here made (forged tokens,
// unknown messages) is kept with its reason and changes nothing.
// Thread: its own; start(), stop() and trouble() from one other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/ledger.h"
#include "feedback/returned_figures.h"
#include "feedback/returned_mail.h"
#include "identity/token_keys.h"

namespace tidings::feedback {

inline constexpr int kReadingTriesMax = 8;

// A person's answer, to be passed on to a member of staff.
struct ReceivedReply {
  OrganisationId organisation;
  ReturnedMailId id;
  MessageId message;  // that it answers
  std::string forward_to;
  std::string sender;   // an address
  std::string subject;  // as it was written
  std::string text;
};

// Borrows everything.
struct ReadingContext {
  db::Database& database;
  const delivery::Ledger& ledger;
  IdSource& ids;
  identity::TokenKeys& keys;
  const Clock& clock;
  // Part of the transaction: queues the message to staff. None: nothing is passed on.
  std::function<Result<void>(db::Connection&, const ReceivedReply&)> forward = {};
  ReturnedFigures* figures = nullptr;  // none: nothing is counted
};

// Reads one, whether it waits or was read before. Errors: returned_mail.not_found,
// returned_mail.forgotten (conflict) when only its facts are left, those of the database.
Result<void> read_returned(const ReadingContext& context, OrganisationId organisation,
                           ReturnedMailId id);

class ReturnedMailReader {
 public:
  explicit ReturnedMailReader(ReadingContext context) : context_(std::move(context)) {}
  ~ReturnedMailReader();  // stop()

  void start();
  void stop();
  // There may be something to read.
  void wake();
  // Reads what is due, some of it. How many there were.
  Result<int> read_some();
  // Why nothing is read now; empty when it is.
  std::string trouble() const;

 private:
  void run();
  Result<void> put_off(OrganisationId organisation, ReturnedMailId id, const Error& error);

  const ReadingContext context_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string trouble_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace tidings::feedback
