#include "audience/people/custom_fields.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "audience/column_mapping.h"
#include "audience/people/search_text.h"
#include "base/json_text.h"
#include "base/text.h"
#include "wire/email_address.h"

namespace tidings::people {
namespace {

namespace json = boost::json;
using db::Row;
using db::Statement;

constexpr std::array<std::string_view, 7> type_words = {"text",   "number", "date", "boolean",
                                                        "choice", "email",  "url"};

#define TIDINGS_FIELD_COLUMNS                                                          \
  "SELECT id, name, label, type, choices, required, position, created_at, changed_at " \
  "FROM custom_field WHERE organisation_id = $1"
constexpr Statement all_fields{"field.list", TIDINGS_FIELD_COLUMNS " ORDER BY position, name"};
constexpr Statement field_by_id{"field.find", TIDINGS_FIELD_COLUMNS " AND id = $2"};
constexpr Statement insert_field{
    "field.insert",
    "INSERT INTO custom_field (organisation_id, id, name, label, type, choices, required, "
    "position, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) "
    "ON CONFLICT DO NOTHING"};
constexpr Statement update_field{
    "field.update",
    "UPDATE custom_field SET label = $3, type = $4, choices = $5, required = $6, position = $7, "
    "changed_at = $8 WHERE organisation_id = $1 AND id = $2"};
constexpr Statement remove_field{"field.delete",
                                 "DELETE FROM custom_field WHERE organisation_id = $1 AND id = $2"};

CustomField read_field(const Row& row) {
  CustomField field{.id = row.id<CustomFieldId>(0),
                    .name = row.string(1),
                    .label = row.string(2),
                    .type = parse_field_type(row.text(3)).value_or(FieldType::text),
                    .required = row.boolean(5),
                    .position = row.integer(6),
                    .created_at = row.instant(7),
                    .changed_at = row.instant(8)};
  const json::value choices = parse_json(row.text(4));
  if (const auto* list = choices.if_array())
    for (const json::value& each : *list)
      if (each.is_string()) field.choices.emplace_back(each.get_string());
  return field;
}

std::string choices_text(const CustomField& field) {
  return json::serialize(json::array(field.choices.begin(), field.choices.end()));
}

std::unexpected<Error> bad_value(const CustomField& field, std::string_view wanted) {
  return fail(ErrorKind::invalid, "field.bad_value",
              fmt::format("“{}” wants {}.", field.label, wanted));
}

// What may not be the name of a field: templates have these already.
bool is_standard(std::string_view name) {
  constexpr std::array<std::string_view, 10> standard = {
      "id",        "email", "phone",  "external_id", "first_name",
      "last_name", "name",  "locale", "time_zone",   "group"};
  return std::ranges::find(standard, name) != standard.end();
}

Result<void> check_definition(const CustomField& field) {
  constexpr std::size_t name_max = 64;
  constexpr std::size_t label_max = 200;
  if (field.label.empty() || field.label.size() > label_max)
    return fail(ErrorKind::invalid, "field.bad_label",
                fmt::format("A field's label has 1 to {} bytes.", label_max));
  if (field.name.empty() || field.name.size() > name_max ||
      audience::column_slug(field.name) != field.name || is_standard(field.name))
    return fail(ErrorKind::invalid, "field.bad_name",
                fmt::format("“{}” can not be the name of a field: use lower-case letters, digits "
                            "and underscores, beginning with a letter, and none of the names that "
                            "every contact has.",
                            field.name));
  if (field.type != FieldType::choice) return {};
  if (field.choices.empty() || field.choices.size() > kFieldChoicesMax ||
      std::ranges::any_of(field.choices, [&](const std::string& each) {
        return each.empty() || each.size() > label_max ||
               std::ranges::count(field.choices, each) > 1;
      }))
    return fail(ErrorKind::invalid, "field.bad_choices",
                fmt::format("A choice needs 1 to {} different choices, none of them empty.",
                            kFieldChoicesMax));
  return {};
}

Result<json::value> number_value(const CustomField& field, double number) {
  if (!std::isfinite(number)) return bad_value(field, "a number");
  constexpr double exact_max = 9e15;
  if (number == std::trunc(number) && std::abs(number) < exact_max)
    return json::value(static_cast<std::int64_t>(number));
  return json::value(number);
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  const auto number = [&](std::size_t at, std::size_t size, auto& value) {
    const char* const begin = text.data() + at;
    const auto [end, error] = std::from_chars(begin, begin + size, value);
    return error == std::errc() && end == begin + size;
  };
  return number(0, 4, year) && number(5, 2, month) && number(8, 2, day) &&
         std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month),
                                     std::chrono::day(day))
             .ok();
}

