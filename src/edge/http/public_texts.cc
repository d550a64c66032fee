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
    .ask_note = "Messages that you cannot do without, such as an invoice, still reach you.",
    .unsubscribe_button = "Unsubscribe",
    .done_title = "You are unsubscribed",
    .done_text =
        "<strong>{org}</strong> sends no more mailings to <strong>{address}</strong>. "
        "One that is on its way at this moment may still arrive.",
    .undo_question = "Was this a mistake?",
    .undo_button = "Subscribe again",
    .undone_title = "You are subscribed again",
    .undone_text = "<strong>{org}</strong> sends its mailings to <strong>{address}</strong> again.",
    .ask_topic_text =
        "<strong>{org}</strong> writes to <strong>{address}</strong> about "
        "<strong>{topic}</strong>. What would you like to stop?",
    .topic_button = "Only {topic}",
    .everything_button = "Everything",
    .done_topic_text =
        "<strong>{org}</strong> no longer writes to <strong>{address}</strong> about "
        "<strong>{topic}</strong>. One message that is on its way at this moment may still arrive.",
    .undone_topic_text =
        "<strong>{org}</strong> writes to <strong>{address}</strong> about "
        "<strong>{topic}</strong> again.",
    .essential_title = "This message goes to everybody",
    .essential_text =
        "<strong>{topic}</strong> is too important to miss, so nobody can unsubscribe from it. "
        "About everything else that <strong>{org}</strong> sends to <strong>{address}</strong>, "
        "you can choose.",
    .choose_link = "Choose what you receive",
    .choose_title = "What would you like to receive?",
    .choose_text = "This is what <strong>{org}</strong> sends to <strong>{address}</strong>.",
    .mailings = "Mailings",
    .others = "Everything else",
    .others_text = "Mailings without a topic, and new topics",
    .always = "Always sent",
    .email = "Email",
    .sms = "Text message",
    .save_button = "Save",
    .nothing_button = "Unsubscribe from everything",
    .saved = "Your choices are saved.",
    .restored = "Your choices are as they were before.",
    .undo_choice_button = "Undo",
    .invalid_title = "This link does not work",
    .invalid_text =
        "It may have been cut off, or it is too old. Open it once more from the "
        "message itself. If that does not help, answer the message and ask to be "
        "taken off the list. Nothing was changed.",
    .invalid_reading_text =
        "It may have been cut off, or it is too old. Open it once more from the "
        "message itself. If that does not help, answer the message and say so.",
    .trouble_title = "That did not work just now",
    .trouble_text = "The trouble is on our side. Please try again in a few minutes.",
};

constexpr PublicTexts kDutch{
    .language = "nl",
    .ask_title = "Afmelden",
    .ask_text =
        "Wilt u dat <strong>{org}</strong> geen mailings meer stuurt naar "
        "<strong>{address}</strong>?",
    .ask_note = "Berichten die u niet kunt missen, zoals een factuur, blijft u ontvangen.",
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
    .ask_topic_text =
        "<strong>{org}</strong> schrijft naar <strong>{address}</strong> over "
        "<strong>{topic}</strong>. Wat wilt u niet meer ontvangen?",
    .topic_button = "Alleen {topic}",
    .everything_button = "Alles",
    .done_topic_text =
        "<strong>{org}</strong> schrijft niet meer naar <strong>{address}</strong> over "
        "<strong>{topic}</strong>. Een bericht dat nu onderweg is, kan nog aankomen.",
    .undone_topic_text =
        "<strong>{org}</strong> schrijft weer naar <strong>{address}</strong> over "
        "<strong>{topic}</strong>.",
    .essential_title = "Dit bericht gaat naar iedereen",
    .essential_text =
        "<strong>{topic}</strong> is te belangrijk om te missen. Daarom kan niemand zich ervoor "
        "afmelden. Over al het andere dat <strong>{org}</strong> naar <strong>{address}</strong> "
        "stuurt, kunt u zelf kiezen.",
    .choose_link = "Kies wat u ontvangt",
    .choose_title = "Wat wilt u ontvangen?",
    .choose_text = "Dit stuurt <strong>{org}</strong> naar <strong>{address}</strong>.",
    .mailings = "Mailings",
    .others = "Al het andere",
    .others_text = "Mailings zonder onderwerp, en nieuwe onderwerpen",
    .always = "Altijd",
    .email = "E-mail",
    .sms = "Sms",
    .save_button = "Opslaan",
    .nothing_button = "Afmelden voor alles",
    .saved = "Uw keuzes zijn opgeslagen.",
    .restored = "Uw keuzes zijn weer zoals ze waren.",
    .undo_choice_button = "Ongedaan maken",
    .invalid_title = "Deze link werkt niet",
    .invalid_text =
        "Misschien is de link afgekapt of te oud. Open de link nog eens vanuit het "
        "bericht zelf. Helpt dat niet, beantwoord dan het bericht en vraag om van de "
        "lijst te worden gehaald. Er is niets gewijzigd.",
    .invalid_reading_text =
        "Misschien is de link afgekapt of te oud. Open de link nog eens vanuit het "
        "bericht zelf. Helpt dat niet, beantwoord dan het bericht en meld het.",
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
        "Wiadomości, bez których nie możesz się obejść, na przykład faktury, nadal będą "
        "przychodzić.",
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
    .ask_topic_text =
        "<strong>{org}</strong> pisze na adres <strong>{address}</strong> na temat: "
        "<strong>{topic}</strong>. Z czego chcesz zrezygnować?",
    .topic_button = "Tylko: {topic}",
    .everything_button = "Ze wszystkiego",
    .done_topic_text =
        "<strong>{org}</strong> nie będzie już pisać na adres <strong>{address}</strong> na temat: "
        "<strong>{topic}</strong>. Wiadomość, która jest właśnie w drodze, może jeszcze dotrzeć.",
    .undone_topic_text =
        "<strong>{org}</strong> znów pisze na adres <strong>{address}</strong> na temat: "
        "<strong>{topic}</strong>.",
    .essential_title = "Ta wiadomość trafia do wszystkich",
    .essential_text =
        "<strong>{topic}</strong> to temat zbyt ważny, by go przeoczyć, dlatego nikt nie może z "
        "niego zrezygnować. O wszystkim innym, co <strong>{org}</strong> wysyła na adres "
        "<strong>{address}</strong>, decydujesz sam(a).",
    .choose_link = "Wybierz, co chcesz otrzymywać",
    .choose_title = "Co chcesz otrzymywać?",
    .choose_text = "Oto co <strong>{org}</strong> wysyła na adres <strong>{address}</strong>.",
    .mailings = "Wiadomości zbiorowe",
    .others = "Wszystko inne",
    .others_text = "Wiadomości bez tematu oraz nowe tematy",
    .always = "Zawsze",
    .email = "E-mail",
    .sms = "SMS",
    .save_button = "Zapisz",
    .nothing_button = "Zrezygnuj ze wszystkiego",
    .saved = "Twoje ustawienia zostały zapisane.",
    .restored = "Przywrócono poprzednie ustawienia.",
    .undo_choice_button = "Cofnij",
    .invalid_title = "Ten link nie działa",
    .invalid_text =
        "Być może został ucięty albo jest zbyt stary. Otwórz go jeszcze raz z samej "
        "wiadomości. Jeśli to nie pomoże, odpowiedz na wiadomość i poproś o "
        "usunięcie z listy. Nic nie zostało zmienione.",
    .invalid_reading_text =
        "Być może został ucięty albo jest zbyt stary. Otwórz go jeszcze raz z samej "
        "wiadomości. Jeśli to nie pomoże, odpowiedz na wiadomość i daj nam znać.",
    .trouble_title = "Teraz się nie udało",
    .trouble_text = "Problem leży po naszej stronie. Spróbuj ponownie za kilka minut.",
};

