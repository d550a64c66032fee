// "Did it arrive?" (B11) answered in a sentence, in the languages of the product: English, Dutch,
// Polish, French. It says what is known and nothing more: handed over is not arrived, accepted by
// the recipient's server is no proof of the inbox.
// Thread: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/message_state.h"

namespace tidings::report {

enum class SentenceLanguage : std::uint8_t { english, dutch, polish, french };
// Of "nl", "nl-BE"; English for one there is no catalogue for.
SentenceLanguage sentence_language(std::string_view locale);

struct ArrivalFacts {
  std::string_view subject;
  std::string_view address;  // empty: had none
  Status status = Status::queued;
  std::string_view reason;     // as stored: "mailbox_full", "unsubscribed"
  Instant at{};                // since when it has that status
  std::string_view next_at;    // of a deferred one, when it is tried again; may be empty
  std::string_view remote;     // who took or refused it; may be empty
  std::string_view time_zone;  // in which times are told, and named
};
// One sentence, ending with a full stop.
std::string arrival_sentence(const ArrivalFacts& facts, SentenceLanguage language);

// What is said when there is no message to tell of.
enum class NothingToTell : std::uint8_t {
  unknown,      // nobody here has this name, address or number
  never_wrote,  // the person is known; no message to them is in the record (any more)
  erased,       // the address was somebody's who was erased: what they got is known no more
};
std::string nothing_sentence(NothingToTell why, SentenceLanguage language);

}  // namespace tidings::report
