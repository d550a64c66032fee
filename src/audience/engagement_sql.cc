#include "audience/engagement_sql.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tidings::audience {

std::string opened_sql(std::string_view message) {
  return fmt::format("({0}.status IN ({1}, {2}) OR ({0}.status IN ({3}, {4}) AND {5}))", message,
                     static_cast<int>(Status::opened), static_cast<int>(Status::clicked),
                     static_cast<int>(Status::marked_as_spam),
                     static_cast<int>(Status::unsubscribed),
                     has_event_sql(message, {EventType::opened, EventType::clicked}));
}

std::string clicked_sql(std::string_view message) {
  return fmt::format("({0}.status = {1} OR ({0}.status IN ({2}, {3}) AND {4}))", message,
                     static_cast<int>(Status::clicked), static_cast<int>(Status::marked_as_spam),
                     static_cast<int>(Status::unsubscribed),
                     has_event_sql(message, {EventType::clicked}));
}

std::string has_event_sql(std::string_view message, std::initializer_list<EventType> types) {
  std::vector<int> numbers;
  for (const EventType type : types) numbers.push_back(static_cast<int>(type));
  return fmt::format(
      "EXISTS (SELECT 1 FROM event oe WHERE oe.organisation_id = {0}.organisation_id"
      " AND oe.message_id = {0}.id AND oe.type IN ({1}))",
      message, fmt::join(numbers, ", "));
}

}  // namespace tidings::audience