constexpr PublicTexts kFrench{
    .language = "fr",
    .ask_title = "Se désabonner",
    .ask_text =
        "Souhaitez-vous que <strong>{org}</strong> n’adresse plus d’envois groupés à "
        "<strong>{address}</strong> ?",
    .ask_note = "Vous recevrez toujours les messages indispensables, comme une facture.",
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
    .ask_topic_text =
        "<strong>{org}</strong> écrit à <strong>{address}</strong> au sujet de "
        "<strong>{topic}</strong>. Que ne souhaitez-vous plus recevoir ?",
    .topic_button = "Seulement {topic}",
    .everything_button = "Tout",
    .done_topic_text =
        "<strong>{org}</strong> n’écrira plus à <strong>{address}</strong> au sujet de "
        "<strong>{topic}</strong>. Un message déjà en route peut encore arriver.",
    .undone_topic_text =
        "<strong>{org}</strong> écrit de nouveau à <strong>{address}</strong> au sujet de "
        "<strong>{topic}</strong>.",
    .essential_title = "Ce message est adressé à tout le monde",
    .essential_text =
        "<strong>{topic}</strong> est trop important pour être manqué : personne ne peut s’en "
        "désabonner. Pour tout le reste de ce que <strong>{org}</strong> envoie à "
        "<strong>{address}</strong>, vous pouvez choisir.",
    .choose_link = "Choisir ce que vous recevez",
    .choose_title = "Que souhaitez-vous recevoir ?",
    .choose_text = "Voici ce que <strong>{org}</strong> envoie à <strong>{address}</strong>.",
    .mailings = "Envois groupés",
    .others = "Tout le reste",
    .others_text = "Les envois sans thème et les nouveaux thèmes",
    .always = "Toujours",
    .email = "E-mail",
    .sms = "SMS",
    .save_button = "Enregistrer",
    .nothing_button = "Me désabonner de tout",
    .saved = "Vos choix sont enregistrés.",
    .restored = "Vos choix sont de nouveau comme avant.",
    .undo_choice_button = "Annuler",
    .invalid_title = "Ce lien ne fonctionne pas",
    .invalid_text =
        "Il est peut-être incomplet ou trop ancien. Ouvrez-le à nouveau depuis le "
        "message lui-même. Si cela ne suffit pas, répondez au message et demandez à "
        "être retiré de la liste. Rien n’a été modifié.",
    .invalid_reading_text =
        "Il est peut-être incomplet ou trop ancien. Ouvrez-le à nouveau depuis le "
        "message lui-même. Si cela ne suffit pas, répondez au message pour le signaler.",
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
