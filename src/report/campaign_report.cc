#include "report/campaign_report.h"

#include <array>

namespace tidings::report {

namespace {

// The sign keeps the planner from the primary key: message_deferred has only those that wait, and
// in the right order.
constexpr db::Statement kNextAttempt{
    "report.next_attempt",
    "SELECT due_at FROM message WHERE +organisation_id = $1 AND campaign_id = $2"
    " AND campaign_id IS NOT NULL AND state = 1 ORDER BY due_at, id LIMIT 1"};
constexpr db::Statement kSubject{
    "report.campaign_subject",
    "SELECT subject FROM content_version WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kReasons{
    "report.campaign_reasons",
    "SELECT state, reason, COUNT(*), MIN(address) FROM message"
    " WHERE message.organisation_id + 0 = $1 AND campaign_id = $2 AND state NOT IN (0, 2, 3)"
    " GROUP BY state, reason ORDER BY COUNT(*) DESC, state, reason"};

}  // namespace

Result<std::optional<Instant>> next_attempt(db::Connection& connection, OrganisationId organisation,
                                            CampaignId campaign) {
  return connection.query_first(kNextAttempt, {organisation, campaign},
                                [](const db::Row& row) { return row.instant(0); });
}

Result<std::string> campaign_subject(db::Connection& connection, OrganisationId organisation,
                                     ContentVersionId content) {
  std::string subject;
  TRY(connection.query(kSubject, {organisation, content},
                       [&](const db::Row& row) { subject = row.string(0); }));
  return subject;
}

Result<std::vector<ReasonCount>> reasons(db::Connection& connection, OrganisationId organisation,
                                         CampaignId campaign) {
  std::vector<ReasonCount> found;
  TRY(connection.query(kReasons, {organisation, campaign}, [&](const db::Row& row) {
    found.push_back(
        {static_cast<MessageState>(row.integer(0)), row.string(1), row.integer(2), row.string(3)});
  }));
  return found;
}

std::string_view word_of(MessageState state) {
  switch (state) {
    case MessageState::waiting:
      return "queued";
    case MessageState::deferred:
      return "deferred";
    case MessageState::leased:
      return "sending";
    case MessageState::sent:
      return "sent";
    case MessageState::bounced:
      return "bounced";
    case MessageState::failed:
      return "failed";
    case MessageState::uncertain:
      return "uncertain";
    case MessageState::skipped:
      return "skipped";
    case MessageState::dropped:
      return "dropped";
    case MessageState::cancelled:
      return "cancelled";
    case MessageState::held:
      return "held";
  }
  return "";
}

std::span<const db::Statement> campaign_report_statements() {
  static constexpr std::array kAll = {kNextAttempt, kSubject, kReasons};
  return kAll;
}

}  // namespace tidings::report
