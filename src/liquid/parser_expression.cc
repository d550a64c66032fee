#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "liquid/filters.h"
#include "liquid/parser.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

Value number_literal(std::string_view text) {
  if (text.find('.') == text.npos) {
    std::int64_t value = 0;
    const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
    if (done.ec == std::errc()) return Value::integer(value);
  }
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return Value::number(value);
}

Command command_of(std::string_view name) {
  if (name == "size") return Command::size;
  if (name == "first") return Command::first;
  return name == "last" ? Command::last : Command::none;
}

std::optional<Expression> keyword(std::string_view word) {
  Expression made;
  if (word == "nil" || word == "null") return made;
  if (word == "true" || word == "false") {
    made.literal = Value::boolean(word == "true");
    return made;
  }
  if (word == "blank" || word == "empty") {
    made.literal = Value::string("");
    made.question = word == "blank" ? Question::blank : Question::empty;
    return made;
  }
  return std::nullopt;
}

}  // namespace

void Cursor::expect_end() const {
  if (at_end()) return;
  throw Mistake{peek().at, fmt::format("{} is not expected here.", peek().text)};
}

void Cursor::expect(char special) {
  if (take_if(special)) return;
  throw Mistake{peek().at, at_end()
                               ? fmt::format("{} is missing here.", special)
                               : fmt::format("{} is missing before {}.", special, peek().text)};
}

Pipeline Parser::pipeline(std::string_view markup) {
  Pipeline made =
      either([&] { return strict_pipeline(markup); }, [&] { return lax_pipeline(markup); });
  for (FilterCall& call : made.filters) check_filter(call);
  const bool has_default = std::ranges::any_of(
      made.filters, [](const FilterCall& call) { return call.name == "default"; });
  const Lookup* const head = made.head.lookup.get();
  if (has_default && head != nullptr && head->use != kNoSlot) {
    code_.uses[head->use].has_default = true;
  }
  return made;
}

Pipeline Parser::strict_pipeline(std::string_view markup) {
  Pipeline made;
  Cursor cursor(tokenize(code_.source, markup));
  if (cursor.at_end()) return made;
  made.head = expression(cursor);
  while (cursor.take_if('|')) filter(cursor, made);
  cursor.expect_end();
  return made;
}

void Parser::filter(Cursor& cursor, Pipeline& pipeline) {
  const Token name = cursor.take();
  if (name.kind != Token::Kind::identifier) {
    throw Mistake{name.at, "the name of a filter is missing after |."};
  }
  FilterCall call;
  call.name = name.text;
  call.at = static_cast<std::uint32_t>(name.at);
  call.info = find_filter(name.text);
  if (cursor.take_if(':')) {
    while (!cursor.at_end() && !cursor.peek().is('|')) {
      if (cursor.peek().kind == Token::Kind::identifier && cursor.peek(1).is(':')) {
        const Token key = cursor.take();
        cursor.take();
        call.named.emplace_back(key.text, expression(cursor));
      } else {
        call.arguments.push_back(expression(cursor));
      }
      if (!cursor.take_if(',')) break;
    }
  }
  pipeline.filters.push_back(std::move(call));
}

void Parser::check_filter(const FilterCall& call) const {
  if (options_.dialect == Dialect::lax) return;
  if (call.info == nullptr) {
    const std::string_view close = closest_filter(call.name);
    throw Mistake{call.at, close.empty() ? fmt::format("there is no filter {}.", call.name)
                                         : fmt::format("there is no filter {}; did you mean {}?",
                                                       call.name, close)};
  }
  const std::size_t given = call.arguments.size();
  if (given < call.info->least || given > call.info->most) {
    const std::string wanted = call.info->least == call.info->most
                                   ? fmt::format("{}", call.info->least)
                                   : fmt::format("{} to {}", call.info->least, call.info->most);
    throw Mistake{call.at, fmt::format("the filter {} takes {} argument(s), not {}.", call.name,
                                       wanted, given)};
  }
}

