#include "audience/column_mapping.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <numeric>
#include <unordered_set>

#include <fmt/format.h>
#include <unicode/translit.h>
#include <unicode/unistr.h>

#include "base/text.h"
#include "wire/email_address.h"

namespace tidings::audience {
namespace {

constexpr std::size_t slug_max = 64;
constexpr std::size_t columns_named_max = 20;

struct FieldName {
  ContactField field;
  std::string_view name;
};

constexpr FieldName field_names[] = {
    {ContactField::email, "email"},
    {ContactField::phone, "phone"},
    {ContactField::external_id, "external_id"},
    {ContactField::first_name, "first_name"},
    {ContactField::last_name, "last_name"},
    {ContactField::name, "name"},
    {ContactField::locale, "locale"},
    {ContactField::time_zone, "time_zone"},
    {ContactField::group, "group"},
    {ContactField::ignored, "-"},
};

// Slugs without underscores, by field, in English, Dutch, Polish and French. A bare "id" is not
// among them: it often numbers rows, not people.
struct Vocabulary {
  ContactField field;
  std::string_view words;  // each between spaces
};

constexpr Vocabulary vocabulary[] = {
    {ContactField::email,
     " email mail emailaddress mailaddress primaryemail emailadres mailadres adresemail adresmail "
     "adresmailowy pocztaelektroniczna adrespocztyelektronicznej courriel adresseemail adressemail "
     "adresseelectronique adressecourriel adressedecourriel "},
    {ContactField::phone,
     " phone phonenumber telephone telephonenumber tel mobile mobilephone mobilenumber cell "
     "cellphone telefoon telefoonnummer mobiel mobielnummer mobieletelefoon gsm gsmnummer telefon "
     "numertelefonu nrtelefonu telefonkomorkowy komorka numerotelephone numerodetelephone portable "
     "numerodeportable telephoneportable telephonemobile "},
    {ContactField::external_id,
     " externalid memberid membernumber memberno membershipnumber membershipid customerid "
     "customernumber studentid studentnumber contactid personid lidnummer lidnr relatienummer "
     "klantnummer leerlingnummer studentnummer numerczlonkowski nrczlonkowski numerczlonka "
     "numerklienta numermembre numeromembre numerodemembre numeroadherent numerodadherent "
     "numeroclient numerodeclient "},
    {ContactField::first_name, " firstname givenname forename voornaam roepnaam imie prenom "},
    {ContactField::last_name,
     " lastname surname familyname achternaam familienaam nazwisko nomdefamille "},
    {ContactField::name,
     " name fullname displayname contactname naam volledigenaam imieinazwisko nazwiskoiimie "
     "nomcomplet nometprenom prenometnom nomprenom prenomnom "},
    {ContactField::locale,
     " locale language lang preferredlanguage taal voorkeurstaal jezyk langue langueprefere "},
    {ContactField::time_zone, " timezone tijdzone strefaczasowa fuseauhoraire "},
    {ContactField::group, " group groups groep groepen grupa grupy groupe groupes "},
};

std::string without_underscores(std::string_view slug) {
  std::string plain(slug);
  std::erase(plain, '_');
  return plain;
}

ContactField guess_field(std::string_view slug) {
  const std::string word = " " + without_underscores(slug) + " ";
  for (const Vocabulary& entry : vocabulary)
    if (entry.words.contains(word)) return entry.field;
  return ContactField::custom;
}

std::string to_ascii(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(text);
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<icu::Transliterator> transliterator(
      icu::Transliterator::createInstance("Any-Latin; Latin-ASCII", UTRANS_FORWARD, error));
  if (U_FAILURE(error) || transliterator == nullptr) return std::string(text);
  auto unicode = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
  transliterator->transliterate(unicode);
  std::string ascii;
  return unicode.toUTF8String(ascii);
}

std::string name_columns(const std::vector<MappedColumn>& columns) {
  std::string text;
  for (std::size_t i = 0; i < std::min(columns.size(), columns_named_max); ++i)
    text += fmt::format("{}“{}”", i == 0 ? "" : ", ",
                        columns[i].header.empty() ? columns[i].slug : columns[i].header);
  if (columns.size() > columns_named_max)
    text += fmt::format(" and {} more", columns.size() - columns_named_max);
  return text;
}

// The column that `typed` names: its header, its slug, its number.
MappedColumn* find_column(std::vector<MappedColumn>& columns, std::string_view typed) {
  for (auto& column : columns)
    if (column.header == typed) return &column;
  const std::string slug = column_slug(typed);
  for (auto& column : columns)
    if (!slug.empty() && column.slug == slug) return &column;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(typed.data(), typed.data() + typed.size(), number);
  const bool is_number = error == std::errc() && end == typed.data() + typed.size();
  return is_number && number >= 1 && number <= columns.size() ? &columns[number - 1] : nullptr;
}

Result<void> apply_override(std::vector<MappedColumn>& columns, std::string_view override) {
  const std::size_t equals = override.rfind('=');
  const std::string_view wanted =
      equals == std::string_view::npos ? "" : trimmed(override.substr(equals + 1), kBlanks);
  if (wanted.empty() || equals == 0)
    return fail(ErrorKind::invalid, "import.bad_mapping",
                fmt::format("“{}” is not a mapping; write --map \"column=field\".", override));
  const std::string_view typed = trimmed(override.substr(0, equals), kBlanks);
  MappedColumn* column = find_column(columns, typed);
  if (column == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& each : columns) names.push_back(each.header);
    const auto close = closest_name(typed, names);
    return fail(ErrorKind::invalid, "import.unknown_column",
                fmt::format("The file has no column “{}”{} Its columns are {}.", typed,
                            close ? fmt::format("; did you mean “{}”?", *close) : ".",
                            name_columns(columns)));
  }
  if (const auto field = parse_contact_field(wanted)) {
    // An explicit choice takes the field away from a guessed column.
    for (auto& other : columns)
      if (&other != column && other.field == *field && *field != ContactField::ignored) {
        other.field = ContactField::custom;
        other.name = other.slug;
      }
    column->field = *field;
    column->name = wanted;
    return {};
  }
  std::array<std::string_view, std::size(field_names)> standard;
  std::ranges::transform(field_names, standard.begin(), &FieldName::name);
  const std::string name = column_slug(wanted);
  const auto close = closest_name(wanted, standard);
  if (name.empty() || (close && edit_distance(*close, wanted, 2) == 1 && close->size() > 5))
    return fail(ErrorKind::invalid, "import.unknown_field",
                fmt::format("There is no field “{}”{} The fields are {}; another name makes a "
                            "custom field, - leaves the column out.",
                            wanted, close ? fmt::format("; did you mean “{}”?", *close) : ".",
                            "email, phone, external_id, first_name, last_name, name, locale, "
                            "time_zone and group"));
  column->field = ContactField::custom;
  column->name = name;
  return {};
}

void guess(std::vector<MappedColumn>& columns) {
  std::unordered_set<int> taken;
  for (auto& column : columns) {
    const ContactField field = guess_field(column.slug);
    if (field == ContactField::custom || !taken.insert(static_cast<int>(field)).second) continue;
    column.field = field;
    column.name = to_string(field);
  }
  // French "nom" is the family name beside "prénom", else the whole name.
  for (auto& column : columns) {
    if (column.slug != "nom" || column.field != ContactField::custom) continue;
    const ContactField field = taken.contains(static_cast<int>(ContactField::first_name))
                                   ? ContactField::last_name
                                   : ContactField::name;
    if (!taken.insert(static_cast<int>(field)).second) continue;
    column.field = field;
    column.name = to_string(field);
  }
}

Result<void> check_mapping(const std::vector<MappedColumn>& columns,
                           std::span<const std::string> overrides) {
  std::unordered_set<std::string_view> names;
  for (const auto& column : columns) {
    if (column.field == ContactField::ignored) continue;
    if (!names.insert(column.name).second)
      return fail(ErrorKind::invalid, "import.mapped_twice",
                  fmt::format("Two columns are mapped to “{}”; map one of them to another name.",
                              column.name));
  }
  for (const std::string_view field :
       {"email", "phone", "external_id", "name", "first_name", "last_name"})
    if (names.contains(field)) return {};
  const std::string example = columns.empty()                  ? "column"
                              : columns.front().header.empty() ? "1"
                                                               : columns.front().header;
  return fail(ErrorKind::invalid, "import.no_identifier",
              fmt::format("No column of the file is recognised as an email address, phone number, "
                          "external id or name. Its columns are {}. Say which is which, for "
                          "example --map \"{}=email\"{}.",
                          name_columns(columns), example, overrides.empty() ? "" : " too"));
}

}  // namespace

