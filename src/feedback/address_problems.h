// The addresses that mail did not get to: what bounces say of them, what follows (P40), and the
// list of those that need a person.
//
// An address, or a domain, has one row whatever the number of its bounces. It is open when somebody
// should look: the address does not work, its domain does not exist, it is suppressed for having
// been in trouble too often. Thread: as the connection. Errors: those of db.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "feedback/bounce_consequence.h"

namespace tidings::feedback {

using ProblemId = Id<struct ProblemTag>;

// So many days on which a domain was told not to exist, within the organisation's period, suppress
// it.
inline constexpr std::size_t kDeadDomainDays = 3;

// A bounce of a message that is neither a test nor a copy.
struct AddressBounce {
  OrganisationId organisation;
  MessageId message;
  Channel channel = Channel::email;
  std::string_view normalised;
  std::string_view reason;  // to_string(BounceReason), or an outcome's own word
  AddressVerdict verdict = AddressVerdict::nothing;
  std::string_view diagnostic;
  Instant at{};
  std::string_view origin;  // who says so: suppression.origin
};
// Keeps what it says of the address and suppresses what must be. In a write transaction.
Result<void> note_bounce(db::Connection& connection, IdSource& ids, const AddressBounce& bounce,
                         Instant now);
// The same of an address that cannot be sent to at all: nothing is suppressed, a person looks.
Result<void> note_unusable(db::Connection& connection, IdSource& ids, const AddressBounce& bounce,
                           Instant now);

struct AddressProblem {
  ProblemId id;
  Channel channel = Channel::email;
  std::string address;     // normalised; of a domain `@domain`
  std::string reason;      // why_in_words(), what_to_do()
  std::string diagnostic;  // the remote side's words
  MessageId message_id;    // that did not arrive last
  Instant first_at{};
  Instant last_at{};
  bool is_open = false;
  std::optional<Instant> settled_at;
  std::string settled_by;
  std::string settled_note;
  // What is held back from it for bouncing, at present.
  enum class Stopped : std::uint8_t { nothing, campaigns, everything };
  Stopped stopped = Stopped::nothing;
  std::optional<Instant> stopped_until;  // nothing: until a person releases it

  bool is_domain() const { return address.starts_with('@'); }
};

struct ProblemPage {
  bool is_settled = false;  // those that a person has settled; else the open ones
  ProblemId before;         // not valid(): from the newest
  std::int64_t limit = 50;
};
// Newest first.
Result<std::vector<AddressProblem>> list_problems(db::Connection& connection,
                                                  OrganisationId organisation,
                                                  const ProblemPage& page, Instant now);
Result<std::int64_t> count_open_problems(db::Connection& connection, OrganisationId organisation);
// Error: problem.not_found, also for an address of which nobody need look.
Result<AddressProblem> find_problem(db::Connection& connection, OrganisationId organisation,
                                    ProblemId id, Instant now);

// Takes it off the list; another bounce puts it on again. Error: problem.not_found.
Result<void> settle_problem(db::Connection& connection, OrganisationId organisation, ProblemId id,
                            std::string_view by, std::string_view note, Instant now);

// For plan tests.
std::span<const db::Statement> problem_statements();

}  // namespace tidings::feedback
