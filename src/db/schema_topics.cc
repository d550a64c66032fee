// Topics, what people choose about them, and messages that events send. Owned by src/audience
// (topic, suppression), src/delivery (content_version) and src/compose (message_trigger).
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kTopicsSchema = R"sql(
-- What an organisation writes about. channels: 1 email, 2 sms, 3 both. An essential one reaches
-- people whatever they chose.
CREATE TABLE topic (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  channels BIGINT NOT NULL,
  is_essential BIGINT NOT NULL,
  position BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  archived_at BIGINT,
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX topic_name ON topic (organisation_id, name) WHERE archived_at IS NULL;

-- Of an unsubscription: from what. 0 everything; -1 what has no topic, and topics that are newer
-- than the choice; else a topic.
ALTER TABLE suppression ADD COLUMN topic_id BIGINT NOT NULL DEFAULT 0;
DROP INDEX suppression_active;
CREATE UNIQUE INDEX suppression_active
  ON suppression (organisation_id, channel, normalised, reason, kinds, topic_id)
  WHERE released_at IS NULL;
-- Whoever became a contact through a message of their own has not unsubscribed: nobody asked.
UPDATE suppression SET reason = 'no_consent' WHERE reason = 'manual' AND origin = 'api'
  AND note LIKE 'Became a contact through a message%';

-- Whose say a message is: domain/recipient_rule.h, ConsentRule; and its topic, 0 for none.
ALTER TABLE content_version ADD COLUMN consent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE content_version ADD COLUMN topic_id BIGINT NOT NULL DEFAULT 0;

-- When this event arrives, send that template. A row for each event name whose message is not as
-- the program has it (compose/triggers.h).
CREATE TABLE message_trigger (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  template_id BIGINT,                   -- NULL: the ready text, or what the application gives
  is_enabled BIGINT NOT NULL,
  is_locked BIGINT NOT NULL,            -- neither staff nor an unsubscription switches it off
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, name)
);
)sql";

constinit const std::string_view kKeptRefusalsSchema = R"sql(
-- What a contact refused when its last address on a channel went, for the next one. The columns
-- are those of suppression.
CREATE TABLE kept_refusal (
  organisation_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  reason TEXT NOT NULL,
  kinds BIGINT NOT NULL,
  topic_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, contact_id, channel, reason, kinds, topic_id),
  FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
)sql";

}  // namespace tidings::db
