// Returned mail, from its arrival to the moment it is read: each is stored whole, as it came,
// before anybody is told that we have it, and read later (returned_mail_reader.h).
//
// Mail that comes twice (its sender did not hear that we have it) is stored once: the same octets
// for the same receiver of the same organisation. Nothing of it is believed here.
// Owned tables: returned_mail, returned_mail_octets. Spec: RFC 5321 §6.1 (what was accepted is not
// lost). Thread: any, one Connection each.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings {
using ReturnedMailId = Id<struct ReturnedMailTag>;
}  // namespace tidings

namespace tidings::feedback {

// Larger mail is nobody's report, and is not stored.
inline constexpr std::size_t kReturnedMailMax = std::size_t{10} << 20;

struct IncomingMail {
  std::string_view source;         // how it came: "smtp", "mailbox"
  OrganisationId organisation;     // whose mailbox or return-path domain it came to
  std::string_view envelope_from;  // without brackets; empty: the null reverse-path, or not known
  // Without brackets; of a mailbox what Delivered-To or To tells, where it tells anything.
  std::string_view envelope_to;
  std::string_view octets;  // header and body, as they came
  Instant received_at{};
};

struct StoredMail {
  ReturnedMailId id;
  bool is_new = false;  // false: it was there already
};

// Part of the caller's transaction: say that we have it, or delete it elsewhere, after the commit.
// The organisation is that of the key that a token in `envelope_to` names, where it names one.
// Errors: returned_mail.too_large (limit).
Result<StoredMail> store_returned(db::Connection& connection, IdSource& ids,
                                  const IncomingMail& mail);

// A message of ours, found by something that anybody can write.
struct FoundMessage {
  OrganisationId organisation;
  MessageId message;
};

// The message whose Message-ID (with or without brackets) it is; nothing for others'. It proves
// nothing: whoever knows one can write it. `organisation`: only its messages; not valid():
// anybody's.
Result<std::optional<FoundMessage>> find_by_message_id(db::Connection& connection,
                                                       std::string_view header,
                                                       OrganisationId organisation = {});

}  // namespace tidings::feedback
