// The orders of the list of messages as SQL, and the cursors that go on in them. Private to
// src/report/. Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "db/connection.h"
#include "report/message_pages.h"
#include "report/message_query.h"

namespace tidings::report {

// What a filter may ask of a message, copied out of its source.
#define TIDINGS_PART                                                                           \
  "m.organisation_id, m.id, m.campaign_id, m.content_version_id, m.kind, m.channel, m.status," \
  " m.normalised, m.contact_id"

// Where a page ended: the key of its last row and the id of it.
struct MessageCursor {
  MessageSort sort = MessageSort::queued_at;
  bool is_descending = true;
  std::int64_t id = 0;
  std::int64_t number = 0;  // the key, or
  std::string text;         // the key, where it is text
};
std::string to_text(const MessageCursor& cursor);
// A cursor comes from outside. Error: log.cursor.
Result<MessageCursor> read_message_cursor(const std::string& text);
std::unexpected<Error> bad_message_cursor();

bool sort_is_text(MessageSort sort);
// Whether no more messages are to be sorted than `most`, or an index has them sorted.
Result<bool> may_sort(db::Connection& connection, const CompiledFilter& filter,
                      const MessageQuery& query, std::int64_t most);
// Whether the key belongs to the content, and the messages have several.
bool sorts_by_content(const CompiledFilter& filter, const MessageQuery& query);
// `SELECT id, key FROM … WHERE …` with the filter's params; empty when nothing can pass. Of a
// content's key only on PostgreSQL.
std::string sorted_sql(const CompiledFilter& filter, const MessageQuery& query);
// The key, as an expression of that SELECT; empty when all have one, and their ids order them.
std::string sort_key(const CompiledFilter& filter, const MessageQuery& query);
// `SELECT id, content, key …` with the filter's params: the key of a message without a campaign,
// else NULL. Empty when nothing can pass.
std::string contents_sql(const CompiledFilter& filter, const MessageQuery& query);
// `SELECT id, key …` of contents; $1 is the organisation.
std::string content_keys_sql(const MessageQuery& query, std::string_view ids);
// ` AND …` behind the row whose key, unless that is empty, and id are the parameters after the
// first `params`.
std::string keyset_sql(const std::string& key, const MessageQuery& query, std::size_t params,
                       bool is_first);
// ` ORDER BY … LIMIT `
std::string order_sql(const std::string& key, const MessageQuery& query);

}  // namespace tidings::report
