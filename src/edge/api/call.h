// One call of the API as its handler sees it, and what the handler answers.
//
// Before a handler runs, the call has been found in spec/openapi.yaml by its operationId, the
// caller is known, has the operation's permission, and path, query and body hold what the
// specification says: required members are there, types, bounds and enumerations are right, nothing
// is unknown. A handler checks what only the data can tell. Handlers block on the database, on a
// thread of the server's pool. An id that is not of the caller's organisation is not_found, always.
// Ownership: a Call borrows; it lives as long as the handler runs.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audience/people/import_queue.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/campaign_runner.h"
#include "db/database.h"
#include "delivery/dispatcher.h"
#include "domain/settings.h"
#include "identity/permission.h"
#include "identity/secret_box.h"
#include "identity/token_keys.h"
#include "net/http_message.h"

namespace tidings::api {

// What handlers work with; borrowed, outlives every call. A command that finds no running server
// answers calls itself: then there is no runner, dispatcher or queue, and what was stored waits for
// the next `serve`.
struct Services {
  db::Database& database;
  IdSource& ids;
  const Clock& clock;
  const Settings& settings;
  const identity::SecretBox& secrets;
  identity::TokenKeys& token_keys;
  std::filesystem::path folder;  // the data folder
  std::string folder_key;        // which one that is, in the database (identity/nodes.h)
  std::string public_url;        // where links in messages point
  compose::CampaignRunner* runner = nullptr;
  delivery::Dispatcher* dispatcher = nullptr;
  people::ImportQueue* imports = nullptr;
};

// What is wrong with one member of the input. RFC 9457 extension member `errors`.
struct FieldError {
  std::string field;    // a JSON Pointer into the body ("/addresses/0/email"), or "?name", "{name}"
  std::string code;     // stable, as Error::code
  std::string message;  // a sentence for a person
};

struct Answer {
  int status = 200;
  boost::json::value body;               // null: no body
  std::vector<net::HttpHeader> headers;  // ETag, Location …
  std::string raw;                       // instead of body, when content_type is set
  std::string content_type;
  std::shared_ptr<net::EventStream> events = nullptr;  // instead of a body
  net::BodyPieces pieces = nullptr;                    // instead of raw, of any length

  static Answer ok(boost::json::value body) { return {200, std::move(body), {}, {}, {}}; }
  static Answer created(boost::json::value body) { return {201, std::move(body), {}, {}, {}}; }
  static Answer accepted(boost::json::value body) { return {202, std::move(body), {}, {}, {}}; }
  static Answer no_content() { return {204, nullptr, {}, {}, {}}; }
  // Server-sent events: text/event-stream in the specification (net/event_stream.h).
  static Answer event_stream(std::shared_ptr<net::EventStream> events) {
    Answer answer;
    answer.events = std::move(events);
    return answer;
  }
  // A file of any length, made while it leaves (net/http_message.h). The first piece is made at
  // once, so that what is wrong with the question is a problem and not half a file.
  static Result<Answer> file(std::string content_type, std::string_view name,
                             net::BodyPieces pieces);
  // application/problem+json (RFC 9457). 422 with a list of fields.
  static Answer problem(int status, const Error& error, std::vector<FieldError> fields = {});

  // Adds a header: Answer::ok(body).with("ETag", etag_of(changed_at)). A GET that answers 200 with
  // an ETag becomes 304 by itself when If-None-Match names it.
  Answer&& with(std::string name, std::string value) && {
    headers.push_back({std::move(name), std::move(value)});
    return std::move(*this);
  }
};

// The status of a failure: invalid 422, not_found 404, conflict 409, denied 403, limit 413,
// unavailable 503, timeout 504, unsupported 422, cancelled 503, corrupt and internal 500.
int status_of(ErrorKind kind);

struct Page {
  int limit = 50;           // 1..200
  std::string_view cursor;  // opaque, as answered as next_cursor; empty: the first page
};

struct Call {
  const Services& services;
  const net::Request& request;
  const identity::Principal& who;
  const boost::json::value& body;  // null without one, and for a body that is not JSON
  std::string_view operation_id = {};

  OrganisationId organisation() const { return who.organisation_id; }
  Instant now() const { return services.clock.now(); }
  // A path parameter as an id. What is not one is not_found, like an id that nobody has.
  template <typename IdType>
  Result<IdType> id(std::string_view name) const {
    if (const auto value = parse_id(request.param(name))) return IdType{*value};
    return fail(ErrorKind::not_found, "api.not_found", "There is no such thing here.");
  }
  // "" when absent.
  std::string_view query(std::string_view name) const {
    return request.query_value(name).value_or(std::string_view{});
  }
  bool flag(std::string_view name) const { return query(name) == "true"; }
  // ?limit and ?cursor.
  Page page() const;
  // Fails with 412 (call.changed) when If-Match is given and names another version. To be asked
  // within the transaction that changes the thing.
  Result<void> expect_version(std::string_view etag) const;
};

// Runs `work` in one write transaction and answers what it answers. With an Idempotency-Key the
// transaction also keeps the key with the answer (status, body, headers), so that within 24 hours
// - the same key with the same request gets that answer again, with `Idempotent-Replayed: true`,
//   and `work` does not run;
// - the same key with another operation, path or body is 422 (call.key_reused);
// - of two such calls at once one runs, also on two nodes, and the other gets its answer.
// When `work` fails everything is rolled back and the key is free again. `work` may run more than
// once (a serialisation conflict): it touches nothing but its Connection. What must follow the
// commit (waking the runner) stands after commit() and must do no harm when repeated.
//
//   registry.answer("createGroup", [](const Call& call) {
//     return commit(call, [&](db::Connection& connection) -> Result<Answer> {
//       const auto group = TRY(audience::create_group(connection, …));
//       return Answer::created(group_json(group));
//     });
//   });
//
// Not from within another write. Keys belong to the organisation; a public operation has none.
Result<Answer> commit(const Call& call, const std::function<Result<Answer>(db::Connection&)>& work,
                      db::Priority priority = db::Priority::web);

using Handler = std::function<Result<Answer>(const Call&)>;

// Where each `*_handlers` file tells which operation it answers. An operation of the specification
// without a handler, or a handler without an operation, is a CHECK when the server starts.
class Registry {
 public:
  virtual ~Registry() = default;
  virtual void answer(std::string_view operation_id, Handler handler) = 0;
};

// {"items": [...], "next_cursor": "..." | null}: every list of the API.
boost::json::value list_answer(boost::json::array items, const std::string& next_cursor);
// A strong entity tag of something that changed at `changed_at`.
std::string etag_of(Instant changed_at);
// Instants in JSON: "2026-11-22T08:00:00.123456Z". (Back: parse_rfc3339 of base/clock.h.)
std::string instant_text(Instant at);

}  // namespace tidings::api
