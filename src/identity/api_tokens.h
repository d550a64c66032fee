// API tokens: programs that act for an organisation.
//
// A token is `tdg_` (or `tdgt_`: a test token, with which everything happens except that anything
// leaves) and 256 random bits; the database has its SHA-256 and its last four characters. It may
// what its scopes and, at each call, its user's role both allow: who loses a permission, is
// disabled or leaves takes their tokens along. 200 live ones per organisation.
// Thread: any, one Connection each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "identity/permission.h"
#include "identity/sessions.h"

namespace tidings::identity {

inline constexpr std::string_view kTokenPrefix = "tdg_";
inline constexpr std::string_view kTestTokenPrefix = "tdgt_";
inline constexpr int kTokensMax = 200;

struct ApiToken {
  ApiTokenId id;
  UserId user_id;
  std::string user_name;
  std::string name;
  std::string ending;  // its last four characters
  PermissionSet scopes;
  bool is_test = false;
  Instant created_at{};
  std::optional<Instant> expires_at;
  std::optional<Instant> used_at;  // to the minute
  std::optional<Instant> revoked_at;
};

struct NewApiToken {
  UserId user_id;
  std::string_view name;  // 1..100 bytes
  PermissionSet scopes;   // at least one
  bool is_test = false;
  std::optional<Instant> expires_at = {};  // in the future
};
struct CreatedApiToken {
  ApiTokenId id;
  std::string secret;  // "tdg_…": shown once, never stored
};

// In a write transaction. `who` asks: scopes beyond `who`'s own permissions are refused
// (token.scopes, denied), and a test token makes only test tokens (token.test_only, denied).
// Errors: token.name, token.scopes, token.expiry (invalid), token.too_many (limit).
Result<CreatedApiToken> create_api_token(db::Connection& connection, IdSource& ids,
                                         const Principal& who, const NewApiToken& token,
                                         Instant now);
// Who has this token; nothing when nobody, revoked, expired, or its user may not work there.
Result<std::optional<FoundPrincipal>> find_api_token(db::Connection& connection,
                                                     std::string_view secret, Instant now);
Result<void> note_api_token_use(db::Connection& connection, OrganisationId organisation,
                                ApiTokenId id, Instant now);

// Newest first, those before `before` (not valid: all); revoked ones only with `with_revoked`.
struct ApiTokenPage {
  ApiTokenId before;
  bool with_revoked = false;
  int limit = 50;
};
Result<std::vector<ApiToken>> list_api_tokens(db::Connection& connection,
                                              OrganisationId organisation,
                                              const ApiTokenPage& page);
// Error: token.not_found.
Result<ApiToken> get_api_token(db::Connection& connection, OrganisationId organisation,
                               ApiTokenId id);
// For good; a revoked one stays revoked. Error: token.not_found.
Result<void> revoke_api_token(db::Connection& connection, OrganisationId organisation,
                              ApiTokenId id, Instant now);

}  // namespace tidings::identity
