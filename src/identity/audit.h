// The audit log of an organisation: who did what to which thing, append-only and hash-chained.
//
// An entry is written in the transaction of the change it tells, so neither is there without the
// other. Of what was and what is now only digests are kept: they prove, and leak nothing that was
// erased since. Each entry's digest covers all of it and the digest before, and the end of the
// chain stands apart: an entry that was changed, taken out or cut off at the end is found. Triggers
// refuse UPDATE and DELETE; whoever owns the whole database can still write a new chain, which a
// copy of an older head (a backup's) then tells.
// Thread: any, one Connection each.
#pragma once

#include <cstdint>
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

struct AuditEntry {
  std::string_view action;     // "user.create", "suppression.release": noun.verb
  std::string_view object;     // the noun: "user"
  std::int64_t object_id = 0;  // 0: none
  std::string_view note;       // in words, without secrets; cut at 500 bytes
  std::string_view before;     // what it was, in any fixed form; empty: nothing
  std::string_view after;      // what it is now
};

// Within the write transaction of the change itself.
Result<void> audit(db::Connection& connection, const Principal& who, const AuditEntry& entry,
                   Instant now);

struct AuditRecord {
  std::int64_t sequence = 0;  // 1, 2, 3 …
  Instant occurred_at{};
  UserId user_id;       // not valid: none (a command at the machine itself)
  ApiTokenId token_id;  // not valid: none
  std::string actor;
  std::string action;
  std::string object;
  std::int64_t object_id = 0;
  std::string note;
  std::string before_digest;  // SHA-256, raw; empty: nothing
  std::string after_digest;
  std::string digest;
};

struct AuditFilter {
  std::optional<std::int64_t> before_sequence;  // the next page, newest first
  UserId user_id;
  std::string_view action;  // exactly, or with a final '.' all that begin with it
  std::string_view object;
  std::int64_t object_id = 0;
  std::optional<Instant> from;
  std::optional<Instant> until;
  int limit = 50;
};

// Newest first.
Result<std::vector<AuditRecord>> list_audit(db::Connection& connection, OrganisationId organisation,
                                            const AuditFilter& filter);

struct AuditVerification {
  std::int64_t entries = 0;
  // The first entry that is not what was written; one past the last when the end is missing.
  std::optional<std::int64_t> broken_at;
};
Result<AuditVerification> verify_audit(db::Connection& connection, OrganisationId organisation);

}  // namespace tidings::identity
