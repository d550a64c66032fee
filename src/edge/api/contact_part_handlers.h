// What hangs on contacts: relations, notes, activities, custom fields (spec/api/contacts.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_contact_part_handlers(Registry& registry);

}  // namespace tidings::api
