// commit() of call.h: an answer once per Idempotency-Key.
// Source: draft-ietf-httpapi-idempotency-key-header-07. Deviates: a key is any text up to 200
// characters, quoted or not; a reused key is 422 as there, and there is no 409, because the second
// of two at once waits for the first and gets its answer.
#include <boost/json.hpp>
#include <set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json_text.h"
#include "edge/api/call.h"
#include "edge/api/idempotency.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

constexpr Duration kKept = std::chrono::hours(24);

constexpr db::Statement kForget{
    "idempotency.forget",
    "DELETE FROM idempotency_key WHERE organisation_id = $1 AND created_at < $2"};
// Taken first: the other of two at once waits here, or is run again once the first is committed.
constexpr db::Statement kTake{
    "idempotency.take",
    "INSERT INTO idempotency_key (organisation_id, name, operation, request_digest, status, answer,"
    " created_at) VALUES ($1, $2, $3, $4, 0, '', $5)"
    " ON CONFLICT (organisation_id, name) DO NOTHING"};
constexpr db::Statement kFind{
    "idempotency.find",
    "SELECT operation, request_digest, status, answer FROM idempotency_key"
    " WHERE organisation_id = $1 AND name = $2"};
constexpr db::Statement kKeep{
    "idempotency.keep",
    "UPDATE idempotency_key SET status = $1, answer = $2 WHERE organisation_id = $3 AND name = $4"};

constexpr db::Statement kFree{
    "idempotency.free", "DELETE FROM idempotency_key WHERE organisation_id = $1 AND name = $2"};

std::string digest_of(const net::Request& request) {
  std::string whole = request.method + "\n" + request.path + "\n";
  for (const auto& [name, value] : request.query) {
    whole += fmt::format("{}:{}={}:{}\n", name.size(), name, value.size(), value);
  }
  return sha256(whole + request.body);
}

std::string to_text(const Answer& answer) {
  CHECK(answer.content_type.empty() && answer.events == nullptr);  // what is committed is JSON
  json::object kept;
  kept["body"] = answer.body;
  json::array headers;
  for (const auto& header : answer.headers) {
    headers.push_back(json::array{header.name, header.value});
  }
  kept["headers"] = std::move(headers);
  return json::serialize(kept);
}

Result<Answer> answer_of(int status, std::string_view text) {
  json::value kept = parse_json(text);
  if (!kept.is_object()) {
    return fail(ErrorKind::corrupt, "call.answer", "The answer kept for this key is damaged.");
  }
  Answer answer;
  answer.status = status;
  answer.body = kept.get_object()["body"];
  for (const auto& header : kept.get_object()["headers"].as_array()) {
    answer.headers.push_back(
        {std::string(header.at(0).as_string()), std::string(header.at(1).as_string())});
  }
  answer.headers.push_back({"Idempotent-Replayed", "true"});
  return answer;
}

std::string_view key_of(const Call& call) { return call.request.header("Idempotency-Key"); }

bool has_key(const Call& call) { return !key_of(call).empty() && call.organisation().valid(); }

Result<Answer> replay(db::Connection& connection, const Call& call) {
  struct Kept {
    std::string operation;
    std::string digest;
    int status;
    std::string answer;
  };
  const auto kept = TRY(
      connection.query_first(kFind, {call.organisation(), key_of(call)}, [](const db::Row& row) {
        return Kept{row.string(0), std::string(row.bytes(1)), static_cast<int>(row.integer(2)),
                    row.string(3)};
      }));
  if (!kept) return fail(ErrorKind::conflict, "call.key", "Send the request again.");
  if (kept->operation != call.operation_id || kept->digest != digest_of(call.request)) {
    return Answer::problem(
        422,
        {ErrorKind::invalid, "call.key_reused",
         "This Idempotency-Key stands for another request of the last 24 hours. Take a new one."},
        {{"Idempotency-Key", "reused", "This key stands for another request."}});
  }
  return answer_of(kept->status, kept->answer);
}

Result<Answer> once(db::Connection& connection, const Call& call,
                    const std::function<Result<Answer>(db::Connection&)>& work) {
  const Call* const alone = &call;
  if (!TRY(take_keys(connection, {&alone, 1})).front()) return replay(connection, call);
  const Answer answer = TRY(work(connection));
  const KeyedAnswer keyed{&call, &answer};
  TRY(keep_answers(connection, {&keyed, 1}));
  return answer;
}

}  // namespace

Result<std::vector<bool>> take_keys(db::Connection& connection,
                                    std::span<const Call* const> calls) {
  std::vector<bool> taken(calls.size(), true);
  std::vector<std::size_t> keyed;
  std::vector<std::string> digests;
  std::set<OrganisationId> organisations;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Call& call = *calls[i];
    if (!has_key(call)) continue;
    keyed.push_back(i);
    digests.push_back(digest_of(call.request));
    if (organisations.insert(call.organisation()).second) {
      TRY(connection.execute(kForget, {call.organisation(), call.now() - kKept}));
    }
  }
  std::vector<db::Param> rows;
  for (std::size_t k = 0; k < keyed.size(); ++k) {
    const Call& call = *calls[keyed[k]];
    rows.insert(rows.end(), {call.organisation(), key_of(call), call.operation_id,
                             db::BytesView{digests[k]}, call.now()});
  }
  const auto made = TRY(connection.execute_many(kTake, 5, rows));
  for (std::size_t k = 0; k < keyed.size(); ++k) taken[keyed[k]] = made[k] > 0;
  return taken;
}

Result<void> keep_answers(db::Connection& connection, std::span<const KeyedAnswer> answers) {
  std::vector<std::string> texts;
  std::vector<db::Param> kept;
  std::vector<db::Param> freed;
  texts.reserve(answers.size());
  for (const auto& [call, answer] : answers) {
    if (!has_key(*call)) continue;
    if (answer == nullptr) {
      freed.insert(freed.end(), {call->organisation(), key_of(*call)});
    } else {
      texts.push_back(to_text(*answer));
      kept.insert(kept.end(), {answer->status, texts.back(), call->organisation(), key_of(*call)});
    }
  }
  TRY(connection.execute_many(kKeep, 4, kept));
  TRY(connection.execute_many(kFree, 2, freed));
  return {};
}

Result<Answer> commit(const Call& call, const std::function<Result<Answer>(db::Connection&)>& work,
                      db::Priority priority) {
  return call.services.database.write_value(
      priority, [&](db::Connection& connection) -> Result<Answer> {
        return has_key(call) ? once(connection, call, work) : work(connection);
      });
}

}  // namespace tidings::api
