// The languages of a campaign's content: which content version is which language. Each is frozen
// like any other (content_store.h), and a message points at the one it was made of.
// Thread: any; the connection's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::delivery {

struct ContentVariant {
  std::string locale;  // BCP 47; empty: not said
  ContentVersionId version;
};

// `variants` begins with the campaign's own: version `content`. All were frozen before.
Result<void> store_content_variants(db::Connection& connection, OrganisationId organisation,
                                    ContentVersionId content,
                                    std::span<const ContentVariant> variants);
// In the same order; empty when the content is in one language.
Result<std::vector<ContentVariant>> load_content_variants(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          ContentVersionId content);

// The language of one of them; empty for content in one language, which nobody asked for.
Result<std::string> locale_of_content(db::Connection& connection, OrganisationId organisation,
                                      ContentVersionId version);

// For plan tests.
std::span<const db::Statement> content_variant_statements();

}  // namespace tidings::delivery
