#include "compose/campaign_runner.h"

#include <algorithm>
#include <string_view>

#include "audience/import_contacts.h"
#include "audience/recipients.h"
#include "compose/campaign_control.h"
#include "delivery/recovery.h"

namespace tidings::compose {

namespace {

constexpr Duration kTakeOverEvery = std::chrono::seconds(30);
constexpr int kCancelBatch = 1000;
constexpr Duration kTroublePause = std::chrono::seconds(1);
constexpr std::string_view kCancelled = "cancelled";  // as the ledger says of those it cancels

std::vector<delivery::NewMessage> make_messages(IdSource& ids,
                                                std::vector<audience::Recipient> recipients,
                                                const CampaignContent& content,
                                                CampaignState state) {
  std::vector<delivery::NewMessage> messages;
  messages.reserve(recipients.size());
  for (audience::Recipient& recipient : recipients) {
    delivery::NewMessage& message = messages.emplace_back();
    message.id = ids.next<MessageId>();
    message.content_version_id = content.version_of(recipient.variant);
    message.contact_id = recipient.contact_id;
    message.address = std::move(recipient.address);
    message.normalised = std::move(recipient.normalised);
    message.values_hash = recipient.values_hash;
    message.values = std::move(recipient.values);
    message.state = recipient.decision.state;
    message.reason = std::move(recipient.decision.reason);
    message.about = std::move(recipient.about);
    if (state == CampaignState::cancelled && message.state == MessageState::waiting) {
      message.state = MessageState::cancelled;
      message.reason = kCancelled;
    }
  }
  return messages;
}

// Of an aborted one: whether the rest of its people are to be written down as cancelled. A list
// that was still being read in is left where it was.
bool names_its_people(const Campaign& campaign) {
  return campaign.started_at && !campaign.expanded_at && !never_got_to_anybody(campaign);
}

}  // namespace

CampaignRunner::CampaignRunner(db::Database& database, IdSource& ids, const Clock& clock,
                               delivery::Ledger ledger, delivery::Dispatcher& dispatcher,
                               RunnerOptions options)
    : database_(database),
      ids_(ids),
      clock_(clock),
      ledger_(std::move(ledger)),
      dispatcher_(dispatcher),
      options_(options) {}

CampaignRunner::~CampaignRunner() { stop(); }

void CampaignRunner::start() {
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

void CampaignRunner::stop() {
  thread_.request_stop();
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CampaignRunner::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  wake_.notify_all();
}

CampaignRunner::Progress CampaignRunner::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void CampaignRunner::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto more = round(stop);
    std::unique_lock lock(mutex_);
    progress_.trouble = more ? "" : more.error().message;
    progress_.is_full = !more && more.error().kind == ErrorKind::limit;
    ++progress_.rounds;
    if (more && *more) continue;
    wake_.wait_for(lock, stop, more ? options_.pause : kTroublePause, [this] { return is_woken_; });
    is_woken_ = false;
  }
}

Result<bool> CampaignRunner::round(std::stop_token stop) {
  if (clock_.now() >= next_take_over_) {
    TRY(take_over());
    next_take_over_ = clock_.now() + kTakeOverEvery;
  }
  TRY(begin_due());
  const std::uint64_t stops = dispatcher_.stops();
  std::vector<Campaign> campaigns;
  std::vector<delivery::CampaignWork> may_send;
  TRY(database_.read([&](db::Connection& connection) -> Result<void> {
    campaigns = TRY(open_campaigns(connection));
    for (const auto& lane : TRY(delivery::open_direct_lanes(connection))) {
      may_send.push_back(delivery::direct_work(lane.organisation_id, lane.transport_id));
    }
    return {};
  }));
  const std::size_t direct = may_send.size();
  std::optional<Error> trouble;
  for (const Campaign& campaign : campaigns) {
    if (campaign.state != CampaignState::running) continue;
    // One campaign's trouble is not another's.
    const auto content = content_of(campaign);
    if (!content) {
      trouble = content.error();
      continue;
    }
    const SendOptions& options = campaign.options;
    may_send.push_back({campaign.organisation_id, campaign.id, campaign.transport_id,
                        delivery::Pace(options.rate_per_second, options.packages.messages,
                                       std::chrono::seconds(options.packages.seconds)),
                        (*content)->message_bytes});
  }
  dispatcher_.set_campaigns(std::move(may_send), stops);
  // Goes on where the last round stopped, and no longer than until a pause must be seen.
  std::ranges::rotate(campaigns, std::ranges::upper_bound(campaigns, last_advanced_, {},
                                                          [](const Campaign& c) { return c.id; }));
  bool more = false;
  const Instant until = clock_.now() + options_.round_max;
  for (const Campaign& campaign : campaigns) {
    if (stop.stop_requested()) return false;
    if (clock_.now() >= until) {
      more = true;
      break;
    }
    last_advanced_ = campaign.id;
    const auto advanced = advance(campaign, stop);
    if (advanced) {
      more |= *advanced;
    } else if (advanced.error().code != "campaign.expanded") {  // then it is looked at anew
      trouble = advanced.error();
    }
  }
  {
    const std::lock_guard lock(mutex_);
    progress_.open = campaigns.size() + direct;
    progress_.importing = {};
  }
  if (trouble) return std::unexpected(*trouble);
  return more;
}

