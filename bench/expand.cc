// F9: expanding an audience of a million people, without storing the messages.
//
//   bench_expand [--n 1000000] [--database URL]
//
// Prints one JSON line (docs/performance.md): seconds for everybody, for a group of everybody, for
// everybody but a group and a segment, and of a breakdown; peak memory before and after.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "audience/breakdown.h"
#include "audience/segments.h"
#include "db/migrate.h"
#include "people.h"
#include "usage.h"

namespace {

using namespace tidings;
using namespace tidings::bench;
namespace fs = std::filesystem;

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "bench_expand: {}\n", error.message);
  std::exit(1);
}

template <typename Work>
double seconds_of(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

audience::UsedFields used_fields() {
  audience::UsedFields used;
  used.fields = {{"first_name", "first_name"}, {"city", "city"}};
  return used;
}

std::int64_t expand_all(db::Database& database, const audience::Audience& audience) {
  audience::ExpandRequest request{kOrganisation};
  request.as_of = kNow;
  const RecipientPolicy policy{MessageKind::campaign, kNow, std::chrono::days(730)};
  const auto used = used_fields();
  std::string cursor;
  std::int64_t count = 0;
  for (bool is_last = false; !is_last;) {
    auto batch = database.read_value([&](db::Connection& connection) {
      return audience::expand(connection, request, audience, used, cursor, 1000);
    });
    if (!batch) give_up(batch.error());
    count += std::ssize(audience::unite_recipients(batch->candidates, {}, policy));
    cursor = std::move(batch->cursor);
    is_last = batch->is_last;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t n = 1'000'000;
  std::string url;
  CLI::App app("F9: expansion of an audience");
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

  audience::Segment segment;
  segment.name = "Rotterdam";
  segment.rule = Rule{FieldTest{"fields.city", FieldOperator::is, {std::string("Rotterdam")}, 0}};
  const SystemClock clock;
  IdSource ids(clock, 1);
  const auto made = (*database)->write_value(db::Priority::web, [&](db::Connection& connection) {
    return audience::create_segment(connection, ids, kOrganisation, segment, kNow);
  });
  if (!made) give_up(made.error());

  audience::Audience mixed = audience::Audience::of_group(kEverybody);
  mixed.exclude.groups = {kTenth};
  mixed.exclude.segments = {made->id};
  const double before = rss_mb();
  std::int64_t people = 0;
  const double cpu_before = cpu_us();
  const double everybody =
      seconds_of([&] { people = expand_all(**database, audience::Audience::all()); });
  const double cpu = cpu_us() - cpu_before;
  const double group =
      seconds_of([&] { expand_all(**database, audience::Audience::of_group(kEverybody)); });
  const double tenth =
      seconds_of([&] { expand_all(**database, audience::Audience::of_group(kTenth)); });
  const double excluded = seconds_of([&] { expand_all(**database, mixed); });
  const double after = rss_mb();
  audience::ExpandRequest request{kOrganisation};
  request.as_of = kNow;
  const double breakdown_cpu_before = cpu_us();
  const double breakdown = seconds_of([&] {
    const auto told = (*database)->read_value([&](db::Connection& connection) {
      return audience::break_down(connection, request, audience::Audience::of_group(kTenth),
                                  used_fields(), {.kind = MessageKind::campaign});
    });
    if (!told) give_up(told.error());
  });
  const double breakdown_cpu = cpu_us() - breakdown_cpu_before;
  fmt::print(
      R"({{"bench":"expand","n":{},"recipients":{},"everybody_s":{:.2f},"group_s":{:.2f},)"
      R"("tenth_s":{:.2f},"excluded_s":{:.2f},"breakdown_tenth_s":{:.2f},"breakdown_tenth_cpu_s":{:.2f},"rss_before_mb":{:.0f},)"
      R"("per_s":{:.0f},"cpu_us_each":{:.2f},"rss_mb":{:.0f}}})"
      "\n",
      n, people, everybody, group, tenth, excluded, breakdown, breakdown_cpu / 1e6, before,
      static_cast<double>(people) / everybody, cpu / static_cast<double>(people), after);
  (*database)->close();
  std::error_code error;
  fs::remove_all(folder, error);
  // A tenth of the people costs a tenth; near the whole, it walks everybody again. On PostgreSQL
  // the work is the server's.
  if (url.empty() && breakdown_cpu > 0.6 * cpu) {
    fmt::print(stderr, "bench_expand: the breakdown of a tenth took {:.0f} % of everybody\n",
               100 * breakdown_cpu / cpu);
    return 1;
  }
  return 0;
}
