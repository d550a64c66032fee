// F7: the communications log over many messages: any filter and order, the first page; and a
// campaign's page with its totals.
//
//   bench_search [--n 1000000] [--database URL] [--repeat 20] [--verbose] [--filled]
//     [--only TEXT]
//
// Without --database a SQLite file is made, and removed afterwards; a given database must be empty,
// or with --filled the one of an earlier run.
// Prints one JSON line (docs/performance.md); there is no peer to compare with. p95_ms is over all
// requests, p95_cpu_ms counts the CPU of this thread and, where PostgreSQL runs on this machine, of
// its sessions with us (not of parallel workers), which other programs on the machine disturb less;
// over_50_ms and over_50_cpu_ms count requests whose own p95 is above; worst is the request whose
// own p95 is highest; short_pages counts requests whose first page ended at the bound on how many
// rows are looked through (report/message_pages.h).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "db/migrate.h"
#include "record.h"
#include "report/message_pages.h"
#include "report/recipients.h"
#include "report/send_outs.h"
#include "report/statistics.h"
#include "usage.h"

namespace {

using namespace tidings;
namespace fs = std::filesystem;
using db::Param;

constexpr OrganisationId kOrganisation{1};
constexpr GroupId kSmallGroup{11};
constexpr GroupId kLargeGroup{12};

struct Flags {
  std::int64_t n = 1'000'000;
  int repeat = 20;
  std::string database;
  bool is_filled = false;
  std::string only;
  bool is_verbose = false;
};

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "bench_search: {}\n", error.message);
  std::exit(1);
}
template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void add_people(db::Database& database, const Flags& flags, std::int64_t contacts) {
  const auto write = [&](const db::Database::Work& work) {
    if (!flags.is_filled) must(database.write(db::Priority::import, work));
  };
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"",
                   "INSERT INTO organisation (id, name, locale, time_zone, postal_address,"
                   " settings, created_at) VALUES (1, 'Bench', 'en', 'UTC', '', '{}', 0)"}));
    TRY(c.execute({"",
                   "INSERT INTO contact_group (organisation_id, id, name, origin, created_at,"
                   " members) VALUES (1, 11, 'Small', 0, 0, 200), (1, 12, 'Large', 0, 0, $1)"},
                  {contacts / 2}));
    return {};
  });
  static constexpr std::array<std::string_view, 6> kContact = {
      "organisation_id", "id", "first_name", "sort_name", "created_at", "changed_at"};
  static constexpr std::array<std::string_view, 4> kMember = {"organisation_id", "group_id",
                                                              "contact_id", "added_at"};
  for (std::int64_t first = 1; first <= contacts; first += bench::kRecordChunk) {
    write([&](db::Connection& c) -> Result<void> {
      std::vector<std::string> names;
      names.reserve(bench::kRecordChunk);
      std::vector<Param> rows;
      std::vector<Param> members;
      for (std::int64_t i = first; i < first + std::int64_t(bench::kRecordChunk) && i <= contacts;
           ++i) {
        names.push_back(fmt::format("{:x} person", bench::mixed(i) >> 40));
        rows.insert(rows.end(),
                    {Param(1), Param(i), Param("Zoë"), Param(names.back()), Param(0), Param(0)});
        if (i <= 200) members.insert(members.end(), {Param(1), Param(11), Param(i), Param(0)});
        if (i % 2 == 0) members.insert(members.end(), {Param(1), Param(12), Param(i), Param(0)});
      }
      TRY(c.insert_many("contact", kContact, rows));
      return c.insert_many("contact_group_member", kMember, members);
    });
  }
}

struct Request {
  std::string name;
  // Whether the page ended at the bound.
  std::function<Result<bool>(db::Database&)> run;
};

