// Contacts: spec/api/contacts.yaml, but for what hangs on them (contact_part_handlers.h).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_contact_handlers(Registry& registry);

}  // namespace tidings::api
