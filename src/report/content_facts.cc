#include "report/content_facts.h"

#include <array>
#include <boost/json.hpp>

#include "base/json_text.h"
#include "domain/recipient_rule.h"
#include "wire/email_address.h"
#include "wire/encoded_word.h"

namespace tidings::report {

namespace {

namespace json = boost::json;

constexpr std::size_t kKnownMax = 256;

constexpr db::Statement kContent{
    "report.log_content",
    "SELECT v.subject, v.from_name, v.from_address, v.options, o.name, o.postal_address,"
    " EXISTS (SELECT 1 FROM content_attachment a WHERE a.organisation_id = v.organisation_id"
    " AND a.content_version_id = v.id)"
    " FROM content_version v JOIN organisation o ON o.id = v.organisation_id"
    " WHERE v.organisation_id = $1 AND v.id = $2"};

std::string option(const json::value& options, std::string_view key) {
  const json::object* object = options.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

}  // namespace

std::string ContentFacts::subject_for(std::string_view contact_values, Instant now) const {
  if (is_plain) return subject;
  if (!program) return {};
  using liquid::Member;
  using liquid::Value;
  liquid::Arena arena;
  const auto contact = liquid::value_from_json(contact_values, arena);
  if (!contact) return {};
  const std::array organisation = {Member{"name", Value::string(organisation_name)},
                                   Member{"postal_address", Value::string(postal_address)}};
  const Value* student = contact->find(kStudentMember);
  const std::array root = {Member{"contact", *contact},
                           Member{"student", student == nullptr ? Value::nil() : *student},
                           Member{"organisation", Value::object(organisation)}};
  const auto rendered =
      program->render(Value::object(root), {.limits = {}, .now = now, .time_zone = time_zone});
  return rendered ? wire::clean_header_text(*rendered) : std::string();
}

Result<const ContentFacts*> ContentCache::find(db::Connection& connection, ContentVersionId id) {
  if (const auto at = known_.find(id); at != known_.end()) return at->second.get();
  auto made = std::make_unique<ContentFacts>();
  std::string options;
  wire::Mailbox from;
  TRY(connection.query(kContent, {organisation_, id}, [&](const db::Row& row) {
    made->subject = row.string(0);
    from.display_name = row.string(1);
    from.address.typed = from.address.normalised = row.string(2);
    options = row.string(3);
    made->organisation_name = row.string(4);
    made->postal_address = row.string(5);
    made->has_attachments = row.boolean(6);
  }));
  if (auto address = wire::parse_email_address(from.address.typed, wire::DomainRule::any)) {
    from.address = *std::move(address);
    made->sender = wire::to_text(from);
    made->message_id_domain = from.address.domain();
  }
  const json::value parsed = parse_json(options);
  made->time_zone = option(parsed, "time_zone");
  if (std::string domain = option(parsed, "message_id_domain"); !domain.empty()) {
    const auto address = wire::parse_email_address("x@" + domain, wire::DomainRule::any);
    if (address) made->message_id_domain = address->domain();
  }
  if (auto program = liquid::Program::compile(made->subject, liquid::Context::header)) {
    made->is_plain = !made->subject.contains("{{") && !made->subject.contains("{%");
    if (made->is_plain) made->subject = wire::clean_header_text(made->subject);
    made->program = *std::move(program);
  }
  return known_.emplace(id, std::move(made)).first->second.get();
}

void ContentCache::forget_some() {
  if (known_.size() > kKnownMax) known_.clear();
}

std::span<const db::Statement> content_facts_statements() {
  static constexpr std::array kAll = {kContent};
  return kAll;
}

}  // namespace tidings::report
