// What is written and by which road it leaves: senders and their verification, mail servers,
// templates with their versions, media. Owned by src/compose (sender, template, template_version,
// media) and src/delivery (transport, blob).
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kContentSchema = R"sql(
ALTER TABLE sender ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';
-- SHA-256 of the token in the newest mailed link; it stays after the link was used, so that the
-- page can say so.
ALTER TABLE sender ADD COLUMN verification_hash BYTEA;
ALTER TABLE sender ADD COLUMN verification_sent_at BIGINT;
ALTER TABLE sender ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX sender_verification ON sender (verification_hash)
  WHERE verification_hash IS NOT NULL;

-- Without a name it was given at the command line. A deleted one keeps its row, without secret:
-- what was sent through it points here.
ALTER TABLE transport ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE transport ADD COLUMN is_default BIGINT NOT NULL DEFAULT 0;
ALTER TABLE transport ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE transport ADD COLUMN deleted_at BIGINT;
CREATE UNIQUE INDEX transport_default ON transport (organisation_id) WHERE is_default = 1;

-- token: what stands in the public address of an image; 128 random bits.
CREATE TABLE media (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  blob_hash BYTEA NOT NULL,
  file_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL,
  token TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id),
  FOREIGN KEY (organisation_id, blob_hash) REFERENCES blob (organisation_id, hash)
);
CREATE UNIQUE INDEX media_token ON media (token);
-- The same file uploaded twice is one.
CREATE UNIQUE INDEX media_content ON media (organisation_id, blob_hash, file_name);

-- Who still needs a blob, when the media that brought it is deleted.
CREATE INDEX content_attachment_blob ON content_attachment (organisation_id, blob_hash);

-- kind: what it is meant for, domain/campaign.h. document: the draft, its variants in other
-- languages and the audience (compose/templates.h); subject and locale are copies, for the list.
CREATE TABLE template (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  channel BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  locale TEXT NOT NULL,
  subject TEXT NOT NULL,
  document TEXT NOT NULL,               -- JSON
  version BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX template_name ON template (organisation_id, name);
CREATE INDEX template_changed ON template (organisation_id, changed_at, id);

-- Every version, the current one included; of the oldest beyond a bound none is kept.
CREATE TABLE template_version (
  organisation_id BIGINT NOT NULL,
  template_id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  document TEXT NOT NULL,               -- JSON, as in template
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, template_id, version),
  FOREIGN KEY (organisation_id, template_id) REFERENCES template (organisation_id, id)
);
)sql";

}  // namespace tidings::db
