// Signatures of the services that tell us of our mail: by public key, or by certificate.
//
// Spec: RFC 8017 §8.2 (RSASSA-PKCS1-v1_5), FIPS 186-4 §6 with SEC 1 (ECDSA on P-256), RFC 5280
// (certificates). Thread: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace tidings::feedback {

enum class SignatureHash : std::uint8_t { sha1, sha256 };

// Whether the RSA key of `certificate` (PEM) signed `text`. The certificate holds at `now`, and has
// at least 2048 bits; who issued it is the fetcher's business. False for whatever is not so.
bool is_signed_by_certificate(std::string_view certificate, std::string_view text,
                              std::string_view signature, SignatureHash hash, Instant now);

// `key` is a SubjectPublicKeyInfo in DER; `signature` a DER sequence of r and s over SHA-256.
bool is_signed_by_p256(std::string_view key, std::string_view text, std::string_view signature);

// Such a key, as its service shows it: base64, perhaps with the lines of PEM around it.
// Errors: provider.public_key (invalid).
Result<std::string> read_p256_key(std::string_view text);

}  // namespace tidings::feedback
