// Postmark's webhooks: one object each; who calls is told by a user and password in the URL.
//
// Taken: Bounce (all its types), SpamComplaint, Delivery, SubscriptionChange when the recipient
// asked for it. Postmark replaces the Message-ID and does not tell ours; a message is found by the
// metadata that the header X-PM-Metadata-tidings gives it.
// Source: Postmark's developer documentation, "Webhooks" and "Bounce API: bounce types". Thread:
// any; pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "feedback/providers/provider_event.h"

namespace tidings::feedback {

// Errors: provider.malformed (invalid).
Result<ProviderReading> read_postmark(std::string_view body);

// Whether `authorization` (RFC 7617) has this user and password. In constant time.
bool is_basic_login(std::string_view authorization, std::string_view user,
                    std::string_view password);

}  // namespace tidings::feedback
