#include "identity/totp.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>
#include <liboath/oath.h>
#include <sodium.h>

#include "base/bytes.h"
#include "base/check.h"
#include "db/vault.h"
#include "identity/users.h"
#include "wire/url.h"

namespace tidings::identity {

namespace {

using db::Row;
using db::Statement;

constexpr std::int64_t kStepSeconds = 30;
constexpr unsigned kDigits = 6;
constexpr std::int64_t kStepsBeside = 1;
constexpr std::size_t kSecretBytes = 20;  // RFC 4226 §4: 160 bits
constexpr std::size_t kRecoveryBytes = 10;

constexpr Statement kFind{
    "totp.find", "SELECT sealed, confirmed_at, last_step FROM totp_factor WHERE user_id = $1"};
constexpr Statement kInsert{
    "totp.insert",
    "INSERT INTO totp_factor (user_id, sealed, last_step, created_at) VALUES ($1, $2, 0, $3)"};
constexpr Statement kConfirm{
    "totp.confirm",
    "UPDATE totp_factor SET confirmed_at = $2 WHERE user_id = $1 AND confirmed_at IS NULL"};
// Two at once with the same code: one finds it used.
constexpr Statement kUseStep{
    "totp.use_step", "UPDATE totp_factor SET last_step = $2 WHERE user_id = $1 AND last_step < $2"};
constexpr Statement kRemove{"totp.remove", "DELETE FROM totp_factor WHERE user_id = $1"};
constexpr Statement kInsertRecovery{
    "totp.insert_recovery", "INSERT INTO totp_recovery (user_id, code_hash) VALUES ($1, $2)"};
constexpr Statement kUseRecovery{
    "totp.use_recovery",
    "UPDATE totp_recovery SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 "
    "AND used_at IS NULL"};
constexpr Statement kCountRecovery{
    "totp.count_recovery",
    "SELECT count(*) FROM totp_recovery WHERE user_id = $1 AND used_at IS NULL"};
constexpr Statement kRemoveRecovery{"totp.remove_recovery",
                                    "DELETE FROM totp_recovery WHERE user_id = $1"};

struct Factor {
  std::string sealed;
  std::optional<Instant> confirmed_at;
  std::int64_t last_step = 0;
};

Result<std::optional<Factor>> find(db::Connection& connection, UserId user) {
  return connection.query_first(kFind, {user}, [](const Row& row) {
    Factor factor{std::string(row.bytes(0)), {}, row.integer(2)};
    if (!row.is_null(1)) factor.confirmed_at = row.instant(1);
    return factor;
  });
}

std::string context_of(UserId user) { return fmt::format("totp/{}", user.value); }

Result<const db::Vault*> vault_of(db::Connection& connection) {
  if (connection.vault() != nullptr) return connection.vault();
  return fail(ErrorKind::internal, "totp.no_vault", "The database was opened without a key.");
}

// Without padding.
std::string base32(std::string_view bytes) {
  char* text = nullptr;
  std::size_t size = 0;
  CHECK(oath_base32_encode(bytes.data(), bytes.size(), &text, &size) == OATH_OK);
  std::string coded(text, size);
  std::free(text);
  while (coded.ends_with('=')) coded.pop_back();
  return coded;
}

std::string code_at(std::string_view secret, std::int64_t step) {
  std::array<char, kDigits + 1> code{};
  CHECK(oath_init() == OATH_OK);
  CHECK(oath_totp_generate(secret.data(), secret.size(),
                           static_cast<std::time_t>(step * kStepSeconds), kStepSeconds, 0, kDigits,
                           code.data()) == OATH_OK);
  return {code.data(), kDigits};
}

std::int64_t step_of(Instant now) { return to_micros(now) / 1'000'000 / kStepSeconds; }

// As typed, with blanks and dashes anywhere and in any case.
std::string plain(std::string_view typed) {
  std::string code;
  for (const char c : typed.substr(0, 100)) {
    if (c == ' ' || c == '-') continue;
    code += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return code;
}

// The step whose code it is, and that is newer than the last one used.
std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code,
                                          std::int64_t last_step, Instant now) {
  if (code.size() != kDigits) return std::nullopt;
  std::optional<std::int64_t> found;
  for (std::int64_t step = step_of(now) - kStepsBeside; step <= step_of(now) + kStepsBeside;
       ++step) {
    const std::string right = code_at(secret, step);
    if (sodium_memcmp(right.data(), code.data(), kDigits) == 0 && step > last_step) found = step;
  }
  return found;
}

Result<bool> use_app_code(db::Connection& connection, UserId user, const Factor& factor,
                          std::string_view code, Instant now) {
  const db::Vault* const vault = TRY(vault_of(connection));
  const std::string secret = TRY(vault->unseal(context_of(user), factor.sealed));
  const auto step = matching_step(secret, code, factor.last_step, now);
  if (!step) return false;
  return TRY(connection.execute(kUseStep, {user, *step})) > 0;
}

std::string grouped(std::string_view code) {
  std::string text;
  for (std::size_t i = 0; i < code.size(); i += 4) {
    if (i > 0) text += '-';
    text += code.substr(i, 4);
  }
  return text;
}

}  // namespace

Result<TotpEnrolment> begin_totp(db::Connection& connection, UserId user, std::string_view issuer,
                                 Instant now) {
  const User person = TRY(find_user(connection, user));
  const auto known = TRY(find(connection, user));
  if (known && known->confirmed_at) {
    return fail(ErrorKind::conflict, "totp.enrolled",
                "There is a second factor already. Remove it first.");
  }
  TRY(remove_totp(connection, user));
  const std::string secret = random_bytes(kSecretBytes);
  const std::string sealed = TRY(vault_of(connection))->seal(context_of(user), secret);
  TRY(connection.execute(kInsert, {user, db::BytesView{sealed}, now}));
  TotpEnrolment enrolment;
  enrolment.secret = base32(secret);
  enrolment.url = fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}",
                              wire::percent_encode(issuer), wire::percent_encode(person.email),
                              enrolment.secret, wire::percent_encode(issuer));
  for (int i = 0; i < kRecoveryCodes; ++i) {
    const std::string code = base32(random_bytes(kRecoveryBytes));
    const std::string hash = sha256(code);
    TRY(connection.execute(kInsertRecovery, {user, db::BytesView{hash}}));
    enrolment.recovery_codes.push_back(grouped(code));
  }
  return enrolment;
}

