#include "wire/signed_token.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <sodium.h>

#include "base/bytes.h"
#include "base/check.h"

namespace tidings::wire {

namespace {

constexpr std::size_t kTokenBytes = 24;
constexpr std::size_t kMacBytes = 12;
constexpr std::size_t kUrlLength = 32;
constexpr std::size_t kReturnPathLength = 39;
constexpr unsigned char kFormat = 0x10;  // high half of the first byte; the low half is the purpose
constexpr unsigned char kPurposes = 5;
constexpr std::string_view kDomain("tidings message token 1\0", 24);

static_assert(kPurposes * kMacBytes <= crypto_auth_hmacsha512_BYTES, "slices are disjoint");

std::string_view view_of(const auto& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<UnverifiedToken> from_bytes(std::string_view bytes) {
  if (bytes.size() != kTokenBytes) return std::nullopt;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if ((at(0) & 0xf0) != kFormat || (at(0) & 0x0f) >= kPurposes) return std::nullopt;
  UnverifiedToken token;
  token.purpose = static_cast<TokenPurpose>(at(0) & 0x0f);
  for (std::size_t i = 1; i < 4; ++i) token.key_id = token.key_id << 8 | at(i);
  std::uint64_t id = 0;
  for (std::size_t i = 4; i < 12; ++i) id = id << 8 | at(i);
  if (token.key_id == 0 || id == 0 || id > std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  token.message_id = MessageId{static_cast<std::int64_t>(id)};
  std::memcpy(token.mac.data(), bytes.data() + 12, kMacBytes);
  return token;
}

}  // namespace

std::array<unsigned char, 24> MessageTokens::bytes(TokenPurpose purpose) const {
  const auto slot = static_cast<unsigned char>(purpose);
  CHECK(slot < kPurposes);
  std::array<unsigned char, kTokenBytes> token;
  token[0] = static_cast<unsigned char>(kFormat | slot);
  for (std::size_t i = 0; i < 3; ++i) {
    token[1 + i] = static_cast<unsigned char>(key_id_ >> (16 - 8 * i) & 0xff);
  }
  for (std::size_t i = 0; i < 8; ++i) {
    token[4 + i] = static_cast<unsigned char>(message_id_ >> (56 - 8 * i) & 0xff);
  }
  std::memcpy(token.data() + 12, block_.data() + slot * kMacBytes, kMacBytes);
  return token;
}

std::string MessageTokens::url(TokenPurpose purpose) const {
  return to_base64url(view_of(bytes(purpose)));
}

std::string MessageTokens::return_path(TokenPurpose purpose) const {
  return to_base32(view_of(bytes(purpose)));
}

TokenSigner::TokenSigner(std::uint32_t key_id, std::string_view key) : key_id_(key_id) {
  static_assert(sizeof(crypto_auth_hmacsha512_state) == sizeof prepared_);
  CHECK(key.size() == kTokenKeyBytes);
  CHECK(key_id > 0 && key_id <= kTokenKeyIdMax);
  CHECK(sodium_init() >= 0);
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  std::memcpy(prepared_.data(), &state, sizeof state);
  sodium_memzero(&state, sizeof state);
}

TokenSigner::~TokenSigner() { sodium_memzero(prepared_.data(), prepared_.size()); }

MessageTokens TokenSigner::sign(MessageId message_id) const {
  CHECK(message_id.valid());
  MessageTokens tokens;
  tokens.key_id_ = key_id_;
  tokens.message_id_ = static_cast<std::uint64_t>(message_id.value);
  std::array<unsigned char, kDomain.size() + 8> input;
  std::memcpy(input.data(), kDomain.data(), kDomain.size());
  for (std::size_t i = 0; i < 8; ++i) {
    input[kDomain.size() + i] = static_cast<unsigned char>(tokens.message_id_ >> (56 - 8 * i));
  }
  crypto_auth_hmacsha512_state state;
  std::memcpy(&state, prepared_.data(), sizeof state);
  crypto_auth_hmacsha512_update(&state, input.data(), input.size());
  crypto_auth_hmacsha512_final(&state, tokens.block_.data());
  return tokens;
}

bool TokenSigner::verify(const UnverifiedToken& token) const {
  if (token.key_id != key_id_ || !token.message_id.valid()) return false;
  const auto expected = sign(token.message_id).bytes(token.purpose);
  return sodium_memcmp(expected.data() + 12, token.mac.data(), kMacBytes) == 0;
}

std::optional<UnverifiedToken> parse_url_token(std::string_view text) {
  if (text.size() != kUrlLength) return std::nullopt;
  const auto bytes = from_base64url(text);
  return bytes ? from_bytes(*bytes) : std::nullopt;
}

std::optional<UnverifiedToken> parse_return_path_token(std::string_view text) {
  if (text.size() != kReturnPathLength) return std::nullopt;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto bytes = from_base32(lower);
  return bytes ? from_bytes(*bytes) : std::nullopt;
}

}  // namespace tidings::wire
