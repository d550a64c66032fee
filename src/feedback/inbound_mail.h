// InboundMail: the role that takes mail in by SMTP and stores it, to be read later
// (returned_mail_reader.h). It takes mail for three kinds of addresses at the return-path domains
// of the organisations: return paths (of the form we make; whether we made one is found out later),
// postmaster and abuse, and complaints, which is what providers are given for feedback loops.
// Nothing is ever relayed.
//
// An answer of 250 follows the commit. While the database cannot be written the answer is 451, and
// the sender comes again. The domains are looked up anew every kDomainsFresh, and before a domain
// is refused that may have been set a moment ago, here or by another process; while they cannot be
// looked up such a recipient is answered 451 too. How often a connection may ask so is bounded by
// its errors. Spec: RFC 5321 §4.5.1 (postmaster), RFC 2142 §4 (abuse), §6.1. Thread: start(),
// stop() on one; it has a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "feedback/returned_figures.h"
#include "net/fwd.h"

namespace tidings::feedback {

inline constexpr Duration kDomainsFresh = std::chrono::seconds(2);

struct InboundOptions {
  std::string listen;            // ADDRESS:PORT
  std::string host_name;         // in the greeting
  std::string certificate_file;  // PEM, with its chain; empty: no STARTTLS
  std::string key_file;
  std::size_t message_max = std::size_t{10} << 20;
  ReturnedFigures* figures = nullptr;  // none: nothing is counted
};

class InboundMail {
 public:
  // Borrows database, ids and clock. `stored` runs after each commit, on the database's thread.
  InboundMail(db::Database& database, IdSource& ids, const Clock& clock, InboundOptions options,
              std::function<void()> stored);
  ~InboundMail();  // stop()
  InboundMail(const InboundMail&) = delete;
  InboundMail& operator=(const InboundMail&) = delete;

  // The address it listens on. Errors: those of net::Listener and TlsContext, of the database.
  Result<std::string> start();
  // Tells everybody to come again, waits for what is being stored at most `at_most`, and closes.
  void stop(Duration at_most = std::chrono::seconds(10));

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidings::feedback
