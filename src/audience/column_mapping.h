// Which column of an imported file is which field of a contact.
//
// Headers are recognised in English, Dutch, Polish and French; every other column becomes a
// custom field under the slug of its header. A template reaches each column as `contact.<slug>`,
// the mapped ones under the field's own name as well.
// Thread: any; pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidings::audience {

enum class ContactField {
  custom,
  ignored,
  email,
  phone,
  external_id,
  first_name,
  last_name,
  name,
  locale,
  time_zone,
  group,
};

// "email", "external_id" …; "custom" and "-" for the first two.
std::string_view to_string(ContactField field);
// The standard fields and "-"; nothing for any other name.
std::optional<ContactField> parse_contact_field(std::string_view name);

struct MappedColumn {
  std::string header;  // as in the file
  std::string slug;    // unique in the file
  ContactField field = ContactField::custom;
  std::string name;  // what templates and storage call it: the field, or the custom field's name

  friend bool operator==(const MappedColumn&, const MappedColumn&) = default;
};

// Lower-case ASCII letters, digits and underscores, beginning with a letter: "Imię i nazwisko" is
// `imie_i_nazwisko`, "2024 fee" is `column_2024_fee`. Empty for a header without any of them. At
// most 64 characters.
std::string column_slug(std::string_view header);

// The mapping of a header row. `overrides` are `column=field` (the header, its slug or its number
// from 1; `-` ignores the column; another name than a standard field's makes a custom field of
// that name). Empty headers become `column_N`; equal ones get `_2`, `_3` …
// Errors (invalid), each naming the columns there are: import.unknown_column with a suggestion,
// import.unknown_field, import.mapped_twice, import.bad_mapping, import.no_header when the first
// line is data, import.no_identifier when nobody could be told apart or named.
Result<std::vector<MappedColumn>> map_columns(std::span<const std::string_view> headers,
                                              std::span<const std::string> overrides);

// The closest of `names` when it is close enough to be meant.
std::optional<std::string_view> closest_name(std::string_view typed,
                                             std::span<const std::string_view> names);

}  // namespace tidings::audience
