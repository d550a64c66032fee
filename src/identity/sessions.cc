#include "identity/sessions.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/utf8.h"
#include "identity/roles.h"
#include "wire/text_encoding.h"

namespace tidings::identity {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kUserAgentMax = 300;

constexpr db::Statement kInsert{
    "session.insert",
    "INSERT INTO session (id, user_id, organisation_id, secret_hash, peer, user_agent, created_at,"
    " used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)"};
constexpr db::Statement kForgetExpired{
    "session.forget_expired",
    "DELETE FROM session WHERE expires_at <= $1 OR (user_id = $2 AND used_at <= $3)"};
constexpr db::Statement kMakeRoom{
    "session.make_room",
    "DELETE FROM session WHERE user_id = $1 AND id NOT IN"
    " (SELECT id FROM session WHERE user_id = $1 ORDER BY used_at DESC, id DESC LIMIT $2)"};
constexpr db::Statement kFind{
    "session.find",
    "SELECT s.id, s.user_id, s.organisation_id, s.used_at, u.name, m.role FROM session s"
    " JOIN user_account u ON u.id = s.user_id"
    " JOIN membership m ON m.organisation_id = s.organisation_id AND m.user_id = s.user_id"
    " WHERE s.secret_hash = $1 AND s.expires_at > $2 AND s.used_at > $3"
    " AND u.disabled_at IS NULL AND m.disabled_at IS NULL"};
constexpr db::Statement kNoteUse{"session.note_use",
                                 "UPDATE session SET used_at = $2 WHERE id = $1 AND used_at < $2"};
constexpr db::Statement kList{
    "session.list",
    "SELECT id, user_id, organisation_id, peer, user_agent, created_at, used_at, expires_at"
    " FROM session WHERE user_id = $1 AND expires_at > $2 AND used_at > $3"
    " ORDER BY used_at DESC, id DESC"};
constexpr db::Statement kEnd{"session.end", "DELETE FROM session WHERE user_id = $1 AND id = $2"};
constexpr db::Statement kEndAll{"session.end_all", "DELETE FROM session WHERE user_id = $1"};
constexpr db::Statement kSwitch{
    "session.switch", "UPDATE session SET organisation_id = $3 WHERE user_id = $1 AND id = $2"};
constexpr db::Statement kMayWork{
    "session.may_work",
    "SELECT 1 FROM membership WHERE user_id = $1 AND organisation_id = $2"
    " AND disabled_at IS NULL"};

std::string readable(std::string_view text, std::size_t most) {
  std::string kept(utf8_prefix(text, most));
  std::ranges::replace_if(
      kept, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return wire::is_utf8(kept) ? kept : "?";
}

std::unexpected<Error> no_session() {
  return fail(ErrorKind::not_found, "session.not_found", "There is no such session.");
}

}  // namespace

Result<StartedSession> start_session(db::Connection& connection, IdSource& ids,
                                     const NewSession& session, Instant now) {
  TRY(connection.execute(kForgetExpired, {now, session.user_id, now - kSessionIdle}));
  StartedSession started;
  started.id = ids.next<SessionId>();
  started.secret = to_base64url(random_bytes(kSecretBytes));
  started.expires_at = now + kSessionLongest;
  const std::string hash = sha256(started.secret);
  TRY(connection.execute(
      kInsert, {started.id, session.user_id, session.organisation_id, db::BytesView{hash},
                readable(session.peer, 64), readable(session.user_agent, kUserAgentMax), now,
                started.expires_at}));
  TRY(connection.execute(kMakeRoom, {session.user_id, kSessionsMax}));
  return started;
}

Result<std::optional<FoundPrincipal>> find_session(db::Connection& connection,
                                                   std::string_view secret, Instant now) {
  // The digest is looked up by an index: what its comparison's time tells is about a digest that
  // nobody can choose, not about the secret.
  const std::string hash = sha256(secret);
  return connection.query_first(kFind, {db::BytesView{hash}, now, now - kSessionIdle},
                                [](const db::Row& row) {
                                  FoundPrincipal found;
                                  found.who.session_id = row.id<SessionId>(0);
                                  found.who.user_id = row.id<UserId>(1);
                                  found.who.organisation_id = row.id<OrganisationId>(2);
                                  found.used_at = row.instant(3);
                                  found.who.name = row.string(4);
                                  if (const auto role = parse_role(row.text(5)))
                                    found.who.permissions = permissions_of(*role);
                                  return found;
                                });
}

Result<void> note_session_use(db::Connection& connection, SessionId id, Instant now) {
  TRY(connection.execute(kNoteUse, {id, now}));
  return {};
}

Result<std::vector<Session>> list_sessions(db::Connection& connection, UserId user, Instant now) {
  std::vector<Session> found;
  TRY(connection.query(kList, {user, now, now - kSessionIdle}, [&](const db::Row& row) {
    found.push_back({row.id<SessionId>(0), row.id<UserId>(1), row.id<OrganisationId>(2),
                     row.string(3), row.string(4), row.instant(5), row.instant(6), row.instant(7)});
  }));
  return found;
}

Result<void> end_session(db::Connection& connection, UserId user, SessionId id) {
  if (TRY(connection.execute(kEnd, {user, id})) == 0) return no_session();
  return {};
}

Result<void> end_sessions(db::Connection& connection, UserId user) {
  TRY(connection.execute(kEndAll, {user}));
  return {};
}

Result<void> switch_session(db::Connection& connection, UserId user, SessionId id,
                            OrganisationId organisation) {
  const auto may = TRY(connection.query_first(kMayWork, {user, organisation},
                                              [](const db::Row& row) { return row.integer(0); }));
  if (!may) {
    return fail(ErrorKind::not_found, "organisation.not_found",
                "You do not work in that organisation.");
  }
  if (TRY(connection.execute(kSwitch, {user, id, organisation})) == 0) return no_session();
  return {};
}

}  // namespace tidings::identity
