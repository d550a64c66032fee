// The unsubscribe page and the preference page as HTML (within page_frame.h): every value is
// escaped here, nothing needs a script. Thread: any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audience/consent/preferences.h"
#include "edge/http/public_texts.h"
#include "feedback/unsubscribe.h"
#include "net/http_message.h"

namespace tidings::http {

// What the unsubscribe page says.
enum class SubscriptionPage {
  ask,
  done,    // as the subscription says: of the topic, or of everything
  undone,  // it comes again
};

// What a page is about. Borrows.
struct SubscriptionView {
  const PublicTexts& texts;
  const feedback::Subscription& subscription;
  std::string_view token;
  std::string_view logo;  // a path on this server; empty: none
};

net::Response subscription_page(const SubscriptionView& view, SubscriptionPage page);

// What stands above the choices.
enum class PreferencesNotice { none, saved, restored };
// `before`: what undoing leads back to; empty: nothing to undo.
net::Response preferences_page(const SubscriptionView& view, PreferencesNotice notice,
                               const std::vector<consent::Choice>& before);

// The sentence that proves what somebody agreed to, without marks of HTML: what the page asked, and
// the words of the button.
std::string shown_words(const SubscriptionView& view, std::string_view text,
                        std::string_view button);

// Choices as they stand in a form: "email:TOPIC", "sms:other", with "=1" or "=0" where it matters.
std::string to_form(const consent::Choice& choice);
std::vector<consent::Choice> choices_from_form(std::string_view list);

}  // namespace tidings::http
