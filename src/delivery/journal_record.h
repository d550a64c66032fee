// How records stand in an append-only journal file: [length u32][check u32][type u8][payload],
// little-endian; length counts type and payload, check is their digest. What a kill or a power loss
// left half-written is told by it, and ends the reading.
// Thread: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace tidings::delivery {

class RecordWriter {
 public:
  explicit RecordWriter(std::string& out) : out_(out) {}
  template <typename T>
  void number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }

 private:
  std::string& out_;
};

class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T number() {
    T value{};
    if (bytes_.size() < sizeof(T)) {
      failed_ = true;
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view text() {
    const auto size = number<std::uint32_t>();
    if (failed_ || bytes_.size() < size) {
      failed_ = true;
      return {};
    }
    const std::string_view value = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return value;
  }
  bool complete() const { return !failed_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

inline constexpr std::size_t kRecordFrame = 4 + 4 + 1;
inline constexpr std::size_t kRecordMax = 64u << 20;

// Appends a record; `fill` writes the payload with the RecordWriter it is given.
template <typename Fill>
void append_record(std::string& out, std::uint8_t type, Fill fill) {
  const std::size_t start = out.size();
  out.append(kRecordFrame - 1, '\0');
  out.push_back(static_cast<char>(type));
  fill(RecordWriter(out));
  const auto length = static_cast<std::uint32_t>(out.size() - start - (kRecordFrame - 1));
  CHECK(length <= kRecordMax);
  const auto check =
      static_cast<std::uint32_t>(fnv1a(std::string_view(out).substr(start + kRecordFrame - 1)));
  std::memcpy(out.data() + start, &length, 4);
  std::memcpy(out.data() + start + 4, &check, 4);
}

struct JournalRecord {
  std::uint8_t type = 0;
  std::string_view payload;
  std::size_t size = 0;  // of the record, frame included
};
// The first record of `bytes`; nothing when it is not whole.
inline std::optional<JournalRecord> first_record(std::string_view bytes) {
  if (bytes.size() < kRecordFrame) return std::nullopt;
  std::uint32_t length = 0;
  std::uint32_t check = 0;
  std::memcpy(&length, bytes.data(), 4);
  std::memcpy(&check, bytes.data() + 4, 4);
  if (length < 1 || length > kRecordMax || bytes.size() - 8 < length) return std::nullopt;
  const std::string_view body = bytes.substr(8, length);
  if (static_cast<std::uint32_t>(fnv1a(body)) != check) return std::nullopt;
  return JournalRecord{static_cast<std::uint8_t>(body[0]), body.substr(1), 8 + std::size_t{length}};
}

}  // namespace tidings::delivery
