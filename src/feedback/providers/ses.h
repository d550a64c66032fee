// What Amazon SES tells of a message: the text inside an SNS notification (sns.h).
//
// Both shapes are read: identity notifications (notificationType) and published events (eventType).
// Taken: bounce, complaint, delivery, delivery delay, reject. SES replaces the Message-ID; ours is
// among the original headers, which identity notifications have only when asked for. Several
// recipients make several events.
// Source: Amazon SES Developer Guide, "Amazon SNS notification contents for Amazon SES" and
// "Contents of event data that Amazon SES publishes to Amazon SNS". Thread: any; pure.
#pragma once

#include <string_view>

#include "feedback/providers/provider_event.h"

namespace tidings::feedback {

// What is no notification of SES (such as the test that SNS sends when it is set up) is ignored.
ProviderReading read_ses(std::string_view message);

}  // namespace tidings::feedback
