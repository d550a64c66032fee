#include "edge/cli/returned_mail.h"

#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/terminal_text.h"
#include "wire/url.h"

namespace tidings::cli {

namespace {

namespace json = boost::json;

struct ReturnedFlags {
  WorkplaceOptions place;
  std::string id;
  std::string kind;
  std::string outcome;
  std::string contact;
  std::string message;
  std::int64_t limit = 50;
  bool is_raw = false;
  bool is_json = false;
};

// What a person reads instead of the outcome's word.
std::string_view plain_outcome(std::string_view outcome) {
  if (outcome.empty()) return "waits to be read";
  if (outcome == "applied") return "told by its message";
  if (outcome == "nothing") return "nothing to be done";
  if (outcome == "unverified") return "could be forged";
  if (outcome == "unknown_message") return "about no message here";
  return "could not be read";
}

// The first recipient says what a bounce is about.
std::string about(const json::object& mail) {
  const json::array& recipients = mail.at("recipients").as_array();
  if (recipients.empty()) return harmless(text_of(mail, "sender"));
  const json::object& first = recipients.front().as_object();
  const std::string reason = text_of(first, "reason");
  return harmless(text_of(first, "address")) + (reason.empty() ? "" : " (" + reason + ")");
}

std::string when(const json::object& mail) {
  const auto at = parse_rfc3339(text_of(mail, "received_at"));
  return at ? local_time(*at) : text_of(mail, "received_at");
}

int list(const ReturnedFlags& flags) {
  std::string target = "/returned-mail";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    target += (target.contains('?') ? "&" : "?") + std::string(name) + "=";
    target += wire::percent_encode(value);
  };
  add("kind", flags.kind);
  add("outcome", flags.outcome);
  add("contact_id", flags.contact);
  add("message_id", flags.message);
  std::int64_t left = flags.limit;
  const auto done = each_item(flags.place, target, [&](const json::object& mail) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(mail));
    } else {
      fmt::print("{}  {}  {}  {}  {}\n", text_of(mail, "id"), when(mail),
                 fitted(text_of(mail, "kind"), 10),
                 fitted(plain_outcome(text_of(mail, "outcome")), 21), about(mail));
    }
    return --left > 0;
  });
  if (!done) return report(done.error());
  if (left == flags.limit && !flags.is_json) fmt::print("No mail came back that fits.\n");
  return kDone;
}

int show_raw(const ReturnedFlags& flags) {
  const auto file =
      call_api(flags.place, "GET", "/returned-mail/" + wire::percent_encode(flags.id) + "/eml");
  if (!file) return report(file.error());
  std::fwrite(file->text.data(), 1, file->text.size(), stdout);
  return kDone;
}

int show(const ReturnedFlags& flags) {
  if (flags.is_raw) return show_raw(flags);
  const auto answer =
      call_api(flags.place, "GET", "/returned-mail/" + wire::percent_encode(flags.id));
  if (!answer) return report(answer.error());
  const json::object& mail = answer->body.as_object();
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(mail));
    return kDone;
  }
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fmt::print("{:<10} {}\n", name, harmless(value));
  };
  line("Came", when(mail));
  line("To", text_of(mail, "envelope_to"));
  line("From", text_of(mail, "sender"));
  line("Subject", text_of(mail, "subject"));
  line("Is", text_of(mail, "kind"));
  line("Outcome", plain_outcome(text_of(mail, "outcome")));
  line("Why", text_of(mail, "reason"));
  line("Message", text_of(mail, "message_id"));
  line("Contact", text_of(mail, "contact_id"));
  for (const json::value& item : mail.at("recipients").as_array()) {
    const json::object& each = item.as_object();
    fmt::print("\n{}: {}, {} ({}) {}\n  {}\n", harmless(text_of(each, "address")),
               text_of(each, "severity"), text_of(each, "reason"), text_of(each, "scope"),
               harmless(text_of(each, "status")), harmless(text_of(each, "diagnostic")));
  }
  if (const std::string text = text_of(mail, "text"); !text.empty()) {
    fmt::print("\n{}\n", harmless(text, true));
  }
  return kDone;
}

int counts(const ReturnedFlags& flags) {
  const auto answer = call_api(flags.place, "GET", "/returned-mail/counts");
  if (!answer) return report(answer.error());
  const json::array& items = answer->body.at("items").as_array();
  for (const json::value& item : items) {
    const json::object& each = item.as_object();
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(each));
      continue;
    }
    fmt::print("{}  {}  {}\n",
               right_aligned(grouped(each.at("count").to_number<std::int64_t>()), 9),
               fitted(text_of(each, "kind"), 10), plain_outcome(text_of(each, "outcome")));
  }
  if (items.empty() && !flags.is_json) fmt::print("No mail came back yet.\n");
  return kDone;
}

int reread(const ReturnedFlags& flags) {
  json::object choice;
  if (!flags.id.empty()) choice["returned_mail_id"] = flags.id;
  if (!flags.kind.empty()) choice["kind"] = flags.kind;
  if (!flags.outcome.empty()) choice["outcome"] = flags.outcome;
  if (choice.empty()) {
    return report({ErrorKind::invalid, "bounce.choice",
                   "Say what to read again: an id of `tidings bounce list`, --kind or --outcome."});
  }
  const auto answer = call_api(flags.place, "POST", "/returned-mail/rereading", choice);
  if (!answer) return report(answer.error());
  fmt::print("{} to be read again; `tidings serve` does it.\n",
             grouped(answer->body.at("count").to_number<std::int64_t>()));
  return kDone;
}

}  // namespace

void add_returned_mail_commands(Parser& bounce, CommandLine& line) {
  auto flags = std::make_shared<ReturnedFlags>();
  const auto sub = [&](const char* name, const char* help, int (*run)(const ReturnedFlags&)) {
    auto* made = bounce.add_subcommand(name, help);
    add_place(*made, flags->place);
    made->callback([&line, flags, run] { line.run = [flags, run] { return run(*flags); }; });
    return made;
  };
  const auto filtered = [&](Parser* made) {
    made->add_option("--kind", flags->kind, "Only these")
        .one_of({"bounce", "complaint", "auto-reply", "reply", "other"});
    made->add_option("--outcome", flags->outcome, "Only what this followed from")
        .one_of({"applied", "nothing", "unverified", "unknown_message", "failed"});
  };
  auto* listing = sub("list", "What came back to the server, newest first", list);
  filtered(listing);
  listing->add_option("--contact", flags->contact, "About messages to this contact (its id)");
  listing->add_option("--message", flags->message, "About this message (its id)");
  listing->add_option("--limit", flags->limit, "So many at most").between(1, 100'000);
  auto* showing = sub("show", "One of them: what it says, and what followed", show);
  showing->add_option("id", flags->id, "As `tidings bounce list` shows it").required();
  showing->add_flag("--raw", flags->is_raw, "The mail itself, as it came");
  auto* counting = sub("count", "How many of each kind", counts);
  auto* rereading = sub("reread", "Read some of them again, by the rules as they are now", reread);
  rereading->add_option("id", flags->id, "One of them");
  filtered(rereading);
  for (Parser* made : {listing, showing, counting}) {
    made->add_flag("--json", flags->is_json, "As JSON, one object a line");
  }
}

}  // namespace tidings::cli
