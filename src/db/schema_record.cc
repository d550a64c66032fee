// What the record needs to be read fast: the send-outs that are no campaign, and indexes that hold
// the few messages a filter looks for. None of the indexes has a row for a message that a campaign
// queues and sends. Owned by src/delivery. See docs/decisions/0014-reading-the-record.md.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kRecordSchema = R"sql(
-- What the list of send-outs says of a message that belongs to no campaign, written with it; what
-- changes later is read from the message. The keys are folded (wire/case_folding.h).
-- type: domain/send_out.h.
CREATE TABLE send_out (
  organisation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,                   -- of the message
  type BIGINT NOT NULL,
  subject_key TEXT NOT NULL,
  sender_key TEXT NOT NULL,
  has_attachments BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
CREATE INDEX send_out_type ON send_out (organisation_id, type, id);
CREATE INDEX send_out_subject ON send_out (organisation_id, subject_key, id);
CREATE INDEX send_out_sender ON send_out (organisation_id, sender_key, id);
CREATE INDEX send_out_attachments ON send_out (organisation_id, has_attachments, id);

-- Messages without a campaign, by what changes, and by address.
CREATE INDEX message_single_status ON message (organisation_id, status, id)
  WHERE campaign_id IS NULL;
CREATE INDEX message_single_sent ON message (organisation_id, (CASE WHEN state = 3 THEN 1 ELSE 0 END), id)
  WHERE campaign_id IS NULL;
CREATE INDEX message_single_address ON message (organisation_id, normalised, id)
  WHERE campaign_id IS NULL;
-- Everything that is no campaign's, and text messages.
CREATE INDEX message_kind ON message (organisation_id, kind, id) WHERE kind > 0;
CREATE INDEX message_sms ON message (organisation_id, id) WHERE channel = 1;
-- The statuses that few messages have: bounced, marked as spam, unsubscribed, dropped, skipped,
-- failed, held, cancelled, uncertain.
CREATE INDEX message_trouble ON message (organisation_id, status, id) WHERE status > 6;
-- Those deleted from the history (P38), to be shown again.
CREATE INDEX message_deleted ON message (organisation_id, id) WHERE deleted_at IS NOT NULL;

-- Bounced because the provider refused us, not the address (P33: blocked).
ALTER TABLE campaign_counter ADD COLUMN blocked BIGINT NOT NULL DEFAULT 0;

-- What was removed for good, and why (P38): the tombstone. what: 0 a message, 1 a campaign with all
-- of its messages. purged_to is the cursor of a removal under way.
CREATE TABLE purge (
  organisation_id BIGINT NOT NULL,
  what BIGINT NOT NULL,
  id BIGINT NOT NULL,                   -- of the message or campaign
  reason TEXT NOT NULL,
  purged_by TEXT NOT NULL,
  began_at BIGINT NOT NULL,
  purged_to BIGINT NOT NULL,
  finished_at BIGINT,
  PRIMARY KEY (organisation_id, what, id)
);
)sql";

constinit const std::string_view kRecordRangesSchema = R"sql(
-- Between which ids the messages of a campaign lie, so that the primary key finds them.
ALTER TABLE campaign_counter ADD COLUMN first_message_id BIGINT;
ALTER TABLE campaign_counter ADD COLUMN last_message_id BIGINT;
)sql";

constinit const std::string_view kLettersSchema = R"sql(
-- Who else has the content of a letter that was written for one person (no campaign, no template):
-- when nobody has, its words go with it.
CREATE INDEX message_letter_content ON message (organisation_id, content_version_id)
  WHERE campaign_id IS NULL AND template_id IS NULL;
-- Of one address, released ones too: erasing, and everything about one person.
CREATE INDEX suppression_address ON suppression (organisation_id, channel, normalised);
CREATE INDEX frozen_content_version ON frozen_content (organisation_id, content_version_id);
)sql";

constinit const std::string_view kRecordOrdersSchema = R"sql(
-- All that a list asks of these messages and sorts them by, so that it reads the index alone.
DROP INDEX message_trouble;
CREATE INDEX message_trouble ON message (organisation_id, status, id, campaign_id,
  content_version_id, kind, channel, contact_id, reason, attempts, queued_at, changed_at,
  normalised, deleted_at) WHERE status > 6;
DROP INDEX message_kind;
CREATE INDEX message_kind ON message (organisation_id, kind, id, campaign_id, content_version_id,
  channel, contact_id, status, reason, attempts, queued_at, changed_at, normalised, deleted_at)
  WHERE kind > 0;
)sql";

}  // namespace tidings::db
