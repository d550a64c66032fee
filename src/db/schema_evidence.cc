// What became of messages after they were sent, and what that says of addresses. campaign_counter
// is owned by src/delivery, address_problem by
// src/feedback, alert by src/report.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kEvidenceSchema = R"sql(
ALTER TABLE campaign_counter ADD COLUMN delivered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign_counter ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign_counter ADD COLUMN returned_unseen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign_counter ADD COLUMN marked_as_spam BIGINT NOT NULL DEFAULT 0;

-- What bounces say of an address, or of a domain as `@domain`. One row each, whatever their number.
CREATE TABLE address_problem (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  normalised TEXT NOT NULL,             -- as suppression.normalised
  reason TEXT NOT NULL,                 -- feedback/reading/bounce_reason.h; of the last bounce
  diagnostic TEXT NOT NULL,             -- the remote side's words
  message_id BIGINT NOT NULL,           -- that bounced last
  recent TEXT NOT NULL,                 -- the bounces that are counted: message and time of each
  is_open BIGINT NOT NULL,              -- it needs a person
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  settled_at BIGINT,
  settled_by TEXT NOT NULL DEFAULT '',
  settled_note TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (organisation_id, channel, normalised)
--sqlite:) STRICT;
--postgres:);
CREATE UNIQUE INDEX address_problem_id ON address_problem (organisation_id, id);
CREATE INDEX address_problem_open ON address_problem (organisation_id, id) WHERE is_open = 1;

-- What the organisation's owners were told of by mail: once, until it was over for a day.
CREATE TABLE alert (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  occasion TEXT NOT NULL,               -- report/alerts.h
  began_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,              -- last, to the hour
  told_at BIGINT,                       -- NULL: the mail could not be made yet
  PRIMARY KEY (organisation_id, occasion)
);
)sql";

}  // namespace tidings::db
