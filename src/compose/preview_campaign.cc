#include "compose/preview_campaign.h"

#include <fmt/format.h>

#include "audience/groups.h"
#include "audience/recipients.h"
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
  audience::ExpandRequest request{context.organisation.id};
  request.as_of = context.clock.now();
  RecipientPolicy policy{.kind = MessageKind::campaign, .now = request.as_of};
  TRY(context.database.read([&](db::Connection& connection) -> Result<void> {
    policy.inactive_after = TRY(audience::inactive_after(connection, context.organisation.id));
    return {};
  }));
  std::string cursor;
  for (bool is_last = false; !is_last;) {
    const auto batch = TRY(people.read_value([&](db::Connection& connection) {
      return audience::expand(connection, request, audience, used, cursor, kBatch);
    }));
    const auto suppressed = TRY(context.database.read_value([&](db::Connection& connection) {
      return audience::find_suppressed_among(connection, context.organisation.id, Channel::email,
                                             batch.candidates, policy);
    }));
    for (const auto& recipient : audience::unite_recipients(batch.candidates, suppressed, policy)) {
      if (recipient.decision.state == MessageState::dropped) {
        ++preview.suppressed;
      } else if (recipient.decision.reason == "no address") {
        ++preview.no_address;
      } else if (recipient.decision.reason == "do not contact") {
        ++preview.do_not_contact;
      } else if (recipient.decision.state == MessageState::skipped) {
        ++preview.inactive;
      } else if (++preview.would_send == 1) {
        preview.first_address = recipient.address;
        auto built =
            TRY(delivery::build_email(plan.email,
                                      {.organisation_name = context.organisation.name,
                                       .postal_address = context.organisation.postal_address,
                                       .unsubscribe_url = kPreviewUrl,
                                       .address = recipient.normalised,
                                       .id = context.ids.next<MessageId>(),
                                       .date = context.clock.now(),
                                       .view_url = "http://localhost/v/preview",
                                       .tracked_link_start = "http://localhost/c/preview/",
                                       .tracked_image = "http://localhost/o/preview.gif"},
                                      recipient.values));
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
