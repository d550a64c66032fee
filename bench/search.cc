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
constexpr std::size_t kChunk = 5000;

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

std::uint64_t mixed(std::int64_t i) { return static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15u; }

struct World {
  Instant end{};
  std::vector<CampaignId> campaigns;  // the first has three tenths of all, the second 90,000
  std::int64_t contacts = 0;
};

class Filler {
 public:
  Filler(db::Database& database, const Flags& flags) : database_(database), flags_(flags) {}

  World fill() {
    world_.contacts = std::max<std::int64_t>(flags_.n / 10, 1000);
    people();
    const std::int64_t big = flags_.n * 3 / 10;
    const std::int64_t middle = std::min<std::int64_t>(90'000, flags_.n / 10);
    const std::int64_t singles = flags_.n / 20;
    const std::int64_t rest = flags_.n - big - middle - singles;
    constexpr int kSmall = 398;
    // Two years of mailings, the large ones among them, the singles between.
    at_ = Instant(std::chrono::sys_days{std::chrono::year{2025} / 1 / 1});
    content(900, "Ticket {{ contact.first_name }}", 0);
    for (int i = 0; i < kSmall; ++i) {
      if (i == 300) campaign(big);
      if (i == 390) campaign(middle);
      campaign(rest / kSmall);
      many(singles / kSmall, CampaignId{}, ContentVersionId{900}, 0);
      at_ += std::chrono::hours(42);
    }
    std::ranges::sort(world_.campaigns, std::ranges::greater(),
                      [&](CampaignId id) { return sizes_[id.value % 1000]; });
    world_.end = at_;
    write([&](db::Connection& c) {
      return c.run_script(c.dialect() == db::Dialect::sqlite ? "SELECT 1" : "ANALYZE");
    });
    return world_;
  }

 private:
  void write(const db::Database::Work& work) {
    if (!flags_.is_filled) must(database_.write(db::Priority::import, work));
  }

  void people() {
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO organisation (id, name, locale, time_zone, postal_address,"
                     " settings, created_at) VALUES (1, 'Bench', 'en', 'UTC', '', '{}', 0)"}));
      TRY(c.execute({"",
                     "INSERT INTO contact_group (organisation_id, id, name, origin, created_at,"
                     " members) VALUES (1, 11, 'Small', 0, 0, 200), (1, 12, 'Large', 0, 0, $1)"},
                    {world_.contacts / 2}));
      return {};
    });
    static constexpr std::array<std::string_view, 6> kContact = {
        "organisation_id", "id", "first_name", "sort_name", "created_at", "changed_at"};
    static constexpr std::array<std::string_view, 4> kMember = {"organisation_id", "group_id",
                                                                "contact_id", "added_at"};
    for (std::int64_t first = 1; first <= world_.contacts; first += kChunk) {
      write([&](db::Connection& c) -> Result<void> {
        std::vector<std::string> names;
        names.reserve(kChunk);
        std::vector<Param> rows;
        std::vector<Param> members;
        for (std::int64_t i = first; i < first + std::int64_t(kChunk) && i <= world_.contacts;
             ++i) {
          names.push_back(fmt::format("{:x} person", mixed(i) >> 40));
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

  void content(std::int64_t id, std::string subject, int attachments) {
    const std::string html(20'000, 'x');
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute(
          {"",
           "INSERT INTO content_version (organisation_id, id, subject, html, text, from_name,"
           " from_address, reply_to, envelope_from, options, used_variables, reference_codec,"
           " reference, created_at) VALUES (1, $1, $2, $3, '', 'Sender', $4, '', '', '{}',"
           " '[]', 0, $5, 0)"},
          {id, subject, html, fmt::format("sender{}@club.example", id % 7), db::BytesView{"ref"}}));
      if (attachments == 0) return {};
      TRY(c.execute({"",
                     "INSERT INTO blob (organisation_id, hash, size, content, created_at)"
                     " VALUES (1, $1, 1, $1, 0) ON CONFLICT DO NOTHING"},
                    {db::BytesView{"h"}}));
      TRY(c.execute({"",
                     "INSERT INTO content_attachment (organisation_id, content_version_id,"
                     " position, file_name, media_type, description, blob_hash) VALUES"
                     " (1, $1, 0, 'a', 'b', '', $2)"},
                    {id, db::BytesView{"h"}}));
      return {};
    });
  }

  void campaign(std::int64_t size) {
    const int number = static_cast<int>(world_.campaigns.size());
    const CampaignId id{(smallest() | 0) / 1000 * 1000 + number};
    world_.campaigns.push_back(id);
    sizes_[number] = size;
    content(1000 + number,
            fmt::format("{} news no {} for {{{{ contact.first_name }}}}",
                        number % 3 ? "Monthly" : "Weekly", number),
            number % 10 == 0);
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO campaign (organisation_id, id, name, kind, channel, state,"
                     " content_version_id, transport_id, audience, options, expanded_at,"
                     " created_at, started_at, finished_at, changed_at) VALUES (1, $1, $2, 0, 0,"
                     " 4, $3, 1, '{}', '{}', $4, $4, $4, $4, $4)"},
                    {id, fmt::format("Campaign {}", number), 1000 + number, at_}));
      return {};
    });
    many(size, id, ContentVersionId{1000 + number}, number);
  }

  std::int64_t smallest() const { return report::smallest_id_at(at_); }

  void many(std::int64_t count, CampaignId campaign, ContentVersionId content, int salt) {
    static constexpr std::array<std::string_view, 18> kMessage = {"organisation_id",
                                                                  "id",
                                                                  "campaign_id",
                                                                  "content_version_id",
                                                                  "kind",
                                                                  "channel",
                                                                  "contact_id",
                                                                  "address",
                                                                  "normalised",
                                                                  "values_hash",
                                                                  "message_values",
                                                                  "state",
                                                                  "status",
                                                                  "reason",
                                                                  "attempts",
                                                                  "due_at",
                                                                  "is_ambiguous",
                                                                  "queued_at"};
    static constexpr std::array<std::string_view, 4> kAbout = {"organisation_id", "contact_id",
                                                               "message_id", "is_recipient"};
    static constexpr std::array<std::string_view, 6> kSendOut = {
        "organisation_id", "id", "type", "subject_key", "sender_key", "has_attachments"};
    std::vector<std::string_view> columns(kMessage.begin(), kMessage.end());
    columns.emplace_back("changed_at");
    std::int64_t sent = 0;
    const std::int64_t first_id = next_;
    const Instant begin = at_;
    next_ = std::max(next_, smallest());
    const std::int64_t first = next_;
    for (std::int64_t done = 0; done < count; done += kChunk) {
      std::vector<std::string> texts;
      texts.reserve(3 * kChunk);
      std::vector<Param> rows;
      std::vector<Param> about;
      std::vector<Param> singles;
      for (std::int64_t i = done; i < std::min<std::int64_t>(count, done + kChunk); ++i) {
        const std::uint64_t dice = mixed(i * 31 + salt) >> 33;
        const std::int64_t person =
            1 + static_cast<std::int64_t>((static_cast<std::uint64_t>(i) * 7 + dice % 5) %
                                          static_cast<std::uint64_t>(world_.contacts));
        int status = 3;
        // Some of those sent were opened, fewer clicked.
        if (dice / 1000 % 10 < 3) status = dice / 10000 % 6 == 0 ? 6 : 5;
        int state = 3;
        if (dice % 100 >= 92) status = std::array{7, 7, 7, 12, 11, 11, 10, 9}[dice % 8];
        if (status == 7) state = 4;
        if (status == 12) state = 5;
        if (status == 11) state = 7;
        if (status == 10) state = 8;
        sent += state == 3;
        texts.push_back(
            fmt::format("{:x}.person{}@example{}.org", mixed(person) >> 40, person, person % 50));
        const std::int64_t id = next_++;
        const bool is_single = !campaign.valid();
        rows.insert(rows.end(),
                    {Param(1), Param(id), is_single ? Param() : Param(campaign), Param(content),
                     Param(is_single ? 2 : 0), Param(0), Param(person), Param(texts.back()),
                     Param(texts.back()), Param(id), Param(R"({"first_name":"Zoë"})"), Param(state),
                     Param(status), Param(state == 3 ? "accepted" : "mailbox_full"), Param(1),
                     Param(at_), Param(0), Param(at_), Param(at_)});
        about.insert(about.end(), {Param(1), Param(person), Param(id), Param(1)});
        if (!is_single) continue;
        texts.push_back(fmt::format("ticket {}", dice % 1000));
        singles.insert(singles.end(), {Param(1), Param(id), Param(1), Param(texts.back()),
                                       Param("sender sender4@club.example"), Param(0)});
      }
      write([&](db::Connection& c) -> Result<void> {
        TRY(c.insert_many("message", columns, rows));
        TRY(c.insert_many("message_about", kAbout, about));
        if (!singles.empty()) TRY(c.insert_many("send_out", kSendOut, singles));
        return {};
      });
      at_ += std::chrono::seconds(2);
    }
    at_ = std::max(at_, begin);
    if (!campaign.valid()) return;
    static_cast<void>(first_id);
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO campaign_counter (organisation_id, campaign_id, node_number,"
                     " sent, bounced, first_message_id, last_message_id) VALUES (1, $1, 0, $2,"
                     " $3, $4, $5)"},
                    {campaign, sent, count - sent, first, next_ - 1}));
      return {};
    });
  }

  db::Database& database_;
  const Flags& flags_;
  World world_;
  Instant at_{};
  std::int64_t next_ = 0;
  std::map<std::int64_t, std::int64_t> sizes_;
};

struct Request {
  std::string name;
  // Whether the page ended at the bound.
  std::function<Result<bool>(db::Database&)> run;
};

std::vector<Request> requests(const World& world) {
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
  filters.push_back(
      {"the beginning of an address", {.text = fmt::format("{:x}.person5@", mixed(5) >> 40)}});
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

void measure(db::Database& database, const World& world, const Flags& flags, const char* kind) {
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
    const World world = Filler(*database, flags).fill();
    measure(*database, world, flags,
            database->dialect() == db::Dialect::sqlite ? "sqlite" : "postgres");
  }
  if (flags.database.empty()) fs::remove_all(folder);
  return 0;
}
