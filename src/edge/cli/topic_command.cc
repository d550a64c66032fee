// tidings topic: what the organisation writes about; tidings trigger: what events send.
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct TopicFlags {
  WorkplaceOptions place;
  std::string name;
  std::string description;
  bool is_essential = false;
  bool is_json = false;
};

// Each of a list that has one page.
int each_of(const TopicFlags& flags, std::string_view target, void (*print)(const json::object&)) {
  const auto answer = call_api(flags.place, "GET", std::string(target));
  if (!answer) return report(answer.error());
  for (const json::value& item : answer->body.at("items").as_array()) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(item));
    } else {
      print(item.as_object());
    }
  }
  return kDone;
}

int list_topics(const TopicFlags& flags) {
  return each_of(flags, "/topics", [](const json::object& topic) {
    fmt::print("{}  {}{}\n", std::string_view(topic.at("id").as_string()),
               harmless(topic.at("name").as_string()),
               topic.at("is_essential").as_bool() ? "  (essential)" : "");
  });
}

int create_topic(const TopicFlags& flags) {
  const auto answer = call_api(flags.place, "POST", "/topics",
                               json::object{{"name", flags.name},
                                            {"description", flags.description},
                                            {"is_essential", flags.is_essential}});
  if (!answer) return report(answer.error());
  fmt::print("{}  {}\n", std::string_view(answer->body.at("id").as_string()), harmless(flags.name));
  return kDone;
}

int archive_topic(const TopicFlags& flags) {
  const auto answer = call_api(flags.place, "PATCH", "/topics/" + wire::percent_encode(flags.name),
                               json::object{{"archived", true}});
  if (!answer) return report(answer.error());
  fmt::print("“{}” is archived.\n", harmless(answer->body.at("name").as_string()));
  return kDone;
}

int list_triggers(const TopicFlags& flags) {
  return each_of(flags, "/triggers", [](const json::object& trigger) {
    const bool is_locked = trigger.at("is_locked").as_bool();
    const bool is_on = trigger.at("is_enabled").as_bool();
    fmt::print("{:<9}  {:<24}  {}\n", is_locked ? "locked on" : (is_on ? "on" : "off"),
               std::string_view(trigger.at("event").as_string()),
               harmless(trigger.at("label").as_string()));
  });
}

int switch_trigger(const TopicFlags& flags, bool is_on) {
  const auto answer =
      call_api(flags.place, "PATCH", "/triggers/" + wire::percent_encode(flags.name),
               json::object{{"is_enabled", is_on}});
  if (!answer) return report(answer.error());
  fmt::print("{} is {} now.\n", harmless(flags.name), is_on ? "on" : "off");
  return kDone;
}
int switch_on(const TopicFlags& flags) { return switch_trigger(flags, true); }
int switch_off(const TopicFlags& flags) { return switch_trigger(flags, false); }

// Subcommands of `parent` that work with one set of flags.
class Family {
 public:
  Family(Parser* parent, CommandLine& line) : parent_(parent), line_(line) {
    parent_->require_subcommand(1);
  }
  Parser* add(std::string name, std::string help, int (*run)(const TopicFlags&)) {
    auto* command = parent_->add_subcommand(std::move(name), std::move(help));
    add_place(*command, flags->place);
    command->callback(
        [flags = flags, run, &line = line_] { line.run = [flags, run] { return run(*flags); }; });
    return command;
  }
  const std::shared_ptr<TopicFlags> flags = std::make_shared<TopicFlags>();

 private:
  Parser* parent_;
  CommandLine& line_;
};

}  // namespace

void add_topic_command(Parser& app, CommandLine& line) {
  Family topics(app.add_subcommand("topic", "What the organisation writes about"), line);
  topics.add("list", "List topics in their order", list_topics)
      ->add_flag("--json", topics.flags->is_json, "One JSON object a line");
  auto* creating = topics.add("create", "Make a topic", create_topic);
  creating->add_option("name", topics.flags->name, "As people read it").required();
  creating->add_option("--description", topics.flags->description, "A sentence below it");
  creating->add_flag("--essential", topics.flags->is_essential,
                     "It reaches everybody: nobody can unsubscribe from it");
  topics.add("archive", "Offer a topic nowhere any more", archive_topic)
      ->add_option("id", topics.flags->name, "Its id")
      .required();

  Family triggers(app.add_subcommand("trigger", "What events send"), line);
  triggers.add("list", "List events, and whether their message is on", list_triggers)
      ->add_flag("--json", triggers.flags->is_json, "One JSON object a line");
  triggers.add("on", "Switch the message of an event on", switch_on)
      ->add_option("event", triggers.flags->name, "Its name")
      .required();
  triggers.add("off", "Switch the message of an event off", switch_off)
      ->add_option("event", triggers.flags->name, "Its name")
      .required();
}

}  // namespace tidings::cli
