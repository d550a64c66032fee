// What a command says about its words, without the parser behind it.
//
// CLI11 is header-only and takes many seconds of compiling in each file that includes it; behind
// this only parser.cc does. The names are CLI11's, and so is what they mean; what no command
// needs is left out. One thread; a variable given to an option lives until the line is parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tidings::cli {

// An option, flag or positional word of a command, as long as its Parser lives.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option& required();
  Option& excludes(Option other);
  // Anything else is a usage error naming what is allowed.
  Option& one_of(std::initializer_list<const char*> allowed);
  Option& between(std::int64_t least, std::int64_t most);
  Option& at_least(std::int64_t least);
  // "a,b" is two values.
  Option& split_at(char separator);
  // Each occurrence takes one word, so that a positional word may follow.
  Option& one_word_each();
  // The help shows what the variable holds now.
  Option& show_default();
  // Left out of the help.
  Option& hidden();

 private:
  CLI::Option* option_;
};

// The program's words, or those of one of its commands.
class Parser {
 public:
  Parser(std::string description, std::string name);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // A command below this one, which owns it.
  Parser* add_subcommand(std::string name, std::string description);
  // Exactly `count` of its commands must be named.
  void require_subcommand(int count);

  // `names`: "--limit", "--to,--until", or "file" for a word by its place.
  Option add_option(std::string_view names, std::string& value, std::string_view description);
  Option add_option(std::string_view names, std::vector<std::string>& values,
                    std::string_view description);
  // Stays empty unless given.
  Option add_option(std::string_view names, std::optional<std::string>& value,
                    std::string_view description);
  Option add_option(std::string_view names, std::filesystem::path& path,
                    std::string_view description);
  Option add_option(std::string_view names, int& value, std::string_view description);
  Option add_option(std::string_view names, std::int64_t& value, std::string_view description);
  Option add_flag(std::string_view names, bool& value, std::string_view description);
  // Prints `text` and ends successfully.
  void add_version_flag(std::string_view names, std::string text);

  // Shown after the options.
  void footer(std::string text);
  // Called when the command was named and its words are understood.
  void callback(std::function<void()> parsed);

  enum class Parsed {
    yes,
    shown,   // help or version was asked for and is printed
    refused  // a sentence went to standard error
  };
  Parsed parse(int argc, const char* const* argv);

 private:
  explicit Parser(CLI::App& app);  // a command of another's

  std::unique_ptr<CLI::App> own_;  // of the program itself
  CLI::App* app_;
  std::vector<std::unique_ptr<Parser>> commands_;
};

}  // namespace tidings::cli
