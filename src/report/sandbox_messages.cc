#include "report/sandbox_messages.h"

#include <array>
#include <cstdint>

namespace tidings::report {

namespace {

constexpr int kLookedAtMax = 20'000;

constexpr db::Statement kHasSandbox{
    "sandbox_messages.any",
    "SELECT 1 FROM transport WHERE organisation_id = $1 AND url = 'sandbox:' LIMIT 1"};
// A deleted mail server's messages stay what they were.
#define TIDINGS_SANDBOX_OF                                                             \
  "EXISTS (SELECT 1 FROM transport t WHERE t.organisation_id = m.organisation_id"      \
  " AND t.url = 'sandbox:' AND t.id = COALESCE(m.transport_id, (SELECT c.transport_id" \
  " FROM campaign c WHERE c.organisation_id = m.organisation_id AND c.id = m.campaign_id)))"
constexpr db::Statement kList{
    "sandbox_messages.list",
    "SELECT m.id FROM (SELECT organisation_id, id, transport_id, campaign_id FROM message"
    " WHERE organisation_id = $1 AND id < $2 AND deleted_at IS NULL AND kind < 4"
    " ORDER BY id DESC LIMIT $3) m"
    " WHERE " TIDINGS_SANDBOX_OF " ORDER BY m.id DESC LIMIT $4"};
constexpr db::Statement kLast{"sandbox_messages.last",
                              "SELECT id FROM message WHERE organisation_id = $1 AND id < $2 AND "
                              "deleted_at IS NULL AND kind < 4"
                              " ORDER BY id DESC LIMIT 1 OFFSET $3"};
constexpr db::Statement kIs{"sandbox_messages.is",
                            "SELECT 1 FROM message m WHERE m.organisation_id = $1 AND m.id = $2"
                            " AND m.deleted_at IS NULL AND " TIDINGS_SANDBOX_OF};
#undef TIDINGS_SANDBOX_OF

constexpr std::array kStatements = {kHasSandbox, kList, kLast, kIs};

MessageId message_id(const db::Row& row) { return row.id<MessageId>(0); }
bool yes(const db::Row&) { return true; }

}  // namespace

Result<SandboxPage> list_sandbox_messages(db::Connection& connection, OrganisationId organisation,
                                          MessageId before, int limit) {
  SandboxPage page;
  if (!TRY(connection.query_first(kHasSandbox, {organisation}, yes))) return page;
  const std::int64_t from = before.valid() ? before.value : INT64_MAX;
  TRY(connection.query(kList, {organisation, from, kLookedAtMax, limit},
                       [&](const db::Row& row) { page.messages.push_back(message_id(row)); }));
  if (std::ssize(page.messages) == limit) {
    page.next = page.messages.back();
    return page;
  }
  const auto last =
      TRY(connection.query_first(kLast, {organisation, from, kLookedAtMax - 1}, message_id));
  page.next = last.value_or(MessageId());
  return page;
}

Result<bool> is_in_sandbox(db::Connection& connection, OrganisationId organisation, MessageId id) {
  return TRY(connection.query_first(kIs, {organisation, id}, yes)).has_value();
}

std::span<const db::Statement> sandbox_message_statements() { return kStatements; }

}  // namespace tidings::report
