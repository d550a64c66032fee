#include "report/arrival_sentence.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "domain/wall_time.h"

namespace tidings::report {

namespace {

// {subject}, {address}, {at}, {reason}, {next} and {remote} are filled in.
struct Catalogue {
  std::array<std::string_view, kStatusCount> sentences;  // by status
  std::string_view nowhere;                              // instead of {address} when there is none
  std::string_view some_server;                          // instead of {remote}
  std::string_view soon;                                 // instead of {next}
  std::string_view no_reason;                            // instead of {reason}
  std::array<std::string_view, 3> nothing;               // by NothingToTell
};

constexpr Catalogue kEnglish = {
    {"Not yet: “{subject}” to {address} waits to be sent.",
     "Not yet: “{subject}” is being handed over to {address} right now.",
     "Not yet: the receiving side asked to try “{subject}” to {address} again later; next attempt "
     "{next}.",
     "It left: “{subject}” to {address} was accepted by {remote} on {at}. Whether it reached the "
     "inbox is not known here.",
     "Yes: the mail server of {address} accepted “{subject}” on {at}. That is no proof of the "
     "inbox.",
     "Yes: “{subject}” to {address} arrived; it was opened on {at}.",
     "Yes: “{subject}” to {address} arrived; a link in it was followed on {at}.",
     "No: “{subject}” to {address} was refused on {at}: {reason}.",
     "Yes: “{subject}” to {address} arrived, and was marked as spam on {at}.",
     "Yes: “{subject}” to {address} arrived; the recipient unsubscribed through it on {at}.",
     "No: “{subject}” was not sent to {address}: {reason}.",
     "No: “{subject}” was not sent to {address}: {reason}.",
     "No: “{subject}” to {address} was given up on {at}: {reason}.",
     "Not yet: “{subject}” to {address} is held until a person decides: {reason}.",
     "No: “{subject}” to {address} was cancelled on {at}, before it was sent.",
     "It is not certain: the connection broke on {at} after “{subject}” to {address} was handed "
     "over and before the answer came."},
    "nobody (there is no address)",
    "the mail server",
    "soon",
    "no reason was given",
    {"Nothing is known here under this name, address or number: no person, and no message.",
     "This person is known here, and the record has no message to them.",
     "Whoever had this address was erased at their request. What they were sent is known here no "
     "more; only that nothing may be sent to them."}};

constexpr Catalogue kDutch = {
    {"Nog niet: “{subject}” aan {address} wacht op verzending.",
     "Nog niet: “{subject}” wordt op dit moment afgeleverd bij {address}.",
     "Nog niet: de ontvangende kant vroeg om “{subject}” aan {address} later opnieuw te proberen; "
     "volgende poging {next}.",
     "Het is weg: “{subject}” aan {address} werd op {at} aangenomen door {remote}. Of het de inbox "
     "bereikte is hier niet bekend.",
     "Ja: de mailserver van {address} nam “{subject}” aan op {at}. Dat bewijst niet dat het in de "
     "inbox staat.",
     "Ja: “{subject}” aan {address} is aangekomen; het werd geopend op {at}.",
     "Ja: “{subject}” aan {address} is aangekomen; er werd een link in gevolgd op {at}.",
     "Nee: “{subject}” aan {address} werd op {at} geweigerd: {reason}.",
     "Ja: “{subject}” aan {address} is aangekomen, en werd op {at} als spam gemeld.",
     "Ja: “{subject}” aan {address} is aangekomen; de ontvanger meldde zich ermee af op {at}.",
     "Nee: “{subject}” is niet verstuurd aan {address}: {reason}.",
     "Nee: “{subject}” is niet verstuurd aan {address}: {reason}.",
     "Nee: “{subject}” aan {address} werd op {at} opgegeven: {reason}.",
     "Nog niet: “{subject}” aan {address} wordt vastgehouden tot iemand beslist: {reason}.",
     "Nee: “{subject}” aan {address} werd op {at} geannuleerd, voor het verstuurd was.",
     "Het is niet zeker: de verbinding brak op {at}, nadat “{subject}” aan {address} was "
     "overgedragen en voor het antwoord kwam."},
    "niemand (er is geen adres)",
    "de mailserver",
    "binnenkort",
    "er is geen reden genoemd",
    {"Onder deze naam, dit adres of dit nummer is hier niets bekend: geen persoon en geen bericht.",
     "Deze persoon is hier bekend, en het archief heeft geen bericht aan hen.",
     "Wie dit adres had is op verzoek gewist. Wat er gestuurd is, is hier niet meer bekend; alleen "
     "dat er niets meer gestuurd mag worden."}};

constexpr Catalogue kPolish = {
    {"Jeszcze nie: „{subject}” do {address} czeka na wysłanie.",
     "Jeszcze nie: „{subject}” jest właśnie przekazywana do {address}.",
     "Jeszcze nie: serwer odbiorcy poprosił o ponowienie „{subject}” do {address} później; "
     "następna "
     "próba {next}.",
     "Wysłana: „{subject}” do {address} została przyjęta przez {remote} dnia {at}. Czy dotarła do "
     "skrzynki, nie wiadomo.",
     "Tak: serwer poczty {address} przyjął „{subject}” dnia {at}. Nie dowodzi to, że jest w "
     "skrzynce.",
     "Tak: „{subject}” do {address} dotarła; otwarto ją dnia {at}.",
     "Tak: „{subject}” do {address} dotarła; kliknięto w niej odnośnik dnia {at}.",
     "Nie: „{subject}” do {address} została odrzucona dnia {at}: {reason}.",
     "Tak: „{subject}” do {address} dotarła i została oznaczona jako spam dnia {at}.",
     "Tak: „{subject}” do {address} dotarła; odbiorca wypisał się przez nią dnia {at}.",
     "Nie: „{subject}” nie została wysłana do {address}: {reason}.",
     "Nie: „{subject}” nie została wysłana do {address}: {reason}.",
     "Nie: zaniechano wysyłki „{subject}” do {address} dnia {at}: {reason}.",
     "Jeszcze nie: „{subject}” do {address} jest wstrzymana do czyjejś decyzji: {reason}.",
     "Nie: „{subject}” do {address} anulowano dnia {at}, przed wysłaniem.",
     "Nie ma pewności: połączenie zerwano dnia {at} po przekazaniu „{subject}” do {address}, a "
     "przed odpowiedzią."},
    "nikogo (nie ma adresu)",
    "serwer poczty",
    "wkrótce",
    "nie podano powodu",
    {"Pod tą nazwą, adresem ani numerem nic tu nie wiadomo: nie ma osoby ani wiadomości.",
     "Ta osoba jest tu znana, a rejestr nie ma żadnej wiadomości do niej.",
     "Osoba z tym adresem została usunięta na własne życzenie. Nie wiadomo już, co do niej "
     "wysłano; "
     "tylko to, że nie wolno do niej pisać."}};

constexpr Catalogue kFrench = {
    {"Pas encore : « {subject} » à {address} attend d'être envoyé.",
     "Pas encore : « {subject} » est en cours de remise à {address}.",
     "Pas encore : le destinataire a demandé de réessayer « {subject} » à {address} plus tard ; "
     "prochain essai {next}.",
     "Parti : « {subject} » à {address} a été accepté par {remote} le {at}. On ne sait pas ici "
     "s'il "
     "est dans la boîte de réception.",
     "Oui : le serveur de {address} a accepté « {subject} » le {at}. Cela ne prouve pas qu'il est "
     "dans la boîte de réception.",
     "Oui : « {subject} » à {address} est arrivé ; il a été ouvert le {at}.",
     "Oui : « {subject} » à {address} est arrivé ; un lien y a été suivi le {at}.",
     "Non : « {subject} » à {address} a été refusé le {at} : {reason}.",
     "Oui : « {subject} » à {address} est arrivé, et a été signalé comme spam le {at}.",
     "Oui : « {subject} » à {address} est arrivé ; le destinataire s'est désinscrit par lui le "
     "{at}.",
     "Non : « {subject} » n'a pas été envoyé à {address} : {reason}.",
     "Non : « {subject} » n'a pas été envoyé à {address} : {reason}.",
     "Non : « {subject} » à {address} a été abandonné le {at} : {reason}.",
     "Pas encore : « {subject} » à {address} est retenu jusqu'à la décision de quelqu'un : "
     "{reason}.",
     "Non : « {subject} » à {address} a été annulé le {at}, avant d'être envoyé.",
     "Ce n'est pas certain : la connexion a été coupée le {at}, après la remise de « {subject} » à "
     "{address} et avant la réponse."},
    "personne (il n'y a pas d'adresse)",
    "le serveur de messagerie",
    "bientôt",
    "aucune raison n'a été donnée",
    {"On ne connaît ici rien sous ce nom, cette adresse ou ce numéro : ni personne, ni message.",
     "Cette personne est connue ici, et le registre n'a aucun message pour elle.",
     "La personne de cette adresse a été effacée à sa demande. On ne sait plus ici ce qui lui a "
     "été "
     "envoyé ; seulement que rien ne doit lui être envoyé."}};

const Catalogue& catalogue(SentenceLanguage language) {
  switch (language) {
    case SentenceLanguage::dutch:
      return kDutch;
    case SentenceLanguage::polish:
      return kPolish;
    case SentenceLanguage::french:
      return kFrench;
    case SentenceLanguage::english:
      break;
  }
  return kEnglish;
}

// "2026-12-01 08:00 (Europe/Amsterdam)": the minute is enough for a person.
std::string told_time(Instant at, std::string_view zone) {
  std::string text = wall_time_text(at, zone).substr(0, 16);
  if (text.size() > 10) text[10] = ' ';
  return fmt::format("{} ({})", text, is_time_zone(zone) ? zone : "UTC");
}

}  // namespace

SentenceLanguage sentence_language(std::string_view locale) {
  const std::string_view language = locale.substr(0, locale.find_first_of("-_"));
  if (language == "nl") return SentenceLanguage::dutch;
  if (language == "pl") return SentenceLanguage::polish;
  if (language == "fr") return SentenceLanguage::french;
  return SentenceLanguage::english;
}

std::string arrival_sentence(const ArrivalFacts& facts, SentenceLanguage language) {
  const Catalogue& words = catalogue(language);
  const auto or_else = [](std::string_view text, std::string_view other) {
    return text.empty() ? other : text;
  };
  std::string reason(or_else(facts.reason, words.no_reason));
  std::ranges::replace(reason, '_', ' ');
  const std::string at = told_time(facts.at, facts.time_zone);
  return fmt::format(fmt::runtime(words.sentences.at(static_cast<std::size_t>(facts.status))),
                     fmt::arg("subject", facts.subject),
                     fmt::arg("address", or_else(facts.address, words.nowhere)), fmt::arg("at", at),
                     fmt::arg("reason", reason),
                     fmt::arg("next", or_else(facts.next_at, words.soon)),
                     fmt::arg("remote", or_else(facts.remote, words.some_server)));
}

std::string nothing_sentence(NothingToTell why, SentenceLanguage language) {
  return std::string(catalogue(language).nothing.at(static_cast<std::size_t>(why)));
}

}  // namespace tidings::report
