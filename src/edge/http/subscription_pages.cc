#include "edge/http/subscription_pages.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include <fmt/format.h>

#include "edge/http/html_text.h"
#include "edge/http/page_frame.h"

namespace tidings::http {

namespace {

using consent::Choice;
using consent::Preference;

constexpr std::size_t kChoicesMax = 1'000;
constexpr std::string_view kOther = "other";

// `{org}`, `{address}` and `{topic}` in `text`, as `write` writes them.
template <typename Write>
std::string filled(std::string_view text, const feedback::Subscription& subscription,
                   const Write& write) {
  std::string out;
  for (auto mark = text.find('{'); mark != std::string_view::npos; mark = text.find('{')) {
    out += text.substr(0, mark);
    text.remove_prefix(mark);
    const std::string& value = text.starts_with("{org}")     ? subscription.organisation_name
                               : text.starts_with("{topic}") ? subscription.topic_name
                                                             : subscription.masked_address;
    out += write(value);
    text.remove_prefix(text.find('}') + 1);
  }
  return out.append(text);
}

std::string html_of(std::string_view text, const feedback::Subscription& subscription) {
  return filled(text, subscription, [](std::string_view value) { return escape_html(value); });
}
std::string plain_of(std::string_view text, const feedback::Subscription& subscription) {
  return filled(text, subscription, [](std::string_view value) { return std::string(value); });
}

std::string hidden(std::string_view name, std::string_view value) {
  return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, escape_html(value));
}

std::string head_of(const SubscriptionView& view) {
  const std::string name = escape_html(view.subscription.organisation_name);
  if (view.logo.empty()) return fmt::format("<p class=\"from\">{}</p>\n", name);
  return fmt::format("<img class=\"logo\" src=\"{}\" alt=\"{}\">\n", escape_html(view.logo), name);
}

// Without a topic there is nothing but everything to choose about.
std::string choose_link(const SubscriptionView& view) {
  if (view.subscription.preferences.lines.size() < 2) return {};
  return fmt::format("<p class=\"more\"><a href=\"../p/{}\">{}</a></p>\n", escape_html(view.token),
                     escape_html(view.texts.choose_link));
}

std::string paragraph(std::string_view html) { return fmt::format("<p>{}</p>\n", html); }
std::string note(std::string_view text) {
  return fmt::format("<p class=\"note\">{}</p>\n", escape_html(text));
}

constexpr std::string_view kPlain = " class=\"plain\"";

std::string ask_body(const SubscriptionView& view, std::string_view& title) {
  const auto& [texts, subscription, token, logo] = view;
  if (subscription.is_essential) {
    title = texts.essential_title;
    return heading(title) + paragraph(html_of(texts.essential_text, subscription)) +
           choose_link(view);
  }
  title = texts.ask_title;
  if (subscription.topic_name.empty()) {
    return heading(title) + paragraph(html_of(texts.ask_text, subscription)) +
           button("unsubscribe", texts.unsubscribe_button, "", hidden("scope", "everything")) +
           note(texts.ask_note) + choose_link(view);
  }
  return heading(title) + paragraph(html_of(texts.ask_topic_text, subscription)) +
         "<div class=\"buttons\">\n" +
         button("unsubscribe", plain_of(texts.topic_button, subscription), "",
                hidden("scope", "topic")) +
         button("unsubscribe", texts.everything_button, kPlain, hidden("scope", "everything")) +
         "</div>\n" + note(texts.ask_note) + choose_link(view);
}

std::string done_body(const SubscriptionView& view, std::string_view& title) {
  const auto& [texts, subscription, token, logo] = view;
  const bool is_topic = subscription.is_topic_off && !subscription.topic_name.empty();
  title = texts.done_title;
  return heading(title) +
         paragraph(html_of(is_topic ? texts.done_topic_text : texts.done_text, subscription)) +
         note(texts.undo_question) +
         button("resubscribe", texts.undo_button, kPlain,
                hidden("scope", is_topic ? "topic" : "everything")) +
         choose_link(view);
}

std::string undone_body(const SubscriptionView& view, std::string_view& title) {
  const auto& [texts, subscription, token, logo] = view;
  const bool is_topic = !subscription.topic_name.empty() && !subscription.is_essential;
  title = texts.undone_title;
  return heading(title) +
         paragraph(html_of(is_topic ? texts.undone_topic_text : texts.undone_text, subscription)) +
         button("unsubscribe", texts.unsubscribe_button, kPlain,
                hidden("scope", is_topic ? "topic" : "everything")) +
         choose_link(view);
}

// Text messages are no subject before there is anything about them.
bool has_sms(const consent::Preferences& preferences) {
  return std::ranges::any_of(preferences.lines, [](const Preference& line) {
    return line.topic.id.valid() && line.sms.has_value();
  });
}

std::string checkbox(TopicId topic, Channel channel, bool is_on) {
  return fmt::format("<input type=\"checkbox\" name=\"on\" value=\"{}\"{}>",
                     to_form({topic, channel, true}), is_on ? " checked" : "");
}

std::string words_of(const Preference& line, const PublicTexts& texts, bool is_alone) {
  const bool is_topic = line.topic.id.valid();
  const std::string_view name = is_topic   ? std::string_view(line.topic.name)
                                : is_alone ? texts.mailings
                                           : texts.others;
  const std::string_view words = is_topic   ? std::string_view(line.topic.description)
                                 : is_alone ? std::string_view()
                                            : texts.others_text;
  std::string html = fmt::format("<b>{}</b>", escape_html(name));
  if (!words.empty()) html += fmt::format("<small>{}</small>", escape_html(words));
  return html;
}

std::string line_html(const Preference& line, const PublicTexts& texts, bool is_alone,
                      bool with_sms) {
  const std::string words = words_of(line, texts, is_alone);
  if (line.topic.is_essential) {
    return fmt::format(
        "<li{}><span class=\"what\">{}</span><span class=\"always\">{}</span></li>\n",
        with_sms ? "" : " class=\"fixed\"", words, escape_html(texts.always));
  }
  const std::optional<bool> sms = with_sms ? line.sms : std::nullopt;
  if (!with_sms) {
    return fmt::format("<li><label class=\"what\">{}<span>{}</span></label></li>\n",
                       checkbox(line.topic.id, Channel::email, line.email.value_or(false)), words);
  }
  std::string boxes;
  const auto add = [&](Channel channel, const std::optional<bool>& is_on, std::string_view word) {
    if (!is_on) return;
    boxes += fmt::format("<label>{}{}</label>", checkbox(line.topic.id, channel, *is_on),
                         escape_html(word));
  };
  add(Channel::email, line.email, texts.email);
  add(Channel::sms, sms, texts.sms);
  return fmt::format(
      "<li class=\"two\"><span class=\"what\">{}</span><span class=\"on\">{}</span></li>\n", words,
      boxes);
}

std::string list_of(const std::vector<Choice>& choices) {
  std::string list;
  for (const Choice& each : choices) {
    if (!list.empty()) list += ',';
    list += to_form(each);
  }
  return list;
}

std::string notice_html(const SubscriptionView& view, PreferencesNotice notice,
                        const std::vector<Choice>& before) {
  if (notice == PreferencesNotice::none) return {};
  const std::string_view words =
      notice == PreferencesNotice::saved ? view.texts.saved : view.texts.restored;
  std::string html =
      fmt::format("<div class=\"saved\" role=\"status\"><p>{}</p>", escape_html(words));
  if (!before.empty()) {
    html +=
        button("restore", view.texts.undo_choice_button, kPlain, hidden("was", list_of(before)));
  }
  return html + "</div>\n";
}

}  // namespace

