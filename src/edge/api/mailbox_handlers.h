// Mailboxes that returned mail is collected from.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_mailbox_handlers(Registry& registry);

}  // namespace tidings::api
