// Which message of ours a returned mail is about, and how sure that is.
//
// A token of ours proves it: in the address it was sent to, in what the report tells of the
// envelope, in the unsubscribe link of the message that comes back (which survives where addresses
// are blotted out). A Message-ID proves nothing, because anybody can write one and ids follow one
// another: it is believed of a bounce or complaint only when the report also names the address we
// wrote to, and of an answer, which changes no address.
// Bounds: the first kMailMax octets, kTokensMax tokens. Thread: any; waits for the database, so not
// from within a read or write of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "domain/campaign.h"
#include "feedback/reading/mail.h"
#include "feedback/reading/read_report.h"
#include "identity/token_keys.h"

namespace tidings::feedback {

inline constexpr std::size_t kTokensMax = 20;

enum class Proof {
  none,
  message_id,
  token,
};

struct Correlation {
  Proof proof = Proof::none;
  MessageId message;  // not valid(): none
  CampaignId campaign;
  ContactId contact;
  std::string address;      // the message's
  std::string normalised;   // likewise
  bool was_forged = false;  // there was a token, and nobody here made it
  bool is_gone = false;     // the token is ours, its message is no longer here
};

struct ReturnedMail {
  OrganisationId organisation;
  std::string_view envelope_to;
  std::string_view octets;
};

Result<Correlation> correlate(db::Database& database, identity::TokenKeys& keys,
                              const ReturnedMail& returned, const Mail& mail, ReportKind kind);

}  // namespace tidings::feedback
