// Finds which of many short texts stand in a longer one, in one pass over it.
//
// Optimisation: octets are looked up four at a time, where hundreds of searches would each read the
// text. Each row has at least kGram octets before its first `*`, which stands for anything, at most
// kGapMax octets. Thread: immutable once made, any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tidings::feedback {

inline constexpr std::size_t kGapMax = 48;

class WordIndex {
 public:
  static constexpr std::size_t kGram = 4;

  // The rows' texts outlive the index.
  explicit WordIndex(std::vector<std::string_view> rows);

  // The first row, in their order, that stands in `text`.
  std::optional<std::size_t> first_in(std::string_view text) const;
  bool has_any_in(std::string_view text) const;

 private:
  static constexpr std::size_t kSlots = 4096;

  static std::size_t slot_of(const char* at);

  std::vector<std::string_view> rows_;
  std::vector<std::uint16_t> first_;  // of each slot; the slot's rows stand in order
  std::vector<std::uint16_t> next_;
};

}  // namespace tidings::feedback
