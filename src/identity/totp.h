// A second factor for signing in: codes of an authenticator app (TOTP, RFC 6238: SHA-1, 30 seconds,
// 6 digits), and ten recovery codes for the day the telephone is gone.
//
// Enrolled with begin_totp() and in force once confirm_totp() has seen a right code. A code is good
// for its own half minute and those beside it, and once: whoever watched it being typed has nothing
// (§5.2). A new password changes nothing about it. The secret is sealed (db/vault.h); recovery
// codes are kept as hashes.
// Thread: any, one Connection each; functions that change run in a write transaction. Errors: those
// of db and of the vault, and as told.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::identity {

inline constexpr int kRecoveryCodes = 10;

// Shown once.
struct TotpEnrolment {
  std::string secret;                       // base32, 32 characters: to type into the app
  std::string url;                          // otpauth://totp/…: to draw as a QR code
  std::vector<std::string> recovery_codes;  // "ABCD-EFGH-IJKL-MNOP"
};
// Replaces one that was never confirmed. `issuer` is what the app shows: the organisation's name.
// Errors: totp.enrolled (conflict), user.not_found.
Result<TotpEnrolment> begin_totp(db::Connection& connection, UserId user, std::string_view issuer,
                                 Instant now);
// Errors: totp.not_begun (conflict), totp.wrong_code (invalid).
Result<void> confirm_totp(db::Connection& connection, UserId user, std::string_view code,
                          Instant now);

struct TotpState {
  std::optional<Instant> confirmed_at;  // nothing: not in force
  int recovery_codes_left = 0;

  bool is_on() const { return confirmed_at.has_value(); }
};
Result<TotpState> totp_state(db::Connection& connection, UserId user);
// Uses a code of the app, or a recovery code, up; false: it is none, or was used before.
Result<bool> use_totp_code(db::Connection& connection, UserId user, std::string_view code,
                           Instant now);
// False: there was none.
Result<bool> remove_totp(db::Connection& connection, UserId user);

// The code that an app shows at `now`, from the secret as in TotpEnrolment. For tests and tools.
std::string totp_code(std::string_view base32_secret, Instant now);

}  // namespace tidings::identity
