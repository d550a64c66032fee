// The schema, as forward-only migrations. Each table is owned by the capability named above it:
// only that folder writes it.
//
// Rules of the house: ids are time-ordered BIGINT; instants are microseconds UTC; booleans 0/1;
// organisation_id stands in every key, so that no query can leave the organisation by accident;
// the large tables are clustered by (organisation, id), so rows are inserted at the end and no
// second index is needed to find them. An index of `message` is never ordered differently from
// insertion: expansion walks the audience in address order for that reason. The
// references of what is written for each message are not the database's to check (step 26): no row
// of message or campaign is ever deleted.
#include <array>

#include "db/migrate.h"
#include "db/schema_parts.h"

namespace tidings::db {

namespace {

constexpr std::string_view kFirst = R"sql(
-- ---------------------------------------------------------------- identity
CREATE TABLE organisation (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  locale TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  postal_address TEXT NOT NULL,
  settings TEXT NOT NULL,               -- JSON object
  created_at BIGINT NOT NULL
);

-- Keys that sign tokens, sealed with the machine's master key. A key is retired, never deleted:
-- old links must keep working.
CREATE TABLE token_key (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  key_id BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, key_id)
);
-- A token names its key alone: the key leads to the organisation.
CREATE UNIQUE INDEX token_key_id ON token_key (key_id);

-- A run of a program that sends. Its id is the fencing token of its leases; number (0..1023) is
-- part of the ids it makes and free again once closed.
CREATE TABLE node (
  id BIGINT NOT NULL PRIMARY KEY,
  folder_key BYTEA NOT NULL,            -- the data folder whose journal belongs to it
  number BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  closed_at BIGINT
);
CREATE UNIQUE INDEX node_open_number ON node (number) WHERE closed_at IS NULL;

-- ---------------------------------------------------------------- audience
CREATE TABLE contact (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  external_id TEXT,
  first_name TEXT NOT NULL DEFAULT '',
  last_name TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  locale TEXT NOT NULL DEFAULT '',
  time_zone TEXT NOT NULL DEFAULT '',
  fields TEXT NOT NULL DEFAULT '{}',    -- JSON object: custom fields by name
  row_identity BYTEA,                   -- digest of an imported row without any identifier
  do_not_contact BIGINT NOT NULL DEFAULT 0,
  last_interaction_at BIGINT,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  deleted_at BIGINT,
  PRIMARY KEY (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
CREATE UNIQUE INDEX contact_external_id ON contact (organisation_id, external_id)
  WHERE external_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX contact_row_identity ON contact (organisation_id, row_identity)
  WHERE row_identity IS NOT NULL;

-- channel: 0 email, 1 sms.
CREATE TABLE contact_address (
  organisation_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  normalised TEXT NOT NULL,
  address TEXT NOT NULL,                -- as typed
  is_primary BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, contact_id, channel, normalised),
  FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
CREATE INDEX contact_address_normalised
  ON contact_address (organisation_id, channel, normalised, contact_id, is_primary);

-- origin: 0 made by hand, 1 made by an import.
CREATE TABLE contact_group (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  origin BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX contact_group_name ON contact_group (organisation_id, name);

CREATE TABLE contact_group_member (
  organisation_id BIGINT NOT NULL,
  group_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, group_id, contact_id),
  FOREIGN KEY (organisation_id, group_id) REFERENCES contact_group (organisation_id, id),
  FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- state: 0 waiting, 1 running, 2 finished, 3 failed. byte_offset and line are the cursor: written
-- in the same transaction as the rows before them.
CREATE TABLE import_job (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  file_name TEXT NOT NULL,              -- as the person knows it
  path TEXT NOT NULL,                   -- the copy in the data folder
  state BIGINT NOT NULL,
  options TEXT NOT NULL,                -- JSON: delimiter, encoding, mapping, region
  group_id BIGINT,
  total_bytes BIGINT NOT NULL,
  byte_offset BIGINT NOT NULL DEFAULT 0,
  line BIGINT NOT NULL DEFAULT 0,
  rows_read BIGINT NOT NULL DEFAULT 0,
  created_count BIGINT NOT NULL DEFAULT 0,
  updated_count BIGINT NOT NULL DEFAULT 0,
  unchanged_count BIGINT NOT NULL DEFAULT 0,
  duplicate_count BIGINT NOT NULL DEFAULT 0,
  bad_count BIGINT NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  PRIMARY KEY (organisation_id, id),
  FOREIGN KEY (organisation_id, group_id) REFERENCES contact_group (organisation_id, id)
);

-- severity: 0 the row was not imported, 1 a value was left out, 2 a note (a later row for the
-- same person won).
CREATE TABLE import_error (
  organisation_id BIGINT NOT NULL,
  import_id BIGINT NOT NULL,
  line BIGINT NOT NULL,
  field TEXT NOT NULL,
  severity BIGINT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (organisation_id, import_id, line, field),
  FOREIGN KEY (organisation_id, import_id) REFERENCES import_job (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- normalised: an address, or '@domain'. kinds: 0 campaign messages, 1 everything. A release keeps
-- the row, with the reason.
CREATE TABLE suppression (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  normalised TEXT NOT NULL,
  reason TEXT NOT NULL,                 -- unsubscribed, bounce, complaint, invalid, manual, imported
  kinds BIGINT NOT NULL,
  origin TEXT NOT NULL,                 -- link, one-click, import, staff, report …
  message_id BIGINT,
  note TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  released_at BIGINT,
  release_note TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX suppression_active
  ON suppression (organisation_id, channel, normalised, reason, kinds) WHERE released_at IS NULL;

-- By time of writing: what another node suppressed a moment ago.
CREATE INDEX suppression_recent ON suppression (id);

-- ---------------------------------------------------------------- compose
CREATE TABLE sender (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  normalised TEXT NOT NULL,
  verified_at BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX sender_address ON sender (organisation_id, normalised, name);

-- state: see domain/campaign.h. expansion_cursor is opaque text, written with the rows it covers.
CREATE TABLE campaign (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  state BIGINT NOT NULL,
  content_version_id BIGINT NOT NULL,
  transport_id BIGINT NOT NULL,
  sender_id BIGINT,
  audience TEXT NOT NULL,               -- JSON
  options TEXT NOT NULL,                -- JSON: rate, connections
  import_id BIGINT,                     -- expansion waits until this import has finished
  expansion_cursor TEXT NOT NULL DEFAULT '',
  expanded_at BIGINT,
  scheduled_at BIGINT,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT,
  changed_at BIGINT NOT NULL,
  deleted_at BIGINT,
  PRIMARY KEY (organisation_id, id)
);
-- Scheduled, expanding, running and paused: what a runner looks at.
CREATE INDEX campaign_open ON campaign (state, id) WHERE finished_at IS NULL;

-- ---------------------------------------------------------------- delivery
CREATE TABLE transport (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  url TEXT NOT NULL,                    -- without password
  sealed_secret BYTEA,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);

CREATE TABLE blob (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  hash BYTEA NOT NULL,                  -- SHA-256 of the content
  size BIGINT NOT NULL,
  content BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, hash)
);

-- What a campaign or template froze when it was started; never changed afterwards.
CREATE TABLE content_version (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  subject TEXT NOT NULL,
  html TEXT NOT NULL,
  text TEXT NOT NULL,
  from_name TEXT NOT NULL,
  from_address TEXT NOT NULL,
  reply_to TEXT NOT NULL,
  envelope_from TEXT NOT NULL,
  options TEXT NOT NULL,                -- JSON: list id, unsubscribe, message id domain …
  used_variables TEXT NOT NULL,         -- JSON: contact fields the templates read
  reference_codec BIGINT NOT NULL,
  reference BYTEA NOT NULL,             -- the rendering that bodies are compressed against
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, id)
);

CREATE TABLE content_attachment (
  organisation_id BIGINT NOT NULL,
  content_version_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  file_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  description TEXT NOT NULL,
  blob_hash BYTEA NOT NULL,
  PRIMARY KEY (organisation_id, content_version_id, position),
  FOREIGN KEY (organisation_id, content_version_id)
    REFERENCES content_version (organisation_id, id),
  FOREIGN KEY (organisation_id, blob_hash) REFERENCES blob (organisation_id, hash)
);

-- state: see domain/message_state.h; status: domain/status.h. message_values freezes what the
-- templates read, as a JSON object, at expansion. Nothing here that only e-mail has.
CREATE TABLE message (
  organisation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  campaign_id BIGINT,
  content_version_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  contact_id BIGINT,
  address TEXT NOT NULL,
  normalised TEXT NOT NULL,
  values_hash BIGINT NOT NULL,
  message_values TEXT NOT NULL,
  state BIGINT NOT NULL,
  status BIGINT NOT NULL,
  reason TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  lease_id BIGINT,
  is_ambiguous BIGINT NOT NULL,         -- an intent has no outcome
  queued_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  deleted_at BIGINT,
  PRIMARY KEY (organisation_id, id),
  FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
CREATE UNIQUE INDEX message_once
  ON message (campaign_id, normalised, values_hash) WHERE campaign_id IS NOT NULL;
CREATE INDEX message_waiting ON message (campaign_id, id) WHERE state = 0;
CREATE INDEX message_deferred ON message (due_at, id) WHERE state = 1;
CREATE INDEX message_leased ON message (lease_id, id) WHERE state = 2;

-- Whose History shows the message: its recipient and everybody it is about.
CREATE TABLE message_about (
  organisation_id BIGINT NOT NULL,
  contact_id BIGINT NOT NULL,
  message_id BIGINT NOT NULL,
  is_recipient BIGINT NOT NULL,         -- the message's own contact_id
  PRIMARY KEY (organisation_id, contact_id, message_id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);
-- The few others that a message is about, for the log; the recipient stands in the message itself.
CREATE INDEX message_about_others
  ON message_about (message_id, organisation_id, contact_id) WHERE is_recipient = 0;

-- type: domain/event.h. Attempts are events that carry the remote words in data (JSON).
CREATE TABLE event (
  organisation_id BIGINT NOT NULL,
  message_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  type BIGINT NOT NULL,
  occurred_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  source TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (organisation_id, message_id, id),
  FOREIGN KEY (organisation_id, message_id) REFERENCES message (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- Uniqueness of events that may be told twice, apart from event so that event can be partitioned.
CREATE TABLE event_key (
  organisation_id BIGINT NOT NULL,
  dedupe_key TEXT NOT NULL,
  event_id BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, dedupe_key)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- The exact octets of each message, compressed against its content version's reference.
CREATE TABLE message_body (
  organisation_id BIGINT NOT NULL,
  message_id BIGINT NOT NULL,
  record BYTEA NOT NULL,                -- delivery/body_codec.h
  PRIMARY KEY (organisation_id, message_id),
  FOREIGN KEY (organisation_id, message_id) REFERENCES message (organisation_id, id)
--sqlite:) WITHOUT ROWID, STRICT;
--postgres:);

-- Signed changes per writer; the sum over writers is the truth. One row per (campaign, node).
CREATE TABLE campaign_counter (
  organisation_id BIGINT NOT NULL,
  campaign_id BIGINT NOT NULL,
  node_number BIGINT NOT NULL,
  queued BIGINT NOT NULL DEFAULT 0,
  sending BIGINT NOT NULL DEFAULT 0,
  deferred BIGINT NOT NULL DEFAULT 0,
  held BIGINT NOT NULL DEFAULT 0,
  sent BIGINT NOT NULL DEFAULT 0,
  bounced BIGINT NOT NULL DEFAULT 0,
  failed BIGINT NOT NULL DEFAULT 0,
  uncertain BIGINT NOT NULL DEFAULT 0,
  skipped BIGINT NOT NULL DEFAULT 0,
  skipped_no_address BIGINT NOT NULL DEFAULT 0,
  dropped BIGINT NOT NULL DEFAULT 0,
  cancelled BIGINT NOT NULL DEFAULT 0,
  unsubscribed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (organisation_id, campaign_id, node_number),
  FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign (organisation_id, id)
);
)sql";

}  // namespace

std::span<const Migration> migrations() {
  static const auto list = std::to_array<Migration>({
      {1, "first", kFirst},
      {2, "identity", kIdentitySchema},
      {3, "campaigns", kCampaignsSchema},
      {4, "people", kPeopleSchema},
      {5, "audience", kAudienceSchema},
      {6, "record", kRecordSchema},
      {7, "api", kApiSchema},
      {8, "content", kContentSchema},
      {9, "imports", kImportsSchema},
      {10, "record ranges", kRecordRangesSchema},
      {11, "import jobs", kImportJobsSchema},
      {12, "letters", kLettersSchema},
      {13, "topics", kTopicsSchema},
      {14, "kept refusals", kKeptRefusalsSchema},
      {15, "languages", kLanguagesSchema},
      {16, "record orders", kRecordOrdersSchema},
      {17, "second factor", kSecondFactorSchema},
      {18, "sending domains", kDomainsSchema},
      {19, "tracking", kTrackingSchema},
      {20, "waiting", kWaitingSchema},
      {21, "engagement", kEngagementSchema},
      {22, "evidence", kEvidenceSchema},
      {23, "returned mail", kReturnedSchema},
      {24, "mail services", kProvidersSchema},
      {25, "mailboxes", kMailboxesSchema},
      {26, "references", kReferencesSchema},
      {27, "answers", kAnswersSchema},
  });
  return list;
}

}  // namespace tidings::db
