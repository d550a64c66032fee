// tidings arrived: did it arrive? tidings history: deleting from the history. And send-outs.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/record_view.h"
#include "edge/cli/terminal_text.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct RecordFlags {
  WorkplaceOptions place;
  std::string what;  // a question or an id
  std::string language;
  std::string reason;
  bool is_campaign = false;
  bool is_json = false;
};

// Text of foreign origin, safe on a terminal; empty for null.
std::string text(const json::value& object, std::string_view name) {
  const json::value* found = object.as_object().if_contains(name);
  return found != nullptr && found->is_string() ? harmless(found->as_string()) : std::string();
}

// As it may be printed and handed to somebody who doubts it.
void print_proof(const json::value& message) {
  const json::value& proof = message.at("proof");
  fmt::print("    message {}\n", text(message, "message_id"));
  if (const auto hash = text(proof, "content_sha256"); !hash.empty())
    fmt::print("    what left, SHA-256 {}\n", hash);
  const auto remote = text(proof, "remote");
  const auto reply = text(proof, "reply_text");
  if (remote.empty() && reply.empty()) return;
  const json::value& code = proof.at("reply_code");
  fmt::print("    {} said at {}: {} {}\n", remote.empty() ? "the server" : remote,
             text(proof, "attempted_at"), code.is_null() ? "" : json::serialize(code), reply);
}

int ask(const RecordFlags& flags) {
  std::string target = "/did-it-arrive?q=" + wire::percent_encode(flags.what);
  if (!flags.language.empty()) target += "&language=" + wire::percent_encode(flags.language);
  const auto answer = call_api(flags.place, "GET", target);
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", answer->text);
    return kDone;
  }
  const auto& candidates = answer->body.at("candidates").as_array();
  if (candidates.empty()) fmt::print("{}\n", text(answer->body, "sentence"));
  for (const json::value& one : candidates) {
    std::string addresses;
    for (const json::value& address : one.at("addresses").as_array())
      addresses += (addresses.empty() ? "" : ", ") + harmless(address.as_string());
    const auto name = text(one, "name");
    fmt::print("{}{}{}{}\n", name.empty() ? "(no name)" : name, addresses.empty() ? "" : "  ",
               addresses, one.at("contact_id").is_null() ? "" : "  " + text(one, "contact_id"));
    const auto& messages = one.at("messages").as_array();
    if (messages.empty()) fmt::print("  {}\n", text(one, "sentence"));
    for (const json::value& message : messages) {
      fmt::print("  {}\n", text(message, "sentence"));
      print_proof(message);
    }
  }
  if (answer->body.at("has_more").as_bool())
    fmt::print("It fits more people: ask for more of the name.\n");
  return kDone;
}

// hide, unhide or purge.
int change(const RecordFlags& flags, const std::string& step) {
  if (step != "unhide" && flags.reason.empty())
    return report({ErrorKind::invalid, "history.reason",
                   "Say why with --reason: it stays with the tombstone and in the audit log."});
  const std::string target = fmt::format("/{}/{}/{}", flags.is_campaign ? "campaigns" : "messages",
                                         wire::percent_encode(flags.what), step);
  const json::value body =
      step == "unhide" ? json::value() : json::value(json::object{{"reason", flags.reason}});
  std::int64_t purged = 0;
  for (;;) {
    const auto answer = call_api(flags.place, "POST", target, body);
    if (!answer) return report(answer.error());
    if (!answer->body.is_object()) break;
    purged += answer->body.at("purged").to_number<std::int64_t>();
    if (answer->body.at("is_finished").as_bool()) break;
  }
  if (flags.is_campaign && step == "purge")
    fmt::print("{} messages were removed for good; the totals stay.\n", grouped(purged));
  else
    fmt::print("{}\n", step == "hide"     ? "It is out of the history; bring it back with unhide."
                       : step == "unhide" ? "It is in the history again."
                                          : "It was removed for good; the totals stay.");
  return kDone;
}

