// Program: a Liquid template, parsed once and rendered many times.
//
// Language: objects, filters, assign, capture, if/unless/case, for with limit/offset/reversed and
// forloop, tablerow, ifchanged, cycle, increment/decrement, comment, doc, raw, liquid, echo, inline
// comments, whitespace control and the standard string, number, list and date filters. There is no
// include or render, no environment, no file and no network: a template sees the values it is given
// and the time, and nothing else.
//
// Escaping. Context::html escapes every value that is printed (& < > " ') unless it is *safe*.
// Safe is: the output of the filters `escape`, `escape_once` and `newline_to_br` (which escapes an
// unsafe input first) and of `unescaped` (which changes nothing and says that the author vouches
// for it), Value::html, and what {% capture %} collects, because its text is the author's and its
// values were escaped on the way in. A filter that returns its input unchanged (`default`, `strip`
// and other trimming of white space included) keeps it safe; any other filter makes it unsafe
// again. Context::header removes CR and LF from everything. Context::text prints values as they
// are. Thread: a Program is immutable and may render in many threads at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "liquid/value.h"

namespace tidings::liquid {

enum class Context { text, html, header };

// What one rendering may cost. At a bound it stops with an error of kind limit, code
// `liquid.limit`, that names the bound; what was written until then is to be thrown away.
struct Limits {
  std::uint64_t steps = 1'000'000;          // tags, values and items, filters by their length
  std::size_t output_bytes = 8u << 20;      // what is written, captures included
  std::size_t memory_bytes = 32u << 20;     // what filters and tags make on the way
  Duration time = std::chrono::seconds(2);  // looked at every few hundred steps
};

struct RenderOptions {
  Limits limits;
  // What `now` and `today` mean to the filter date; the system's clock if not given.
  std::optional<Instant> now;
  // IANA name of the zone in which instants are shown; UTC if empty. Must outlive the call.
  std::string_view time_zone;
};

enum class Dialect {
  strict,  // what cannot be understood, and a filter that does not exist, is an error
  lax,     // as the reference engine forgives: used for templates from elsewhere
};

struct CompileOptions {
  Dialect dialect = Dialect::strict;
  std::size_t source_bytes = 4u << 20;  // longer sources are refused
  int depth = 100;                      // blocks within blocks, brackets within brackets
};

// One place where a template reads a value it was given (not one it assigned itself).
struct VariableUse {
  std::vector<std::string> path;  // {"contact", "first_name"}; empty: any root may be meant
  int line = 1;                   // counted from 1
  int column = 1;                 // in characters, counted from 1
  bool has_default = false;       // the filter `default` stands behind it
  // The value as a whole is printed with its members, iterated, passed on or indexed by another
  // value, so that any member of it may be used.
  bool whole = false;
  // The template also assigns this name, somewhere where that may not have happened yet.
  bool maybe_assigned = false;
};

// Where rendered text goes. Calls come in order; nothing is kept of the views after the call.
class Output {
 public:
  virtual ~Output() = default;
  // Text of the template itself: static_slices()[slice], so that a builder may have worked it out
  // before (transfer encoding, for one).
  virtual void write_static(std::uint32_t slice, std::string_view text) = 0;
  // Text of a value, escaped for the context.
  virtual void write_value(std::string_view text) = 0;
};

struct Code;  // the compiled form, private to src/liquid

class Program {
 public:
  // Error `liquid.syntax` with a message "line L, column C: sentence", see explain().
  static Result<Program> compile(std::string_view source, Context context,
                                 const CompileOptions& options = {});

  // `root` is an object whose members are the variables. Errors: `liquid.limit`; `liquid.render`
  // when the values do not fit the template ("line L, column C: cannot divide by zero").
  Result<void> render(Value root, Output& output, const RenderOptions& options = {}) const;
  Result<std::string> render(Value root, const RenderOptions& options = {}) const;
  // Appends to `out`, which keeps its capacity from one message to the next.
  Result<void> render_to(std::string& out, Value root, const RenderOptions& options = {}) const;

  // Text of the template, numbered. Lives as long as any copy of this program.
  std::span<const std::string> static_slices() const;
  // In order of appearance.
  std::span<const VariableUse> variables() const;
  Context context() const;

 private:
  explicit Program(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

// A use of a name that the values will not have.
struct UnknownVariable {
  std::string name;  // as written, joined by dots
  int line = 1;
  int column = 1;
  std::string suggestion;  // a known name close to it, or empty
  std::string message;     // "line 3, column 7: there is no contact.frist_name; did you mean …?"
};

// The uses that `known` does not cover. Known names are dotted paths: "unsubscribe_url",
// "contact.email"; "contact.*" stands for every member of contact. A use of a parent of a known
// name is known, and so is any member of a known name that has no members listed.
std::vector<UnknownVariable> unknown_variables(std::span<const VariableUse> uses,
                                               std::span<const std::string> known);

struct Position {
  int line = 1;
  int column = 1;
};
// Where an error of compile or render lies; nothing if its message does not begin with a place.
std::optional<Position> position_of(const Error& error);
// The message, the line of the source it is about, and a caret under the column.
std::string explain(const Error& error, std::string_view source);

}  // namespace tidings::liquid
