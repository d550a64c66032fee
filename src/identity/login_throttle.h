// LoginThrottle: how often a password may be tried.
//
// Failures are counted per account (as typed, whether it exists or not) and per address they come
// from (IPv6: its /64). An account has 5 tries for free, an address 20; from then on each failure
// doubles the wait, from 1 second to 15 minutes. An attempt counts when it begins, so that many at
// once gain nothing; the right password takes the account's count away and the address's attempt
// back. An hour after the last failure a count is forgotten. Counts survive a restart.
// Somebody who tries an account on purpose can make its owner wait, 15 minutes at most at a time.
// Thread: any; in a write transaction.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::identity {

struct LoginAttempt {
  std::string_view account;  // the address as typed
  std::string_view address;  // where it comes from, without port
};

// Counts an attempt; zero when it may go on, else how long to wait before the next (not counted).
Result<Duration> begin_login(db::Connection& connection, const LoginAttempt& attempt, Instant now);
// It was the right password.
Result<void> login_succeeded(db::Connection& connection, const LoginAttempt& attempt);
// Takes an account's count away: after a new password.
Result<void> forgive_account(db::Connection& connection, std::string_view account);

// How long to wait after `failures`, of which `free` cost nothing. Pure.
Duration login_delay(std::int64_t failures, std::int64_t free);

}  // namespace tidings::identity
