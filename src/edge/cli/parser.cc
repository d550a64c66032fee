#include "edge/cli/parser.h"

#include <CLI/CLI.hpp>
#include <utility>

#include <fmt/format.h>

namespace tidings::cli {

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::excludes(Option other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::one_of(std::initializer_list<const char*> allowed) {
  option_->check(CLI::IsMember(std::vector<std::string>(allowed.begin(), allowed.end())));
  return *this;
}

Option& Option::between(std::int64_t least, std::int64_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::at_least(std::int64_t least) {
  option_->check(
      [least](const std::string& text) {
        std::int64_t value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= least) return std::string();
        return fmt::format("{} is not a number from {} on", text, least);
      },
      fmt::format("from {}", least));
  return *this;
}

Option& Option::split_at(char separator) {
  option_->delimiter(separator);
  return *this;
}

Option& Option::one_word_each() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}

Option& Option::hidden() {
  option_->group("");
  return *this;
}

Parser::Parser(std::string description, std::string name)
    : own_(std::make_unique<CLI::App>(std::move(description), std::move(name))), app_(own_.get()) {
  app_->failure_message([name = app_->get_name()](const CLI::App*, const CLI::Error& error) {
    return fmt::format("{}: {}. See {} --help.\n", name, error.what(), name);
  });
}

Parser::Parser(CLI::App& app) : app_(&app) {}

Parser::~Parser() = default;

Parser* Parser::add_subcommand(std::string name, std::string description) {
  CLI::App* command = app_->add_subcommand(std::move(name), std::move(description));
  commands_.push_back(std::unique_ptr<Parser>(new Parser(*command)));
  return commands_.back().get();
}

void Parser::require_subcommand(int count) { app_->require_subcommand(count); }

Option Parser::add_option(std::string_view names, std::string& value,
                          std::string_view description) {
  return Option(*app_->add_option(std::string(names), value, std::string(description)));
}

Option Parser::add_option(std::string_view names, std::vector<std::string>& values,
                          std::string_view description) {
  return Option(*app_->add_option(std::string(names), values, std::string(description)));
}

Option Parser::add_option(std::string_view names, std::optional<std::string>& value,
                          std::string_view description) {
  return Option(*app_->add_option(std::string(names), value, std::string(description)));
}

Option Parser::add_option(std::string_view names, std::filesystem::path& path,
                          std::string_view description) {
  return Option(*app_->add_option(std::string(names), path, std::string(description)));
}

Option Parser::add_option(std::string_view names, int& value, std::string_view description) {
  return Option(*app_->add_option(std::string(names), value, std::string(description)));
}

Option Parser::add_option(std::string_view names, std::int64_t& value,
                          std::string_view description) {
  return Option(*app_->add_option(std::string(names), value, std::string(description)));
}

Option Parser::add_flag(std::string_view names, bool& value, std::string_view description) {
  return Option(*app_->add_flag(std::string(names), value, std::string(description)));
}

void Parser::add_version_flag(std::string_view names, std::string text) {
  app_->set_version_flag(std::string(names), std::move(text));
}

void Parser::footer(std::string text) { app_->footer(std::move(text)); }

void Parser::callback(std::function<void()> parsed) { app_->callback(std::move(parsed)); }

Parser::Parsed Parser::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? Parsed::shown : Parsed::refused;
  }
  return Parsed::yes;
}

}  // namespace tidings::cli