std::vector<Request> requests(const bench::World& world) {
  std::vector<std::pair<std::string, report::LogFilter>> filters;
  const Instant week = world.end - std::chrono::days(7);
  filters.push_back({"all", {}});
  filters.push_back({"last 7 days", {.from = week}});
  filters.push_back(
      {"a month, a year ago",
       {.from = world.end - std::chrono::days(365), .until = world.end - std::chrono::days(335)}});
  filters.push_back({"bounced", {.statuses = {Status::bounced}}});
  filters.push_back({"bounced, failed, dropped",
                     {.statuses = {Status::bounced, Status::failed, Status::dropped}}});
  filters.push_back({"sent", {.statuses = {Status::sent}}});
  filters.push_back({"opened", {.statuses = {Status::opened, Status::clicked}}});
  filters.push_back({"clicked", {.statuses = {Status::clicked}}});
  filters.push_back({"queued (none)", {.statuses = {Status::queued}}});
  filters.push_back({"transactional", {.kinds = {MessageKind::transactional}}});
  filters.push_back({"text messages (none)", {.channel = Channel::sms}});
  filters.push_back({"with attachments", {.has_attachments = true}});
  filters.push_back({"one sender", {.sender = "sender3@"}});
  filters.push_back({"subject, plain part", {.text = "weekly news no 12"}});
  filters.push_back({"an address", {.text = "person77@example27.org"}});
  filters.push_back({"the beginning of an address",
                     {.text = fmt::format("{:x}.person5@", bench::mixed(5) >> 40)}});
  filters.push_back({"a domain", {.text = "@example7.org"}});
  filters.push_back({"nobody", {.text = "nobody has this"}});
  filters.push_back({"nobody, last 7 days", {.from = week, .text = "nobody has this"}});
  filters.push_back({"a contact", {.contact = ContactId{77}}});
  filters.push_back({"a small group", {.group = kSmallGroup}});
  filters.push_back({"a large group", {.group = kLargeGroup}});
  filters.push_back({"the largest campaign", {.campaign = world.campaigns[0]}});
  filters.push_back({"bounced of the largest campaign",
                     {.statuses = {Status::bounced}, .campaign = world.campaigns[0]}});
  filters.push_back(
      {"opened of a campaign", {.statuses = {Status::opened}, .campaign = world.campaigns[0]}});
  filters.push_back({"an address in the largest campaign",
                     {.text = "person77@", .campaign = world.campaigns[0]}});
  filters.push_back({"a campaign of 90,000", {.campaign = world.campaigns[1]}});
  filters.push_back({"a small campaign", {.campaign = world.campaigns.back()}});
  filters.push_back(
      {"a small campaign, sent, with text",
       {.statuses = {Status::sent}, .text = "person1", .campaign = world.campaigns.back()}});
  std::vector<Request> made;
  for (const auto& [name, filter] : filters) {
    for (int i = 0; i < report::kMessageSortCount; ++i) {
      const auto sort = static_cast<report::MessageSort>(i);
      for (const bool is_descending : {true, false}) {
        report::MessageQuery query{.filter = filter, .sort = sort, .is_descending = is_descending};
        made.push_back({fmt::format("messages: {}, {}{}", name, is_descending ? "-" : "",
                                    report::to_string(sort)),
                        [query](db::Database& database) -> Result<bool> {
                          report::MessagePages pages(database, kOrganisation);
                          return TRY(pages.list(query)).searched_to.has_value();
                        }});
      }
    }
  }
  std::vector<std::pair<std::string, report::SendOutFilter>> send_outs;
  send_outs.push_back({"all", {}});
  send_outs.push_back({"last 7 days", {.from = week}});
  send_outs.push_back({"mailings", {.types = {SendOutType::mailing}}});
  send_outs.push_back({"not sent", {.statuses = {"bounced", "failed"}}});
  send_outs.push_back({"with attachments", {.has_attachments = true}});
  send_outs.push_back({"text", {.text = "ticket 77"}});
  for (const auto& [name, filter] : send_outs) {
    for (int i = 0; i < report::kSendOutSortCount; ++i) {
      for (const bool is_descending : {true, false}) {
        report::SendOutQuery query{.filter = filter,
                                   .sort = static_cast<report::SendOutSort>(i),
                                   .is_descending = is_descending};
        made.push_back({fmt::format("send-outs: {}, {}{}", name, is_descending ? "-" : "",
                                    report::to_string(query.sort)),
                        [query](db::Database& database) -> Result<bool> {
                          const auto page =
                              TRY(report::SendOuts(database, kOrganisation).list(query));
                          return !page.next_cursor.empty() && std::ssize(page.items) < query.limit;
                        }});
      }
    }
  }
  return made;
}

Result<bool> campaign_page(db::Database& database, CampaignId campaign) {
  TRY(database.read_value([&](db::Connection& connection) {
    return report::statistics(connection, kOrganisation, campaign, {.opens = true, .clicks = true});
  }));
  TRY(report::list_recipients(database, kOrganisation, {.filter = {.campaign = campaign}}));
  return false;
}

