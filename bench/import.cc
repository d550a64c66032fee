// F8: importing contacts from CSV, beside `sqlite3 .import` of the same file.
//
//   bench_import [--n 1000000] [--phones] [--database URL]
//
// Prints one JSON line (docs/performance.md). The file has 12 columns and is made here.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "audience/import_contacts.h"
#include "db/migrate.h"
#include "usage.h"

namespace {

using namespace tidings;
namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;

constexpr OrganisationId kOrganisation{1};

struct Flags {
  std::int64_t n = 1'000'000;
  bool has_phones = false;
  std::size_t chunk_rows = audience::ImportRun{}.chunk_rows;
  std::string database;
};

// Addresses in no order, as in life.
void write_file(const fs::path& path, const Flags& flags) {
  std::ofstream out(path, std::ios::binary);
  out << "email,first_name,last_name,member_since,street,house_number,postcode,city,country,"
      << (flags.has_phones ? "phone" : "landline") << ",newsletter,note\n";
  for (std::int64_t i = 0; i < flags.n; ++i) {
    const std::uint64_t mixed = static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15u;
    out << fmt::format(
        "{:x}.person{}@example{}.org,Zoë{},\"van der {}\",20{:02},Kerkstraat,{},{:04} AB,"
        "Rotterdam,Nederland,+316{:08},yes,\"likes, commas\"\n",
        mixed >> 40, i, i % 50, i % 1000, i % 7919, i % 25, i % 300, 1000 + i % 8999,
        10000000 + i % 80000000);
  }
}

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "bench_import: {}\n", error.message);
  std::exit(1);
}

double run_sqlite(const fs::path& folder, const fs::path& csv) {
  const std::string command =
      fmt::format("sqlite3 {0}/peer.db -cmd '.mode csv' '.import {1} people' >/dev/null",
                  folder.string(), csv.string());
  const auto begin = std::chrono::steady_clock::now();
  if (std::system(command.c_str()) != 0) return 0;
  return Seconds(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("F8: import of contacts");
  app.add_option("--n", flags.n, "rows");
  app.add_flag("--phones", flags.has_phones, "one of the columns is a phone number");
  app.add_option("--chunk", flags.chunk_rows, "rows in a transaction");
  app.add_option("--database", flags.database, "an empty database, instead of a SQLite file");
  app.add_flag_callback("--small", [&flags] { flags.n = 5'000; }, "only to see that it runs");
  CLI11_PARSE(app, argc, argv);

  std::string name = (fs::temp_directory_path() / "tidings-bench-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  const fs::path csv = folder / "people.csv";
  write_file(csv, flags);

  const SystemClock clock;
  IdSource ids(clock, 1);
  auto database = db::Database::open(
      flags.database.empty() ? "sqlite:" + (folder / "ours.db").string() : flags.database);
  if (!database) give_up(database.error());
  if (auto migrated = db::migrate(**database); !migrated) give_up(migrated.error());
  constexpr db::Statement insert{
      "bench.organisation",
      "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
      "created_at) VALUES ($1, 'Bench', 'nl-NL', 'Europe/Amsterdam', '', '{}', 0)"};
  const auto made = (*database)->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
    TRY(c.execute(insert, {kOrganisation}));
    return {};
  });
  if (!made) give_up(made.error());

  const audience::ImportContext context{**database, ids, clock, kOrganisation};
  const double cpu_before = bench::cpu_us(RUSAGE_SELF);
  const auto begin = std::chrono::steady_clock::now();
  const auto import = audience::create_import(context, csv, folder / "imports", {});
  if (!import) give_up(import.error());
  const auto job = audience::run_import(context, *import, {.chunk_rows = flags.chunk_rows});
  if (!job) give_up(job.error());
  const double seconds = Seconds(std::chrono::steady_clock::now() - begin).count();
  const double cpu = bench::cpu_us(RUSAGE_SELF) - cpu_before;
  const double memory = bench::rss_mb(RUSAGE_SELF);
  if (job->counts.created != flags.n)
    give_up({ErrorKind::internal, "bench", "People are missing."});

  const double peer_cpu_before = bench::cpu_us(RUSAGE_CHILDREN);
  const double peer = run_sqlite(folder, csv);
  const double peer_cpu = bench::cpu_us(RUSAGE_CHILDREN) - peer_cpu_before;
  const auto n = static_cast<double>(flags.n);
  std::string peers;
  std::string ratios;
  if (peer > 0) {
    peers =
        fmt::format(R"("sqlite3_import":{{"per_s":{:.0f},"cpu_us_each":{:.2f},"rss_mb":{:.1f}}})",
                    n / peer, peer_cpu / n, bench::rss_mb(RUSAGE_CHILDREN));
    ratios = fmt::format(R"("per_s_vs_sqlite3_import":{:.3f})", peer / seconds);
  }
  fmt::print(R"({{"bench":"import","n":{},"phones":{},"per_s":{:.0f},"cpu_us_each":{:.2f},)"
             R"("rss_mb":{:.1f},"peers":{{{}}},"ratios":{{{}}}}})"
             "\n",
             flags.n, flags.has_phones, n / seconds, cpu / n, memory, peers, ratios);
  (*database)->close();
  fs::remove_all(folder);
  return 0;
}
