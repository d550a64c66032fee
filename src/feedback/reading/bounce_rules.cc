#include "feedback/reading/bounce_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "wire/dsn.h"

namespace tidings::feedback {
namespace {

constexpr std::size_t kGram = 4;  // octets that every row begins with

// Does the rest of a row, behind its first piece, follow at `at`?
bool follows(std::string_view pattern, std::string_view text, std::size_t at) {
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // the star
    const std::size_t star = pattern.find('*');
    const std::string_view piece = pattern.substr(0, star);
    const std::string_view window = text.substr(at, kGapMax + piece.size());
    const std::size_t found = window.find(piece);
    if (found == std::string_view::npos) return false;
    at += found + piece.size();
    pattern.remove_prefix(piece.size());
  }
  return true;
}

bool fits(std::string_view pattern, std::string_view text, std::size_t at) {
  const std::size_t star = std::min(pattern.find('*'), pattern.size());
  const std::string_view first = pattern.substr(0, star);
  return text.substr(at).starts_with(first) &&
         follows(pattern.substr(star), text, at + first.size());
}

// Optimisation: one pass over the text looks its octets up four at a time, where 600 searches
// would each read it all.
class RuleIndex {
 public:
  explicit RuleIndex(std::span<const BounceRule> rules) : rules_(rules), first_(kSlots, kNone) {
    CHECK(rules.size() < kNone);
    next_.resize(rules.size(), kNone);
    for (std::size_t i = rules.size(); i-- > 0;) {
      CHECK(std::min(rules[i].words.find('*'), rules[i].words.size()) >= kGram);
      std::uint16_t& slot = first_[slot_of(rules[i].words.data())];
      next_[i] = slot;
      slot = static_cast<std::uint16_t>(i);
    }
  }

  std::optional<BounceReason> find(std::string_view text) const {
    std::size_t best = rules_.size();
    for (std::size_t at = 0; at + kGram <= text.size(); ++at) {
      // A slot's rows stand in order: none behind the best so far matters.
      for (std::uint16_t i = first_[slot_of(text.data() + at)]; i < best; i = next_[i]) {
        if (fits(rules_[i].words, text, at)) {
          best = i;
          break;
        }
      }
    }
    if (best == rules_.size()) return std::nullopt;
    return rules_[best].reason;
  }

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr std::uint16_t kNone = std::numeric_limits<std::uint16_t>::max();

  static std::size_t slot_of(const char* at) {
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i < kGram; ++i) hash = hash << 8 | static_cast<unsigned char>(at[i]);
    return hash * 2654435761U >> 20;
  }

  std::span<const BounceRule> rules_;
  std::vector<std::uint16_t> first_;
  std::vector<std::uint16_t> next_;
};

// "550-5.1.1" at the beginning of each line of a reply; how many octets of `text` it is.
std::size_t repeated_code(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() < 4 || (text[0] != '4' && text[0] != '5') || !is_digit(text[1]) ||
      !is_digit(text[2]) || (text[3] != '-' && text[3] != ' ')) {
    return 0;
  }
  const std::string_view status = wire::find_status_code(text.substr(4, 12));
  if (!status.empty() && status.data() == text.data() + 4) return 4 + status.size();
  return text[3] == '-' ? 4 : 0;
}

}  // namespace

std::optional<BounceReason> find_exact_reason(std::string_view words) {
  static const RuleIndex refusals(exact_refusal_rules());
  static const RuleIndex failures(exact_failure_rules());
  const auto refusal = refusals.find(words);
  return refusal ? refusal : failures.find(words);
}

std::optional<BounceReason> find_vague_reason(std::string_view words) {
  static const RuleIndex index(vague_bounce_rules());
  return index.find(words);
}

std::optional<BounceReason> find_status_reason(std::string_view status) {
  if (status.size() < 5) return std::nullopt;
  const auto found =
      std::ranges::find(status_rules(), status.substr(2), &StatusRule::subject_detail);
  if (found == status_rules().end()) return std::nullopt;
  return found->reason;
}

std::string normalised_words(std::string_view text, std::size_t most) {
  constexpr std::string_view kQuote = "\xE2\x80\x99";
  std::string out;
  out.reserve(std::min(text.size(), most));
  bool is_blank = true;
  for (std::size_t at = 0; at < text.size() && out.size() < most;) {
    const char c = text[at];
    if (kSpaces.contains(c)) {
      if (!is_blank) out += ' ';
      is_blank = true;
      ++at;
      continue;
    }
    if (is_blank) {
      if (const std::size_t code = repeated_code(text.substr(at, 20)); code > 0) {
        at += code;
        continue;
      }
    }
    is_blank = false;
    if (text.substr(at).starts_with(kQuote)) {
      out += '\'';
      at += kQuote.size();
      continue;
    }
    out += lower(c);
    ++at;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace tidings::feedback
