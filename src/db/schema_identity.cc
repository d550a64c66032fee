// Users, memberships, sessions, API tokens, sign-in throttling and the audit log. Owned by
// src/identity.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kIdentitySchema = R"sql(
-- A person who works with the program: global, with memberships in organisations.
CREATE TABLE user_account (
  id BIGINT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,                  -- as typed
  normalised TEXT NOT NULL,             -- as compared
  name TEXT NOT NULL,
  locale TEXT NOT NULL,
  password_hash TEXT NOT NULL,          -- argon2id with its parameters; empty: none yet
  password_changed_at BIGINT,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  disabled_at BIGINT                    -- by whoever runs the machine: nowhere any more
);
CREATE UNIQUE INDEX user_account_normalised ON user_account (normalised);

CREATE TABLE membership (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  user_id BIGINT NOT NULL REFERENCES user_account (id),
  role TEXT NOT NULL,                   -- identity/roles.h
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  disabled_at BIGINT,                   -- in this organisation only
  PRIMARY KEY (organisation_id, user_id)
);
CREATE INDEX membership_user ON membership (user_id, organisation_id);

-- secret_hash: SHA-256 of 256 random bits, which only the browser has.
CREATE TABLE session (
  id BIGINT NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES user_account (id),
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),  -- the one worked in
  secret_hash BYTEA NOT NULL,
  peer TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,              -- to the minute
  expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX session_secret ON session (secret_hash);
CREATE INDEX session_of_user ON session (user_id, id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE api_token (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES user_account (id),  -- whose permissions bound it
  name TEXT NOT NULL,
  secret_hash BYTEA NOT NULL,
  ending TEXT NOT NULL,                 -- its last four characters, to tell it from others
  scopes TEXT NOT NULL,                 -- permissions by word, one blank between
  is_test BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  used_at BIGINT,                       -- to the minute
  revoked_at BIGINT,
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX api_token_secret ON api_token (secret_hash);
CREATE INDEX api_token_user ON api_token (user_id, organisation_id);

-- One-time links with which a user chooses a password: an invitation or a reset.
CREATE TABLE password_link (
  id BIGINT NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES user_account (id),
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  secret_hash BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE UNIQUE INDEX password_link_secret ON password_link (secret_hash);
CREATE INDEX password_link_user ON password_link (user_id, id);

-- Failed sign-ins, by digest of the account's name as typed or of the address they came from: it
-- cannot be told from here which accounts exist. Survives a restart.
CREATE TABLE login_throttle (
  subject BYTEA NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL,
  forget_at BIGINT NOT NULL
);
CREATE INDEX login_throttle_forget ON login_throttle (forget_at);

-- Who did what, each entry bound to the one before by digest (identity/audit.h).
CREATE TABLE audit_log (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  sequence BIGINT NOT NULL,             -- 1, 2, 3 … without gaps
  occurred_at BIGINT NOT NULL,
  user_id BIGINT NOT NULL,              -- 0: none
  token_id BIGINT NOT NULL,             -- 0: none
  actor TEXT NOT NULL,                  -- the name at the time
  action TEXT NOT NULL,                 -- user.create …
  object TEXT NOT NULL,                 -- the noun: user, token …
  object_id BIGINT NOT NULL,            -- 0: none
  note TEXT NOT NULL,                   -- in words
  before_digest BYTEA NOT NULL,         -- SHA-256 of what was; empty: nothing
  after_digest BYTEA NOT NULL,
  digest BYTEA NOT NULL,                -- of all this and the previous entry's digest
  PRIMARY KEY (organisation_id, sequence)
);
CREATE INDEX audit_log_object ON audit_log (organisation_id, object, object_id, sequence);

-- The end of each chain: tells when its last entries are missing.
CREATE TABLE audit_head (
  organisation_id BIGINT NOT NULL PRIMARY KEY REFERENCES organisation (id),
  sequence BIGINT NOT NULL,
  digest BYTEA NOT NULL
);

--sqlite:CREATE TRIGGER audit_log_no_change BEFORE UPDATE ON audit_log
--sqlite:BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
--sqlite:CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
--sqlite:BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
--postgres:CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
--postgres:'BEGIN RAISE EXCEPTION ''the audit log is append-only''; END';
--postgres:CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
--postgres:FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
)sql";

constinit const std::string_view kSecondFactorSchema = R"sql(
-- A person's second factor: the secret of their authenticator app, sealed with the master key.
CREATE TABLE totp_factor (
  user_id BIGINT NOT NULL PRIMARY KEY REFERENCES user_account (id),
  sealed BYTEA NOT NULL,
  last_step BIGINT NOT NULL,            -- the newest half minute whose code was used
  created_at BIGINT NOT NULL,
  confirmed_at BIGINT                   -- NULL: not in force yet
);
-- code_hash: SHA-256 of 80 random bits in base32.
CREATE TABLE totp_recovery (
  user_id BIGINT NOT NULL REFERENCES user_account (id),
  code_hash BYTEA NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (user_id, code_hash)
);
)sql";

}  // namespace tidings::db
