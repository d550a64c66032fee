#include "edge/http/content_routes.h"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/bytes.h"
#include "compose/media.h"
#include "compose/senders.h"
#include "edge/http/html_text.h"
#include "edge/http/public_pages.h"
#include "edge/http/public_texts.h"
#include "net/static_content.h"
#include "wire/form_data.h"
#include "wire/url.h"

namespace tidings::http {

namespace {

using net::Request;
using net::Response;

// {org} and {address} are filled in, escaped.
struct SenderTexts {
  std::string_view language;
  std::string_view ask_title;
  std::string_view ask_text;
  std::string_view ask_note;
  std::string_view button;
  std::string_view done_title;
  std::string_view done_text;
  std::string_view invalid_title;
  std::string_view invalid_text;
};
constexpr std::array kTexts = {
    SenderTexts{"en", "Is this your address?",
                "<strong>{org}</strong> wants to send messages in the name of "
                "<strong>{address}</strong>.",
                "If you know nothing of this, close this page: nothing is confirmed then.",
                "Yes, confirm", "Confirmed",
                "<strong>{org}</strong> may now send messages in the name of "
                "<strong>{address}</strong>.",
                "This link does not work",
                "It may have been cut off, is older than seven days, or a newer one was mailed. "
                "Ask for a new one. Nothing was changed."},
    SenderTexts{"nl", "Is dit uw adres?",
                "<strong>{org}</strong> wil berichten versturen uit naam van "
                "<strong>{address}</strong>.",
                "Weet u hier niets van? Sluit dan deze pagina: er wordt niets bevestigd.",
                "Ja, bevestigen", "Bevestigd",
                "<strong>{org}</strong> mag nu berichten versturen uit naam van "
                "<strong>{address}</strong>.",
                "Deze link werkt niet",
                "Hij is misschien afgekapt, ouder dan zeven dagen, of er is een nieuwere gemaild. "
                "Vraag een nieuwe aan. Er is niets veranderd."},
    SenderTexts{"pl", "Czy to Twój adres?",
                "<strong>{org}</strong> chce wysyłać wiadomości w imieniu "
                "<strong>{address}</strong>.",
                "Jeśli nic o tym nie wiesz, zamknij tę stronę: nic nie zostanie potwierdzone.",
                "Tak, potwierdzam", "Potwierdzono",
                "<strong>{org}</strong> może teraz wysyłać wiadomości w imieniu "
                "<strong>{address}</strong>.",
                "Ten odnośnik nie działa",
                "Mógł zostać ucięty, ma ponad siedem dni albo wysłano nowszy. Poproś o nowy. Nic "
                "nie zostało zmienione."},
    SenderTexts{"fr", "Est-ce votre adresse ?",
                "<strong>{org}</strong> veut envoyer des messages au nom de "
                "<strong>{address}</strong>.",
                "Si vous n'en savez rien, fermez cette page : rien ne sera confirmé.",
                "Oui, confirmer", "Confirmé",
                "<strong>{org}</strong> peut maintenant envoyer des messages au nom de "
                "<strong>{address}</strong>.",
                "Ce lien ne fonctionne pas",
                "Il est peut-être tronqué, a plus de sept jours, ou un plus récent a été envoyé. "
                "Demandez-en un nouveau. Rien n'a été modifié."},
};

// In the reader's language; the organisation's when the browser names none.
const SenderTexts& texts_for(const Request& request, std::string_view locale) {
  const std::string_view accepted = request.header("Accept-Language");
  const auto& chosen = accepted.empty() ? choose_texts({locale}, {}) : choose_texts({}, accepted);
  for (const SenderTexts& texts : kTexts) {
    if (texts.language == chosen.language) return texts;
  }
  return kTexts[0];
}

std::string filled(std::string_view text, const compose::SenderConfirmation& sender) {
  std::string out;
  while (!text.empty()) {
    const bool is_org = text.starts_with("{org}");
    if (is_org || text.starts_with("{address}")) {
      out += escape_html(is_org ? sender.organisation_name : sender.address);
      text.remove_prefix(text.find('}') + 1);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

Response sender_page(const Request& request, const Result<compose::SenderConfirmation>& got) {
  if (!got && got.error().code != "sender.link") {
    return trouble_page(choose_texts({}, request.header("Accept-Language")));
  }
  const SenderTexts& texts = texts_for(request, got ? got->organisation_locale : "");
  if (!got) {
    return notice_page(404, {.language = texts.language,
                             .title = texts.invalid_title,
                             .text = escape_html(texts.invalid_text)});
  }
  if (got->is_verified) {
    return notice_page(200, {.language = texts.language,
                             .from = got->organisation_name,
                             .title = texts.done_title,
                             .text = filled(texts.done_text, *got)});
  }
  return notice_page(200, {.language = texts.language,
                           .from = got->organisation_name,
                           .title = texts.ask_title,
                           .text = filled(texts.ask_text, *got),
                           .action = "confirm",
                           .button = texts.button,
                           .note = texts.ask_note});
}

Response confirm(const ContentRoutesContext& context, const Request& request) {
  const auto fields = wire::parse_form(request.header("Content-Type"), request.body);
  if (!fields) return refusal_page(400, fields.error().message);
  if (wire::find_field(*fields, "action") != "confirm") {
    return refusal_page(400, "The form does not say what to do. Nothing was changed.");
  }
  return sender_page(
      request, context.database->write_value(db::Priority::web, [&](db::Connection& connection) {
        return compose::confirm_sender(connection, request.param("token"), context.clock->now());
      }));
}

Response not_there() { return refusal_page(404, "There is no such file, or not any more."); }

Response serve_file(const ContentRoutesContext& context, const Request& request) {
  const auto found = context.database->read_value([&](db::Connection& connection) {
    return compose::find_public_media(connection, request.param("token"));
  });
  if (!found) return refusal_page(503, "The file cannot be read just now. Try again later.");
  if (!*found || (*found)->media.file_name != request.param("file")) return not_there();
  const compose::Media& media = (*found)->media;
  const std::string etag = fmt::format("\"{}\"", to_base64url(media.hash));
  Response response;
  response.set("ETag", etag);
  response.set("Cache-Control", "public, max-age=31536000, immutable");
  // Shown by webmail of other origins, and by nothing that could run in ours.
  response.set("Cross-Origin-Resource-Policy", "cross-origin");
  response.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
  response.set("X-Content-Type-Options", "nosniff");
  if (net::names_etag(request.header("If-None-Match"), etag)) {
    response.status = 304;
    return response;
  }
  response.set("Content-Type", media.is_image() ? media.media_type : "application/octet-stream");
  if (!media.is_image()) {
    response.set("Content-Disposition", fmt::format("attachment; filename*=UTF-8''{}",
                                                    wire::percent_encode(media.file_name)));
  }
  response.body = (*found)->content;
  return response;
}

}  // namespace

void add_content_routes(net::Router& router, ContentRoutesContext context) {
  router.add("GET", "/m/{token}/{file}",
             [context](const Request& request) { return serve_file(context, request); });
  router.add("GET", "/sender/{token}", [context](const Request& request) {
    return sender_page(request, context.database->read_value([&](db::Connection& connection) {
      return compose::look_at_confirmation(connection, request.param("token"),
                                           context.clock->now());
    }));
  });
  router.add("POST", "/sender/{token}",
             [context](const Request& request) { return confirm(context, request); },
             {.body_bytes = 16 * 1024,
              .media_types = {"application/x-www-form-urlencoded", "multipart/form-data"},
              .is_body_required = true});
}

}  // namespace tidings::http
