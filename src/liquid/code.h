// The compiled form of a template: a tree whose names are resolved, so that rendering compares no
// name twice. Private to src/liquid; built by parser.cc, walked by render.cc, immutable after.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "liquid/program.h"
#include "liquid/value.h"

namespace tidings::liquid {

struct Lookup;
struct RangeExpression;
struct FilterInfo;

// `blank` and `empty` are values (the empty text) except on one side of a comparison, where they
// are questions to the other side.
enum class Question : std::uint8_t { none, blank, empty };

struct Expression {
  Value literal;  // when there is neither lookup nor range
  Question question = Question::none;
  std::unique_ptr<Lookup> lookup;
  std::unique_ptr<RangeExpression> range;

  bool is_literal() const { return !lookup && !range; }
};

struct RangeExpression {
  Expression first, last;
};

// What may be asked of a value behind a dot if it has no member of that name.
enum class Command : std::uint8_t { none, size, first, last };

struct Step {
  std::string key;
  Command command = Command::none;
  std::unique_ptr<Expression> index;  // x[index]: the key is computed
  std::uint32_t hint = 0;             // index into Code::hints
};

// What the engine provides itself: see Type::drop.
struct Drop {
  enum class Kind : std::uint8_t { forloop, tablerowloop, self };
  Kind kind = Kind::self;
  std::string_view name;
  std::int64_t length = 0;
  std::int64_t index = 0;
  const Drop* parent = nullptr;
  std::int64_t columns = 0, row = 1, column = 1;
  const Lookup* scope = nullptr;  // self: where it was written, for the locals it sees
};

struct LocalName {
  std::string name;
  std::uint32_t slot = 0;
};

inline constexpr std::uint32_t kNoSlot = 0xffffffff;

struct Lookup {
  enum class Root : std::uint8_t { global, local, computed };
  Root root = Root::global;
  std::string name;
  std::uint32_t slot = kNoSlot;  // local: of State::locals; global: of State::variables
  std::uint32_t hint = 0;
  std::unique_ptr<Expression> name_expression;  // [expression]: the name is computed
  std::vector<Step> steps;
  std::uint32_t use = kNoSlot;     // index into Code::uses, if it is one
  std::vector<LocalName> visible;  // innermost first; only where names are computed
  Drop self;                       // what `self` is here
};

struct FilterCall {
  const FilterInfo* info = nullptr;
  std::string name;
  std::uint32_t at = 0;  // offset in the source
  std::vector<Expression> arguments;
  std::vector<std::pair<std::string, Expression>> named;
};

struct Pipeline {
  Expression head;
  std::vector<FilterCall> filters;
};

enum class Operator : std::uint8_t {
  truth,
  equal,
  not_equal,
  less,
  greater,
  less_equal,
  greater_equal,
  contains,
};
enum class Relation : std::uint8_t { last, and_, or_ };

// A chain is decided from the left and reads as if bracketed from the right: a and (b or c).
struct Condition {
  Expression left;
  Operator op = Operator::truth;
  Expression right;
  Relation relation = Relation::last;
};

struct Node;
using Body = std::vector<Node>;

struct TextNode {
  std::string_view text;  // into Code::source; only while parsing
  bool raw = false;       // never trimmed
  std::uint32_t slice = 0;
};
struct OutputNode {
  Pipeline value;
};
struct AssignNode {
  std::uint32_t name = 0;  // of Code::names, turned into a slot at the end
  Pipeline value;
};
struct CaptureNode {
  std::uint32_t name = 0;
  Body body;
};
struct Branch {
  std::vector<Condition> conditions;  // none: else
  bool negated = false;
  Body body;
};
struct IfNode {
  std::vector<Branch> branches;
};
struct WhenBranch {
  std::vector<Expression> values;  // none: else
  Body body;
};
struct CaseNode {
  Expression value;
  std::vector<WhenBranch> branches;
};
struct LoopNode {
  bool table = false;
  std::string name;  // "item-collection": what `offset: continue` goes by
  std::uint32_t offset_slot = 0;
  std::uint32_t item_slot = 0;  // the loop object stands in item_slot + 1
  std::uint32_t parent_slot = kNoSlot;
  Expression collection;
  std::unique_ptr<Expression> limit, offset, columns;
  bool reversed = false;
  bool resumes = false;  // offset: continue
  Body body, otherwise;
};
struct IfChangedNode {
  Body body;
};
struct CycleNode {
  std::unique_ptr<Expression> name;
  std::string key;  // when there is no name
  std::vector<Expression> values;
};
struct CountNode {
  std::uint32_t name = 0;
  bool up = true;
};
struct InterruptNode {
  bool leaves = true;  // break; else continue
};

struct Node {
  std::uint32_t at = 0;  // offset in the source
  std::variant<TextNode, OutputNode, AssignNode, std::unique_ptr<CaptureNode>,
               std::unique_ptr<IfNode>, std::unique_ptr<CaseNode>, std::unique_ptr<LoopNode>,
               std::unique_ptr<IfChangedNode>, std::unique_ptr<CycleNode>, CountNode, InterruptNode>
      is;
};

struct Code {
  std::string source;  // literals are views into it
  Context context = Context::text;
  Body body;
  std::vector<std::string> slices;
  std::vector<VariableUse> uses;
  std::map<std::string, std::uint32_t, std::less<>> names;  // assigned or counted somewhere
  std::uint32_t local_slots = 0;
  std::uint32_t offset_slots = 0;
  // Optimisation: where each lookup found its member last time. Shared by threads: only a guess.
  std::unique_ptr<std::atomic<std::uint32_t>[]> hints;
  std::uint32_t hint_count = 0;
  std::vector<std::uint32_t> line_starts;

  Position position(std::size_t offset) const;
  std::string place(std::size_t offset) const;  // "line 3, column 7: "
};

}  // namespace tidings::liquid
