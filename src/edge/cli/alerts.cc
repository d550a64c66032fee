#include "edge/cli/alerts.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tidings::cli {
namespace {

constexpr Duration kEvery = std::chrono::minutes(1);

constexpr db::Statement kOrganisations{"alert.organisations",
                                       "SELECT id FROM organisation ORDER BY id"};

}  // namespace

void Alerts::start() {
  thread_ = std::thread([this] { run(); });
}

void Alerts::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Alerts::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kEvery, [this] { return stop_; })) {
    lock.unlock();
    if (const auto looked = look(); !looked && said_.insert(looked.error().message).second) {
      parts_.say(looked.error().message);
    }
    lock.lock();
  }
}

Result<int> Alerts::look() {
  std::vector<OrganisationId> organisations;
  TRY(parts_.database->read([&](db::Connection& connection) {
    return connection.query(kOrganisations, {}, [&](const db::Row& row) {
      organisations.push_back(row.id<OrganisationId>(0));
    });
  }));
  // The machine's disk concerns everybody who works on it; the first organisation runs it.
  std::error_code error;
  const auto space = std::filesystem::space(parts_.folder, error);
  auto disk = error ? std::vector<report::Occasion>()
                    : report::disk_occasion(space.capacity, space.available);
  if (parts_.also) std::ranges::move(parts_.also(), std::back_inserter(disk));
  int mails = 0;
  for (const OrganisationId each : organisations) {
    mails += TRY(look_at(each, std::exchange(disk, {})));
  }
  return mails;
}

Result<int> Alerts::look_at(OrganisationId organisation, std::vector<report::Occasion> also) {
  const Instant now = parts_.clock->now();
  auto current = TRY(parts_.database->read_value([&](db::Connection& connection) {
    return report::occasions(connection, organisation, now);
  }));
  std::ranges::move(also, std::back_inserter(current));
  if (current.empty()) return 0;
  const auto found =
      TRY(parts_.database->write_value(db::Priority::web, [&](db::Connection& connection) {
        return report::untold(connection, organisation, current, now);
      }));
  if (found.empty()) return 0;
  const auto addresses = TRY(parts_.database->read_value([&](db::Connection& connection) {
    return report::alert_addresses(connection, organisation);
  }));
  int mails = 0;
  for (const report::Untold& each : found) mails += TRY(tell(organisation, each, addresses));
  return mails;
}

Result<int> Alerts::tell(OrganisationId organisation, const report::Untold& untold,
                         const std::vector<std::string>& addresses) {
  const report::Occasion& occasion = untold.occasion;
  const std::string once = fmt::format("alert/{}/{}/{}", to_text(organisation), occasion.key,
                                       to_micros(untold.began_at));
  int mails = 0;
  std::string why = addresses.empty() ? "nobody is owner or administrator" : "";
  for (const std::string& address : addresses) {
    const auto sent = parts_.send({.organisation = organisation,
                                   .to = address,
                                   .subject = occasion.subject,
                                   .text = occasion.text,
                                   .key = once + "/" + address});
    if (sent) {
      ++mails;
    } else {
      why = sent.error().message;
    }
  }
  if (mails == 0) {
    if (said_.insert(once).second) {
      parts_.say(fmt::format("{}. (No mail about it yet: {})", occasion.subject, why));
    }
    return 0;
  }
  TRY(parts_.database->write(db::Priority::web, [&](db::Connection& connection) {
    return report::told(connection, organisation, occasion.key, parts_.clock->now());
  }));
  return mails;
}

}  // namespace tidings::cli
