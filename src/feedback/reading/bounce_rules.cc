#include "feedback/reading/bounce_rules.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/text.h"
#include "feedback/reading/word_index.h"
#include "wire/dsn.h"

namespace tidings::feedback {
namespace {

// The reasons of a table by the words of its rows.
class RuleIndex {
 public:
  explicit RuleIndex(std::span<const BounceRule> rules) : rules_(rules), words_(words_of(rules)) {}

  std::optional<BounceReason> find(std::string_view text) const {
    const auto row = words_.first_in(text);
    if (!row) return std::nullopt;
    return rules_[*row].reason;
  }

 private:
  static std::vector<std::string_view> words_of(std::span<const BounceRule> rules) {
    std::vector<std::string_view> words;
    for (const BounceRule& rule : rules) words.push_back(rule.words);
    return words;
  }

  std::span<const BounceRule> rules_;
  WordIndex words_;
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
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      if (!is_blank) out += ' ';
      is_blank = true;
      ++at;
      continue;
    }
    if (is_blank && (c == '4' || c == '5')) {
      if (const std::size_t code = repeated_code(text.substr(at, 20)); code > 0) {
        at += code;
        continue;
      }
    }
    is_blank = false;
    if (c == kQuote.front() && text.substr(at).starts_with(kQuote)) {
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
