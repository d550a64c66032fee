// SecretBox: secrets at rest (token keys, mail server passwords), sealed with the installation's
// one master key.
//
// The master key is 32 random bytes, written as 64 hexadecimal digits in DIR/secret.key (0600, made
// once by create()) or given in the environment as TIDINGS_SECRET_KEY, which wins. It is backed up
// apart from the database: neither alone opens anything.
// Form of a sealed secret: 1 byte version, 4 bytes fingerprint of the master key (so that a wrong
// key is told from damage), 24 bytes nonce, then XChaCha20-Poly1305 (libsodium) of the secret with
// the context as additional data. The context says where the secret belongs, such as
// "token_key/ORGANISATION/KEY": a row copied to another place does not open there.
// Thread: values; const functions from any.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::identity {

class SecretBox {
 public:
  // The environment's key, or the folder's. Errors: secret.missing (not_found), secret.malformed
  // (invalid), secret.exposed (denied) when the file is readable by others, secret.failed.
  static Result<SecretBox> load(const std::filesystem::path& folder);
  // load(), or a new DIR/secret.key where there is none. Safe when two processes do it at once.
  // For `init` and an empty folder only: a new key does not open what an older one sealed.
  static Result<SecretBox> load_or_create(const std::filesystem::path& folder);
  // 64 hexadecimal digits, white space around them ignored. Errors: secret.malformed.
  static Result<SecretBox> from_text(std::string_view text);
  SecretBox(const SecretBox&) = default;
  SecretBox& operator=(const SecretBox&) = default;
  ~SecretBox();  // wipes the key

  // 45 bytes longer than `secret`; another result each time.
  std::string seal(std::string_view context, std::string_view secret) const;
  // Errors: secret.wrong_key (denied) when another master key sealed it, secret.damaged (corrupt)
  // when it is not what was sealed or belongs elsewhere.
  Result<std::string> unseal(std::string_view context, std::string_view sealed) const;

 private:
  explicit SecretBox(std::string_view key);
  std::array<unsigned char, 32> key_;
  std::array<unsigned char, 4> fingerprint_;
};

}  // namespace tidings::identity
