#include "compose/send_message.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// A letter on its way through the steps below.
struct Item {
  const MessageContent& content;
  TemplateId template_id;
  const MessageOrder& order;
  wire::Mailbox mailbox{};
  Recipient recipient{};
  std::vector<audience::Contact> about{};  // besides the recipient
  RecipientDecision decision{};
  std::optional<Error> error{};
};

Error unknown_contact(ContactId id) {
  return {ErrorKind::not_found, "contact.not_found", "There is no contact " + to_text(id) + "."};
}

// Campaigns need a consent that nobody gave.
audience::NewSuppression no_consent(std::string_view normalised) {
  audience::NewSuppression suppression;
  suppression.normalised = normalised;
  suppression.reason = "no_consent";
  suppression.origin = "api";
  suppression.note =
      "Became a contact through a message of its own; has not consented to campaigns.";
  return suppression;
}

// A contact of whom only the address is known.
people::ContactChange contact_of(const Item& item) {
  people::ContactChange change;
  if (!item.mailbox.display_name.empty()) change.name = item.mailbox.display_name;
  if (!item.order.locale.empty()) change.locale = item.order.locale;
  change.addresses.emplace();
  change.addresses->push_back({Channel::email, item.mailbox.address.typed, true});
  change.allow_shared_addresses = true;  // nobody has it: that was looked up
  return change;
}

// Whose address nobody has; of several letters to one address the first makes the contact.
Result<void> make_contacts(db::Connection& connection, const MessageContext& context,
                           std::span<Item* const> items, Instant now) {
  std::vector<Item*> firsts;
  std::map<std::string_view, std::size_t> numbers;
  std::vector<people::ContactChange> changes;
  for (Item* const item : items) {
    if (!numbers.emplace(item->recipient.normalised, changes.size()).second) continue;
    changes.push_back(contact_of(*item));
    firsts.push_back(item);
  }
  if (firsts.empty()) return {};
  const people::Writer writer{context.ids, context.organisation, firsts.front()->order.sent_by,
                              now};
  const auto made = TRY(people::create_contacts(connection, writer, changes));
  std::vector<audience::NewSuppression> suppressions;
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    if (made[i]) suppressions.push_back(no_consent(firsts[i]->recipient.normalised));
  }
  TRY(audience::suppress_many(connection, context.ids, context.organisation, suppressions, now));
  for (Item* const item : items) {
    const auto& contact = made[numbers.at(item->recipient.normalised)];
    if (contact) {
      item->recipient.contact = *contact;
    } else {
      item->error = contact.error();
    }
  }
  return {};
}

// The contacts that orders name by id.
Result<void> load_named(db::Connection& connection, OrganisationId organisation,
                        std::vector<Item>& items) {
  std::vector<ContactId> ids;
  for (const Item& item : items) {
    if (!item.error && item.order.contact_id.valid()) ids.push_back(item.order.contact_id);
  }
  auto found = TRY(audience::find_contacts(connection, organisation, ids));
  auto next = found.begin();
  for (Item& item : items) {
    if (item.error || !item.order.contact_id.valid()) continue;
    if (*next) item.recipient.contact = **next;
    if (!*next) item.error = unknown_contact(item.order.contact_id);
    ++next;
  }
  return {};
}

std::optional<Error> read_address(Item& item) {
  Recipient& recipient = item.recipient;
  std::string to = item.order.to;
  if (to.empty()) to = recipient.contact.primary_address(Channel::email);
  if (to.empty()) {
    return Error{ErrorKind::invalid, "message.no_address",
                 "This contact has no e-mail address. Give one, or write to somebody else."};
  }
  auto mailbox = wire::parse_mailbox(to, wire::DomainRule::any);
  if (!mailbox) return std::move(mailbox).error();
  item.mailbox = *std::move(mailbox);
  recipient.typed = item.mailbox.address.typed;
  recipient.normalised = wire::comparison_key(item.mailbox.address);
  return std::nullopt;
}

