#include "domain/mx_outcome.h"

#include <fmt/format.h>

#include "base/check.h"

namespace tidings {

Outcome outcome_of_mx(wire::MxVerdict verdict, std::string_view domain, std::string_view why) {
  Outcome outcome;
  outcome.scope = Scope::site;
  outcome.kind = OutcomeKind::bounced;
  switch (verdict) {
    case wire::MxVerdict::later:
      outcome.kind = OutcomeKind::deferred;
      outcome.reason = "dns_unavailable";
      outcome.enhanced_status_code = "4.4.3";
      outcome.reply_text = fmt::format("The mail servers of {} cannot be looked up now: {}.",
                                       domain, why.empty() ? "no answer" : why);
      break;
    case wire::MxVerdict::no_domain:
      outcome.reason = "domain_unknown";
      outcome.enhanced_status_code = "5.1.2";
      outcome.reply_text = fmt::format("There is no domain {}.", domain);
      break;
    case wire::MxVerdict::null_mx:
      outcome.reason = "domain_without_mail";
      outcome.reply_code = 556;
      outcome.enhanced_status_code = "5.1.10";
      outcome.reply_text = fmt::format("{} says that it takes no mail (null MX).", domain);
      break;
    case wire::MxVerdict::unusable:
      outcome.reason = "no_mail_server";
      outcome.enhanced_status_code = "5.4.4";
      outcome.reply_text = fmt::format("No mail server of {} has an address.", domain);
      break;
    case wire::MxVerdict::loop:
      outcome.kind = OutcomeKind::failed;
      outcome.scope = Scope::source;
      outcome.reason = "mail_loop";
      outcome.enhanced_status_code = "5.4.6";
      outcome.reply_text = fmt::format(
          "The best mail server of {} is this machine by the name it says in EHLO, and it takes no "
          "mail. Set a route for the domain.",
          domain);
      break;
    case wire::MxVerdict::forbidden:
      outcome.reason = "address_not_allowed";
      outcome.enhanced_status_code = "5.4.4";
      outcome.reply_text = fmt::format(
          "The mail servers of {} have only private addresses, which are not connected to. Whoever "
          "runs this machine may allow them with the setting mx_private_networks.",
          domain);
      break;
    case wire::MxVerdict::hosts:
      CHECK(false);
  }
  return outcome;
}

}  // namespace tidings
