// The exact octets of a message as they are kept: compressed against a reference rendering.
//
// Messages of one content version differ in a few values, so with one of them as dictionary a
// 10 KB message is kept in a few hundred octets. The dictionary is worked out once per content
// version; each thread that compresses or decompresses has a context of its own.
// What is stored describes itself, so that a later version reads what an earlier one wrote:
//   octet 0      'R' octets as they are, 'Z' zstd, 'D' zstd with dictionary, 'L' by lines
//   octets 1–8   of 'D' and 'L', least significant first: fnv1a of the reference
//   octets 9–12  of 'D' only: how many octets at its end end this message too (attachments)
//   the rest     the octets, a delta (text_delta.h), or a zstd frame that states its size (RFC
//   8878)
// By lines is what most are kept as: a letter with three tracked links in 3 µs and 530 octets,
// where zstd takes 10 µs and 300 (its tokens do not compress). With more that is new, zstd.
// Thread: a BodyDictionary is immutable; a BodyCodec and a ContentHasher belong to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::delivery {

// A message is never larger: decompressing refuses what claims to be (128 MiB).
inline constexpr std::size_t kMaxBody = std::size_t{128} << 20;

// A reference rendering, prepared. Copies share it.
class BodyDictionary {
 public:
  // No dictionary: messages that belong to no content version.
  BodyDictionary() = default;
  // `reference` is copied: the octets of any message of the content version, at most kMaxBody.
  explicit BodyDictionary(std::string_view reference);

  std::uint64_t id() const;  // 0 without a reference

 private:
  friend class BodyCodec;
  struct Prepared;
  std::shared_ptr<const Prepared> prepared_;
};

class BodyCodec {
 public:
  BodyCodec();
  ~BodyCodec();
  BodyCodec(BodyCodec&&) noexcept;
  BodyCodec& operator=(BodyCodec&&) noexcept;

  // At most kMaxBody octets; always decompresses to the same.
  std::string compress(std::string_view octets, const BodyDictionary& dictionary);
  // Error `corrupt`: `body.unknown_format` (perhaps written by a later version),
  // `body.wrong_reference` (not the dictionary it was written with), `body.damaged`.
  Result<std::string> decompress(std::string_view stored, const BodyDictionary& dictionary);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

// SHA-256 of messages, one after another: proves later that what is shown is what was sent.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;

  // 32 bytes.
  std::string hash(std::string_view octets);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace tidings::delivery
