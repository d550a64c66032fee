#include "feedback/returned_mail.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "delivery/email_content.h"
#include "wire/return_path.h"
#include "wire/smtp_reply.h"

namespace tidings::feedback {

namespace {

constexpr std::size_t kPathMax = 320;  // RFC 5321 §4.5.3.1: 64, @, 255

constexpr db::Statement kOrganisationOfKey{
    "returned.organisation_of_key", "SELECT organisation_id FROM token_key WHERE key_id = $1"};
constexpr db::Statement kKnown{
    "returned.known",
    "SELECT id FROM returned_mail WHERE organisation_id = $1 AND digest = $2"
    " AND envelope_to = $3"};
constexpr db::Statement kInsert{
    "returned.insert",
    "INSERT INTO returned_mail (organisation_id, id, source, envelope_from, envelope_to, digest,"
    " size, received_at, state, due_at, attempts, kind, outcome, reason, sender, subject,"
    " body_text, recipients)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $8, 0, '', '', '', '', '', '', '[]')"
    " ON CONFLICT DO NOTHING"};
constexpr db::Statement kInsertOctets{
    "returned.insert_octets",
    "INSERT INTO returned_mail_octets (organisation_id, id, octets) VALUES ($1, $2, $3)"};
constexpr db::Statement kOrganisations{"returned.organisations", "SELECT id FROM organisation"};
constexpr db::Statement kMessage{"returned.message",
                                 "SELECT id FROM message WHERE organisation_id = $1 AND id = $2"};

// Who made the token that the address names, as it says itself.
Result<OrganisationId> organisation_of(db::Connection& connection, const IncomingMail& mail) {
  const std::string_view text = wire::return_path_token(mail.envelope_to);
  const auto token = wire::parse_return_path_token(text);
  if (!token) return mail.organisation;
  const auto found =
      TRY(connection.query_first(kOrganisationOfKey, {token->key_id},
                                 [](const db::Row& row) { return row.id<OrganisationId>(0); }));
  return found.value_or(mail.organisation);
}

}  // namespace

Result<StoredMail> store_returned(db::Connection& connection, IdSource& ids,
                                  const IncomingMail& mail) {
  CHECK(mail.organisation.valid());
  if (mail.octets.size() > kReturnedMailMax) {
    return fail(ErrorKind::limit, "returned_mail.too_large",
                fmt::format("A mail of {} MB is no report and is not kept: {} MB are the most.",
                            mail.octets.size() >> 20, kReturnedMailMax >> 20));
  }
  const OrganisationId organisation = TRY(organisation_of(connection, mail));
  const std::string digest = sha256(mail.octets);
  const std::string from = wire::to_valid_utf8(mail.envelope_from, kPathMax);
  const std::string to = wire::to_valid_utf8(mail.envelope_to, kPathMax);
  const auto known = [&] {
    return connection.query_first(kKnown, {organisation, db::BytesView{digest}, to},
                                  [](const db::Row& row) { return row.id<ReturnedMailId>(0); });
  };
  if (const auto there = TRY(known())) return StoredMail{*there, false};
  const auto id = ids.next<ReturnedMailId>();
  const auto added = TRY(connection.execute(
      kInsert, {organisation, id, mail.source, from, to, db::BytesView{digest},
                static_cast<std::int64_t>(mail.octets.size()), mail.received_at}));
  // Another node stored it this moment.
  if (added == 0) return StoredMail{TRY(known()).value_or(id), false};
  TRY(connection.execute(kInsertOctets, {organisation, id, db::BytesView{mail.octets}}));
  return StoredMail{id, true};
}

Result<std::optional<FoundMessage>> find_by_message_id(db::Connection& connection,
                                                       std::string_view header,
                                                       OrganisationId organisation) {
  const auto id = delivery::parse_message_id_header(header);
  if (!id) return std::nullopt;
  std::vector<OrganisationId> candidates{organisation};
  if (!organisation.valid()) {
    candidates.clear();
    TRY(connection.query(kOrganisations, {}, [&](const db::Row& row) {
      candidates.push_back(row.id<OrganisationId>(0));
    }));
  }
  for (const OrganisationId each : candidates) {
    const auto found = TRY(connection.query_first(
        kMessage, {each, *id}, [](const db::Row& row) { return row.id<MessageId>(0); }));
    if (found) return FoundMessage{each, *found};
  }
  return std::nullopt;
}

}  // namespace tidings::feedback
