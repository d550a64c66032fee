#include "edge/http/public_pages.h"

#include <utility>

#include <fmt/format.h>

#include "edge/http/html_text.h"
#include "edge/http/page_frame.h"

namespace tidings::http {

namespace {

// As it may be pasted into a terminal.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+:@%-";
  if (text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

net::Response notice(int status, const PublicTexts& texts, std::string_view title,
                     std::string_view text) {
  const std::string body = fmt::format("{}<p>{}</p>\n", heading(title), escape_html(text));
  return respond(status, {.language = texts.language, .title = title, .body = body});
}

}  // namespace

net::Response notice_page(int status, const NoticePage& page) {
  std::string body;
  if (!page.from.empty()) body += fmt::format("<p class=\"from\">{}</p>\n", escape_html(page.from));
  body += heading(page.title);
  body += fmt::format("<p>{}</p>\n", page.text);
  if (!page.button.empty()) body += button(page.action, page.button, "");
  if (!page.note.empty()) body += fmt::format("<p class=\"note\">{}</p>\n", escape_html(page.note));
  return respond(status, {.language = page.language, .title = page.title, .body = body});
}

net::Response invalid_link_page(const PublicTexts& texts) {
  return notice(404, texts, texts.invalid_title, texts.invalid_text);
}
net::Response invalid_reading_link_page(const PublicTexts& texts) {
  return notice(404, texts, texts.invalid_title, texts.invalid_reading_text);
}

net::Response trouble_page(const PublicTexts& texts) {
  auto response = notice(503, texts, texts.trouble_title, texts.trouble_text);
  return std::move(response.set("Retry-After", "60"));
}

net::Response password_page(int status, std::string_view trouble) {
  constexpr std::string_view kTitle = "Choose your password";
  std::string body = heading(kTitle);
  if (!trouble.empty()) {
    body += fmt::format("<p class=\"trouble\" role=\"alert\">{}</p>\n", escape_html(trouble));
  }
  body +=
      "<p>At least 10 characters. A few words by chance are easy to remember and hard to guess. "
      "Everywhere you are signed in now, you will be signed out.</p>\n"
      "<form method=\"post\">\n"
      "<label>New password<input type=\"password\" name=\"password\" required minlength=\"10\" "
      "autocomplete=\"new-password\"></label>\n"
      "<label>The same again<input type=\"password\" name=\"again\" required minlength=\"10\" "
      "autocomplete=\"new-password\"></label>\n"
      "<button type=\"submit\">Set the password</button></form>\n";
  return respond(status, {.title = kTitle, .body = body});
}

net::Response password_link_page(bool is_set, std::string_view sentence) {
  const std::string_view title =
      is_set ? "Your password is set" : "This link does not work any more";
  const std::string body = fmt::format("{}<p>{}</p>\n", heading(title), escape_html(sentence));
  return respond(is_set ? 200 : 404, {.title = title, .body = body});
}

net::Response home_page(const HomePage& home) {
  const std::string organisation = escape_html(home.organisation_name);
  std::string body = fmt::format("<p class=\"from\">{}</p>\n", organisation);
  if (home.data_folder.empty()) {
    body += heading("Letters leave from here");
    body += fmt::format(
        "<p>This machine sends the mailings of <strong>{}</strong>. If a message brought you here, "
        "use the links in the message itself: unsubscribing works from there.</p>\n",
        organisation);
    return respond(200, {.title = home.organisation_name, .body = body});
  }
  const std::string data = escape_html(shell_word(home.data_folder));
  body += heading("Tidings is running");
  body += fmt::format(
      "<p>It sends the mailings of <strong>{}</strong>, keeps a record of every single message, "
      "and "
      "answers the unsubscribe links in them. It is used from a terminal:</p>\n",
      organisation);
  const auto example = [&](std::string_view title, std::string_view command) {
    body += fmt::format("<h2>{}</h2>\n<pre>{}</pre>\n", title, command);
  };
  example("Import people from a CSV file",
          fmt::format("tidings import people.csv --data {}", data));
  example("Try a mailing safely: in the sandbox nothing leaves",
          fmt::format("tidings send --data {} --csv people.csv --template letter.html \\\n"
                      "  --subject \"Hello {{{{ contact.first_name }}}}\" \\\n"
                      "  --from \"You &lt;you@example.org&gt;\" --smtp sandbox:",
                      data));
  body +=
      "<h2>Send it for real, through your mail server</h2>\n<p>The same command, with "
      "<code>--smtp smtp://user@mail.example.org:587</code> in place of "
      "<code>--smtp sandbox:</code></p>\n";
  example("See how it goes, and what each person was sent",
          fmt::format("tidings status --data {0}\ntidings log --data {0}\n"
                      "tidings message show ID --data {0}",
                      data));
  body += "<p class=\"note\">Every command explains itself with --help.</p>\n";
  return respond(200,
                 {.title = "Tidings is running", .body = body, .main_class = " class=\"wide\""});
}

net::Response refusal_page(int status, std::string_view why) {
  const std::string body =
      fmt::format("<h1>{}</h1>\n<p>{}</p>\n", net::reason_phrase(status), escape_html(why));
  return respond(status, {.title = net::reason_phrase(status), .body = body});
}

}  // namespace tidings::http
