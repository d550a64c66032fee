// tidings problems: addresses that mail did not get to, campaigns in trouble, and what to do.
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/json_text.h"
#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct ProblemFlags {
  WorkplaceOptions place;
  std::string id;
  std::string address;
  std::string note;
  bool sends_again = false;
  bool is_settled = false;
  bool is_json = false;
};

void print_address(const json::object& problem) {
  std::string who;
  for (const json::value& contact : problem.at("contacts").as_array()) {
    who += (who.empty() ? "  " : ", ") + harmless(text_of(contact.as_object(), "name"));
  }
  fmt::print("{}  {}{}\n", text_of(problem, "id"), harmless(text_of(problem, "address")), who);
  fmt::print("    {}, last on {}.\n", text_of(problem, "why"), text_of(problem, "last_at"));
  if (const auto said = text_of(problem, "diagnostic"); !said.empty()) {
    fmt::print("    The server said: {}\n", harmless(said));
  }
  const std::string stopped = text_of(problem, "stopped");
  if (stopped != "nothing") {
    const std::string until = text_of(problem, "stopped_until");
    fmt::print("    It gets {} {}.\n", stopped == "everything" ? "nothing" : "no campaigns",
               until.empty() ? "until somebody releases it" : "until " + until);
  }
  if (problem.at("is_open").as_bool()) {
    fmt::print("    {}\n", text_of(problem, "what_to_do"));
  } else {
    fmt::print("    Settled by {}. {}\n", harmless(text_of(problem, "settled_by")),
               harmless(text_of(problem, "settled_note")));
  }
}

// Of every page. Returns how many there were.
Result<std::size_t> each_address(const ProblemFlags& flags) {
  std::size_t count = 0;
  const std::string target =
      fmt::format("/problems/addresses?limit=200{}", flags.is_settled ? "&settled=true" : "");
  for (std::string next = target; !next.empty();) {
    const auto answer = TRY(call_api(flags.place, "GET", next));
    for (const json::value& each : answer.body.at("items").as_array()) {
      ++count;
      if (flags.is_json) {
        fmt::print("{}\n", json::serialize(each));
      } else {
        print_address(each.as_object());
      }
    }
    const std::string cursor = text_of(answer.body.as_object(), "next_cursor");
    next = cursor.empty() ? "" : target + "&cursor=" + wire::percent_encode(cursor);
  }
  return count;
}

Result<std::size_t> each_campaign(const ProblemFlags& flags) {
  const auto answer = TRY(call_api(flags.place, "GET", "/problems/campaigns"));
  const json::array& items = answer.body.at("items").as_array();
  for (const json::value& value : items) {
    const json::object& each = value.as_object();
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(each));
    } else {
      fmt::print("{}  {}: {}\n    {}\n", text_of(each, "campaign_id"),
                 harmless(text_of(each, "name")), harmless(text_of(each, "sentence")),
                 text_of(each, "what_to_do"));
    }
  }
  return items.size();
}

int list(const ProblemFlags& flags) {
  std::size_t count = 0;
  if (!flags.is_settled) {
    const auto campaigns = each_campaign(flags);
    if (!campaigns) return report(campaigns.error());
    count += *campaigns;
  }
  const auto addresses = each_address(flags);
  if (!addresses) return report(addresses.error());
  count += *addresses;
  if (count == 0 && !flags.is_json) {
    fmt::print("{}\n", flags.is_settled ? "Nothing was settled yet." : "Nothing needs a person.");
  }
  return kDone;
}

int fix(const ProblemFlags& flags) {
  json::object body{{"send_again", flags.sends_again}};
  if (!flags.address.empty()) body["address"] = flags.address;
  if (!flags.note.empty()) body["note"] = flags.note;
  const auto answer =
      call_api(flags.place, "POST",
               "/problems/addresses/" + wire::percent_encode(flags.id) + "/fix", std::move(body));
  if (!answer) return report(answer.error());
  const json::object& fixed = answer->body.as_object();
  const std::string address = harmless(text_of(fixed, "address"));
  if (flags.address.empty()) {
    fmt::print("{} can be written to again.\n", address);
  } else {
    const std::size_t files = fixed.at("contacts").as_array().size();
    fmt::print("{} is the address in {} {} now.\n", address, files, files == 1 ? "file" : "files");
  }
  if (const auto message = text_of(fixed, "message_id"); !message.empty()) {
    fmt::print("The message goes to it again: {}\n", message);
  }
  return kDone;
}

int settle(const ProblemFlags& flags) {
  const auto answer = call_api(flags.place, "POST",
                               "/problems/addresses/" + wire::percent_encode(flags.id) + "/settle",
                               json::object{{"note", flags.note}});
  if (!answer) return report(answer.error());
  fmt::print("Settled. What is suppressed stays so.\n");
  return kDone;
}

}  // namespace

void add_problem_commands(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<ProblemFlags>();
  auto* problems = app.add_subcommand("problems", "What needs a person, why, and what to do");
  add_place(*problems, flags->place);
  problems->add_flag("--settled", flags->is_settled, "What was settled instead");
  problems->add_flag("--json", flags->is_json, "One JSON object per line");
  problems->footer(
      "Examples:\n"
      "  tidings problems\n"
      "  tidings problems fix 01jc7v2m9k3xa --address anna@example.org --send-again\n"
      "  tidings problems fix 01jc7v2m9k3xa --note \"she emptied her mailbox\"\n"
      "  tidings problems settle 01jc7v2m9k3xa --note \"left the club\"");
  auto* fixing = problems->add_subcommand(
      "fix", "Correct the address, or say that it is right after all; send again");
  fixing->add_option("id", flags->id, "As the list tells it").required();
  fixing->add_option("--address", flags->address, "The right address; without, it is released");
  fixing->add_option("--note", flags->note, "Why it may be written to again");
  fixing->add_flag("--send-again", flags->sends_again, "The message that did not arrive last");
  add_place(*fixing, flags->place);
  fixing->callback([&line, flags] { line.run = [flags] { return fix(*flags); }; });
  auto* settling = problems->add_subcommand("settle", "Take it off the list");
  settling->add_option("id", flags->id, "As the list tells it").required();
  settling->add_option("--note", flags->note, "What was decided");
  add_place(*settling, flags->place);
  settling->callback([&line, flags] { line.run = [flags] { return settle(*flags); }; });
  problems->callback([&line, flags] {
    if (!line.run) line.run = [flags] { return list(*flags); };
  });
}

}  // namespace tidings::cli
