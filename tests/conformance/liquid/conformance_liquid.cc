// Runs the cases of a file in the format of Shopify/liquid-spec (name, template, environment,
// expected) with escaping off, prints the names of those that fail and last `N passed, M failed`.
//
//   conformance_liquid [FILE] [--at-least PERCENT] [--verbose]
//
// Exit: 0 if at least PERCENT (97) pass, 1 if fewer do, 2 if the file cannot be read, 77 if no
// FILE is given and no corpus lies beside the checkout (${TIDINGS_CORPORA}/liquid/cases.json).
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "liquid/program.h"
#include "liquid/value.h"

namespace {

using namespace tidings;
using namespace tidings::liquid;

// The moment at which the suite was recorded, as its date cases expect.
constexpr Instant kRecorded = Instant(std::chrono::seconds(1704067318));  // 2024-01-01T00:01:58Z

std::string corpus_file() {
  if (const char* const set = std::getenv("TIDINGS_CORPORA"))
    return std::string(set) + "/liquid/cases.json";
  const char* const source = std::getenv("TIDINGS_SOURCE");
  return std::string(source != nullptr ? source : ".") + "/../shared/corpora/liquid/cases.json";
}

Result<std::string> render(std::string_view source, Value environment) {
  auto program = TRY(Program::compile(source, Context::text, {.dialect = Dialect::lax}));
  return program.render(environment, {.now = kRecorded});
}

std::string_view text_of(const Value& item, std::string_view key) {
  const Value* const found = item.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string_view();
}

struct Arguments {
  std::string file;
  double at_least = 97;
  bool verbose = false;
};

Arguments read_arguments(int argc, char** argv) {
  Arguments made;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--verbose") {
      made.verbose = true;
    } else if (word == "--at-least" && i + 1 < argc) {
      made.at_least = std::atof(argv[++i]);
    } else {
      made.file = word;
    }
  }
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = read_arguments(argc, argv);
  const std::string file = arguments.file.empty() ? corpus_file() : arguments.file;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (arguments.file.empty()) {
      std::cout << "skipped: there is no corpus at " << file << " (set TIDINGS_CORPORA)\n";
      return 77;
    }
    std::cerr << "cannot read " << file << "\n";
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  Arena arena;
  const auto cases = value_from_json(text, arena);
  if (!cases || !cases->is_array()) {
    std::cerr << file << " is not a list of cases" << (cases ? "" : ": " + cases.error().message)
              << "\n";
    return 2;
  }
  std::size_t passed = 0, failed = 0;
  for (const Value& item : cases->as_array()) {
    const Value* const environment = item.find("environment");
    const auto made =
        render(text_of(item, "template"), environment != nullptr ? *environment : Value());
    if (made && *made == text_of(item, "expected")) {
      ++passed;
      continue;
    }
    ++failed;
    std::cout << text_of(item, "name") << "\n";
    if (arguments.verbose) {
      std::cout << "  template " << text_of(item, "template") << "\n  expected "
                << text_of(item, "expected") << "\n  got      "
                << (made ? *made : made.error().message) << "\n";
    }
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  const double percent = passed + failed == 0 ? 0
                                              : 100.0 * static_cast<double>(passed) /
                                                    static_cast<double>(passed + failed);
  return percent >= arguments.at_least ? 0 : 1;
}
