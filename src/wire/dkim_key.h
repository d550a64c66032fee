// DKIM keys: the private key that signs, and the record in DNS by which everybody checks it.
//
// rsa-sha256 with 2048 to 4096 bits, and ed25519-sha256. A private key leaves this class only as
// DER, to be sealed; there is no way to read it back as PEM.
// Spec: RFC 6376 §3.3, §3.6.1 (the record), RFC 8301 (sizes), RFC 8463 (Ed25519).
// Thread: keys are immutable and shared by copies; const functions from any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;  // OpenSSL's

namespace tidings::wire {

enum class DkimAlgorithm : std::uint8_t { rsa_sha256, ed25519_sha256 };
std::string_view to_string(DkimAlgorithm algorithm);  // as in a=
std::optional<DkimAlgorithm> parse_dkim_algorithm(std::string_view word);

inline constexpr int kDkimRsaBits = 2048;     // of a new key, and the least that signs
inline constexpr int kDkimRsaBitsMax = 4096;  // verifiers need not do more

class DkimKey {
 public:
  // Takes up to a second for RSA.
  static Result<DkimKey> generate(DkimAlgorithm algorithm);
  // PKCS#1 or PKCS#8, as openssl and opendkim-genkey write them. Errors, kind invalid: dkim.key,
  // dkim.key_locked (with a password), dkim.key_kind (neither RSA nor Ed25519), dkim.key_weak,
  // dkim.key_large. `rsa_bits_min` is lower only for the examples of the RFCs.
  static Result<DkimKey> from_pem(std::string_view pem, int rsa_bits_min = kDkimRsaBits);
  static Result<DkimKey> from_der(std::string_view der);
  // PKCS#8. To be sealed at once; the caller wipes it.
  std::string to_der() const;

  DkimAlgorithm algorithm() const;
  int bits() const;
  const std::string& public_key() const;  // as in p=: base64 without white space
  // The text of the TXT record.
  std::string record() const;

  // The signature of what has that SHA-256. Error: dkim.sign (internal).
  Result<std::string> sign(std::string_view sha256) const;

 private:
  struct Key;
  explicit DkimKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  static Result<DkimKey> checked(evp_pkey_st* pkey, int rsa_bits_min);  // takes it
  std::shared_ptr<const Key> key_;
};

// A record as it was found. Tags that change nothing for us (h=, n=, unknown ones) are left out.
struct DkimKeyRecord {
  std::string key_type = "rsa";
  std::string public_key;     // without white space; empty: the key was revoked
  bool is_testing = false;    // t=y: verifiers treat messages as not signed
  bool allows_sha256 = true;  // h=
  bool is_for_mail = true;    // s=
};
// Nothing when it is no key record.
std::optional<DkimKeyRecord> parse_dkim_key_record(std::string_view text);

// The text of the TXT record for a public key as public_key() has it.
std::string dkim_record(DkimAlgorithm algorithm, std::string_view public_key);

// Octets of a TXT record as a zone file has them: strings of at most 255, quoted, `"` and `\`
// escaped (RFC 1035 §3.3.14, §5.1).
std::string quoted_txt(std::string_view text);

// A selector is one or more labels of letters, digits and hyphens, at most 63 octets in all (ours).
bool is_dkim_selector(std::string_view text);

}  // namespace tidings::wire
