// Session: a Connection with its transaction control, as the writer thread and the reader pool use
// it. Capabilities see the Connection only.
//
// Invariant: a statement that fails dooms the work it belongs to. That is PostgreSQL's rule; SQLite
// keeps it too, so that a work which swallows an error cannot half-commit on one of them.
// Thread: one thread at a time.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "db/connection.h"

namespace tidings::db {

// How far a failed statement reaches; each contains those before it.
enum class Trouble {
  none,
  statement,    // this work only: its savepoint can be rolled back
  restart,      // serialisation failure or deadlock: the same work may succeed in a new transaction
  transaction,  // the database rolled the whole transaction back
  lost,         // the session is gone; a new one has to be opened
};

// What the writer's next transactions are like; see BulkWrites.
enum class Load { usual, bulk };

class Session : public Connection {
 public:
  using Connection::use_vault;
  // Opens the session again when it was lost; nothing to do otherwise.
  virtual Result<void> ensure_connected() = 0;
  // Starts a transaction (a writing one on the writer, a read-only snapshot on a reader).
  virtual Result<void> begin() = 0;
  // db.commit_unknown when nobody can tell whether it happened. After any other error nothing of
  // the transaction is stored; rollback() is still to be called.
  virtual Result<void> commit() = 0;
  // Cannot fail: a session that is unable to roll back counts as lost.
  virtual void rollback() = 0;
  virtual Result<void> savepoint() = 0;
  virtual Result<void> release_savepoint() = 0;
  virtual Result<void> rollback_to_savepoint() = 0;
  // Housekeeping between transactions, outside of anybody's waiting: SQLite's checkpoints.
  virtual void maintain() {}
  // Between transactions: how to use memory and disk from now on.
  virtual void expect(Load /*load*/) {}

  // Between transactions: whether foreign keys are checked from now on. They are at first.
  virtual void check_references(bool /*on*/) {}

  // An in-memory database has one session: between these two it cannot write.
  virtual Result<void> begin_reading() { return begin(); }
  virtual void end_reading() { rollback(); }

  // A work begins: forgets the trouble of the one before. A lost session stays lost.
  void start_work() {
    if (trouble_ != Trouble::lost) clear_trouble();
  }
  Trouble trouble() const { return trouble_; }
  // The work's result, or its first statement's failure when the work kept that to itself.
  Result<void> settle(Result<void> result) const {
    if (result && first_error_) return std::unexpected(*first_error_);
    return result;
  }

 protected:
  // Records a failure and returns it; the first one is what later statements answer with.
  std::unexpected<Error> doom(Trouble trouble, Error error) {
    if (trouble > trouble_) trouble_ = trouble;
    if (!first_error_) first_error_ = error;
    return std::unexpected(std::move(error));
  }
  bool doomed() const { return first_error_.has_value(); }
  const Error& first_error() const { return *first_error_; }
  void clear_trouble() {
    trouble_ = Trouble::none;
    first_error_.reset();
  }

  // Invariant: no statement runs from within another's row callback; a PostgreSQL session cannot.
  bool streaming_ = false;
  // True for the time of a statement.
  class Streaming {
   public:
    explicit Streaming(bool& flag) : flag_(flag) { flag_ = true; }
    ~Streaming() { flag_ = false; }
    Streaming(const Streaming&) = delete;
    Streaming& operator=(const Streaming&) = delete;

   private:
    bool& flag_;
  };

 private:
  Trouble trouble_ = Trouble::none;
  std::optional<Error> first_error_;
};

// Text as both databases store it: valid UTF-8 without NUL (PostgreSQL's TEXT cannot hold one).
// Error: db.text (invalid). Bytes that may be anything belong into a BYTEA column.
Result<void> check_text(std::string_view text);

}  // namespace tidings::db
