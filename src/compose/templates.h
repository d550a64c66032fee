// Templates: saved messages (P11). A template keeps a draft, the same message in other languages,
// and, when asked, an audience; every save makes a version that can be looked at and restored.
//
// What a campaign or message is made of is copied at that moment: no edit here changes history.
// Bounds: kTemplateVersionsMax versions are kept, beyond that the oldest goes; kVariantsMax
// languages.
// Thread: any, one Connection each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/audience.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/draft.h"
#include "compose/variants.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::compose {

inline constexpr std::size_t kTemplateNameMax = 200;
inline constexpr int kTemplateVersionsMax = 200;

// What a version is of.
struct TemplateContent : LocalisedDraft {
  std::optional<audience::Audience> audience;

  friend bool operator==(const TemplateContent&, const TemplateContent&) = default;
};

// What a person gives.
struct TemplateFields {
  std::string name;  // unique within the organisation
  Channel channel = Channel::email;
  MessageKind kind = MessageKind::campaign;  // what it is meant for: the first three
  TemplateContent content;

  friend bool operator==(const TemplateFields&, const TemplateFields&) = default;
};

struct Template {
  TemplateId id;
  TemplateFields fields;
  std::int64_t version = 1;
  std::string created_by;
  Instant created_at{};
  std::string changed_by;
  Instant changed_at{};
};

struct TemplateSummary {
  TemplateId id;
  std::string name;
  Channel channel = Channel::email;
  MessageKind kind = MessageKind::campaign;
  std::string locale;
  std::string subject;
  std::int64_t version = 1;
  std::string changed_by;
  Instant changed_at{};
};

// Who saves, and when.
struct Saving {
  std::string by;
  Instant at{};
};

// Fields are "/name", "/draft/subject", "/variants/0/locale" … Empty: fit to be stored.
std::vector<FieldProblem> check_template(const TemplateFields& fields);

// Errors of all: template.exists (conflict) for a name that is taken, template.not_found.
// `fields` were checked.
Result<TemplateId> create_template(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, const TemplateFields& fields,
                                   const Saving& saving);
Result<Template> load_template(db::Connection& connection, OrganisationId organisation,
                               TemplateId id);
Result<std::optional<TemplateId>> find_template(db::Connection& connection,
                                                OrganisationId organisation, std::string_view name);
// Saving what is there already makes no version.
Result<void> change_template(db::Connection& connection, OrganisationId organisation,
                             const Template& before, const TemplateFields& fields,
                             const Saving& saving);
Result<void> delete_template(db::Connection& connection, OrganisationId organisation,
                             TemplateId id);
// "Copy of NAME", numbered when that is taken. The original is only read.
Result<TemplateId> duplicate_template(db::Connection& connection, IdSource& ids,
                                      OrganisationId organisation, TemplateId id,
                                      const Saving& saving);

enum class TemplateOrder { changed_last_first, changed_first_first, name, name_backwards };
struct TemplateFilter {
  std::optional<Channel> channel;
  std::optional<MessageKind> kind;
  TemplateOrder order = TemplateOrder::changed_last_first;
  // The last one of the page before; not valid(): the first page.
  TemplateId after;
  std::string after_name;
  Instant after_changed_at{};
  int limit = 50;
};
Result<std::vector<TemplateSummary>> list_templates(db::Connection& connection,
                                                    OrganisationId organisation,
                                                    const TemplateFilter& filter);

struct TemplateVersion {
  std::int64_t version = 0;
  std::string name;
  std::string subject;
  std::string created_by;
  Instant created_at{};
  TemplateContent content;  // only when one is loaded, empty in a list
};
// Newest first: those before `before` (0: all).
Result<std::vector<TemplateVersion>> list_template_versions(db::Connection& connection,
                                                            OrganisationId organisation,
                                                            TemplateId id, std::int64_t before,
                                                            int limit);
// Error: template.version_not_found.
Result<TemplateVersion> load_template_version(db::Connection& connection,
                                              OrganisationId organisation, TemplateId id,
                                              std::int64_t version);

}  // namespace tidings::compose
