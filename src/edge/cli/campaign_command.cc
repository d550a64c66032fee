#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "edge/api/json_values.h"
#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/campaign_new.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {

namespace {

namespace json = boost::json;

struct CampaignFlags {
  WorkplaceOptions place;
  std::string id;
  std::string at;
  std::string zone;
  std::string fold = "earlier";
  std::string reason;
  bool override_sender = false;
  bool override_findings = false;
  bool is_json = false;
};

std::int64_t number_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

// One campaign in a line: what it is, how far, and when it starts or why it waits.
void print_line(const json::object& campaign) {
  const json::object& progress = campaign.at("progress").as_object();
  std::string line = fmt::format("{}  {:<20}  {:>7} of {:<7}  {}", text_of(campaign, "id"),
                                 text_of(campaign, "state"), number_of(progress, "completed"),
                                 number_of(progress, "total"), harmless(text_of(campaign, "name")));
  if (const auto starts = text_of(campaign, "starts_at"); !starts.empty()) {
    line += fmt::format("  (starts {})", starts);
  }
  if (const auto reason = text_of(campaign, "reason"); !reason.empty()) {
    line += fmt::format("  ({})", harmless(reason));
  }
  fmt::print("{}\n", line);
}

int list(const CampaignFlags& flags) {
  const auto listed = each_item(flags.place, "/campaigns", [&](const json::object& campaign) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(campaign));
    } else {
      print_line(campaign);
    }
    return true;
  });
  return listed ? kDone : report(listed.error());
}

// "in nl, fr, pl-PL", of one in several languages.
void print_languages(const json::object& campaign) {
  const json::array& variants = campaign.at("variants").as_array();
  if (variants.empty()) return;
  const std::string own = text_of(campaign.at("draft").as_object(), "locale");
  std::string line = own.empty() ? "its own language" : own;
  for (const json::value& variant : variants) {
    line += ", " + text_of(variant.as_object(), "locale");
  }
  fmt::print("  in {}\n", harmless(line));
}

int act(const CampaignFlags& flags, std::string_view step, const json::value& body) {
  const bool is_look = step.empty();
  const std::string target =
      is_look ? "/campaigns/" + flags.id : fmt::format("/campaigns/{}/{}", flags.id, step);
  const auto answer = call_api(flags.place, is_look ? "GET" : "POST", target, body);
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(answer->body));
  } else {
    print_line(answer->body.as_object());
    print_languages(answer->body.as_object());
  }
  return kDone;
}

json::object overrides(const CampaignFlags& flags) {
  json::object body;
  if (flags.override_sender) body["override_sender"] = true;
  if (flags.override_findings) body["override_findings"] = true;
  return body;
}

int schedule(const CampaignFlags& flags) {
  json::object body = overrides(flags);
  body["at"] = flags.at;
  body["time_zone"] = flags.zone;
  body["fold"] = flags.fold;
  return act(flags, "schedule", body);
}

void add_common(Parser& command, CampaignFlags& flags, bool has_id) {
  if (has_id) command.add_option("id", flags.id, "The campaign").required();
  add_place(command, flags.place);
  command.add_flag("--json", flags.is_json, "Print what the API answers");
}

}  // namespace

void add_campaign_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<CampaignFlags>();
  auto* campaign = app.add_subcommand("campaign", "Look at campaigns and steer them");
  campaign->require_subcommand(1);
  campaign->footer(
      "Example:\n"
      "  tidings campaign schedule 01jc7v2m9k3xa --at \"2026-12-01 08:00\" --zone Europe/Brussels");
  auto* every = campaign->add_subcommand("list", "All campaigns, newest first");
  add_common(*every, *flags, false);
  every->callback([&line, flags] { line.run = [flags] { return list(*flags); }; });
  add_campaign_new(*campaign, line);
  struct Step {
    const char* name;
    const char* step;
    const char* what;
  };
  for (const Step& step : {Step{"show", "", "One campaign"},
                           Step{"stop", "stop", "Take a schedule back: a draft again"},
                           Step{"resume", "resume", "Go on with what is not sent"},
                           Step{"abort", "abort", "Cancel what is not sent, for good"},
                           Step{"copy", "copy", "Use it again, as a new draft"}}) {
    auto* command = campaign->add_subcommand(step.name, step.what);
    add_common(*command, *flags, true);
    command->callback([&line, flags, name = std::string(step.step)] {
      line.run = [flags, name] { return act(*flags, name, nullptr); };
    });
  }
  auto* pause = campaign->add_subcommand("pause", "Let nothing more leave for now");
  add_common(*pause, *flags, true);
  pause->add_option("--reason", flags->reason, "Shown to the others");
  pause->callback([&line, flags] {
    line.run = [flags] { return act(*flags, "pause", json::object{{"reason", flags->reason}}); };
  });
  for (const Step& step : {Step{"start", "start", "Start a draft now"},
                           Step{"release", "release", "Let a held campaign begin"}}) {
    auto* command = campaign->add_subcommand(step.name, step.what);
    add_common(*command, *flags, true);
    command->add_flag("--override-sender", flags->override_sender,
                      "Although the sender is not verified");
    if (std::string_view(step.name) == "start") {
      command->add_flag("--override-findings", flags->override_findings,
                        "In spite of what is wrong with the message");
    }
    command->callback([&line, flags, name = std::string(step.step)] {
      line.run = [flags, name] { return act(*flags, name, overrides(*flags)); };
    });
  }
  auto* later = campaign->add_subcommand("schedule", "Start a draft at a time in a named zone");
  add_common(*later, *flags, true);
  later->add_option("--at", flags->at, "Local time, like \"2026-12-01 08:00\"").required();
  later->add_option("--zone", flags->zone, "Time zone, like Europe/Brussels").required();
  later->add_option("--fold", flags->fold, "Which of two, where the clocks go back")
      .one_of({"earlier", "later"})
      .show_default();
  later->add_flag("--override-sender", flags->override_sender,
                  "Although the sender is not verified");
  later->add_flag("--override-findings", flags->override_findings,
                  "In spite of what is wrong with the message");
  later->callback([&line, flags] { line.run = [flags] { return schedule(*flags); }; });
}

}  // namespace tidings::cli
