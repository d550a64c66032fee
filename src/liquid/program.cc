#include "liquid/program.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "liquid/code.h"
#include "liquid/parser.h"
#include "liquid/render.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

class StringOutput final : public Output {
 public:
  explicit StringOutput(std::string& out) : out_(out) {}
  void write_static(std::uint32_t, std::string_view text) override { out_.append(text); }
  void write_value(std::string_view text) override { out_.append(text); }

 private:
  std::string& out_;
};

}  // namespace

Position Code::position(std::size_t offset) const {
  const auto after = std::ranges::upper_bound(line_starts, static_cast<std::uint32_t>(offset));
  const auto line = static_cast<std::size_t>(after - line_starts.begin()) - 1;
  const std::string_view before =
      std::string_view(source).substr(line_starts[line], offset - line_starts[line]);
  return {static_cast<int>(line + 1), static_cast<int>(count_characters(before) + 1)};
}

std::string Code::place(std::size_t offset) const {
  const Position at = position(offset);
  return fmt::format("line {}, column {}: ", at.line, at.column);
}

Result<Program> Program::compile(std::string_view source, Context context,
                                 const CompileOptions& options) {
  if (source.size() > std::min<std::size_t>(options.source_bytes, 0xffffffff)) {
    return fail(ErrorKind::limit, "liquid.limit",
                fmt::format("The template is longer than {} bytes.", options.source_bytes));
  }
  auto code = std::make_shared<Code>();
  code->source = source;
  code->context = context;
  code->line_starts.push_back(0);
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\n') code->line_starts.push_back(static_cast<std::uint32_t>(i + 1));
  }
  try {
    Parser(*code, options).run();
  } catch (const Mistake& mistake) {
    return fail(ErrorKind::invalid, "liquid.syntax",
                code->place(std::min(mistake.at, source.size())) + mistake.sentence);
  }
  return Program(std::move(code));
}

Result<void> Program::render(Value root, Output& output, const RenderOptions& options) const {
  return Renderer(*code_, root, output, options).run();
}

Result<void> Program::render_to(std::string& out, Value root, const RenderOptions& options) const {
  StringOutput output(out);
  return Renderer(*code_, root, output, options).run();
}

Result<std::string> Program::render(Value root, const RenderOptions& options) const {
  std::string out;
  TRY(render_to(out, root, options));
  return out;
}

std::span<const std::string> Program::static_slices() const { return code_->slices; }
std::span<const VariableUse> Program::variables() const { return code_->uses; }
Context Program::context() const { return code_->context; }

std::optional<Position> position_of(const Error& error) {
  std::string_view rest = error.message;
  const auto number = [&](std::string_view prefix) -> std::optional<int> {
    if (!rest.starts_with(prefix)) return std::nullopt;
    rest.remove_prefix(prefix.size());
    int value = 0;
    const auto done = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (done.ec != std::errc()) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(done.ptr - rest.data()));
    return value;
  };
  const auto line = number("line ");
  const auto column = number(", column ");
  if (!line || !column) return std::nullopt;
  return Position{*line, *column};
}

std::string explain(const Error& error, std::string_view source) {
  const auto at = position_of(error);
  if (!at) return error.message;
  for (int line = 1; line < at->line; ++line) {
    const std::size_t stop = source.find('\n');
    if (stop == source.npos) return error.message;
    source.remove_prefix(stop + 1);
  }
  std::string_view text = trim_right(source.substr(0, source.find('\n')));
  // A long line is shown around the place.
  constexpr std::size_t kBefore = 60, kShown = 110;
  std::size_t column = static_cast<std::size_t>(std::max(at->column, 1)) - 1;
  if (column > kBefore) {
    text.remove_prefix(character_offset(text, column - kBefore));
    column = kBefore;
  }
  text = text.substr(0, character_offset(text, kShown));
  std::string plain(text);
  std::ranges::replace_if(plain, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return fmt::format("{}\n  {}\n  {}^", error.message, plain, std::string(column, ' '));
}

}  // namespace tidings::liquid
