#include "edge/cli/api_pages.h"

#include <boost/json.hpp>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/terminal_text.h"
#include "wire/email_address.h"
#include "wire/url.h"

namespace tidings::cli {

namespace json = boost::json;

std::string_view text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

Result<void> each_item(const WorkplaceOptions& options, std::string_view target,
                       const std::function<bool(const json::object&)>& item) {
  std::string cursor;
  do {
    const char joint = target.find('?') == std::string_view::npos ? '?' : '&';
    const auto page =
        TRY(call_api(options, "GET",
                     fmt::format("{}{}limit=200{}", target, joint,
                                 cursor.empty() ? "" : "&cursor=" + wire::percent_encode(cursor))));
    const json::object* body = page.body.if_object();
    const json::value* items = body ? body->if_contains("items") : nullptr;
    if (items == nullptr || !items->is_array()) return {};
    for (const json::value& one : items->get_array()) {
      if (one.is_object() && !item(one.get_object())) return {};
    }
    cursor = text_member(*body, "next_cursor");
  } while (!cursor.empty());
  return {};
}

Result<std::string> id_of_named(const WorkplaceOptions& options, std::string_view target,
                                std::string_view noun, std::string_view name) {
  std::string found;
  TRY(each_item(options, target, [&](const json::object& one) {
    const bool is_it = text_member(one, "name") == name || text_member(one, "id") == name;
    if (is_it) found = text_member(one, "id");
    return !is_it;
  }));
  if (!found.empty()) return found;
  return fail(ErrorKind::not_found, fmt::format("{}.not_found", noun),
              fmt::format("There is no {0} “{1}”; see: tidings {0} list", noun, name));
}

Result<std::string> id_of_sender(const WorkplaceOptions& options, std::string_view sender) {
  std::string found;
  const auto key = wire::parse_mailbox(sender);
  TRY(each_item(options, "/senders", [&](const json::object& one) {
    const auto address = wire::parse_email_address(text_member(one, "address"));
    const bool is_it =
        text_member(one, "id") == sender ||
        (key && address && wire::comparison_key(*address) == wire::comparison_key(key->address));
    if (is_it) found = text_member(one, "id");
    return !is_it;
  }));
  if (!found.empty()) return found;
  return fail(
      ErrorKind::not_found, "sender.not_found",
      fmt::format("There is no sender {0}. Add it with: tidings sender add {0}", harmless(sender)));
}

}  // namespace tidings::cli
