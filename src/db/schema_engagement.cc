// What people and machines did with what was sent. Owned by src/delivery.
// See docs/decisions/0022-people-and-machines.md.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kEngagementSchema = R"sql(
-- Of one message that somebody, or something, asked for. sent_at: when it was accepted, as far as is
-- known. opens and clicks are a person's. links: bit n of octet n / 8: a person followed link n.
CREATE TABLE engagement (
  organisation_id BIGINT NOT NULL,
  message_id BIGINT NOT NULL,
  sent_at BIGINT,
  opened_at BIGINT,                     -- by a person, for the first time; a click opens it too
  clicked_at BIGINT,
  opens BIGINT NOT NULL,
  clicks BIGINT NOT NULL,
  machine_opens BIGINT NOT NULL,
  machine_clicks BIGINT NOT NULL,
  links BYTEA NOT NULL,
  PRIMARY KEY (organisation_id, message_id),
  FOREIGN KEY (organisation_id, message_id) REFERENCES message (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- The sum of that per campaign, one row per writer. opened and clicked are people: messages.
CREATE TABLE campaign_engagement (
  organisation_id BIGINT NOT NULL,
  campaign_id BIGINT NOT NULL,
  node_number BIGINT NOT NULL,
  opened BIGINT NOT NULL,
  clicked BIGINT NOT NULL,
  opens BIGINT NOT NULL,
  clicks BIGINT NOT NULL,
  machine_opens BIGINT NOT NULL,
  machine_clicks BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, campaign_id, node_number),
  FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- When: per quarter of an hour since 1970, so that the hours and days of every time zone can be put
-- together. opened and clicked: for the first time.
CREATE TABLE engagement_time (
  organisation_id BIGINT NOT NULL,
  campaign_id BIGINT NOT NULL,
  quarter BIGINT NOT NULL,
  opened BIGINT NOT NULL,
  clicked BIGINT NOT NULL,
  opens BIGINT NOT NULL,
  clicks BIGINT NOT NULL,
  machine_opens BIGINT NOT NULL,
  machine_clicks BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, campaign_id, quarter),
  FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- With what: domain/reading_program.h. people: whose first reading was with it.
CREATE TABLE engagement_program (
  organisation_id BIGINT NOT NULL,
  campaign_id BIGINT NOT NULL,
  program BIGINT NOT NULL,
  device BIGINT NOT NULL,
  people BIGINT NOT NULL,
  opens BIGINT NOT NULL,
  clicks BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, campaign_id, program, device),
  FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- Of hits: those of machines, and of how many messages a person made one.
ALTER TABLE content_link_count ADD COLUMN machine_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE content_link_count ADD COLUMN people BIGINT NOT NULL DEFAULT 0;

-- Opened and clicked are looked for like what went wrong.
DROP INDEX message_trouble;
CREATE INDEX message_told ON message (organisation_id, status, id, campaign_id,
  content_version_id, kind, channel, contact_id, reason, attempts, queued_at, changed_at,
  normalised, deleted_at) WHERE status > 4;
)sql";

}  // namespace tidings::db
