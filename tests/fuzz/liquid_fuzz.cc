// Any bytes as a template and as values: no crash, no hang, the bounds hold, HTML values stay
// escaped and headers have one line. Input: template, NUL, JSON; without NUL the values are fixed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "liquid/program.h"
#include "liquid/value.h"

namespace {

using namespace tidings;
using namespace tidings::liquid;

constexpr std::string_view kValues =
    R"({"a":1,"b":-2.5,"s":"<x> & 'y'\r\n","n":null,"t":true,"l":[1,"two",[3],null,{"k":"v"}],)"
    R"("h":{"a":"1","first":2,"l":[]},"contact":{"first_name":"Zoë","x":""},"d":"2026-07-04 10:00:00 +0200"})";

void try_one(std::string_view source, Context context, Dialect dialect, Value values) {
  const auto program = Program::compile(source, context, {.dialect = dialect});
  if (!program) {
    CHECK(position_of(program.error()) || program.error().code == "liquid.limit");
    CHECK(!explain(program.error(), source).empty());
    return;
  }
  const std::string known[] = {"contact.first_name", "a", "h.*"};
  for (const auto& unknown : unknown_variables(program->variables(), known))
    CHECK(!unknown.message.empty());
  RenderOptions options;
  options.limits = {.steps = 20'000,
                    .output_bytes = 100'000,
                    .memory_bytes = 1u << 20,
                    .time = std::chrono::seconds(5)};
  options.now = Instant(std::chrono::seconds(1704067318));
  const auto made = program->render(values, options);
  if (made) {
    CHECK(made->size() <= options.limits.output_bytes);
    if (context == Context::header) CHECK(made->find_first_of("\r\n") == std::string::npos);
    CHECK(program->render(values, options).value() == *made);
  } else {
    CHECK(made.error().kind == ErrorKind::limit || position_of(made.error()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = input.find('\0');
  Arena arena(std::size_t{4} << 20);
  auto values = value_from_json(nul == input.npos ? kValues : input.substr(nul + 1), arena);
  if (!values) values = value_from_json(kValues, arena);
  if (!values) return 0;
  const std::string_view source = input.substr(0, nul);
  try_one(source, Context::html, Dialect::strict, *values);
  try_one(source, Context::header, Dialect::lax, *values);
  return 0;
}