double cpu_ms(clockid_t clock) {
  timespec spent{};
  ::clock_gettime(clock, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

// The CPU of this thread, and of PostgreSQL's sessions for this database on this machine.
class RequestCpu {
 public:
  explicit RequestCpu(db::Database& database) {
    if (database.dialect() == db::Dialect::sqlite) return;
    must(database.read([&](db::Connection& c) {
      return c.query({"",
                      "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                      " AND backend_type = 'client backend'"},
                     {}, [&](const db::Row& row) { add(static_cast<pid_t>(row.integer(0))); });
    }));
  }
  double ms() const {
    double sum = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
    for (const clockid_t session : sessions_) sum += cpu_ms(session);
    return sum;
  }

 private:
  void add(pid_t pid) {
    std::string name;
    std::ifstream(fmt::format("/proc/{}/comm", pid)) >> name;
    clockid_t clock{};
    if (name == "postgres" && ::clock_getcpuclockid(pid, &clock) == 0) sessions_.push_back(clock);
  }

  std::vector<clockid_t> sessions_;
};

struct Times {
  std::vector<double> ms;
  double p95() {
    std::ranges::sort(ms);
    return ms.empty() ? 0 : ms[std::min(ms.size() - 1, ms.size() * 95 / 100)];
  }
};

double timed(db::Database& database, const Request& request, bool& is_short) {
  const auto begin = std::chrono::steady_clock::now();
  is_short = must(request.run(database));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

void measure(db::Database& database, const bench::World& world, const Flags& flags,
             const char* kind) {
  Times all;
  Times all_cpu;
  double worst = 0;
  std::string worst_name;
  int short_pages = 0;
  int slow = 0;
  int slow_cpu = 0;
  auto list = requests(world);
  std::erase_if(list, [&](const Request& request) { return !request.name.contains(flags.only); });
  const double cpu_before = bench::cpu_us();
  for (const Request& request : list) {
    Times own;
    bool is_short = false;
    Times own_cpu;
    const RequestCpu spent(database);
    for (int i = 0; i < flags.repeat; ++i) {
      const double begin = spent.ms();
      own.ms.push_back(timed(database, request, is_short));
      own_cpu.ms.push_back(spent.ms() - begin);
    }
    all_cpu.ms.insert(all_cpu.ms.end(), own_cpu.ms.begin(), own_cpu.ms.end());
    short_pages += is_short;
    all.ms.insert(all.ms.end(), own.ms.begin(), own.ms.end());
    const double p95 = own.p95();
    slow += p95 > 50;
    slow_cpu += own_cpu.p95() > 50;
    if (flags.is_verbose)
      fmt::print(stderr, "{:8.2f} ms {:8.2f} CPU ms  {}{}\n", p95, own_cpu.p95(), request.name,
                 is_short ? " (short)" : "");
    if (p95 <= worst) continue;
    worst = p95;
    worst_name = request.name;
  }
  const double cpu = bench::cpu_us() - cpu_before;
  Times page;
  const Request own_page{"", [&](db::Database& d) { return campaign_page(d, world.campaigns[0]); }};
  bool is_short = false;
  for (int i = 0; i < std::max(flags.repeat, 20); ++i)
    page.ms.push_back(timed(database, own_page, is_short));
  double wall = 0;
  for (const double ms : all.ms) wall += ms;
  fmt::print(
      "{{\"bench\": \"search\", \"database\": \"{}\", \"n\": {}, \"requests\": {}, \"per_s\": "
      "{:.0f}, "
      "\"p95_ms\": {:.1f}, \"p95_cpu_ms\": {:.1f}, \"campaign_page_p95_ms\": {:.1f}, "
      "\"over_50_ms\": {}, \"over_50_cpu_ms\": {}, \"short_pages\": {}, "
      "\"worst\": {{\"request\": \"{}\", \"p95_ms\": {:.1f}}}, \"cpu_us_each\": {:.0f}, "
      "\"rss_mb\": {:.0f}, \"peers\": {{}}, \"ratios\": {{}}}}\n",
      kind, flags.n, list.size(), double(all.ms.size()) / wall * 1000, all.p95(), all_cpu.p95(),
      page.p95(), slow, slow_cpu, short_pages, worst_name, worst, cpu / double(all.ms.size()),
      bench::rss_mb());
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("F7: search in the log");
  app.add_option("--n", flags.n, "Messages")->check(CLI::Range(1000, 100'000'000));
  const auto small = [&flags] {
    flags.n = 2'000;
    flags.repeat = 1;
  };
  app.add_flag_callback("--small", small, "Only to see that it runs");
  app.add_option("--repeat", flags.repeat, "How often each request")->check(CLI::Range(1, 1000));
  app.add_option("--database", flags.database, "An empty database, instead of a new SQLite file");
  app.add_flag("--filled", flags.is_filled, "The database is one that a run with this --n filled");
  app.add_option("--only", flags.only, "Requests with this in their name");
  app.add_flag("--verbose", flags.is_verbose, "Each request's p95 on stderr");
  CLI11_PARSE(app, argc, argv);
  const fs::path folder = fs::temp_directory_path() / fmt::format("tidings-search-{}", ::getpid());
  if (flags.database.empty()) fs::create_directory(folder);
  const std::string url =
      flags.database.empty() ? "sqlite:" + (folder / "db").string() : flags.database;
  {
    const auto database = must(db::Database::open(url));
    must(db::migrate(*database));
    const std::int64_t contacts = std::max<std::int64_t>(flags.n / 10, 1000);
    add_people(*database, flags, contacts);
    bench::Record record(*database, flags.n, contacts,
                         Instant(std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}));
    if (flags.is_filled) record.is_filled();
    const bench::World world = must(record.fill());
    measure(*database, world, flags,
            database->dialect() == db::Dialect::sqlite ? "sqlite" : "postgres");
  }
  if (flags.database.empty()) fs::remove_all(folder);
  return 0;
}
