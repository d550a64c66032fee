// Bytes as text and back, digests and keyed digests, random bytes, constant-time comparison.
// Thread: any; all are pure but the random ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidings {

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

// RFC 4648 §4, with padding, no line breaks.
std::string to_base64(std::string_view bytes);
// Strict: nothing on a character outside the alphabet or wrong padding.
std::optional<std::string> from_base64(std::string_view text);
// RFC 4648 §5 without padding, for URLs.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);
// RFC 4648 §6 in lower case without padding, for return paths.
std::string to_base32(std::string_view bytes);
std::optional<std::string> from_base32(std::string_view text);

// 32 bytes.
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// Equal content, in time that depends on the length only.
bool equal_constant_time(std::string_view a, std::string_view b);

// From the operating system's generator; aborts if it fails, because nothing safe can be done.
std::string random_bytes(std::size_t count);
std::uint64_t random_u64();

// 64-bit FNV-1a: hash tables and checks against accidents, never against people.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325u) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace tidings
