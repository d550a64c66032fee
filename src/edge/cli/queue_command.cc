// tidings queue: what waits, why, and steering it; the receiving sites; tidings trace: all that
// happened with an address.
#include <boost/json.hpp>
#include <cstdio>
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

constexpr std::size_t kReasonWidth = 34;

struct QueueFlags {
  WorkplaceOptions place;
  std::string campaign;
  std::string domain;
  std::string address;
  std::string site;
  std::string reason;
  bool is_everything = false;
  bool is_json = false;
};

// What a person calls the reasons that the program gives itself.
std::string_view plain_reason(std::string_view state, std::string_view reason) {
  if (reason.empty()) return state == "waiting" ? "its turn comes" : "";
  if (reason == "site_slow") return "the site takes no more for now";
  if (reason == "site_paused") return "the site is left alone for now";
  if (reason == "site_suspended") return "the site is suspended";
  return reason;
}

std::string when(const json::object& line) {
  if (const auto next = text_of(line, "next_attempt_at"); !next.empty()) return "next " + next;
  return "since " + text_of(line, "oldest_queued_at");
}

// The database has nothing; what a sending process has in memory is another matter.
void print_nothing_waits(const QueueFlags& flags) {
  std::int64_t leaving = 0;
  if (const auto sites = call_api(flags.place, "GET", "/sites")) {
    for (const json::value& site : sites->body.at("items").as_array()) {
      leaving += site.at("ready").to_number<std::int64_t>() +
                 site.at("in_flight").to_number<std::int64_t>();
    }
  }
  if (leaving == 0) {
    fmt::print("Nothing waits.\n");
  } else {
    fmt::print(
        "Nothing waits in the database. {} ready to leave or on their way: see `tidings queue "
        "sites`.\n",
        leaving == 1 ? "One message is" : grouped(leaving) + " messages are");
  }
}

int list(const QueueFlags& flags) {
  std::string target = "/queue";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    target += (target.contains('?') ? "&" : "?") + std::string(name) + "=";
    target += wire::percent_encode(value);
  };
  add("campaign_id", flags.campaign);
  add("domain", flags.domain);
  const auto answer = call_api(flags.place, "GET", target);
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(answer->body));
    return kDone;
  }
  const json::object& view = answer->body.as_object();
  const json::array& lines = view.at("items").as_array();
  if (lines.empty()) print_nothing_waits(flags);
  for (const json::value& each : lines) {
    const json::object& line = each.as_object();
    const std::string campaign = text_of(line, "campaign_id");
    const std::string state = text_of(line, "state");
    const std::string reason = text_of(line, "reason");
    fmt::print("{:>9}  {:<8}  {}  {}  {}  {}\n",
               grouped(line.at("messages").to_number<std::int64_t>()), state,
               fitted(harmless(text_of(line, "domain")), 28),
               campaign.empty() ? "single       " : campaign,
               fitted(harmless(plain_reason(state, reason)), kReasonWidth), when(line));
  }
  if (view.at("is_cut").as_bool()) {
    fmt::print("There is more than this; see `tidings status` for the whole of each campaign.\n");
  }
  return kDone;
}

// Again until all of it is done; prints how many messages that were.
int steer_on(const QueueFlags& flags, const std::string& target, const json::object& body) {
  std::int64_t messages = 0;
  for (bool is_complete = false; !is_complete;) {
    const auto answer = call_api(flags.place, "POST", target, body);
    if (!answer) return report(answer.error());
    const json::object& done = answer->body.as_object();
    messages += done.at("messages").to_number<std::int64_t>();
    is_complete = done.at("is_complete").as_bool();
  }
  fmt::print("{} {}.\n", grouped(messages), messages == 1 ? "message" : "messages");
  return kDone;
}

int steer(const QueueFlags& flags, std::string_view action) {
  json::object body{{"action", action}};
  if (!flags.campaign.empty()) body["campaign_id"] = flags.campaign;
  if (!flags.domain.empty()) body["domain"] = flags.domain;
  if (flags.is_everything) body["everything"] = true;
  return steer_on(flags, "/queue/steer", body);
}

int list_sites(const QueueFlags& flags) {
  const auto answer = call_api(flags.place, "GET", "/sites");
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(answer->body));
    return kDone;
  }
  const json::object& view = answer->body.as_object();
  for (const json::value& each : view.at("suspended").as_array()) {
    const json::object& site = each.as_object();
    fmt::print("suspended  {}  since {}  by {}  {}\n", harmless(text_of(site, "name")),
               text_of(site, "suspended_at"), harmless(text_of(site, "suspended_by")),
               harmless(text_of(site, "reason")));
  }
  for (const json::value& each : view.at("items").as_array()) {
    const json::object& site = each.as_object();
    const std::string name = text_of(site, "name");
    const std::string until = text_of(site, "paused_until");
    const json::value& connections = site.at("connections_max");
    fmt::print("{:>9} ready  {:>5} on their way  {:<23}  {}{}\n",
               grouped(site.at("ready").to_number<std::int64_t>()),
               grouped(site.at("in_flight").to_number<std::int64_t>()),
               connections.is_null()
                   ? std::string("one server")
                   : fmt::format("{} connections at most", connections.to_number<int>()),
               name.empty() ? "the mail server" : harmless(name),
               until.empty() ? "" : "  left alone until " + until);
  }
  if (view.at("suspended").as_array().empty() && view.at("items").as_array().empty()) {
    fmt::print("Nothing is suspended, and nothing is being sent.\n");
  }
  return kDone;
}

