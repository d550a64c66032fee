#include "delivery/text_delta.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace tidings::delivery {
namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};
// Of lines that begin alike, so many are looked at.
constexpr int kReach = 32;

std::uint64_t word_at(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::size_t hash_of(const char* at) {
  const std::uint64_t mixed =
      (word_at(at) ^ std::rotl(word_at(at + 8), 29)) * 0x9E3779B97F4A7C15ULL;
  return mixed >> 32;
}

bool begin_alike(const char* a, const char* b) {
  return word_at(a) == word_at(b) && word_at(a + 8) == word_at(b + 8);
}

// How many octets two texts have in common from their beginnings.
std::size_t common_start(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t at = 0;
  // Optimisation: memcmp looks at 32 octets at a time, this loop at eight.
  constexpr std::size_t kBlock = 256;
  while (at + kBlock <= most && std::memcmp(a.data() + at, b.data() + at, kBlock) == 0) {
    at += kBlock;
  }
  for (; at + 8 <= most; at += 8) {
    const std::uint64_t differ = word_at(a.data() + at) ^ word_at(b.data() + at);
    if (differ == 0) continue;
    static_assert(std::endian::native == std::endian::little);
    return at + static_cast<std::size_t>(std::countr_zero(differ)) / 8;
  }
  while (at < most && a[at] == b[at]) ++at;
  return at;
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 63 && !in.empty(); shift += 7) {
    const auto octet = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{octet & 0x7FU} << shift;
    if (octet < 0x80) return value;
  }
  return std::nullopt;
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// Where the line behind `at` begins, or the size.
std::size_t next_line(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

// Makes one delta. Lines with something new in them are remembered: often a later one is alike, as
// links are that hold the same token.
class DeltaWriter {
 public:
  DeltaWriter(std::string_view octets, const LineIndex& index) : octets_(octets), index_(index) {
    own_.fill(kNone);
  }

  std::size_t append(std::string& out) {
    for (std::size_t at = 0; at < octets_.size();) {
      Copy copy = best_copy(at);
      const std::size_t better = copy.is_own ? 0 : own_line_in(at, copy.size);
      if (better > 0) copy.size = better - at;
      if (copy.size > 0) at = put(at, copy);
      if (better > 0) continue;
      if (at == octets_.size()) break;
      const std::size_t line = line_of(at);
      if (line + LineIndex::kKey <= octets_.size()) own_[own_slot(line)] = std::uint32_t(line);
      if (line < at || copy.size == 0) at = next_line(octets_, at);
    }
    if (begun_ < octets_.size()) put_step(octets_.size(), 0, 0);
    append_varint(out, steps_.size());
    out += steps_;
    out += fresh_;
    return fresh_.size();
  }

 private:
  struct Copy {
    std::size_t size = 0;
    std::size_t from = 0;
    bool is_own = false;
  };

  // Where the line begins that `at` or the end of it is in.
  std::size_t line_of(std::size_t at) const {
    const void* found = ::memrchr(octets_.data(), '\n', std::min(at + 1, octets_.size()));
    return found == nullptr
               ? 0
               : static_cast<std::size_t>(static_cast<const char*>(found) - octets_.data()) + 1;
  }

  std::size_t own_slot(std::size_t line) const {
    return hash_of(octets_.data() + line) & (own_.size() - 1);
  }

  // Of what begins as the line at `at` does.
  Copy best_copy(std::size_t at) const {
    Copy best;
    const std::string_view rest = octets_.substr(at);
    if (rest.size() < LineIndex::kKey) return best;
    if (const auto found = index_.find(rest, from_)) {
      best = {common_start(rest, index_.reference().substr(*found)), *found, false};
    }
    const std::uint32_t line = own_[own_slot(at)];
    if (line == kNone || !begin_alike(octets_.data() + line, rest.data())) return best;
    const std::size_t size = common_start(rest, octets_.substr(line, at - line));
    if (size >= LineIndex::kKey && size > best.size) best = {size, line, true};
    return best;
  }

  // Where the last line that a copy runs into begins, if a line of the message is more like it.
  std::size_t own_line_in(std::size_t at, std::size_t size) const {
    const std::size_t end = at + size;
    const std::size_t line = line_of(end);
    if (line <= at || line > end || octets_.size() - line < LineIndex::kKey) return 0;
    const std::uint32_t own = own_[own_slot(line)];
    if (own == kNone || own >= line) return 0;
    const std::size_t alike = common_start(octets_.substr(line), octets_.substr(own, line - own));
    return line + alike >= end + LineIndex::kKey ? line : 0;
  }

  // With what stands in front of it and is alike too: the end of a line behind a value.
  std::size_t put(std::size_t at, Copy copy) {
    const std::size_t end = at + copy.size;
    const std::string_view source = copy.is_own ? octets_ : index_.reference();
    const std::size_t first = copy.is_own ? std::max(begun_, copy.from + copy.size) : begun_;
    for (; at > first && copy.from > 0 && octets_[at - 1] == source[copy.from - 1]; --at) {
      --copy.from;
      ++copy.size;
    }
    if (copy.is_own) {
      put_step(at, copy.size, index_.reference().size() + copy.from);
    } else {
      put_step(at, copy.size, copy.from);
      from_ = copy.from + copy.size;
    }
    begun_ = end;
    return end;
  }

  void put_step(std::size_t at, std::size_t size, std::size_t from) {
    append_varint(steps_, at - begun_);
    append_varint(steps_, size);
    append_varint(steps_,
                  zigzag(static_cast<std::int64_t>(from) - static_cast<std::int64_t>(from_)));
    fresh_.append(octets_, begun_, at - begun_);
  }

  std::string_view octets_;
  const LineIndex& index_;
  std::string steps_;
  std::string fresh_;
  std::size_t begun_ = 0;  // of what is in no step yet
  std::size_t from_ = 0;   // where the last copy of the reference ended
  std::array<std::uint32_t, 64> own_;
};

}  // namespace

LineIndex::LineIndex(std::string_view reference, std::size_t searched) : reference_(reference) {
  const std::string_view lines = reference.substr(0, std::min<std::size_t>(searched, kNone - 1));
  for (std::size_t at = 0; at + kKey <= lines.size(); at = next_line(lines, at)) {
    begins_.push_back(static_cast<std::uint32_t>(at));
  }
  first_.assign(std::bit_ceil(2 * begins_.size() + 1), kNone);
  next_.assign(begins_.size(), kNone);
  // From the last to the first, so that each chain ascends.
  for (std::size_t line = begins_.size(); line-- > 0;) {
    std::uint32_t& head = first_[hash_of(reference.data() + begins_[line]) & (first_.size() - 1)];
    next_[line] = head;
    head = static_cast<std::uint32_t>(line);
  }
}

std::optional<std::size_t> LineIndex::find(std::string_view start, std::size_t from) const {
  if (start.size() < kKey || begins_.empty()) return std::nullopt;
  std::optional<std::size_t> found;
  std::uint32_t line = first_[hash_of(start.data()) & (first_.size() - 1)];
  for (int looked = 0; line != kNone && looked < kReach; line = next_[line], ++looked) {
    if (!begin_alike(reference_.data() + begins_[line], start.data())) continue;
    found = begins_[line];
    if (*found >= from) break;
  }
  return found;
}

std::size_t append_delta(std::string& out, std::string_view octets, const LineIndex& index) {
  return DeltaWriter(octets, index).append(out);
}

bool apply_delta(std::string_view delta, std::string_view reference, std::size_t most,
                 std::string& out) {
  const auto size = take_varint(delta);
  if (!size || *size > delta.size()) return false;
  std::string_view steps = delta.substr(0, *size);
  std::string_view fresh = delta.substr(*size);
  const std::size_t begin = out.size();
  std::size_t from = 0;
  while (!steps.empty()) {
    const auto literal = take_varint(steps);
    const auto copied = take_varint(steps);
    const auto moved = take_varint(steps);
    if (!literal || !copied || !moved || *literal > fresh.size()) return false;
    if (*copied > most || *literal + *copied > most - (out.size() - begin)) return false;
    out += fresh.substr(0, *literal);
    fresh.remove_prefix(*literal);
    const auto where = static_cast<std::size_t>(static_cast<std::int64_t>(from) + unzigzag(*moved));
    if (where >= reference.size()) {
      const std::size_t own = where - reference.size();
      if (own > out.size() - begin || *copied > out.size() - begin - own) return false;
      out.append(out, begin + own, *copied);
    } else {
      if (*copied > reference.size() - where) return false;
      out += reference.substr(where, *copied);
      from = where + *copied;
    }
  }
  return fresh.empty();
}

}  // namespace tidings::delivery
