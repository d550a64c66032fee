#include "compose/triggers/ready_texts.h"

#include <array>
#include <string>

#include <fmt/format.h>

namespace tidings::triggers {
namespace {

// One event in one language. The body is Liquid in HTML, the plain text is derived from it.
struct Words {
  std::string_view language;
  std::string_view subject;
  std::string_view body;
};

struct Greeting {
  std::string_view language;
  std::string_view named;  // before the first name
  std::string_view plain;  // without one
  std::string_view close;
};
constexpr std::array kGreetings = {
    Greeting{"en", "Dear", "Hello", "Kind regards,"},
    Greeting{"nl", "Beste", "Hallo", "Met vriendelijke groet,"},
    Greeting{"pl", "Dzień dobry,", "Dzień dobry", "Z poważaniem"},
    Greeting{"fr", "Bonjour", "Bonjour", "Cordialement,"},
};

using EventWords = std::array<Words, 4>;

constexpr EventWords kSignup = {
    Words{"en", "You are signed up for {{ data.event_name }}",
          "<p>You are signed up for <strong>{{ data.event_name }}</strong>.</p>\n"
          "<p>When: {{ data.event_date }}"
          "{% assign place = data.location | default: '' %}"
          "{% if place != '' %}<br>\nWhere: {{ place }}{% endif %}</p>\n"
          "{% assign details = data.details_url | default: '' %}{% if details != '' %}"
          "<p><a href=\"{{ details }}\">All about it</a></p>\n{% endif %}"
          "<p>If you cannot come after all, please let us know by answering this message.</p>\n"},
    Words{"nl", "U bent aangemeld voor {{ data.event_name }}",
          "<p>U bent aangemeld voor <strong>{{ data.event_name }}</strong>.</p>\n"
          "<p>Wanneer: {{ data.event_date }}"
          "{% assign place = data.location | default: '' %}"
          "{% if place != '' %}<br>\nWaar: {{ place }}{% endif %}</p>\n"
          "{% assign details = data.details_url | default: '' %}{% if details != '' %}"
          "<p><a href=\"{{ details }}\">Alles erover</a></p>\n{% endif %}"
          "<p>Kunt u toch niet komen? Laat het ons weten door op dit bericht te antwoorden.</p>\n"},
    Words{"pl", "Potwierdzenie zgłoszenia: {{ data.event_name }}",
          "<p>Potwierdzamy zgłoszenie na wydarzenie <strong>{{ data.event_name }}</strong>.</p>\n"
          "<p>Kiedy: {{ data.event_date }}"
          "{% assign place = data.location | default: '' %}"
          "{% if place != '' %}<br>\nGdzie: {{ place }}{% endif %}</p>\n"
          "{% assign details = data.details_url | default: '' %}{% if details != '' %}"
          "<p><a href=\"{{ details }}\">Więcej informacji</a></p>\n{% endif %}"
          "<p>Jeśli jednak nie możesz przyjść, daj nam znać, odpowiadając na tę wiadomość.</p>\n"},
    Words{"fr", "Votre inscription : {{ data.event_name }}",
          "<p>Vous êtes inscrit(e) à <strong>{{ data.event_name }}</strong>.</p>\n"
          "<p>Quand : {{ data.event_date }}"
          "{% assign place = data.location | default: '' %}"
          "{% if place != '' %}<br>\nOù : {{ place }}{% endif %}</p>\n"
          "{% assign details = data.details_url | default: '' %}{% if details != '' %}"
          "<p><a href=\"{{ details }}\">En savoir plus</a></p>\n{% endif %}"
          "<p>Si vous ne pouvez finalement pas venir, prévenez-nous en répondant à ce "
          "message.</p>\n"},
};

constexpr EventWords kPurchase = {
    Words{"en", "Your order {{ data.order_number }}",
          "<p>Thank you for your order <strong>{{ data.order_number }}</strong>.</p>\n"
          "<ul>\n{% for item in data.items %}<li>{{ item.quantity }} × {{ item.name }}: "
          "{{ item.price }}</li>\n{% endfor %}</ul>\n"
          "<p>Total: <strong>{{ data.total }}</strong></p>\n"
          "{% assign order = data.order_url | default: '' %}{% if order != '' %}"
          "<p><a href=\"{{ order }}\">Look at your order</a></p>\n{% endif %}"},
    Words{"nl", "Uw bestelling {{ data.order_number }}",
          "<p>Bedankt voor uw bestelling <strong>{{ data.order_number }}</strong>.</p>\n"
          "<ul>\n{% for item in data.items %}<li>{{ item.quantity }} × {{ item.name }}: "
          "{{ item.price }}</li>\n{% endfor %}</ul>\n"
          "<p>Totaal: <strong>{{ data.total }}</strong></p>\n"
          "{% assign order = data.order_url | default: '' %}{% if order != '' %}"
          "<p><a href=\"{{ order }}\">Bekijk uw bestelling</a></p>\n{% endif %}"},
    Words{"pl", "Twoje zamówienie {{ data.order_number }}",
          "<p>Dziękujemy za zamówienie <strong>{{ data.order_number }}</strong>.</p>\n"
          "<ul>\n{% for item in data.items %}<li>{{ item.quantity }} × {{ item.name }}: "
          "{{ item.price }}</li>\n{% endfor %}</ul>\n"
          "<p>Razem: <strong>{{ data.total }}</strong></p>\n"
          "{% assign order = data.order_url | default: '' %}{% if order != '' %}"
          "<p><a href=\"{{ order }}\">Zobacz zamówienie</a></p>\n{% endif %}"},
    Words{"fr", "Votre commande {{ data.order_number }}",
          "<p>Merci pour votre commande <strong>{{ data.order_number }}</strong>.</p>\n"
          "<ul>\n{% for item in data.items %}<li>{{ item.quantity }} × {{ item.name }} : "
          "{{ item.price }}</li>\n{% endfor %}</ul>\n"
          "<p>Total : <strong>{{ data.total }}</strong></p>\n"
          "{% assign order = data.order_url | default: '' %}{% if order != '' %}"
          "<p><a href=\"{{ order }}\">Voir votre commande</a></p>\n{% endif %}"},
};

constexpr EventWords kInvoice = {
    Words{"en", "Invoice {{ data.invoice_number }}",
          "<p>Here is your invoice <strong>{{ data.invoice_number }}</strong>.</p>\n"
          "<p>Amount: <strong>{{ data.amount }}</strong><br>\n"
          "To be paid by: {{ data.due_date }}</p>\n"
          "{% assign invoice = data.invoice_url | default: '' %}{% if invoice != '' %}"
          "<p><a href=\"{{ invoice }}\">Look at the invoice and pay</a></p>\n{% endif %}"
          "<p>Is something not right? Please answer this message.</p>\n"},
    Words{"nl", "Factuur {{ data.invoice_number }}",
          "<p>Hierbij uw factuur <strong>{{ data.invoice_number }}</strong>.</p>\n"
          "<p>Bedrag: <strong>{{ data.amount }}</strong><br>\n"
          "Te betalen vóór: {{ data.due_date }}</p>\n"
          "{% assign invoice = data.invoice_url | default: '' %}{% if invoice != '' %}"
          "<p><a href=\"{{ invoice }}\">Bekijk en betaal de factuur</a></p>\n{% endif %}"
          "<p>Klopt er iets niet? Beantwoord dan dit bericht.</p>\n"},
    Words{"pl", "Faktura {{ data.invoice_number }}",
          "<p>Przesyłamy fakturę <strong>{{ data.invoice_number }}</strong>.</p>\n"
          "<p>Kwota: <strong>{{ data.amount }}</strong><br>\n"
          "Termin płatności: {{ data.due_date }}</p>\n"
          "{% assign invoice = data.invoice_url | default: '' %}{% if invoice != '' %}"
          "<p><a href=\"{{ invoice }}\">Zobacz i opłać fakturę</a></p>\n{% endif %}"
          "<p>Coś się nie zgadza? Prosimy o odpowiedź na tę wiadomość.</p>\n"},
    Words{"fr", "Facture {{ data.invoice_number }}",
          "<p>Voici votre facture <strong>{{ data.invoice_number }}</strong>.</p>\n"
          "<p>Montant : <strong>{{ data.amount }}</strong><br>\n"
          "À régler avant le : {{ data.due_date }}</p>\n"
          "{% assign invoice = data.invoice_url | default: '' %}{% if invoice != '' %}"
          "<p><a href=\"{{ invoice }}\">Voir et régler la facture</a></p>\n{% endif %}"
          "<p>Une erreur ? Répondez simplement à ce message.</p>\n"},
};

constexpr EventWords kMember = {
    Words{"en", "Welcome to {{ organisation.name }}",
          "<p>Welcome! You are now a member of <strong>{{ organisation.name }}</strong>.</p>\n"
          "{% assign number = data.member_number | default: '' %}{% if number != '' %}"
          "<p>Your member number: <strong>{{ number }}</strong></p>\n{% endif %}"
          "{% assign account = data.login_url | default: '' %}{% if account != '' %}"
          "<p><a href=\"{{ account }}\">Go to your account</a></p>\n{% endif %}"
          "<p>Do you have a question? Just answer this message.</p>\n"},
    Words{"nl", "Welkom bij {{ organisation.name }}",
          "<p>Welkom! U bent nu lid van <strong>{{ organisation.name }}</strong>.</p>\n"
          "{% assign number = data.member_number | default: '' %}{% if number != '' %}"
          "<p>Uw lidnummer: <strong>{{ number }}</strong></p>\n{% endif %}"
          "{% assign account = data.login_url | default: '' %}{% if account != '' %}"
          "<p><a href=\"{{ account }}\">Naar uw account</a></p>\n{% endif %}"
          "<p>Hebt u een vraag? Beantwoord dan gewoon dit bericht.</p>\n"},
    Words{"pl", "Witamy w {{ organisation.name }}",
          "<p>Witamy wśród członków <strong>{{ organisation.name }}</strong>!</p>\n"
          "{% assign number = data.member_number | default: '' %}{% if number != '' %}"
          "<p>Twój numer członkowski: <strong>{{ number }}</strong></p>\n{% endif %}"
          "{% assign account = data.login_url | default: '' %}{% if account != '' %}"
          "<p><a href=\"{{ account }}\">Przejdź do swojego konta</a></p>\n{% endif %}"
          "<p>Masz pytanie? Po prostu odpowiedz na tę wiadomość.</p>\n"},
    Words{"fr", "Bienvenue chez {{ organisation.name }}",
          "<p>Bienvenue ! Vous êtes maintenant membre de "
          "<strong>{{ organisation.name }}</strong>.</p>\n"
          "{% assign number = data.member_number | default: '' %}{% if number != '' %}"
          "<p>Votre numéro de membre : <strong>{{ number }}</strong></p>\n{% endif %}"
          "{% assign account = data.login_url | default: '' %}{% if account != '' %}"
          "<p><a href=\"{{ account }}\">Accéder à votre compte</a></p>\n{% endif %}"
          "<p>Une question ? Répondez simplement à ce message.</p>\n"},
};

const EventWords* words_of(std::string_view event) {
  if (event == "event_signup") return &kSignup;
  if (event == "webshop_purchase") return &kPurchase;
  if (event == "invoice") return &kInvoice;
  if (event == "new_member") return &kMember;
  return nullptr;
}

std::string html_of(const Words& words, const Greeting& greeting) {
  return fmt::format(
      "<p>{{% assign first_name = contact.first_name | default: '' %}}"
      "{{% if first_name != '' %}}{} {{{{ first_name }}}},{{% else %}}{},{{% endif %}}</p>\n"
      "{}<p>{}<br>\n{{{{ organisation.name }}}}</p>\n",
      greeting.named, greeting.plain, words.body, greeting.close);
}

}  // namespace

std::optional<compose::TemplateContent> ready_text(std::string_view event) {
  const EventWords* words = words_of(event);
  if (words == nullptr) return std::nullopt;
  compose::TemplateContent content;
  for (std::size_t i = 0; i < words->size(); ++i) {
    const Words& each = (*words)[i];
    std::string html = html_of(each, kGreetings[i]);
    if (i == 0) {
      content.draft.locale = each.language;
      content.draft.subject = each.subject;
      content.draft.html = std::move(html);
      continue;
    }
    compose::Variant& variant = content.variants.emplace_back();
    variant.locale = each.language;
    variant.subject = each.subject;
    variant.html = std::move(html);
  }
  return content;
}

}  // namespace tidings::triggers
