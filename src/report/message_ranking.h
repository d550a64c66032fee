// The next messages of a list in another order than time: which, and where a page ends behind each.
// Private to src/report/. Thread: values.
//
// Subject, sender and attachments belong to the content, which a campaign's messages share. SQLite
// would look the content up for each of them (2/3 of the time of such a page): there the messages
// are put together by content here, and the few contents are sorted. At most PageBounds::sorted_max
// ids are held. Everything else the database sorts.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "report/message_order.h"
#include "report/message_pages.h"
#include "report/message_query.h"

namespace tidings::report {

// Up to `wanted` messages behind a cursor, or the first when there is none. Only what may_sort().
Result<std::vector<MessageCursor>> ranked(db::Connection& connection, const CompiledFilter& filter,
                                          const MessageQuery& query, const MessageCursor* behind,
                                          std::size_t wanted);

}  // namespace tidings::report
