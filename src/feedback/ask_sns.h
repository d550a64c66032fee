// Asks Amazon SNS for a certificate, or confirms a subscription: the one thing that a webhook makes
// us fetch.
//
// The host was held to Amazon's names (providers/sns.h); here its addresses must be public ones
// too, and are pinned, so that no DNS answer leads into our own network (SSRF). TLS is verified, no
// redirect followed. Bounds: 64 KB, 10 s. Thread: any; blocks.
#pragma once

#include "feedback/provider_intake.h"
#include "net/dns.h"

namespace tidings::feedback {

// Errors, kind unavailable: sns.unreachable, https.failed.
AskSns ask_sns_by(net::ResolverOptions resolver);

}  // namespace tidings::feedback
