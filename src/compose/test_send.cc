#include "compose/test_send.h"

#include <array>
#include <boost/json.hpp>

#include <fmt/format.h>

#include "audience/suppression_check.h"
#include "base/json_text.h"
#include "compose/draft_content.h"
#include "compose/preview.h"
#include "delivery/content_store.h"
#include "delivery/prepare_email.h"
#include "domain/recipient_rule.h"
#include "wire/email_address.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

// {org}, {address} and {link} are filled in.
struct VerificationWords {
  std::string_view language;
  std::string_view subject;
  std::string_view text;
};
constexpr std::array kWords = {
    VerificationWords{"en", "Confirm that {org} may write as {address}",
                      "Somebody at {org} wants to send messages in the name of {address}.\n\n"
                      "If that is right, open this page and press the button on it:\n\n{link}\n\n"
                      "The link works for seven days. If you know nothing of this, do nothing: "
                      "without your word no mailing is sent in this name.\n"},
    VerificationWords{"nl", "Bevestig dat {org} mag schrijven als {address}",
                      "Iemand bij {org} wil berichten versturen uit naam van {address}.\n\n"
                      "Klopt dat? Open dan deze pagina en druk op de knop:\n\n{link}\n\n"
                      "De link werkt zeven dagen. Weet u hier niets van, doe dan niets: zonder uw "
                      "woord wordt er geen mailing uit deze naam verstuurd.\n"},
    VerificationWords{"pl", "Potwierdź, że {org} może pisać jako {address}",
                      "Ktoś z {org} chce wysyłać wiadomości w imieniu {address}.\n\n"
                      "Jeśli to się zgadza, otwórz tę stronę i naciśnij przycisk:\n\n{link}\n\n"
                      "Odnośnik działa siedem dni. Jeśli nic o tym nie wiesz, nie rób nic: bez "
                      "Twojej zgody nie zostanie wysłana żadna wiadomość pod tą nazwą.\n"},
    VerificationWords{"fr", "Confirmez que {org} peut écrire au nom de {address}",
                      "Quelqu'un de {org} veut envoyer des messages au nom de {address}.\n\n"
                      "Si c'est exact, ouvrez cette page et appuyez sur le bouton :\n\n{link}\n\n"
                      "Le lien fonctionne sept jours. Si vous n'en savez rien, ne faites rien : "
                      "sans votre accord, aucun envoi ne part sous ce nom.\n"},
};

const VerificationWords& words_for(std::string_view locale) {
  for (const VerificationWords& words : kWords) {
    if (locale.substr(0, 2) == words.language) return words;
  }
  return kWords[0];
}

// As text that Liquid prints as it is.
std::string literal(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool opens =
        text[i] == '{' && (i + 1 == text.size() || text[i + 1] == '{' || text[i + 1] == '%');
    if (opens) {
      out += "{{ '{' }}";
    } else {
      out += text[i] == '\r' || text[i] == '\n' ? ' ' : text[i];
    }
  }
  return out;
}

std::string filled(std::string_view words, std::string_view organisation, std::string_view address,
                   std::string_view link) {
  std::string out;
  while (!words.empty()) {
    if (words.starts_with("{org}")) {
      out += literal(organisation);
      words.remove_prefix(5);
    } else if (words.starts_with("{address}")) {
      out += literal(address);
      words.remove_prefix(9);
    } else if (words.starts_with("{link}")) {
      out += link;
      words.remove_prefix(6);
    } else {
      out += words[0];
      words.remove_prefix(1);
    }
  }
  return out;
}

constexpr db::Statement kSenderOfMessage{
    "compose.sender_of_message",
    "SELECT s.id FROM message m JOIN content_version v ON v.organisation_id = m.organisation_id"
    " AND v.id = m.content_version_id JOIN sender s ON s.organisation_id = m.organisation_id"
    " AND s.normalised = LOWER(v.from_address) WHERE m.organisation_id = $1 AND m.id = $2"
    " ORDER BY s.id LIMIT 1"};

// Freezes `draft` as a message of `kind`, to be enqueued any number of times.
struct Frozen {
  ContentVersionId id;
  audience::UsedFields used;
};
Result<Frozen> freeze(db::Connection& connection, const TestContext& context, const Draft& draft,
                      MessageKind kind) {
  const CompiledDraft compiled =
      TRY(compile_draft(connection, context.organisation, draft, kind, context.now));
  const auto id = context.ids.next<ContentVersionId>();
  TRY(delivery::freeze_content(connection, context.organisation.id, id, compiled.email,
                               compiled.used, compiled.reference, context.now));
  return Frozen{id, compiled.used};
}

