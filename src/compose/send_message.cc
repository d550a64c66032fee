#include "compose/send_message.h"

#include <boost/json.hpp>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "audience/contacts.h"
#include "audience/people/contact_book.h"
#include "audience/recipient_choices.h"
#include "audience/suppression_check.h"
#include "audience/suppressions.h"
#include "base/json_text.h"
#include "compose/senders.h"
#include "delivery/ledger.h"
#include "domain/recipient_rule.h"
#include "wire/email_address.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

struct Recipient {
  audience::Contact contact;
  std::string typed;
  std::string normalised;
};

// A contact of whom only the address is known. Campaigns need a consent that nobody gave.
Result<ContactId> make_contact(db::Connection& connection, const MessageContext& context,
                               const MessageOrder& order, const wire::Mailbox& mailbox,
                               Instant now) {
  people::ContactChange change;
  if (!mailbox.display_name.empty()) change.name = mailbox.display_name;
  if (!order.locale.empty()) change.locale = order.locale;
  change.addresses.emplace();
  change.addresses->push_back({Channel::email, mailbox.address.typed, true});
  std::vector<people::FieldProblem> problems;
  const people::Writer writer{context.ids, context.organisation, order.sent_by, now};
  const ContactId made = TRY(people::create_contact(connection, writer, change, problems));
  audience::NewSuppression no_consent;
  const std::string key = wire::comparison_key(mailbox.address);
  no_consent.normalised = key;
  no_consent.reason = "no_consent";
  no_consent.origin = "api";
  no_consent.note =
      "Became a contact through a message of its own; has not consented to campaigns.";
  TRY(audience::suppress(connection, context.ids, context.organisation, no_consent, now));
  return made;
}

Result<audience::Contact> load(db::Connection& connection, OrganisationId organisation,
                               ContactId id) {
  auto found = TRY(audience::find_contact(connection, organisation, id));
  if (found) return *std::move(found);
  return fail(ErrorKind::not_found, "contact.not_found",
              "There is no contact " + to_text(id) + ".");
}

Result<Recipient> find_recipient(db::Connection& connection, const MessageContext& context,
                                 const MessageOrder& order, Instant now) {
  Recipient recipient;
  if (order.contact_id.valid()) {
    recipient.contact = TRY(load(connection, context.organisation, order.contact_id));
  }
  if (order.to.empty()) {
    recipient.typed = recipient.contact.primary_address(Channel::email);
    if (recipient.typed.empty()) {
      return fail(ErrorKind::invalid, "message.no_address",
                  "This contact has no e-mail address. Give one, or write to somebody else.");
    }
  }
  const wire::Mailbox mailbox = TRY(
      wire::parse_mailbox(order.to.empty() ? recipient.typed : order.to, wire::DomainRule::any));
  recipient.typed = mailbox.address.typed;
  recipient.normalised = wire::comparison_key(mailbox.address);
  if (!order.contact_id.valid()) {
    const auto known = TRY(audience::find_contacts_by_address(
        connection, context.organisation, Channel::email, recipient.normalised));
    const ContactId id =
        known.empty() ? TRY(make_contact(connection, context, order, mailbox, now)) : known.front();
    recipient.contact = TRY(load(connection, context.organisation, id));
  }
  return recipient;
}

// What the content reads of a contact, under the names it uses.
json::object read_values(const audience::Contact& contact, bool all_of_it,
                         const std::vector<audience::UsedFields::Field>& fields) {
  json::object values;
  if (!all_of_it && fields.empty()) return values;
  json::value all = parse_json(audience::contact_values(contact));
  if (!all.is_object()) return values;
  if (all_of_it) values = all.get_object();
  for (const auto& field : fields) {
    if (const json::value* found = all.get_object().if_contains(field.target)) {
      const bool is_empty = found->is_string() && found->get_string().empty();
      if (!is_empty) values[field.name] = *found;
    }
  }
  return values;
}

// {"contact": {…}, "data": {…}}; the student, whom it is about, among those of the contact.
std::string values_of(const MessageContent& content, const audience::Contact& contact,
                      const std::optional<audience::Contact>& student, std::string_view data) {
  const auto& used = content.used;
  json::object contact_values = read_values(contact, used.all, used.fields);
  if (student && (used.student_all || !used.student_fields.empty())) {
    contact_values[kStudentMember] = read_values(*student, used.student_all, used.student_fields);
  }
  return fmt::format(R"({{"contact":{},"data":{}}})", json::serialize(contact_values), data);
}

