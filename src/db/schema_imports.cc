// Files that were given for an import, and what an import changed. Owned by src/audience.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kImportsSchema = R"sql(
-- A file whose columns a person is still looking at. Becomes an import_job of the same id.
CREATE TABLE import_upload (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  file_name TEXT NOT NULL,              -- as the person knows it
  path TEXT NOT NULL,                   -- the file as it came, in the data folder
  size BIGINT NOT NULL,
  options TEXT NOT NULL,                -- JSON: delimiter, encoding, mapping, groups, region
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);

-- A contact that was there before an import and is different since: what it was, as JSON, for
-- undoing. changed_at is contact.changed_at as the import left it: somebody else changed it since
-- when the two differ.
CREATE TABLE import_change (
  organisation_id BIGINT NOT NULL,
  import_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  before TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, import_id, contact_id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
CREATE INDEX import_change_contact ON import_change (organisation_id, contact_id);

ALTER TABLE import_job ADD COLUMN undone_at BIGINT;
ALTER TABLE import_job ADD COLUMN kept_count BIGINT NOT NULL DEFAULT 0;
)sql";

// Imports that run by themselves: state 4 is cancelled; error says why one failed.
constinit const std::string_view kImportJobsSchema = R"sql(
-- Which data folder holds the copy (node.folder_key): only its process works on it.
ALTER TABLE import_job ADD COLUMN folder_key BYTEA;
CREATE INDEX import_job_open ON import_job (id) WHERE state IN (0, 1);
)sql";

}  // namespace tidings::db
