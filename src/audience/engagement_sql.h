// Whether a person opened or clicked a message, as an SQL condition about one row of `message`, the
// same on both databases. A status is a fold by rank (domain/message_state.h): where marked as spam
// or unsubscribed hides it, the message's events tell. Thread: pure, any.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "domain/message_state.h"

namespace tidings::audience {

// `message` is how the statement calls the row.
std::string opened_sql(std::string_view message);
std::string clicked_sql(std::string_view message);
std::string has_event_sql(std::string_view message, std::initializer_list<EventType> types);

}  // namespace tidings::audience
