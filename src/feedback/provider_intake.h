// Calls of mail services: believed or not, read, and each event applied to its message.
//
// Nothing of a call is acted upon before its proof: SES by the certificate of Amazon SNS and the
// topic that was configured, SendGrid and Mailgun by their signatures, Postmark by the password in
// its address. A call is about messages of the organisation whose webhook it is, and no others.
// Events come in any order and as often as the service likes (apply_evidence.h). Calls older than
// kCallAgeMax are refused, and a Mailgun token that was used once.
// Bounds: providers/provider_event.h; certificates: kCertificatesMax, each for kCertificateFresh.
// Thread: any; waits for the database, and for Amazon where a certificate is not known yet.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/ledger.h"
#include "feedback/provider_webhooks.h"
#include "feedback/providers/sns.h"
#include "identity/secret_box.h"
#include "identity/token_keys.h"

namespace tidings::feedback {

// Services try again for a day (SendGrid), or less.
inline constexpr Duration kCallAgeMax = std::chrono::hours(25);
inline constexpr Duration kCallAheadMax = std::chrono::minutes(10);
inline constexpr std::size_t kCertificatesMax = 16;
inline constexpr Duration kCertificateFresh = std::chrono::hours(24);
inline constexpr std::size_t kProviderBodyMax = std::size_t{4} << 20;

// What an HTTP request says.
struct ProviderCall {
  std::string_view provider;
  std::string_view url_key;
  std::string_view body;
  std::string_view authorization;
  std::string_view signature;  // SendGrid's two headers
  std::string_view timestamp;
};

// Answers a GET of an address at Amazon SNS, or fails (unavailable).
using AskSns = std::function<Result<std::string>(const SnsUrl& url)>;

// Borrowed for as long as calls come.
struct IntakeParts {
  db::Database& database;
  const delivery::Ledger& ledger;
  IdSource& ids;
  const identity::SecretBox& secrets;
  identity::TokenKeys& token_keys;
  const Clock& clock;
  AskSns ask_sns;
};

class ProviderIntake {
 public:
  explicit ProviderIntake(IntakeParts parts) : parts_(std::move(parts)) {}

  // Errors: provider.not_found; provider.malformed (invalid); provider.forged, provider.too_old,
  // provider.replayed (denied); what is unavailable: told again, nothing is lost.
  Result<ProviderTally> receive(const ProviderCall& call);

 private:
  // A call that was believed.
  struct Believed {
    ProviderReading reading;
    std::string token = {};  // to be used once
    enum class Subscription { unchanged, on, off } subscription = Subscription::unchanged;
  };
  struct Certificate {
    std::string pem;  // empty: Amazon did not give it
    Instant until{};
  };
  Result<Believed> believe(const CalledWebhook& called, const ProviderCall& call);
  Result<Believed> believe_sns(const CalledWebhook& called, const ProviderCall& call);
  Result<std::string> certificate(const std::string& url);
  Result<void> check_age(std::optional<Instant> signed_at) const;
  Result<ProviderTally> apply(const ProviderWebhook& webhook, Believed believed);
  Result<void> apply_event(db::Connection& connection, const ProviderWebhook& webhook,
                           const ProviderEvent& event, ProviderTally& tally);
  void remember_refusal(const ProviderWebhook& webhook, const Error& error);

  const IntakeParts parts_;
  std::mutex mutex_;  // guards certificates_
  std::map<std::string, Certificate> certificates_;
};

}  // namespace tidings::feedback