// Whoever has the address; of several the oldest.
Result<void> find_by_address(db::Connection& connection, const MessageContext& context,
                             std::vector<Item>& items, Instant now) {
  std::vector<Item*> unnamed;
  std::vector<std::string_view> addresses;
  for (Item& item : items) {
    if (item.error || item.order.contact_id.valid()) continue;
    unnamed.push_back(&item);
    addresses.push_back(item.recipient.normalised);
  }
  const auto owners = TRY(audience::find_contacts_by_addresses(connection, context.organisation,
                                                               Channel::email, addresses));
  std::vector<Item*> known;
  std::vector<ContactId> ids;
  std::vector<Item*> unknown;
  for (std::size_t i = 0; i < unnamed.size(); ++i) {
    (owners[i].empty() ? unknown : known).push_back(unnamed[i]);
    if (!owners[i].empty()) ids.push_back(owners[i].front());
  }
  const auto contacts = TRY(audience::find_contacts(connection, context.organisation, ids));
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (contacts[i]) known[i]->recipient.contact = *contacts[i];
    if (!contacts[i]) known[i]->error = unknown_contact(ids[i]);
  }
  return make_contacts(connection, context, unknown, now);
}

Result<void> load_about(db::Connection& connection, OrganisationId organisation,
                        std::vector<Item>& items) {
  for (Item& item : items) {
    if (item.error || item.order.about.empty()) continue;
    const auto found = TRY(audience::find_contacts(connection, organisation, item.order.about));
    for (std::size_t i = 0; i < found.size() && !item.error; ++i) {
      if (item.order.about[i] == item.order.contact_id) continue;
      if (found[i]) item.about.push_back(*found[i]);
      if (!found[i]) item.error = unknown_contact(item.order.about[i]);
    }
  }
  return {};
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
std::string values_of(const Item& item) {
  const auto& used = item.content.used;
  json::object values = read_values(item.recipient.contact, used.all, used.fields);
  if (!item.about.empty() && (used.student_all || !used.student_fields.empty())) {
    values[kStudentMember] = read_values(item.about.front(), used.student_all, used.student_fields);
  }
  return fmt::format(R"({{"contact":{},"data":{}}})", json::serialize(values), item.order.data);
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

bool same_policy(const RecipientPolicy& a, const RecipientPolicy& b) {
  return a.kind == b.kind && a.consent == b.consent && a.is_confirmed == b.is_confirmed;
}

RecipientPolicy policy_of(const Item& item, Instant now) {
  return {.kind = item.order.kind,
          .now = now,
          .consent = item.content.email.content().consent,
          .is_confirmed = item.order.is_confirmed};
}

// Those of one policy. Error: message.unsubscribed.
Result<void> decide(db::Connection& connection, OrganisationId organisation,
                    const RecipientPolicy& policy, std::span<Item* const> items) {
  std::vector<std::string_view> addresses;
  for (const Item* const item : items) addresses.push_back(item->recipient.normalised);
  const auto suppressed =
      TRY(audience::find_suppressed(connection, organisation, Channel::email, policy, addresses));
  for (Item* const item : items) {
    RecipientFacts facts;
    facts.has_address = true;
    facts.do_not_contact = item->recipient.contact.do_not_contact;
    facts.is_switched_off = item->order.is_switched_off;
    const auto at = suppressed.find(item->recipient.normalised);
    if (at != suppressed.end()) facts.suppression = at->second;
    item->decision = decide_recipient(facts, policy);
    if (item->decision.state != MessageState::held) continue;
    return fail(ErrorKind::conflict, "message.unsubscribed",
                fmt::format("{} has unsubscribed from everything. If you are sure that this person "
                            "wants to hear from you, send it again and confirm.",
                            item->recipient.typed));
  }
  return {};
}

Result<void> decide_all(db::Connection& connection, OrganisationId organisation,
                        std::vector<Item>& items, Instant now) {
  std::vector<std::pair<RecipientPolicy, std::vector<Item*>>> alike;
  for (Item& item : items) {
    if (item.error) continue;
    const RecipientPolicy policy = policy_of(item, now);
    const auto same = [&](const auto& each) { return same_policy(each.first, policy); };
    auto at = std::ranges::find_if(alike, same);
    if (at == alike.end()) at = alike.insert(at, {policy, {}});
    at->second.push_back(&item);
  }
  for (const auto& [policy, together] : alike) {
    TRY(decide(connection, organisation, policy, together));
  }
  return {};
}

// What shows without anything being written.
Result<void> check(db::Connection& connection, OrganisationId organisation,
                   std::vector<Item>& items) {
  std::map<std::pair<SenderId, SenderOverride>, std::optional<Error>> senders;
  for (Item& item : items) {
    if (const auto missing = missing_data(item.content.email, item.order.data); !missing.empty()) {
      item.error = {ErrorKind::invalid, "message.missing_data",
                    fmt::format("{}.", fmt::join(missing, ". "))};
    }
    if (item.error || item.order.is_test) continue;
    const SenderOverride override = item.order.sender_override;
    const auto [at, is_new] = senders.try_emplace({item.content.sender_id, override});
    if (is_new) {
      const auto checked = check_sender(connection, organisation, item.content.sender_id, override);
      if (!checked && checked.error().code.starts_with("db.")) return checked;
      if (!checked) at->second = checked.error();
    }
    item.error = at->second;
  }
  TRY(load_named(connection, organisation, items));
  for (Item& item : items) {
    if (!item.error) item.error = read_address(item);
  }
  return load_about(connection, organisation, items);
}

delivery::DirectMessage message_of(const MessageContext& context, const Item& item) {
  delivery::DirectMessage direct;
  direct.organisation_id = context.organisation;
  direct.content_version_id = item.content.id;
  direct.transport_id = context.transport_id;
  direct.kind = item.order.kind;
  direct.is_test = item.order.is_test;
  direct.sent_by = item.order.sent_by;
  direct.template_id = item.template_id;
  delivery::NewMessage& message = direct.message;
  message.id = context.ids.next<MessageId>();
  message.contact_id = item.recipient.contact.id;
  message.address = item.recipient.typed;
  message.normalised = item.recipient.normalised;
  message.about = {item.recipient.contact.id};
  for (const audience::Contact& other : item.about) message.about.push_back(other.id);
  message.values = values_of(item);
  message.state = item.decision.state;
  message.reason = item.decision.reason;
  return direct;
}

QueuedMessage queued_of(const MessageContext& context, const delivery::DirectMessage& direct) {
  const delivery::NewMessage& message = direct.message;
  const bool goes = message.state == MessageState::waiting;
  const Status status = goes                                     ? Status::queued
                        : message.state == MessageState::dropped ? Status::dropped
                                                                 : Status::skipped;
  return {message.id, status, message.reason, message.contact_id,
          goes ? context.transport_id : TransportId()};
}

}  // namespace

Result<std::vector<Result<QueuedMessage>>> send_messages(db::Connection& connection,
                                                         const MessageContext& context,
                                                         std::span<const Letter> letters,
                                                         Instant now) {
  std::vector<Item> items;
  items.reserve(letters.size());
  for (const Letter& letter : letters) {
    items.push_back({*letter.content->content, letter.content->template_id, *letter.order});
  }
  TRY(check(connection, context.organisation, items));
  TRY(find_by_address(connection, context, items, now));
  for (Item& item : items) {
    if (item.error) continue;
    std::erase_if(item.about,
                  [&](const auto& each) { return each.id == item.recipient.contact.id; });
    TRY(check_individual(connection, context.organisation, item.recipient, item.order, now));
  }
  TRY(decide_all(connection, context.organisation, items, now));
  std::vector<delivery::DirectMessage> messages;
  for (const Item& item : items) {
    if (!item.error) messages.push_back(message_of(context, item));
  }
  const delivery::Ledger ledger(context.ids, NodeId(), context.ids.node());
  TRY(ledger.add_direct(connection, messages, now));
  std::vector<Result<QueuedMessage>> results;
  auto next = messages.begin();
  for (Item& item : items) {
    if (item.error) {
      results.emplace_back(std::unexpected(*std::move(item.error)));
    } else {
      results.emplace_back(queued_of(context, *next++));
    }
  }
  return results;
}

Result<QueuedMessage> send_message(db::Connection& connection, const MessageContext& context,
                                   const MessageContents::Found& content, const MessageOrder& order,
                                   Instant now) {
  const Letter letter{&content, &order};
  return std::move(TRY(send_messages(connection, context, {&letter, 1}, now)).front());
}

}  // namespace tidings::compose
