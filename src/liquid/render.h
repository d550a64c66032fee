// Walks the tree of code.h under the limits. Private to src/liquid.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "liquid/code.h"
#include "liquid/filters.h"

namespace tidings::liquid {

// One rendering. Thread: one.
class Renderer {
 public:
  Renderer(const Code& code, Value root, Output& output, const RenderOptions& options);
  Result<void> run();

 private:
  struct Variable {
    Value assigned;
    std::int64_t counter = 0;
    bool is_assigned = false;
    bool is_counted = false;
  };
  enum class Interrupt : std::uint8_t { none, leave, skip, failed };

  // Tags. All return false when the rest of the body is not to be rendered.
  bool body(const Body& body);
  bool render(const Node& node);
  bool assign(const AssignNode& node);
  bool capture(const CaptureNode& node);
  bool branch(const IfNode& node);
  bool choose(const CaseNode& node);
  bool loop(const LoopNode& node);
  bool iterate(const LoopNode& node, Value collection, std::uint64_t first, std::uint64_t count);
  bool changed(const IfChangedNode& node);
  bool cycle(const CycleNode& node);
  bool count(const CountNode& node);
  bool loop_number(const Expression* expression, std::string_view what,
                   std::optional<std::int64_t>& number);
  Value item(Value collection, std::uint64_t index);

  // Values.
  Value value(const Expression& expression);
  Value lookup(const Lookup& lookup);
  Value global(const Lookup& lookup);
  Value by_name(const Lookup& scope, std::string_view name);
  Value member(Value object, const Step& step);
  Value member(Value object, Value key, Command command, std::uint32_t hint);
  Value command(Value object, Command command);
  Value drop_member(const Drop& drop, Value self, std::string_view name);
  const Value* find(Value object, std::string_view key, std::uint32_t hint);
  Value pipeline(const Pipeline& pipeline);
  Value filter(const FilterCall& filter, Value input);

  bool holds(const std::vector<Condition>& conditions);
  bool holds(const Condition& condition);
  bool equals(const Expression& left, const Expression& right);
  bool ordered(Value left, Value right, Operator op);
  bool contains(Value left, Value right);

  // Output.
  bool print(Value value, int depth = 0);
  bool print_text(std::string_view text);  // escapes for the context
  bool write(std::string_view text);       // as it is

  // Bounds.
  bool step(std::uint64_t cost = 1) {
    if (cost < until_check_) {
      until_check_ -= cost;
      return true;
    }
    return check(cost);
  }
  bool check(std::uint64_t cost);
  bool fail(std::string_view sentence);
  bool limit(std::string_view sentence);

  static constexpr std::uint64_t kCheckEvery = 512;

  const Code& code_;
  const Value root_;
  Output& output_;
  const RenderOptions& options_;
  Arena arena_;
  std::span<Value> locals_;
  std::vector<Variable> variables_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::pair<std::string, std::size_t>> cycles_;
  std::optional<std::string> last_changed_;
  std::vector<std::string*> captures_;
  std::string scratch_, escaped_;
  std::function<Value(Value, std::string_view)> drop_member_;
  std::optional<Error> error_;
  Interrupt interrupt_ = Interrupt::none;
  std::size_t at_ = 0;  // what is being rendered: where an error lies
  std::uint64_t until_check_ = kCheckEvery;
  std::uint64_t steps_ = 0;
  std::size_t written_ = 0;
  std::optional<std::chrono::steady_clock::time_point> started_;
};

}  // namespace tidings::liquid
