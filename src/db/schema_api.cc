// Answers kept for repeated requests. Owned by src/edge/api (commit).
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kApiSchema = R"sql(
-- One row per Idempotency-Key of the last 24 hours.
CREATE TABLE idempotency_key (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  name TEXT NOT NULL,                   -- as the caller chose it
  operation TEXT NOT NULL,              -- operationId
  request_digest BYTEA NOT NULL,        -- SHA-256 of method, target and body
  status BIGINT NOT NULL,               -- of the answer
  answer TEXT NOT NULL,                 -- JSON: body and headers
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, name)
);
CREATE INDEX idempotency_key_created ON idempotency_key (organisation_id, created_at);
)sql";

}  // namespace tidings::db