// Each in a transaction of its own: one campaign's trouble is not another's.
Result<void> CampaignRunner::begin_due() {
  const auto due = TRY(database_.read_value(
      [&](db::Connection& connection) { return due_campaigns(connection, clock_.now()); }));
  std::optional<Error> trouble;
  for (const Campaign& campaign : due) {
    const auto begun = database_.write(db::Priority::web, [&](db::Connection& connection) {
      return come_due(connection, ledger_, ids_, campaign.organisation_id, campaign.id,
                      clock_.now());
    });
    if (!begun && begun.error().kind != ErrorKind::conflict) trouble = begun.error();
  }
  if (trouble) return std::unexpected(*trouble);
  return {};
}

// A correction is for those whom its parent may have reached by the time it ended, the remainder
// for the others: who is who is known then, and nobody gets both.
Result<bool> CampaignRunner::waits_for_parent(const Campaign& campaign) {
  if (campaign.parentage != Parentage::remainder && campaign.parentage != Parentage::correction &&
      campaign.parentage != Parentage::resend) {
    return false;
  }
  const auto parent = database_.read_value([&](db::Connection& connection) {
    return load_campaign(connection, campaign.organisation_id, campaign.parent_id);
  });
  if (!parent && parent.error().kind == ErrorKind::not_found) return false;
  return !TRY(parent).finished_at.has_value();
}

Result<bool> CampaignRunner::advance(const Campaign& campaign, std::stop_token stop) {
  if (campaign.state == CampaignState::cancelled) {
    if (TRY(cancel_some(campaign))) return true;
    // Whom it had not got to yet are known by name all the same: a correction, or sending it to
    // those whom it did not reach, must miss nobody.
    if (names_its_people(campaign)) return expand_some(campaign, stop);
    return finish_if_settled(campaign);
  }
  if (campaign.expanded_at) return finish_if_settled(campaign);
  if (campaign.state == CampaignState::paused) return false;
  if (campaign.expansion_cursor.empty() && TRY(waits_for_parent(campaign))) return false;
  if (campaign.import_id.valid() && campaign.expansion_cursor.empty()) {
    if (!TRY(import_some(campaign, stop))) return true;
  }
  return expand_some(campaign, stop);
}

// True once the file is imported.
Result<bool> CampaignRunner::import_some(const Campaign& campaign, std::stop_token stop) {
  const audience::ImportContext context{database_, ids_, clock_, campaign.organisation_id};
  const Instant until = clock_.now() + options_.step_max;
  std::stop_source step;
  audience::ImportRun run;
  run.stop = step.get_token();
  // Less than a lone import takes: a send has little memory, 64 MB in all.
  run.chunk_rows = audience::ImportRun::busy_chunk_rows;
  run.progress = [&](const audience::ImportJob& job) {
    {
      const std::lock_guard lock(mutex_);
      progress_.importing = campaign.id;
      progress_.import_progress = job.progress();
    }
    if (stop.stop_requested() || clock_.now() >= until) step.request_stop();
  };
  const auto ran = audience::run_import(context, campaign.import_id, run);
  if (ran) return true;
  if (ran.error().kind == ErrorKind::cancelled) return false;
  return std::unexpected(ran.error());
}

