// Signed tokens: what stands in an unsubscribe link, a view link or a return path and names one
// message so that nobody can forge or guess another.
//
// Form, 24 bytes: 1 byte format and purpose, 3 bytes key id, 8 bytes message id (both big-endian),
// 12 bytes MAC. In a URL that is 32 characters of base64url; in a return path 39 characters of
// lower-case base32 (`bounce+` and it stay within the 64 octets of a local-part, RFC 5321
// §4.5.3.1.1), accepted in either case because mail servers fold it.
//
// One MAC covers a message: block = HMAC-SHA-512(key, "tidings message token 1" NUL message id),
// and each purpose owns its own 96 bits of the 512. HMAC is a pseudo-random function, so disjoint
// parts of one output are as independent as separate random strings: who holds one purpose's token
// learns nothing of another's, and truncation to 96 bits leaves a forger 2^-96 a guess (RFC 2104
// §5). Purpose, key and message are all bound: each selects different MAC bits.
// Optimisation: the key's inner and outer state are prepared once; a message costs two
// compressions of SHA-512.
// Thread: values; const functions from any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"

namespace tidings::wire {

// Which MAC bits and which use. Numbers are in tokens that people keep for years: never renumber.
enum class TokenPurpose : std::uint8_t {
  unsubscribe = 0,  // List-Unsubscribe and the link in the text
  view = 1,         // view in browser
  bounce = 2,       // return path
  sender = 3,       // verifies the sender that the message was mailed to
  track = 4,        // links and the image that are counted; of a message or a content version
};

// Key ids are 1 .. kTokenKeyIdMax and unique in a database, so that a token leads to its key.
inline constexpr std::uint32_t kTokenKeyIdMax = 0xffffff;
inline constexpr std::size_t kTokenKeyBytes = 32;

// What a token says, before anybody believed it.
struct UnverifiedToken {
  TokenPurpose purpose = TokenPurpose::unsubscribe;
  std::uint32_t key_id = 0;
  MessageId message_id;
  std::array<unsigned char, 12> mac{};
};

// All tokens of one message, from one MAC.
class MessageTokens {
 public:
  std::string url(TokenPurpose purpose) const;          // 32 characters
  std::string return_path(TokenPurpose purpose) const;  // 39 characters

 private:
  friend class TokenSigner;
  std::uint32_t key_id_ = 0;
  std::uint64_t message_id_ = 0;
  std::array<unsigned char, 64> block_{};

  std::array<unsigned char, 24> bytes(TokenPurpose purpose) const;
};

// A key made ready. Copies are cheap (a few hundred bytes) and hold key material.
class TokenSigner {
 public:
  // `key` is kTokenKeyBytes long (a CHECK: keys come from us, never from outside).
  TokenSigner(std::uint32_t key_id, std::string_view key);
  TokenSigner(const TokenSigner&) = default;
  TokenSigner& operator=(const TokenSigner&) = default;
  ~TokenSigner();  // wipes the key material

  std::uint32_t key_id() const { return key_id_; }
  MessageTokens sign(MessageId message_id) const;
  // Is this token one that sign() made? In constant time.
  bool verify(const UnverifiedToken& token) const;

 private:
  std::uint32_t key_id_;
  // crypto_auth_hmacsha512_state after the key, kept as bytes so that sodium.h stays out of here.
  alignas(16) std::array<unsigned char, 416> prepared_{};
};

// Nothing for anything that is not exactly a token: length, alphabet, format, known purpose, ids
// in range. Says nothing about the MAC.
std::optional<UnverifiedToken> parse_url_token(std::string_view text);
std::optional<UnverifiedToken> parse_return_path_token(std::string_view text);

}  // namespace tidings::wire
