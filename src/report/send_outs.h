// Send-outs (P32): the communications log with one row per campaign and one per other message.
//
// Sorted by any column, both ways, always: campaigns are few and sorted here; the other messages
// come from indexes that hold them in each order (send_out, message_single_*). Drafts are no
// send-outs: nothing was sent and nothing waits.
// What no index knows, a part of a subject or of an address, is looked for among the other messages
// row by row within a bound; a page may then be short while next_cursor goes on.
// Thread: one. Errors: those of db; log.cursor (invalid).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "domain/campaign.h"
#include "domain/message_state.h"
#include "domain/send_out.h"

namespace tidings::report {

// What is not set does not filter.
struct SendOutFilter {
  std::vector<SendOutType> types;
  std::optional<Channel> channel;
  // Words of a message's status or of a campaign's state; any of these.
  std::vector<std::string> statuses;
  std::optional<Instant> from;   // of `at`
  std::optional<Instant> until;  // before
  std::optional<bool> has_attachments;
  std::string sender;  // part of the sender's name or address, in any case
  std::string text;    // part of the subject, of a campaign's name, or of the address
  bool is_deleted = false;
};

enum class SendOutSort : std::uint8_t { at, type, subject, sender, status, sent, has_attachments };
inline constexpr int kSendOutSortCount = 7;
std::string_view to_string(SendOutSort sort);
std::optional<SendOutSort> parse_send_out_sort(std::string_view word);

struct SendOut {
  std::int64_t id = 0;  // of the campaign or of the message
  bool is_campaign = false;
  SendOutType type = SendOutType::mailing;
  Channel channel = Channel::email;
  std::string name;     // of a campaign
  std::string subject;  // a campaign's as it was written
  std::string sender;
  std::string address;  // of a single message
  std::string status;   // a campaign's state or a message's status, in words
  std::int64_t sent = 0;
  std::int64_t total = 0;
  Instant at{};  // started, or to be started, or queued
  bool has_attachments = false;
  // Of a campaign; opened only where its messages tell.
  std::optional<std::int64_t> opened;
  std::optional<std::int64_t> unsubscribed;
  std::optional<std::int64_t> blocked_or_spam;
  std::optional<std::int64_t> answered;  // messages, by a person
};

struct SendOutQuery {
  SendOutFilter filter;
  SendOutSort sort = SendOutSort::at;
  bool is_descending = true;
  int limit = 50;  // 1..200
  std::string cursor;
};

struct SendOutPage {
  std::vector<SendOut> items;
  std::string next_cursor;  // empty on the last page
};

class SendOuts {
 public:
  SendOuts(db::Database& database, OrganisationId organisation);

  Result<SendOutPage> list(const SendOutQuery& query);
  // How many pass, counting to `most`.
  Result<std::int64_t> count(const SendOutFilter& filter, std::int64_t most);

 private:
  db::Database& database_;
  const OrganisationId organisation_;
};

}  // namespace tidings::report
