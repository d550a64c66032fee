// Lists of the API, page after page, for commands that show or search all of one.
// Thread: any.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {

// Calls `item` for each item of the list at `target` (below /api/v1, without limit and cursor),
// until it returns false. Errors: those of call_api().
Result<void> each_item(const WorkplaceOptions& options, std::string_view target,
                       const std::function<bool(const boost::json::object&)>& item);

// The id of the one in such a list whose name or id this is. Error: NAME.not_found, where `noun` is
// what one is called: "There is no group “Choir”; see: tidings group list".
Result<std::string> id_of_named(const WorkplaceOptions& options, std::string_view target,
                                std::string_view noun, std::string_view name);

// The id of the sender with this id or address, the first of several. Error: sender.not_found, with
// how to add it.
Result<std::string> id_of_sender(const WorkplaceOptions& options, std::string_view sender);

// The text of a member; "" when there is none.
std::string_view text_member(const boost::json::object& object, std::string_view name);

}  // namespace tidings::cli