std::string_view to_string(ContactField field) {
  const auto* found = std::ranges::find(field_names, field, &FieldName::field);
  return found == std::end(field_names) ? "custom" : found->name;
}

std::optional<ContactField> parse_contact_field(std::string_view name) {
  const auto* found = std::ranges::find(field_names, name, &FieldName::name);
  return found == std::end(field_names) ? std::nullopt : std::optional(found->field);
}

std::string column_slug(std::string_view header) {
  std::string slug;
  bool gap = false;
  for (const char c : to_ascii(header.substr(0, slug_max * 8))) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    const bool kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    // An apostrophe joins: "numéro d'adhérent" is numero_dadherent, "today's" todays.
    if (c == '\'') continue;
    if (!kept) {
      gap = true;
      continue;
    }
    if (gap && !slug.empty()) slug += '_';
    gap = false;
    slug += lower;
  }
  if (!slug.empty() && slug.front() >= '0' && slug.front() <= '9') slug = "column_" + slug;
  if (slug.size() > slug_max) slug.resize(slug_max);
  while (slug.ends_with('_')) slug.pop_back();
  return slug;
}

Result<std::vector<MappedColumn>> map_columns(std::span<const std::string_view> headers,
                                              std::span<const std::string> overrides) {
  std::vector<MappedColumn> columns;
  std::unordered_set<std::string> used;
  for (const std::string_view header : headers) {
    if (header.contains('@') && wire::parse_email_address(header))
      return fail(ErrorKind::invalid, "import.no_header",
                  fmt::format("The first line holds the address {} and no column names. Put a line "
                              "with the names of the columns first, such as email,first_name.",
                              trimmed(header, kBlanks)));
    std::string slug = column_slug(header);
    if (slug.empty()) slug = fmt::format("column_{}", columns.size() + 1);
    const std::string base = slug;
    for (int n = 2; !used.insert(slug).second; ++n) slug = fmt::format("{}_{}", base, n);
    columns.push_back(
        {.header = std::string(trimmed(header, kBlanks)), .slug = slug, .name = slug});
  }
  guess(columns);
  for (const std::string& override : overrides) TRY(apply_override(columns, override));
  TRY(check_mapping(columns, overrides));
  return columns;
}

std::optional<std::string_view> closest_name(std::string_view typed,
                                             std::span<const std::string_view> names) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string_view name : names) {
    if (name.size() > typed.size() * 2 + 4) continue;
    const std::size_t distance =
        edit_distance(column_slug(typed), column_slug(name), best_distance);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace tidings::audience
