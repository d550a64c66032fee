#include "identity/passwords.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <future>
#include <optional>

#include <sodium.h>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/text_encoding.h"

namespace tidings::identity {
namespace {

// A hash of 32 random bytes at the default cost, for users that are not there: made once by hand,
// because making it takes as long as a sign-in.
constexpr std::string_view kNobody =
    "$argon2id$v=19$m=65536,t=3,p=1$fWi8D3s8jbACgEeWi83Z7w$TKmtda+"
    "XQzUbPfB4hdUj6mYAUDJauRCmo+TyDyenqQ4";

// Of ten characters and more, from what leaks show to be tried first; in lower case, without
// anything but letters and digits.
constexpr std::array<std::string_view, 38> kCommon = {
    "1q2w3e4r5t",  "1qaz2wsx3edc",
    "q1w2e3r4t5",  "password",
    "passwort",    "passw0rd",
    "wachtwoord",  "welkom",
    "welcome",     "letmein",
    "iloveyou",    "sunshine",
    "princess",    "football",
    "baseball",    "basketball",
    "superman",    "starwars",
    "trustno1",    "administrator",
    "admin",       "changeme",
    "secret",      "geheim",
    "motdepasse",  "haslo",
    "qwertyuiop",  "asdfghjkl",
    "zxcvbnm",     "azertyuiop",
    "qwerty",      "qwertz",
    "azerty",      "abc",
    "tidings",     "newsletter",
    "nieuwsbrief", "correcthorsebatterystaple",
};
constexpr std::array<std::string_view, 6> kRows = {
    "01234567890123456789",       "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"};
// What is left around something obvious must be at least this long.
constexpr std::size_t kOwnMin = 6;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Letters and digits in lower case; other scripts as they are.
std::string bare(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80) kept += static_cast<char>(std::tolower(byte));
  }
  return kept;
}

// Few different characters, or a short piece over and over: aaaaaaaaaa, 1212121212, abcabcabcabc.
bool repeats(std::string_view text) {
  std::string seen(text);
  std::ranges::sort(seen);
  const auto rest = std::ranges::unique(seen);
  if (seen.size() - rest.size() < 5) return true;
  for (std::size_t period = 1; period <= text.size() / 2; ++period) {
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  }
  return false;
}

// A run along the keyboard, the alphabet or the digits, either way.
bool is_run(std::string_view text) {
  const std::string backwards(text.rbegin(), text.rend());
  return std::ranges::any_of(kRows, [&](std::string_view row) {
    return row.find(text) != row.npos || row.find(backwards) != row.npos;
  });
}

// `password` is little more than `word`.
bool is_mostly(std::string_view password, std::string_view word) {
  return word.size() >= 3 && password.find(word) != password.npos &&
         password.size() - word.size() < kOwnMin;
}

bool is_about_its_owner(const std::string& password, const PasswordOwner& owner) {
  const std::size_t at = owner.email.rfind('@');
  if (at != std::string_view::npos) {
    if (is_mostly(password, bare(owner.email))) return true;
    if (is_mostly(password, bare(owner.email.substr(0, at)))) return true;
    std::string_view domain = owner.email.substr(at + 1);
    if (is_mostly(password, bare(domain))) return true;
    if (is_mostly(password, bare(domain.substr(0, domain.rfind('.'))))) return true;
  }
  return is_mostly(password, bare(owner.name)) || is_mostly(password, bare(owner.organisation));
}

Result<std::string> in_one_form(std::string_view password) {
  if (!wire::is_utf8(password) || password.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::invalid, "password.not_text",
                "The password is not readable text (UTF-8). Type it again.");
  }
  return wire::to_nfc(password).value_or(std::string(password));
}

}  // namespace

Result<void> check_password(std::string_view password, const PasswordOwner& owner) {
  const std::string text = TRY(in_one_form(password));
  const std::size_t length = characters(text);
  if (length < kPasswordMin) {
    return fail(ErrorKind::invalid, "password.too_short",
                "A password has at least 10 characters. Three or four words are easy to remember.");
  }
  if (length > kPasswordMax) {
    return fail(ErrorKind::invalid, "password.too_long", "A password has at most 200 characters.");
  }
  const std::string plain = bare(text);
  const bool is_common =
      std::ranges::any_of(kCommon, [&](std::string_view word) { return is_mostly(plain, word); });
  if (plain.empty() || repeats(plain) || is_run(plain) || is_common ||
      is_about_its_owner(plain, owner)) {
    return fail(ErrorKind::invalid, "password.obvious",
                "This password is among the first that others would try. Choose one that has "
                "nothing to do with you or the organisation, such as a few words by chance.");
  }
  return {};
}

PasswordHasher::PasswordHasher(PasswordHasherOptions options)
    : options_(options), pool_(options.threads, options.callers_max) {
  CHECK(sodium_init() >= 0);
}

PasswordHasher::~PasswordHasher() = default;

// Invariant: at most callers_max are in here, so the pool always has room.
Result<void> PasswordHasher::run(const std::function<void()>& work) {
  if (callers_.fetch_add(1) >= options_.callers_max) {
    --callers_;
    return fail(ErrorKind::unavailable, "password.busy",
                "Many people are signing in right now. Try again in a few seconds.");
  }
  std::promise<void> done;
  const bool is_taken = pool_.submit([&] {
    work();
    done.set_value();
  });
  CHECK(is_taken);
  done.get_future().wait();
  --callers_;
  return {};
}

std::string_view PasswordHasher::nobody() {
  if (options_.cost == PasswordCost{}) return kNobody;
  std::call_once(made_nobody_, [this] {
    std::array<char, crypto_pwhash_STRBYTES> made{};
    const std::string secret = to_hex(random_bytes(16));
    CHECK(crypto_pwhash_str(made.data(), secret.data(), secret.size(), options_.cost.passes,
                            options_.cost.bytes) == 0);
    nobody_ = made.data();
  });
  return nobody_;
}

Result<std::string> PasswordHasher::hash(std::string_view password) {
  const std::string text = TRY(in_one_form(password));
  std::array<char, crypto_pwhash_STRBYTES> made{};
  bool is_made = false;
  TRY(run([&] {
    is_made = crypto_pwhash_str(made.data(), text.data(), text.size(), options_.cost.passes,
                                options_.cost.bytes) == 0;
  }));
  if (!is_made) {
    return fail(ErrorKind::internal, "password.failed",
                "There is not enough memory to keep the password safely. Nothing was changed.");
  }
  return std::string(made.data());
}

Result<PasswordHasher::Verdict> PasswordHasher::verify(std::string_view stored,
                                                       std::string_view password) {
  // What cannot be a password is compared all the same, as if empty: it must take as long.
  const std::string text = in_one_form(password.substr(0, kPasswordMax * 4)).value_or("");
  const bool is_somebody = !stored.empty() && stored.size() < crypto_pwhash_STRBYTES;
  std::array<char, crypto_pwhash_STRBYTES> known{};
  std::ranges::copy(is_somebody ? stored : nobody(), known.begin());
  bool is_equal = false;
  TRY(run(
      [&] { is_equal = crypto_pwhash_str_verify(known.data(), text.data(), text.size()) == 0; }));
  Verdict verdict;
  verdict.matches = is_equal && is_somebody && password.size() <= kPasswordMax * 4;
  verdict.needs_rehash =
      verdict.matches &&
      crypto_pwhash_str_needs_rehash(known.data(), options_.cost.passes, options_.cost.bytes) != 0;
  return verdict;
}

}  // namespace tidings::identity
