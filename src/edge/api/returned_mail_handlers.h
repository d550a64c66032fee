// The operations on mail that came back (spec/api/returned_mail.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_returned_mail_handlers(Registry& registry);

}  // namespace tidings::api
