#include "edge/api/provider_handlers.h"

#include <boost/json.hpp>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "edge/api/draft_json.h"
#include "edge/api/json_values.h"
#include "feedback/provider_webhooks.h"
#include "identity/audit.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using feedback::Provider;
using feedback::ProviderWebhook;

json::object to_json(const Call& call, const ProviderWebhook& webhook) {
  return {{"id", to_text(webhook.id)},
          {"provider", feedback::to_string(webhook.provider)},
          {"url", call.services.public_url + webhook.path()},
          {"topic", text_or_null(webhook.topic)},
          {"created_at", instant_text(webhook.created_at)},
          {"confirmed_at", instant_or_null(webhook.confirmed_at)},
          {"called_at", instant_or_null(webhook.called_at)},
          {"applied", webhook.applied},
          {"unknown", webhook.unknown},
          {"ignored", webhook.ignored},
          {"refused_at", instant_or_null(webhook.refused_at)},
          {"refusal", text_or_null(webhook.refusal)}};
}

// "https://tidings:SECRET@host/path": what Postmark has a login by.
std::string with_login(std::string url, std::string_view password) {
  constexpr std::string_view kMark = "://";
  const std::size_t at = url.find(kMark);
  if (password.empty() || at == std::string::npos) return url;
  url.insert(at + kMark.size(), fmt::format("{}:{}@", feedback::kWebhookUser, password));
  return url;
}

Result<void> audit(db::Connection& connection, const Call& call, std::string_view action,
                   const ProviderWebhook& webhook) {
  return identity::audit(connection, call.who,
                         {.action = action,
                          .object = "provider_webhook",
                          .object_id = webhook.id.value,
                          .note = feedback::plain_name(webhook.provider),
                          .before = {},
                          .after = webhook.url_key},
                         call.now());
}

Result<Answer> list(const Call& call) {
  const auto webhooks = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return feedback::list_webhooks(connection, call.organisation());
  }));
  json::array items;
  for (const ProviderWebhook& webhook : webhooks) items.push_back(to_json(call, webhook));
  return Answer::ok(list_answer(std::move(items), ""));
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<ProviderWebhookId>("id"));
  return Answer::ok(
      to_json(call, TRY(call.services.database.read_value([&](db::Connection& connection) {
                return feedback::load_webhook(connection, call.organisation(), id);
              }))));
}

// Not through commit(): a kept answer would keep the password.
Result<Answer> create(const Call& call) {
  const json::object& body = call.body.as_object();
  feedback::WebhookWish wish;
  wish.provider = feedback::parse_provider(text_of(body, "provider")).value_or(Provider::ses);
  wish.topic = text_of(body, "topic");
  wish.secret = text_of(body, "secret");
  auto checked = feedback::check_webhook(std::move(wish));
  if (!checked) {
    const compose::FieldProblem problem{
        checked.error().code == "provider.topic" ? "/topic" : "/secret", checked.error().code,
        checked.error().message};
    return unfit({&problem, 1});
  }
  struct Made {
    ProviderWebhook webhook;
    std::string password;
  };
  const Made made = TRY(call.services.database.write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<Made> {
        auto created =
            TRY(feedback::create_webhook(connection, call.services.ids, call.organisation(),
                                         call.services.secrets, *checked, call.now()));
        Made one{TRY(feedback::load_webhook(connection, call.organisation(), created.id)),
                 std::move(created.password)};
        TRY(audit(connection, call, "provider_webhook.create", one.webhook));
        return one;
      }));
  const json::object webhook = to_json(call, made.webhook);
  return Answer::created(
             json::object{{"webhook", webhook},
                          {"address",
                           with_login(std::string(webhook.at("url").as_string()), made.password)}})
      .with("Location", "/api/v1/provider-webhooks/" + to_text(made.webhook.id));
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<ProviderWebhookId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto before = TRY(feedback::load_webhook(connection, call.organisation(), id));
    TRY(feedback::delete_webhook(connection, call.organisation(), id));
    TRY(audit(connection, call, "provider_webhook.delete", before));
    return Answer::no_content();
  });
}

}  // namespace

void add_provider_handlers(Registry& registry) {
  registry.answer("listProviderWebhooks", list);
  registry.answer("createProviderWebhook", create);
  registry.answer("getProviderWebhook", get);
  registry.answer("deleteProviderWebhook", remove);
}

}  // namespace tidings::api
