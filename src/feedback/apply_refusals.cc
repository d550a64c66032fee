#include "feedback/apply_refusals.h"

#include "delivery/sandbox_transport.h"
#include "feedback/address_problems.h"
#include "feedback/message_address.h"

namespace tidings::feedback {

Result<void> apply_refusals(db::Connection& connection, IdSource& ids,
                            std::span<const delivery::Settlement* const> refused, Instant now) {
  for (const delivery::Settlement* settlement : refused) {
    const Outcome& outcome = settlement->outcome;
    const ReportRecipient about = diagnose(outcome);
    const AddressVerdict verdict = verdict_on(about.severity, about.scope);
    const bool is_unusable = outcome.kind == OutcomeKind::failed &&
                             outcome.scope == Scope::recipient && outcome.reply_code == 0 &&
                             outcome.reason != "expired";
    // What the sandbox plays is shown to who tries it, and stops nobody.
    const bool is_played = outcome.remote == delivery::kSandboxRemote;
    if (verdict == AddressVerdict::nothing && !is_unusable) continue;
    if (is_played && verdict != AddressVerdict::dead) continue;
    const auto to =
        TRY(message_address(connection, settlement->organisation_id, outcome.message_id));
    if (!to || to->is_trial || to->normalised.empty()) continue;
    const AddressBounce bounce{
        .organisation = settlement->organisation_id,
        .message = outcome.message_id,
        .channel = to->channel,
        .normalised = to->normalised,
        .reason = is_unusable ? std::string_view(outcome.reason) : to_string(about.reason),
        .verdict = verdict,
        .diagnostic = outcome.reply_text,
        .at = outcome.ended_at,
        .origin = "server"};
    TRY(is_unusable || is_played ? note_unusable(connection, ids, bounce, now)
                                 : note_bounce(connection, ids, bounce, now));
  }
  return {};
}

}  // namespace tidings::feedback
