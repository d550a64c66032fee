#include "edge/api/template_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include <fmt/format.h>

#include "audience/audience_json.h"
#include "compose/content_check.h"
#include "compose/draft_content.h"
#include "compose/tags.h"
#include "compose/templates.h"
#include "edge/api/draft_json.h"
#include "edge/api/json_values.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using compose::Draft;
using compose::Finding;
using compose::Template;
using compose::TemplateContent;
using compose::TemplateFields;

json::value audience_value(const TemplateContent& content) {
  return content.audience ? audience::to_json(*content.audience) : json::value(nullptr);
}

// What stands in the way of sending it; it is saved all the same.
Result<std::vector<Finding>> findings_of(db::Connection& connection, OrganisationId organisation,
                                         const TemplateFields& fields) {
  const auto known = TRY(compose::known_tags(connection, organisation, fields.kind));
  const auto check = [&](const Draft& draft) -> Result<std::vector<Finding>> {
    auto findings = compose::check_liquid(draft);
    for (Finding& finding : compose::check_tags(draft, known)) {
      findings.push_back(std::move(finding));
    }
    return findings;
  };
  std::vector<Finding> findings;
  TRY(compose::check_each_language(fields.content, findings, check));
  return findings;
}

Result<Answer> shown(db::Connection& connection, const Call& call, int status, TemplateId id) {
  const Template one = TRY(compose::load_template(connection, call.organisation(), id));
  const auto findings = TRY(findings_of(connection, call.organisation(), one.fields));
  Answer answer =
      Answer::ok(json::object{{"id", to_text(one.id)},
                              {"name", one.fields.name},
                              {"channel", to_string(one.fields.channel)},
                              {"kind", to_string(one.fields.kind)},
                              {"draft", compose::draft_json(one.fields.content.draft)},
                              {"variants", compose::variants_json(one.fields.content.variants)},
                              {"audience", audience_value(one.fields.content)},
                              {"version", one.version},
                              {"created_by", one.created_by},
                              {"created_at", instant_text(one.created_at)},
                              {"changed_by", one.changed_by},
                              {"changed_at", instant_text(one.changed_at)},
                              {"findings", to_json(findings)}});
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(one.changed_at));
}

// Problems are those of the audience; the rest fits the schema.
Result<std::vector<compose::FieldProblem>> read_fields(const json::object& body,
                                                       TemplateFields& fields) {
  if (body.contains("name")) fields.name = text_of(body, "name");
  if (body.contains("channel")) {
    fields.channel = parse_channel(text_of(body, "channel")).value_or(Channel::email);
  }
  if (body.contains("kind")) fields.kind = kind_of(body);
  if (const auto* draft = body.if_contains("draft")) {
    fields.content.draft = TRY(patched_draft(fields.content.draft, *draft));
  }
  if (const auto* variants = body.if_contains("variants")) {
    fields.content.variants = TRY(compose::variants_from_json(*variants));
  }
  std::vector<compose::FieldProblem> problems;
  if (const auto* given = body.if_contains("audience")) {
    fields.content.audience.reset();
    if (given->is_object()) {
      auto read = audience::read_audience(*given, fields.channel);
      problems = audience_problems(read.problems);
      fields.content.audience = std::move(read.audience);
    }
  }
  return problems;
}

Result<std::vector<compose::FieldProblem>> check_fields(db::Connection& connection,
                                                        const Call& call, TemplateFields& fields) {
  auto named = TRY(compose::complete_draft(connection, call.organisation(), fields.content.draft));
  auto problems = compose::check_template(fields);
  for (auto& problem : named) {
    problem.field = "/draft" + problem.field;
    problems.push_back(std::move(problem));
  }
  if (fields.content.audience) {
    const auto unknown =
        TRY(audience::check_audience(connection, call.organisation(), *fields.content.audience));
    for (auto& problem : audience_problems(unknown)) {
      // A saved message may leave open whom it goes to.
      if (problem.code != "audience.empty") problems.push_back(std::move(problem));
    }
  }
  return problems;
}

std::optional<compose::TemplateOrder> order_of(std::string_view sort) {
  using enum compose::TemplateOrder;
  if (sort.empty() || sort == "-changed_at") return changed_last_first;
  if (sort == "changed_at") return changed_first_first;
  if (sort == "name") return name;
  if (sort == "-name") return name_backwards;
  return std::nullopt;
}

// The place of the last one shown: "MICROSECONDS ID NAME".
std::string cursor_of(const compose::TemplateSummary& last) {
  return fmt::format("{} {} {}", to_micros(last.changed_at), last.id.value, last.name);
}
Result<void> read_cursor(std::string_view cursor, compose::TemplateFilter& filter) {
  if (cursor.empty()) return {};
  std::int64_t changed = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto first = std::from_chars(cursor.data(), end, changed);
  const auto second = first.ec == std::errc() && first.ptr != end
                          ? std::from_chars(first.ptr + 1, end, filter.after.value)
                          : first;
  if (second.ec != std::errc() || second.ptr == end || !filter.after.valid()) {
    return fail(ErrorKind::invalid, "call.cursor", "This is no cursor of this list.");
  }
  filter.after_changed_at = from_micros(changed);
  filter.after_name.assign(second.ptr + 1, end);
  return {};
}

json::object summary_json(const compose::TemplateSummary& one) {
  return {{"id", to_text(one.id)},
          {"name", one.name},
          {"channel", to_string(one.channel)},
          {"kind", to_string(one.kind)},
          {"locale", one.locale},
          {"subject", one.subject},
          {"version", one.version},
          {"changed_by", one.changed_by},
          {"changed_at", instant_text(one.changed_at)}};
}

