// Segments, and audiences written down before they are used. Owned by src/audience.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kAudienceSchema = R"sql(
-- Contacts chosen by a rule, evaluated when used. rule: the JSON of audience/segment_json.h.
CREATE TABLE segment (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  rule TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX segment_name ON segment (organisation_id, name);

-- The people of a campaign's audience as they were at as_of: written in batches, cursor and
-- rows in one transaction; in use once finished_at is there.
CREATE TABLE audience_snapshot (
  organisation_id BIGINT NOT NULL,
  campaign_id BIGINT NOT NULL,
  as_of BIGINT NOT NULL,
  cursor BIGINT NOT NULL,               -- the last contact looked at
  members BIGINT NOT NULL,
  finished_at BIGINT,
  PRIMARY KEY (organisation_id, campaign_id)
);
-- about_id: the contact itself, or whom an earlier campaign's message to it was about.
CREATE TABLE audience_member (
  organisation_id BIGINT NOT NULL,
  campaign_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  about_id BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, campaign_id, contact_id, about_id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
)sql";

}  // namespace tidings::db
