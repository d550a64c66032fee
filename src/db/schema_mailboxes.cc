// Mailboxes that returned mail is collected from. Owned by src/feedback.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kMailboxesSchema = R"sql(
CREATE TABLE mailbox (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  url TEXT NOT NULL,                    -- wire/mailbox_url.h
  sealed_login BYTEA NOT NULL,          -- feedback/mailbox_login.h
  is_oauth BIGINT NOT NULL,
  move_to TEXT NOT NULL,                -- a folder; empty: mail that was taken is deleted
  interval_s BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,               -- of the next visit; while one is under way: its end at most
  polled_at BIGINT,
  failures BIGINT NOT NULL,             -- visits in a row
  trouble TEXT NOT NULL,                -- of the last one, a sentence
  taken BIGINT NOT NULL,                -- mails
  left_there BIGINT NOT NULL,           -- mails too large to be a report
  PRIMARY KEY (organisation_id, id)
);
CREATE INDEX mailbox_due ON mailbox (due_at, id);
)sql";

}  // namespace tidings::db
