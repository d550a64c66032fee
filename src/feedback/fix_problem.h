// What a person does about an address on the worklist (address_problems.h): corrects it in the file
// of whoever has it, or says that it is right after all; and sends again what did not arrive.
// Thread: as the connection, within the caller's write transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audience/people/contact_book.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/ledger.h"
#include "feedback/address_problems.h"

namespace tidings::feedback {

struct Fix {
  ProblemId problem;
  std::string_view address;  // as typed; empty: the one there is is right, and is released
  std::string_view note;     // why it may be written to again; required without a new address
  bool sends_again = false;  // the message that did not arrive last, as it was
};

struct Fixed {
  std::string address;               // as it is written to now
  std::vector<ContactId> corrected;  // whose file has the new address
  std::int64_t released = 0;         // suppressions ended
  MessageId message_id;              // sent again; not valid(): nothing was
  TransportId transport_id;          // by which
};

// Settles the problem. Errors: problem.not_found; problem.is_domain (conflict: a domain is released
// in the list of suppressions); address.*, contact.*, suppression.no_reason (invalid);
// contact.address_taken (conflict); problem.message_gone (conflict) when there is nothing left to
// send again.
Result<Fixed> fix_problem(db::Connection& connection, const people::Writer& writer,
                          const delivery::Ledger& ledger, const Fix& fix);

}  // namespace tidings::feedback
