#include "edge/cli/campaign_new.h"

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct NewFlags {
  WorkplaceOptions place;
  std::string saved_message;
  std::string name;
  std::string sender;
  std::string subject;
  std::string recipients;
  std::vector<std::string> groups;
  std::vector<std::string> segments;
  std::vector<std::string> except_groups;
  std::vector<std::string> except_segments;
  bool everybody = false;
  bool is_json = false;
};

// The ids of the things with these names.
Result<json::array> ids_of(const NewFlags& flags, std::string_view target, std::string_view noun,
                           const std::vector<std::string>& names) {
  json::array ids;
  for (const std::string& name : names) {
    ids.emplace_back(TRY(id_of_named(flags.place, target, noun, name)));
  }
  return ids;
}

// Without any of its flags the audience is the saved message's own.
Result<json::object> audience_of(const NewFlags& flags) {
  json::object audience;
  if (flags.everybody) audience["everybody"] = true;
  if (!flags.groups.empty()) {
    audience["groups"] = TRY(ids_of(flags, "/groups", "group", flags.groups));
  }
  if (!flags.segments.empty()) {
    audience["segments"] = TRY(ids_of(flags, "/segments", "segment", flags.segments));
  }
  json::object exclude;
  if (!flags.except_groups.empty()) {
    exclude["groups"] = TRY(ids_of(flags, "/groups", "group", flags.except_groups));
  }
  if (!flags.except_segments.empty()) {
    exclude["segments"] = TRY(ids_of(flags, "/segments", "segment", flags.except_segments));
  }
  if (!exclude.empty()) audience["exclude"] = std::move(exclude);
  if (!flags.recipients.empty()) audience["recipients"] = flags.recipients;
  return audience;
}

Result<json::object> fields_of(const NewFlags& flags) {
  json::object fields{{"template_id", TRY(id_of_named(flags.place, "/templates", "template",
                                                      flags.saved_message))}};
  if (!flags.name.empty()) fields["name"] = flags.name;
  json::object draft;
  if (!flags.subject.empty()) draft["subject"] = flags.subject;
  if (!flags.sender.empty()) draft["sender_id"] = TRY(id_of_sender(flags.place, flags.sender));
  if (!draft.empty()) fields["draft"] = std::move(draft);
  if (auto audience = TRY(audience_of(flags)); !audience.empty()) {
    fields["audience"] = std::move(audience);
  }
  return fields;
}

// What a preview of the audience asks of the message: its text and language, and its topic.
json::object content_of(const json::object& campaign) {
  const json::object& draft = campaign.at("draft").as_object();
  json::object content{{"variants", campaign.at("variants")}};
  for (const std::string_view name : {"subject", "html", "text", "locale", "topic_id"}) {
    content[name] = draft.at(name);
  }
  return content;
}

Result<void> print_reach(const NewFlags& flags, const json::object& campaign) {
  const auto answer = TRY(call_api(
      flags.place, "POST", "/audience/preview",
      json::object{{"audience", campaign.at("audience")}, {"content", content_of(campaign)}}));
  const json::object& preview = answer.body.as_object();
  fmt::print("{} would get it.\n", preview.at("messages").as_int64());
  for (const json::value& each : preview.at("left_out").as_array()) {
    const json::object& group = each.as_object();
    fmt::print("  {} not: {}\n", group.at("count").as_int64(),
               harmless(text_member(group, "reason")));
  }
  if (preview.at("is_over_limit").as_bool()) {
    fmt::print("  That is over the limit of {} recipients: it will not start.\n",
               preview.at("recipient_limit").as_int64());
  }
  return {};
}

// What is in the way of a start, as the API's check finds it.
Result<void> print_findings(const NewFlags& flags, std::string_view id) {
  const auto answer = TRY(call_api(flags.place, "GET", fmt::format("/campaigns/{}/check", id)));
  for (const json::value& each : answer.body.as_object().at("findings").as_array()) {
    const json::object& finding = each.as_object();
    fmt::print("  {}: {}\n", finding.at("blocks").as_bool() ? "in the way" : "note",
               harmless(text_member(finding, "message")));
  }
  return {};
}

Result<void> begin(const NewFlags& flags) {
  const json::object fields = TRY(fields_of(flags));
  const auto made = TRY(call_api(flags.place, "POST", "/campaigns", fields));
  const json::object& campaign = made.body.as_object();
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(campaign));
    return {};
  }
  const std::string_view id = text_member(campaign, "id");
  fmt::print("{}  {}\n", id, harmless(text_member(campaign, "name")));
  // Of an audience that is no audience the findings tell.
  const auto reach = print_reach(flags, campaign);
  if (!reach && reach.error().kind != ErrorKind::invalid) return std::unexpected(reach.error());
  TRY(print_findings(flags, id));
  fmt::print("Nothing is sent yet. Send it with: tidings campaign start {}\n", id);
  return {};
}

int run(const NewFlags& flags) {
  const auto begun = begin(flags);
  return begun ? kDone : report(begun.error());
}

}  // namespace

void add_campaign_new(Parser& campaign, CommandLine& line) {
  auto flags = std::make_shared<NewFlags>();
  auto* command = campaign.add_subcommand("new", "Begin a draft from a saved message");
  add_place(*command, flags->place);
  command->add_option("template", flags->saved_message, "The saved message: its name or id")
      .required();
  command->add_option("--name", flags->name, "For staff; not given, that of the saved message");
  command->add_option("--sender", flags->sender, "Another sender: its address or id");
  command->add_option("--subject", flags->subject, "Another subject");
  command->add_option("--group", flags->groups, "To the people of this group; may be repeated");
  command->add_option("--segment", flags->segments, "To the people of this segment");
  command->add_flag("--everybody", flags->everybody, "To all people");
  command->add_option("--except-group", flags->except_groups,
                      "But not to the people of this group");
  command->add_option("--except-segment", flags->except_segments,
                      "But not to the people of this segment");
  command
      ->add_option("--recipients", flags->recipients,
                   "The people themselves, or who looks after them")
      .one_of({"themselves", "guardians", "both"});
  command->add_flag("--json", flags->is_json, "Print what the API answers");
  command->footer(
      "Without a group, a segment or --everybody it goes to the audience that was saved with the "
      "message.\nExample:\n"
      "  tidings campaign new Newsletter --group Members --except-group Board");
  command->callback([&line, flags] { line.run = [flags] { return run(*flags); }; });
}

}  // namespace tidings::cli