Result<Answer> list(const Call& call) {
  const Page page = call.page();
  compose::TemplateFilter filter;
  filter.limit = page.limit + 1;
  filter.channel = parse_channel(call.query("channel"));
  filter.kind = parse_message_kind(call.query("kind"));
  filter.order = order_of(call.query("sort")).value_or(compose::TemplateOrder::changed_last_first);
  TRY(read_cursor(page.cursor, filter));
  const auto found = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return compose::list_templates(connection, call.organisation(), filter);
  }));
  json::array items;
  const auto count = std::min<std::size_t>(found.size(), static_cast<std::size_t>(page.limit));
  for (std::size_t i = 0; i < count; ++i) items.push_back(summary_json(found[i]));
  return Answer::ok(list_answer(
      std::move(items), found.size() > count ? cursor_of(found[count - 1]) : std::string()));
}

compose::Saving saving(const Call& call) { return {call.who.name, call.now()}; }

Answer located(Answer answer, TemplateId id) {
  return std::move(answer).with("Location", "/api/v1/templates/" + to_text(id));
}

Result<Answer> create(const Call& call) {
  TemplateFields fields;
  if (const auto problems = TRY(read_fields(call.body.as_object(), fields)); !problems.empty()) {
    return unfit(problems);
  }
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    if (const auto problems = TRY(check_fields(connection, call, fields)); !problems.empty()) {
      return unfit(problems);
    }
    const auto id = TRY(compose::create_template(connection, call.services.ids, call.organisation(),
                                                 fields, saving(call)));
    return located(TRY(shown(connection, call, 201, id)), id);
  });
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<TemplateId>("id"));
  return call.services.database.read_value(
      [&](db::Connection& connection) { return shown(connection, call, 200, id); });
}

Result<Answer> save(db::Connection& connection, const Call& call, const Template& before,
                    TemplateFields fields) {
  if (const auto problems = TRY(check_fields(connection, call, fields)); !problems.empty()) {
    return unfit(problems);
  }
  TRY(compose::change_template(connection, call.organisation(), before, fields, saving(call)));
  return shown(connection, call, 200, before.id);
}

Result<Answer> change(const Call& call) {
  const auto id = TRY(call.id<TemplateId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Template before = TRY(compose::load_template(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TemplateFields fields = before.fields;
    if (const auto problems = TRY(read_fields(call.body.as_object(), fields)); !problems.empty()) {
      return unfit(problems);
    }
    return save(connection, call, before, std::move(fields));
  });
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<TemplateId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Template before = TRY(compose::load_template(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(compose::delete_template(connection, call.organisation(), id));
    return Answer::no_content();
  });
}

Result<Answer> duplicate(const Call& call) {
  const auto id = TRY(call.id<TemplateId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto copy = TRY(compose::duplicate_template(connection, call.services.ids,
                                                      call.organisation(), id, saving(call)));
    return located(TRY(shown(connection, call, 201, copy)), copy);
  });
}

json::object version_json(const compose::TemplateVersion& one) {
  return {{"version", one.version},
          {"name", one.name},
          {"subject", one.subject},
          {"created_by", one.created_by},
          {"created_at", instant_text(one.created_at)}};
}

// A path parameter; what is no number is nothing's.
std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

Result<Answer> list_versions(const Call& call) {
  const auto id = TRY(call.id<TemplateId>("id"));
  const Page page = call.page();
  const auto found = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<std::vector<compose::TemplateVersion>> {
        TRY(compose::load_template(connection, call.organisation(), id));
        return compose::list_template_versions(connection, call.organisation(), id,
                                               number_of(page.cursor), page.limit + 1);
      }));
  json::array items;
  const auto count = std::min<std::size_t>(found.size(), static_cast<std::size_t>(page.limit));
  for (std::size_t i = 0; i < count; ++i) items.push_back(version_json(found[i]));
  return Answer::ok(list_answer(std::move(items), found.size() > count
                                                      ? fmt::to_string(found[count - 1].version)
                                                      : std::string()));
}

Result<Answer> get_version(const Call& call) {
  const auto id = TRY(call.id<TemplateId>("id"));
  const auto version = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return compose::load_template_version(connection, call.organisation(), id,
                                          number_of(call.request.param("version")));
  }));
  json::object body = version_json(version);
  body["draft"] = compose::draft_json(version.content.draft);
  body["variants"] = compose::variants_json(version.content.variants);
  return Answer::ok(std::move(body));
}

Result<Answer> restore(const Call& call) {
  const auto id = TRY(call.id<TemplateId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Template before = TRY(compose::load_template(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    auto version = TRY(compose::load_template_version(connection, call.organisation(), id,
                                                      number_of(call.request.param("version"))));
    // As it was, also where a sender or a file it names is gone by now: sending would say so.
    TemplateFields fields = before.fields;
    fields.content = std::move(version.content);
    TRY(compose::change_template(connection, call.organisation(), before, fields, saving(call)));
    return shown(connection, call, 200, id);
  });
}

}  // namespace

void add_template_handlers(Registry& registry) {
  registry.answer("listTemplates", list);
  registry.answer("createTemplate", create);
  registry.answer("getTemplate", get);
  registry.answer("changeTemplate", change);
  registry.answer("deleteTemplate", remove);
  registry.answer("duplicateTemplate", duplicate);
  registry.answer("listTemplateVersions", list_versions);
  registry.answer("getTemplateVersion", get_version);
  registry.answer("restoreTemplateVersion", restore);
}

}  // namespace tidings::api
