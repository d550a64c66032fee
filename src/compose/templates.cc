#include "compose/templates.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <iterator>

#include <fmt/format.h>

#include "audience/audience_json.h"
#include "base/json_text.h"
#include "wire/text_encoding.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

constexpr db::Statement kInsert{
    "template.insert",
    "INSERT INTO template (organisation_id, id, name, channel, kind, locale, subject, document,"
    " version, created_by, created_at, changed_by, changed_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $9, $10) ON CONFLICT DO NOTHING"};
constexpr db::Statement kUpdate{
    "template.update",
    "UPDATE template SET name = $1, channel = $2, kind = $3, locale = $4, subject = $5,"
    " document = $6, version = $7, changed_by = $8, changed_at = $9"
    " WHERE organisation_id = $10 AND id = $11"};
constexpr db::Statement kLoad{
    "template.load",
    "SELECT id, name, channel, kind, document, version, created_by, created_at, changed_by,"
    " changed_at FROM template WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kFind{"template.find",
                              "SELECT id FROM template WHERE organisation_id = $1 AND name = $2"};
constexpr db::Statement kDelete{"template.delete",
                                "DELETE FROM template WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kDeleteVersions{
    "template.delete_versions",
    "DELETE FROM template_version WHERE organisation_id = $1 AND template_id = $2"};
constexpr db::Statement kInsertVersion{
    "template.insert_version",
    "INSERT INTO template_version (organisation_id, template_id, version, name, subject, document,"
    " created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr db::Statement kForgetVersions{
    "template.forget_versions",
    "DELETE FROM template_version WHERE organisation_id = $1 AND template_id = $2"
    " AND version <= $3"};
constexpr db::Statement kListVersions{
    "template.list_versions",
    "SELECT version, name, subject, created_by, created_at FROM template_version"
    " WHERE organisation_id = $1 AND template_id = $2 AND version < $3"
    " ORDER BY version DESC LIMIT $4"};
constexpr db::Statement kLoadVersion{
    "template.load_version",
    "SELECT version, name, subject, created_by, created_at, document FROM template_version"
    " WHERE organisation_id = $1 AND template_id = $2 AND version = $3"};

// Of another channel or kind: those are passed over ($2 and $3 below zero take all).
#define TIDINGS_TEMPLATE_LIST                                                        \
  "SELECT id, name, channel, kind, locale, subject, version, changed_by, changed_at" \
  " FROM template WHERE organisation_id = $1 AND ($2 < 0 OR channel = $2)"           \
  " AND ($3 < 0 OR kind = $3) AND "
constexpr std::array kLists = {
    db::Statement{"template.list_changed_last", TIDINGS_TEMPLATE_LIST
                  "(changed_at, id) < ($4, $5) ORDER BY changed_at DESC, id DESC LIMIT $6"},
    db::Statement{"template.list_changed_first", TIDINGS_TEMPLATE_LIST
                  "(changed_at, id) > ($4, $5) ORDER BY changed_at, id LIMIT $6"},
    db::Statement{"template.list_name", TIDINGS_TEMPLATE_LIST "name > $4 ORDER BY name LIMIT $5"},
    db::Statement{"template.list_name_backwards",
                  TIDINGS_TEMPLATE_LIST "name < $4 ORDER BY name DESC LIMIT $5"},
    db::Statement{"template.list_name_backwards_first",
                  TIDINGS_TEMPLATE_LIST "name >= $4 ORDER BY name DESC LIMIT $5"},
};

std::string document_text(const TemplateContent& content) {
  json::object document;
  document["draft"] = draft_json(content.draft);
  document["variants"] = variants_json(content.variants);
  document["audience"] =
      content.audience ? json::value(audience::to_json(*content.audience)) : json::value(nullptr);
  return json::serialize(document);
}

std::unexpected<Error> damaged() {
  return fail(ErrorKind::corrupt, "template.damaged",
              "The stored template is damaged. Restore it from a backup.");
}

Result<TemplateContent> read_document(std::string_view text) {
  const json::value value = parse_json(text);
  const json::object* document = value.if_object();
  const json::value* draft = document ? document->if_contains("draft") : nullptr;
  if (draft == nullptr) return damaged();
  TemplateContent content;
  content.draft = TRY(draft_from_json(*draft));
  if (const auto* variants = document->if_contains("variants"); variants && variants->is_array()) {
    auto read = variants_from_json(*variants);
    if (!read) return damaged();
    content.variants = *std::move(read);
  }
  if (const auto* given = document->if_contains("audience"); given && given->is_object()) {
    content.audience = TRY(audience::read_stored_audience(json::serialize(*given)));
  }
  return content;
}

