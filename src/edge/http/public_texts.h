// The words of the public pages in English, Dutch, Polish and French, and which of them to use.
// Thread: any; constants.
#pragma once

#include <initializer_list>
#include <string_view>

namespace tidings::http {

// `{org}`, `{address}` and `{topic}` are filled in (escaped) by the page; nothing else is.
struct PublicTexts {
  std::string_view language;  // for <html lang>
  std::string_view ask_title;
  std::string_view ask_text;
  std::string_view ask_note;
  std::string_view unsubscribe_button;
  std::string_view done_title;
  std::string_view done_text;
  std::string_view undo_question;
  std::string_view undo_button;
  std::string_view undone_title;
  std::string_view undone_text;
  // About one topic.
  std::string_view ask_topic_text;
  std::string_view topic_button;
  std::string_view everything_button;
  std::string_view done_topic_text;
  std::string_view undone_topic_text;
  std::string_view essential_title;
  std::string_view essential_text;
  // The preference page.
  std::string_view choose_link;
  std::string_view choose_title;
  std::string_view choose_text;
  std::string_view mailings;  // what there is to choose where there is no topic
  std::string_view others;
  std::string_view others_text;
  std::string_view always;
  std::string_view email;
  std::string_view sms;
  std::string_view save_button;
  std::string_view nothing_button;
  std::string_view saved;
  std::string_view restored;
  std::string_view undo_choice_button;
  std::string_view invalid_title;
  std::string_view invalid_text;
  std::string_view invalid_reading_text;  // of a link that only leads to something to read
  std::string_view trouble_title;
  std::string_view trouble_text;
};

// The first of `locales` ("nl-BE", "pl", "") whose language there is; else the first understood
// language of `accept_language` (RFC 9110 §12.5.4, quality respected); else English.
const PublicTexts& choose_texts(std::initializer_list<std::string_view> locales,
                                std::string_view accept_language);

}  // namespace tidings::http
