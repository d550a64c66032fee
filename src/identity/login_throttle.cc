#include "identity/login_throttle.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "identity/users.h"

namespace tidings::identity {
namespace {

constexpr std::int64_t kFreeOfAccount = 5;
constexpr std::int64_t kFreeOfAddress = 20;
constexpr Duration kFirstDelay = std::chrono::seconds(1);
constexpr Duration kLongestDelay = std::chrono::minutes(15);
constexpr Duration kForgetAfter = std::chrono::hours(1);

constexpr db::Statement kForget{"login_throttle.forget",
                                "DELETE FROM login_throttle WHERE forget_at <= $1"};
constexpr db::Statement kRead{
    "login_throttle.read", "SELECT failures, blocked_until FROM login_throttle WHERE subject = $1"};
constexpr db::Statement kCount{
    "login_throttle.count",
    "INSERT INTO login_throttle (subject, failures, blocked_until, forget_at)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures,"
    " blocked_until = excluded.blocked_until, forget_at = excluded.forget_at"};
constexpr db::Statement kTakeBack{
    "login_throttle.take_back",
    "UPDATE login_throttle SET failures = failures - 1, blocked_until = 0 WHERE subject = $1"
    " AND failures > 0"};
constexpr db::Statement kClear{"login_throttle.clear",
                               "DELETE FROM login_throttle WHERE subject = $1"};

std::string account_subject(std::string_view typed) {
  const auto normalised = normalise_user_email(typed);
  return sha256("account\n" + (normalised ? *normalised : std::string(typed)));
}

// A subscriber of IPv6 has a /64 and may change its address at will.
std::string address_subject(std::string_view address) {
  std::string_view network = address;
  if (address.find(':') != address.npos && address.find('.') == address.npos) {
    std::size_t groups = 0;
    for (std::size_t i = 0; i < address.size(); ++i) {
      if (address[i] != ':') continue;
      if (++groups == 4 || (i + 1 < address.size() && address[i + 1] == ':')) {
        network = address.substr(0, i);
        break;
      }
    }
  }
  return sha256("address\n" + std::string(network));
}

struct Count {
  std::int64_t failures = 0;
  Instant blocked_until{};
};

Result<Count> read(db::Connection& connection, const std::string& subject) {
  const auto found =
      TRY(connection.query_first(kRead, {db::BytesView{subject}}, [](const db::Row& row) {
        return Count{row.integer(0), row.instant(1)};
      }));
  return found.value_or(Count{});
}

Result<void> count(db::Connection& connection, const std::string& subject, const Count& before,
                   std::int64_t free, Instant now) {
  const std::int64_t failures = before.failures + 1;
  TRY(connection.execute(kCount, {db::BytesView{subject}, failures,
                                  now + login_delay(failures, free), now + kForgetAfter}));
  return {};
}

}  // namespace

Duration login_delay(std::int64_t failures, std::int64_t free) {
  if (failures < free) return {};
  const auto doublings = std::min<std::int64_t>(failures - free, 20);
  return std::min(kFirstDelay * (std::int64_t{1} << doublings), kLongestDelay);
}

Result<Duration> begin_login(db::Connection& connection, const LoginAttempt& attempt, Instant now) {
  TRY(connection.execute(kForget, {now}));
  const std::string account = account_subject(attempt.account);
  const std::string address = address_subject(attempt.address);
  const Count of_account = TRY(read(connection, account));
  const Count of_address = TRY(read(connection, address));
  const Instant until = std::max(of_account.blocked_until, of_address.blocked_until);
  if (until > now) return std::min<Duration>(until - now, kLongestDelay);
  TRY(count(connection, account, of_account, kFreeOfAccount, now));
  TRY(count(connection, address, of_address, kFreeOfAddress, now));
  return Duration{};
}

Result<void> login_succeeded(db::Connection& connection, const LoginAttempt& attempt) {
  const std::string address = address_subject(attempt.address);
  TRY(connection.execute(kTakeBack, {db::BytesView{address}}));
  return forgive_account(connection, attempt.account);
}

Result<void> forgive_account(db::Connection& connection, std::string_view account) {
  const std::string subject = account_subject(account);
  TRY(connection.execute(kClear, {db::BytesView{subject}}));
  return {};
}

}  // namespace tidings::identity
