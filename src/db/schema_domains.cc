// Sending domains. Owned by src/delivery/domains.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kDomainsSchema = R"sql(
-- A domain that an organisation writes from.
CREATE TABLE sending_domain (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,                   -- lower-case A-labels
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  checked_at BIGINT,                    -- when DNS was last asked
  findings TEXT NOT NULL,               -- JSON: what was found then
  verified_at BIGINT,                   -- since when DNS has all that is required; NULL: it has not
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX sending_domain_name ON sending_domain (organisation_id, name);

-- The keys that sign for it. Waiting, then active, then retired; of an algorithm one is active.
CREATE TABLE domain_key (
  organisation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  domain_id BIGINT NOT NULL,
  selector TEXT NOT NULL,
  algorithm TEXT NOT NULL,              -- wire/dkim_key.h
  public_key TEXT NOT NULL,             -- as published: base64
  sealed BYTEA,                         -- the private key; NULL once it is retired
  created_at BIGINT NOT NULL,
  activated_at BIGINT,
  retired_at BIGINT,
  PRIMARY KEY (organisation_id, id),
  FOREIGN KEY (organisation_id, domain_id) REFERENCES sending_domain (organisation_id, id)
);
CREATE UNIQUE INDEX domain_key_selector ON domain_key (organisation_id, domain_id, selector);

-- Since when a sender is verified, by the link that was mailed to it or by its domain; NULL: it is
-- not. A domain's name has neither % nor _.
CREATE VIEW sender_proof AS
SELECT s.organisation_id AS organisation_id, s.id AS sender_id,
  COALESCE(s.verified_at, (SELECT MIN(d.verified_at) FROM sending_domain d
    WHERE d.organisation_id = s.organisation_id AND d.verified_at IS NOT NULL
    AND (s.normalised LIKE '%@' || d.name OR s.normalised LIKE '%.' || d.name))) AS verified_at
FROM sender s;
)sql";

}  // namespace tidings::db
