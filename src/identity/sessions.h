// Sessions: signed-in browsers.
//
// A session's secret is 256 random bits that only the browser keeps; the database has their
// SHA-256, so a stolen copy of it opens nothing. It ends by signing out, 12 hours after its last
// use, 14 days after it began, when the password changes, and when the person is disabled or leaves
// the organisation it works in. A person has at most 50: the one not used for longest gives way.
// Thread: any, one Connection each.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "identity/permission.h"

namespace tidings::identity {

inline constexpr Duration kSessionIdle = std::chrono::hours(12);
inline constexpr Duration kSessionLongest = std::chrono::days(14);
inline constexpr int kSessionsMax = 50;
// How exactly the last use of a session or token is known: a write per call would be too many.
inline constexpr Duration kUsedPrecision = std::chrono::minutes(1);

struct Session {
  SessionId id;
  UserId user_id;
  OrganisationId organisation_id;
  std::string peer;        // where it was begun
  std::string user_agent;  // the browser's words about itself
  Instant created_at{};
  Instant used_at{};
  Instant expires_at{};
};

struct NewSession {
  UserId user_id;
  OrganisationId organisation_id;
  std::string_view peer;
  std::string_view user_agent;  // cut at 300 bytes
};
struct StartedSession {
  SessionId id;
  std::string secret;  // 43 characters of base64url: shown once, never stored
  Instant expires_at{};
};

// In a write transaction.
Result<StartedSession> start_session(db::Connection& connection, IdSource& ids,
                                     const NewSession& session, Instant now);

struct FoundPrincipal {
  Principal who;
  Instant used_at{};
};
// Who has this secret, with the permissions of the role in the organisation worked in; nothing when
// nobody, ended, expired, or may not work there any more.
Result<std::optional<FoundPrincipal>> find_session(db::Connection& connection,
                                                   std::string_view secret, Instant now);
Result<void> note_session_use(db::Connection& connection, SessionId id, Instant now);

// Newest use first.
Result<std::vector<Session>> list_sessions(db::Connection& connection, UserId user, Instant now);
// Error: session.not_found when it is none of the user's.
Result<void> end_session(db::Connection& connection, UserId user, SessionId id);
Result<void> end_sessions(db::Connection& connection, UserId user);
// Works in another of the person's organisations from now on. Error: session.not_found,
// organisation.not_found when the person may not work there.
Result<void> switch_session(db::Connection& connection, UserId user, SessionId id,
                            OrganisationId organisation);

}  // namespace tidings::identity
