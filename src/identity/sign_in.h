// SignIn: everything that begins with a password or a one-time link.
//
// Whether an account exists, is disabled, or has no password yet is never told: all of them get the
// same answer after the same time, and are slowed down alike (login_throttle.h). Who has a second
// factor (totp.h) is asked for it after the right password, whoever set that; a wrong code counts
// like a wrong password.
// Ownership: borrows. Thread: any; each call blocks for a password hash and the database.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "identity/passwords.h"
#include "identity/sessions.h"

namespace tidings::identity {

// Where a request comes from.
struct SignInOrigin {
  std::string_view address;  // without port
  std::string_view user_agent;
};

struct SignInAttempt {
  std::string_view email;
  std::string_view password;
  OrganisationId organisation_id;  // not valid: the first one joined
  SignInOrigin origin;
  std::string_view code = {};  // of the second factor (totp.h); asked for where there is one
};

struct SignInOutcome {
  enum class Kind {
    signed_in,
    refused,          // wrong address or password; says no more
    throttled,        // try again after `wait`
    needs_code,       // the right password; the second factor is missing
    wrong_code,       // or one that was used before
    no_organisation,  // right, but works nowhere (any more), or not in the one that was named
  };
  Kind kind = Kind::refused;
  StartedSession session;
  UserId user_id;
  OrganisationId organisation_id;
  Duration wait{};
};

struct PasswordLink {
  std::string secret;  // 43 characters of base64url: shown once, never stored
  Instant expires_at{};
};
inline constexpr Duration kInvitationLasts = std::chrono::days(7);
inline constexpr Duration kResetLasts = std::chrono::days(1);

class SignIn {
 public:
  SignIn(db::Database& database, IdSource& ids, const Clock& clock, PasswordHasher& hasher);

  // Errors: password.busy (unavailable) and those of the database.
  Result<SignInOutcome> sign_in(const SignInAttempt& attempt);

  // Needs the present password, counted like a sign-in. Ends every session of the person, this one
  // too; `fresh` in the outcome is a new one for the browser that asked (only when it had one).
  // Errors: those of check_password.
  Result<SignInOutcome> change_password(const Principal& who, std::string_view present,
                                        std::string_view wanted, const SignInOrigin& origin);
  // The present password, as a proof before something that matters, and a code of the second factor
  // where one is given. Counted like a sign-in.
  Result<SignInOutcome> prove_password(const Principal& who, std::string_view present,
                                       const SignInOrigin& origin,
                                       std::optional<std::string_view> code = {});
  // By whoever runs the machine: no proof. Ends every session. Errors: those of check_password.
  Result<void> set_password(UserId user, std::string_view wanted, OrganisationId organisation);

  // Sets the password of the link's person, ends their sessions and uses the link up.
  // Errors: password_link.invalid (not_found) for a link that is used, old or never was; those of
  // check_password, which leave the link as it is.
  Result<UserId> redeem_link(std::string_view secret, std::string_view wanted);

 private:
  Result<std::string> hash_for(UserId user, std::string_view wanted, OrganisationId organisation);
  Result<SignInOutcome> finish(const SignInAttempt& attempt, UserId user);
  Result<SignInOutcome> prove(UserId user, std::string_view present, const SignInOrigin& origin,
                              std::optional<std::string_view> code = {});

  db::Database& database_;
  IdSource& ids_;
  const Clock& clock_;
  PasswordHasher& hasher_;
};

// A link with which the person chooses a password; earlier unused ones end. In a write transaction.
Result<PasswordLink> create_password_link(db::Connection& connection, IdSource& ids, UserId user,
                                          OrganisationId organisation, Duration lasts, Instant now);
// Whose link it is; nothing when it is used, old or never was. Changes nothing.
Result<std::optional<UserId>> find_password_link(db::Connection& connection,
                                                 std::string_view secret, Instant now);

}  // namespace tidings::identity
