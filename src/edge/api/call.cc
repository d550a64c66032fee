#include "edge/api/call.h"

#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "net/content_coding.h"

namespace tidings::api {

namespace json = boost::json;

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
      return 422;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::denied:
      return 403;
    case ErrorKind::limit:
      return 413;
    case ErrorKind::unavailable:
    case ErrorKind::cancelled:
      return 503;
    case ErrorKind::timeout:
      return 504;
    case ErrorKind::corrupt:
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

Result<Answer> Answer::file(std::string content_type, std::string_view name,
                            net::BodyPieces pieces) {
  std::string first;
  const bool goes_on = TRY(pieces(first));
  Answer answer;
  answer.content_type = std::move(content_type);
  if (goes_on) {
    answer.pieces = [first = std::move(first), is_first = true,
                     next = std::move(pieces)](std::string& piece) mutable -> Result<bool> {
      if (!std::exchange(is_first, false)) return next(piece);
      piece = std::exchange(first, {});
      return true;
    };
  } else {
    answer.raw = std::move(first);
  }
  return std::move(answer).with("Content-Disposition",
                                fmt::format("attachment; filename=\"{}\"", name));
}

Answer Answer::problem(int status, const Error& error, std::vector<FieldError> fields) {
  json::object body;
  body["type"] = "about:blank";
  body["title"] = net::reason_phrase(status);
  body["status"] = status;
  body["detail"] = error.message;
  body["code"] = error.code;
  if (!fields.empty()) {
    json::array list;
    for (FieldError& field : fields) {
      list.push_back(json::object{{"field", std::move(field.field)},
                                  {"code", std::move(field.code)},
                                  {"message", std::move(field.message)}});
    }
    body["errors"] = std::move(list);
  }
  return {status, std::move(body), {}, {}, {}};
}

Page Call::page() const {
  Page page;
  const std::string_view limit = query("limit");
  if (!limit.empty()) std::from_chars(limit.data(), limit.data() + limit.size(), page.limit);
  page.cursor = query("cursor");
  return page;
}

// RFC 9110 §13.1.1: a list of strong tags, or "*" for any.
Result<void> Call::expect_version(std::string_view etag) const {
  std::string_view tags = request.header("If-Match");
  if (tags.empty()) return {};
  while (!tags.empty()) {
    const auto comma = tags.find(',');
    std::string_view tag = tags.substr(0, comma);
    tags.remove_prefix(comma == std::string_view::npos ? tags.size() : comma + 1);
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag == "*" || net::is_etag_of(tag, etag)) return {};
  }
  return fail(ErrorKind::conflict, "call.changed",
              "Somebody else changed this in the meantime. Look at it again, and then change what "
              "is still to be changed.");
}

json::value list_answer(json::array items, const std::string& next_cursor) {
  json::object list;
  list["items"] = std::move(items);
  list["next_cursor"] = next_cursor.empty() ? json::value(nullptr) : json::value(next_cursor);
  return list;
}

std::string etag_of(Instant changed_at) { return fmt::format("\"{:x}\"", to_micros(changed_at)); }

std::string instant_text(Instant at) { return to_rfc3339(at); }

}  // namespace tidings::api
