// What belongs to a contact: fields of one's own, relations, notes, activities, and how contacts
// are found. Owned by src/audience.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kPeopleSchema = R"sql(
-- search_text: the folded words of name, addresses and external id (audience/search_text.h), one
-- space between them; sort_name: what lists are ordered by. NULL in both: not indexed yet, which
-- costs an import nothing; index_contacts() makes up for it. A deleted contact has ''.
ALTER TABLE contact ADD COLUMN search_text TEXT;
ALTER TABLE contact ADD COLUMN sort_name TEXT;
ALTER TABLE contact ADD COLUMN erased_at BIGINT;
CREATE INDEX contact_unindexed ON contact (organisation_id, id) WHERE search_text IS NULL;
CREATE INDEX contact_sort_name ON contact (organisation_id, sort_name, id)
  WHERE deleted_at IS NULL AND sort_name IS NOT NULL;
CREATE INDEX contact_changed ON contact (organisation_id, changed_at, id)
  WHERE deleted_at IS NULL;
CREATE INDEX contact_interaction ON contact (organisation_id, last_interaction_at, id)
  WHERE deleted_at IS NULL AND last_interaction_at IS NOT NULL;

-- The index of words, written by audience/search_index.cc. Each word carries its organisation in
-- front, so that a search visits no other's.
--sqlite:CREATE VIRTUAL TABLE contact_search USING fts5(words, content='', detail=none,
--sqlite:  columnsize=0, tokenize='ascii');
--postgres:CREATE INDEX contact_search ON contact USING gin (array_to_tsvector(string_to_array(
--postgres:  substr(replace(' ' || search_text, ' ', ' o' || to_hex(organisation_id) || 'w'), 2),
--postgres:  ' '))) WHERE search_text IS NOT NULL;

-- A definition of a member of contact.fields. type: text, number, date, boolean, choice, email,
-- url. A number is a JSON number, a boolean a JSON boolean, everything else text; a date is
-- YYYY-MM-DD. choices: a JSON list.
CREATE TABLE custom_field (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,                   -- as in contact.fields and in templates
  label TEXT NOT NULL,
  type TEXT NOT NULL,
  choices TEXT NOT NULL,
  required BIGINT NOT NULL,
  position BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX custom_field_name ON custom_field (organisation_id, name);

-- from_id is `name` of to_id: "guardian of", "member of household". receives_messages: from_id may
-- be written to about to_id (P18).
CREATE TABLE relation (
  organisation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  from_id BIGINT NOT NULL,
  to_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  receives_messages BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id),
  FOREIGN KEY (organisation_id, from_id) REFERENCES contact (organisation_id, id),
  FOREIGN KEY (organisation_id, to_id) REFERENCES contact (organisation_id, id)
);
CREATE UNIQUE INDEX relation_once ON relation (organisation_id, from_id, to_id, name);
CREATE INDEX relation_to ON relation (organisation_id, to_id, receives_messages, from_id);

CREATE TABLE note (
  organisation_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  body TEXT NOT NULL,
  author TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, contact_id, id),
  FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- What happened to a contact besides messages. type: audience/activities.h. That it was created
-- and imported is told by contact and contact_group_member; no rows here for those.
CREATE TABLE activity (
  organisation_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  occurred_at BIGINT NOT NULL,
  id BIGINT NOT NULL,
  type TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  source TEXT NOT NULL,                 -- who says so
  data TEXT NOT NULL,                   -- JSON object
  PRIMARY KEY (organisation_id, contact_id, occurred_at, id),
  FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- Where a contact went that was merged into another: from_id leads to one that is no redirect.
CREATE TABLE contact_redirect (
  organisation_id BIGINT NOT NULL,
  from_id BIGINT NOT NULL,
  to_id BIGINT NOT NULL,
  merged_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, from_id),
  FOREIGN KEY (organisation_id, to_id) REFERENCES contact (organisation_id, id)
);
CREATE INDEX contact_redirect_to ON contact_redirect (organisation_id, to_id);

-- members: how many rows of contact_group_member there are; every writer of those keeps it.
ALTER TABLE contact_group ADD COLUMN members BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact_group ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
UPDATE contact_group SET changed_at = created_at, members = (SELECT count(*)
  FROM contact_group_member m WHERE m.organisation_id = contact_group.organisation_id
  AND m.group_id = contact_group.id);
CREATE INDEX contact_group_member_contact ON contact_group_member (organisation_id, contact_id);

-- What addresses of erased people are hashed with; see suppression.normalised 'erased …'.
CREATE TABLE erasure_key (
  organisation_id BIGINT NOT NULL PRIMARY KEY REFERENCES organisation (id),
  hash_key BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
)sql";

}  // namespace tidings::db
