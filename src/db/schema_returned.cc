// Mail that came back. Owned by src/feedback (returned_mail, returned_mail_octets) and
// src/delivery/domains (sending_domain).
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kReturnedSchema = R"sql(
-- Where reports about mail from a domain come back to: BOUNCE+TOKEN@THIS; empty: to the sender.
ALTER TABLE sending_domain ADD COLUMN return_path_domain TEXT NOT NULL DEFAULT '';
CREATE INDEX sending_domain_return_path ON sending_domain (return_path_domain, organisation_id)
  WHERE return_path_domain <> '';

-- A mail that came in, as it was told and, once it was read, what it is. state: 0 waits to be
-- read, 1 read, 2 could not be read now and is tried again at due_at.
CREATE TABLE returned_mail (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  source TEXT NOT NULL,                 -- smtp, mailbox
  envelope_from TEXT NOT NULL,
  envelope_to TEXT NOT NULL,
  digest BYTEA NOT NULL,                -- SHA-256 of its octets
  size BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  state BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  read_at BIGINT,
  kind TEXT NOT NULL,                   -- feedback/reading/read_report.h; empty before it was read
  outcome TEXT NOT NULL,                -- feedback/returned_mail_log.h
  reason TEXT NOT NULL,                 -- a sentence: why it was not applied
  message_id BIGINT,                    -- ours that it is about
  campaign_id BIGINT,                   -- and that one's
  contact_id BIGINT,
  sender TEXT NOT NULL,                 -- who wrote it, from its header
  subject TEXT NOT NULL,
  body_text TEXT NOT NULL,              -- of a reply: what it says
  recipients TEXT NOT NULL,             -- JSON: what a report says of each
  forwarded_at BIGINT,                  -- to a member of staff
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX returned_mail_once ON returned_mail (organisation_id, digest, envelope_to);
CREATE INDEX returned_mail_waiting ON returned_mail (due_at, id) WHERE state <> 1;
CREATE INDEX returned_mail_kind ON returned_mail (organisation_id, kind, id);
CREATE INDEX returned_mail_contact ON returned_mail (organisation_id, contact_id, id)
  WHERE contact_id IS NOT NULL;
CREATE INDEX returned_mail_message ON returned_mail (organisation_id, message_id, id)
  WHERE message_id IS NOT NULL;

CREATE TABLE returned_mail_octets (
  organisation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  octets BYTEA NOT NULL,
  PRIMARY KEY (organisation_id, id)
);
)sql";

constinit const std::string_view kAnswersSchema = R"sql(
-- Which messages of a campaign people answered.
CREATE INDEX returned_mail_answer ON returned_mail (organisation_id, campaign_id, message_id)
  WHERE campaign_id IS NOT NULL AND kind = 'reply' AND outcome = 'applied';
)sql";

}  // namespace tidings::db