// Whether staff may write to this person of their own accord (P29, P39).
Result<void> check_individual(db::Connection& connection, OrganisationId organisation,
                              const Recipient& recipient, const MessageOrder& order, Instant now) {
  if (order.kind != MessageKind::individual) return {};
  const auto found = TRY(audience::individual_decision(connection, organisation, recipient.contact,
                                                       Channel::email, recipient.normalised, now));
  const std::string name = recipient.contact.display_name();
  const std::string& who = name.empty() ? recipient.typed : name;
  if (found.decision.state == MessageState::skipped) {
    return fail(ErrorKind::conflict, "message.do_not_contact",
                fmt::format("{} asked not to be contacted. Nothing is sent to them unless that is "
                            "changed in their file.",
                            who));
  }
  if (found.ask.empty() || order.is_confirmed) return {};
  return fail(ErrorKind::conflict, "message.unsubscribed",
              fmt::format("{} does not want mailings any more ({}). A personal message may go all "
                          "the same: send it again with \"confirmed\" if you are sure.",
                          who, found.ask));
}

Result<void> check_sender(db::Connection& connection, OrganisationId organisation, SenderId id,
                          SenderOverride override) {
  if (override == SenderOverride::wanted) return {};
  const Sender sender = TRY(load_sender(connection, organisation, id));
  if (sender.is_verified()) return {};
  return fail(ErrorKind::conflict, "sender.unverified",
              fmt::format("The sender {} is not verified yet. Confirm it with the link that was "
                          "mailed to it, or choose another. {}",
                          sender.fields.address, way_around_verification(override)));
}

// Error: message.unsubscribed.
Result<RecipientDecision> decide(db::Connection& connection, OrganisationId organisation,
                                 const MessageContent& content, const Recipient& recipient,
                                 const MessageOrder& order, Instant now) {
  const RecipientPolicy policy{.kind = order.kind,
                               .now = now,
                               .consent = content.email.content().consent,
                               .is_confirmed = order.is_confirmed};
  const auto suppressed = TRY(audience::find_suppressed(
      connection, organisation, Channel::email, policy, {std::string_view(recipient.normalised)}));
  RecipientFacts facts;
  facts.has_address = true;
  facts.do_not_contact = recipient.contact.do_not_contact;
  facts.is_switched_off = order.is_switched_off;
  if (!suppressed.empty()) facts.suppression = suppressed.begin()->second;
  const RecipientDecision decision = decide_recipient(facts, policy);
  if (decision.state != MessageState::held) return decision;
  return fail(ErrorKind::conflict, "message.unsubscribed",
              fmt::format("{} has unsubscribed from everything. If you are sure that this person "
                          "wants to hear from you, send it again and confirm.",
                          recipient.typed));
}

}  // namespace

Result<QueuedMessage> send_message(db::Connection& connection, const MessageContext& context,
                                   const MessageContents::Found& content, const MessageOrder& order,
                                   Instant now) {
  if (const auto missing = missing_data(content.content->email, order.data); !missing.empty()) {
    return fail(ErrorKind::invalid, "message.missing_data",
                fmt::format("{}.", fmt::join(missing, ". ")));
  }
  if (!order.is_test) {
    TRY(check_sender(connection, context.organisation, content.content->sender_id,
                     order.sender_override));
  }
  const Recipient recipient = TRY(find_recipient(connection, context, order, now));
  TRY(check_individual(connection, context.organisation, recipient, order, now));
  delivery::DirectMessage direct;
  direct.organisation_id = context.organisation;
  direct.content_version_id = content.content->id;
  direct.transport_id = context.transport_id;
  direct.kind = order.kind;
  direct.is_test = order.is_test;
  direct.sent_by = order.sent_by;
  direct.template_id = content.template_id;
  delivery::NewMessage& message = direct.message;
  message.id = context.ids.next<MessageId>();
  message.contact_id = recipient.contact.id;
  message.address = recipient.typed;
  message.normalised = recipient.normalised;
  message.about = {recipient.contact.id};
  std::optional<audience::Contact> student;
  for (const ContactId other : order.about) {
    if (other == recipient.contact.id) continue;
    auto loaded = TRY(load(connection, context.organisation, other));
    message.about.push_back(loaded.id);
    if (!student) student = std::move(loaded);
  }
  message.values = values_of(*content.content, recipient.contact, student, order.data);
  const RecipientDecision decision =
      TRY(decide(connection, context.organisation, *content.content, recipient, order, now));
  message.state = decision.state;
  message.reason = decision.reason;
  const delivery::Ledger ledger(context.ids, NodeId(), context.ids.node());
  TRY(ledger.add_direct(connection, direct, now));
  const bool goes = decision.state == MessageState::waiting;
  const Status status = goes                                      ? Status::queued
                        : decision.state == MessageState::dropped ? Status::dropped
                                                                  : Status::skipped;
  return QueuedMessage{message.id, status, message.reason, recipient.contact.id,
                       goes ? context.transport_id : TransportId()};
}

}  // namespace tidings::compose
