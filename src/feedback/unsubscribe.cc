#include "feedback/unsubscribe.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "audience/suppressions.h"

namespace tidings::feedback {

namespace {

// The message of a link, with what its page shows.
struct Addressee {
  Subscription shown;
  std::string normalised;
  bool is_trial = false;  // a test or a copy for the organisation itself: it unsubscribes nobody

  audience::SuppressionKey key() const { return {shown.channel, normalised, "unsubscribed"}; }
};

constexpr db::Statement kGetAddressee{
    "feedback.get_addressee",
    "SELECT organisation.name, organisation.locale, contact.locale, message.address, "
    "message.normalised, message.channel, message.kind "
    "FROM message JOIN organisation ON organisation.id = message.organisation_id "
    "LEFT JOIN contact ON contact.organisation_id = message.organisation_id "
    "AND contact.id = message.contact_id "
    "WHERE message.organisation_id = $1 AND message.id = $2"};
std::string_view word(UnsubscribeOrigin origin) {
  return origin == UnsubscribeOrigin::one_click ? "one-click" : "link";
}

Result<Addressee> find_addressee(db::Connection& connection, const identity::VerifiedToken& token,
                                 Instant now) {
  auto found = TRY(connection.query_first(
      kGetAddressee, {token.organisation_id, token.message_id}, [](const db::Row& row) {
        Addressee addressee;
        addressee.shown = {.organisation_name = row.string(0),
                           .organisation_locale = row.string(1),
                           .contact_locale = row.string(2),
                           .channel = static_cast<Channel>(row.integer(5))};
        addressee.shown.masked_address = mask_address(addressee.shown.channel, row.text(3));
        addressee.normalised = row.string(4);
        const auto kind = static_cast<MessageKind>(row.integer(6));
        addressee.is_trial = kind == MessageKind::test || kind == MessageKind::copy;
        return addressee;
      }));
  if (!found || found->normalised.empty()) {
    return fail(ErrorKind::not_found, "token.invalid",
                "The message that this link belongs to is no longer here.");
  }
  found->shown.is_unsubscribed =
      TRY(audience::is_suppressed_for(connection, token.organisation_id, found->key(), now));
  return std::move(*found);
}

}  // namespace

std::string mask_address(Channel channel, std::string_view address) {
  constexpr std::string_view kDots = "•••";
  if (channel == Channel::sms) {
    return fmt::format("{}{}", kDots, address.size() > 6 ? address.substr(address.size() - 3) : "");
  }
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at == 0) return std::string(kDots);
  std::size_t first = 1;  // one whole UTF-8 character
  while (first < at && (static_cast<unsigned char>(address[first]) & 0xc0) == 0x80) ++first;
  return fmt::format("{}{}{}", address.substr(0, first), kDots, address.substr(at));
}

Result<Subscription> Unsubscriber::look(std::string_view text) {
  const auto token = TRY(keys_.verify_url(text, wire::TokenPurpose::unsubscribe));
  const auto found = TRY(database_.read_value(
      [&](db::Connection& connection) { return find_addressee(connection, token, clock_.now()); }));
  return found.shown;
}

Result<Subscription> Unsubscriber::unsubscribe(std::string_view text, UnsubscribeOrigin origin) {
  const auto token = TRY(keys_.verify_url(text, wire::TokenPurpose::unsubscribe));
  return database_.write_value(
      db::Priority::transactional, [&](db::Connection& connection) -> Result<Subscription> {
        const Instant now = clock_.now();
        Addressee found = TRY(find_addressee(connection, token, now));
        if (found.shown.is_unsubscribed) return std::move(found.shown);
        if (found.is_trial) {
          // Whoever tries the message out sees what its readers would see.
          found.shown.is_unsubscribed = true;
          return std::move(found.shown);
        }
        const audience::SuppressionKey key = found.key();
        const bool is_new = TRY(audience::suppress(connection, ids_, token.organisation_id,
                                                   {.channel = key.channel,
                                                    .normalised = key.normalised,
                                                    .reason = key.reason,
                                                    .kinds = audience::SuppressedKinds::campaign,
                                                    .origin = word(origin),
                                                    .message_id = token.message_id},
                                                   now));
        // Not new: another node's, of this very moment.
        if (is_new) {
          TRY(record_(connection, {.organisation_id = token.organisation_id,
                                   .message_id = token.message_id,
                                   .type = EventType::unsubscribed,
                                   .occurred_at = now,
                                   .source = word(origin)}));
        }
        found.shown.is_unsubscribed = true;
        return std::move(found.shown);
      });
}

Result<Subscription> Unsubscriber::resubscribe(std::string_view text) {
  const auto token = TRY(keys_.verify_url(text, wire::TokenPurpose::unsubscribe));
  return database_.write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<Subscription> {
        const Instant now = clock_.now();
        Addressee found = TRY(find_addressee(connection, token, now));
        const auto released = TRY(audience::release_reason(
            connection, token.organisation_id, found.key(), "undone by the contact", now));
        if (released > 0) {
          TRY(record_(connection, {.organisation_id = token.organisation_id,
                                   .message_id = token.message_id,
                                   .type = EventType::resubscribed,
                                   .occurred_at = now,
                                   .source = "link"}));
        }
        found.shown.is_unsubscribed = false;
        return std::move(found.shown);
      });
}

}  // namespace tidings::feedback
