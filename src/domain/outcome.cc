#include "domain/outcome.h"

namespace tidings {

bool is_block(std::string_view reason) {
  return reason == "policy" || reason == "sender_refused" || reason == "auth_refused";
}

std::string_view to_string(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::sent:
      return "sent";
    case OutcomeKind::deferred:
      return "deferred";
    case OutcomeKind::bounced:
      return "bounced";
    case OutcomeKind::failed:
      return "failed";
    case OutcomeKind::uncertain:
      return "uncertain";
  }
  return "deferred";
}

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::none:
      return "none";
    case Scope::recipient:
      return "recipient";
    case Scope::message:
      return "message";
    case Scope::session:
      return "session";
    case Scope::site:
      return "site";
    case Scope::source:
      return "source";
  }
  return "none";
}

}  // namespace tidings
