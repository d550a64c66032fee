#include "audience/column_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::audience {
namespace {

using testing::HasSubstr;

Result<std::vector<MappedColumn>> map(std::vector<std::string_view> headers,
                                      std::vector<std::string> overrides = {}) {
  return map_columns(headers, overrides);
}

std::vector<std::string> names(std::vector<std::string_view> headers,
                               std::vector<std::string> overrides = {}) {
  const auto columns = map(std::move(headers), std::move(overrides));
  if (!columns) return {columns.error().code};
  std::vector<std::string> names;
  for (const auto& column : *columns) names.push_back(column.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(ColumnMapping, KnowsHeadersOfFourLanguages) {
  EXPECT_EQ(names({"First name", "LAST_NAME", "E-Mail Address", "Mobile", "Member number"}),
            (Names{"first_name", "last_name", "email", "phone", "external_id"}));
  EXPECT_EQ(names({"Voornaam", "Achternaam", "E-mailadres", "Telefoonnummer", "Taal", "Groep"}),
            (Names{"first_name", "last_name", "email", "phone", "locale", "group"}));
  EXPECT_EQ(names({"Imię", "Nazwisko", "Adres e-mail", "Numer telefonu", "Nr członkowski"}),
            (Names{"first_name", "last_name", "email", "phone", "external_id"}));
  EXPECT_EQ(names({"Prénom", "Nom", "Courriel", "Téléphone", "Numéro d'adhérent", "Langue"}),
            (Names{"first_name", "last_name", "email", "phone", "external_id", "locale"}));
  EXPECT_EQ(names({"Nom", "Adresse électronique"}), (Names{"name", "email"}));
}

TEST(ColumnMapping, EveryOtherColumnIsACustomFieldUnderItsSlug) {
  EXPECT_EQ(
      names({"email", "Straat + nr.", "", "Ulica", "2024 fee", "straat nr", "שם"}),
      (Names{"email", "straat_nr", "column_3", "ulica", "column_2024_fee", "straat_nr_2", "sm"}));
}

TEST(ColumnMapping, OnlyTheFirstOfTwoEqualHeadersIsTheField) {
  EXPECT_EQ(names({"Email", "email", "E-mail"}), (Names{"email", "email_2", "e_mail"}));
}

TEST(ColumnMapping, OverridesWinOverTheGuess) {
  EXPECT_EQ(names({"mail", "werkmail", "x"}, {"werkmail=email", "x=-"}),
            (Names{"mail", "email", "-"}));
  EXPECT_EQ(names({"a=b", "c"}, {"a=b=email"}), (Names{"email", "c"}));
  EXPECT_EQ(names({"a", "b"}, {"2=email", "1=Shoe Size"}), (Names{"shoe_size", "email"}));
}

TEST(ColumnMapping, AnUnknownColumnIsNamedWithThoseThereAre) {
  const auto columns = map({"Voornaam", "E-mail"}, {"Vornaam=first_name"});
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().code, "import.unknown_column");
  EXPECT_THAT(columns.error().message, HasSubstr("did you mean “Voornaam”?"));
  EXPECT_THAT(columns.error().message, HasSubstr("“Voornaam”, “E-mail”"));
}

TEST(ColumnMapping, RefusesWhatMakesNoSense) {
  EXPECT_EQ(names({"a", "b"}, {"a=email", "a"}), (Names{"import.bad_mapping"}));
  EXPECT_EQ(names({"a", "b"}, {"=email"}), (Names{"import.bad_mapping"}));
  EXPECT_EQ(names({"email", "b", "c"}, {"b=x", "c=x"}), (Names{"import.mapped_twice"}));
  EXPECT_EQ(names({"a"}, {"a=first_nam"}), (Names{"import.unknown_field"}));
  EXPECT_EQ(names({"street", "city"}), (Names{"import.no_identifier"}));
  EXPECT_EQ(names({"jan@example.org", "Jan"}), (Names{"import.no_header"}));
}

TEST(ColumnMapping, SlugsAreBoundedAscii) {
  EXPECT_EQ(column_slug("  Łódź–Żabieniec!  "), "lodz_zabieniec");
  EXPECT_EQ(column_slug("---"), "");
  EXPECT_LE(column_slug(std::string(5000, 'x')).size(), 64u);
}

}  // namespace
}  // namespace tidings::audience
