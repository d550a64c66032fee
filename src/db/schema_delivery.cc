// How messages wait for their turn. Owned by src/delivery.
// See docs/decisions/0018-politeness.md.
#include "db/schema_parts.h"

namespace tidings::db {

constinit const std::string_view kWaitingSchema = R"sql(
-- What waits for its time, of each campaign and of each transport's own messages: a claim reads
-- what is due of its own, however many of others there are.
DROP INDEX message_deferred;
CREATE INDEX message_deferred ON message (campaign_id, due_at, id)
  WHERE state = 1 AND campaign_id IS NOT NULL;
CREATE INDEX message_deferred_direct ON message (transport_id, due_at, id)
  WHERE state = 1 AND transport_id IS NOT NULL;
)sql";

}  // namespace tidings::db
