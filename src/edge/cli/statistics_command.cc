// tidings statistics: what became of a campaign, in figures.
#include "edge/cli/statistics_command.h"

#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct StatisticsFlags {
  WorkplaceOptions place;
  std::string campaign;
  std::string by;  // "", hour, day, program, domain
  std::string zone;
  bool is_json = false;
};

std::string number(const json::value& of, std::string_view name) {
  const json::value& found = of.at(name);
  return found.is_null() ? "-" : grouped(found.to_number<std::int64_t>());
}
std::string percent(const json::value& of, std::string_view name) {
  const json::value& found = of.at(name);
  return found.is_null() ? "-" : fmt::format("{:.1f} %", found.to_number<double>());
}
std::string words(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  return text;
}

void print_figures(const json::value& figures) {
  fmt::print("Where each of {} messages ended\n", number(figures, "total"));
  for (const json::value& line : figures.at("ended").as_array()) {
    fmt::print("{}{}  {}\n", right_aligned(number(line, "amount"), 12),
               right_aligned(percent(line, "percent"), 10), line.at("line").as_string().c_str());
  }
  fmt::print("What happened along the way\n");
  for (const json::value& figure : figures.at("along_the_way").as_array()) {
    std::string apart;
    if (!figure.at("times").is_null()) {
      apart = fmt::format("  ({} times; machines {})", number(figure, "times"),
                          number(figure, "machine"));
    }
    fmt::print("{}{}  {}{}\n", right_aligned(number(figure, "people"), 12),
               right_aligned(percent(figure, "of_sent"), 10),
               words(figure.at("figure").as_string()), apart);
  }
  if (const json::value& totals = figures.at("totals"); !totals.is_null()) {
    fmt::print("Totals only: opened {} times and clicked {}; machines {} and {}\n",
               number(totals, "opens"), number(totals, "clicks"), number(totals, "machine_opens"),
               number(totals, "machine_clicks"));
  }
  std::string missing;
  for (const json::value& word : figures.at("not_measured").as_array()) {
    missing += (missing.empty() ? "" : ", ") + words(word.as_string());
  }
  if (!missing.empty()) fmt::print("Not measured: {}\n", missing);
}

void print_item(const std::string& by, const json::object& item) {
  const json::value row(item);
  if (by == "program") {
    fmt::print("{}{}{}  {}, {}\n", right_aligned(number(row, "people"), 10),
               right_aligned(number(row, "opens"), 10), right_aligned(number(row, "clicks"), 10),
               harmless(item.at("program").as_string()), harmless(item.at("device").as_string()));
  } else if (by == "domain") {
    fmt::print("{}{}{}{}  {}\n", right_aligned(number(row, "sent"), 10),
               right_aligned(number(row, "bounced"), 10), right_aligned(number(row, "opened"), 10),
               right_aligned(number(row, "clicked"), 10), harmless(item.at("domain").as_string()));
  } else {
    fmt::print("{}{}{}{}{}  {}\n", right_aligned(number(row, "opened"), 10),
               right_aligned(number(row, "clicked"), 10), right_aligned(number(row, "opens"), 10),
               right_aligned(number(row, "clicks"), 10),
               right_aligned(grouped(item.at("machine_opens").to_number<std::int64_t>() +
                                     item.at("machine_clicks").to_number<std::int64_t>()),
                             10),
               harmless(item.at("at").as_string()));
  }
}

void print_heading(const std::string& by) {
  const auto columns = [](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) fmt::print("{}", right_aligned(name, 10));
    fmt::print("\n");
  };
  if (by == "program") return columns({"people", "opens", "clicks"});
  if (by == "domain") return columns({"sent", "bounced", "opened", "clicked"});
  columns({"opened", "clicked", "opens", "clicks", "machines"});
}

int run(const StatisticsFlags& flags) {
  const std::string at = "/campaigns/" + wire::percent_encode(flags.campaign) + "/statistics";
  if (flags.by.empty()) {
    const auto answer = call_api(flags.place, "GET", at);
    if (!answer) return report(answer.error());
    if (flags.is_json) {
      fmt::print("{}\n", answer->text);
    } else {
      print_figures(answer->body);
    }
    return kDone;
  }
  std::string target = at + (flags.by == "program"  ? "/programs"
                             : flags.by == "domain" ? "/domains?limit=200"
                                                    : "/activity?by=" + flags.by);
  if (!flags.zone.empty() && (flags.by == "hour" || flags.by == "day")) {
    target += "&time_zone=" + wire::percent_encode(flags.zone);
  }
  if (!flags.is_json) print_heading(flags.by);
  const auto each = [&](const json::object& item) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(item));
    } else {
      print_item(flags.by, item);
    }
    return true;
  };
  if (flags.by == "hour" || flags.by == "day") {
    const auto listed = each_item(flags.place, target, each);
    return listed ? kDone : report(listed.error());
  }
  const auto answer = call_api(flags.place, "GET", target);
  if (!answer) return report(answer.error());
  for (const json::value& item : answer->body.at("items").as_array()) each(item.as_object());
  return kDone;
}

}  // namespace

void add_statistics_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<StatisticsFlags>();
  auto* command = app.add_subcommand("statistics", "What became of a campaign, in figures");
  add_place(*command, flags->place);
  command->add_option("campaign", flags->campaign, "Its id").required();
  command->add_option("--by", flags->by, "Split up: by hour, day, program or domain")
      .one_of({"hour", "day", "program", "domain"});
  command->add_option("--zone", flags->zone, "Whose hours and days; the organisation's by default");
  command->add_flag("--json", flags->is_json, "As the API answers; split up, one object per line");
  command->footer(
      "Examples:\n"
      "  tidings statistics 01jc7v2m9k3xa\n"
      "  tidings statistics 01jc7v2m9k3xa --by day --zone Europe/Brussels");
  command->callback([&line, flags] { line.run = [flags] { return run(*flags); }; });
}

}  // namespace tidings::cli
