#include "feedback/reading/word_index.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tidings::feedback {
namespace {

constexpr std::uint16_t kNone = std::numeric_limits<std::uint16_t>::max();

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

}  // namespace

WordIndex::WordIndex(std::vector<std::string_view> rows)
    : rows_(std::move(rows)), first_(kSlots, kNone), next_(rows_.size(), kNone) {
  CHECK(rows_.size() < kNone);
  for (std::size_t i = rows_.size(); i-- > 0;) {
    CHECK(std::min(rows_[i].find('*'), rows_[i].size()) >= kGram);
    std::uint16_t& slot = first_[slot_of(rows_[i].data())];
    next_[i] = slot;
    slot = static_cast<std::uint16_t>(i);
  }
}

std::size_t WordIndex::slot_of(const char* at) {
  std::uint32_t hash = 0;
  for (std::size_t i = 0; i < kGram; ++i) hash = hash << 8 | static_cast<unsigned char>(at[i]);
  return hash * 2654435761U >> 20;
}

std::optional<std::size_t> WordIndex::first_in(std::string_view text) const {
  std::size_t best = rows_.size();
  for (std::size_t at = 0; at + kGram <= text.size(); ++at) {
    for (std::uint16_t i = first_[slot_of(text.data() + at)]; i < best; i = next_[i]) {
      if (fits(rows_[i], text, at)) {
        best = i;
        break;
      }
    }
  }
  if (best == rows_.size()) return std::nullopt;
  return best;
}

bool WordIndex::has_any_in(std::string_view text) const {
  for (std::size_t at = 0; at + kGram <= text.size(); ++at) {
    for (std::uint16_t i = first_[slot_of(text.data() + at)]; i != kNone; i = next_[i]) {
      if (fits(rows_[i], text, at)) return true;
    }
  }
  return false;
}

}  // namespace tidings::feedback
