// Which areas answer operations: one line each, in the order of their names.
#include "edge/api/dispatch.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/organisation_handlers.h"

namespace tidings::api {

void add_all_handlers(Registry& registry) {
  add_identity_handlers(registry);
  add_organisation_handlers(registry);
}

}  // namespace tidings::api
