// tidings tracking: whether opens and followed links are counted, and what was counted.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct TrackingFlags {
  WorkplaceOptions place;
  std::string mode;
  std::string addresses;
  std::string campaign;
  bool is_json = false;
};

std::string_view word(const json::value& object, std::string_view name) {
  return object.at(name).as_string();
}

void print_mode(const json::value& organisation) {
  const std::string_view mode = word(organisation, "tracking");
  const std::string_view addresses = word(organisation, "tracked_address");
  if (mode == "off") {
    fmt::print("Tracking is off: links are left as they are, and nothing is counted.\n");
  } else if (mode == "totals") {
    fmt::print("Totals only: it is counted how often, and not who.\n");
  } else {
    fmt::print("Each message is followed by itself; of network addresses {}.\n",
               addresses == "none"    ? "nothing is kept"
               : addresses == "whole" ? "all is kept"
                                      : "the network is kept");
  }
}

int show(const TrackingFlags& flags) {
  const auto answer = call_api(flags.place, "GET", "/organisation");
  if (!answer) return report(answer.error());
  print_mode(answer->body);
  return kDone;
}

int change(const TrackingFlags& flags) {
  json::object body{{"tracking", flags.mode}};
  if (!flags.addresses.empty()) body["tracked_address"] = flags.addresses;
  const auto answer = call_api(flags.place, "PATCH", "/organisation", body);
  if (!answer) return report(answer.error());
  print_mode(answer->body);
  return kDone;
}

int links(const TrackingFlags& flags) {
  const auto answer =
      call_api(flags.place, "GET", "/campaigns/" + wire::percent_encode(flags.campaign) + "/links");
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", answer->text);
    return kDone;
  }
  const json::value& figures = answer->body;
  if (!figures.at("tracks_opens").as_bool() && !figures.at("tracks_clicks").as_bool()) {
    fmt::print("Nothing of this campaign is tracked.\n");
    return kDone;
  }
  const auto number = [](const json::value& of, std::string_view name) {
    return grouped(of.at(name).to_number<std::int64_t>());
  };
  const bool is_total = figures.at("is_total").as_bool();
  const auto line = [&](const json::value& of, std::string_view prefix, const std::string& what) {
    const auto named = [&](std::string_view name) {
      return number(of, prefix.empty() ? std::string(name) : fmt::format("{}_{}", prefix, name));
    };
    fmt::print("{}{}{}  {}\n", is_total ? "" : right_aligned(named("people"), 10),
               right_aligned(named("hits"), 12), right_aligned(named("machine_hits"), 12), what);
  };
  fmt::print("{}{}{}\n", is_total ? "" : right_aligned("people", 10), right_aligned("requests", 12),
             right_aligned("by machines", 12));
  line(figures, "image", "the picture was loaded");
  for (const json::value& link : figures.at("links").as_array()) {
    const std::string_view locale = word(link, "locale");
    line(link, "",
         fmt::format("{}. {}{}", number(link, "number"), harmless(word(link, "url")),
                     locale.empty() ? "" : fmt::format(" ({})", locale)));
  }
  return kDone;
}

}  // namespace

void add_tracking_command(Parser& app, CommandLine& line) {
  auto* command = app.add_subcommand("tracking", "Whether opens and followed links are counted");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(const TrackingFlags&)) {
    auto flags = std::make_shared<TrackingFlags>();
    auto* made = command->add_subcommand(name, help);
    add_place(*made, flags->place);
    made->callback([&line, flags, run] { line.run = [flags, run] { return run(*flags); }; });
    return std::pair(made, flags);
  };
  add("show", "What is chosen", show);
  const auto [changing, chosen] = add("set", "Choose it for the organisation", change);
  changing->add_option("mode", chosen->mode, "off, totals or individual")
      .required()
      .one_of({"off", "totals", "individual"});
  changing
      ->add_option("--addresses", chosen->addresses,
                   "What is kept of network addresses: none, truncated or whole")
      .one_of({"none", "truncated", "whole"});
  const auto [listing, listed] =
      add("links", "How often each link of a campaign was asked for", links);
  listing->add_option("campaign", listed->campaign, "Its id").required();
  listing->add_flag("--json", listed->is_json, "One JSON object");
  command->footer(
      "Examples:\n"
      "  tidings tracking set individual\n"
      "  tidings tracking links 01jc7v2m9k3xa");
}

}  // namespace tidings::cli
