#include "identity/api_tokens.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "db/nullable.h"
#include "identity/roles.h"
#include "wire/text_encoding.h"

namespace tidings::identity {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kNameMax = 100;
constexpr std::size_t kEnding = 4;

constexpr db::Statement kInsert{
    "api_token.insert",
    "INSERT INTO api_token (organisation_id, id, user_id, name, secret_hash, ending, scopes,"
    " is_test, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
constexpr db::Statement kCount{
    "api_token.count",
    "SELECT COUNT(*) FROM api_token WHERE organisation_id = $1 AND revoked_at IS NULL"
    " AND (expires_at IS NULL OR expires_at > $2)"};
constexpr db::Statement kFind{
    "api_token.find",
    "SELECT t.id, t.organisation_id, t.user_id, t.used_at, t.name, t.scopes, t.is_test, u.name,"
    " m.role FROM api_token t JOIN user_account u ON u.id = t.user_id"
    " JOIN membership m ON m.organisation_id = t.organisation_id AND m.user_id = t.user_id"
    " WHERE t.secret_hash = $1 AND t.revoked_at IS NULL"
    " AND (t.expires_at IS NULL OR t.expires_at > $2)"
    " AND u.disabled_at IS NULL AND m.disabled_at IS NULL"};
constexpr db::Statement kNoteUse{
    "api_token.note_use",
    "UPDATE api_token SET used_at = $3 WHERE organisation_id = $1 AND id = $2"
    " AND (used_at IS NULL OR used_at < $3)"};
constexpr db::Statement kList{
    "api_token.list",
    "SELECT t.id, t.user_id, u.name, t.name, t.ending, t.scopes, t.is_test, t.created_at,"
    " t.expires_at, t.used_at, t.revoked_at FROM api_token t"
    " JOIN user_account u ON u.id = t.user_id WHERE t.organisation_id = $1 AND t.id < $2"
    " AND (t.revoked_at IS NULL OR CAST($3 AS BIGINT) = 1) ORDER BY t.id DESC LIMIT $4"};
constexpr db::Statement kGet{
    "api_token.get",
    "SELECT t.id, t.user_id, u.name, t.name, t.ending, t.scopes, t.is_test, t.created_at,"
    " t.expires_at, t.used_at, t.revoked_at FROM api_token t"
    " JOIN user_account u ON u.id = t.user_id WHERE t.organisation_id = $1 AND t.id = $2"};
constexpr db::Statement kRevoke{
    "api_token.revoke",
    "UPDATE api_token SET revoked_at = $3 WHERE organisation_id = $1 AND id = $2"
    " AND revoked_at IS NULL"};

ApiToken read(const db::Row& row) {
  ApiToken token;
  token.id = row.id<ApiTokenId>(0);
  token.user_id = row.id<UserId>(1);
  token.user_name = row.string(2);
  token.name = row.string(3);
  token.ending = row.string(4);
  token.scopes = parse_permissions(row.text(5)).value_or(PermissionSet{});
  token.is_test = row.boolean(6);
  token.created_at = row.instant(7);
  token.expires_at = maybe_instant(row, 8);
  token.used_at = maybe_instant(row, 9);
  token.revoked_at = maybe_instant(row, 10);
  return token;
}

Result<void> check_new(const Principal& who, const NewApiToken& token, Instant now) {
  const bool has_control = std::ranges::any_of(
      token.name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (token.name.empty() || token.name.size() > kNameMax || has_control ||
      !wire::is_utf8(token.name)) {
    return fail(ErrorKind::invalid, "token.name",
                "A token's name says what it is for, in 1 to 100 characters on one line.");
  }
  if (token.scopes == PermissionSet{}) {
    return fail(ErrorKind::invalid, "token.scopes", "Name at least one scope.");
  }
  if ((token.scopes & who.permissions) != token.scopes) {
    return fail(ErrorKind::denied, "token.scopes",
                "A token cannot allow more than you may yourself. Leave out the scopes you lack.");
  }
  if (who.is_test && !token.is_test) {
    return fail(ErrorKind::denied, "token.test_only", "A test token makes only test tokens.");
  }
  if (token.expires_at && *token.expires_at <= now) {
    return fail(ErrorKind::invalid, "token.expiry", "The token would have expired already.");
  }
  return {};
}

}  // namespace

Result<CreatedApiToken> create_api_token(db::Connection& connection, IdSource& ids,
                                         const Principal& who, const NewApiToken& token,
                                         Instant now) {
  TRY(check_new(who, token, now));
  const auto live = TRY(connection.query_first(kCount, {who.organisation_id, now},
                                               [](const db::Row& row) { return row.integer(0); }));
  if (live.value_or(0) >= kTokensMax) {
    return fail(ErrorKind::limit, "token.too_many",
                "An organisation has at most 200 tokens. Revoke those that are not needed.");
  }
  CreatedApiToken created;
  created.id = ids.next<ApiTokenId>();
  created.secret = std::string(token.is_test ? kTestTokenPrefix : kTokenPrefix) +
                   to_base64url(random_bytes(kSecretBytes));
  const std::string hash = sha256(created.secret);
  TRY(connection.execute(
      kInsert, {who.organisation_id, created.id, token.user_id, token.name, db::BytesView{hash},
                std::string_view(created.secret).substr(created.secret.size() - kEnding),
                to_text(token.scopes), token.is_test, now, token.expires_at}));
  return created;
}

Result<std::optional<FoundPrincipal>> find_api_token(db::Connection& connection,
                                                     std::string_view secret, Instant now) {
  const std::string hash = sha256(secret);
  return connection.query_first(kFind, {db::BytesView{hash}, now}, [](const db::Row& row) {
    FoundPrincipal found;
    found.who.token_id = row.id<ApiTokenId>(0);
    found.who.organisation_id = row.id<OrganisationId>(1);
    found.who.user_id = row.id<UserId>(2);
    found.used_at = row.instant(3);
    found.who.name = row.string(7) + " (" + row.string(4) + ")";
    // A scope that this version does not know allows nothing.
    const auto scopes = parse_permissions(row.text(5)).value_or(PermissionSet{});
    found.who.is_test = row.boolean(6);
    if (const auto role = parse_role(row.text(8))) {
      found.who.permissions = scopes & permissions_of(*role);
    }
    return found;
  });
}

Result<void> note_api_token_use(db::Connection& connection, OrganisationId organisation,
                                ApiTokenId id, Instant now) {
  TRY(connection.execute(kNoteUse, {organisation, id, now}));
  return {};
}

Result<std::vector<ApiToken>> list_api_tokens(db::Connection& connection,
                                              OrganisationId organisation,
                                              const ApiTokenPage& page) {
  const std::int64_t before =
      page.before.valid() ? page.before.value : std::numeric_limits<std::int64_t>::max();
  std::vector<ApiToken> found;
  TRY(connection.query(kList, {organisation, before, page.with_revoked, page.limit},
                       [&](const db::Row& row) { found.push_back(read(row)); }));
  return found;
}

Result<ApiToken> get_api_token(db::Connection& connection, OrganisationId organisation,
                               ApiTokenId id) {
  auto found = TRY(connection.query_first(kGet, {organisation, id}, read));
  if (!found) return fail(ErrorKind::not_found, "token.not_found", "There is no such token.");
  return *std::move(found);
}

Result<void> revoke_api_token(db::Connection& connection, OrganisationId organisation,
                              ApiTokenId id, Instant now) {
  TRY(get_api_token(connection, organisation, id));
  TRY(connection.execute(kRevoke, {organisation, id, now}));
  return {};
}

}  // namespace tidings::identity
