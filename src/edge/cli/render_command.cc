// tidings render: a template with values, printed. Sends nothing and needs no data folder.
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "edge/cli/command.h"
#include "liquid/program.h"
#include "liquid/value.h"

namespace tidings::cli {
namespace {

struct RenderOptions {
  std::string template_file;
  std::string values = "{}";
  bool is_text = false;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail_errno("cli.file", path, errno);
  // A folder opens but cannot be read: this sets badbit where an iterator would throw.
  std::ostringstream content;
  content << in.rdbuf();
  if (in.bad() || (content.fail() && in.peek() != std::ifstream::traits_type::eof())) {
    return fail(ErrorKind::invalid, "cli.file", path + " cannot be read as a file.");
  }
  return std::move(content).str();
}

Result<std::string> render(const RenderOptions& options, std::string& source) {
  source = TRY(read_file(options.template_file));
  std::string json = options.values;
  if (json.starts_with('@')) json = TRY(read_file(json.substr(1)));
  liquid::Arena arena;
  auto values = liquid::value_from_json(json, arena);
  if (!values) return std::unexpected(std::move(values.error()).within("--values"));
  if (!values->is_object()) {
    return fail(ErrorKind::invalid, "cli.usage",
                "--values is not a JSON object; write for example '{\"name\": \"Ada\"}'.");
  }
  const auto program = TRY(liquid::Program::compile(
      source, options.is_text ? liquid::Context::text : liquid::Context::html));
  return program.render(*values);
}

int run_render(const RenderOptions& options) {
  std::string source;
  const auto rendered = render(options, source);
  if (rendered) {
    std::fwrite(rendered->data(), 1, rendered->size(), stdout);
    return kDone;
  }
  const Error& error = rendered.error();
  if (!liquid::position_of(error)) return report(error);
  Error shown = error;
  shown.message = options.template_file + ": " + liquid::explain(error, source);
  return report(shown);
}

}  // namespace

void add_render_command(Parser& app, CommandLine& line) {
  auto options = std::make_shared<RenderOptions>();
  auto* command = app.add_subcommand("render", "Print a template filled with values");
  command->add_option("--template", options->template_file, "The template, a file with Liquid tags")
      .required();
  command->add_option("--values", options->values, "The values: a JSON object, or @FILE with one")
      .show_default();
  command->add_flag("--text", options->is_text,
                    "The template is plain text: values are not escaped for HTML");
  command->footer(
      "Examples:\n"
      "  tidings render --template hello.html --values '{\"contact\": {\"first_name\": \"Ada\"}}'\n"
      "  tidings render --text --template hello.txt --values @values.json");
  command->callback([&line, options] { line.run = [options] { return run_render(*options); }; });
}

}  // namespace tidings::cli
