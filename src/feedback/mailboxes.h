// Mailboxes that returned mail is collected from: an organisation's, by IMAP or POP3.
//
// A login is sealed and never given back; another host or user is another mailbox.
// Owned table: mailbox. Thread: any, one Connection each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "feedback/mailbox_login.h"
#include "identity/secret_box.h"

namespace tidings {
using MailboxId = Id<struct MailboxTag>;
}  // namespace tidings

namespace tidings::feedback {

inline constexpr int kMailboxesMax = 200;  // of an organisation
inline constexpr std::size_t kMailboxPasswordMax = 4'096;
inline constexpr Duration kMailboxIntervalMin = std::chrono::minutes(1);
inline constexpr Duration kMailboxIntervalMax = std::chrono::hours(24);

// What a person gives.
struct MailboxFields {
  std::string url;       // wire/mailbox_url.h
  std::string password;  // or
  OAuthClient oauth;
  std::string move_to;  // IMAP: where mail goes that was taken; empty: it is deleted
  Duration interval = std::chrono::minutes(5);
};

struct Mailbox {
  OrganisationId organisation;
  MailboxId id;
  std::string url;
  std::string move_to;
  bool is_oauth = false;
  Duration interval{};
  Instant created_at{};
  Instant due_at{};                  // the next visit
  std::optional<Instant> polled_at;  // the last one
  int failures = 0;                  // in a row
  std::string trouble;               // of the last visit, as a sentence; empty: none
  std::int64_t taken = 0;            // mails, since it was made
  std::int64_t left = 0;             // too large to be anybody's report: they stay where they are
};

// Which hosts may be named, and whether files (`ca=`): the operator's say, as for mail servers.
struct MailboxPolicy {
  std::vector<std::string> hosts;  // "mail.example.org", "*.example.org"; empty: any
  bool files = false;
};
// Errors, kind invalid: mailbox_url.*, mailbox.user, mailbox.password, mailbox.oauth,
// mailbox.move_to, mailbox.interval; denied: mailbox.host_not_allowed, mailbox.file_not_allowed.
Result<void> check_mailbox(const MailboxFields& fields, const MailboxPolicy& policy);

// `fields` were checked. Errors: mailbox.too_many (limit).
Result<MailboxId> create_mailbox(db::Connection& connection, IdSource& ids,
                                 OrganisationId organisation, const identity::SecretBox& secrets,
                                 const MailboxFields& fields, Instant now);
Result<std::vector<Mailbox>> list_mailboxes(db::Connection& connection,
                                            OrganisationId organisation);
// Errors of both: mailbox.not_found.
Result<Mailbox> load_mailbox(db::Connection& connection, OrganisationId organisation, MailboxId id);
Result<void> delete_mailbox(db::Connection& connection, OrganisationId organisation, MailboxId id);
// Errors: mailbox.not_found, secret.*.
Result<MailboxLogin> mailbox_login(db::Connection& connection, OrganisationId organisation,
                                   MailboxId id, const identity::SecretBox& secrets);
// A refresh token that came in place of the old one.
Result<void> store_login(db::Connection& connection, OrganisationId organisation, MailboxId id,
                         const identity::SecretBox& secrets, const MailboxLogin& login);

// The mailbox that has waited longest for a visit that is due, of any organisation.
Result<std::optional<Mailbox>> find_due_mailbox(db::Connection& connection, Instant now);
// Takes a visit for this process: until `until` nobody else visits. False: somebody else was first.
Result<bool> claim_mailbox(db::Connection& connection, const Mailbox& mailbox, Instant until);
struct MailboxVisit {
  std::int64_t taken = 0;
  std::int64_t left = 0;
  bool has_more = false;  // the rest at once
  std::string trouble;
};
// After trouble it waits twice as long as before, an hour at most (or its own interval).
Result<void> note_visit(db::Connection& connection, const Mailbox& mailbox,
                        const MailboxVisit& visit, Instant now);

}  // namespace tidings::feedback
