#include "feedback/mailboxes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "db/nullable.h"
#include "delivery/mail_servers.h"
#include "wire/mailbox_url.h"

namespace tidings::feedback {

namespace {

constexpr Duration kWaitMax = std::chrono::hours(1);

#define TIDINGS_MAILBOX_COLUMNS                                                          \
  "SELECT organisation_id, id, url, move_to, interval_s, created_at, due_at, polled_at," \
  " failures, trouble, taken, left_there, is_oauth FROM mailbox "

constexpr db::Statement kCount{"mailbox.count",
                               "SELECT COUNT(*) FROM mailbox WHERE organisation_id = $1"};
constexpr db::Statement kInsert{
    "mailbox.insert",
    "INSERT INTO mailbox (organisation_id, id, url, sealed_login, move_to, interval_s,"
    " created_at, due_at, failures, trouble, taken, left_there, is_oauth)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0, '', 0, 0, $8)"};
constexpr db::Statement kList{"mailbox.list",
                              TIDINGS_MAILBOX_COLUMNS "WHERE organisation_id = $1 ORDER BY id"};
constexpr db::Statement kLoad{"mailbox.load",
                              TIDINGS_MAILBOX_COLUMNS "WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kDue{
    "mailbox.due", TIDINGS_MAILBOX_COLUMNS "WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1"};
constexpr db::Statement kClaim{
    "mailbox.claim",
    "UPDATE mailbox SET due_at = $1 WHERE organisation_id = $2 AND id = $3 AND due_at = $4"};
constexpr db::Statement kNote{
    "mailbox.note_visit",
    "UPDATE mailbox SET due_at = $1, polled_at = $2, failures = $3, trouble = $4,"
    " taken = taken + $5, left_there = $6 WHERE organisation_id = $7 AND id = $8"};
constexpr db::Statement kStoreLogin{
    "mailbox.store_login",
    "UPDATE mailbox SET sealed_login = $1 WHERE organisation_id = $2 AND id = $3"};
constexpr db::Statement kLogin{
    "mailbox.login", "SELECT sealed_login FROM mailbox WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kDelete{"mailbox.delete",
                                "DELETE FROM mailbox WHERE organisation_id = $1 AND id = $2"};

std::string seal_context(OrganisationId organisation, MailboxId id) {
  return fmt::format("mailbox/{}/{}", to_text(organisation), to_text(id));
}

Mailbox read(const db::Row& row) {
  Mailbox mailbox;
  mailbox.organisation = row.id<OrganisationId>(0);
  mailbox.id = row.id<MailboxId>(1);
  mailbox.url = row.string(2);
  mailbox.move_to = row.string(3);
  mailbox.interval = std::chrono::seconds(row.integer(4));
  mailbox.created_at = row.instant(5);
  mailbox.due_at = row.instant(6);
  mailbox.polled_at = db::maybe_instant(row, 7);
  mailbox.failures = static_cast<int>(row.integer(8));
  mailbox.trouble = row.string(9);
  mailbox.taken = row.integer(10);
  mailbox.left = row.integer(11);
  mailbox.is_oauth = row.boolean(12);
  return mailbox;
}

std::unexpected<Error> not_found() {
  return fail(ErrorKind::not_found, "mailbox.not_found",
              "There is no such mailbox. It may have been removed.");
}

Result<void> check_host(const wire::MailboxUrl& url, const MailboxPolicy& policy) {
  if (!url.ca_file.empty() && !policy.files) {
    return fail(ErrorKind::denied, "mailbox.file_not_allowed",
                "A certificate file (ca=) can only be named at the command line of this machine.");
  }
  if (policy.hosts.empty() || delivery::is_host_among(url.host, policy.hosts)) return {};
  return fail(ErrorKind::denied, "mailbox.host_not_allowed",
              fmt::format("Whoever runs this machine does not allow the mail server {}. Ask them, "
                          "or use one they allow.",
                          url.host));
}

Duration wait_after(const Mailbox& mailbox, const MailboxVisit& visit) {
  if (visit.trouble.empty()) return visit.has_more ? Duration::zero() : mailbox.interval;
  Duration wait = mailbox.interval;
  for (int i = 0; i < mailbox.failures && wait < kWaitMax; ++i) wait *= 2;
  return std::min(wait, std::max(kWaitMax, mailbox.interval));
}

}  // namespace

Result<void> check_mailbox(const MailboxFields& fields, const MailboxPolicy& policy) {
  const wire::MailboxUrl url = TRY(wire::parse_mailbox_url(fields.url));
  TRY(check_host(url, policy));
  if (url.user.empty()) {
    return fail(ErrorKind::invalid, "mailbox.user",
                "Say whose mailbox it is, before the @ of the host: "
                "imaps://bounces%40example.org@mail.example.org/INBOX.");
  }
  if (fields.oauth.is_given()) TRY(check_oauth(fields.oauth));
  const bool has_control = std::ranges::any_of(
      fields.password, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (fields.password.empty() != fields.oauth.is_given() ||
      fields.password.size() > kMailboxPasswordMax || has_control) {
    return fail(ErrorKind::invalid, "mailbox.password",
                "Give a password, or the members of OAuth. A password has no line break or another "
                "control character in it.");
  }
  if (!fields.move_to.empty() &&
      (url.is_pop3 || !wire::is_folder_name(fields.move_to) || fields.move_to == url.folder)) {
    return fail(ErrorKind::invalid, "mailbox.move_to",
                url.is_pop3 ? "POP3 has no folders: mail that was taken is deleted."
                            : "Give another folder, in plain letters without quotes.");
  }
  if (fields.interval < kMailboxIntervalMin || fields.interval > kMailboxIntervalMax) {
    return fail(ErrorKind::invalid, "mailbox.interval",
                "Visit it every minute at most, and once a day at least.");
  }
  return {};
}

Result<MailboxId> create_mailbox(db::Connection& connection, IdSource& ids,
                                 OrganisationId organisation, const identity::SecretBox& secrets,
                                 const MailboxFields& fields, Instant now) {
  const auto count = TRY(connection.query_first(kCount, {organisation},
                                                [](const db::Row& row) { return row.integer(0); }));
  if (count && *count >= kMailboxesMax) {
    return fail(
        ErrorKind::limit, "mailbox.too_many",
        fmt::format("There are {} mailboxes already. Remove one that is not used.", *count));
  }
  const auto id = ids.next<MailboxId>();
  const std::string sealed = secrets.seal(seal_context(organisation, id),
                                          to_text(MailboxLogin{fields.password, fields.oauth}));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(fields.interval).count();
  TRY(connection.execute(kInsert, {organisation, id, fields.url, db::BytesView{sealed},
                                   fields.move_to, seconds, now, fields.oauth.is_given()}));
  return id;
}

Result<std::vector<Mailbox>> list_mailboxes(db::Connection& connection,
                                            OrganisationId organisation) {
  std::vector<Mailbox> list;
  TRY(connection.query(kList, {organisation},
                       [&](const db::Row& row) { list.push_back(read(row)); }));
  return list;
}

Result<Mailbox> load_mailbox(db::Connection& connection, OrganisationId organisation,
                             MailboxId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) return not_found();
  return *std::move(found);
}

Result<void> delete_mailbox(db::Connection& connection, OrganisationId organisation, MailboxId id) {
  if (TRY(connection.execute(kDelete, {organisation, id})) == 0) return not_found();
  return {};
}

Result<MailboxLogin> mailbox_login(db::Connection& connection, OrganisationId organisation,
                                   MailboxId id, const identity::SecretBox& secrets) {
  const auto sealed = TRY(connection.query_first(
      kLogin, {organisation, id}, [](const db::Row& row) { return std::string(row.bytes(0)); }));
  if (!sealed) return not_found();
  return login_from_text(TRY(secrets.unseal(seal_context(organisation, id), *sealed)));
}

Result<void> store_login(db::Connection& connection, OrganisationId organisation, MailboxId id,
                         const identity::SecretBox& secrets, const MailboxLogin& login) {
  const std::string sealed = secrets.seal(seal_context(organisation, id), to_text(login));
  TRY(connection.execute(kStoreLogin, {db::BytesView{sealed}, organisation, id}));
  return {};
}

Result<std::optional<Mailbox>> find_due_mailbox(db::Connection& connection, Instant now) {
  return connection.query_first(kDue, {now}, read);
}

Result<bool> claim_mailbox(db::Connection& connection, const Mailbox& mailbox, Instant until) {
  return TRY(connection.execute(kClaim,
                                {until, mailbox.organisation, mailbox.id, mailbox.due_at})) == 1;
}

Result<void> note_visit(db::Connection& connection, const Mailbox& mailbox,
                        const MailboxVisit& visit, Instant now) {
  const int failures = visit.trouble.empty() ? 0 : mailbox.failures + 1;
  TRY(connection.execute(kNote, {now + wait_after(mailbox, visit), now, failures, visit.trouble,
                                 visit.taken, visit.left, mailbox.organisation, mailbox.id}));
  return {};
}

}  // namespace tidings::feedback
