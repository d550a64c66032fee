#include "delivery/content_variants.h"

#include <array>

#include "base/check.h"

namespace tidings::delivery {

namespace {

constexpr db::Statement kInsert{
    "content_variant.insert",
    "INSERT INTO content_variant (organisation_id, content_version_id, position, locale,"
    " variant_id) VALUES ($1, $2, $3, $4, $5)"};
constexpr db::Statement kLoad{
    "content_variant.load",
    "SELECT locale, variant_id FROM content_variant WHERE organisation_id = $1"
    " AND content_version_id = $2 ORDER BY position"};

constexpr db::Statement kLocale{
    "content_variant.locale",
    "SELECT locale FROM content_variant WHERE organisation_id = $1 AND variant_id = $2"};

}  // namespace

Result<void> store_content_variants(db::Connection& connection, OrganisationId organisation,
                                    ContentVersionId content,
                                    std::span<const ContentVariant> variants) {
  CHECK(!variants.empty() && variants.front().version == content);
  int position = 0;
  for (const ContentVariant& variant : variants) {
    TRY(connection.execute(kInsert,
                           {organisation, content, position++, variant.locale, variant.version}));
  }
  return {};
}

Result<std::vector<ContentVariant>> load_content_variants(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          ContentVersionId content) {
  std::vector<ContentVariant> variants;
  TRY(connection.query(kLoad, {organisation, content}, [&](const db::Row& row) {
    variants.push_back({row.string(0), row.id<ContentVersionId>(1)});
  }));
  return variants;
}

Result<std::string> locale_of_content(db::Connection& connection, OrganisationId organisation,
                                      ContentVersionId version) {
  const auto locale = TRY(connection.query_first(kLocale, {organisation, version},
                                                 [](const db::Row& row) { return row.string(0); }));
  return locale.value_or(std::string());
}

std::span<const db::Statement> content_variant_statements() {
  static constexpr std::array kAll = {kLoad, kLocale};
  return kAll;
}

}  // namespace tidings::delivery