Result<const CampaignContent*> CampaignRunner::content_of(const Campaign& campaign) {
  if (const auto at = contents_.find(campaign.content_version_id); at != contents_.end()) {
    return &at->second;
  }
  auto content = TRY(database_.read_value([&](db::Connection& connection) {
    return load_frozen(connection, campaign.organisation_id, campaign.content_version_id);
  }));
  return &contents_.emplace(campaign.content_version_id, std::move(content)).first->second;
}

Result<bool> CampaignRunner::expand_some(const Campaign& campaign, std::stop_token stop) {
  const CampaignContent& content = *TRY(content_of(campaign));
  const Instant until = clock_.now() + options_.step_max;
  Campaign moving = campaign;
  while (!stop.stop_requested() && clock_.now() < until) {
    if (TRY(expand_batch(moving, content))) return true;
  }
  return true;
}

// True when it was the last one.
Result<bool> CampaignRunner::expand_batch(Campaign& campaign, const CampaignContent& content) {
  // Without figures of people who came a moment ago, by whatever way, PostgreSQL would go through
  // all of them for each one of a batch.
  if (campaign.expansion_cursor.empty())
    TRY(refresh_statistics("contact, contact_address, contact_group_member"));
  audience::ExpandRequest request{campaign.organisation_id, campaign.channel, campaign.id,
                                  campaign.started_at.value_or(campaign.created_at)};
  request.languages = content.others();
  RecipientPolicy policy{.kind = campaign.kind, .consent = content.consent};
  auto batch = TRY(database_.read_value([&](db::Connection& connection) -> Result<audience::Batch> {
    policy.inactive_after = TRY(audience::inactive_after(connection, campaign.organisation_id));
    return audience::expand(connection, request, campaign.audience, content.used,
                            campaign.expansion_cursor, options_.batch);
  }));
  const delivery::CampaignKeys keys{campaign.organisation_id, campaign.id,
                                    campaign.content_version_id, campaign.kind, campaign.channel};
  TRY(database_.write(db::Priority::import, [&](db::Connection& connection) -> Result<void> {
    const Instant now = policy.now = clock_.now();
    const auto suppressed = TRY(audience::find_suppressed_among(
        connection, campaign.organisation_id, campaign.channel, batch.candidates, policy));
    const auto messages =
        make_messages(ids_, audience::unite_recipients(batch.candidates, suppressed, policy),
                      content, campaign.state);
    TRY(ledger_.enqueue(connection, keys, messages, now));
    return advance_expansion(connection, campaign, campaign.expansion_cursor, batch.cursor,
                             batch.is_last, now);
  }));
  campaign.expansion_cursor = batch.cursor;
  const int batches = ++batches_[campaign.id];
  if (batches == 1 || batches == 10 || batches == 100 || batches == 1000) {
    TRY(refresh_statistics("message"));
  }
  dispatcher_.notify();
  return batch.is_last;
}

Result<bool> CampaignRunner::cancel_some(const Campaign& campaign) {
  const std::int64_t cancelled = TRY(database_.write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<std::int64_t> {
        return ledger_.cancel_unsent(connection, campaign.organisation_id, campaign.id,
                                     kCancelBatch, clock_.now());
      }));
  return cancelled > 0;
}

Result<bool> CampaignRunner::finish_if_settled(const Campaign& campaign) {
  const auto figures = TRY(database_.read_value([&](db::Connection& connection) {
    return delivery::Ledger::figures(connection, campaign.organisation_id, campaign.id);
  }));
  if (!figures.settled()) return false;
  const CampaignState state = campaign.state == CampaignState::cancelled ? CampaignState::cancelled
                              : figures.all_failed() > 0 ? CampaignState::finished_with_errors
                                                         : CampaignState::finished;
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) {
    return finish_campaign(connection, campaign, state, clock_.now());
  }));
  contents_.erase(campaign.content_version_id);
  batches_.erase(campaign.id);
  return true;
}

Result<void> CampaignRunner::refresh_statistics(std::string_view tables) {
  if (database_.dialect() != db::Dialect::postgres) return {};
  const std::string script = "ANALYZE " + std::string(tables);
  return database_.write(db::Priority::import,
                         [&](db::Connection& connection) { return connection.run_script(script); });
}

Result<void> CampaignRunner::take_over() {
  TRY(delivery::take_over_lost_nodes(database_, ledger_, clock_, options_.node_lost_after));
  return {};
}

}  // namespace tidings::compose
