#include "edge/api/direct_sending.h"

#include <boost/json.hpp>

#include "delivery/mail_servers.h"
#include "delivery/transports.h"
#include "edge/api/json_values.h"

namespace tidings::api {

Result<TransportId> direct_transport(db::Connection& connection, const Call& call) {
  if (call.who.is_test) {
    return delivery::store_transport(connection, call.services.ids, call.organisation(),
                                     call.services.secrets, delivery::kSandboxUrl, "", call.now());
  }
  const auto* body = call.body.if_object();
  const TransportId asked{body == nullptr ? 0 : TRY(id_of(*body, "transport_id"))};
  if (!asked.valid()) return delivery::default_mail_server(connection, call.organisation());
  return TRY(delivery::load_mail_server(connection, call.organisation(), asked)).id;
}

compose::TestContext direct_context(const Call& call, const identity::Organisation& organisation,
                                    TransportId transport) {
  return {call.services.ids, organisation, transport, call.who.name, call.who.is_test, call.now()};
}

void wake_direct(const Call& call, TransportId transport) {
  if (!transport.valid()) return;
  if (call.services.dispatcher != nullptr) {
    call.services.dispatcher->notify_direct(call.organisation(), transport);
  }
  if (call.services.runner != nullptr) call.services.runner->wake();
}

}  // namespace tidings::api
