// tidings sender: the names and addresses that staff may write from.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "wire/email_address.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct SenderFlags {
  WorkplaceOptions place;
  std::string sender;
  std::string reply_to;
  bool is_json = false;
};

int add(const SenderFlags& flags) {
  const auto mailbox = wire::parse_mailbox(flags.sender);
  if (!mailbox) return report(mailbox.error());
  const auto made = call_api(flags.place, "POST", "/senders",
                             json::object{{"name", mailbox->display_name},
                                          {"address", mailbox->address.typed},
                                          {"reply_to", flags.reply_to}});
  if (!made) return report(made.error());
  fmt::print("{} is a sender now. Verify it with: tidings sender verify {}\n",
             harmless(wire::to_text(*mailbox)), harmless(mailbox->address.typed));
  return kDone;
}

int list(const SenderFlags& flags) {
  const auto listed = each_item(flags.place, "/senders", [&](const json::object& sender) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(sender));
      return true;
    }
    const json::value* verified = sender.if_contains("is_verified");
    const bool is_verified = verified != nullptr && verified->is_bool() && verified->get_bool();
    fmt::print("{}  {}  {}\n", text_member(sender, "id"),
               is_verified ? "verified    " : "not verified",
               harmless(text_member(sender, "name").empty()
                            ? std::string(text_member(sender, "address"))
                            : fmt::format("{} <{}>", text_member(sender, "name"),
                                          text_member(sender, "address"))));
    return true;
  });
  return listed ? kDone : report(listed.error());
}

int verify(const SenderFlags& flags) {
  const auto id = id_of_sender(flags.place, flags.sender);
  if (!id) return report(id.error());
  const auto sent = call_api(flags.place, "POST", fmt::format("/senders/{}/verification", *id));
  if (!sent) return report(sent.error());
  fmt::print(
      "A link is on its way to {}. Whoever reads that mailbox opens it and presses the button.\n",
      harmless(sent->body.is_object() ? text_member(sent->body.get_object(), "address")
                                      : std::string_view(flags.sender)));
  return kDone;
}

}  // namespace

void add_sender_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<SenderFlags>();
  auto* command = app.add_subcommand("sender", "Names and addresses that staff may write from");
  command->require_subcommand(1);
  auto* adding = command->add_subcommand("add", "Add a sender");
  adding->add_option("sender", flags->sender, "\"Name <address>\"").required();
  adding->add_option("--reply-to", flags->reply_to, "Where replies go; not given, to the address");
  auto* listing = command->add_subcommand("list", "All senders");
  listing->add_flag("--json", flags->is_json, "One JSON object per line");
  auto* verifying = command->add_subcommand("verify", "Mail the link that verifies a sender");
  verifying->add_option("sender", flags->sender, "Its address or id").required();
  for (Parser* sub : {adding, listing, verifying}) {
    add_place(*sub, flags->place);
  }
  command->footer(
      "Examples:\n"
      "  tidings sender add \"School of the North <office@school.example>\"\n"
      "  tidings sender verify office@school.example\n"
      "  tidings sender list --json");
  adding->callback([&line, flags] { line.run = [flags] { return add(*flags); }; });
  listing->callback([&line, flags] { line.run = [flags] { return list(*flags); }; });
  verifying->callback([&line, flags] { line.run = [flags] { return verify(*flags); }; });
}

}  // namespace tidings::cli
