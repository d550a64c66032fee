// Senders: the names and addresses that staff may write from (P6), and the proof that an address
// is theirs: a link mailed to it, or the records of its domain (delivery/domains/domain_check.h).
//
// Verification: a link is mailed to the address (test_send.h sends it), and confirm_sender() is
// what the button on the linked page does. Its token is signed for that one message
// (wire/signed_token.h) and only its hash is stored: whoever may read the message in the record
// does not get the link, which is put in as the message leaves (delivery/prepare_email.h). Looking
// at the page changes nothing. The proof concerns the address: every sender of the organisation
// with it is verified then, one made later too, and one whose address changes is not any more. A
// link works for kVerificationLasts and until a newer one is made. Thread: any, one Connection
// each.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/draft.h"
#include "db/connection.h"
#include "wire/email_address.h"

namespace tidings::compose {

inline constexpr std::size_t kSenderNameMax = 200;
inline constexpr Duration kVerificationLasts = std::chrono::hours(7 * 24);

// What a person gives.
struct SenderFields {
  std::string name;  // may be empty: the address alone
  std::string address;
  std::string reply_to;  // `a@b` or `Name <a@b>`; the default of messages that name none; may be
                         // empty: replies go to the address
};

struct Sender {
  SenderId id;
  SenderFields fields;
  std::optional<Instant> verified_at;           // by a link or by its domain
  std::optional<Instant> verification_sent_at;  // of the newest link
  Instant created_at{};
  Instant changed_at{};

  bool is_verified() const { return verified_at.has_value(); }
  // When anything about it last changed: a domain that is verified changes its senders.
  Instant version() const { return std::max(changed_at, verified_at.value_or(changed_at)); }
};

// Whether somebody sends from a sender that is not verified (P6).
enum class SenderOverride { not_permitted, permitted, wanted };
// The sentence that tells them how, or whom to ask.
std::string_view way_around_verification(SenderOverride override);

// Fields are "/name", "/address", "/reply_to". Empty: fine.
std::vector<FieldProblem> check_sender(const SenderFields& fields);

// As in From. `fields` were checked. Error: those of wire::parse_email_address.
Result<wire::Mailbox> sender_mailbox(const SenderFields& fields);

// Error of the first two: sender.exists (conflict). `fields` were checked.
Result<SenderId> create_sender(db::Connection& connection, IdSource& ids,
                               OrganisationId organisation, const SenderFields& fields,
                               Instant now);
Result<void> change_sender(db::Connection& connection, OrganisationId organisation,
                           const Sender& before, const SenderFields& fields, Instant now);
// Error: sender.not_found.
Result<Sender> load_sender(db::Connection& connection, OrganisationId organisation, SenderId id);
// What was sent keeps its From; drafts that name the sender have to choose another.
Result<void> delete_sender(db::Connection& connection, OrganisationId organisation, SenderId id);

// By address and name: those after `after` (nothing: from the first), at most `limit`.
struct SenderPosition {
  std::string normalised;
  std::string name;
};
Result<std::vector<Sender>> list_senders(db::Connection& connection, OrganisationId organisation,
                                         const std::optional<SenderPosition>& after, int limit);
SenderPosition position_of(const Sender& sender);

// `token` is that of a new link; links from before stop working. Errors: sender.not_found.
Result<void> begin_verification(db::Connection& connection, OrganisationId organisation,
                                SenderId id, std::string_view token, Instant now);

// What the page of a link may show.
struct SenderConfirmation {
  std::string organisation_name;
  std::string organisation_locale;
  std::string name;
  std::string address;
  bool is_verified = false;
};
// Changes nothing. Error of both: sender.link (not_found) for a link that is unknown, too old or
// replaced by a newer one.
Result<SenderConfirmation> look_at_confirmation(db::Connection& connection, std::string_view token,
                                                Instant now);
// Idempotent.
Result<SenderConfirmation> confirm_sender(db::Connection& connection, std::string_view token,
                                          Instant now);

}  // namespace tidings::compose
