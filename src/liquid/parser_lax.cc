// What the reference engine makes of markup that its strict reading refuses: it looks for the parts
// it knows and ignores the rest. Needed for templates from elsewhere, never for new ones.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "liquid/filters.h"
#include "liquid/parser.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

constexpr bool is_ascii_word(char c) { return is_word(c) && static_cast<unsigned char>(c) < 0x80; }

// The end of a quoted text that starts at `i`, or `i` if it does not.
std::size_t quoted_end(std::string_view s, std::size_t i) {
  if (i >= s.size() || (s[i] != '"' && s[i] != '\'')) return i;
  const std::size_t close = s.find(s[i], i + 1);
  return close == s.npos ? i : close + 1;
}

// A fragment: a quoted text, or everything up to white space, a comma, a bar or a stray quote.
std::size_t fragment_end(std::string_view s, std::size_t i) {
  if (const std::size_t quoted = quoted_end(s, i); quoted > i) return quoted;
  while (i < s.size()) {
    if (const std::size_t quoted = quoted_end(s, i); quoted > i) {
      i = quoted;
    } else if (is_space(s[i]) || s[i] == ',' || s[i] == '|' || s[i] == '"' || s[i] == '\'') {
      break;
    } else {
      ++i;
    }
  }
  return i;
}

// The first fragment at or after `from`; empty if there is none. `from` moves behind it.
std::string_view next_fragment(std::string_view s, std::size_t& from) {
  for (; from < s.size(); ++from) {
    const std::size_t end = fragment_end(s, from);
    if (end > from) {
      const std::string_view found = s.substr(from, end - from);
      from = end;
      return found;
    }
  }
  return {};
}

// 1.2.3 is 1.2 and 12. is 12.0, as the reference engine reads them.
std::optional<Value> lax_number(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  if (i >= text.size() || !is_digit(text[i])) return std::nullopt;
  if (text.find_first_not_of("0123456789.", i) != text.npos) return std::nullopt;
  const std::size_t dot = text.find('.');
  if (dot == text.npos) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return Value::integer(value);
  }
  const std::size_t second = std::min(text.find('.', dot + 1), text.size());
  double value = 0;
  std::from_chars(text.data(), text.data() + second, value);
  return Value::number(value);
}

bool is_word_at(std::string_view s, std::size_t i, std::string_view word) {
  const auto part = [](char c) { return is_word(c) || c == '-'; };
  return s.substr(i).starts_with(word) && (i == 0 || !part(s[i - 1])) &&
         (i + word.size() >= s.size() || !part(s[i + word.size()]));
}

}  // namespace

Expression Parser::lax_expression(std::string_view markup, Use use) {
  markup = trim(markup);
  if (brackets_ >= options_.depth) {
    throw Mistake{offset_of(markup),
                  fmt::format("brackets are nested more than {} deep.", options_.depth)};
  }
  Expression made;
  if (markup.empty()) return made;
  if (markup.size() >= 2 && (markup[0] == '"' || markup[0] == '\'') && markup.back() == markup[0]) {
    made.literal = Value::string(markup.substr(1, markup.size() - 2));
    return made;
  }
  if (auto number = lax_number(markup)) {
    made.literal = *number;
    return made;
  }
  const Mark before = mark();
  try {
    Cursor cursor(tokenize(code_.source, markup));
    made = expression(cursor, use);
    cursor.expect_end();
    return made;
  } catch (const Mistake&) {
    made = {};
    forget(before);
  }
  if (markup.front() == '(' && markup.back() == ')') {
    const std::size_t dots = markup.rfind("..");
    if (dots != markup.npos && dots > 0) {
      ++brackets_;
      made.range = std::make_unique<RangeExpression>();
      made.range->first = lax_expression(markup.substr(1, dots - 1));
      made.range->last = lax_expression(markup.substr(dots + 2, markup.size() - dots - 3));
      --brackets_;
      return made;
    }
  }
  return lax_lookup(markup, use);
}

