#include "audience/recipient_choices.h"

#include <algorithm>
#include <array>
#include <utility>

#include "audience/people/relations.h"
#include "audience/suppression_check.h"
#include "audience/suppressions.h"
#include "wire/email_address.h"

namespace tidings::audience {

namespace {

// What a person once said about messages; a bounce says nothing of the kind.
constexpr std::array<std::string_view, 2> kSaidByThem = {"unsubscribed", "complaint"};

Result<Contact> load(db::Connection& connection, OrganisationId organisation, ContactId id) {
  auto found = TRY(find_contact(connection, organisation, id));
  if (found) return *std::move(found);
  return fail(ErrorKind::not_found, "contact.not_found",
              "There is no contact " + to_text(id) + ".");
}

struct Person {
  Contact contact;
  std::string relation;
};

// Somebody related in two ways is one choice; a deleted one is none.
Result<std::vector<Person>> people_of(db::Connection& connection, OrganisationId organisation,
                                      ContactId contact) {
  std::vector<Person> people;
  people.push_back({TRY(load(connection, organisation, contact)), {}});
  for (const auto& relation : TRY(people::list_relations(connection, organisation, contact))) {
    if (relation.to_id != contact || !relation.receives_messages) continue;
    bool is_known = false;
    for (const Person& person : people) is_known |= person.contact.id == relation.from_id;
    if (is_known) continue;
    if (auto found = TRY(find_contact(connection, organisation, relation.from_id))) {
      people.push_back({*std::move(found), relation.name});
    }
  }
  return people;
}

}  // namespace

Result<IndividualDecision> individual_decision(db::Connection& connection,
                                               OrganisationId organisation, const Contact& contact,
                                               Channel channel, std::string_view normalised,
                                               Instant now) {
  RecipientFacts facts;
  facts.do_not_contact = contact.do_not_contact;
  facts.has_address = !normalised.empty();
  std::string reason;
  IndividualDecision result;
  // What to ask about stands in `ask`.
  const RecipientPolicy policy{.kind = MessageKind::individual, .now = now, .is_confirmed = true};
  if (facts.has_address) {
    const auto suppressed =
        TRY(find_suppressed(connection, organisation, channel, policy, {normalised}));
    if (!suppressed.empty()) reason = suppressed.begin()->second;
    facts.suppression = reason;
    for (const std::string_view each : kSaidByThem) {
      if (!result.ask.empty()) break;
      if (TRY(is_suppressed_for(connection, organisation, {channel, normalised, each}, now))) {
        result.ask = drop_reason(each);
      }
    }
  }
  result.decision = decide_recipient(facts, policy);
  if (result.decision.state != MessageState::waiting) result.ask.clear();
  return result;
}

Result<std::vector<RecipientChoice>> recipient_choices(db::Connection& connection,
                                                       OrganisationId organisation,
                                                       ContactId contact, Channel channel,
                                                       Instant now) {
  std::vector<RecipientChoice> choices;
  for (const Person& person : TRY(people_of(connection, organisation, contact))) {
    const std::size_t before = choices.size();
    const auto add = [&](const ContactAddress& address) -> Result<void> {
      choices.push_back({person.contact.id, person.contact.display_name(), person.relation, channel,
                         address.typed, address.primary,
                         TRY(individual_decision(connection, organisation, person.contact, channel,
                                                 address.normalised, now))});
      return {};
    };
    for (const ContactAddress& address : person.contact.addresses) {
      if (address.channel == channel) TRY(add(address));
    }
    if (choices.size() == before) TRY(add({channel, {}, {}, false}));
  }
  return choices;
}

bool names(const std::vector<RecipientChoice>& choices, ContactId contact,
           std::string_view address) {
  const auto key = [](std::string_view text) {
    const auto mailbox = wire::parse_mailbox(text, wire::DomainRule::any);
    return mailbox ? wire::comparison_key(mailbox->address) : std::string(text);
  };
  return std::ranges::any_of(choices, [&](const RecipientChoice& choice) {
    return choice.contact_id == contact && (address.empty() || key(choice.address) == key(address));
  });
}

}  // namespace tidings::audience
