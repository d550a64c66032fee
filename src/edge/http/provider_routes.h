// The addresses that mail services call to tell what became of messages:
//
//   POST /provider-events/{provider}/{key}    204 once all of it is stored
//
// 404 for an address that nobody made, 403 for a call without its proof, 406 for a one-time token
// that was used (Mailgun then does not try again), 400 for what cannot be read, 429 beyond
// kCallRate, 503 where it cannot be stored now: services try again. Nothing is told about messages.
#pragma once

#include <string>

#include "base/clock.h"
#include "feedback/provider_intake.h"
#include "identity/rate_limiter.h"
#include "net/router.h"

namespace tidings::http {

// Of one address: services call from few, and a campaign makes many events.
inline constexpr identity::Rate kCallRate{.per_second = 300, .burst = 3'000};

// Borrowed for as long as the router serves.
struct ProviderRoutesContext {
  feedback::ProviderIntake* intake = nullptr;
  const Clock* clock = nullptr;
  std::string public_url;
};

void add_provider_routes(net::Router& router, ProviderRoutesContext context);

}  // namespace tidings::http
