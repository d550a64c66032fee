// Request and Response: one HTTP exchange as a handler sees it; no sockets, no library types.
// Thread: values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidings::net {

class EventStream;
class SpoolFile;

struct HttpHeader {
  std::string name;
  std::string value;
};

// A complete, checked request. Names and values of query and path are percent-decoded bytes.
struct Request {
  std::string method;  // "GET" for a HEAD too: the server leaves the body out
  bool is_head = false;
  std::string path;                                              // as sent, still encoded
  std::vector<std::pair<std::string, std::string>> path_params;  // of the route's {names}
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<HttpHeader> headers;
  std::string body;
  std::shared_ptr<SpoolFile> spool = nullptr;  // instead of body, where the route says so
  std::string peer;  // "192.0.2.1:50123", "[2001:db8::1]:50123" or "local"

  // "" when there is none. A {name} of the route always has a value.
  std::string_view param(std::string_view name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;
  // The first header of that name, in any case; "" when there is none.
  std::string_view header(std::string_view name) const;
};

// Appends the next piece of a body; false: that was all. Asked for a piece when the one before has
// left, on the server's pool, one at a time; so memory holds one piece, 64 KB to 1 MB at best. An
// error ends the connection before the end of the body: nobody takes a part for the whole.
using BodyPieces = std::function<Result<bool>(std::string& piece)>;

// What a handler answers. The server adds Date, Content-Length, Connection, and those security
// headers that the handler did not set itself.
struct Response {
  int status = 200;
  std::vector<HttpHeader> headers;
  std::string body;
  // Instead of a body: what follows comes bit by bit (event_stream.h).
  std::shared_ptr<EventStream> events = nullptr;
  // Instead of a body: one of any length, made while it leaves.
  BodyPieces pieces = nullptr;

  static Response text(int status, std::string body);
  static Response html(int status, std::string body);
  static Response json(int status, std::string body);
  static Response event_stream(std::shared_ptr<EventStream> events);
  // Replaces a header of that name.
  Response& set(std::string_view name, std::string value);
  std::string_view header(std::string_view name) const;
};

// Makes the pieces the body, for who has no connection. Errors: those of a piece.
Result<void> collect_pieces(Response& response);

// RFC 9110 §15: "Not Found" for 404; "Unknown" for a code without a name here.
std::string_view reason_phrase(int status);
// Equal but for ASCII case, as header names compare.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace tidings::net
