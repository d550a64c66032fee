// The life of a campaign before and around its sending, and messages that belong to no campaign.
// Owned by src/compose (campaign, frozen_content) and src/delivery (message).
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kCampaignsSchema = R"sql(
-- A campaign that is not frozen yet has content_version_id 0 and transport_id 0: no row has that
-- id. draft is compose::Draft, kept after the start too: "use again" copies it.
ALTER TABLE campaign ADD COLUMN draft TEXT NOT NULL DEFAULT '{}';
-- scheduled_at is the instant; these say how a person put it. Without a zone the campaign waits
-- for second thoughts only.
ALTER TABLE campaign ADD COLUMN schedule_local TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN schedule_zone TEXT NOT NULL DEFAULT '';
-- Why it is held or paused.
ALTER TABLE campaign ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- What it was made of, and how: compose/campaigns.h, Parentage.
ALTER TABLE campaign ADD COLUMN parent_id BIGINT;
ALTER TABLE campaign ADD COLUMN parentage BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
-- Of a test token: it goes to the sandbox.
ALTER TABLE campaign ADD COLUMN is_test BIGINT NOT NULL DEFAULT 0;
CREATE INDEX campaign_parent ON campaign (organisation_id, parent_id) WHERE parent_id IS NOT NULL;

-- The transport of a message without a campaign; a campaign's messages take the campaign's.
ALTER TABLE message ADD COLUMN transport_id BIGINT;
ALTER TABLE message ADD COLUMN is_test BIGINT NOT NULL DEFAULT 0;
-- Who made a message without a campaign, and of which template (its id), for the log.
ALTER TABLE message ADD COLUMN sent_by TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN template_id BIGINT;
-- Those still to be sent, of each transport: few, whatever there is of campaigns.
CREATE INDEX message_direct ON message (transport_id, state, id)
  WHERE transport_id IS NOT NULL AND state < 3;

-- The content version that has the content with this digest, so that a thousand messages made of
-- one template have one.
CREATE TABLE frozen_content (
  organisation_id BIGINT NOT NULL,
  digest BYTEA NOT NULL,                -- SHA-256 of what the version says
  content_version_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, digest),
  FOREIGN KEY (organisation_id, content_version_id)
    REFERENCES content_version (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
)sql";

}  // namespace tidings::db
