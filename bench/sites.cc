// What sites in trouble cost the others: the dispatcher on SQLite, its sites simulated.
//
//   bench_sites [--n 10000] [--rounds 5]
//
// A campaign to ten sites that are well, a tenth of n each, and as many messages to two further
// ones, mixed among them: while one hangs and one says 421 to everything, while both are well, and
// without them. In turns, the medians count. Prints one JSON line (docs/performance.md): messages a
// second to the ten in each case, and in percent how much longer they take because the two are in
// trouble rather than well, and than if nobody wrote to them.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "db/migrate.h"
#include "delivery/dispatcher.h"
#include "delivery/testing/simulated_sites.h"
#include "identity/nodes.h"
#include "usage.h"

namespace {

using namespace tidings;
using namespace tidings::delivery;
using Behaviour = SimulatedSites::Behaviour;
namespace fs = std::filesystem;

constexpr OrganisationId kOrganisation{7};
constexpr CampaignId kCampaign{70};
constexpr int kWell = 10;

void check(const Result<void>& result) {
  if (result) return;
  fmt::print(stderr, "bench_sites: {}\n", result.error().message);
  std::exit(1);
}

Result<void> fill(db::Database& database, const Ledger& ledger,
                  const std::vector<std::string>& domains, int each, Instant now) {
  std::int64_t id = 0;
  for (int begin = 0; begin < each; begin += 100) {
    std::vector<NewMessage> messages;
    for (int round = begin; round < std::min(each, begin + 100); ++round) {
      for (const std::string& domain : domains) {
        NewMessage& made = messages.emplace_back();
        made.id = MessageId{++id};
        made.contact_id = ContactId{id};
        made.address = made.normalised = fmt::format("person{}@{}", id, domain);
        made.values_hash = id;
        made.values = "{}";
      }
    }
    TRY(database.write(db::Priority::ledger, [&](db::Connection& c) {
      return ledger.enqueue(c, {kOrganisation, kCampaign, ContentVersionId{71}, {}, {}}, messages,
                            now);
    }));
  }
  return {};
}

enum class Others { absent, well, in_trouble };

// Messages a second to the ten.
double run(const std::string& url, const fs::path& folder, int each, Others others) {
  auto database = *db::Database::open(url);
  if (const auto migrated = db::migrate(*database); !migrated) {
    check(std::unexpected(migrated.error()));
  }
  const SystemClock clock;
  IdSource ids(clock, 1);
  identity::Node node;
  check(database->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"bench.organisation",
                   "INSERT INTO organisation (id, name, locale, time_zone, postal_address,"
                   " settings, created_at) VALUES ($1, 'Test', 'en', 'UTC', '', '{}', 0)"},
                  {kOrganisation}));
    TRY(c.execute({"bench.campaign",
                   "INSERT INTO campaign (organisation_id, id, name, kind, channel, state,"
                   " content_version_id, transport_id, audience, options, created_at,"
                   " changed_at) VALUES ($1, $2, 'Test', 0, 0, 2, 71, 1, '{}', '{}', 0, 0)"},
                  {kOrganisation, kCampaign}));
    node = TRY(identity::open_node(c, "folder", clock.now()));
    return {};
  }));
  const Ledger ledger(ids, node.id, node.number);
  std::vector<std::string> domains;
  for (int i = 0; i < kWell; ++i) domains.push_back(fmt::format("well{}.example", i));
  SimulatedSites::Script script;
  if (others != Others::absent) {
    domains.insert(domains.begin() + 3, "hangs.example");
    domains.insert(domains.begin() + 7, "throttles.example");
  }
  if (others == Others::in_trouble) {
    script.sites = {{"hangs.example", Behaviour::hangs},
                    {"throttles.example", Behaviour::throttles}};
  }
  check(fill(*database, ledger, domains, each, clock.now()));

  auto journal = *Journal::open(folder / "journal", node.id);
  net::EventLoop loop;
  const auto sent = [&] {
    int total = 0;
    for (const auto& [domain, count] : script.sent) total += domain.starts_with("well") ? count : 0;
    return total;
  };
  double seconds = 0;
  {
    Dispatcher dispatcher(
        loop, *database, clock, ledger, *journal,
        [](const ClaimedMessage& message) -> Result<std::unique_ptr<PreparedMessage>> {
          auto made = std::make_unique<PreparedMessage>();
          made->id = message.id;
          return made;
        },
        [&](OrganisationId, TransportId, DeliveryPort& port) {
          return Result<std::unique_ptr<Transport>>(
              std::make_unique<SimulatedSites>(loop, port, script));
        },
        {});
    dispatcher.start();
    const auto begin = std::chrono::steady_clock::now();
    dispatcher.set_campaigns({{kOrganisation, kCampaign, TransportId{1}, {}, 0}});
    if (!loop.run_until([&] { return sent() == each * kWell; }, std::chrono::seconds(120))) {
      fmt::print(stderr, "bench_sites: only {} of {} were sent\n", sent(), each * kWell);
      std::exit(1);
    }
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    bool is_drained = false;
    dispatcher.drain([&] { is_drained = true; });
    loop.run_until([&] { return is_drained; }, std::chrono::seconds(60));
  }
  journal.reset();
  database->close();
  return each * kWell / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  int n = 10'000;
  int rounds = 5;
  CLI::App app("What sites in trouble cost the others");
  app.add_option("--n", n, "messages to the sites that are well");
  app.add_option("--rounds", rounds);
  app.add_flag_callback("--small", [&] { n = 1000, rounds = 1; }, "only to see that it runs");
  CLI11_PARSE(app, argc, argv);

  std::vector<double> absent;
  std::vector<double> well;
  std::vector<double> in_trouble;
  std::vector<double> longer;
  for (int round = 0; round < rounds; ++round) {
    std::string name = (fs::temp_directory_path() / "tidings-bench-XXXXXX").string();
    const fs::path folder = ::mkdtemp(name.data());
    const auto measure = [&](const char* part, Others others) {
      return run("sqlite:" + (folder / part).string() + ".db", folder / part, n / kWell, others);
    };
    well.push_back(measure("a", Others::well));
    in_trouble.push_back(measure("b", Others::in_trouble));
    absent.push_back(measure("c", Others::absent));
    longer.push_back(100 * (well.back() / in_trouble.back() - 1));
    std::error_code error;
    fs::remove_all(folder, error);
  }
  const auto median = [](std::vector<double> of) {
    std::ranges::sort(of);
    return of[of.size() / 2];
  };
  fmt::print(
      R"({{"bench":"sites","n":{},"rounds":{},"per_s":{:.0f},"cpu_us_each":{:.1f},)"
      R"("per_s_well":{:.0f},"per_s_absent":{:.0f},"longer_percent":{:.1f},)"
      R"("longer_percent_each":[{:.1f}],"longer_percent_than_absent":{:.1f},"rss_mb":{:.0f}}})"
      "\n",
      n, rounds, median(in_trouble), bench::cpu_us() / (3.0 * n * rounds), median(well),
      median(absent), median(longer), fmt::join(longer, ","),
      100 * (median(absent) / median(in_trouble) - 1), bench::rss_mb());
  return 0;
}