// Words and [brackets] in order, whatever stands between them.
Expression Parser::lax_lookup(std::string_view markup, Use how) {
  Lookup made;
  VariableUse use;
  const Position position = code_.position(offset_of(markup));
  use.line = position.line;
  use.column = position.column;
  bool named = false;
  for (std::size_t i = 0; i < markup.size();) {
    Step step;
    if (markup[i] == '[') {
      int depth = 0;
      std::size_t end = i;
      for (; end < markup.size(); ++end) {
        if (markup[end] == '[') ++depth;
        if (markup[end] == ']' && --depth == 0) break;
      }
      if (end >= markup.size()) {
        ++i;
        continue;
      }
      ++brackets_;
      step.index = std::make_unique<Expression>(lax_expression(markup.substr(i + 1, end - i - 1)));
      --brackets_;
      i = end + 1;
    } else if (is_word(markup[i]) || markup[i] == '-') {
      std::size_t end = i;
      while (end < markup.size() && (is_word(markup[end]) || markup[end] == '-')) ++end;
      if (end < markup.size() && markup[end] == '?') ++end;
      step.key = markup.substr(i, end - i);
      step.command = step.key == "size"    ? Command::size
                     : step.key == "first" ? Command::first
                     : step.key == "last"  ? Command::last
                                           : Command::none;
      i = end;
    } else {
      ++i;
      continue;
    }
    if (!named) {
      made.name = step.key;
      made.name_expression = std::move(step.index);
      named = true;
      begin_lookup(made, use);
    } else {
      step.hint = code_.hint_count++;
      if (step.index) use.whole = true;
      if (!use.whole && !use.path.empty()) use.path.push_back(step.key);
      made.steps.push_back(std::move(step));
    }
  }
  Expression result;
  if (!named) return result;
  result.lookup = std::make_unique<Lookup>(std::move(made));
  end_use(*result.lookup, std::move(use), how);
  return result;
}

Pipeline Parser::lax_pipeline(std::string_view markup) {
  Pipeline made;
  std::size_t i = 0;
  const std::string_view head = next_fragment(markup, i);
  if (head.empty()) return made;
  made.head = lax_expression(head);
  i = markup.find('|', i);
  while (i != markup.npos && i < markup.size()) {
    // Up to the next bar that is not within quotes.
    std::size_t end = ++i;
    while (end < markup.size() && markup[end] != '|') {
      const std::size_t quoted = quoted_end(markup, end);
      end = quoted > end ? quoted : end + 1;
    }
    lax_filter(markup.substr(i, end - i), made);
    i = end;
  }
  return made;
}

void Parser::lax_filter(std::string_view markup, Pipeline& pipeline) {
  const auto* const first = std::ranges::find_if(markup, is_ascii_word);
  const auto* const last = std::find_if_not(first, markup.end(), is_ascii_word);
  if (first == last) return;
  FilterCall call;
  call.name.assign(first, last);
  call.at = static_cast<std::uint32_t>(offset_of(markup) +
                                       static_cast<std::size_t>(first - markup.begin()));
  call.info = find_filter(call.name);
  std::size_t i = static_cast<std::size_t>(last - markup.begin());
  while ((i = markup.find_first_of(":,", i)) != markup.npos) {
    ++i;
    while (i < markup.size() && is_space(markup[i])) ++i;
    // name: value
    std::size_t j = i;
    while (j < markup.size() && is_ascii_word(markup[j])) ++j;
    const std::string_view key = markup.substr(i, j - i);
    while (j < markup.size() && is_space(markup[j])) ++j;
    const bool named = !key.empty() && j < markup.size() && markup[j] == ':';
    if (named) {
      i = j + 1;
      while (i < markup.size() && is_space(markup[i])) ++i;
    }
    const std::size_t end = fragment_end(markup, i);
    if (end == i) continue;
    Expression value = lax_expression(markup.substr(i, end - i));
    if (named) {
      call.named.emplace_back(key, std::move(value));
    } else {
      call.arguments.push_back(std::move(value));
    }
    i = end;
  }
  pipeline.filters.push_back(std::move(call));
}

Expression Parser::lax_condition_operand(std::string_view markup, Use use) {
  Expression made = lax_expression(markup, use);
  return made;
}

