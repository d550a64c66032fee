// tidings mailbox: where returned mail is collected from.
#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/json_text.h"
#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/command.h"
#include "edge/cli/file_input.h"
#include "edge/cli/password_input.h"
#include "edge/cli/terminal_text.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kOAuthMax = 20'000;

struct MailboxFlags {
  WorkplaceOptions place;
  std::string url;
  std::string move_to;
  std::string every;
  std::string oauth_file;
  std::string mailbox;
  bool is_json = false;
};

std::string when(const json::object& mailbox, std::string_view name) {
  const auto at = parse_rfc3339(text_member(mailbox, name));
  return at ? local_time(*at) : "never";
}

void print(const MailboxFlags& flags, const json::object& mailbox) {
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(mailbox));
    return;
  }
  fmt::print("{}  {}\n", text_member(mailbox, "id"), harmless(text_member(mailbox, "url")));
  fmt::print("  last visit {}, next {}; {} mails taken", when(mailbox, "polled_at"),
             when(mailbox, "due_at"), mailbox.at("taken").as_int64());
  const std::int64_t left = mailbox.at("left").as_int64();
  if (left > 0) fmt::print(", {} left there because they are too large", left);
  fmt::print("\n");
  if (!mailbox.at("trouble").is_null()) {
    fmt::print("  {}\n", harmless(text_member(mailbox, "trouble")));
  }
}

int add(const MailboxFlags& flags) {
  json::object wish{{"url", flags.url}};
  if (flags.oauth_file.empty()) {
    const auto password = read_password_line();
    if (!password) return report(password.error());
    wish["password"] = *password;
  } else {
    const auto text = read_file(flags.oauth_file, kOAuthMax);
    if (!text) return report(text.error());
    const auto oauth = object_of(*text);
    if (!oauth) {
      return report({ErrorKind::invalid, "mailbox.oauth",
                     fmt::format("{} is no JSON object with token_url, client_id, client_secret "
                                 "and refresh_token.",
                                 flags.oauth_file)});
    }
    wish["oauth"] = *oauth;
  }
  if (!flags.move_to.empty()) wish["move_to"] = flags.move_to;
  if (!flags.every.empty()) {
    const auto every = parse_duration(flags.every);
    if (!every) {
      return report(
          {ErrorKind::invalid, "mailbox.interval", "Write the time between visits like 5m or 1h."});
    }
    wish["interval_s"] = std::chrono::duration_cast<std::chrono::seconds>(*every).count();
  }
  const auto made = call_api(flags.place, "POST", "/mailboxes", wish);
  if (!made) return report(made.error());
  if (flags.is_json) {
    print(flags, made->body.as_object());
    return kDone;
  }
  fmt::print(
      "Returned mail is collected from {} while `tidings serve` runs. Try it: tidings mailbox "
      "test {}\n",
      harmless(flags.url), text_member(made->body.get_object(), "id"));
  return kDone;
}

int list(const MailboxFlags& flags) {
  const auto all = call_api(flags.place, "GET", "/mailboxes");
  if (!all) return report(all.error());
  for (const json::value& item : all->body.at("items").as_array()) {
    print(flags, item.get_object());
  }
  return kDone;
}

int test(const MailboxFlags& flags) {
  const auto tested =
      call_api(flags.place, "POST", "/mailboxes/test", json::object{{"mailbox_id", flags.mailbox}});
  if (!tested) return report(tested.error());
  const json::object& result = tested->body.as_object();
  const bool is_good = result.at("succeeded").as_bool();
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(result));
  } else {
    fmt::print("{}", harmless(text_member(result, "sentence")));
    if (is_good) fmt::print(" {} mails.", result.at("mails").as_int64());
    fmt::print("\n");
  }
  return is_good ? kDone : kSomeFailed;
}

// Ends with 1 when the visit had trouble.
int poll(const MailboxFlags& flags) {
  const auto visited =
      call_api(flags.place, "POST", fmt::format("/mailboxes/{}/poll", flags.mailbox));
  if (!visited) return report(visited.error());
  print(flags, visited->body.as_object());
  return visited->body.at("trouble").is_null() ? kDone : kSomeFailed;
}

int remove(const MailboxFlags& flags) {
  const auto gone = call_api(flags.place, "DELETE", "/mailboxes/" + flags.mailbox);
  if (!gone) return report(gone.error());
  fmt::print("Removed. What the mailbox has stays there.\n");
  return kDone;
}

}  // namespace

void add_mailbox_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<MailboxFlags>();
  auto* command =
      app.add_subcommand("mailbox", "Mailboxes that returned mail is collected from (IMAP, POP3)");
  command->require_subcommand(1);
  const auto sub = [&](const char* name, const char* help, int (*run)(const MailboxFlags&)) {
    auto* made = command->add_subcommand(name, help);
    add_place(*made, flags->place);
    made->add_flag("--json", flags->is_json, "As JSON");
    made->callback([&line, flags, run] { line.run = [flags, run] { return run(*flags); }; });
    return made;
  };
  const auto of_one = [&](const char* name, const char* help, int (*run)(const MailboxFlags&)) {
    sub(name, help, run)
        ->add_option("mailbox", flags->mailbox, "Its id, as the list shows it")
        .required();
  };
  auto* made = sub("add", "Collect from a mailbox; the password is the first line typed", add);
  made->add_option("url", flags->url, "imaps://USER@HOST/[FOLDER] or pop3s://USER@HOST/")
      .required();
  made->add_option("--move-to", flags->move_to,
                   "IMAP: move mail that was taken to this folder instead of deleting it");
  made->add_option(
      "--oauth-file", flags->oauth_file,
      "A JSON file with token_url, client_id, client_secret and refresh_token, instead "
      "of a password");
  made->add_option("--every", flags->every, "Time between visits, such as 5m (the default)");
  sub("list", "The mailboxes and their last visits", list);
  of_one("test", "Log in and look, changing nothing", test);
  of_one("poll", "Visit it now", poll);
  of_one("remove", "Collect no more from it", remove);
  command->footer(
      "Examples:\n"
      "  tidings mailbox add imaps://bounces%40school.example@mail.school.example/ < password.txt\n"
      "  tidings mailbox list");
}

}  // namespace tidings::cli
