// Passwords: which are good enough, and their argon2id hashes (RFC 9106, by libsodium).
//
// t=3, m=64 MiB: a hash costs about 160 ms and 64 MiB, so hashing has a few threads of its own and
// a bound on who may wait; beyond it the answer is password.busy and nobody else is slowed down.
// A password is compared in NFC, so that it does not matter which keyboard typed its accents.
// Thread: any; hash() and verify() block.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/worker_pool.h"

namespace tidings::identity {

// What a password must not be made of.
struct PasswordOwner {
  std::string_view email;
  std::string_view name;
  std::string_view organisation;
};

inline constexpr std::size_t kPasswordMin = 10;   // characters
inline constexpr std::size_t kPasswordMax = 200;  // characters

// Errors, kind invalid: password.too_short, password.too_long, password.not_text,
// password.obvious; the sentence says what would do, never the password.
Result<void> check_password(std::string_view password, const PasswordOwner& owner);

// The cost of one hash. Stored hashes carry theirs; another cost is rehashed at the next sign-in.
struct PasswordCost {
  unsigned long long passes = 3;
  std::size_t bytes = std::size_t{64} << 20;
  friend bool operator==(const PasswordCost&, const PasswordCost&) = default;
};

struct PasswordHasherOptions {
  PasswordCost cost;
  std::size_t threads = 2;
  std::size_t callers_max = 8;  // hashing or waiting for it; one more gets password.busy
};

class PasswordHasher {
 public:
  explicit PasswordHasher(PasswordHasherOptions options = {});
  ~PasswordHasher();

  // "$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH". Errors: password.busy (unavailable),
  // password.failed (internal) without memory, password.not_text.
  Result<std::string> hash(std::string_view password);

  struct Verdict {
    bool matches = false;
    bool needs_rehash = false;  // only when it matches
  };
  // `stored` empty (no such user, or one without a password) never matches and takes just as long.
  Result<Verdict> verify(std::string_view stored, std::string_view password);

 private:
  Result<void> run(const std::function<void()>& work);
  std::string_view nobody();

  const PasswordHasherOptions options_;
  std::atomic<std::size_t> callers_ = 0;
  std::once_flag made_nobody_;
  std::string nobody_;
  net::WorkerPool pool_;
};

}  // namespace tidings::identity
