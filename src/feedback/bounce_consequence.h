// What a bounce says of the address it was sent to, and when enough of them say the same.
// Thread: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/outcome.h"
#include "feedback/reading/read_report.h"

namespace tidings::feedback {

enum class AddressVerdict : std::uint8_t {
  nothing,      // it says something of us, of the message or of a server
  dead,         // the address does not work
  trouble,      // it does not work now
  dead_domain,  // its domain does not exist, or takes no mail
};
AddressVerdict verdict_on(Severity severity, BounceScope scope);

// What a server, or the DNS, said at the last attempt, read as a report would be. Scope and
// severity are `none` when it was not about the recipient: of a refused session, sender or message
// nothing follows for an address, whatever the words.
ReportRecipient diagnose(const Outcome& outcome);

// Of a message that bounced, in the vocabulary of outcomes: "address_unknown", "mailbox_full" …
std::string_view outcome_word(BounceReason reason);

// For a person: reasons of reports and of outcomes, a clause without a point at its end.
std::string why_in_words(std::string_view reason);
// What that person can do about it: a sentence.
std::string_view what_to_do(std::string_view reason);

// The bounces of an address, or of a domain, that are counted together.
class RecentBounces {
 public:
  static constexpr std::size_t kMax = 20;

  // As to_text() made it; what cannot be read counts as nothing.
  static RecentBounces parse(std::string_view text);
  std::string to_text() const;

  // Forgets those before `since` and counts this one, unless the message is counted already or
  // another one was within `spacing`.
  void add(MessageId message, Instant at, Instant since, Duration spacing);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    MessageId message;
    Instant at{};
  };
  std::vector<Entry> entries_;
};

}  // namespace tidings::feedback
