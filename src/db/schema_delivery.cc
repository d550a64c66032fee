// How messages wait for their turn. Owned by src/delivery.
// See docs/decisions/0018-politeness.md.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kWaitingSchema = R"sql(
-- What waits for its time, of each campaign and of each transport's own messages: a claim reads
-- what is due of its own, however many of others there are.
DROP INDEX message_deferred;
CREATE INDEX message_deferred ON message (campaign_id, due_at, id)
  WHERE state = 1 AND campaign_id IS NOT NULL;
CREATE INDEX message_deferred_direct ON message (transport_id, due_at, id)
  WHERE state = 1 AND transport_id IS NOT NULL;
-- What is held, by a person mostly: to be seen and let go, and to be cancelled with its campaign.
CREATE INDEX message_held ON message (organisation_id, id) WHERE state = 10;
CREATE INDEX message_held_campaign ON message (campaign_id, id)
  WHERE state = 10 AND campaign_id IS NOT NULL;

-- What nothing is sent to for now, because a person said so: a recipient's domain, or a server.
CREATE TABLE suspended_site (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  name TEXT NOT NULL,                   -- lower-case A-labels
  reason TEXT NOT NULL,                 -- in the words of who did it
  suspended_by TEXT NOT NULL,
  suspended_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, name)
);
)sql";

constinit const std::string_view kReferencesSchema = R"sql(
-- What is written for each message is not held against the message and the campaign row by row:
-- none of theirs is ever deleted, and who adds to one has written or read it in the same transaction.
-- SQLite: https://www.sqlite.org/lang_altertable.html, section 7, where the content stays.
--sqlite:PRAGMA writable_schema = ON;
--sqlite:UPDATE sqlite_schema SET sql = replace(replace(sql, ',
--sqlite:  FOREIGN KEY (organisation_id, message_id) REFERENCES message (organisation_id, id)', ''), ',
--sqlite:  FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign (organisation_id, id)', '')
--sqlite:  WHERE type = 'table' AND name IN ('event', 'message_body', 'message');
--sqlite:PRAGMA writable_schema = RESET;
--postgres:ALTER TABLE event DROP CONSTRAINT event_organisation_id_message_id_fkey;
--postgres:ALTER TABLE message_body DROP CONSTRAINT message_body_organisation_id_message_id_fkey;
--postgres:ALTER TABLE message DROP CONSTRAINT message_organisation_id_campaign_id_fkey;
)sql";

}  // namespace tidings::db
