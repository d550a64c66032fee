#include "compose/preview_campaign.h"

#include <fmt/format.h>

#include "audience/groups.h"
#include "audience/suppression_check.h"
#include "db/migrate.h"
#include "delivery/content_store.h"
#include "delivery/prepare_email.h"
#include "identity/organisations.h"

namespace tidings::compose {

namespace {

namespace fs = std::filesystem;

constexpr int kBatch = 2000;
constexpr std::string_view kPreviewUrl = "http://localhost/u/preview";

// A folder that is gone when the preview is.
class ScratchFolder {
 public:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    fs::create_directories(path_, error);
  }
  ~ScratchFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// People of a file, imported into a database of their own.
struct ScratchImport {
  std::unique_ptr<db::Database> database;
  audience::ImportJob job;
};

Result<ScratchImport> import_aside(const ComposeContext& context, const SendRequest& request,
                                   const fs::path& folder) {
  ScratchImport scratch;
  scratch.database = TRY(db::Database::open("sqlite:" + (folder / "preview.db").string()));
  TRY(db::migrate(*scratch.database));
  TRY(scratch.database->write(db::Priority::import, [&](db::Connection& connection) {
    return identity::create_organisation(connection, context.organisation, context.clock.now());
  }));
  const audience::ImportContext importing{*scratch.database, context.ids, context.clock,
                                          context.organisation.id};
  audience::ImportOptions options;
  options.file.mappings = request.mappings;
  const ImportId id =
      TRY(audience::create_import(importing, request.csv_path, folder / "imports", options));
  scratch.job = TRY(audience::run_import(importing, id));
  return scratch;
}

// Counts the audience in `people`, suppressions in the organisation's own database.
Result<void> count_audience(const ComposeContext& context, db::Database& people,
                            const audience::Audience& audience, const Plan& plan,
                            CampaignPreview& preview) {
  const auto used = delivery::used_contact_fields(plan.email, plan.columns);
  std::string cursor;
  for (bool is_last = false; !is_last;) {
    const auto batch = TRY(people.read_value([&](db::Connection& connection) {
      return audience::expand(connection, context.organisation.id, audience, Channel::email, used,
                              cursor, kBatch);
    }));
    std::vector<std::string_view> addresses;
    for (const auto& candidate : batch.candidates) addresses.push_back(candidate.normalised);
    const auto suppressed = TRY(context.database.read_value([&](db::Connection& connection) {
      return audience::find_suppressed(connection, context.organisation.id, Channel::email,
                                       MessageKind::campaign, addresses, context.clock.now());
    }));
    for (std::size_t i = 0; i < batch.candidates.size(); ++i) {
      const auto& candidate = batch.candidates[i];
      // One address gets one copy when the text is the same.
      const bool is_repeated = i > 0 && !candidate.normalised.empty() &&
                               batch.candidates[i - 1].normalised == candidate.normalised &&
                               batch.candidates[i - 1].values == candidate.values;
      if (is_repeated) continue;
      if (suppressed.contains(candidate.normalised)) {
        ++preview.suppressed;
      } else if (candidate.normalised.empty()) {
        ++preview.no_address;
      } else if (candidate.do_not_contact) {
        ++preview.do_not_contact;
      } else if (++preview.would_send == 1) {
        preview.first_address = candidate.address;
        auto built = TRY(delivery::build_email(
            plan.email, context.organisation.name, context.organisation.postal_address,
            candidate.values, candidate.normalised, context.ids.next<MessageId>(), kPreviewUrl,
            context.clock.now()));
        preview.first_message = std::move(built.octets);
      }
    }
    cursor = batch.cursor;
    is_last = batch.is_last;
  }
  return {};
}

}  // namespace

Result<CampaignPreview> preview_campaign(const ComposeContext& context,
                                         const SendRequest& request) {
  CampaignPreview preview;
  if (request.csv_path.empty()) {
    const Plan plan = TRY(plan_campaign(context, request, {}));
    const auto audience = TRY(context.database.read_value([&](db::Connection& connection) {
      return named_audience(connection, context.organisation.id, request.group);
    }));
    TRY(count_audience(context, context.database, audience, plan, preview));
    preview.warnings = plan.warnings;
    return preview;
  }
  const ScratchFolder scratch(context.folder /
                              fmt::format("preview-{}", to_text(context.ids.next())));
  const auto imported = TRY(import_aside(context, request, scratch.path()));
  const Plan plan = TRY(plan_campaign(context, request, imported.job.file.columns));
  preview.import = imported.job.counts;
  preview.warnings = plan.warnings;
  TRY(count_audience(context, *imported.database, audience::Audience::all(), plan, preview));
  imported.database->close();
  return preview;
}

}  // namespace tidings::compose