std::unexpected<Error> not_found() {
  return fail(ErrorKind::not_found, "template.not_found",
              "There is no such template. It may have been deleted.");
}

std::unexpected<Error> exists(std::string_view name) {
  return fail(ErrorKind::conflict, "template.exists",
              fmt::format("There is a template called \"{}\" already. Choose another name.", name));
}

Result<void> insert_version(db::Connection& connection, OrganisationId organisation, TemplateId id,
                            std::int64_t version, const TemplateFields& fields,
                            const std::string& document, const Saving& saving) {
  TRY(connection.execute(kInsertVersion,
                         {organisation, id, version, fields.name, fields.content.draft.subject,
                          document, saving.by, saving.at}));
  TRY(connection.execute(kForgetVersions, {organisation, id, version - kTemplateVersionsMax}));
  return {};
}

Result<bool> is_taken(db::Connection& connection, OrganisationId organisation,
                      std::string_view name, TemplateId but) {
  const auto found = TRY(find_template(connection, organisation, name));
  return found && *found != but;
}

TemplateVersion read_version(const db::Row& row) {
  return {row.integer(0), row.string(1), row.string(2), row.string(3), row.instant(4), {}};
}

}  // namespace

std::vector<FieldProblem> check_template(const TemplateFields& fields) {
  std::vector<FieldProblem> problems;
  const bool has_control = std::ranges::any_of(
      fields.name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (fields.name.empty() || fields.name.size() > kTemplateNameMax || has_control ||
      !wire::is_utf8(fields.name)) {
    problems.push_back({"/name", "template.name",
                        fmt::format("Give the template a name of at most {} bytes, on one line.",
                                    kTemplateNameMax)});
  }
  for (FieldProblem& problem : check_draft(fields.content.draft)) {
    problems.push_back(
        {"/draft" + problem.field, std::move(problem.code), std::move(problem.message)});
  }
  std::ranges::move(check_variants(fields.content), std::back_inserter(problems));
  return problems;
}

Result<TemplateId> create_template(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, const TemplateFields& fields,
                                   const Saving& saving) {
  const auto id = ids.next<TemplateId>();
  const std::string document = document_text(fields.content);
  const auto made = TRY(connection.execute(
      kInsert,
      {organisation, id, fields.name, int(fields.channel), int(fields.kind),
       fields.content.draft.locale, fields.content.draft.subject, document, saving.by, saving.at}));
  if (made == 0) return exists(fields.name);
  TRY(insert_version(connection, organisation, id, 1, fields, document, saving));
  return id;
}

Result<Template> load_template(db::Connection& connection, OrganisationId organisation,
                               TemplateId id) {
  std::optional<Result<Template>> found;
  TRY(connection.query(kLoad, {organisation, id}, [&](const db::Row& row) {
    auto content = read_document(row.text(4));
    if (!content) {
      found = std::unexpected(content.error());
      return;
    }
    found = Template{row.id<TemplateId>(0),
                     {row.string(1), static_cast<Channel>(row.integer(2)),
                      static_cast<MessageKind>(row.integer(3)), *std::move(content)},
                     row.integer(5),
                     row.string(6),
                     row.instant(7),
                     row.string(8),
                     row.instant(9)};
  }));
  if (!found) return not_found();
  return *std::move(found);
}

Result<std::optional<TemplateId>> find_template(db::Connection& connection,
                                                OrganisationId organisation,
                                                std::string_view name) {
  return connection.query_first(kFind, {organisation, name},
                                [](const db::Row& row) { return row.id<TemplateId>(0); });
}

Result<void> change_template(db::Connection& connection, OrganisationId organisation,
                             const Template& before, const TemplateFields& fields,
                             const Saving& saving) {
  if (fields == before.fields) return {};
  if (TRY(is_taken(connection, organisation, fields.name, before.id))) return exists(fields.name);
  const Saving after{saving.by, std::max(saving.at, before.changed_at + Duration(1))};
  const std::string document = document_text(fields.content);
  const std::int64_t version = before.version + 1;
  TRY(connection.execute(
      kUpdate, {fields.name, int(fields.channel), int(fields.kind), fields.content.draft.locale,
                fields.content.draft.subject, document, version, after.by, after.at, organisation,
                before.id}));
  return insert_version(connection, organisation, before.id, version, fields, document, after);
}

Result<void> delete_template(db::Connection& connection, OrganisationId organisation,
                             TemplateId id) {
  TRY(connection.execute(kDeleteVersions, {organisation, id}));
  if (TRY(connection.execute(kDelete, {organisation, id})) == 0) return not_found();
  return {};
}

Result<TemplateId> duplicate_template(db::Connection& connection, IdSource& ids,
                                      OrganisationId organisation, TemplateId id,
                                      const Saving& saving) {
  constexpr int kTries = 1000;
  TemplateFields fields = TRY(load_template(connection, organisation, id)).fields;
  // Room for "Copy of " and a number, cut at a whole character.
  std::string stem = fields.name;
  while (stem.size() > kTemplateNameMax - 20 || (!stem.empty() && !wire::is_utf8(stem))) {
    stem.pop_back();
  }
  for (int number = 1; number < kTries; ++number) {
    fields.name = number == 1 ? fmt::format("Copy of {}", stem)
                              : fmt::format("Copy of {} ({})", stem, number);
    if (!TRY(is_taken(connection, organisation, fields.name, {}))) {
      return create_template(connection, ids, organisation, fields, saving);
    }
  }
  return exists(fields.name);
}

Result<std::vector<TemplateSummary>> list_templates(db::Connection& connection,
                                                    OrganisationId organisation,
                                                    const TemplateFilter& filter) {
  std::vector<TemplateSummary> list;
  const auto add = [&](const db::Row& row) {
    list.push_back({row.id<TemplateId>(0), row.string(1), static_cast<Channel>(row.integer(2)),
                    static_cast<MessageKind>(row.integer(3)), row.string(4), row.string(5),
                    row.integer(6), row.string(7), row.instant(8)});
  };
  const int channel = filter.channel ? int(*filter.channel) : -1;
  const int kind = filter.kind ? int(*filter.kind) : -1;
  const bool is_first = !filter.after.valid();
  if (filter.order == TemplateOrder::name || filter.order == TemplateOrder::name_backwards) {
    const bool backwards = filter.order == TemplateOrder::name_backwards;
    const auto& statement = !backwards ? kLists[2] : is_first ? kLists[4] : kLists[3];
    TRY(connection.query(
        statement, {organisation, channel, kind, is_first ? "" : filter.after_name, filter.limit},
        add));
    return list;
  }
  const bool last_first = filter.order == TemplateOrder::changed_last_first;
  const std::int64_t edge = last_first ? INT64_MAX : INT64_MIN;
  TRY(connection.query(
      kLists[last_first ? 0 : 1],
      {organisation, channel, kind, is_first ? edge : to_micros(filter.after_changed_at),
       is_first ? edge : filter.after.value, filter.limit},
      add));
  return list;
}

Result<std::vector<TemplateVersion>> list_template_versions(db::Connection& connection,
                                                            OrganisationId organisation,
                                                            TemplateId id, std::int64_t before,
                                                            int limit) {
  std::vector<TemplateVersion> list;
  TRY(connection.query(kListVersions, {organisation, id, before > 0 ? before : INT64_MAX, limit},
                       [&](const db::Row& row) { list.push_back(read_version(row)); }));
  return list;
}

Result<TemplateVersion> load_template_version(db::Connection& connection,
                                              OrganisationId organisation, TemplateId id,
                                              std::int64_t version) {
  std::optional<Result<TemplateVersion>> found;
  TRY(connection.query(kLoadVersion, {organisation, id, version}, [&](const db::Row& row) {
    auto content = read_document(row.text(5));
    if (!content) {
      found = std::unexpected(content.error());
      return;
    }
    TemplateVersion one = read_version(row);
    one.content = *std::move(content);
    found = std::move(one);
  }));
  if (found) return *std::move(found);
  return fail(ErrorKind::not_found, "template.version_not_found",
              fmt::format("There is no version {} of this template. The newest {} are kept.",
                          version, kTemplateVersionsMax));
}

}  // namespace tidings::compose
