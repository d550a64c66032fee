// The communications log: every message, queued and done, streamed (P32).
//
// Read in pages of one short read transaction each, in the order of ids, which is the order of
// queueing: a log of any length takes little memory, and a slow reader (a pager) keeps no snapshot
// of the database alive while a campaign is being sent. A message that changes in the meantime is
// still told exactly once. The period of a filter is that of queueing: it never changes
// afterwards, and ids being times, the primary key finds it.
// Subjects are rendered from what the message froze at expansion, with its time of queueing as
// `now`; where that fails the subject is empty.
// Thread: one. Errors: those of db; report.content (corrupt).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings::report {

// What is not set does not filter. Several words filter together.
struct LogFilter {
  std::optional<MessageKind> kind;
  std::optional<Channel> channel;
  std::vector<Status> statuses;  // any of these; empty: all
  std::optional<Instant> from;   // queued at or after
  std::optional<Instant> until;  // queued before
  std::optional<bool> has_attachments;
  std::string sender;  // part of the sender's address or name, in any case
  std::string text;    // part of the subject or of the recipient's address, in any case
  std::optional<CampaignId> campaign;
  std::optional<ContactId> contact;  // in whose History the message is
};

enum class LogOrder { oldest_first, newest_first };

// Valid until the callback returns.
struct LogEntry {
  OrganisationId organisation_id;
  MessageId id;
  CampaignId campaign_id;  // unset for a single message
  ContentVersionId content_version_id;
  std::vector<ContactId> contact_ids;  // the recipient first
  std::string address;                 // as typed; empty when there is none
  MessageKind kind = MessageKind::campaign;
  Channel channel = Channel::email;
  std::string subject;
  std::string sender;             // `Name <address>` or the address
  std::string message_id_domain;  // of its Message-ID
  bool has_attachments = false;
  Status status = Status::queued;
  MessageState state = MessageState::waiting;
  std::string reason;
  int attempts = 0;
  NodeId lease;               // of the node that holds it, while leased
  bool is_ambiguous = false;  // as recorded: an intent has no outcome
  Instant due_at{};
  Instant queued_at{};
  Instant changed_at{};
};

class MessageLog {
 public:
  // Borrows the database.
  MessageLog(db::Database& database, OrganisationId organisation);
  ~MessageLog();

  // Tells every message that passes the filter until `take` returns false.
  // Error: campaign.not_found, when it filters by one.
  Result<void> each(const LogFilter& filter, LogOrder order,
                    const std::function<bool(const LogEntry&)>& take);
  // How many pass, counting to `most` at the most.
  Result<std::int64_t> count(const LogFilter& filter, std::int64_t most);
  // Error: message.not_found.
  Result<LogEntry> find(MessageId id);

 private:
  struct Content;
  struct Row;
  struct Scan;
  Result<Scan> narrowed(const LogFilter& filter);
  Result<void> scan(const Scan& scan, const std::function<bool(const LogEntry&)>& take);
  Result<const Content*> content(db::Connection& connection, ContentVersionId id);
  Result<bool> passes(const LogFilter& filter, const Content& content, LogEntry& entry,
                      std::string_view values, bool wants_subject) const;

  db::Database& database_;
  const OrganisationId organisation_;
  // Forgotten altogether beyond a bound.
  std::unordered_map<ContentVersionId, std::unique_ptr<const Content>> contents_;
};

// For plan tests.
std::span<const db::Statement> message_log_statements();

}  // namespace tidings::report
