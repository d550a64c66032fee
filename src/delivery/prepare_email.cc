#include "delivery/prepare_email.h"

#include <algorithm>
#include <array>

#include "domain/recipient_rule.h"

namespace tidings::delivery {

namespace {

using liquid::Member;
using liquid::Value;

constexpr std::size_t kContentsMax = 64;

bool has_8bit(std::string_view octets) {
  return std::ranges::any_of(octets, [](char c) { return static_cast<unsigned char>(c) > 127; });
}

// `student` is among the values of `contact`: snapshot_values() of audience/contact_snapshot.h.
Result<BuiltEmail> build(const CompiledEmail& email, const EmailFacts& facts, const Value& contact,
                         const Value& data) {
  const Value* student = contact.find(kStudentMember);
  const std::array organisation = {Member{"name", Value::string(facts.organisation_name)},
                                   Member{"postal_address", Value::string(facts.postal_address)}};
  const std::array root = {
      Member{"contact", contact}, Member{"student", student == nullptr ? Value::nil() : *student},
      Member{"organisation", Value::object(organisation)},
      Member{"unsubscribe_url", Value::string(facts.unsubscribe_url)}, Member{"data", data}};
  const Value values = Value::object(root);
  EmailRecipient recipient;
  recipient.id = facts.id;
  recipient.address = facts.address;
  recipient.values = &values;
  recipient.unsubscribe_url = facts.unsubscribe_url;
  recipient.date = facts.date;
  return email.build(recipient);
}

}  // namespace

std::vector<std::string> known_variables() {
  return {"organisation.name", "organisation.postal_address", "unsubscribe_url"};
}

Result<BuiltEmail> build_email(const CompiledEmail& email, std::string_view organisation_name,
                               std::string_view postal_address, std::string_view contact_values,
                               const std::string& address, MessageId id,
                               std::string_view unsubscribe_url, Instant date) {
  liquid::Arena arena;
  const Value contact = TRY(liquid::value_from_json(contact_values, arena));
  return build(email, {organisation_name, postal_address, unsubscribe_url, address, id, date},
               contact, Value::nil());
}

Result<BuiltEmail> build_direct_email(const CompiledEmail& email, const EmailFacts& facts,
                                      std::string_view direct_values) {
  liquid::Arena arena;
  const Value values = TRY(liquid::value_from_json(direct_values, arena));
  const Value* contact = values.find("contact");
  const Value* data = values.find("data");
  return build(email, facts, contact == nullptr ? Value::nil() : *contact,
               data == nullptr ? Value::nil() : *data);
}

EmailPreparer::EmailPreparer(db::Database& database, const Clock& clock,
                             UnsubscribeUrl unsubscribe_url)
    : database_(database), clock_(clock), unsubscribe_url_(std::move(unsubscribe_url)) {}

Result<std::shared_ptr<const FrozenContent>> EmailPreparer::content(const ClaimedMessage& message) {
  if (const auto at = contents_.find(message.content_version_id); at != contents_.end()) {
    return at->second;
  }
  if (contents_.size() >= kContentsMax) contents_.clear();
  auto loaded = TRY(database_.read_value([&](db::Connection& connection) {
    return load_content(connection, message.organisation_id, message.content_version_id);
  }));
  contents_.emplace(message.content_version_id, loaded);
  return loaded;
}

Result<std::unique_ptr<PreparedMessage>> EmailPreparer::prepare(const ClaimedMessage& message) {
  const auto frozen = TRY(content(message));
  const wire::EmailAddress address =
      TRY(wire::parse_email_address(message.address, wire::DomainRule::any));
  auto prepared = std::make_unique<PreparedMessage>();
  prepared->id = message.id;
  prepared->reverse_path = frozen->email.content().envelope_from;
  prepared->recipient = address.normalised;
  prepared->needs_smtputf8 = has_8bit(prepared->recipient) || has_8bit(prepared->reverse_path);
  if (!message.record.empty()) {
    auto octets = TRY(records_.octets(message.record, *frozen));
    prepared->is_8bit = has_8bit(octets);
    prepared->needs_smtputf8 |=
        has_8bit(std::string_view(octets).substr(0, octets.find("\r\n\r\n")));
    prepared->octets = std::make_shared<const std::string>(std::move(octets));
    return prepared;
  }
  const std::string link = TRY(unsubscribe_url_(message.organisation_id, message.id));
  BuiltEmail built =
      is_direct(message.campaign_id)
          ? TRY(build_direct_email(frozen->email,
                                   {frozen->organisation_name, frozen->postal_address, link,
                                    prepared->recipient, message.id, clock_.now()},
                                   message.values))
          : TRY(build_email(frozen->email, frozen->organisation_name, frozen->postal_address,
                            message.values, prepared->recipient, message.id, link, clock_.now()));
  prepared->needs_smtputf8 |= built.needs_smtputf8;
  prepared->is_8bit = built.is_8bit;
  prepared->record = std::make_shared<const std::string>(records_.make(built.octets, *frozen));
  prepared->octets = std::make_shared<const std::string>(std::move(built.octets));
  return prepared;
}

}  // namespace tidings::delivery
