#include "edge/http/public_pages.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "edge/http/html_text.h"

namespace tidings::http {

namespace {

// An 8-pixel grid, one accent, a humanist face from what the reader's system has.
constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--paper:#fff;--ground:#f4f3f0;--ink:#22211f;--quiet:#64615b;
--line:#dedbd4;--accent:#1f5f8b;--on-accent:#fff}
@media(prefers-color-scheme:dark){:root{--paper:#201f1d;--ground:#161514;--ink:#ebe9e4;
--quiet:#a8a49b;--line:#3a3834;--accent:#7fb8de;--on-accent:#10202c}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--ground);color:var(--ink);
font:1.0625rem/1.6 Seravek,"Gill Sans Nova",Ubuntu,Calibri,"Noto Sans","DejaVu Sans",sans-serif;
display:flex;flex-direction:column;align-items:center;padding:clamp(16px,10vh,96px) 16px 48px}
main{width:100%;max-width:34rem;background:var(--paper);border:1px solid var(--line);
border-radius:8px;padding:40px;overflow-wrap:anywhere}
main.wide{max-width:46rem}
.from{margin:0 0 24px;color:var(--quiet);font-size:.9375rem}
h1{margin:0 0 16px;font-size:1.625rem;line-height:1.25;font-weight:600;letter-spacing:-.01em}
h2{margin:32px 0 8px;font-size:1rem;font-weight:600}
p{margin:0 0 16px}
strong{font-weight:600}
form{margin:24px 0 0}
button{font:inherit;font-weight:600;padding:10px 24px;border-radius:6px;cursor:pointer;
border:1px solid var(--accent);background:var(--accent);color:var(--on-accent)}
label{display:block;margin:0 0 16px;font-weight:600}
input[type=password]{display:block;width:100%;margin-top:4px;font:inherit;padding:8px 12px;
border:1px solid var(--line);border-radius:6px;background:var(--paper);color:var(--ink)}
input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.trouble{border-left:4px solid var(--accent);padding-left:12px}
button.plain{background:none;color:var(--accent);border-color:var(--line)}
button:hover{filter:brightness(1.08)}
button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.note{margin:24px 0 0;padding-top:16px;border-top:1px solid var(--line);color:var(--quiet);
font-size:.9375rem}
.note+form{margin-top:8px}
code{font:.875rem ui-monospace,"DejaVu Sans Mono",monospace}
pre{margin:0;padding:12px 16px;background:var(--ground);border:1px solid var(--line);
border-radius:6px;overflow-x:auto;overflow-wrap:normal;
font:.875rem/1.6 ui-monospace,"DejaVu Sans Mono",monospace}
footer{margin-top:24px;color:var(--quiet);font-size:.8125rem}
@media(max-width:36rem){body{padding-top:16px}main{padding:24px}button{width:100%}}
)";

std::string with_values(std::string_view text, const feedback::Subscription& subscription) {
  std::string filled;
  for (auto mark = text.find('{'); mark != std::string_view::npos; mark = text.find('{')) {
    filled += text.substr(0, mark);
    text.remove_prefix(mark);
    const bool is_name = text.starts_with("{org}");
    filled += escape_html(is_name ? subscription.organisation_name : subscription.masked_address);
    text.remove_prefix(text.find('}') + 1);
  }
  return filled.append(text);
}

struct Page {
  std::string_view language = "en";
  std::string_view title;  // plain text
  std::string_view body;   // HTML
  std::string_view main_class = "";
};

net::Response respond(int status, const Page& page) {
  static const std::string policy = fmt::format(
      "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; "
      "frame-ancestors 'none'",
      to_base64(sha256(kStyle)));
  auto response = net::Response::html(
      status,
      fmt::format("<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
                  "<main{}>\n{}</main>\n<footer>Tidings</footer>\n</body>\n</html>\n",
                  page.language, escape_html(page.title), kStyle, page.main_class, page.body));
  response.set("Content-Security-Policy", policy);
  response.set("Content-Language", std::string(page.language));
  return response;
}

std::string button(std::string_view action, std::string_view label, std::string_view style) {
  // No address: the form goes to the page it stands on, whose token is in the address already.
  return fmt::format(
      "<form method=\"post\"><input type=\"hidden\" name=\"action\" value=\"{}\">"
      "<button type=\"submit\"{}>{}</button></form>\n",
      action, style, escape_html(label));
}

// As it may be pasted into a terminal.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+:@%-";
  if (text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string heading(std::string_view title) {
  return fmt::format("<h1>{}</h1>\n", escape_html(title));
}

net::Response notice(int status, const PublicTexts& texts, std::string_view title,
                     std::string_view text) {
  const std::string body = fmt::format("{}<p>{}</p>\n", heading(title), escape_html(text));
  return respond(status, {.language = texts.language, .title = title, .body = body});
}

}  // namespace

net::Response subscription_page(const PublicTexts& texts, SubscriptionPage page,
                                const feedback::Subscription& subscription) {
  std::string body =
      fmt::format("<p class=\"from\">{}</p>\n", escape_html(subscription.organisation_name));
  std::string_view title;
  if (page == SubscriptionPage::ask) {
    title = texts.ask_title;
    body += heading(title);
    body += fmt::format("<p>{}</p>\n", with_values(texts.ask_text, subscription));
    body += button("unsubscribe", texts.unsubscribe_button, "");
    body += fmt::format("<p class=\"note\">{}</p>\n", escape_html(texts.ask_note));
  } else if (page == SubscriptionPage::done) {
    title = texts.done_title;
    body += heading(title);
    body += fmt::format("<p>{}</p>\n", with_values(texts.done_text, subscription));
    body += fmt::format("<p class=\"note\">{}</p>\n", escape_html(texts.undo_question));
    body += button("resubscribe", texts.undo_button, " class=\"plain\"");
  } else {
    title = texts.undone_title;
    body += heading(title);
    body += fmt::format("<p>{}</p>\n", with_values(texts.undone_text, subscription));
    body += button("unsubscribe", texts.unsubscribe_button, " class=\"plain\"");
  }
  return respond(200, {.language = texts.language, .title = title, .body = body});
}

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