bool is_url(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         text.find_first_of(" \t\r\n<>\"") == std::string_view::npos &&
         text.size() > std::string_view("https://").size();
}

Result<json::value> text_value(const CustomField& field, std::string_view text) {
  if (text.size() > kFieldTextMax)
    return bad_value(field, fmt::format("at most {} bytes", kFieldTextMax));
  switch (field.type) {
    case FieldType::date:
      if (!is_date(text)) return bad_value(field, "a date such as 2026-11-22");
      break;
    case FieldType::choice:
      if (std::ranges::find(field.choices, text) == field.choices.end())
        return bad_value(field, fmt::format("one of: {}", fmt::join(field.choices, ", ")));
      break;
    case FieldType::email:
      if (!wire::parse_email_address(text))
        return bad_value(field, "an e-mail address such as name@example.org");
      break;
    case FieldType::url:
      if (!is_url(text)) return bad_value(field, "a web address that begins with https://");
      break;
    default:
      break;
  }
  return json::value(text);
}

// Day and month first, as most of Europe writes it, to year first.
std::string date_from(std::string_view text) {
  if (text.size() < 8 || text.size() > 10) return std::string(text);
  std::array<int, 3> parts{};
  std::size_t part = 0;
  std::size_t last_length = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      if (last_length++ >= 4) return std::string(text);
      parts.at(part) = parts.at(part) * 10 + (c - '0');
    } else if ((c == '-' || c == '.' || c == '/') && part < 2 && last_length > 0) {
      ++part;
      last_length = 0;
    } else {
      return std::string(text);
    }
  }
  if (part != 2 || last_length != 4) return std::string(text);
  return fmt::format("{:04}-{:02}-{:02}", parts[2], parts[1], parts[0]);
}

