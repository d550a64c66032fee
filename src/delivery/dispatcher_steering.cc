// What people do with messages that wait, as far as these are in memory; suspended sites.
#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "delivery/dispatcher_impl.h"
#include "delivery/suspensions.h"

namespace tidings::delivery {

namespace {

constexpr std::size_t kRecallsMax = 64;
constexpr std::size_t kSitesShownMax = 1000;
// What is suspended comes up this much later again, and is put off again: seldom, as resuming
// makes it due at once.
constexpr Duration kSuspendedLook = std::chrono::hours(6);
constexpr Duration kStepMax = std::chrono::seconds(5);

std::unexpected<Error> no_answer() {
  return fail(ErrorKind::unavailable, "delivery.stuck",
              "The sending part does not answer within five seconds; try again in a moment.");
}

// Waits for what is done on the loop's thread; false when it is not done in time.
struct Done {
  std::promise<void> told;
  bool is_done = false;
  void tell() {
    is_done = true;
    told.set_value();
  }
};
bool wait_for(const std::shared_ptr<Done>& done) {
  // A dispatcher that is gone breaks the promise: that is an answer too, but not the one.
  return done->told.get_future().wait_for(kStepMax) == std::future_status::ready && done->is_done;
}

}  // namespace

// ---------------------------------------------------------------- barriers

void Dispatcher::Impl::after_barrier(std::function<void()> passed) {
  barriers.push_back({claims, std::nullopt, std::move(passed)});
  check_barriers();
}

void Dispatcher::Impl::check_barriers() {
  for (Barrier& barrier : barriers) {
    if (barrier.written_with) continue;
    if (!unplaced.empty() && unplaced.begin()->first <= barrier.claim) continue;
    // A write that is under way took what there was when it began.
    barrier.written_with = has_unrecorded() ? ledger_begun + 1 : ledger_begun;
  }
  while (!barriers.empty()) {
    const Barrier& first = barriers.front();
    if (!first.written_with || *first.written_with > ledger_done) return;
    const auto passed = std::move(barriers.front().passed);
    barriers.pop_front();
    passed();
  }
}

void Dispatcher::Impl::placed(std::uint64_t claim, std::size_t count) {
  const auto at = unplaced.find(claim);
  if (at == unplaced.end() || (at->second -= count) > 0) return;
  unplaced.erase(at);
}

// ---------------------------------------------------------------- recalls

bool Dispatcher::Impl::is_recalled(const PreparedMessage& message, MessageState state) {
  // The last one is about the newest claims.
  if (recalls.empty() || message.claim > recalls.back()->claim) return false;
  const CampaignId campaign = is_direct(message.campaign_id) ? CampaignId() : message.campaign_id;
  for (const auto& recall : recalls) {
    if (message.claim > recall->claim ||
        message.organisation_id != recall->filter.organisation_id ||
        !recall->filter.fits(campaign, message.domain)) {
      continue;
    }
    ++recall->messages;
    steered.push_back({recall, {message.id, campaign, state}});
    schedule_ledger();
    return true;
  }
  return false;
}

void Dispatcher::Impl::begin_recall(const std::shared_ptr<Recall>& recall) {
  recalls.push_back(recall);
  if (recalls.size() > kRecallsMax) recalls.pop_front();
  for (const auto& [id, outlet] : outlets) {
    const auto found = outlet->engine.take_out([&](const PreparedMessage& message) {
      const bool is_of_none = is_direct(message.campaign_id);
      return message.organisation_id == recall->filter.organisation_id &&
             recall->filter.fits(is_of_none ? CampaignId() : message.campaign_id, message.domain);
    });
    // By this recall, as all of them fit it, or by one before it that is still open.
    for (const auto& message : found) is_recalled(*message, MessageState::leased);
  }
  publish();
}

Result<void> Dispatcher::Impl::record_steered(db::Connection& connection,
                                              std::span<const Steered> messages,
                                              Instant now) const {
  std::map<std::shared_ptr<Recall>, std::vector<Ledger::Found>> by_recall;
  for (const Steered& each : messages) by_recall[each.recall].push_back(each.found);
  for (const auto& [recall, found] : by_recall) {
    TRY(ledger.steer(connection, recall->filter.organisation_id, recall->how, found, recall->by,
                     now));
  }
  return {};
}

Result<std::int64_t> Dispatcher::steer(QueueFilter filter, Ledger::Steer how, std::string by,
                                       const std::function<Result<std::int64_t>()>& in_database) {
  // What is in memory is let go and due already.
  if (how != Ledger::Steer::hold && how != Ledger::Steer::expire) return in_database();
  auto recall = std::make_shared<Impl::Recall>();
  recall->filter = std::move(filter);
  recall->how = how;
  recall->by = std::move(by);
  const auto step = [&](auto&& begin) {
    auto done = std::make_shared<Done>();
    impl_->loop.post([impl = impl_, recall, done, begin] {
      begin(*impl, recall);
      impl->after_barrier([done] { done->tell(); });
    });
    return wait_for(done);
  };
  if (!step([](Impl& impl, const auto& each) { impl.begin_recall(each); })) {
    impl_->loop.post([impl = impl_, recall] { recall->claim = impl->claims; });
    return no_answer();
  }
  auto steered = in_database();
  const bool is_closed = step([](Impl& impl, const auto& each) { each->claim = impl.claims; });
  if (!steered) return steered;
  if (!is_closed) return no_answer();
  return *steered + recall->messages;
}

// ---------------------------------------------------------------- sites

void Dispatcher::Impl::put_off_suspended(Outlet& outlet) {
  if (!outlet.engine.sites().has_suspended()) return;
  const auto found = outlet.engine.take_out(
      [&](const PreparedMessage& message) { return outlet.engine.is_suspended(message.domain); });
  for (const auto& message : found) put_off_suspended(*message);
  if (!found.empty()) publish();
}

void Dispatcher::Impl::put_off_suspended(const PreparedMessage& message) {
  const auto spread = static_cast<std::uint64_t>(message.id.value) * 0x9e3779b97f4a7c15u;
  const auto within = static_cast<std::uint64_t>(kSuspendedLook.count());
  put_off(message, clock.now() + kSuspendedLook + Duration(std::int64_t(spread % within)),
          kSiteSuspended);
}

void Dispatcher::Impl::set_suspended(SuspendedNames names) {
  if (names == suspended) return;
  suspended = std::move(names);
  for (const auto& [id, outlet] : outlets) {
    outlet->engine.sites().set_suspended(suspended_of(outlet->organisation));
    put_off_suspended(*outlet);
  }
  next_claim.clear();
  wake_all();
  claim_more();
}

std::set<std::string, std::less<>> Dispatcher::Impl::suspended_of(
    OrganisationId organisation) const {
  const auto at = suspended.find(organisation);
  return at == suspended.end() ? std::set<std::string, std::less<>>() : at->second;
}

Result<void> Dispatcher::suspensions_changed() {
  auto done = std::make_shared<Done>();
  impl_->loop.post([impl = impl_, done] {
    auto names = std::make_shared<SuspendedNames>();
    impl->write_async(
        db::Priority::web,
        [names](db::Connection& connection) -> Result<void> {
          *names = TRY(all_suspended(connection));
          return {};
        },
        [raw = impl.get(), names, done](const Result<void>& read) {
          if (!read) return;
          raw->set_suspended(std::move(*names));
          raw->after_barrier([done] { done->tell(); });
        });
  });
  if (!wait_for(done)) return no_answer();
  return {};
}

Result<std::vector<SiteView>> Dispatcher::sites(OrganisationId organisation) const {
  auto done = std::make_shared<Done>();
  auto views = std::make_shared<std::vector<SiteView>>();
  impl_->loop.post([impl = impl_, organisation, done, views] {
    const Instant now = impl->clock.now();
    for (const auto& [id, outlet] : impl->outlets) {
      if (outlet->organisation != organisation) continue;
      outlet->engine.sites().each([&, transport = id](const Site& site) {
        SiteView& view = views->emplace_back();
        view.name = site.name();
        view.transport_id = transport;
        view.is_suspended = site.is_suspended();
        if (site.name() != kOneSite) view.connections_max = site.connection_limit();
        view.per_second = site.rate();
        view.failures = site.failures();
        view.paused_until = site.paused_until(now);
        view.silent_since = site.silent_since();
        view.ready = site.held;
        view.in_flight = site.in_flight;
      });
    }
    done->tell();
  });
  if (!wait_for(done)) return no_answer();
  const auto in_trouble = [](const SiteView& view) {
    return view.failures > 0 || view.paused_until.has_value();
  };
  std::ranges::sort(*views, [&](const SiteView& a, const SiteView& b) {
    return std::tuple(!in_trouble(a), b.ready + b.in_flight, a.name, a.transport_id) <
           std::tuple(!in_trouble(b), a.ready + a.in_flight, b.name, b.transport_id);
  });
  if (views->size() > kSitesShownMax) views->resize(kSitesShownMax);
  return std::move(*views);
}

}  // namespace tidings::delivery
