// The record in the API: send-outs, every message, recipients, History, figures, messages as they
// were sent, deleting from the history. Operations: spec/api/record.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_record_handlers(Registry& registry);
// What became of a campaign, in figures (statistics_handlers.cc).
void add_statistics_handlers(Registry& registry);
// One message: its facts, its timeline, its content as sent (record_message_handlers.cc).
void add_record_message_handlers(Registry& registry);
// Deleting from the history (record_deletion_handlers.cc).
void add_record_deletion_handlers(Registry& registry);

}  // namespace tidings::api
