// Web addresses that mail services tell us of our mail at. Owned by src/feedback.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kProvidersSchema = R"sql(
CREATE TABLE provider_webhook (
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  id BIGINT NOT NULL,
  provider TEXT NOT NULL,               -- feedback/providers/provider_event.h
  url_key TEXT NOT NULL,                -- what its address ends with
  topic TEXT NOT NULL,                  -- Amazon SES: the ARN of the SNS topic; else empty
  sealed_secret BYTEA,                  -- what calls are proved with; NULL: a certificate
  created_at BIGINT NOT NULL,
  confirmed_at BIGINT,                  -- since when the topic is subscribed
  called_at BIGINT,                     -- the last call that was believed
  applied BIGINT NOT NULL,              -- events
  unknown BIGINT NOT NULL,              -- those about no message of the organisation
  ignored BIGINT NOT NULL,              -- those that are nothing to us, openings for one
  refused_at BIGINT,                    -- about when a call was last not believed
  refusal TEXT NOT NULL,                -- and why
  PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX provider_webhook_key ON provider_webhook (url_key);

-- One-time tokens of calls that were believed.
CREATE TABLE provider_token (
  organisation_id BIGINT NOT NULL,
  webhook_id BIGINT NOT NULL,
  token TEXT NOT NULL,                  -- its digest
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, webhook_id, token),
  FOREIGN KEY (organisation_id, webhook_id) REFERENCES provider_webhook (organisation_id, id)
);
CREATE INDEX provider_token_expiry ON provider_token (organisation_id, webhook_id, expires_at);
)sql";

}  // namespace tidings::db