Result<TestMessage> enqueue(db::Connection& connection, const TestContext& context,
                            MessageKind kind, ContentVersionId content, std::string_view typed,
                            std::string values, MessageId id) {
  const auto address = TRY(wire::parse_email_address(typed, wire::DomainRule::any));
  const std::string key = wire::comparison_key(address);
  const RecipientPolicy policy{.kind = kind, .now = context.now};
  const auto suppressed = TRY(audience::find_suppressed(
      connection, context.organisation.id, Channel::email, policy, {std::string_view(key)}));
  RecipientFacts facts;
  facts.has_address = true;
  if (!suppressed.empty()) facts.suppression = suppressed.begin()->second;
  RecipientDecision decision = decide_recipient(facts, policy);
  delivery::DirectMessage direct;
  direct.organisation_id = context.organisation.id;
  direct.message.id = id;
  direct.message.address = address.typed;
  direct.message.normalised = key;
  direct.message.values = std::move(values);
  direct.message.state = decision.state;
  direct.message.reason = std::move(decision.reason);
  direct.content_version_id = content;
  direct.transport_id = context.transport_id;
  direct.kind = kind;
  direct.is_test = context.is_test_token;
  direct.sent_by = context.sent_by;
  const delivery::Ledger ledger(context.ids, NodeId{}, 0);
  TRY(ledger.add_direct(connection, {&direct, 1}, context.now));
  return TestMessage{direct.message.id, direct.message.address, direct.message.reason};
}

}  // namespace

Result<std::vector<TestMessage>> send_test(db::Connection& connection, const TestContext& context,
                                           const Draft& draft,
                                           const std::vector<std::string>& addresses,
                                           const std::optional<audience::Contact>& contact) {
  const Frozen frozen = TRY(freeze(connection, context, draft, MessageKind::test));
  json::object values;
  values["contact"] = parse_json(contact_values_of(contact, frozen.used));
  const std::string text = json::serialize(values);
  std::vector<TestMessage> messages;
  for (const std::string& address : addresses) {
    messages.push_back(TRY(enqueue(connection, context, MessageKind::test, frozen.id, address, text,
                                   context.ids.next<MessageId>())));
  }
  return messages;
}

Result<TestMessage> send_verification(db::Connection& connection, const TestContext& context,
                                      SenderId id, const wire::TokenSigner& signer) {
  const Sender sender = TRY(load_sender(connection, context.organisation.id, id));
  const auto message = context.ids.next<MessageId>();
  TRY(begin_verification(connection, context.organisation.id, id,
                         signer.sign(message).url(wire::TokenPurpose::sender), context.now));
  const VerificationWords& words = words_for(context.organisation.locale);
  const std::string link = fmt::format("{{{{ {} }}}}", delivery::kSenderVerificationUrl);
  const auto fill = [&](std::string_view text) {
    return filled(text, context.organisation.name, sender.fields.address, link);
  };
  Draft draft;
  draft.sender_id = id;
  draft.subject = fill(words.subject);
  draft.text = fill(words.text);
  const Frozen frozen = TRY(freeze(connection, context, draft, MessageKind::transactional));
  return enqueue(connection, context, MessageKind::transactional, frozen.id, sender.fields.address,
                 "{}", message);
}

Result<TestMessage> send_reply_copy(db::Connection& connection, const TestContext& context,
                                    const ReplyCopy& reply) {
  const auto sender =
      TRY(connection.query_first(kSenderOfMessage, {context.organisation.id, reply.message},
                                 [](const db::Row& row) { return row.id<SenderId>(0); }));
  if (!sender) {
    return fail(ErrorKind::not_found, "sender.not_found",
                "The address that the message was from is no sender any more.");
  }
  Draft draft;
  draft.sender_id = *sender;
  draft.reply_to = reply.from;
  draft.subject = "{{ data.subject }}";
  draft.text = "{{ data.from }}:\n\n{{ data.text }}\n";
  const Frozen frozen = TRY(freeze(connection, context, draft, MessageKind::transactional));
  const json::object values{
      {"contact", json::object()},
      {"data", json::object{{"subject", reply.subject.empty() ? reply.from : reply.subject},
                            {"from", reply.from},
                            {"text", reply.text}}}};
  return enqueue(connection, context, MessageKind::transactional, frozen.id, reply.to,
                 json::serialize(values), context.ids.next<MessageId>());
}

}  // namespace tidings::compose
