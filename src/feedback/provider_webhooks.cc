#include "feedback/provider_webhooks.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "db/nullable.h"
#include "feedback/providers/signatures.h"
#include "feedback/providers/sns.h"

namespace tidings::feedback {

namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kPasswordBytes = 24;
constexpr std::size_t kSecretMax = 2'000;

#define TIDINGS_WEBHOOK_COLUMNS                                                                \
  "SELECT organisation_id, id, provider, url_key, topic, created_at, confirmed_at, called_at," \
  " applied, unknown, ignored, refused_at, refusal, sealed_secret FROM provider_webhook "

constexpr db::Statement kCount{"provider_webhook.count",
                               "SELECT COUNT(*) FROM provider_webhook WHERE organisation_id = $1"};
constexpr db::Statement kInsert{
    "provider_webhook.insert",
    "INSERT INTO provider_webhook (organisation_id, id, provider, url_key, topic, sealed_secret,"
    " created_at, applied, unknown, ignored, refusal)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, '')"};
constexpr db::Statement kList{"provider_webhook.list",
                              TIDINGS_WEBHOOK_COLUMNS "WHERE organisation_id = $1 ORDER BY id"};
constexpr db::Statement kLoad{"provider_webhook.load",
                              TIDINGS_WEBHOOK_COLUMNS "WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kFind{"provider_webhook.find",
                              TIDINGS_WEBHOOK_COLUMNS "WHERE url_key = $1"};
constexpr db::Statement kDeleteTokens{
    "provider_webhook.delete_tokens",
    "DELETE FROM provider_token WHERE organisation_id = $1 AND webhook_id = $2"};
constexpr db::Statement kDelete{
    "provider_webhook.delete",
    "DELETE FROM provider_webhook WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kTally{
    "provider_webhook.count_events",
    "UPDATE provider_webhook SET called_at = $1, applied = applied + $2, unknown = unknown + $3,"
    " ignored = ignored + $4 WHERE organisation_id = $5 AND id = $6"};
constexpr db::Statement kRefusal{"provider_webhook.note_refusal",
                                 "UPDATE provider_webhook SET refused_at = $1, refusal = $2"
                                 " WHERE organisation_id = $3 AND id = $4"};
constexpr db::Statement kSubscription{
    "provider_webhook.note_subscription",
    "UPDATE provider_webhook SET confirmed_at = $1 WHERE organisation_id = $2 AND id = $3"};
constexpr db::Statement kForgetTokens{
    "provider_webhook.forget_tokens",
    "DELETE FROM provider_token WHERE organisation_id = $1 AND webhook_id = $2"
    " AND expires_at < $3"};
constexpr db::Statement kUseToken{
    "provider_webhook.use_token",
    "INSERT INTO provider_token (organisation_id, webhook_id, token, expires_at)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"};

std::string seal_context(OrganisationId organisation, ProviderWebhookId id) {
  return fmt::format("provider_webhook/{}/{}", to_text(organisation), to_text(id));
}

ProviderWebhook read(const db::Row& row) {
  ProviderWebhook webhook;
  webhook.organisation = row.id<OrganisationId>(0);
  webhook.id = row.id<ProviderWebhookId>(1);
  webhook.provider = parse_provider(row.text(2)).value_or(Provider::ses);
  webhook.url_key = row.string(3);
  webhook.topic = row.string(4);
  webhook.created_at = row.instant(5);
  webhook.confirmed_at = db::maybe_instant(row, 6);
  webhook.called_at = db::maybe_instant(row, 7);
  webhook.applied = row.integer(8);
  webhook.unknown = row.integer(9);
  webhook.ignored = row.integer(10);
  webhook.refused_at = db::maybe_instant(row, 11);
  webhook.refusal = row.string(12);
  return webhook;
}

std::unexpected<Error> not_found() {
  return fail(ErrorKind::not_found, "provider.not_found",
              "There is no such webhook. It may have been removed.");
}

}  // namespace

std::string ProviderWebhook::path() const {
  return fmt::format("/provider-events/{}/{}", to_string(provider), url_key);
}

