#include "base/bytes.h"

#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "base/check.h"

namespace tidings {

namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kBase32[] = "abcdefghijklmnopqrstuvwxyz234567";

// Groups of `bits` bits, most significant first, as characters of an alphabet of 2^bits.
std::string encode_bits(std::string_view bytes, const char* alphabet, unsigned bits) {
  std::string text;
  text.reserve((bytes.size() * 8 + bits - 1) / bits);
  std::uint32_t window = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    window = window << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= bits;) {
      held -= bits;
      text.push_back(alphabet[window >> held & ((1u << bits) - 1)]);
    }
  }
  if (held > 0) text.push_back(alphabet[window << (bits - held) & ((1u << bits) - 1)]);
  return text;
}

std::optional<std::string> decode_bits(std::string_view text, const char* alphabet, unsigned bits) {
  std::array<signed char, 256> value;
  value.fill(-1);
  for (unsigned i = 0; i < 1u << bits; ++i) {
    value[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
  }
  std::string bytes;
  bytes.reserve(text.size() * bits / 8);
  std::uint32_t window = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int digit = value[static_cast<unsigned char>(c)];
    if (digit < 0) return std::nullopt;
    window = window << bits | static_cast<unsigned>(digit);
    held += bits;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(window >> held & 0xff));
    }
  }
  // One canonical form only: no whole digit to spare and no bit set in the rest.
  if (held >= bits || (window & ((1u << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string to_hex(std::string_view bytes) { return encode_bits(bytes, kHex, 4); }
std::optional<std::string> from_hex(std::string_view text) { return decode_bits(text, kHex, 4); }

std::string to_base64(std::string_view bytes) {
  std::string text = encode_bits(bytes, kBase64, 6);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("=="))
    text.remove_suffix(2);
  else if (text.ends_with("="))
    text.remove_suffix(1);
  return decode_bits(text, kBase64, 6);
}

std::string to_base64url(std::string_view bytes) { return encode_bits(bytes, kBase64Url, 6); }
std::optional<std::string> from_base64url(std::string_view text) {
  return decode_bits(text, kBase64Url, 6);
}
std::string to_base32(std::string_view bytes) { return encode_bits(bytes, kBase32, 5); }
std::optional<std::string> from_base32(std::string_view text) {
  return decode_bits(text, kBase32, 5);
}

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned length = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                   &length, EVP_sha256(), nullptr) == 1 &&
        length == 32);
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned length = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
             reinterpret_cast<unsigned char*>(digest.data()), &length) != nullptr);
  return digest;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t filled = 0; filled < count;) {
    const ssize_t got = getrandom(bytes.data() + filled, count - filled, 0);
    CHECK(got > 0 || errno == EINTR);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::uint64_t random_u64() {
  const std::string bytes = random_bytes(8);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace tidings
