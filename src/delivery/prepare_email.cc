#include "delivery/prepare_email.h"

#include <algorithm>
#include <array>

namespace tidings::delivery {

namespace {

constexpr std::size_t kContentsMax = 64;

bool has_8bit(std::string_view octets) {
  return std::ranges::any_of(octets, [](char c) { return static_cast<unsigned char>(c) > 127; });
}

}  // namespace

std::vector<std::string> known_variables() {
  return {"organisation.name", "organisation.postal_address", "unsubscribe_url"};
}

Result<BuiltEmail> build_email(const CompiledEmail& email, std::string_view organisation_name,
                               std::string_view postal_address, std::string_view contact_values,
                               const std::string& address, MessageId id,
                               std::string_view unsubscribe_url, Instant date) {
  using liquid::Member;
  using liquid::Value;
  liquid::Arena arena;
  const Value contact = TRY(liquid::value_from_json(contact_values, arena));
  const std::array organisation = {Member{"name", Value::string(organisation_name)},
                                   Member{"postal_address", Value::string(postal_address)}};
  const std::array root = {Member{"contact", contact},
                           Member{"organisation", Value::object(organisation)},
                           Member{"unsubscribe_url", Value::string(unsubscribe_url)}};
  const Value values = Value::object(root);
  EmailRecipient recipient;
  recipient.id = id;
  recipient.address = address;
  recipient.values = &values;
  recipient.unsubscribe_url = unsubscribe_url;
  recipient.date = date;
  return email.build(recipient);
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
      TRY(build_email(frozen->email, frozen->organisation_name, frozen->postal_address,
                      message.values, prepared->recipient, message.id, link, clock_.now()));
  prepared->needs_smtputf8 |= built.needs_smtputf8;
  prepared->is_8bit = built.is_8bit;
  prepared->record = std::make_shared<const std::string>(records_.make(built.octets, *frozen));
  prepared->octets = std::make_shared<const std::string>(std::move(built.octets));
  return prepared;
}

}  // namespace tidings::delivery