Result<void> confirm_totp(db::Connection& connection, UserId user, std::string_view code,
                          Instant now) {
  const auto factor = TRY(find(connection, user));
  if (!factor || factor->confirmed_at) {
    return fail(ErrorKind::conflict, "totp.not_begun",
                "There is nothing to confirm. Begin again, with a new secret.");
  }
  if (!TRY(use_app_code(connection, user, *factor, plain(code), now))) {
    return fail(ErrorKind::invalid, "totp.wrong_code",
                "This is not the code that the app should show now. Check that the telephone has "
                "the right time, and type the next one.");
  }
  TRY(connection.execute(kConfirm, {user, now}));
  return {};
}

Result<TotpState> totp_state(db::Connection& connection, UserId user) {
  TotpState state;
  const auto factor = TRY(find(connection, user));
  if (!factor || !factor->confirmed_at) return state;
  state.confirmed_at = factor->confirmed_at;
  state.recovery_codes_left =
      TRY(connection.query_first(kCountRecovery, {user}, [](const Row& row) {
        return static_cast<int>(row.integer(0));
      })).value_or(0);
  return state;
}

Result<bool> use_totp_code(db::Connection& connection, UserId user, std::string_view code,
                           Instant now) {
  const auto factor = TRY(find(connection, user));
  if (!factor || !factor->confirmed_at) return false;
  const std::string typed = plain(code);
  if (typed.size() == kDigits) return use_app_code(connection, user, *factor, typed, now);
  const std::string hash = sha256(typed);
  return TRY(connection.execute(kUseRecovery, {user, db::BytesView{hash}, now})) > 0;
}

Result<bool> remove_totp(db::Connection& connection, UserId user) {
  TRY(connection.execute(kRemoveRecovery, {user}));
  return TRY(connection.execute(kRemove, {user})) > 0;
}

std::string totp_code(std::string_view base32_secret, Instant now) {
  char* secret = nullptr;
  std::size_t size = 0;
  const std::string text(base32_secret);
  CHECK(oath_base32_decode(text.data(), text.size(), &secret, &size) == OATH_OK);
  std::string code = code_at({secret, size}, step_of(now));
  std::free(secret);
  return code;
}

}  // namespace tidings::identity