Result<WebhookWish> check_webhook(WebhookWish wish) {
  wish.topic = trimmed(wish.topic);
  wish.secret = trimmed(wish.secret);
  const bool has_topic = wish.provider == Provider::ses;
  if (has_topic ? !is_topic_arn(wish.topic) : !wish.topic.empty()) {
    return fail(ErrorKind::invalid, "provider.topic",
                has_topic ? "Give the ARN of the SNS topic, such as "
                            "arn:aws:sns:eu-west-1:123456789012:bounces."
                          : "Only Amazon SES has a topic. Leave it out.");
  }
  if (wish.provider == Provider::sendgrid) {
    wish.secret = TRY(read_p256_key(wish.secret));
    return wish;
  }
  const bool has_secret = wish.provider == Provider::mailgun;
  const bool is_fit =
      has_secret ? !wish.secret.empty() && wish.secret.size() <= kSecretMax : wish.secret.empty();
  if (!is_fit) {
    return fail(ErrorKind::invalid, "provider.secret",
                has_secret ? "Give Mailgun's HTTP webhook signing key: it is on the page of the "
                             "webhooks."
                           : fmt::format("{} needs no secret of yours. Leave it out.",
                                         plain_name(wish.provider)));
  }
  return wish;
}

Result<MadeWebhook> create_webhook(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, const identity::SecretBox& secrets,
                                   const WebhookWish& wish, Instant now) {
  const auto count = TRY(connection.query_first(kCount, {organisation},
                                                [](const db::Row& row) { return row.integer(0); }));
  if (count && *count >= kProviderWebhooksMax) {
    return fail(ErrorKind::limit, "provider.too_many",
                fmt::format("There are {} webhooks already. Remove one that is not used.", *count));
  }
  MadeWebhook made{ids.next<ProviderWebhookId>(), ""};
  if (wish.provider == Provider::postmark) {
    made.password = to_base64url(random_bytes(kPasswordBytes));
  }
  const std::string& secret = made.password.empty() ? wish.secret : made.password;
  const std::string sealed =
      secret.empty() ? "" : secrets.seal(seal_context(organisation, made.id), secret);
  TRY(connection.execute(
      kInsert, {organisation, made.id, to_string(wish.provider), to_base32(random_bytes(kKeyBytes)),
                wish.topic, sealed.empty() ? db::Param() : db::Param(db::BytesView{sealed}), now}));
  return made;
}

Result<std::vector<ProviderWebhook>> list_webhooks(db::Connection& connection,
                                                   OrganisationId organisation) {
  std::vector<ProviderWebhook> list;
  TRY(connection.query(kList, {organisation},
                       [&](const db::Row& row) { list.push_back(read(row)); }));
  return list;
}

Result<ProviderWebhook> load_webhook(db::Connection& connection, OrganisationId organisation,
                                     ProviderWebhookId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) return not_found();
  return *std::move(found);
}

Result<void> delete_webhook(db::Connection& connection, OrganisationId organisation,
                            ProviderWebhookId id) {
  TRY(connection.execute(kDeleteTokens, {organisation, id}));
  if (TRY(connection.execute(kDelete, {organisation, id})) == 0) return not_found();
  return {};
}

Result<CalledWebhook> find_called_webhook(db::Connection& connection, std::string_view url_key,
                                          const identity::SecretBox& secrets) {
  struct Found {
    ProviderWebhook webhook;
    std::string sealed;
  };
  auto found = TRY(connection.query_first(kFind, {url_key}, [](const db::Row& row) {
    return Found{read(row), row.is_null(13) ? "" : std::string(row.bytes(13))};
  }));
  if (!found) return not_found();
  CalledWebhook called{std::move(found->webhook), ""};
  if (!found->sealed.empty()) {
    called.secret = TRY(secrets.unseal(seal_context(called.webhook.organisation, called.webhook.id),
                                       found->sealed));
  }
  return called;
}

Result<void> count_events(db::Connection& connection, const ProviderWebhook& webhook,
                          const ProviderTally& tally, Instant now) {
  TRY(connection.execute(kTally, {now, tally.applied, tally.unknown, tally.ignored,
                                  webhook.organisation, webhook.id}));
  return {};
}

Result<void> note_refusal(db::Connection& connection, const ProviderWebhook& webhook,
                          std::string_view why, Instant now) {
  TRY(connection.execute(kRefusal, {now, why, webhook.organisation, webhook.id}));
  return {};
}

Result<void> note_subscription(db::Connection& connection, const ProviderWebhook& webhook,
                               std::optional<Instant> confirmed_at) {
  TRY(connection.execute(kSubscription, {confirmed_at, webhook.organisation, webhook.id}));
  return {};
}

Result<bool> use_token(db::Connection& connection, const ProviderWebhook& webhook,
                       std::string_view token, Instant expires_at, Instant now) {
  TRY(connection.execute(kForgetTokens, {webhook.organisation, webhook.id, now}));
  const std::string digest = to_base64url(sha256(token));
  return TRY(connection.execute(kUseToken,
                                {webhook.organisation, webhook.id, digest, expires_at})) == 1;
}

}  // namespace tidings::feedback
