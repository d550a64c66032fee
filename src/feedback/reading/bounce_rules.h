// What servers mean by what they say, as data: words to reason, and status code to reason.
//
// Rows are words in lower case as normalised_words() makes them; `*` stands for anything, at most
// kGapMax octets (word_index.h). The first row of the table that fits decides, so that what tells
// that we were refused stands before what tells that an address is dead. Written from the servers'
// own manuals and from bounces seen; each group of rows names its source. What a provider's reply
// asks the sender to do (slow down, stop) is another question, answered by domain/reply_rules.h.
// Thread: any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "feedback/reading/bounce_reason.h"

namespace tidings::feedback {

struct BounceRule {
  std::string_view words;
  BounceReason reason = BounceReason::undefined;
  std::string_view source;
};

// Words that say exactly what is the matter: believed before a status code. The first table comes
// before the second.
std::span<const BounceRule> exact_refusal_rules();
std::span<const BounceRule> exact_failure_rules();
// Words that say it vaguely: believed after one.
std::span<const BounceRule> vague_bounce_rules();

// The reason of the first row that fits, or nothing.
std::optional<BounceReason> find_exact_reason(std::string_view words);
std::optional<BounceReason> find_vague_reason(std::string_view words);

// What a status code says; nothing for those that say nothing ("5.0.0", "5.7.1").
struct StatusRule {
  std::string_view subject_detail;  // "1.1" of "5.1.1"
  BounceReason reason = BounceReason::undefined;
};
std::span<const StatusRule> status_rules();
std::optional<BounceReason> find_status_reason(std::string_view status);

// In lower case, runs of white space one blank, typographic quotes plain, the codes repeated at
// the lines of a long reply left out; at most `most` octets.
std::string normalised_words(std::string_view text, std::size_t most);

}  // namespace tidings::feedback