Condition Parser::lax_condition(std::string_view markup, std::size_t at) {
  Condition made;
  std::size_t i = 0;
  const std::string_view left = next_fragment(markup, i);
  if (left.empty()) throw Mistake{at, "a value is missing in this condition."};
  made.left = lax_condition_operand(left, Use::truth);
  while (i < markup.size() && is_space(markup[i])) ++i;
  const std::size_t from = i;
  while (i < markup.size() &&
         (std::string_view("=!<>_").find(markup[i]) != std::string_view::npos ||
          (markup[i] >= 'a' && markup[i] <= 'z'))) {
    ++i;
  }
  if (i == from) return made;
  const std::string_view op = markup.substr(from, i - from);
  const auto known = operator_of(op);
  if (!known) throw Mistake{at, fmt::format("{} is not a comparison.", op)};
  made.op = *known;
  made.right = lax_condition_operand(next_fragment(markup, i), Use::truth);
  return made;
}

std::vector<Condition> Parser::lax_conditions(std::string_view markup, std::size_t at) {
  std::vector<Condition> made;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= markup.size();) {
    if (const std::size_t quoted = i < markup.size() ? quoted_end(markup, i) : i; quoted > i) {
      i = quoted;
      continue;
    }
    const bool ands = i < markup.size() && is_word_at(markup, i, "and");
    const bool ors = i < markup.size() && is_word_at(markup, i, "or");
    if (i == markup.size() || ands || ors) {
      made.push_back(lax_condition(markup.substr(begin, i - begin), at));
      made.back().relation = ands ? Relation::and_ : ors ? Relation::or_ : Relation::last;
      i += ands ? 3 : ors ? 2 : 1;
      begin = std::min(i, markup.size());
      continue;
    }
    ++i;
  }
  return made;
}

void Parser::lax_loop_header(const Item& item, LoopNode& loop) {
  const std::string_view s = item.markup;
  const auto* const stop =
      std::ranges::find_if_not(s, [](char c) { return is_word(c) || c == '-'; });
  const std::string_view name = s.substr(0, static_cast<std::size_t>(stop - s.begin()));
  std::size_t i = name.size();
  while (i < s.size() && is_space(s[i])) ++i;
  if (name.empty() || !is_word_at(s, i, "in")) {
    throw Mistake{item.at, fmt::format("write {{% {} item in list %}}.", item.name)};
  }
  i += 2;
  const std::string_view collection = next_fragment(s, i);
  if (collection.empty()) throw Mistake{item.at, "the list to go through is missing."};
  loop.collection = lax_expression(collection);
  loop.name = fmt::format("{}\n{}", name, collection);
  while (i < s.size() && is_space(s[i])) ++i;
  loop.reversed = !loop.table && s.substr(i).starts_with("reversed");
  for (std::size_t colon = s.find(':', i); colon != s.npos; colon = s.find(':', colon + 1)) {
    const std::string_view before = trim_right(s.substr(i, colon - i));
    std::size_t from = colon + 1;
    while (from < s.size() && is_space(s[from])) ++from;
    const std::string_view text = s.substr(from, fragment_end(s, from) - from);
    if (text.empty()) continue;
    if (before.ends_with("limit")) {
      loop.limit = std::make_unique<Expression>(lax_expression(text));
    } else if (before.ends_with("offset")) {
      loop.resumes = text == "continue";
      if (!loop.resumes) loop.offset = std::make_unique<Expression>(lax_expression(text));
    } else if (before.ends_with("cols")) {
      loop.columns = std::make_unique<Expression>(lax_expression(text));
    }
  }
}

std::vector<Expression> Parser::lax_when_values(const Item& item) {
  std::vector<Expression> values;
  std::size_t i = 0;
  while (true) {
    const std::string_view fragment = next_fragment(item.markup, i);
    if (fragment.empty()) break;
    values.push_back(lax_condition_operand(fragment, Use::whole));
    while (i < item.markup.size() && is_space(item.markup[i])) ++i;
    if (i < item.markup.size() && item.markup[i] == ',') {
      ++i;
    } else if (is_word_at(item.markup, i, "or")) {
      i += 2;
    } else {
      break;
    }
  }
  if (values.empty()) throw Mistake{item.at, "when needs a value: {% when 'a' %}."};
  return values;
}

}  // namespace tidings::liquid
