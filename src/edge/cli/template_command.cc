// tidings template: saved messages.
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/command.h"
#include "edge/cli/file_input.h"
#include "edge/cli/terminal_text.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::size_t kFileMax = 4u << 20;

struct TemplateFlags {
  WorkplaceOptions place;
  std::string name;  // or id
  std::string file;
  std::string subject;
  std::string locale;
  bool is_json = false;
  bool is_text = false;
};

int list(const TemplateFlags& flags) {
  const auto listed = each_item(flags.place, "/templates?sort=name", [&](const json::object& one) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(one));
    } else {
      fmt::print(
          "{}  {}  {}  {}\n", text_member(one, "id"), text_member(one, "changed_at").substr(0, 16),
          fitted(harmless(text_member(one, "name")), 30), harmless(text_member(one, "subject")));
    }
    return true;
  });
  return listed ? kDone : report(listed.error());
}

void print_findings(const json::value& answer) {
  const json::object* object = answer.if_object();
  const json::value* findings = object ? object->if_contains("findings") : nullptr;
  if (findings == nullptr || !findings->is_array()) return;
  for (const json::value& one : findings->get_array()) {
    const json::object& finding = one.as_object();
    const std::string place =
        text_member(finding, "part").empty()
            ? std::string()
            : fmt::format("{}, line {}, column {}: ", text_member(finding, "part"),
                          json::serialize(finding.at("line")),
                          json::serialize(finding.at("column")));
    const std::string locale(text_member(finding, "locale"));
    fmt::print(stderr, "tidings: {}{}{}\n", harmless(locale.empty() ? locale : locale + ": "),
               place, harmless(text_member(finding, "sentence")));
  }
}

int show(const TemplateFlags& flags) {
  const auto id = id_of_named(flags.place, "/templates", "template", flags.name);
  if (!id) return report(id.error());
  const auto got = call_api(flags.place, "GET", "/templates/" + *id);
  if (!got) return report(got.error());
  const json::object& draft = got->body.as_object().at("draft").as_object();
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(got->body));
  } else {
    const bool has_html = !flags.is_text && !text_member(draft, "html").empty();
    fmt::print("{}", text_member(draft, has_html ? "html" : "text"));
    print_findings(got->body);
  }
  return kDone;
}

// A file that ends in .txt or .text is the plain text, every other the HTML.
int import(const TemplateFlags& flags) {
  const auto content = read_file(flags.file, kFileMax);
  if (!content) return report(content.error());
  const fs::path path(flags.file);
  const bool is_text = path.extension() == ".txt" || path.extension() == ".text";
  const std::string name = flags.name.empty() ? path.stem().string() : flags.name;
  auto id = id_of_named(flags.place, "/templates", "template", name);
  if (!id && id.error().kind == ErrorKind::not_found) id = std::string();
  if (!id) return report(id.error());
  json::object draft{{is_text ? "text" : "html", *content}};
  if (!flags.subject.empty()) draft["subject"] = flags.subject;
  if (!flags.locale.empty()) draft["locale"] = flags.locale;
  const json::object body{{"name", name}, {"draft", std::move(draft)}};
  const auto saved = id->empty() ? call_api(flags.place, "POST", "/templates", body)
                                 : call_api(flags.place, "PATCH", "/templates/" + *id, body);
  if (!saved) return report(saved.error());
  print_findings(saved->body);
  fmt::print("{} is saved as version {}.\n", harmless(name),
             json::serialize(saved->body.as_object().at("version")));
  return kDone;
}

}  // namespace

void add_template_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<TemplateFlags>();
  auto* command = app.add_subcommand("template", "Saved messages");
  command->require_subcommand(1);
  auto* listing = command->add_subcommand("list", "All templates, by name");
  auto* showing = command->add_subcommand("show", "The HTML of a template, as it was saved");
  showing->add_option("template", flags->name, "Its name or id").required();
  showing->add_flag("--text", flags->is_text, "The plain text instead");
  auto* importing = command->add_subcommand("import",
                                            "Save a file as a template, or as its next "
                                            "version");
  importing->add_option("file", flags->file, "An HTML file, or a .txt").required();
  importing->add_option("--name", flags->name, "Not given, the file's name");
  importing->add_option("--subject", flags->subject, "The subject line");
  importing->add_option("--locale", flags->locale, "Its language, such as nl-BE");
  for (Parser* sub : {listing, showing, importing}) {
    add_place(*sub, flags->place);
  }
  for (Parser* sub : {listing, showing}) sub->add_flag("--json", flags->is_json, "As JSON");
  command->footer(
      "Examples:\n"
      "  tidings template import letter.html --subject \"News of {{ 'now' | date: '%B' }}\"\n"
      "  tidings template list\n"
      "  tidings template show letter > letter.html");
  listing->callback([&line, flags] { line.run = [flags] { return list(*flags); }; });
  showing->callback([&line, flags] { line.run = [flags] { return show(*flags); }; });
  importing->callback([&line, flags] { line.run = [flags] { return import(*flags); }; });
}

}  // namespace tidings::cli