std::optional<bool> truth_of(std::string_view text) {
  constexpr std::array<std::string_view, 12> yes = {"1",   "true", "yes", "y",    "ja",   "j",
                                                    "tak", "t",    "oui", "vrai", "waar", "x"};
  constexpr std::array<std::string_view, 8> no = {"0",   "false", "no",  "n",
                                                  "nee", "nie",   "non", "onwaar"};
  const std::string folded = fold(text);
  if (std::ranges::find(yes, folded) != yes.end()) return true;
  if (std::ranges::find(no, folded) != no.end() || folded == "faux") return false;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(FieldType type) { return type_words.at(static_cast<std::size_t>(type)); }

std::optional<FieldType> parse_field_type(std::string_view word) {
  return enumerator<FieldType>(type_words, word);
}

Result<std::vector<CustomField>> list_custom_fields(db::Connection& connection,
                                                    OrganisationId organisation) {
  std::vector<CustomField> fields;
  TRY(connection.query(all_fields, {organisation},
                       [&](const Row& row) { fields.push_back(read_field(row)); }));
  return fields;
}

Result<CustomField> find_custom_field(db::Connection& connection, OrganisationId organisation,
                                      CustomFieldId id) {
  auto field = TRY(connection.query_first(field_by_id, {organisation, id}, read_field));
  if (!field) return fail(ErrorKind::not_found, "field.not_found", "There is no such field here.");
  return *std::move(field);
}

Result<CustomField> create_custom_field(db::Connection& connection, IdSource& ids,
                                        OrganisationId organisation, CustomField field,
                                        Instant now) {
  if (field.name.empty()) field.name = audience::column_slug(field.label);
  if (field.type != FieldType::choice) field.choices.clear();
  TRY(check_definition(field));
  const auto known = TRY(list_custom_fields(connection, organisation));
  if (known.size() >= kCustomFieldsMax)
    return fail(
        ErrorKind::limit, "field.too_many",
        fmt::format("There are {} fields, which is as many as there may be.", kCustomFieldsMax));
  if (field.position == 0 && !known.empty())
    field.position = std::min(known.back().position + 1, kFieldPositionMax);
  field.id = ids.next<CustomFieldId>();
  field.created_at = field.changed_at = now;
  const auto made = TRY(connection.execute(
      insert_field, {organisation, field.id, field.name, field.label, to_string(field.type),
                     choices_text(field), field.required ? 1 : 0, field.position, now}));
  if (made == 0)
    return fail(ErrorKind::conflict, "field.exists",
                fmt::format("There is a field “{}” already.", field.name));
  return field;
}

Result<CustomField> change_custom_field(db::Connection& connection, OrganisationId organisation,
                                        CustomField field, Instant now) {
  if (field.type != FieldType::choice) field.choices.clear();
  TRY(check_definition(field));
  field.changed_at = now;
  const auto changed = TRY(connection.execute(
      update_field, {organisation, field.id, field.label, to_string(field.type),
                     choices_text(field), field.required ? 1 : 0, field.position, now}));
  if (changed == 0)
    return fail(ErrorKind::not_found, "field.not_found", "There is no such field here.");
  return field;
}

Result<void> delete_custom_field(db::Connection& connection, OrganisationId organisation,
                                 CustomFieldId id) {
  if (TRY(connection.execute(remove_field, {organisation, id})) == 0)
    return fail(ErrorKind::not_found, "field.not_found", "There is no such field here.");
  return {};
}

Result<void> define_imported_fields(db::Connection& connection, IdSource& ids,
                                    OrganisationId organisation,
                                    std::span<const ImportedField> fields, Instant now) {
  std::int64_t position = 0;
  std::size_t count = 0;
  TRY(connection.query(all_fields, {organisation}, [&](const Row& row) {
    position = std::max(position, row.integer(6));
    ++count;
  }));
  for (const ImportedField& field : fields) {
    if (count >= kCustomFieldsMax) return {};  // further columns stay plain values
    const std::string_view label = field.label.empty() ? field.name : field.label;
    const auto made =
        TRY(connection.execute(insert_field, {organisation, ids.next<CustomFieldId>(), field.name,
                                              label.size() > 200 ? field.name : label, "text", "[]",
                                              0, std::min(position + 1, kFieldPositionMax), now}));
    if (made > 0) ++position, ++count;
  }
  return {};
}

Result<json::value> check_field_value(const CustomField& field, const json::value& value) {
  if (value.is_null()) return value;
  switch (field.type) {
    case FieldType::number:
      if (value.is_number()) return number_value(field, value.to_number<double>());
      return bad_value(field, "a number");
    case FieldType::boolean:
      if (value.is_bool()) return value;
      return bad_value(field, "true or false");
    default:
      break;
  }
  if (!value.is_string()) return bad_value(field, "text");
  return text_value(field, value.get_string());
}

Result<std::string> field_value_from_text(const CustomField& field, std::string_view text) {
  switch (field.type) {
    case FieldType::number: {
      std::string plain;
      for (const char c : text)
        if (c != ' ' && c != '\'') plain += c == ',' && !text.contains('.') ? '.' : c;
      double number = 0;
      const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
      if (error != std::errc() || end != plain.data() + plain.size() || plain.empty())
        return bad_value(field, "a number");
      return json::serialize(TRY(number_value(field, number)));
    }
    case FieldType::boolean: {
      const auto truth = truth_of(text);
      if (!truth) return bad_value(field, "yes or no");
      return std::string(*truth ? "true" : "false");
    }
    case FieldType::date:
      return json::serialize(TRY(text_value(field, date_from(text))));
    default:
      return json::serialize(TRY(text_value(field, text)));
  }
}

}  // namespace tidings::people
