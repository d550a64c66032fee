// The worklist of address_problems.h: reading it, and taking something off it.
#include <array>
#include <limits>

#include "audience/suppressions.h"
#include "db/nullable.h"
#include "feedback/address_problems.h"

namespace tidings::feedback {
namespace {

using db::Row;

#define TIDINGS_PROBLEM_COLUMNS                                                                 \
  "SELECT id, channel, normalised, reason, diagnostic, message_id, first_at, last_at, is_open," \
  " settled_at, settled_by, settled_note FROM address_problem WHERE organisation_id = $1"

constexpr db::Statement kOpen{"problem.open", TIDINGS_PROBLEM_COLUMNS
                              " AND is_open = 1 AND id < $2 ORDER BY id DESC LIMIT $3"};
constexpr db::Statement kSettled{
    "problem.settled",
    TIDINGS_PROBLEM_COLUMNS " AND settled_at IS NOT NULL AND id < $2 ORDER BY id DESC LIMIT $3"};
constexpr db::Statement kOne{"problem.one", TIDINGS_PROBLEM_COLUMNS
                             " AND id = $2 AND (is_open = 1 OR settled_at IS NOT NULL)"};
constexpr db::Statement kCountOpen{
    "problem.count_open",
    "SELECT COUNT(*) FROM address_problem WHERE organisation_id = $1 AND is_open = 1"};
constexpr db::Statement kSettle{
    "problem.settle",
    "UPDATE address_problem SET is_open = 0, settled_at = $3, settled_by = $4, settled_note = $5,"
    " recent = '' WHERE organisation_id = $1 AND id = $2 AND (is_open = 1 OR settled_at IS NOT "
    "NULL)"};
// What bounces alone have stopped.
constexpr db::Statement kStopped{
    "problem.stopped",
    "SELECT kinds, expires_at FROM suppression WHERE organisation_id = $1 AND channel = $2"
    " AND normalised = $3 AND reason IN ('bounce', 'domain') AND released_at IS NULL"
    " AND (expires_at IS NULL OR expires_at > $4) ORDER BY kinds, created_at"};

AddressProblem read_problem(const Row& row) {
  return {.id = row.id<ProblemId>(0),
          .channel = static_cast<Channel>(row.integer(1)),
          .address = row.string(2),
          .reason = row.string(3),
          .diagnostic = row.string(4),
          .message_id = row.id<MessageId>(5),
          .first_at = row.instant(6),
          .last_at = row.instant(7),
          .is_open = row.boolean(8),
          .settled_at = maybe_instant(row, 9),
          .settled_by = row.string(10),
          .settled_note = row.string(11),
          .stopped = {},
          .stopped_until = {}};
}

Result<void> look_at_suppressions(db::Connection& connection, OrganisationId organisation,
                                  AddressProblem& problem, Instant now) {
  return connection.query(
      kStopped, {organisation, int(problem.channel), problem.address, now}, [&](const Row& row) {
        problem.stopped = row.integer(0) == int(audience::SuppressedKinds::everything)
                              ? AddressProblem::Stopped::everything
                              : AddressProblem::Stopped::campaigns;
        problem.stopped_until = maybe_instant(row, 1);
      });
}

}  // namespace

Result<std::vector<AddressProblem>> list_problems(db::Connection& connection,
                                                  OrganisationId organisation,
                                                  const ProblemPage& page, Instant now) {
  const std::int64_t before =
      page.before.valid() ? page.before.value : std::numeric_limits<std::int64_t>::max();
  std::vector<AddressProblem> found;
  TRY(connection.query(page.is_settled ? kSettled : kOpen, {organisation, before, page.limit},
                       [&](const Row& row) { found.push_back(read_problem(row)); }));
  for (AddressProblem& problem : found) {
    TRY(look_at_suppressions(connection, organisation, problem, now));
  }
  return found;
}

Result<std::int64_t> count_open_problems(db::Connection& connection, OrganisationId organisation) {
  return TRY(connection.query_first(kCountOpen, {organisation},
                                    [](const Row& row) { return row.integer(0); }))
      .value_or(0);
}

Result<AddressProblem> find_problem(db::Connection& connection, OrganisationId organisation,
                                    ProblemId id, Instant now) {
  auto found = TRY(connection.query_first(kOne, {organisation, id}, read_problem));
  if (!found) {
    return fail(ErrorKind::not_found, "problem.not_found",
                "There is no problem " + to_text(id) + " on the list.");
  }
  TRY(look_at_suppressions(connection, organisation, *found, now));
  return *std::move(found);
}

Result<void> settle_problem(db::Connection& connection, OrganisationId organisation, ProblemId id,
                            std::string_view by, std::string_view note, Instant now) {
  if (TRY(connection.execute(kSettle, {organisation, id, now, by, note})) == 0) {
    return fail(ErrorKind::not_found, "problem.not_found",
                "There is no problem " + to_text(id) + " on the list.");
  }
  return {};
}

std::span<const db::Statement> problem_statements() {
  static constexpr std::array kAll = {kOpen, kSettled, kOne, kCountOpen, kSettle, kStopped};
  return kAll;
}

}  // namespace tidings::feedback
