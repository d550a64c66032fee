// Whom a message was sent to, for what is said about it. Thread: as the connection.
#pragma once

#include <optional>
#include <string>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::feedback {

struct MessageAddress {
  Channel channel = Channel::email;
  bool is_trial = false;  // a test or a copy: it changes nobody
  ContactId contact;
  std::string normalised;  // empty: the recipient was erased, or the message purged
};
// Nothing for a message that is not there; a hidden one is.
Result<std::optional<MessageAddress>> message_address(db::Connection& connection,
                                                      OrganisationId organisation,
                                                      MessageId message);

}  // namespace tidings::feedback
