#include "compose/senders.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "db/nullable.h"
#include "wire/text_encoding.h"

namespace tidings::compose {

namespace {

constexpr std::size_t kTokenBytes = 24;  // wire/signed_token.h

#define TIDINGS_SENDER_COLUMNS                                                          \
  "SELECT id, name, address, reply_to, (SELECT p.verified_at FROM sender_proof p WHERE" \
  " p.organisation_id = sender.organisation_id AND p.sender_id = sender.id),"           \
  " verification_sent_at, created_at, changed_at FROM sender "

constexpr db::Statement kInsert{
    "sender.create",
    "INSERT INTO sender (organisation_id, id, name, address, normalised, reply_to, created_at,"
    " changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING"};
// The proof is the address's, whatever the name beside it.
constexpr db::Statement kInheritVerification{
    "sender.inherit_verification",
    "UPDATE sender SET verified_at = (SELECT MIN(o.verified_at) FROM sender o"
    " WHERE o.organisation_id = $1 AND o.normalised = $2 AND o.id <> $3)"
    " WHERE organisation_id = $1 AND id = $3 AND verified_at IS NULL"};
constexpr db::Statement kIsTaken{
    "sender.is_taken",
    "SELECT 1 FROM sender WHERE organisation_id = $1 AND normalised = $2 AND name = $3"
    " AND id <> $4"};
constexpr db::Statement kUpdate{
    "sender.update",
    "UPDATE sender SET name = $1, address = $2, normalised = $3, reply_to = $4, changed_at = $5"
    " WHERE organisation_id = $6 AND id = $7"};
constexpr db::Statement kForgetVerification{
    "sender.forget_verification",
    "UPDATE sender SET verified_at = NULL, verification_hash = NULL, verification_sent_at = NULL"
    " WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kLoad{"sender.load",
                              TIDINGS_SENDER_COLUMNS "WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kDelete{"sender.delete",
                                "DELETE FROM sender WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kList{"sender.list", TIDINGS_SENDER_COLUMNS
                              "WHERE organisation_id = $1 AND (normalised, name) > ($2, $3)"
                              " ORDER BY normalised, name LIMIT $4"};
constexpr db::Statement kListFirst{"sender.list_first", TIDINGS_SENDER_COLUMNS
                                   "WHERE organisation_id = $1 ORDER BY normalised, name LIMIT $2"};
constexpr db::Statement kBegin{
    "sender.begin_verification",
    "UPDATE sender SET verification_hash = $1, verification_sent_at = $2, changed_at = $2"
    " WHERE organisation_id = $3 AND id = $4"};
constexpr db::Statement kFindLink{
    "sender.find_link",
    "SELECT o.name, o.locale, s.name, s.address, s.verified_at, s.verification_sent_at,"
    " s.organisation_id, s.id FROM sender s JOIN organisation o ON o.id = s.organisation_id"
    " WHERE s.verification_hash = $1"};
constexpr db::Statement kConfirm{
    "sender.confirm",
    "UPDATE sender SET verified_at = $1, changed_at = $1 WHERE organisation_id = $2"
    " AND normalised = (SELECT normalised FROM sender WHERE organisation_id = $2 AND id = $3)"
    " AND verified_at IS NULL"};

Sender read(const db::Row& row) {
  Sender sender;
  sender.id = row.id<SenderId>(0);
  sender.fields = {row.string(1), row.string(2), row.string(3)};
  sender.verified_at = maybe_instant(row, 4);
  sender.verification_sent_at = maybe_instant(row, 5);
  sender.created_at = row.instant(6);
  sender.changed_at = std::max(row.instant(7), sender.created_at);
  return sender;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// As compared; of an address that was checked.
std::string key_of(std::string_view address) {
  const auto parsed = wire::parse_email_address(address, wire::DomainRule::any);
  return parsed ? wire::comparison_key(*parsed) : std::string(address);
}

std::unexpected<Error> exists(const SenderFields& fields) {
  return fail(ErrorKind::conflict, "sender.exists",
              fmt::format("There is a sender {} with this name already. Use that one, or choose "
                          "another name.",
                          fields.address));
}

std::unexpected<Error> not_found() {
  return fail(ErrorKind::not_found, "sender.not_found",
              "There is no such sender. It may have been deleted; choose another.");
}

Result<void> check_free(db::Connection& connection, OrganisationId organisation,
                        const SenderFields& fields, SenderId but) {
  const auto taken =
      TRY(connection.query_first(kIsTaken, {organisation, key_of(fields.address), fields.name, but},
                                 [](const db::Row&) { return true; }));
  if (taken) return exists(fields);
  return {};
}

struct FoundLink {
  SenderConfirmation confirmation;
  OrganisationId organisation_id;
  SenderId sender_id;
};

Result<FoundLink> find_link(db::Connection& connection, std::string_view token, Instant now) {
  const auto bytes = from_base64url(token);
  std::optional<FoundLink> found;
  bool is_old = false;
  if (bytes && bytes->size() == kTokenBytes) {
    const std::string hash = sha256(*bytes);
    TRY(connection.query(kFindLink, {db::BytesView{hash}}, [&](const db::Row& row) {
      found =
          FoundLink{{row.string(0), row.string(1), row.string(2), row.string(3), !row.is_null(4)},
                    row.id<OrganisationId>(6),
                    row.id<SenderId>(7)};
      is_old = now - row.instant(5) > kVerificationLasts;
    }));
  }
  if (!found || is_old) {
    return fail(ErrorKind::not_found, "sender.link",
                "This link is not valid any more. Ask for a new one.");
  }
  return *std::move(found);
}

}  // namespace

std::string_view way_around_verification(SenderOverride override) {
  return override == SenderOverride::not_permitted
             ? "Or ask somebody who has the permission senders:override, such as an administrator, "
               "to send it."
             : "You may send it without that: ask again with \"override_sender\": true (on the "
               "command line, --override-sender).";
}

std::vector<FieldProblem> check_sender(const SenderFields& fields) {
  std::vector<FieldProblem> problems;
  if (fields.name.size() > kSenderNameMax || has_control(fields.name) ||
      !wire::is_utf8(fields.name)) {
    problems.push_back(
        {"/name", "sender.name",
         fmt::format("The name must be on one line and have at most {} bytes.", kSenderNameMax)});
  }
  const auto check_mailbox = [&](std::string_view field, const auto& parsed) {
    if (!parsed) {
      problems.push_back({std::string(field), parsed.error().code, parsed.error().message});
    }
  };
  // White space around an address is forgiven; a line break within is not.
  if (has_control(fields.address)) {
    problems.push_back({"/address", "sender.address", "The address must be on one line."});
  } else {
    check_mailbox("/address", wire::parse_email_address(fields.address));
  }
  if (has_control(fields.reply_to)) {
    problems.push_back({"/reply_to", "sender.reply_to", "The address must be on one line."});
  } else if (!fields.reply_to.empty()) {
    check_mailbox("/reply_to", wire::parse_mailbox(fields.reply_to));
  }
  return problems;
}

Result<wire::Mailbox> sender_mailbox(const SenderFields& fields) {
  wire::Mailbox mailbox;
  mailbox.display_name = fields.name;
  mailbox.address = TRY(wire::parse_email_address(fields.address, wire::DomainRule::any));
  return mailbox;
}

Result<SenderId> create_sender(db::Connection& connection, IdSource& ids,
                               OrganisationId organisation, const SenderFields& fields,
                               Instant now) {
  TRY(check_free(connection, organisation, fields, {}));
  const auto address = TRY(wire::parse_email_address(fields.address, wire::DomainRule::any));
  const auto id = ids.next<SenderId>();
  const auto made =
      TRY(connection.execute(kInsert, {organisation, id, fields.name, address.typed,
                                       wire::comparison_key(address), fields.reply_to, now}));
  if (made == 0) return exists(fields);
  TRY(connection.execute(kInheritVerification, {organisation, wire::comparison_key(address), id}));
  return id;
}

Result<void> change_sender(db::Connection& connection, OrganisationId organisation,
                           const Sender& before, const SenderFields& fields, Instant now) {
  TRY(check_free(connection, organisation, fields, before.id));
  const auto address = TRY(wire::parse_email_address(fields.address, wire::DomainRule::any));
  const std::string key = wire::comparison_key(address);
  const Instant changed = std::max(now, before.changed_at + Duration(1));
  TRY(connection.execute(kUpdate, {fields.name, address.typed, key, fields.reply_to, changed,
                                   organisation, before.id}));
  if (key != key_of(before.fields.address)) {
    TRY(connection.execute(kForgetVerification, {organisation, before.id}));
    TRY(connection.execute(kInheritVerification, {organisation, key, before.id}));
  }
  return {};
}

Result<Sender> load_sender(db::Connection& connection, OrganisationId organisation, SenderId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) return not_found();
  return *std::move(found);
}

Result<void> delete_sender(db::Connection& connection, OrganisationId organisation, SenderId id) {
  if (TRY(connection.execute(kDelete, {organisation, id})) == 0) return not_found();
  return {};
}

Result<std::vector<Sender>> list_senders(db::Connection& connection, OrganisationId organisation,
                                         const std::optional<SenderPosition>& after, int limit) {
  std::vector<Sender> senders;
  const auto add = [&](const db::Row& row) { senders.push_back(read(row)); };
  if (after) {
    TRY(connection.query(kList, {organisation, after->normalised, after->name, limit}, add));
  } else {
    TRY(connection.query(kListFirst, {organisation, limit}, add));
  }
  return senders;
}

SenderPosition position_of(const Sender& sender) {
  return {key_of(sender.fields.address), sender.fields.name};
}

Result<void> begin_verification(db::Connection& connection, OrganisationId organisation,
                                SenderId id, std::string_view token, Instant now) {
  const auto bytes = from_base64url(token);
  CHECK(bytes && bytes->size() == kTokenBytes);
  const std::string hash = sha256(*bytes);
  if (TRY(connection.execute(kBegin, {db::BytesView{hash}, now, organisation, id})) == 0) {
    return not_found();
  }
  return {};
}

Result<SenderConfirmation> look_at_confirmation(db::Connection& connection, std::string_view token,
                                                Instant now) {
  return TRY(find_link(connection, token, now)).confirmation;
}

Result<SenderConfirmation> confirm_sender(db::Connection& connection, std::string_view token,
                                          Instant now) {
  FoundLink link = TRY(find_link(connection, token, now));
  TRY(connection.execute(kConfirm, {now, link.organisation_id, link.sender_id}));
  link.confirmation.is_verified = true;
  return std::move(link).confirmation;
}

}  // namespace tidings::compose
