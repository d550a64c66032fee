#include "delivery/mx_targets.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "net/event_loop.h"

namespace tidings::delivery {
namespace {

constexpr Duration kFailedFor = std::chrono::minutes(5);
constexpr Duration kClearFor = std::chrono::minutes(10);

Instant now() { return net::EventLoop::steady_now(); }

bool concerns_tls(const wire::SmtpVerdict& verdict) {
  return verdict.stage == wire::SmtpStage::starttls || verdict.stage == wire::SmtpStage::tls ||
         verdict.cause == wire::SmtpCause::tls_failed;
}

}  // namespace

MxTargets::MxTargets(SmtpConnection::Setup setup, std::shared_ptr<net::TlsContext> verifying,
                     std::vector<wire::IpAddress> sources)
    : setup_(std::move(setup)), verifying_(std::move(verifying)), sources_(std::move(sources)) {}

void MxTargets::set_destination(const MxDestination& destination) {
  CHECK(!destination.addresses.empty());
  std::vector<Target> fresh;
  for (const wire::MxAddress& at : destination.addresses) {
    Target target;
    target.at = at;
    target.text = at.address.text();
    const auto demand = std::ranges::find(destination.demanded, at.host, &MxHostDemand::host);
    if (demand != destination.demanded.end()) target.tlsa = demand->records;
    target.is_verified = destination.is_enforced && target.tlsa.empty();
    target.is_encrypted = target.is_verified || demand != destination.demanded.end();
    const auto known = std::ranges::find(targets_, target.text, &Target::text);
    if (known != targets_.end()) {
      target.failed_until = known->failed_until;
      target.clear_until = known->clear_until;
    }
    fresh.push_back(std::move(target));
  }
  targets_ = std::move(fresh);
}

bool MxTargets::is_usable(const Target& target) const { return target.failed_until <= now(); }

SmtpConnection::Setup MxTargets::next() {
  const auto usable = [this](const Target& target) { return is_usable(target); };
  auto best = std::ranges::find_if(targets_, usable);
  if (best == targets_.end()) {
    for (Target& target : targets_) target.failed_until = {};
    best = targets_.begin();
  }
  std::vector<const Target*> equals;
  for (const Target& target : targets_) {
    if (target.at.rank == best->at.rank && is_usable(target)) equals.push_back(&target);
  }
  const Target& chosen = *equals[turn_++ % equals.size()];
  SmtpConnection::Setup setup = setup_;
  setup.host = chosen.at.host;
  setup.address = chosen.text;
  for (const wire::IpAddress& source : sources_) {
    if (source.is_v6() == chosen.at.address.is_v6()) setup.source = source.text();
  }
  if (chosen.is_encrypted) {
    setup.client.tls = wire::SmtpTlsUse::required;
    setup.tlsa = chosen.tlsa;
    if (chosen.is_verified) setup.tls = verifying_;
  } else if (chosen.clear_until > now()) {
    setup.client.tls = wire::SmtpTlsUse::never;
  }
  return setup;
}

MxTargets::Target* MxTargets::find(const SmtpConnection& connection) {
  const auto at = std::ranges::find(targets_, connection.setup().address, &Target::text);
  return at == targets_.end() ? nullptr : &*at;
}

const MxTargets::Target* MxTargets::find(const SmtpConnection& connection) const {
  return const_cast<MxTargets*>(this)->find(connection);
}

void MxTargets::explain(const SmtpConnection& connection, Outcome& outcome) const {
  const Target* const target = find(connection);
  const bool is_tls = outcome.reason == "tls_missing" || outcome.reason == "tls_failed";
  // Behind the first sentence stands what to change in a relay's URL.
  if (is_tls || outcome.reason == "connect_failed") {
    const std::size_t end = outcome.reply_text.find(". ");
    if (end != std::string::npos) outcome.reply_text.resize(end + 1);
  }
  if (target == nullptr || !is_tls) return;
  outcome.scope = Scope::site;  // not our settings
  if (!target->is_encrypted) return;
  const std::string_view policy = target->is_verified ? "MTA-STS" : "DANE";
  outcome.reply_text = fmt::format(
      "The domain demands encryption with a certificate that fits its policy ({}): {}", policy,
      outcome.reason == "tls_missing" ? "the server offers none." : outcome.reply_text);
}

bool MxTargets::failed(const SmtpConnection& connection, const wire::SmtpVerdict& verdict) {
  Target* const target = find(connection);
  if (target == nullptr) return true;  // not an address of the site any more
  const bool may_be_clear =
      !target->is_encrypted && setup_.client.tls == wire::SmtpTlsUse::when_offered;
  if (may_be_clear && concerns_tls(verdict) && target->clear_until <= now()) {
    target->clear_until = now() + kClearFor;
    return true;
  }
  target->failed_until = now() + kFailedFor;
  if (std::ranges::any_of(targets_, [this](const Target& each) { return is_usable(each); })) {
    return true;
  }
  for (Target& each : targets_) each.failed_until = {};
  return false;
}

void MxTargets::worked(const SmtpConnection& connection) {
  if (Target* const target = find(connection)) target->failed_until = {};
}

}  // namespace tidings::delivery