Expression Parser::expression(Cursor& cursor, Use use) {
  if (brackets_ >= options_.depth) {
    throw Mistake{cursor.peek().at,
                  fmt::format("brackets are nested more than {} deep.", options_.depth)};
  }
  const Token& token = cursor.peek();
  Expression made;
  switch (token.kind) {
    case Token::Kind::string:
      made.literal = Value::string(token.text);
      cursor.take();
      return made;
    case Token::Kind::number:
      made.literal = number_literal(token.text);
      cursor.take();
      return made;
    case Token::Kind::identifier:
      return lookup(cursor, use);
    default:
      break;
  }
  if (token.is('[')) return lookup(cursor, use);
  if (cursor.take_if('(')) {
    ++brackets_;
    auto range = std::make_unique<RangeExpression>();
    range->first = expression(cursor);
    if (cursor.take().kind != Token::Kind::dotdot) {
      throw Mistake{cursor.peek().at, "a range is written (first..last)."};
    }
    range->last = expression(cursor);
    cursor.expect(')');
    --brackets_;
    made.range = std::move(range);
    return made;
  }
  throw Mistake{token.at, token.kind == Token::Kind::end
                              ? std::string("a value is missing here.")
                              : fmt::format("{} is not a value.", token.text)};
}

Expression Parser::lookup(Cursor& cursor, Use how) {
  const Token token = cursor.peek();
  VariableUse use;
  const Position position = code_.position(token.at);
  use.line = position.line;
  use.column = position.column;
  Lookup made;
  if (cursor.take_if('[')) {
    ++brackets_;
    made.name_expression = std::make_unique<Expression>(expression(cursor));
    --brackets_;
    cursor.expect(']');
  } else {
    cursor.take();
    if (!cursor.peek().is('.') && !cursor.peek().is('[')) {
      if (auto word = keyword(token.text)) return std::move(*word);
    }
    made.name = token.text;
  }
  begin_lookup(made, use);
  steps(cursor, made, use);
  Expression result;
  result.lookup = std::make_unique<Lookup>(std::move(made));
  end_use(*result.lookup, std::move(use), how);
  return result;
}

void Parser::begin_lookup(Lookup& lookup, VariableUse& use) {
  lookup.hint = code_.hint_count++;
  if (lookup.name_expression) {
    const Expression& name = *lookup.name_expression;
    if (name.is_literal() && name.literal.is_string()) {
      lookup.name = name.literal.as_string();
      lookup.name_expression.reset();
    } else {
      lookup.root = Lookup::Root::computed;
      use.whole = true;
    }
  }
  if (lookup.root == Lookup::Root::global) {
    for (auto local = visible_.rbegin(); local != visible_.rend(); ++local) {
      if (local->name != lookup.name) continue;
      lookup.root = Lookup::Root::local;
      lookup.slot = local->slot;
      return;
    }
    use.path.push_back(lookup.name);
  }
  if (lookup.root == Lookup::Root::computed || lookup.name == "self") {
    lookup.visible.assign(visible_.rbegin(), visible_.rend());
  }
}

void Parser::steps(Cursor& cursor, Lookup& lookup, VariableUse& use) {
  bool fixed = lookup.root != Lookup::Root::computed;
  while (true) {
    Step step;
    if (cursor.take_if('.')) {
      const Token key = cursor.take();
      if (key.kind != Token::Kind::identifier && !key.is_word("contains") &&
          key.kind != Token::Kind::comparison) {
        throw Mistake{key.at, "the name of a member is missing after the dot."};
      }
      step.key = key.text;
      step.command = command_of(key.text);
    } else if (cursor.take_if('[')) {
      ++brackets_;
      Expression index = expression(cursor);
      --brackets_;
      cursor.expect(']');
      if (index.is_literal() && index.literal.is_string()) {
        step.key = index.literal.as_string();
      } else {
        step.index = std::make_unique<Expression>(std::move(index));
      }
    } else {
      return;
    }
    step.hint = code_.hint_count++;
    const bool number = step.index && step.index->is_literal();
    fixed = fixed && !step.index;
    if (fixed) use.path.push_back(step.key);
    if (!fixed && !number) use.whole = true;
    lookup.steps.push_back(std::move(step));
  }
}

void Parser::end_use(Lookup& lookup, VariableUse use, Use how) {
  lookup.self.scope = &lookup;
  if (lookup.root == Lookup::Root::local) return;
  if (lookup.root == Lookup::Root::global) {
    globals_.push_back(&lookup);
    if (lookup.name == "self") use.path.clear();
    if (certain_.contains(lookup.name)) return;
  }
  use.whole = use.whole || how == Use::whole;
  lookup.use = static_cast<std::uint32_t>(code_.uses.size());
  code_.uses.push_back(std::move(use));
}