int suspend(const QueueFlags& flags) {
  const json::object body{{"name", flags.site}, {"reason", flags.reason}};
  const auto answer = call_api(flags.place, "POST", "/sites/suspend", body);
  if (!answer) return report(answer.error());
  fmt::print("Nothing is sent to {} until `tidings queue resume {}`.\n", harmless(flags.site),
             harmless(flags.site));
  return kDone;
}

int resume(const QueueFlags& flags) {
  return steer_on(flags, "/sites/resume", {{"name", flags.site}});
}

void print_event(const json::object& event) {
  std::string line =
      fmt::format("  {}  {:<14}", text_of(event, "occurred_at"), text_of(event, "type"));
  if (const auto reason = text_of(event, "reason"); !reason.empty()) line += "  " + reason;
  if (const json::object* attempt = event.at("attempt").if_object()) {
    if (const auto remote = text_of(*attempt, "remote"); !remote.empty()) line += "  " + remote;
    const json::value& code = attempt->at("reply_code");
    if (code.is_int64()) line += fmt::format("  {}", code.get_int64());
    if (const auto words = text_of(*attempt, "reply_text"); !words.empty()) line += " " + words;
    if (const auto next = text_of(*attempt, "next_attempt_at"); !next.empty()) {
      line += "  (next " + next + ")";
    }
  }
  fmt::print("{}\n", harmless(line));
}

int trace(const QueueFlags& flags) {
  const auto found = call_api(
      flags.place, "GET", "/did-it-arrive?messages=20&q=" + wire::percent_encode(flags.address));
  if (!found) return report(found.error());
  for (const json::value& candidate : found->body.at("candidates").as_array()) {
    for (const json::value& each : candidate.at("messages").as_array()) {
      const auto one =
          call_api(flags.place, "GET", "/messages/" + text_of(each.as_object(), "message_id"));
      if (!one) return report(one.error());
      if (flags.is_json) {
        fmt::print("{}\n", json::serialize(one->body));
        continue;
      }
      const json::object& message = one->body.as_object();
      fmt::print("{}  {}  {}  {}\n", text_of(message, "id"), text_of(message, "status"),
                 harmless(text_of(message, "address")), harmless(text_of(message, "subject")));
      fmt::print("  {}  {:<14}\n", text_of(message, "queued_at"), "queued");
      for (const json::value& event : message.at("events").as_array()) {
        if (text_of(event.as_object(), "type") != "queued") print_event(event.as_object());
      }
    }
  }
  if (!flags.is_json) fmt::print("{}\n", harmless(text_of(found->body.as_object(), "sentence")));
  return kDone;
}

void add_filter(Parser& command, QueueFlags& flags) {
  command.add_option("--campaign", flags.campaign, "Only messages of this campaign");
  command.add_option("--domain", flags.domain, "Only messages to this domain");
  add_place(command, flags.place);
}

void add_site_commands(Parser& queue, CommandLine& line, const std::shared_ptr<QueueFlags>& flags) {
  auto* sites = queue.add_subcommand("sites", "The receiving sites, and those suspended");
  add_place(*sites, flags->place);
  sites->add_flag("--json", flags->is_json, "Print what the API answers");
  sites->callback([&line, flags] { line.run = [flags] { return list_sites(*flags); }; });
  auto* suspending = queue.add_subcommand("suspend", "Send nothing to a domain or server for now");
  suspending->add_option("site", flags->site, "The domain of recipients, or a receiving server")
      .required();
  suspending->add_option("--reason", flags->reason, "Why, for whoever looks next");
  add_place(*suspending, flags->place);
  suspending->callback([&line, flags] { line.run = [flags] { return suspend(*flags); }; });
  auto* resuming = queue.add_subcommand("resume", "Send to it again");
  resuming->add_option("site", flags->site, "As it was suspended").required();
  add_place(*resuming, flags->place);
  resuming->callback([&line, flags] { line.run = [flags] { return resume(*flags); }; });
}

}  // namespace

void add_queue_commands(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<QueueFlags>();
  auto* queue = app.add_subcommand("queue", "What waits to be sent, to which domain, and why");
  add_filter(*queue, *flags);
  queue->add_flag("--json", flags->is_json, "Print what the API answers");
  queue->footer(
      "Examples:\n"
      "  tidings queue --domain gmail.com\n"
      "  tidings queue hold --domain example.org\n"
      "  tidings queue retry --campaign 01jc7v2m9k3xa");
  struct Action {
    const char* name;
    const char* what;
  };
  for (const Action& action : {Action{"hold", "Keep messages back until they are released"},
                               Action{"release", "Let go what was held so"},
                               Action{"expire", "Give messages up, for good"},
                               Action{"retry", "Try deferred messages now"}}) {
    auto* command = queue->add_subcommand(action.name, action.what);
    add_filter(*command, *flags);
    command->add_flag("--everything", flags->is_everything, "All that waits in the organisation");
    command->callback([&line, flags, name = std::string(action.name)] {
      line.run = [flags, name] { return steer(*flags, name); };
    });
  }
  add_site_commands(*queue, line, flags);
  queue->callback([&line, flags] {
    if (!line.run) line.run = [flags] { return list(*flags); };
  });
  auto* tracing = app.add_subcommand("trace", "All that happened with the messages to an address");
  tracing->add_option("address", flags->address, "The address").required();
  add_place(*tracing, flags->place);
  tracing->add_flag("--json", flags->is_json, "Print what the API answers");
  tracing->footer("Example:\n  tidings trace an@example.org");
  tracing->callback([&line, flags] { line.run = [flags] { return trace(*flags); }; });
}

}  // namespace tidings::cli
