// The audit log.
#include <boost/json.hpp>
#include <charconv>
#include <string>

#include "base/bytes.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

json::value digest_or_null(const std::string& digest) {
  return digest.empty() ? json::value(nullptr) : json::value(to_hex(digest));
}

json::object entry_json(const identity::AuditRecord& record) {
  return {{"sequence", record.sequence},
          {"occurred_at", instant_text(record.occurred_at)},
          {"user_id", id_or_null(record.user_id.value)},
          {"token_id", id_or_null(record.token_id.value)},
          {"actor", record.actor},
          {"action", record.action},
          {"object", record.object},
          {"object_id", id_or_null(record.object_id)},
          {"note", record.note},
          {"before_digest", digest_or_null(record.before_digest)},
          {"after_digest", digest_or_null(record.after_digest)},
          {"digest", to_hex(record.digest)}};
}

Result<std::optional<Instant>> instant_in(const Call& call, std::string_view name) {
  const auto text = call.query(name);
  if (text.empty()) return std::nullopt;
  const auto at = parse_rfc3339(text);
  if (at) return at;
  return fail(ErrorKind::invalid, "api.instant",
              std::string(name) + " is no instant of RFC 3339, like 2026-11-22T08:00:00Z.");
}

Result<Answer> list_audit_log(const Call& call) {
  identity::AuditFilter filter;
  filter.limit = call.page().limit;
  filter.user_id = UserId{parse_id(call.query("user_id")).value_or(0)};
  filter.action = call.query("action");
  filter.object = call.query("object");
  filter.object_id = parse_id(call.query("object_id")).value_or(0);
  filter.from = TRY(instant_in(call, "from"));
  filter.until = TRY(instant_in(call, "until"));
  if (const auto cursor = call.page().cursor; !cursor.empty()) {
    std::int64_t before = 0;
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), before);
    if (error != std::errc() || end != cursor.data() + cursor.size() || before < 1) {
      return fail(ErrorKind::invalid, "api.cursor",
                  "This cursor is none that was answered. Leave it out for the first page.");
    }
    filter.before_sequence = before;
  }
  const auto records = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::list_audit(connection, call.organisation(), filter);
  }));
  json::array items;
  for (const auto& each : records) items.push_back(entry_json(each));
  return Answer::ok(list_answer(std::move(items), std::ssize(records) == filter.limit
                                                      ? std::to_string(records.back().sequence)
                                                      : ""));
}

Result<Answer> verify_audit_log(const Call& call) {
  const auto verified = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::verify_audit(connection, call.organisation());
  }));
  json::value broken_at = nullptr;
  if (verified.broken_at) broken_at = *verified.broken_at;
  return Answer::ok(json::object{{"is_intact", !verified.broken_at.has_value()},
                                 {"entries", verified.entries},
                                 {"broken_at", std::move(broken_at)}});
}

}  // namespace

void add_audit_handlers(Registry& registry) {
  registry.answer("listAuditLog", list_audit_log);
  registry.answer("verifyAuditLog", verify_audit_log);
}

}  // namespace tidings::api
