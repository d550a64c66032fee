#include "compose/start_campaign.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "audience/contacts.h"
#include "audience/groups.h"
#include "compose/attachments.h"
#include "compose/campaign_control.h"
#include "compose/campaigns.h"
#include "compose/draft.h"
#include "compose/draft_content.h"
#include "compose/media.h"
#include "compose/tracking.h"
#include "delivery/content_store.h"
#include "delivery/prepare_email.h"
#include "delivery/transports.h"
#include "wire/relay_url.h"

namespace tidings::compose {

namespace {

using delivery::CompiledEmail;

Result<std::vector<delivery::Attachment>> read_attachments(const ComposeContext& context,
                                                           const SendRequest& request) {
  std::vector<delivery::Attachment> attachments;
  std::vector<std::int64_t> sizes;
  for (const AttachedFile& file : request.attachments) {
    TRY(check_attachment_type(file.file_name, file.content));
    attachments.push_back({file.file_name, std::string(media_type_of(file.file_name)), "",
                           std::make_shared<const std::string>(file.content)});
    sizes.push_back(std::ssize(file.content));
  }
  TRY(check_attachment_sizes(sizes, context.attachment_bytes_max));
  return attachments;
}

Result<wire::Mailbox> read_mailbox(std::string_view text, std::string_view what) {
  auto mailbox = wire::parse_mailbox(text, wire::DomainRule::any);
  if (!mailbox) {
    return std::unexpected(std::move(mailbox).error().within(fmt::format("{} \"{}\"", what, text)));
  }
  return mailbox;
}

Result<delivery::EmailContent> read_content(const ComposeContext& context,
                                            const SendRequest& request) {
  delivery::EmailContent content;
  content.subject = request.subject;
  content.html = request.html;
  content.text = request.text;
  content.from = TRY(read_mailbox(request.from, "The sender"));
  if (!request.reply_to.empty()) {
    content.reply_to = TRY(read_mailbox(request.reply_to, "The reply-to address"));
  }
  content.envelope_from = content.from.address.normalised;
  if (!request.envelope_from.empty()) {
    content.envelope_from =
        TRY(read_mailbox(request.envelope_from, "The envelope sender")).address.normalised;
  }
  content.attachments = TRY(read_attachments(context, request));
  const std::string_view domain = content.from.address.domain();
  if (!domain.starts_with('[')) {
    content.list_id = fmt::format("<{}.list.{}>", to_text(context.organisation.id), domain);
  }
  content.list_unsubscribe = true;
  content.time_zone = context.organisation.time_zone;
  TRY(context.database.read([&](db::Connection& connection) {
    return add_tracking(connection, context.organisation.id, request.tracking,
                        MessageKind::campaign, content);
  }));
  return content;
}

// Columns of people already known, and the standard names.
Result<std::vector<std::pair<std::string, std::string>>> known_columns(
    const ComposeContext& context) {
  const auto known = TRY(context.database.read_value([&](db::Connection& connection) {
    return audience::contact_columns(connection, context.organisation.id);
  }));
  std::vector<std::pair<std::string, std::string>> columns;
  for (const auto& column : known) columns.emplace_back(column.name, column.target);
  return columns;
}

bool mentions(const CompiledEmail& email, std::string_view name) {
  for (const auto& part : email.variables()) {
    for (const auto& use : part.uses) {
      if (!use.path.empty() && use.path[0] == name) return true;
    }
  }
  return false;
}

constexpr db::Statement kFindSender{
    "sender.find",
    "SELECT id FROM sender WHERE organisation_id = $1 AND normalised = $2 AND name = $3"};
constexpr db::Statement kInsertSender{
    "sender.insert",
    "INSERT INTO sender (organisation_id, id, name, address, normalised, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"};

Result<std::optional<ResolvedTime>> read_schedule(const ComposeContext& context,
                                                  const SendRequest& request,
                                                  std::vector<std::string>& warnings) {
  if (request.at.empty()) return std::nullopt;
  const bool is_later = request.fold == "later";
  const Schedule wanted{request.at, zone_of(context, request),
                        is_later ? Fold::later : Fold::earlier};
  auto resolved = TRY(resolve_schedule(wanted, context.clock.now()));
  if (resolved.is_ambiguous && request.fold.empty()) {
    warnings.push_back(
        fmt::format("The clocks go back: {} comes twice in {}. The first is meant; the second with "
                    "--fold later.",
                    resolved.local.substr(0, 16), wanted.zone));
  }
  return resolved;
}

}  // namespace

const std::string& zone_of(const ComposeContext& context, const SendRequest& request) {
  return request.zone.empty() ? context.organisation.time_zone : request.zone;
}

Result<void> check_variables(const CompiledEmail& email,
                             const std::vector<std::pair<std::string, std::string>>& columns) {
  std::vector<std::string> known = delivery::known_variables();
  for (const auto& [name, target] : columns) {
    known.push_back("contact." + name);
    known.push_back("student." + name);
  }
  std::vector<std::string> problems;
  for (const auto& part : email.variables()) {
    for (const auto& unknown : liquid::unknown_variables(part.uses, known)) {
      const std::string sentence = fmt::format("{}, {}", part.part, unknown.message);
      if (std::ranges::find(problems, sentence) == problems.end()) problems.push_back(sentence);
    }
  }
  if (problems.empty()) return {};
  std::vector<std::string> names;
  for (const auto& [name, target] : columns) names.push_back("contact." + name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  constexpr std::size_t kShown = 40;
  const std::size_t more = names.size() > kShown ? names.size() - kShown : 0;
  if (more > 0) names.resize(kShown);
  return fail(ErrorKind::invalid, "send.unknown_tag",
              fmt::format("{}\nThere are: {}{}.", fmt::join(problems, "\n"), fmt::join(names, ", "),
                          more > 0 ? fmt::format(" and {} more", more) : ""));
}

Result<std::vector<audience::MappedColumn>> read_columns(const compose::SendRequest& request,
                                                         const std::filesystem::path& folder) {
  if (request.csv_path.empty()) return std::vector<audience::MappedColumn>();
  static std::atomic<unsigned> next = 0;
  audience::FileOptions options;
  options.mappings = request.mappings;
  const std::filesystem::path copy =
      folder / fmt::format("header-{}-{}.csv", ::getpid(), next.fetch_add(1));
  const auto file = audience::copy_import_file(request.csv_path, copy, options);
  std::error_code error;
  std::filesystem::remove(copy, error);
  if (!file) return std::unexpected(file.error());
  return file->columns;
}

Result<Plan> plan_campaign(const ComposeContext& context, const SendRequest& request,
                           const std::vector<audience::MappedColumn>& columns) {
  if (request.html.empty() && request.text.empty()) {
    return fail(ErrorKind::invalid, "send.no_content",
                "There is nothing to send: give --template FILE, --text FILE, or both.");
  }
  TRY(delivery::check_transport_url(request.transport_url));
  auto content = TRY(read_content(context, request));
  Plan plan{TRY(CompiledEmail::compile(std::move(content))), {}, {}, {}};
  plan.schedule = TRY(read_schedule(context, request, plan.warnings));
  plan.columns = TRY(known_columns(context));
  for (const auto& column : columns) {
    if (column.field == audience::ContactField::ignored) continue;
    plan.columns.emplace_back(column.slug, column.name);
    plan.columns.emplace_back(column.name, column.name);
  }
  TRY(check_variables(plan.email, plan.columns));
  if (request.subject.empty()) plan.warnings.emplace_back("The subject is empty.");
  if (!mentions(plan.email, "unsubscribe_url")) {
    plan.warnings.emplace_back(
        "The text has no unsubscribe link ({{ unsubscribe_url }}); mail programs still offer one "
        "from the header.");
  }
  const wire::Mailbox& from = plan.email.content().from;
  bool is_known = false;
  TRY(context.database.read([&](db::Connection& connection) {
    return connection.query(
        kFindSender,
        {context.organisation.id, wire::comparison_key(from.address), from.display_name},
        [&](const db::Row&) { is_known = true; });
  }));
  if (!is_known) {
    plan.warnings.push_back(
        fmt::format("{} is a new sender and is added. It is not verified: make sure you may write "
                    "in that name.",
                    wire::to_text(from)));
  }
  return plan;
}

Result<audience::Audience> named_audience(db::Connection& connection, OrganisationId organisation,
                                          const std::string& group) {
  if (group.empty()) return audience::Audience::all();
  if (const auto id = TRY(audience::find_group(connection, organisation, group))) {
    return audience::Audience::of_group(*id);
  }
  return fail(ErrorKind::invalid, "send.unknown_group",
              fmt::format("There is no group \"{}\".", group));
}

// What "use again" finds: the request as a draft, its attachments as media.
Result<Draft> draft_of(db::Connection& connection, const ComposeContext& context,
                       const SendRequest& request, SenderId sender, Instant now) {
  Draft draft;
  draft.sender_id = sender;
  draft.reply_to = request.reply_to;
  draft.subject = request.subject;
  draft.html = request.html;
  draft.text = request.text;
  draft.tracking = request.tracking;
  for (const AttachedFile& file : request.attachments) {
    const Media media = TRY(store_media(connection, context.ids, context.organisation.id,
                                        {file.file_name, file.content, "tidings send"}, now));
    draft.attachments.push_back({media.id, media.file_name, "", media.media_type, media.size});
  }
  return draft;
}

Result<CampaignId> start_campaign(const ComposeContext& context, const SendRequest& request) {
  const OrganisationId organisation = context.organisation.id;
  Campaign campaign;
  campaign.organisation_id = organisation;
  campaign.name = request.subject;
  campaign.created_by = campaign.started_by = "tidings send";
  // Named at the command line: that is the permission (P6), and preview says so.
  campaign.options.sender_override = true;
  campaign.options.rate_per_second = request.rate_per_second;

  std::vector<audience::MappedColumn> columns;
  const audience::ImportContext importing{context.database, context.ids, context.clock,
                                          organisation};
  if (!request.csv_path.empty()) {
    audience::ImportOptions options;
    options.file.mappings = request.mappings;
    if (!request.group.empty()) options.groups.push_back(request.group);
    campaign.import_id = TRY(
        audience::create_import(importing, request.csv_path, context.folder / "imports", options));
    const auto job = TRY(context.database.read_value([&](db::Connection& connection) {
      return audience::load_import(connection, organisation, campaign.import_id);
    }));
    columns = job.file.columns;
    campaign.audience = audience::Audience::of_group(job.target.import_group);
  }
  const Plan plan = TRY(plan_campaign(context, request, columns));
  const auto used = delivery::used_contact_fields(plan.email, plan.columns);
  const std::string reference =
      reference_rendering(plan.email, context.organisation, context.clock.now());
  const std::string sender_key = wire::comparison_key(plan.email.content().from.address);
  campaign.id = context.ids.next<CampaignId>();
  campaign.content_version_id = context.ids.next<ContentVersionId>();

  TRY(context.database.write(
      db::Priority::transactional, [&](db::Connection& connection) -> Result<void> {
        const Instant now = context.clock.now();
        if (request.csv_path.empty()) {
          campaign.audience = TRY(named_audience(connection, organisation, request.group));
        }
        const wire::Mailbox& from = plan.email.content().from;
        TRY(connection.execute(kInsertSender,
                               {organisation, context.ids.next<SenderId>(), from.display_name,
                                from.address.typed, sender_key, now}));
        const auto sender =
            TRY(connection.query_first(kFindSender, {organisation, sender_key, from.display_name},
                                       [](const db::Row& row) { return row.id<SenderId>(0); }));
        campaign.sender_id = sender.value_or(SenderId());
        const Draft draft = TRY(draft_of(connection, context, request, campaign.sender_id, now));
        campaign.transport_id =
            TRY(delivery::store_transport(connection, context.ids, organisation, context.secrets,
                                          request.transport_url, request.password, now));
        TRY(delivery::freeze_content(connection, organisation, campaign.content_version_id,
                                     plan.email, used, reference, now));
        if (!plan.schedule) {
          campaign.started_at = now;
          return insert_campaign(connection, campaign, {draft, {}}, now);
        }
        campaign.state = CampaignState::scheduled;
        campaign.scheduled_at = plan.schedule->at;
        campaign.schedule_local = plan.schedule->local;
        campaign.schedule_zone = zone_of(context, request);
        TRY(insert_campaign(connection, campaign, {draft, {}}, now));
        return store_life(connection, campaign, campaign.state, now);
      }));
  return campaign.id;
}

}  // namespace tidings::compose
