// Custom fields: what an organisation keeps of its contacts besides what every contact has. A
// definition gives a member of contact.fields a type; the values are checked against it whoever
// writes them. An import's column that nobody defined becomes a text field.
// Thread: as the connection. Errors: those of db, field.* as told below.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::people {

using CustomFieldId = Id<struct CustomFieldTag>;

enum class FieldType { text, number, date, boolean, choice, email, url };
std::string_view to_string(FieldType type);
std::optional<FieldType> parse_field_type(std::string_view word);

struct CustomField {
  CustomFieldId id;
  std::string name;   // in contact.fields and templates; never changes
  std::string label;  // for people
  FieldType type = FieldType::text;
  std::vector<std::string> choices;  // of FieldType::choice
  bool required = false;             // a person must fill it in; imports may leave it out
  std::int64_t position = 0;         // order on screens, smallest first
  Instant created_at{};
  Instant changed_at{};
};

inline constexpr std::size_t kCustomFieldsMax = 500;
inline constexpr std::size_t kFieldChoicesMax = 200;
// Fields that are made past the last position share it, in the order of their names.
inline constexpr std::int64_t kFieldPositionMax = 1'000'000;
inline constexpr std::size_t kFieldTextMax = 10'000;  // bytes of a value

// By position, then name.
Result<std::vector<CustomField>> list_custom_fields(db::Connection& connection,
                                                    OrganisationId organisation);
// Errors: field.not_found.
Result<CustomField> find_custom_field(db::Connection& connection, OrganisationId organisation,
                                      CustomFieldId id);
// `field.name` empty: made from the label. Errors: field.bad_name, field.bad_label,
// field.bad_choices (invalid), field.exists (conflict), field.too_many (limit).
Result<CustomField> create_custom_field(db::Connection& connection, IdSource& ids,
                                        OrganisationId organisation, CustomField field,
                                        Instant now);
// Label, type, choices, required, position. A stored value that does not fit a new type stays as it
// is until somebody writes the contact. Errors: as create, field.not_found.
Result<CustomField> change_custom_field(db::Connection& connection, OrganisationId organisation,
                                        CustomField field, Instant now);
// Deletes the definition; values stay with the contacts and become plain text again.
Result<void> delete_custom_field(db::Connection& connection, OrganisationId organisation,
                                 CustomFieldId id);
// Text fields for those of `names` that are not defined yet.
struct ImportedField {
  std::string_view name;
  std::string_view label;
};
Result<void> define_imported_fields(db::Connection& connection, IdSource& ids,
                                    OrganisationId organisation,
                                    std::span<const ImportedField> fields, Instant now);

// A value of the API in the form that is stored; null is for removing. Error: field.bad_value with
// what the type wants.
Result<boost::json::value> check_field_value(const CustomField& field,
                                             const boost::json::value& value);
// A typed cell of an import in the form that is stored, as JSON text: numbers with comma or point,
// yes and no in four languages, dates as 2026-11-22, 22-11-2026, 22.11.2026 or 22/11/2026.
Result<std::string> field_value_from_text(const CustomField& field, std::string_view text);

}  // namespace tidings::people
