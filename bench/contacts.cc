// F: how long a person waits for a list of contacts: searches of several kinds, sorts, pages.
//
//   bench_contacts [--n 100000] [--rounds 40] [--database URL]
//
// Prints one JSON line: milliseconds at the median and the 95th percentile of all first pages of
// 50, the slowest kind, and what indexing cost. Contacts are made here.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <stdlib.h>

#include "audience/people/list_contacts.h"
#include "audience/people/search_index.h"
#include "db/database.h"
#include "db/migrate.h"
#include "usage.h"

namespace {

using namespace tidings;
namespace fs = std::filesystem;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr OrganisationId kOrganisation{1};
constexpr std::array<std::string_view, 12> kFirst = {"Anna",  "Łukasz", "Zoë",    "Jan",
                                                     "Marie", "Piet",   "Fatima", "Noor",
                                                     "Olek",  "Jürgen", "Chloé",  "Willem"};

struct Flags {
  std::int64_t n = 100'000;
  int rounds = 40;
  std::string database;
};

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "bench_contacts: {}\n", error.message);
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// A name that about one in a thousand has.
std::string last_name(std::int64_t i) {
  std::string name = "K";
  for (std::uint64_t mixed = static_cast<std::uint64_t>(i % 997) * 0x9E3779B97F4A7C15u >> 40;
       mixed > 0; mixed /= 20)
    name += "aeioubdfglmnprstvwyz"[mixed % 20];
  return name;
}

Result<void> fill(db::Connection& connection, std::int64_t from, std::int64_t to) {
  constexpr std::array<std::string_view, 12> columns = {
      "organisation_id", "id",     "first_name", "last_name",  "name",        "locale",
      "time_zone",       "fields", "created_at", "changed_at", "external_id", "do_not_contact"};
  constexpr std::array<std::string_view, 7> address_columns = {
      "organisation_id", "contact_id", "channel",   "normalised",
      "address",         "is_primary", "created_at"};
  std::vector<std::string> kept;
  kept.reserve(static_cast<std::size_t>(to - from) * 3);
  std::vector<db::Param> people;
  std::vector<db::Param> addresses;
  for (std::int64_t i = from; i < to; ++i) {
    const std::string& last = kept.emplace_back(last_name(i));
    const std::string& member = kept.emplace_back(fmt::format("m{}", i));
    const std::string& email =
        kept.emplace_back(fmt::format("person{}@example{}.org", i, i % 1000));
    people.insert(people.end(), {kOrganisation, i + 1, kFirst[static_cast<std::size_t>(i % 12)],
                                 last, "", "", "", "{}", i, i, member, 0});
    addresses.insert(addresses.end(), {kOrganisation, i + 1, 0, email, email, 1, i});
  }
  TRY(connection.insert_many("contact", columns, people));
  return connection.insert_many("contact_address", address_columns, addresses);
}

double at_percentile(std::vector<double> times, double part) {
  std::ranges::sort(times);
  return times[std::min(times.size() - 1,
                        static_cast<std::size_t>(part * static_cast<double>(times.size())))];
}

void run(const Flags& flags, const std::string& url) {
  const auto database = must(db::Database::open(url));
  must(db::migrate(*database));
  must(database->write(db::Priority::web, [](db::Connection& connection) -> Result<void> {
    TRY(connection.execute(
        {"bench.organisation",
         "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
         "created_at) VALUES ($1, 'Bench', 'nl', 'UTC', '', '{}', 0)"},
        {kOrganisation}));
    return {};
  }));
  for (std::int64_t i = 0; i < flags.n; i += 10'000)
    must(database->write(db::Priority::import, [&](db::Connection& connection) {
      return fill(connection, i, std::min(i + 10'000, flags.n));
    }));
  const auto began = std::chrono::steady_clock::now();
  must(people::index_pending(*database, kOrganisation, std::chrono::hours(1)));
  const double indexing_us = Milliseconds(std::chrono::steady_clock::now() - began).count() * 1000 /
                             static_cast<double>(flags.n);
  if (database->dialect() == db::Dialect::postgres)
    must(database->write(db::Priority::web, [](db::Connection& connection) {
      return connection.run_script("ANALYZE contact, contact_address");
    }));

  const std::map<std::string, people::ContactQuery> kinds = {
      {"one person", {.search = "person4711"}},
      {"last name", {.search = last_name(77), .sort = people::ContactSort::name}},
      {"two words", {.search = "lukasz " + last_name(77)}},
      {"first name of many", {.search = "anna", .sort = people::ContactSort::name}},
      {"first name, newest", {.search = "zoe"}},
      {"everybody's domain", {.search = "org", .sort = people::ContactSort::name}},
      {"one letter", {.search = "k", .sort = people::ContactSort::changed}},
      {"member number", {.search = "m9999"}},
      {"nobody", {.search = "xyzzy"}},
      {"inside a word", {.search = "kasz"}},
      {"by name", {.sort = people::ContactSort::name, .descending = false}},
      {"newest", {}},
      {"last interaction", {.sort = people::ContactSort::last_interaction}}};
  std::vector<double> all;
  std::string slowest;
  double slowest_ms = 0;
  const double cpu_before = bench::cpu_us();
  for (const auto& [kind, query] : kinds) {
    std::vector<double> times;
    for (int round = 0; round < flags.rounds; ++round) {
      const auto start = std::chrono::steady_clock::now();
      must(database->read([&](db::Connection& connection) -> Result<void> {
        TRY(people::list_contacts(connection, kOrganisation, query, "", 50));
        return {};
      }));
      times.push_back(Milliseconds(std::chrono::steady_clock::now() - start).count());
    }
    const double p95 = at_percentile(times, 0.95);
    fmt::print(stderr, "{:20} {:8.2f} ms at the median, {:8.2f} ms at 95 %\n", kind,
               at_percentile(times, 0.5), p95);
    if (p95 > slowest_ms) {
      slowest_ms = p95;
      slowest = kind;
    }
    all.insert(all.end(), times.begin(), times.end());
  }
  const double cpu = bench::cpu_us() - cpu_before;
  const auto lists = static_cast<double>(all.size());
  const double wall_ms = std::accumulate(all.begin(), all.end(), 0.0);
  fmt::print(
      "{{\"bench\":\"contacts\",\"n\":{},\"p50_ms\":{:.2f},\"p95_ms\":{:.2f},"
      "\"slowest\":\"{}\",\"slowest_p95_ms\":{:.2f},\"indexing_us_each\":{:.1f},"
      "\"per_s\":{:.0f},\"cpu_us_each\":{:.0f},\"rss_mb\":{:.0f}}}\n",
      flags.n, at_percentile(all, 0.5), at_percentile(all, 0.95), slowest, slowest_ms, indexing_us,
      1000 * lists / wall_ms, cpu / lists, bench::rss_mb());
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("How long a list of contacts takes");
  app.add_option("--n", flags.n, "contacts")->capture_default_str();
  app.add_flag_callback("--small", [&flags] { flags.n = 2'000; }, "only to see that it runs");
  app.add_option("--rounds", flags.rounds, "of each kind of list")->capture_default_str();
  app.add_option("--database", flags.database, "postgres://… of an empty database");
  CLI11_PARSE(app, argc, argv);
  if (!flags.database.empty()) {
    run(flags, flags.database);
    return 0;
  }
  std::string folder = (fs::temp_directory_path() / "tidings-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  run(flags, "sqlite:" + folder + "/tidings.db");
  fs::remove_all(folder);
  return 0;
}
