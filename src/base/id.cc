#include "base/id.h"

#include <charconv>

#include "base/check.h"

namespace tidings {

namespace {

constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kTextLength = 13;
// 2024-01-01T00:00:00Z.
constexpr std::int64_t kEpochMillis = 1'704'067'200'000;

}  // namespace

std::string to_text(std::int64_t id) {
  std::string text(kTextLength, '0');
  auto bits = static_cast<std::uint64_t>(id);
  for (std::size_t i = kTextLength; i-- > 0; bits >>= 5) text[i] = kAlphabet[bits & 31];
  return text;
}

std::optional<std::int64_t> parse_id(std::string_view text) {
  std::int64_t decimal = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), decimal);
  const bool all_digits = error == std::errc() && end == text.data() + text.size();
  if (text.size() != kTextLength) {
    if (all_digits && text.size() > kTextLength && decimal > 0) return decimal;
    return std::nullopt;
  }
  std::uint64_t bits = 0;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto at = std::string_view(kAlphabet).find(c);
    if (at == std::string_view::npos) return std::nullopt;
    if (bits >> 59 != 0) return std::nullopt;
    bits = bits << 5 | at;
  }
  if (bits == 0 || bits > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(bits);
}

IdSource::IdSource(const Clock& clock, unsigned node)
    : clock_(clock), node_bits_(std::int64_t(node) << 12) {
  CHECK(node < 1024);
}

std::int64_t IdSource::next() {
  const std::lock_guard lock(mutex_);
  const std::int64_t millis =
      std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count() -
      kEpochMillis;
  if (millis > last_millis_) {
    last_millis_ = millis;
    sequence_ = 0;
  } else if (++sequence_ == 4096) {
    ++last_millis_;
    sequence_ = 0;
  }
  return last_millis_ << 22 | node_bits_ | sequence_;
}

}  // namespace tidings
