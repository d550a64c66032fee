#include "compose/campaign_content.h"

#include <algorithm>
#include <utility>

#include "compose/draft_content.h"
#include "delivery/content_store.h"
#include "delivery/content_variants.h"

namespace tidings::compose {

namespace {

// Calls `take` with each language as it is compiled, the draft's own first.
template <typename Take>
Result<CampaignContent> each_language(db::Connection& connection,
                                      const identity::Organisation& organisation,
                                      const LocalisedDraft& draft, MessageKind kind, Instant now,
                                      Take take) {
  CampaignContent content;
  const auto compile = [&](std::optional<std::size_t> variant) -> Result<audience::UsedFields> {
    CompiledDraft compiled =
        TRY(compile_draft(connection, organisation, draft_of(draft, variant), kind, now));
    TRY(take(compiled));
    content.consent = compiled.email.content().consent;
    content.message_bytes = std::max(content.message_bytes, compiled.email.estimated_size());
    return std::move(compiled.used);
  };
  content.used = TRY(compile(std::nullopt));
  if (draft.variants.empty()) return content;
  auto& languages = content.languages.emplace();
  languages.own = draft.draft.locale.empty() ? organisation.locale : draft.draft.locale;
  languages.locales = locales_of(draft.variants);
  for (std::size_t i = 0; i < draft.variants.size(); ++i) {
    languages.used.push_back(TRY(compile(i)));
  }
  return content;
}

}  // namespace

Result<CampaignContent> compile_content(db::Connection& connection,
                                        const identity::Organisation& organisation,
                                        const LocalisedDraft& draft, MessageKind kind,
                                        Instant now) {
  return each_language(connection, organisation, draft, kind, now,
                       [](const CompiledDraft&) -> Result<void> { return {}; });
}

Result<CampaignContent> freeze_content(db::Connection& connection, IdSource& ids,
                                       const identity::Organisation& organisation,
                                       const LocalisedDraft& draft, MessageKind kind, Instant now) {
  std::vector<ContentVersionId> versions;
  const auto freeze = [&](const CompiledDraft& compiled) {
    versions.push_back(ids.next<ContentVersionId>());
    return delivery::freeze_content(connection, organisation.id, versions.back(), compiled.email,
                                    compiled.used, compiled.reference, now);
  };
  auto content = TRY(each_language(connection, organisation, draft, kind, now, freeze));
  content.version = versions.front();
  content.variants.assign(versions.begin() + 1, versions.end());
  if (!content.languages) return content;
  std::vector<delivery::ContentVariant> stored{{content.languages->own, content.version}};
  for (std::size_t i = 0; i < content.variants.size(); ++i) {
    stored.push_back({content.languages->locales[i], content.variants[i]});
  }
  TRY(delivery::store_content_variants(connection, organisation.id, content.version, stored));
  return content;
}

Result<CampaignContent> load_frozen(db::Connection& connection, OrganisationId organisation,
                                    ContentVersionId version) {
  CampaignContent content;
  content.version = version;
  const auto load = [&](ContentVersionId id) -> Result<audience::UsedFields> {
    const auto frozen = TRY(delivery::load_content(connection, organisation, id));
    content.consent = frozen->email.content().consent;
    content.message_bytes = std::max(content.message_bytes, frozen->email.estimated_size());
    return frozen->used;
  };
  content.used = TRY(load(version));
  const auto stored = TRY(delivery::load_content_variants(connection, organisation, version));
  if (stored.empty()) return content;
  auto& languages = content.languages.emplace();
  languages.own = stored.front().locale;
  for (std::size_t i = 1; i < stored.size(); ++i) {
    languages.locales.push_back(stored[i].locale);
    languages.used.push_back(TRY(load(stored[i].version)));
    content.variants.push_back(stored[i].version);
  }
  return content;
}

}  // namespace tidings::compose
