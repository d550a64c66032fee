// A campaign in several languages. Owned by src/compose (campaign) and src/delivery
// (content_variant).
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kLanguagesSchema = R"sql(
-- The draft in other languages (compose/variants.h), kept after the start as the draft is.
ALTER TABLE campaign ADD COLUMN variants TEXT NOT NULL DEFAULT '[]';

-- The languages of a campaign's content: the one it is frozen in (variant_id is content_version_id,
-- with the language it is in) and each other, frozen as a content version of its own. No row for
-- content in one language.
CREATE TABLE content_variant (
  organisation_id BIGINT NOT NULL,
  content_version_id BIGINT NOT NULL,   -- the campaign's
  position BIGINT NOT NULL,             -- 0: the campaign's own
  locale TEXT NOT NULL,                 -- BCP 47; empty: not said
  variant_id BIGINT NOT NULL,           -- the content version that messages in it are of
  PRIMARY KEY (organisation_id, content_version_id, position),
  FOREIGN KEY (organisation_id, content_version_id)
    REFERENCES content_version (organisation_id, id),
  FOREIGN KEY (organisation_id, variant_id) REFERENCES content_version (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
-- In which language a message is.
CREATE UNIQUE INDEX content_variant_version ON content_variant (organisation_id, variant_id);
)sql";

}  // namespace tidings::db
