#include "compose/preview.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include <fmt/format.h>

#include "base/json_text.h"
#include "compose/content_check.h"
#include "compose/draft_content.h"
#include "compose/media.h"
#include "compose/preheader.h"
#include "compose/senders.h"
#include "compose/tags.h"
#include "delivery/content_store.h"
#include "delivery/prepare_email.h"
#include "domain/recipient_rule.h"
#include "liquid/program.h"
#include "wire/html_text.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;
using liquid::Member;
using liquid::Value;

constexpr std::string_view kNobody = "reader@example.org";
constexpr std::string_view kNoSender = "sender@example.org";

bool is_empty(const json::value& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty());
}

// Header fields of a message, unfolded; up to the MIME structure.
std::vector<std::pair<std::string, std::string>> read_headers(std::string_view octets) {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view rest = octets.substr(0, octets.find("\r\n\r\n"));
  while (!rest.empty()) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    if (!headers.empty() && (line.starts_with(' ') || line.starts_with('\t'))) {
      headers.back().second += line;
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || headers.size() >= 100) continue;
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    headers.emplace_back(line.substr(0, colon), value);
  }
  return headers;
}

// One part of the draft with somebody's values; empty when it cannot be rendered, and a finding.
class PartRenderer {
 public:
  PartRenderer(const PreviewContext& context, std::string_view values, std::string_view url)
      : preferences_url_(context.public_url + "/p/preview"),
        view_url_(context.public_url + "/v/preview"),
        options_{.now = context.now, .time_zone = context.organisation.time_zone} {
    const auto contact = liquid::value_from_json(values, arena_);
    organisation_ = {Member{"name", Value::string(context.organisation.name)},
                     Member{"postal_address", Value::string(context.organisation.postal_address)}};
    const Value* student = contact ? contact->find(kStudentMember) : nullptr;
    root_ = {Member{"contact", contact ? *contact : Value::nil()},
             Member{"student", student == nullptr ? Value::nil() : *student},
             Member{"organisation", Value::object(organisation_)},
             Member{"unsubscribe_url", Value::string(url)},
             Member{"preferences_url", Value::string(preferences_url_)},
             Member{delivery::kViewInBrowserUrl, Value::string(view_url_)}};
  }

  std::string render(std::string_view source, liquid::Context context, std::string_view part,
                     std::vector<Finding>& findings) const {
    const auto program = liquid::Program::compile(source, context);
    if (!program) return {};  // check_liquid() says so
    auto rendered = program->render(Value::object(root_), options_);
    if (rendered) return *std::move(rendered);
    const auto place = liquid::position_of(rendered.error());
    findings.push_back({"liquid.render",
                        Severity::blocking,
                        rendered.error().message,
                        std::string(part),
                        place ? place->line : 0,
                        place ? place->column : 0,
                        0,
                        {}});
    return {};
  }

 private:
  liquid::Arena arena_;
  std::array<Member, 2> organisation_;
  const std::string preferences_url_;
  const std::string view_url_;
  std::array<Member, 6> root_;
  const liquid::RenderOptions options_;
};

std::vector<std::string> empty_tags(const delivery::CompiledEmail& email, std::string_view values) {
  const json::value parsed = parse_json(values);
  std::vector<std::string> empty;
  for (const auto& part : email.variables()) {
    for (const auto& use : part.uses) {
      if (use.path.size() != 2 || use.path[0] != "contact" || use.has_default) continue;
      const auto* value =
          parsed.is_object() ? parsed.get_object().if_contains(use.path[1]) : nullptr;
      const std::string name = "contact." + use.path[1];
      if ((value == nullptr || is_empty(*value)) && std::ranges::find(empty, name) == empty.end() &&
          empty.size() < 1000) {
        empty.push_back(name);
      }
    }
  }
  return empty;
}

void put_used(const json::object& from, bool takes_all,
              const std::vector<audience::UsedFields::Field>& fields, json::object& values) {
  if (takes_all) {
    for (const auto& [name, value] : from) {
      if (!is_empty(value)) values.emplace(name, value);
    }
  }
  for (const auto& field : fields) {
    const auto* value = from.if_contains(field.target);
    if (value != nullptr && !is_empty(*value)) values[field.name] = *value;
  }
}

}  // namespace

