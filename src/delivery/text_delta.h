// The difference between a message and the reference rendering of its content, by lines.
//
// Two messages of one content version differ in a few values, so what they share is found by
// comparing them side by side; after a value the next line that both have is where they run on
// together. That takes a tenth of the time of searching for matches everywhere.
//   delta   varint: octets of the steps; the steps; the new octets, one behind the other
//   step    varint: how many new octets; varint: how many are copied; zigzag varint: from where,
//           counted from where the last copy of the reference ended. Behind its end stands the
//           message itself, as far as it is made
// Thread: pure; an index is immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::delivery {

// Where the lines of a reference begin, and which begin alike. Borrows the reference.
class LineIndex {
 public:
  // Of the first `searched` octets; what is behind is copied where a line runs on into it.
  LineIndex(std::string_view reference, std::size_t searched);

  std::string_view reference() const { return reference_; }
  // Where a line begins as `start` does (kKey octets), the first at or behind `from` if there is
  // one in reach, else one before it.
  std::optional<std::size_t> find(std::string_view start, std::size_t from) const;

  // Shorter copies are not worth their step.
  static constexpr std::size_t kKey = 16;

 private:
  std::string_view reference_;
  std::vector<std::uint32_t> begins_;  // ascending
  std::vector<std::uint32_t> next_;    // the next line that begins alike, by index; or kNone
  std::vector<std::uint32_t> first_;   // by hash, a power of two
};

// Appends the delta of `octets`; returns how many octets of it are new.
std::size_t append_delta(std::string& out, std::string_view octets, const LineIndex& index);

// Appends what append_delta() was given. False when the delta is damaged, or would make more than
// `most` octets; `out` then holds something.
bool apply_delta(std::string_view delta, std::string_view reference, std::size_t most,
                 std::string& out);

}  // namespace tidings::delivery
