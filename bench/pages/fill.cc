// A database for measurements in a browser (bench/pages/run): an organisation with people, groups
// and the record of two years that end now.
//
//   fill_database --database URL [--contacts 1000000] [--messages 1000000]
//
// The database must be empty. Prints one JSON line: how long each part took.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "audience/people/search_index.h"
#include "db/migrate.h"
#include "people.h"
#include "record.h"

namespace {

using namespace tidings;

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "fill_database: {}\n", error.message);
  std::exit(1);
}
template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

int main(int argc, char** argv) {
  std::string url;
  std::int64_t contacts = 1'000'000;
  std::int64_t messages = 1'000'000;
  CLI::App app("A database for measurements in a browser");
  app.add_option("--database", url, "An empty database")->required();
  app.add_option("--contacts", contacts, "How many")->check(CLI::Range(1000, 10'000'000));
  app.add_option("--messages", messages, "How many")->check(CLI::Range(10'000, 100'000'000));
  CLI11_PARSE(app, argc, argv);
  const auto database = must(db::Database::open(url));
  must(db::migrate(*database));
  auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    const auto end = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(end - std::exchange(begin, end)).count();
  };
  must(bench::add_people(*database, contacts));
  const double people_s = seconds();
  must(people::index_pending(*database, bench::kOrganisation, std::chrono::hours(1)));
  const double index_s = seconds();
  const Instant now =
      std::chrono::time_point_cast<Instant::duration>(std::chrono::system_clock::now());
  must(bench::Record(*database, messages, contacts, now - bench::kRecordLength).fill());
  fmt::print(
      "{{\"contacts\": {}, \"messages\": {}, \"people_s\": {:.1f}, "
      "\"index_s\": {:.1f}, \"messages_s\": {:.1f}}}\n",
      contacts, messages, people_s, index_s, seconds());
  return 0;
}