std::string contact_values_of(const std::optional<audience::Contact>& contact,
                              const audience::UsedFields& used) {
  json::object values;
  if (!contact) return json::serialize(values);
  const json::value all = parse_json(audience::contact_values(*contact));
  if (!all.is_object()) return json::serialize(values);
  put_used(all.get_object(), used.all, used.fields, values);
  // Nobody but the contact is known here: it is whom the message is about, too.
  if (used.reads_student()) {
    json::object student;
    put_used(all.get_object(), used.student_all, used.student_fields, student);
    values[kStudentMember] = std::move(student);
  }
  return json::serialize(values);
}

Result<delivery::CompiledEmail> compile_leniently(db::Connection& connection,
                                                  const identity::Organisation& organisation,
                                                  const Draft& draft, MessageKind kind) {
  Draft usable = draft;
  std::erase_if(usable.attachments, [&](const DraftAttachment& one) {
    return !load_media(connection, organisation.id, one.media_id);
  });
  auto content = email_content(connection, organisation, usable, kind);
  if (!content) {
    delivery::EmailContent bare;
    bare.from.display_name = organisation.name;
    bare.from.address = TRY(wire::parse_email_address(kNoSender));
    bare.envelope_from = kNoSender;
    bare.subject = draft.subject;
    bare.html = with_preheader(draft.html, draft.preheader);
    bare.text = draft.text;
    bare.time_zone = organisation.time_zone;
    content = std::move(bare);
  }
  return delivery::CompiledEmail::compile(*std::move(content));
}

Result<Preview> preview_draft(db::Connection& connection, const PreviewContext& context,
                              const Draft& draft, MessageKind kind,
                              const std::optional<audience::Contact>& contact) {
  Preview preview;
  preview.findings = check_liquid(draft);
  const auto known = TRY(known_tags(connection, context.organisation.id, kind));
  for (auto& finding : check_tags(draft, known)) preview.findings.push_back(std::move(finding));
  const auto email = compile_leniently(connection, context.organisation, draft, kind);
  const auto names = TRY(contact_names(connection, context.organisation.id));
  audience::UsedFields used;
  if (email) used = delivery::used_contact_fields(*email, names);
  if (!email) used.all = used.student_all = true;
  const std::string values = contact_values_of(contact, used);
  const std::string url = context.public_url + "/u/preview";

  const PartRenderer parts(context, values, url);
  preview.subject =
      parts.render(draft.subject, liquid::Context::header, "subject", preview.findings);
  preview.html = parts.render(with_preheader(draft.html, draft.preheader), liquid::Context::html,
                              "html", preview.findings);
  const std::string text = email                 ? std::string(email->text_source())
                           : !draft.text.empty() ? draft.text
                                                 : wire::html_to_text_linear(draft.html);
  preview.text = parts.render(text, liquid::Context::text, "text", preview.findings);
  if (!email) return preview;

  preview.empty_tags = empty_tags(*email, values);
  std::string to(kNobody);
  if (contact && !contact->primary_address(Channel::email).empty()) {
    const auto address =
        wire::parse_email_address(contact->primary_address(Channel::email), wire::DomainRule::any);
    if (address) to = address->normalised;
  }
  const std::string view_url = context.public_url + "/v/preview";
  const std::string link_start = context.public_url + "/c/preview/";
  const std::string image = context.public_url + "/o/preview.gif";
  const auto built = delivery::build_email(*email,
                                           {.organisation_name = context.organisation.name,
                                            .postal_address = context.organisation.postal_address,
                                            .unsubscribe_url = url,
                                            .address = to,
                                            .id = MessageId{1},
                                            .date = context.now,
                                            .view_url = view_url,
                                            .tracked_link_start = link_start,
                                            .tracked_image = image},
                                           values);
  if (built) {
    preview.size = std::ssize(built->octets);
    preview.headers = read_headers(built->octets);
  }
  return preview;
}

}  // namespace tidings::compose
