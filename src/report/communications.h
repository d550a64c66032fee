// Communications: what was sent to people and what they answered, in one list by time (P32, P35).
//
// Messages come from MessagePages. Among them stand the answers of persons that are believed
// (feedback/returned_mail_reader.h), each with the message and campaign it answers; automatic
// answers are events of their messages and no rows. An answer has no status, kind, sender of ours
// or attachments: where the list is sorted by anything but time, or filtered by what answers do not
// have, it holds none. Answers to what was deleted from the history are not told.
// Ids are times for both, so one cursor does. CommunicationLog streams the same in the order of
// time, as message_log.h does messages. Thread: one. Errors: those of MessagePages and MessageLog.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "report/message_log.h"
#include "report/message_pages.h"

namespace tidings::report {

// So much of an answer's text is told.
inline constexpr std::size_t kAnswerShownMax = 500;

struct ReceivedAnswer {
  std::int64_t id = 0;  // of the mail that came back
  MessageId message_id;
  CampaignId campaign_id;  // unset for a single message
  ContactId contact_id;
  std::string sender;  // an address
  std::string subject;
  std::string text;
  Instant received_at{};
};

using Communication = std::variant<LogEntry, ReceivedAnswer>;

struct CommunicationQuery {
  MessageQuery messages;  // its filter, order, limit and cursor count for answers too
  bool has_messages = true;
  bool has_answers = true;
};

struct CommunicationPage {
  std::vector<Communication> items;
  MessagePage page;  // all but its items
};

class Communications {
 public:
  Communications(db::Database& database, OrganisationId organisation)
      : database_(database), organisation_(organisation), pages_(database, organisation) {}

  Result<CommunicationPage> list(const CommunicationQuery& query);
  // Of the messages, as MessagePages counts them.
  Result<std::int64_t> count(const LogFilter& filter, std::int64_t most) {
    return pages_.count(filter, most);
  }

 private:
  db::Database& database_;
  const OrganisationId organisation_;
  MessagePages pages_;
};

struct LoggedKinds {
  bool messages = true;
  bool answers = true;
};

class CommunicationLog {
 public:
  CommunicationLog(db::Database& database, OrganisationId organisation)
      : database_(database), organisation_(organisation), log_(database, organisation) {}

  // Tells everything that passes the filter until one of them returns false.
  struct Takers {
    std::function<bool(const LogEntry&)> message;
    std::function<bool(const ReceivedAnswer&)> answer;
  };
  Result<void> each(const LogFilter& filter, LoggedKinds kinds, LogOrder order,
                    const Takers& takers);
  // How many pass, counting to `most` at the most.
  Result<std::int64_t> count(const LogFilter& filter, LoggedKinds kinds, std::int64_t most);

 private:
  db::Database& database_;
  const OrganisationId organisation_;
  MessageLog log_;
};

// For plan tests.
std::span<const db::Statement> communication_statements();

}  // namespace tidings::report
