// F14: counting a segment of three conditions over a million contacts.
//
//   bench_segment [--n 1000000] [--database URL]
//
// Prints one JSON line (docs/performance.md): the median of five counts of each rule, in ms by the
// clock and of CPU.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "audience/segments.h"
#include "db/migrate.h"
#include "people.h"
#include "usage.h"

namespace {

using namespace tidings;
using namespace tidings::bench;
namespace fs = std::filesystem;

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "bench_segment: {}\n", error.message);
  std::exit(1);
}

struct Measured {
  double ms = 0;
  double cpu_ms = 0;
  std::int64_t count = 0;
};

Measured measure(db::Database& database, const Rule& rule) {
  std::vector<double> times;
  std::vector<double> cpu_times;
  Measured measured;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_before = cpu_us();
    const auto count = database.read_value([&](db::Connection& connection) {
      return audience::count_matching(connection, kOrganisation, rule, kNow);
    });
    if (!count) give_up(count.error());
    measured.count = *count;
    cpu_times.push_back((cpu_us() - cpu_before) / 1e3);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  std::ranges::sort(times);
  std::ranges::sort(cpu_times);
  measured.cpu_ms = cpu_times[2];
  measured.ms = times[2];
  return measured;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t n = 1'000'000;
  std::string url;
  CLI::App app("F14: count of a segment");
  app.add_option("--n", n, "contacts");
  app.add_option("--database", url, "an empty database, instead of a SQLite file");
  app.add_flag_callback("--small", [&n] { n = 5'000; }, "only to see that it runs");
  CLI11_PARSE(app, argc, argv);

  std::string name = (fs::temp_directory_path() / "tidings-bench-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  auto database = db::Database::open(url.empty() ? "sqlite:" + (folder / "ours.db").string() : url);
  if (!database) give_up(database.error());
  if (auto migrated = db::migrate(**database); !migrated) give_up(migrated.error());
  if (auto added = add_people(**database, n); !added) give_up(added.error());

  using enum FieldOperator;
  const Rule locale{FieldTest{"locale", is, {std::string("nl-NL")}, 0}};
  const Rule seen{FieldTest{"last_interaction_at", in_last_days, {}, 365}};
  const Rule city{FieldTest{"fields.city", is, {std::string("Rotterdam")}, 0}};
  const auto all = [](std::vector<Rule> rules) { return Rule{AllOf{std::move(rules)}}; };
  const Measured group = measure(**database, all({Rule{GroupTest{{kTenth}}}, locale, seen}));
  const Measured fields = measure(**database, all({city, locale, seen}));
  const Measured any = measure(**database, Rule{AnyOf{{city, locale, seen}}});
  fmt::print(
      R"({{"bench":"segment","n":{},"group_ms":{:.1f},"fields_ms":{:.1f},"any_ms":{:.1f},)"
      R"("group_cpu_ms":{:.1f},"fields_cpu_ms":{:.1f},"any_cpu_ms":{:.1f},"counts":[{},{},{}],)"
      R"("per_s":{:.1f},"cpu_us_each":{:.0f},"rss_mb":{:.0f}}})"
      "\n",
      n, group.ms, fields.ms, any.ms, group.cpu_ms, fields.cpu_ms, any.cpu_ms, group.count,
      fields.count, any.count, 1000 / fields.ms, fields.cpu_ms * 1000, rss_mb());
  (*database)->close();
  std::error_code error;
  fs::remove_all(folder, error);
  return 0;
}
