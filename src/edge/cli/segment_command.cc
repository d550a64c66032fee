// tidings segment: people chosen by a rule: which segments there are, and whom one has now.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct SegmentFlags {
  WorkplaceOptions place;
  std::string name;  // or id
  bool is_json = false;
};

int list(const SegmentFlags& flags) {
  const auto listed = each_item(flags.place, "/segments", [&](const json::object& segment) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(segment));
    } else {
      fmt::print("{}  {}  {}\n", text_member(segment, "id"),
                 fitted(harmless(text_member(segment, "name")), 30),
                 harmless(text_member(segment, "description")));
    }
    return true;
  });
  return listed ? kDone : report(listed.error());
}

Result<void> show_one(const SegmentFlags& flags) {
  const std::string id = TRY(id_of_named(flags.place, "/segments", "segment", flags.name));
  const auto got = TRY(call_api(flags.place, "GET", "/segments/" + id));
  const json::object& segment = got.body.as_object();
  const auto matched = TRY(call_api(flags.place, "POST", "/segments/preview",
                                    json::object{{"rule", segment.at("rule")}}));
  const json::object& preview = matched.body.as_object();
  if (flags.is_json) {
    json::object told = segment;
    told["count"] = preview.at("count");
    fmt::print("{}\n", json::serialize(told));
    return {};
  }
  fmt::print("{}: {} people now\n", harmless(text_member(segment, "name")),
             preview.at("count").as_int64());
  for (const json::value& each : preview.at("examples").as_array()) {
    const json::object& contact = each.as_object();
    fmt::print("  {}  {}  {}\n", text_member(contact, "id"),
               fitted(harmless(text_member(contact, "name")), 30),
               harmless(text_member(contact, "email")));
  }
  return {};
}

int show(const SegmentFlags& flags) {
  const auto shown = show_one(flags);
  return shown ? kDone : report(shown.error());
}

}  // namespace

void add_segment_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<SegmentFlags>();
  auto* command = app.add_subcommand("segment", "People chosen by a rule");
  command->require_subcommand(1);
  auto* listing = command->add_subcommand("list", "All segments, by name");
  auto* showing =
      command->add_subcommand("show", "How many people a segment has now, and the first");
  showing->add_option("segment", flags->name, "Its name or id").required();
  for (Parser* sub : {listing, showing}) {
    add_place(*sub, flags->place);
    sub->add_flag("--json", flags->is_json, "As JSON");
  }
  listing->callback([&line, flags] { line.run = [flags] { return list(*flags); }; });
  showing->callback([&line, flags] { line.run = [flags] { return show(*flags); }; });
}

}  // namespace tidings::cli