std::optional<Operator> Parser::operator_of(std::string_view text) {
  if (text == "==") return Operator::equal;
  if (text == "!=" || text == "<>") return Operator::not_equal;
  if (text == "<") return Operator::less;
  if (text == ">") return Operator::greater;
  if (text == "<=") return Operator::less_equal;
  if (text == ">=") return Operator::greater_equal;
  if (text == "contains") return Operator::contains;
  return std::nullopt;
}

std::vector<Condition> Parser::conditions(std::string_view markup, std::size_t at) {
  if (trim(markup).empty()) throw Mistake{at, "a condition is missing."};
  return either([&] { return strict_conditions(markup); },
                [&] { return lax_conditions(markup, at); });
}

std::vector<Condition> Parser::strict_conditions(std::string_view markup) {
  Cursor cursor(tokenize(code_.source, markup));
  std::vector<Condition> made;
  while (true) {
    Condition condition;
    condition.left = expression(cursor, Use::truth);
    if (cursor.peek().kind == Token::Kind::comparison) {
      condition.op = *operator_of(cursor.take().text);
      condition.right = expression(cursor, Use::truth);
      if (!condition.left.is_literal() && !condition.right.is_literal() && !code_.uses.empty()) {
        code_.uses.back().whole = true;
      }
    } else if (cursor.peek().is('=')) {
      throw Mistake{cursor.peek().at, "compare with ==, not with a single =."};
    }
    if (cursor.take_word("and")) {
      condition.relation = Relation::and_;
    } else if (cursor.take_word("or")) {
      condition.relation = Relation::or_;
    } else {
      made.push_back(std::move(condition));
      break;
    }
    made.push_back(std::move(condition));
  }
  cursor.expect_end();
  return made;
}

std::vector<Expression> Parser::when_values(const Item& item) {
  return either(
      [&] {
        Cursor cursor(tokenize(code_.source, item.markup));
        std::vector<Expression> values;
        values.push_back(expression(cursor));
        while (cursor.take_if(',') || cursor.take_word("or")) values.push_back(expression(cursor));
        cursor.expect_end();
        return values;
      },
      [&] { return lax_when_values(item); });
}

void Parser::loop_header(const Item& item, LoopNode& loop) {
  either(
      [&] {
        strict_loop_header(item, loop);
        return true;
      },
      [&] {
        LoopNode fresh;
        fresh.table = loop.table;
        loop = std::move(fresh);
        lax_loop_header(item, loop);
        return true;
      });
}

void Parser::strict_loop_header(const Item& item, LoopNode& loop) {
  Cursor cursor(tokenize(code_.source, item.markup));
  const Token name = cursor.take();
  if (name.kind != Token::Kind::identifier || !cursor.take_word("in")) {
    throw Mistake{item.at, fmt::format("write {{% {} item in list %}}.", item.name)};
  }
  const std::size_t begin = cursor.peek().at;
  loop.collection = expression(cursor);
  // The name is cut at the line break by the caller, which only it knows to be there.
  const std::string_view written =
      trim(std::string_view(code_.source).substr(begin, cursor.peek().at - begin));
  loop.name = fmt::format("{}\n{}", name.text, written);
  loop.reversed = !loop.table && cursor.take_word("reversed");
  while (!cursor.at_end()) {
    cursor.take_if(',');
    const Token key = cursor.take();
    if (key.is_word("reversed") && !loop.table) {
      loop.reversed = true;
      continue;
    }
    if (!cursor.take_if(':')) {
      throw Mistake{key.at, fmt::format("{} is not expected here; a loop takes limit:, offset: and "
                                        "reversed.",
                                        key.text)};
    }
    if (key.text == "offset" && cursor.peek().is_word("continue")) {
      cursor.take();
      loop.resumes = true;
      continue;
    }
    auto value = std::make_unique<Expression>(expression(cursor));
    if (key.text == "limit") {
      loop.limit = std::move(value);
    } else if (key.text == "offset") {
      loop.offset = std::move(value);
    } else if (key.text == "cols" && loop.table) {
      loop.columns = std::move(value);
    } else {
      throw Mistake{key.at, fmt::format("a loop takes limit: and offset:, not {}.", key.text)};
    }
  }
}

}  // namespace tidings::liquid
