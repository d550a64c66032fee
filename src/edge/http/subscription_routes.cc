#include "edge/http/subscription_routes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compose/media.h"
#include "edge/api/authenticate.h"
#include "edge/http/public_pages.h"
#include "edge/http/public_texts.h"
#include "edge/http/subscription_pages.h"
#include "identity/organisation_settings.h"
#include "wire/form_data.h"

namespace tidings::http {

namespace {

using consent::Choice;
using feedback::Subscription;
using feedback::UnsubscribeOrigin;
using feedback::UnsubscribeScope;
using net::Request;
using net::Response;

constexpr std::size_t kButtonMax = 16 * 1024;
constexpr std::size_t kChoicesMax = 64 * 1024;
// Every choice there can be, and the few other fields.
constexpr wire::FormLimits kLimits{.fields = 1'000};

// The contact's own language; else the browser's; the organisation's when neither is known.
const PublicTexts& texts_for(const Request& request, const Subscription& subscription) {
  const std::string_view accepted = request.header("Accept-Language");
  const bool knows_reader = !subscription.contact_locale.empty() || !accepted.empty();
  return knows_reader ? choose_texts({subscription.contact_locale}, accepted)
                      : choose_texts({subscription.organisation_locale}, {});
}

Response trouble(const Request& request, const Error& error) {
  const auto& texts = choose_texts({}, request.header("Accept-Language"));
  return error.code == "token.invalid" ? invalid_link_page(texts) : trouble_page(texts);
}

// Answers one request. Borrows.
class Visit {
 public:
  Visit(const SubscriptionRoutesContext& context, const Request& request)
      : context_(context), request_(request), token_(request.param("token")) {}

  Response show_subscription() {
    const auto got = context_.unsubscriber->look(token_);
    if (!got) return trouble(request_, got.error());
    return page(*got, got->is_over() ? SubscriptionPage::done : SubscriptionPage::ask);
  }

  Response change_subscription() {
    if (auto refused = read_form()) return *std::move(refused);
    if (field("List-Unsubscribe") == "One-Click") {
      return unsubscribe(UnsubscribeOrigin::one_click, UnsubscribeScope::topic);
    }
    const auto scope =
        field("scope") == "everything" ? UnsubscribeScope::everything : UnsubscribeScope::topic;
    if (field("action") == "unsubscribe") return unsubscribe(UnsubscribeOrigin::page, scope);
    if (field("action") == "resubscribe") return resubscribe(scope);
    return unclear();
  }

  Response show_preferences() {
    const auto got = context_.unsubscriber->look(token_);
    if (!got) return trouble(request_, got.error());
    return preferences(*got, PreferencesNotice::none, {});
  }

  Response change_preferences() {
    if (auto refused = read_form()) return *std::move(refused);
    const std::string_view action = field("action");
    if (action == "save") return choose(wanted(), PreferencesNotice::saved);
    if (action == "none") return choose(nothing(), PreferencesNotice::saved);
    if (action == "restore") {
      return choose(choices_from_form(field("was")), PreferencesNotice::restored);
    }
    return unclear();
  }

 private:
  std::optional<Response> read_form() {
    auto fields = wire::parse_form(request_.header("Content-Type"), request_.body, kLimits);
    if (!fields) return refusal_page(400, fields.error().message);
    fields_ = *std::move(fields);
    return std::nullopt;
  }
  std::string_view field(std::string_view name) const {
    return wire::find_field(fields_, name).value_or(std::string_view());
  }
  static Response unclear() {
    return refusal_page(400, "The form does not say what to do. Nothing was changed.");
  }

  // What was shown, on where its box was ticked.
  std::vector<Choice> wanted() const {
    std::vector<Choice> on;
    for (const wire::FormField& each : fields_) {
      if (each.name != "on") continue;
      const auto ticked = choices_from_form(each.value);
      on.insert(on.end(), ticked.begin(), ticked.end());
    }
    std::vector<Choice> choices = choices_from_form(field("shown"));
    for (Choice& each : choices) {
      each.is_on = std::ranges::any_of(on, [&](const Choice& one) {
        return one.topic_id == each.topic_id && one.channel == each.channel;
      });
    }
    return choices;
  }
  std::vector<Choice> nothing() const {
    std::vector<Choice> choices = choices_from_form(field("shown"));
    for (Choice& each : choices) each.is_on = false;
    return choices;
  }

  Response unsubscribe(UnsubscribeOrigin origin, UnsubscribeScope scope) {
    // What the page asked when the button was pressed: the proof.
    const auto before = context_.unsubscriber->look(token_);
    if (!before) return trouble(request_, before.error());
    const bool is_topic = !before->topic_name.empty() && !before->is_essential;
    const PublicTexts& texts = texts_for(request_, *before);
    std::string words;
    if (origin == UnsubscribeOrigin::page) {
      const bool only_topic = is_topic && scope == UnsubscribeScope::topic;
      words = shown_words(view(texts, *before), is_topic ? texts.ask_topic_text : texts.ask_text,
                          only_topic ? texts.topic_button
                          : is_topic ? texts.everything_button
                                     : texts.unsubscribe_button);
    }
    const std::string ip = api::client_address(request_, context_.public_url);
    const auto got =
        context_.unsubscriber->unsubscribe(token_, origin, scope, {.ip = ip, .text = words});
    if (!got) return trouble(request_, got.error());
    return page(*got, SubscriptionPage::done);
  }

  Response resubscribe(UnsubscribeScope scope) {
    const auto before = context_.unsubscriber->look(token_);
    if (!before) return trouble(request_, before.error());
    const PublicTexts& texts = texts_for(request_, *before);
    const std::string words =
        shown_words(view(texts, *before), texts.undo_question, texts.undo_button);
    const std::string ip = api::client_address(request_, context_.public_url);
    const auto got = context_.unsubscriber->resubscribe(token_, scope, {.ip = ip, .text = words});
    if (!got) return trouble(request_, got.error());
    return page(*got, SubscriptionPage::undone);
  }

  Response choose(std::vector<Choice> choices, PreferencesNotice notice) {
    const auto before = context_.unsubscriber->look(token_);
    if (!before) return trouble(request_, before.error());
    const PublicTexts& texts = texts_for(request_, *before);
    const bool is_none = field("action") == "none";
    const std::string words =
        shown_words(view(texts, *before), texts.choose_title,
                    notice == PreferencesNotice::restored ? texts.undo_choice_button
                    : is_none                             ? texts.nothing_button
                                                          : texts.save_button);
    const std::string ip = api::client_address(request_, context_.public_url);
    auto got = context_.unsubscriber->choose(token_, std::move(choices), {.ip = ip, .text = words});
    if (!got) return trouble(request_, got.error());
    const bool may_undo = got->is_changed && notice == PreferencesNotice::saved;
    return preferences(got->now, notice, may_undo ? got->before : std::vector<Choice>());
  }

  SubscriptionView view(const PublicTexts& texts, const Subscription& subscription) const {
    return {texts, subscription, token_, logo_};
  }
  Response page(const Subscription& subscription, SubscriptionPage page) {
    find_logo(subscription);
    return subscription_page(view(texts_for(request_, subscription), subscription), page);
  }
  Response preferences(const Subscription& subscription, PreferencesNotice notice,
                       const std::vector<Choice>& before) {
    find_logo(subscription);
    return preferences_page(view(texts_for(request_, subscription), subscription), notice, before);
  }

  // Without one, or without the database, the organisation's name stands there.
  void find_logo(const Subscription& subscription) {
    const auto found =
        context_.database->read_value([&](db::Connection& connection) -> Result<std::string> {
          const auto settings =
              TRY(identity::organisation_settings(connection, subscription.organisation_id));
          if (!settings.logo_media_id.valid()) return std::string();
          const compose::Media media = TRY(compose::load_media(
              connection, subscription.organisation_id, settings.logo_media_id));
          return media.is_image() ? ".." + media.public_path() : std::string();
        });
    if (found) logo_ = *found;
  }

  const SubscriptionRoutesContext& context_;
  const Request& request_;
  const std::string_view token_;
  std::vector<wire::FormField> fields_;
  std::string logo_;
};

}  // namespace

void add_subscription_routes(net::Router& router, SubscriptionRoutesContext given) {
  const auto context = std::make_shared<const SubscriptionRoutesContext>(std::move(given));
  net::RouteOptions form{
      .body_bytes = kButtonMax,
      .media_types = {"application/x-www-form-urlencoded", "multipart/form-data"},
      .is_body_required = true};
  router.add("GET", "/u/{token}", [context](const Request& request) {
    return Visit(*context, request).show_subscription();
  });
  router.add(
      "POST", "/u/{token}",
      [context](const Request& request) { return Visit(*context, request).change_subscription(); },
      form);
  form.body_bytes = kChoicesMax;
  router.add("GET", "/p/{token}", [context](const Request& request) {
    return Visit(*context, request).show_preferences();
  });
  router.add(
      "POST", "/p/{token}",
      [context](const Request& request) { return Visit(*context, request).change_preferences(); },
      form);
}

}  // namespace tidings::http
