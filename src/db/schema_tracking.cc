// Links that lead through us, and how often they were asked for. Owned by src/delivery.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kTrackingSchema = R"sql(
-- Where the tracked links of a content version lead, as it was frozen. begins_at and ends_at are
-- where the target stands in its HTML.
CREATE TABLE content_link (
  organisation_id BIGINT NOT NULL,
  content_version_id BIGINT NOT NULL,
  number BIGINT NOT NULL,               -- from 1: what a message's link says
  target TEXT NOT NULL,                 -- http or https; with is_template Liquid in HTML
  is_template BIGINT NOT NULL,
  begins_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, content_version_id, number),
  FOREIGN KEY (organisation_id, content_version_id)
    REFERENCES content_version (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- Requests, machines' included. Number 0 is the picture that tells that a message was shown.
CREATE TABLE content_link_count (
  organisation_id BIGINT NOT NULL,
  content_version_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  hits BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, content_version_id, number),
  FOREIGN KEY (organisation_id, content_version_id)
    REFERENCES content_version (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- How far each file of a hit journal (feedback/hit_journal.h) is in the database: written with what
-- was read of it. The name is unique among all folders.
CREATE TABLE hit_segment (
  name TEXT NOT NULL PRIMARY KEY,
  applied_to BIGINT NOT NULL,           -- octets from its start
  changed_at BIGINT NOT NULL
);
)sql";

}  // namespace tidings::db
