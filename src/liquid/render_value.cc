// The half of the renderer that works out values: lookups, filters, conditions.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "liquid/render.h"
#include "liquid/text.h"

namespace tidings::liquid {

Value Renderer::value(const Expression& expression) {
  if (expression.lookup) return lookup(*expression.lookup);
  if (!expression.range) return expression.literal;
  const auto bound = [&](const Expression& from) -> std::int64_t {
    const Value given = value(from);
    if (given.is_string()) {
      return static_cast<std::int64_t>(
          std::clamp<__int128>(leading_integer(given.as_string()), INT64_MIN, INT64_MAX));
    }
    if (given.is_nil()) return 0;
    if (given.type() == Type::number && from.is_literal()) {
      return static_cast<std::int64_t>(std::clamp(given.as_number(), -9e18, 9e18));
    }
    const auto number = to_integer(given);
    if (!number) fail("the end of a range is not a whole number.");
    return number.value_or(0);
  };
  const std::int64_t first = bound(expression.range->first);
  return arena_.range(first, bound(expression.range->last));
}

const Value* Renderer::find(Value object, std::string_view key, std::uint32_t hint) {
  std::atomic<std::uint32_t>& guess = code_.hints[hint];
  const std::uint32_t before = guess.load(std::memory_order_relaxed);
  std::uint32_t now = before;
  const Value* const found = object.find(key, &now);
  if (now != before) guess.store(now, std::memory_order_relaxed);
  if (now != before || found == nullptr) step(object.as_object().size() / 16);
  return found;
}

Value Renderer::global(const Lookup& lookup) {
  if (lookup.slot != kNoSlot) {
    const Variable& variable = variables_[lookup.slot];
    if (variable.is_assigned) return variable.assigned;
    if (variable.is_counted) return Value::integer(variable.counter);
  }
  const Value* const found = root_.is_object() ? find(root_, lookup.name, lookup.hint) : nullptr;
  if (found != nullptr && !found->is_nil()) return *found;
  return lookup.name == "self" ? Value::drop(&lookup.self) : Value::nil();
}

Value Renderer::by_name(const Lookup& scope, std::string_view name) {
  for (const LocalName& local : scope.visible) {
    if (local.name == name) return locals_[local.slot];
  }
  if (const auto known = code_.names.find(name); known != code_.names.end()) {
    const Variable& variable = variables_[known->second];
    if (variable.is_assigned) return variable.assigned;
    if (variable.is_counted) return Value::integer(variable.counter);
  }
  const Value* const found = root_.find(name);
  step(root_.is_object() ? root_.as_object().size() / 16 : 0);
  if (found != nullptr && !found->is_nil()) return *found;
  return name == "self" ? Value::drop(&scope.self) : Value::nil();
}

Value Renderer::lookup(const Lookup& lookup) {
  Value current;
  switch (lookup.root) {
    case Lookup::Root::global:
      current = global(lookup);
      break;
    case Lookup::Root::local:
      current = locals_[lookup.slot];
      break;
    case Lookup::Root::computed: {
      const Value name = value(*lookup.name_expression);
      if (name.is_string()) current = by_name(lookup, name.as_string());
      break;
    }
  }
  for (const Step& each : lookup.steps) {
    if (current.is_nil()) return current;
    current = member(current, each);
  }
  return current;
}

Value Renderer::member(Value object, const Step& step) {
  if (step.index) return member(object, value(*step.index), Command::none, step.hint);
  if (object.is_object()) {
    if (const Value* const found = find(object, step.key, step.hint)) return *found;
    return step.command == Command::none ? Value::nil() : command(object, step.command);
  }
  return member(object, Value::string(step.key), step.command, step.hint);
}

Value Renderer::member(Value object, Value key, Command asked, std::uint32_t hint) {
  switch (object.type()) {
    case Type::object:
      if (key.is_string()) {
        if (const Value* const found = find(object, key.as_string(), hint)) return *found;
      }
      break;
    case Type::array:
      if (key.type() == Type::integer) {
        const auto items = object.as_array();
        const auto size = static_cast<std::int64_t>(items.size());
        const std::int64_t index =
            key.as_integer() < 0 ? key.as_integer() + size : key.as_integer();
        return index >= 0 && index < size ? items[static_cast<std::size_t>(index)] : Value::nil();
      }
      break;
    case Type::drop:
      return key.is_string() ? drop_member(object.as_drop(), object, key.as_string())
                             : Value::nil();
    default:
      break;
  }
  return asked == Command::none ? Value::nil() : command(object, asked);
}

Value Renderer::command(Value object, Command asked) {
  if (asked == Command::size) {
    switch (object.type()) {
      case Type::string:
        step(object.as_string().size() / 64);
        return Value::integer(static_cast<std::int64_t>(count_characters(object.as_string())));
      case Type::array:
        return Value::integer(static_cast<std::int64_t>(object.as_array().size()));
      case Type::object:
        return Value::integer(static_cast<std::int64_t>(object.as_object().size()));
      case Type::range:
        return arena_.integer(object.as_range().size());
      case Type::integer:
        return Value::integer(8);  // its bytes, as the reference engine says
      case Type::huge:
        return Value::integer(16);
      default:
        return Value::nil();
    }
  }
  const bool first = asked == Command::first;
  switch (object.type()) {
    case Type::string: {
      const std::string_view text = object.as_string();
      if (text.empty()) return Value::nil();
      if (first) return Value::string(text.substr(0, character_length(text)));
      std::size_t at = text.size() - 1;
      while (at > 0 && text.size() - at < 4 &&
             (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
        --at;
      return Value::string(text.substr(at));
    }
    case Type::array: {
      const auto items = object.as_array();
      return items.empty() ? Value::nil() : first ? items.front() : items.back();
    }
    case Type::object:
      return first && !object.as_object().empty() ? item(object, 0) : Value::nil();
    case Type::range:
      return Value::integer(first ? object.as_range().first : object.as_range().last);
    default:
      return Value::nil();
  }
}

Value Renderer::drop_member(const Drop& drop, Value, std::string_view name) {
  if (drop.kind == Drop::Kind::self) return by_name(*drop.scope, name);
  if (name == "index") return Value::integer(drop.index + 1);
  if (name == "index0") return Value::integer(drop.index);
  if (name == "rindex") return Value::integer(drop.length - drop.index);
  if (name == "rindex0") return Value::integer(drop.length - drop.index - 1);
  if (name == "first") return Value::boolean(drop.index == 0);
  if (name == "last") return Value::boolean(drop.index == drop.length - 1);
  if (name == "length") return Value::integer(drop.length);
  if (drop.kind == Drop::Kind::forloop) {
    if (name == "name") return Value::string(drop.name);
    if (name == "parentloop" && drop.parent != nullptr) return Value::drop(drop.parent);
    return Value::nil();
  }
  if (name == "col") return Value::integer(drop.column);
  if (name == "col0") return Value::integer(drop.column - 1);
  if (name == "row") return Value::integer(drop.row);
  if (name == "col_first") return Value::boolean(drop.column == 1);
  if (name == "col_last") return Value::boolean(drop.column == drop.columns);
  return Value::nil();
}

Value Renderer::pipeline(const Pipeline& pipeline) {
  Value current = value(pipeline.head);
  for (const FilterCall& call : pipeline.filters) {
    if (interrupt_ == Interrupt::failed) return Value::nil();
    current = filter(call, current);
  }
  return current;
}

Value Renderer::filter(const FilterCall& filter, Value input) {
  if (filter.info == nullptr) return input;  // lax: an unknown filter does nothing
  std::array<Value, 8> arguments;
  const std::size_t given = std::min(filter.arguments.size(), arguments.size());
  for (std::size_t i = 0; i < given; ++i) arguments[i] = value(filter.arguments[i]);
  Call call{.input = input,
            .arguments = std::span(arguments).first(given),
            .allow_false = {},
            .context = code_.context,
            .arena = arena_,
            .options = options_,
            .failure = std::nullopt,
            .drop_member = &drop_member_};
  for (const auto& [name, expression] : filter.named) {
    const Value named = value(expression);
    if (name == "allow_false") call.allow_false = named;
  }
  if (interrupt_ == Interrupt::failed) return Value::nil();
  const std::size_t outer = std::exchange(at_, filter.at);
  if (given < filter.info->least || filter.arguments.size() > filter.info->most) {
    fail(fmt::format("the filter {} does not take {} argument(s).", filter.name,
                     filter.arguments.size()));
    return Value::nil();
  }
  Value made = filter.info->apply(call);
  if (call.failure) {
    fail(*call.failure);
    return Value::nil();
  }
  if (arena_.exhausted()) {
    limit("the template needs more memory than allowed.");
    return Value::nil();
  }
  const std::size_t length = made.is_string()  ? made.as_string().size() / 64
                             : made.is_array() ? made.as_array().size() / 8
                                               : 0;
  if (!step(1 + call.cost + length)) return Value::nil();
  at_ = outer;
  if (input.safe() && input.is_string() && made.is_string() && !made.safe() &&
      made.as_string() == input.as_string()) {
    made = made.marked_safe(true);  // unchanged, so it is as safe as it was
  }
  return made;
}

bool Renderer::holds(const std::vector<Condition>& conditions) {
  bool result = false;
  for (const Condition& condition : conditions) {
    if (!step()) return false;
    result = holds(condition);
    if (interrupt_ != Interrupt::none) return false;
    if (condition.relation == Relation::or_ && result) return true;
    if (condition.relation == Relation::and_ && !result) return false;
  }
  return result;
}

bool Renderer::holds(const Condition& condition) {
  switch (condition.op) {
    case Operator::truth:
      return condition.left.question != Question::none || value(condition.left).truthy();
    case Operator::equal:
      return equals(condition.left, condition.right);
    case Operator::not_equal:
      return !equals(condition.left, condition.right);
    default:
      break;
  }
  const Value left = value(condition.left);
  const Value right = value(condition.right);
  return condition.op == Operator::contains ? contains(left, right)
                                            : ordered(left, right, condition.op);
}

bool Renderer::equals(const Expression& left, const Expression& right) {
  const Expression& question = left.question != Question::none ? left : right;
  if (question.question != Question::none) {
    const Expression& asked = &question == &left ? right : left;
    if (asked.question != Question::none) return false;
    const Value answer = value(asked);
    return question.question == Question::blank ? answers_blank(answer) : answers_empty(answer);
  }
  const Value a = value(left);
  const Value b = value(right);
  if (a.is_array() || a.is_object()) step(16);
  return equal(a, b);
}

bool Renderer::ordered(Value left, Value right, Operator op) {
  const auto numeric = [](Value v) {
    return v.type() == Type::integer || v.type() == Type::huge || v.type() == Type::number;
  };
  const bool numbers = numeric(left) && numeric(right);
  if (!numbers && !(left.is_string() && right.is_string())) {
    if ((numeric(left) && right.is_string()) || (left.is_string() && numeric(right))) {
      const Value text = left.is_string() ? left : right;
      const Value number = left.is_string() ? right : left;
      fail(
          fmt::format("the text \"{}\" cannot be compared with the number {}; make it a number "
                      "first: {{% assign n = value | plus: 0 %}}.",
                      text.as_string().substr(0, 40), to_text(number)));
    }
    return false;
  }
  const auto order = compare(left, right);
  if (!order) return false;
  switch (op) {
    case Operator::less:
      return *order < 0;
    case Operator::greater:
      return *order > 0;
    case Operator::less_equal:
      return *order <= 0;
    default:
      return *order >= 0;
  }
}

bool Renderer::contains(Value left, Value right) {
  if (!left.truthy() || !right.truthy()) return false;
  switch (left.type()) {
    case Type::string: {
      std::string wanted;
      append_text(wanted, right);
      step(left.as_string().size() / 64);
      return left.as_string().find(wanted) != std::string_view::npos;
    }
    case Type::array:
      step(left.as_array().size() / 8);
      return std::ranges::any_of(left.as_array(), [&](const Value& v) { return equal(v, right); });
    case Type::object:
      return right.is_string() && left.find(right.as_string()) != nullptr;
    case Type::range:
      return right.type() == Type::integer && right.as_integer() >= left.as_range().first &&
             right.as_integer() <= left.as_range().last;
    default:
      return false;
  }
}

}  // namespace tidings::liquid