net::Response subscription_page(const SubscriptionView& view, SubscriptionPage page) {
  std::string_view title;
  std::string body = head_of(view);
  switch (page) {
    case SubscriptionPage::ask:
      body += ask_body(view, title);
      break;
    case SubscriptionPage::done:
      body += done_body(view, title);
      break;
    case SubscriptionPage::undone:
      body += undone_body(view, title);
      break;
  }
  return respond(200, {.language = view.texts.language, .title = title, .body = body});
}

net::Response preferences_page(const SubscriptionView& view, PreferencesNotice notice,
                               const std::vector<Choice>& before) {
  const auto& [texts, subscription, token, logo] = view;
  const consent::Preferences& preferences = subscription.preferences;
  const bool with_sms = has_sms(preferences);
  std::string body = head_of(view);
  body += heading(texts.choose_title);
  body += notice_html(view, notice, before);
  body += paragraph(html_of(texts.choose_text, subscription));
  auto shown = consent::all_choices(preferences, std::nullopt, false);
  if (!with_sms) {
    std::erase_if(shown, [](const Choice& each) { return each.channel == Channel::sms; });
  }
  body += "<form method=\"post\">" + hidden("shown", list_of(shown)) + "\n<ul class=\"choices\">\n";
  const bool is_alone = preferences.lines.size() < 2;
  for (const Preference& line : preferences.lines) {
    if (!line.email && !(with_sms && line.sms)) continue;
    body += line_html(line, texts, is_alone, with_sms);
  }
  body += fmt::format(
      "</ul>\n<p class=\"note\">{}</p>\n<div class=\"buttons\">"
      "<button type=\"submit\" name=\"action\" value=\"save\">{}</button>"
      "<button type=\"submit\" name=\"action\" value=\"none\" class=\"plain\">{}</button>"
      "</div></form>\n",
      escape_html(texts.ask_note), escape_html(texts.save_button),
      escape_html(texts.nothing_button));
  return respond(200, {.language = texts.language, .title = texts.choose_title, .body = body});
}

std::string shown_words(const SubscriptionView& view, std::string_view text,
                        std::string_view button) {
  const std::string whole =
      plain_of(text, view.subscription) + " [" + plain_of(button, view.subscription) + "]";
  std::string words;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    // Only the texts have marks; a value's stay.
    bool is_mark = false;
    for (const std::string_view mark : {"<strong>", "</strong>"}) {
      if (std::string_view(whole).substr(i).starts_with(mark)) {
        i += mark.size() - 1;
        is_mark = true;
        break;
      }
    }
    if (!is_mark) words += whole[i];
  }
  return words;
}

std::string to_form(const Choice& choice) {
  return fmt::format(
      "{}:{}={}", choice.channel == Channel::email ? "email" : "sms",
      choice.topic_id == kOtherTopics ? std::string(kOther) : to_text(choice.topic_id),
      choice.is_on ? 1 : 0);
}

std::vector<Choice> choices_from_form(std::string_view list) {
  std::vector<Choice> choices;
  while (!list.empty() && choices.size() < kChoicesMax) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos) continue;
    const auto channel = parse_channel(one.substr(0, colon));
    one.remove_prefix(colon + 1);
    const std::size_t equals = std::min(one.find('='), one.size());
    const std::string_view topic = one.substr(0, equals);
    const auto id = topic == kOther ? std::optional(kOtherTopics.value) : parse_id(topic);
    if (!channel || !id || *id == 0) continue;
    choices.push_back({TopicId{*id}, *channel, one.substr(equals) == "=1"});
  }
  return choices;
}

}  // namespace tidings::http