void print_send_out(const json::value& row) {
  const auto at = parse_rfc3339(std::string(row.at("at").as_string()));
  const auto count = [&](const char* name) { return row.at(name).to_number<std::int64_t>(); };
  fmt::print("{}  {}  {}  {}  {}  {}\n", fitted(at ? local_time(*at) : "", 21),
             fitted(text(row, "title"), 19), fitted(text(row, "status"), 20),
             right_aligned(fmt::format("{}/{}", count("sent"), count("total")), 15),
             fitted(text(row, "subject"), 36), text(row, "id"));
}

}  // namespace

int show_send_outs(const WorkplaceOptions& place, const std::string& query, std::int64_t most,
                   bool is_json) {
  std::string cursor;
  std::int64_t shown = 0;
  do {
    const std::string target =
        fmt::format("/send-outs?limit={}{}{}", std::min<std::int64_t>(most - shown, 200), query,
                    cursor.empty() ? "" : "&cursor=" + wire::percent_encode(cursor));
    const auto answer = call_api(place, "GET", target);
    if (!answer) return report(answer.error());
    const auto& items = answer->body.at("items").as_array();
    if (shown == 0 && !is_json) {
      const json::value& earlier = answer->body.at("earlier");
      if (!items.empty())
        fmt::print("{}  {}  {}  {}  {}  {}\n", fitted("Date", 21), fitted("Type", 19),
                   fitted("Status", 20), right_aligned("Sent", 15), fitted("Subject", 36), "Id");
      else if (earlier.is_null() || earlier.to_number<std::int64_t>() == 0)
        fmt::print("No send-out fits these filters.\n");
      else
        fmt::print("Nothing in the last 7 days. {} earlier: add --all.\n",
                   grouped(earlier.to_number<std::int64_t>()));
    }
    for (const json::value& row : items) {
      if (is_json)
        fmt::print("{}\n", json::serialize(row));
      else
        print_send_out(row);
    }
    shown += std::ssize(items);
    const json::value& next = answer->body.at("next_cursor");
    cursor = next.is_string() ? std::string(next.as_string()) : "";
  } while (!cursor.empty() && shown < most);
  if (!cursor.empty() && !is_json) fmt::print("There are more: --limit {}\n", most * 2);
  return kDone;
}

void add_record_commands(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<RecordFlags>();
  const auto add_common = [flags](Parser& command) { add_place(command, flags->place); };
  auto* arrived =
      app.add_subcommand("arrived", "Did it arrive? For a name, an address or a phone number");
  arrived->add_option("who", flags->what, "A name or part of it, an address, a number").required();
  add_common(*arrived);
  arrived->add_option("--language", flags->language, "Of the sentences: en, nl, pl or fr");
  arrived->add_flag("--json", flags->is_json, "As the API answers it");
  arrived->footer(
      "Examples:\n"
      "  tidings arrived anna@example.org\n"
      "  tidings arrived \"anna de boer\" --language nl");
  arrived->callback([&line, flags] { line.run = [flags] { return ask(*flags); }; });

  auto* history = app.add_subcommand("history", "Delete from the history; totals stay");
  history->require_subcommand(1);
  struct Step {
    const char* name;
    const char* what;
  };
  for (const Step& step : {Step{"hide", "Out of every list; can be brought back"},
                           Step{"unhide", "Back into the lists"},
                           Step{"purge", "Address, content and the servers' words go for good"}}) {
    auto* command = history->add_subcommand(step.name, step.what);
    command->add_option("id", flags->what, "Of a message, as tidings log shows it").required();
    add_common(*command);
    command->add_flag("--campaign", flags->is_campaign, "The id is a campaign's: all its messages");
    command->add_option("--reason", flags->reason, "Why; it is kept");
    command->callback([&line, flags, name = std::string(step.name)] {
      line.run = [flags, name] { return change(*flags, name); };
    });
  }
  history->footer(
      "Example:\n"
      "  tidings history purge 01jc7v2m9k3xa --reason \"a parent asked for it\"");
}

}  // namespace tidings::cli
