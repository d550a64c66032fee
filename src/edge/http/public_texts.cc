#include "edge/http/public_texts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>

#include "base/text.h"

namespace tidings::http {

namespace {

constexpr PublicTexts kEnglish{
    .language = "en",
    .ask_title = "Unsubscribe",
    .ask_text =
        "Do you want <strong>{org}</strong> to stop sending mailings to "
        "<strong>{address}</strong>?",
    .ask_note =
        "Messages about something you arranged yourself, such as a ticket or an invoice, "
        "still reach you.",
    .unsubscribe_button = "Unsubscribe",
    .done_title = "You are unsubscribed",
    .done_text =
        "<strong>{org}</strong> sends no more mailings to <strong>{address}</strong>. "
        "One that is on its way at this moment may still arrive.",
    .undo_question = "Was this a mistake?",
    .undo_button = "Subscribe again",
    .undone_title = "You are subscribed again",
    .undone_text = "<strong>{org}</strong> sends its mailings to <strong>{address}</strong> again.",
    .invalid_title = "This link does not work",
    .invalid_text =
        "It may have been cut off, or it is too old. Open it once more from the "
        "message itself. If that does not help, answer the message and ask to be "
        "taken off the list. Nothing was changed.",
    .trouble_title = "That did not work just now",
    .trouble_text = "The trouble is on our side. Please try again in a few minutes.",
};

constexpr PublicTexts kDutch{
    .language = "nl",
    .ask_title = "Afmelden",
    .ask_text =
        "Wilt u dat <strong>{org}</strong> geen mailings meer stuurt naar "
        "<strong>{address}</strong>?",
    .ask_note =
        "Berichten over iets wat u zelf hebt geregeld, zoals een ticket of een factuur, "
        "blijft u ontvangen.",
    .unsubscribe_button = "Afmelden",
    .done_title = "U bent afgemeld",
    .done_text =
        "<strong>{org}</strong> stuurt geen mailings meer naar "
        "<strong>{address}</strong>. Een mailing die nu onderweg is, kan nog aankomen.",
    .undo_question = "Was dit een vergissing?",
    .undo_button = "Opnieuw aanmelden",
    .undone_title = "U bent weer aangemeld",
    .undone_text =
        "<strong>{org}</strong> stuurt de mailings weer naar "
        "<strong>{address}</strong>.",
    .invalid_title = "Deze link werkt niet",
    .invalid_text =
        "Misschien is de link afgekapt of te oud. Open de link nog eens vanuit het "
        "bericht zelf. Helpt dat niet, beantwoord dan het bericht en vraag om van de "
        "lijst te worden gehaald. Er is niets gewijzigd.",
    .trouble_title = "Dat lukte nu even niet",
    .trouble_text = "Het probleem ligt bij ons. Probeer het over een paar minuten opnieuw.",
};

constexpr PublicTexts kPolish{
    .language = "pl",
    .ask_title = "Rezygnacja z subskrypcji",
    .ask_text =
        "Czy <strong>{org}</strong> ma przestać wysyłać wiadomości zbiorowe na adres "
        "<strong>{address}</strong>?",
    .ask_note =
        "Wiadomości dotyczące Twoich własnych spraw, na przykład bilety lub faktury, "
        "nadal będą przychodzić.",
    .unsubscribe_button = "Zrezygnuj",
    .done_title = "Subskrypcja została anulowana",
    .done_text =
        "<strong>{org}</strong> nie będzie już wysyłać wiadomości zbiorowych na adres "
        "<strong>{address}</strong>. Wiadomość, która jest właśnie w drodze, może "
        "jeszcze dotrzeć.",
    .undo_question = "To była pomyłka?",
    .undo_button = "Subskrybuj ponownie",
    .undone_title = "Subskrypcja została przywrócona",
    .undone_text =
        "<strong>{org}</strong> znów wysyła wiadomości zbiorowe na adres "
        "<strong>{address}</strong>.",
    .invalid_title = "Ten link nie działa",
    .invalid_text =
        "Być może został ucięty albo jest zbyt stary. Otwórz go jeszcze raz z samej "
        "wiadomości. Jeśli to nie pomoże, odpowiedz na wiadomość i poproś o "
        "usunięcie z listy. Nic nie zostało zmienione.",
    .trouble_title = "Teraz się nie udało",
    .trouble_text = "Problem leży po naszej stronie. Spróbuj ponownie za kilka minut.",
};

constexpr PublicTexts kFrench{
    .language = "fr",
    .ask_title = "Se désabonner",
    .ask_text =
        "Souhaitez-vous que <strong>{org}</strong> n’adresse plus d’envois groupés à "
        "<strong>{address}</strong> ?",
    .ask_note =
        "Vous recevrez toujours les messages liés à vos propres démarches, comme un "
        "billet ou une facture.",
    .unsubscribe_button = "Me désabonner",
    .done_title = "Vous êtes désabonné(e)",
    .done_text =
        "<strong>{org}</strong> n’adressera plus d’envois groupés à "
        "<strong>{address}</strong>. Un message déjà en route peut encore arriver.",
    .undo_question = "C’était une erreur ?",
    .undo_button = "Me réabonner",
    .undone_title = "Vous êtes de nouveau abonné(e)",
    .undone_text =
        "<strong>{org}</strong> adresse de nouveau ses envois groupés à "
        "<strong>{address}</strong>.",
    .invalid_title = "Ce lien ne fonctionne pas",
    .invalid_text =
        "Il est peut-être incomplet ou trop ancien. Ouvrez-le à nouveau depuis le "
        "message lui-même. Si cela ne suffit pas, répondez au message et demandez à "
        "être retiré de la liste. Rien n’a été modifié.",
    .trouble_title = "Cela n’a pas fonctionné",
    .trouble_text = "Le problème vient de notre côté. Veuillez réessayer dans quelques minutes.",
};

constexpr std::array kAll = {&kEnglish, &kDutch, &kPolish, &kFrench};

// By the language of "nl-BE", "nl_BE" or "NL".
const PublicTexts* find_texts(std::string_view locale) {
  const std::string_view language = locale.substr(0, locale.find_first_of("-_"));
  if (language.size() != 2) return nullptr;
  for (const auto* texts : kAll) {
    if ((language[0] | 0x20) == texts->language[0] && (language[1] | 0x20) == texts->language[1]) {
      return texts;
    }
  }
  return nullptr;
}

// "0.8" as 800; 1000 when there is none; 0, which means "not this", for anything odd.
int quality(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == std::string_view::npos) return 1000;
  const std::string_view text = trimmed(parameters.substr(q + 2), kBlanks);
  if (text.starts_with('1')) return 1000;
  if (!text.starts_with("0.")) return 0;
  std::string digits(text.substr(2, 3));
  digits.append(3 - digits.size(), '0');
  int value = 0;
  std::from_chars(digits.data(), digits.data() + 3, value);
  return std::max(value, 0);
}

}  // namespace

const PublicTexts& choose_texts(std::initializer_list<std::string_view> locales,
                                std::string_view accept_language) {
  for (const auto locale : locales) {
    if (const auto* texts = find_texts(locale)) return *texts;
  }
  const PublicTexts* best = &kEnglish;
  int best_quality = 0;
  while (!accept_language.empty()) {
    const auto comma = std::min(accept_language.find(','), accept_language.size());
    const std::string_view range = accept_language.substr(0, comma);
    accept_language.remove_prefix(std::min(comma + 1, accept_language.size()));
    const auto mark = std::min(range.find(';'), range.size());
    const auto* const texts = find_texts(trimmed(range.substr(0, mark), kBlanks));
    if (texts == nullptr) continue;
    const int wanted = quality(range.substr(mark));
    if (wanted > best_quality) {
      best = texts;
      best_quality = wanted;
    }
  }
  return *best;
}

}  // namespace tidings::http
