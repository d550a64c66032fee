#include "liquid/render.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "liquid/text.h"

namespace tidings::liquid {
namespace {

constexpr std::array<bool, 256> kNeedsEscape = [] {
  std::array<bool, 256> table{};
  for (const char c : {'&', '<', '>', '"', '\''}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool needs_escape(std::string_view text) {
  return std::ranges::any_of(text,
                             [](char c) { return kNeedsEscape[static_cast<unsigned char>(c)]; });
}

}  // namespace

Renderer::Renderer(const Code& code, Value root, Output& output, const RenderOptions& options)
    : code_(code),
      root_(root),
      output_(output),
      options_(options),
      arena_(options.limits.memory_bytes) {
  if (code.local_slots > 0) locals_ = arena_.values(code.local_slots);
  if (!code.names.empty()) variables_.resize(code.names.size());
  if (code.offset_slots > 0) offsets_.resize(code.offset_slots);
  drop_member_ = [this](Value drop, std::string_view name) {
    return drop_member(drop.as_drop(), drop, name);
  };
}

Result<void> Renderer::run() {
  if (code_.local_slots > locals_.size()) {
    limit("the template needs more memory than allowed.");
  } else {
    body(code_.body);
  }
  if (error_) return std::unexpected(std::move(*error_));
  if (arena_.exhausted()) {
    limit("the template needs more memory than allowed.");
    return std::unexpected(std::move(*error_));
  }
  return {};
}

bool Renderer::fail(std::string_view sentence) {
  if (!error_) {
    error_ = Error{ErrorKind::invalid, "liquid.render", code_.place(at_) + std::string(sentence)};
  }
  interrupt_ = Interrupt::failed;
  return false;
}

bool Renderer::limit(std::string_view sentence) {
  if (!error_) {
    error_ = Error{ErrorKind::limit, "liquid.limit", code_.place(at_) + std::string(sentence)};
  }
  interrupt_ = Interrupt::failed;
  return false;
}

bool Renderer::check(std::uint64_t cost) {
  steps_ += kCheckEvery - until_check_ + cost;
  until_check_ = kCheckEvery;
  if (steps_ > options_.limits.steps) return limit("the template takes more steps than allowed.");
  if (arena_.exhausted()) return limit("the template needs more memory than allowed.");
  const auto now = std::chrono::steady_clock::now();
  if (!started_) started_ = now;
  if (now - *started_ > options_.limits.time) return limit("the template takes too long.");
  return true;
}

bool Renderer::body(const Body& body) {
  for (const Node& node : body) {
    if (!render(node)) return false;
  }
  return true;
}

bool Renderer::render(const Node& node) {
  if (const auto* const text = std::get_if<TextNode>(&node.is)) {
    const std::string& slice = code_.slices[text->slice];
    if (!captures_.empty()) return step() && write(slice);
    written_ += slice.size();
    if (written_ > options_.limits.output_bytes) return limit("the text gets longer than allowed.");
    output_.write_static(text->slice, slice);
    return step();
  }
  at_ = node.at;
  if (!step()) return false;
  if (const auto* const output = std::get_if<OutputNode>(&node.is)) {
    const Value made = pipeline(output->value);
    return interrupt_ == Interrupt::none && print(made);
  }
  struct Visitor {
    Renderer& r;
    bool operator()(const TextNode&) const { return true; }
    bool operator()(const OutputNode&) const { return true; }
    bool operator()(const AssignNode& n) const { return r.assign(n); }
    bool operator()(const std::unique_ptr<CaptureNode>& n) const { return r.capture(*n); }
    bool operator()(const std::unique_ptr<IfNode>& n) const { return r.branch(*n); }
    bool operator()(const std::unique_ptr<CaseNode>& n) const { return r.choose(*n); }
    bool operator()(const std::unique_ptr<LoopNode>& n) const { return r.loop(*n); }
    bool operator()(const std::unique_ptr<IfChangedNode>& n) const { return r.changed(*n); }
    bool operator()(const std::unique_ptr<CycleNode>& n) const { return r.cycle(*n); }
    bool operator()(const CountNode& n) const { return r.count(n); }
    bool operator()(const InterruptNode& n) const {
      r.interrupt_ = n.leaves ? Interrupt::leave : Interrupt::skip;
      return false;
    }
  };
  return std::visit(Visitor{*this}, node.is);
}

bool Renderer::assign(const AssignNode& node) {
  const Value made = pipeline(node.value);
  if (interrupt_ != Interrupt::none) return false;
  Variable& variable = variables_[node.name];
  variable.assigned = made;
  variable.is_assigned = true;
  return true;
}

bool Renderer::capture(const CaptureNode& node) {
  std::string collected;
  captures_.push_back(&collected);
  const bool goes_on = body(node.body);
  captures_.pop_back();
  if (interrupt_ == Interrupt::failed) return false;
  Variable& variable = variables_[node.name];
  // Its text is the author's and its values were escaped when they were printed into it.
  variable.assigned =
      Value::string(arena_.copy(collected)).marked_safe(code_.context == Context::html);
  variable.is_assigned = true;
  return goes_on && step(collected.size() / 64);
}

bool Renderer::branch(const IfNode& node) {
  for (const Branch& branch : node.branches) {
    const bool applies = branch.conditions.empty() || holds(branch.conditions) != branch.negated;
    if (interrupt_ != Interrupt::none) return false;
    if (applies) return body(branch.body);
  }
  return true;
}

// Every branch that matches is rendered, once for each of its values that matches; an else only
// while none has: so does the reference engine.
bool Renderer::choose(const CaseNode& node) {
  bool matched = false;
  for (const WhenBranch& branch : node.branches) {
    if (branch.values.empty()) {
      if (!matched && !body(branch.body)) return false;
      continue;
    }
    for (const Expression& value : branch.values) {
      if (!step()) return false;
      const bool applies = equals(node.value, value);
      if (interrupt_ != Interrupt::none) return false;
      if (!applies) continue;
      matched = true;
      if (!body(branch.body)) return false;
    }
  }
  return true;
}

bool Renderer::loop_number(const Expression* expression, std::string_view what,
                           std::optional<std::int64_t>& number) {
  number.reset();
  if (expression == nullptr) return true;
  const Value given = value(*expression);
  if (interrupt_ != Interrupt::none) return false;
  if (given.is_nil()) return true;
  number = to_integer(given);
  return number || fail(fmt::format("the {} of this loop is not a whole number.", what));
}

bool Renderer::loop(const LoopNode& node) {
  std::optional<std::int64_t> offset, limited;
  if (!loop_number(node.offset.get(), "offset", offset)) return false;
  const Value collection = value(node.collection);
  if (interrupt_ != Interrupt::none) return false;
  if (!loop_number(node.limit.get(), "limit", limited)) return false;
  if (node.table && !collection.truthy()) return true;

  std::uint64_t size = 0;
  switch (collection.type()) {
    case Type::array:
      size = collection.as_array().size();
      break;
    case Type::object:
      size = collection.as_object().size();
      break;
    case Type::range:
      size = collection.as_range().size();
      break;
    case Type::string:
      size = collection.as_string().empty() ? 0 : 1;
      break;
    default:
      break;
  }
  const __int128 from = node.resumes ? offsets_[node.offset_slot] : offset.value_or(0);
  __int128 first = std::max<__int128>(from, 0), last = size;
  if (limited) last = std::min<__int128>(last, *limited + from);
  if (collection.is_string()) {
    first = 0;  // a text is one item, whatever the offset and limit
    last = size;
  }
  const std::uint64_t count = last > first ? static_cast<std::uint64_t>(last - first) : 0;
  offsets_[node.offset_slot] =
      static_cast<std::int64_t>(std::min<__int128>(from + count, INT64_MAX));
  if (count == 0 && !node.table) return body(node.otherwise);
  return iterate(node, collection, static_cast<std::uint64_t>(first), count);
}

Value Renderer::item(Value collection, std::uint64_t index) {
  switch (collection.type()) {
    case Type::array:
      return collection.as_array()[index];
    case Type::object: {
      const auto pair = arena_.values(2);
      if (pair.size() < 2) return Value::nil();
      pair[0] = Value::string(collection.as_object()[index].key);
      pair[1] = collection.as_object()[index].value;
      return Value::array(pair);
    }
    case Type::range:
      return Value::integer(static_cast<std::int64_t>(
          static_cast<std::uint64_t>(collection.as_range().first) + index));
    default:
      return collection;
  }
}

bool Renderer::iterate(const LoopNode& node, Value collection, std::uint64_t first,
                       std::uint64_t count) {
  void* const memory = arena_.allocate(sizeof(Drop));
  if (memory == nullptr) return limit("the template needs more memory than allowed.");
  auto* const drop = new (memory) Drop;
  const std::string_view line_end = code_.context == Context::header ? "" : "\n";
  drop->kind = node.table ? Drop::Kind::tablerowloop : Drop::Kind::forloop;
  drop->name = node.name;
  drop->length = static_cast<std::int64_t>(count);
  if (node.parent_slot != kNoSlot && locals_[node.parent_slot].type() == Type::drop) {
    drop->parent = &locals_[node.parent_slot].as_drop();
  }
  if (node.table) {
    drop->columns = drop->length;
    if (node.columns) {
      drop->columns = to_integer(value(*node.columns)).value_or(0);
      if (interrupt_ != Interrupt::none) return false;
    }
    if (!write(fmt::format("<tr class=\"row1\">{}", line_end))) return false;
  }
  locals_[node.item_slot + 1] = Value::drop(drop);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!step()) return false;
    locals_[node.item_slot] = item(collection, first + (node.reversed ? count - 1 - i : i));
    if (node.table && !write(fmt::format("<td class=\"col{}\">", drop->column))) return false;
    const bool goes_on = body(node.body);
    if (interrupt_ == Interrupt::failed) return false;
    if (node.table) {
      if (!write("</td>")) return false;
      const bool row_ends = drop->column == drop->columns;
      if (row_ends && i + 1 < count && interrupt_ != Interrupt::leave &&
          !write(fmt::format("</tr>{}<tr class=\"row{}\">", line_end, drop->row + 1))) {
        return false;
      }
      drop->column = row_ends ? 1 : drop->column + 1;
      drop->row += row_ends ? 1 : 0;
    }
    ++drop->index;
    const bool leaves = !goes_on && interrupt_ == Interrupt::leave;
    interrupt_ = Interrupt::none;
    if (leaves) break;
  }
  return !node.table || write(fmt::format("</tr>{}", line_end));
}

bool Renderer::changed(const IfChangedNode& node) {
  std::string collected;
  captures_.push_back(&collected);
  const bool goes_on = body(node.body);
  captures_.pop_back();
  if (interrupt_ == Interrupt::failed) return false;
  if (!last_changed_ || *last_changed_ != collected) {
    if (!write(collected)) return false;
    last_changed_ = std::move(collected);
  }
  return goes_on;
}

bool Renderer::cycle(const CycleNode& node) {
  std::string key = node.key;
  if (node.name) {
    key = "=";
    append_inspected(key, value(*node.name));
  }
  auto found = std::ranges::find(cycles_, key, &std::pair<std::string, std::size_t>::first);
  if (found == cycles_.end()) {
    cycles_.emplace_back(std::move(key), 0);
    found = std::prev(cycles_.end());
  }
  if (!step(cycles_.size() / 8)) return false;
  const std::size_t turn = found->second;
  found->second = turn + 1 >= node.values.size() ? 0 : turn + 1;
  if (turn >= node.values.size()) return true;
  const Value made = value(node.values[turn]);
  return interrupt_ == Interrupt::none && print(made);
}

bool Renderer::count(const CountNode& node) {
  Variable& variable = variables_[node.name];
  variable.is_counted = true;
  const std::int64_t shown = node.up ? variable.counter++ : --variable.counter;
  return print(Value::integer(shown));
}

bool Renderer::write(std::string_view text) {
  written_ += text.size();
  if (written_ > options_.limits.output_bytes) return limit("the text gets longer than allowed.");
  if (captures_.empty()) {
    output_.write_value(text);
  } else {
    captures_.back()->append(text);
  }
  return true;
}

bool Renderer::print_text(std::string_view text) {
  if (code_.context == Context::html && needs_escape(text)) {
    escaped_.clear();
    append_escaped(escaped_, text);
    return write(escaped_);
  }
  if (code_.context == Context::header && text.find_first_of("\r\n") != text.npos) {
    escaped_.assign(text);
    std::erase_if(escaped_, [](char c) { return c == '\r' || c == '\n'; });
    return write(escaped_);
  }
  return write(text);
}

bool Renderer::print(Value value, int depth) {
  switch (value.type()) {
    case Type::nil:
      return true;
    case Type::string:
      if (value.safe() && code_.context == Context::html) return write(value.as_string());
      return print_text(value.as_string());
    case Type::array:
      if (depth > 64) return true;
      for (const Value& each : value.as_array()) {
        if (!step() || !print(each, depth + 1)) return false;
      }
      return true;
    default:
      scratch_.clear();
      append_printed(scratch_, value);
      return step(scratch_.size() / 64) && print_text(scratch_);
  }
}

}  // namespace tidings::liquid
