// The routes behind tracked links and the picture that tells that a message was shown:
//
//   GET /c/{token}/{content}/{n}   302 to where the n-th link of this content leads
//   GET /ct/{token}/{n}            the same of totals
//   GET /o/{token}.gif             a transparent picture of one pixel; /ot/… of totals
//
// The content version stands in the link beside the message's token so that nearly every link is
// followed from memory.
//
// A GET changes nothing but what is counted; a HEAD is counted as a machine's. What was asked for
// is with the journal before the answer leaves; where it cannot be written down the reader gets
// their page all the same. A token that is not ours: a page that says so, and 404. Nothing is
// cached.
#pragma once

#include <string>

#include "base/clock.h"
#include "feedback/hit_journal.h"
#include "feedback/link_targets.h"
#include "net/router.h"

namespace tidings::http {

// Borrowed for as long as the router serves.
struct TrackingRoutesContext {
  feedback::LinkTargets* targets = nullptr;
  feedback::HitJournal* journal = nullptr;
  const Clock* clock = nullptr;
  std::string public_url;  // https: the proxy on this machine tells where people come from
};

void add_tracking_routes(net::Router& router, TrackingRoutesContext context);

}  // namespace tidings::http
