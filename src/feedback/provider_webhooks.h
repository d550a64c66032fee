// The web addresses at which mail services tell an organisation's mail's fate: one for each service
// it uses.
//
// The address ends with a key of 128 random bits that names the webhook and proves nothing: each
// call is proved by the service's own signature or login (providers/). Secrets are sealed and never
// given back. Owned tables: provider_webhook, provider_token. Thread: any, one Connection each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "feedback/providers/provider_event.h"
#include "identity/secret_box.h"

namespace tidings {
using ProviderWebhookId = Id<struct ProviderWebhookTag>;
}  // namespace tidings

namespace tidings::feedback {

inline constexpr int kProviderWebhooksMax = 200;  // of an organisation
// The user in the address that Postmark calls.
inline constexpr std::string_view kWebhookUser = "tidings";

// What a person gives.
struct WebhookWish {
  Provider provider = Provider::ses;
  std::string topic;   // Amazon SES: the ARN
  std::string secret;  // SendGrid: its verification key; Mailgun: its webhook signing key
};

struct ProviderWebhook {
  OrganisationId organisation;
  ProviderWebhookId id;
  Provider provider = Provider::ses;
  std::string url_key;
  std::string topic;
  Instant created_at{};
  std::optional<Instant> confirmed_at;
  std::optional<Instant> called_at;
  std::int64_t applied = 0;
  std::int64_t unknown = 0;
  std::int64_t ignored = 0;
  std::optional<Instant> refused_at;
  std::string refusal;

  // "/provider-events/ses/KEY"
  std::string path() const;
};

// A wish that can be granted, its secret as it is used. Errors, kind invalid: provider.topic,
// provider.public_key, provider.secret.
Result<WebhookWish> check_webhook(WebhookWish wish);

struct MadeWebhook {
  ProviderWebhookId id;
  std::string password;  // Postmark: the one in its address, shown this once; else empty
};
// `wish` was checked. Errors: provider.too_many (limit).
Result<MadeWebhook> create_webhook(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, const identity::SecretBox& secrets,
                                   const WebhookWish& wish, Instant now);
// In the order they were made.
Result<std::vector<ProviderWebhook>> list_webhooks(db::Connection& connection,
                                                   OrganisationId organisation);
// Errors of both: provider.not_found.
Result<ProviderWebhook> load_webhook(db::Connection& connection, OrganisationId organisation,
                                     ProviderWebhookId id);
Result<void> delete_webhook(db::Connection& connection, OrganisationId organisation,
                            ProviderWebhookId id);

// One that is called, with what its calls are proved with.
struct CalledWebhook {
  ProviderWebhook webhook;
  std::string secret;  // empty: a certificate
};
// Errors: provider.not_found, secret.*.
Result<CalledWebhook> find_called_webhook(db::Connection& connection, std::string_view url_key,
                                          const identity::SecretBox& secrets);

// What became of the events of a call.
struct ProviderTally {
  std::int64_t applied = 0;
  std::int64_t known = 0;  // told before
  std::int64_t unknown = 0;
  std::int64_t ignored = 0;
};
Result<void> count_events(db::Connection& connection, const ProviderWebhook& webhook,
                          const ProviderTally& tally, Instant now);
Result<void> note_refusal(db::Connection& connection, const ProviderWebhook& webhook,
                          std::string_view why, Instant now);
// The topic is subscribed since then, or not any more.
Result<void> note_subscription(db::Connection& connection, const ProviderWebhook& webhook,
                               std::optional<Instant> confirmed_at);
// False: it was used before.
Result<bool> use_token(db::Connection& connection, const ProviderWebhook& webhook,
                       std::string_view token, Instant expires_at, Instant now);

}  // namespace tidings::feedback
