#include "liquid/parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "liquid/text.h"

namespace tidings::liquid {
namespace {

constexpr std::string_view kTags =
    "assign break capture case comment continue cycle decrement doc echo for if ifchanged "
    "increment liquid raw tablerow unless";

bool ends_block(std::string_view name) {
  return name.starts_with("end") || name == "else" || name == "elsif" || name == "when";
}

bool is_blank(const Node& node) {
  struct Visitor {
    bool operator()(const TextNode& n) const {
      return n.raw ? n.text.empty() : trim(n.text).empty();
    }
    bool operator()(const AssignNode&) const { return true; }
    bool operator()(const std::unique_ptr<CaptureNode>&) const { return true; }
    bool operator()(const std::unique_ptr<IfNode>& n) const {
      return std::ranges::all_of(n->branches,
                                 [](const auto& b) { return liquid::is_blank(b.body); });
    }
    bool operator()(const std::unique_ptr<CaseNode>& n) const {
      return std::ranges::all_of(n->branches,
                                 [](const auto& b) { return liquid::is_blank(b.body); });
    }
    bool operator()(const std::unique_ptr<LoopNode>& n) const {
      return liquid::is_blank(n->body) && liquid::is_blank(n->otherwise);
    }
    bool operator()(const std::unique_ptr<IfChangedNode>& n) const {
      return liquid::is_blank(n->body);
    }
    bool operator()(const OutputNode&) const { return false; }
    bool operator()(const std::unique_ptr<CycleNode>&) const { return false; }
    bool operator()(const CountNode&) const { return false; }
    bool operator()(const InterruptNode&) const { return false; }
  };
  return std::visit(Visitor{}, node.is);
}

// The name that is assigned to: what looks like one anywhere in the markup.
std::string_view target_name(std::string_view markup) {
  const auto part = [](char c) {
    return is_word(c) || c == '-' || c == '.' || c == '[' || c == ']' || c == '(' || c == ')';
  };
  const auto* const first = std::ranges::find_if(markup, part);
  const auto* const last = std::find_if_not(first, markup.end(), part);
  return {first, static_cast<std::size_t>(last - first)};
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) && name[0] != '-' &&
         std::ranges::all_of(name, [](char c) { return is_word(c) || c == '-'; });
}

}  // namespace

bool is_blank(const Body& body) {
  return std::ranges::all_of(body, [](const Node& node) { return is_blank(node); });
}

void drop_blank_texts(Body& body) {
  std::erase_if(body, [](const Node& node) {
    const auto* const text = std::get_if<TextNode>(&node.is);
    return text != nullptr && !text->raw;
  });
}

void Parser::run() {
  Items items(code_.source, 0, code_.source.size(), false);
  const End end = parse_body(items, code_.body);
  if (end.item.kind != Item::Kind::end) {
    throw Mistake{
        end.item.at,
        fmt::format("{{% {} %}} stands outside of a block it could belong to.", end.item.name)};
  }
  resolve();
  finish(code_.body);
}

Parser::End Parser::parse_body(Items& items, Body& body) {
  while (true) {
    Item item = items.next();
    switch (item.kind) {
      case Item::Kind::end:
        return {item};
      case Item::Kind::text: {
        std::string_view text = item.markup;
        if (trims_next_) text = trim_left(text);
        trims_next_ = false;
        // An emptied text stays: what follows must not trim what stands before it.
        body.push_back(node(item, TextNode{text}));
        break;
      }
      case Item::Kind::output:
        trim_before(item, body);
        body.push_back(node(item, OutputNode{pipeline(item.markup)}));
        break;
      case Item::Kind::tag:
        if (!items.lines()) trim_before(item, body);
        if (!parse_tag(items, item, body)) return {item};
        break;
    }
  }
}

void Parser::trim_before(const Item& item, Body& body) {
  if (item.trims_left && !body.empty()) {
    if (auto* const text = std::get_if<TextNode>(&body.back().is); text != nullptr && !text->raw) {
      text->text = trim_right(text->text);
    }
  }
  trims_next_ = item.trims_right;
}

bool Parser::parse_tag(Items& items, const Item& item, Body& body) {
  if (item.name.empty()) throw Mistake{item.at, "this tag has no name."};
  if (parse_statement(item, body)) return true;
  if (item.name == "raw" || item.name == "comment" || item.name == "doc") {
    parse_raw(items, item, body);
    return true;
  }
  if (ends_block(item.name)) return false;
  if (depth_ >= options_.depth) {
    throw Mistake{item.at, fmt::format("blocks are nested more than {} deep.", options_.depth)};
  }
  ++depth_;
  if (!parse_block(items, item, body)) {
    if (item.name == "include" || item.name == "render") {
      throw Mistake{item.at, "templates cannot include other templates; put the text here."};
    }
    throw Mistake{item.at, fmt::format("there is no tag {}; tags are: {}.", item.name, kTags)};
  }
  --depth_;
  return true;
}

bool Parser::parse_statement(const Item& item, Body& body) {
  if (item.name == "#") {
    bool fresh = false;
    for (const char c : item.markup) {
      if (fresh && !is_space(c) && c != '#') {
        throw Mistake{item.at, "every line of an inline comment begins with #."};
      }
      fresh = c == '\n' || (fresh && is_space(c));
    }
  } else if (item.name == "assign") {
    parse_assign(item, body);
  } else if (item.name == "echo") {
    body.push_back(node(item, OutputNode{pipeline(item.markup)}));
  } else if (item.name == "cycle") {
    parse_cycle(item, body);
  } else if (item.name == "increment" || item.name == "decrement") {
    parse_count(item, body);
  } else if (item.name == "break" || item.name == "continue") {
    body.push_back(node(item, InterruptNode{item.name == "break"}));
  } else if (item.name == "liquid") {
    parse_liquid(item, body);
  } else {
    return false;
  }
  return true;
}

bool Parser::parse_block(Items& items, const Item& item, Body& body) {
  if (item.name == "if" || item.name == "unless") {
    parse_if(items, item, body);
  } else if (item.name == "for" || item.name == "tablerow") {
    parse_loop(items, item, body);
  } else if (item.name == "case") {
    parse_case(items, item, body);
  } else if (item.name == "capture") {
    parse_capture(items, item, body);
  } else if (item.name == "ifchanged") {
    parse_ifchanged(items, item, body);
  } else {
    return false;
  }
  return true;
}

void Parser::expect_end_of(const End& end, std::string_view name, const Item& opened) {
  if (end.item.kind == Item::Kind::end) {
    throw Mistake{opened.at,
                  fmt::format("{{% {} %}} is never closed; {{% end{} %}} is missing.", name, name)};
  }
  if (end.item.name.starts_with("end") && end.item.name.substr(3) == name) return;
  throw Mistake{end.item.at,
                fmt::format("{{% {} %}} does not belong into {{% {} %}}.", end.item.name, name)};
}

void Parser::parse_liquid(const Item& item, Body& body) {
  if (depth_ >= options_.depth) {
    throw Mistake{item.at, fmt::format("blocks are nested more than {} deep.", options_.depth)};
  }
  ++depth_;
  const bool trims = trims_next_;
  const std::size_t begin = offset_of(item.markup);
  Items lines(code_.source, begin, begin + item.markup.size(), true);
  const End end = parse_body(lines, body);
  if (end.item.kind != Item::Kind::end) {
    throw Mistake{end.item.at,
                  fmt::format("{} stands outside of a block of this liquid tag.", end.item.name)};
  }
  trims_next_ = trims;
  --depth_;
}

void Parser::parse_raw(Items& items, const Item& item, Body& body) {
  if (item.name == "comment") {
    trims_next_ = items.skip_comment(item.at).trims_right;
    return;
  }
  const Item end = items.raw_until(item.name == "raw" ? "endraw" : "enddoc", item.at);
  trims_next_ = end.trims_right;
  if (item.name == "raw") body.push_back(node(item, TextNode{end.markup, true}));
}

void Parser::parse_if(Items& items, const Item& item, Body& body) {
  auto made = std::make_unique<IfNode>();
  made->branches.push_back({conditions(item.markup, item.at), item.name == "unless", {}});
  ++conditional_;
  while (true) {
    const End end = parse_body(items, made->branches.back().body);
    const std::string_view name = end.item.name;
    if (end.item.kind == Item::Kind::tag && name == "elsif") {
      made->branches.push_back({conditions(end.item.markup, end.item.at), false, {}});
    } else if (end.item.kind == Item::Kind::tag && name == "else") {
      if (options_.dialect == Dialect::strict && !trim(end.item.markup).empty()) {
        throw Mistake{end.item.at, "else takes no condition; write {% elsif … %}."};
      }
      made->branches.push_back({});
    } else {
      expect_end_of(end, item.name, item);
      break;
    }
  }
  --conditional_;
  if (std::ranges::all_of(made->branches, [](const auto& b) { return liquid::is_blank(b.body); })) {
    for (Branch& branch : made->branches) drop_blank_texts(branch.body);
  }
  body.push_back(node(item, std::move(made)));
}

void Parser::parse_case(Items& items, const Item& item, Body& body) {
  auto made = std::make_unique<CaseNode>();
  made->value = either(
      [&] {
        Cursor cursor(tokenize(code_.source, item.markup));
        Expression value = expression(cursor);
        cursor.expect_end();
        return value;
      },
      [&] { return lax_expression(item.markup); });
  ++conditional_;
  Body before;  // what stands before the first when is never printed
  Body* current = &before;
  const Mark unread = mark();
  while (true) {
    const End end = parse_body(items, *current);
    if (current == &before) forget(unread);
    if (end.item.kind == Item::Kind::tag && end.item.name == "when") {
      made->branches.push_back({when_values(end.item), {}});
    } else if (end.item.kind == Item::Kind::tag && end.item.name == "else") {
      made->branches.push_back({});
    } else {
      expect_end_of(end, "case", item);
      break;
    }
    current = &made->branches.back().body;
  }
  --conditional_;
  if (liquid::is_blank(before) &&
      std::ranges::all_of(made->branches, [](const auto& b) { return liquid::is_blank(b.body); })) {
    for (WhenBranch& branch : made->branches) drop_blank_texts(branch.body);
  }
  body.push_back(node(item, std::move(made)));
}

void Parser::parse_loop(Items& items, const Item& item, Body& body) {
  auto made = std::make_unique<LoopNode>();
  made->table = item.name == "tablerow";
  loop_header(item, *made);
  const std::string variable = made->name.substr(0, made->name.find('\n'));
  made->name[variable.size()] = '-';
  made->offset_slot = offsets_.try_emplace(made->name, offsets_.size()).first->second;
  made->item_slot = static_cast<std::uint32_t>(visible_.size());
  if (!loops_.empty()) made->parent_slot = loops_.back() + 1;
  visible_.push_back({variable, made->item_slot});
  visible_.push_back({made->table ? "tablerowloop" : "forloop", made->item_slot + 1});
  // The loop's own object is written first, so a variable of the same name hides it.
  std::swap(visible_[visible_.size() - 2].slot, visible_.back().slot);
  std::swap(visible_[visible_.size() - 2].name, visible_.back().name);
  if (!made->table) loops_.push_back(made->item_slot);
  code_.local_slots = std::max(code_.local_slots, static_cast<std::uint32_t>(visible_.size()));
  ++conditional_;
  End end = parse_body(items, made->body);
  if (!made->table) loops_.pop_back();
  visible_.resize(visible_.size() - 2);
  const Mark unread = mark();
  while (end.item.kind == Item::Kind::tag && end.item.name == "else" && !made->table) {
    made->otherwise.clear();  // of several only the last counts
    forget(unread);
    end = parse_body(items, made->otherwise);
  }
  expect_end_of(end, item.name, item);
  --conditional_;
  if (!made->table && liquid::is_blank(made->body) && liquid::is_blank(made->otherwise)) {
    drop_blank_texts(made->body);
    drop_blank_texts(made->otherwise);
  }
  body.push_back(node(item, std::move(made)));
}

void Parser::parse_capture(Items& items, const Item& item, Body& body) {
  const std::string_view name = target_name(item.markup);
  if (name.empty()) throw Mistake{item.at, "capture needs a name: {% capture greeting %}."};
  auto made = std::make_unique<CaptureNode>();
  made->name = name_id(name);
  expect_end_of(parse_body(items, made->body), "capture", item);
  assigned(name);
  body.push_back(node(item, std::move(made)));
}

void Parser::parse_ifchanged(Items& items, const Item& item, Body& body) {
  auto made = std::make_unique<IfChangedNode>();
  expect_end_of(parse_body(items, made->body), "ifchanged", item);
  body.push_back(node(item, std::move(made)));
}

void Parser::parse_assign(const Item& item, Body& body) {
  const std::size_t equals = item.markup.find('=');
  const std::string_view name = target_name(item.markup.substr(0, equals));
  const bool strict = options_.dialect == Dialect::strict;
  if (equals == item.markup.npos || name.empty() ||
      (strict && (!is_plain_name(name) || name != trim(item.markup.substr(0, equals))))) {
    throw Mistake{item.at, "assign needs a name and a value: {% assign name = value %}."};
  }
  AssignNode made;
  made.value = pipeline(item.markup.substr(equals + 1));
  made.name = name_id(name);
  assigned(name);
  body.push_back(node(item, std::move(made)));
}

void Parser::parse_count(const Item& item, Body& body) {
  const std::string_view name = trim(item.markup);
  if (name.empty() || (options_.dialect == Dialect::strict && !is_plain_name(name))) {
    throw Mistake{item.at, fmt::format("{} needs the name of a counter.", item.name)};
  }
  body.push_back(node(item, CountNode{name_id(name), item.name == "increment"}));
  assigned(name);
}

void Parser::parse_cycle(const Item& item, Body& body) {
  auto made = std::make_unique<CycleNode>();
  const auto strict = [&] {
    made->values.clear();
    Cursor cursor(tokenize(code_.source, item.markup));
    Expression first = expression(cursor);
    if (cursor.take_if(':')) {
      made->name = std::make_unique<Expression>(std::move(first));
      first = expression(cursor);
    }
    made->values.push_back(std::move(first));
    while (cursor.take_if(',')) {
      if (cursor.at_end()) break;
      made->values.push_back(expression(cursor));
    }
    cursor.expect_end();
    return true;
  };
  const auto lax = [&] {
    made->values.clear();
    made->name.reset();
    std::string_view rest = item.markup;
    const std::size_t colon = rest.find(':');
    if (colon != rest.npos && rest.substr(0, colon).find(',') == rest.npos) {
      made->name = std::make_unique<Expression>(lax_expression(rest.substr(0, colon)));
      rest.remove_prefix(colon + 1);
    }
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (!trim(rest.substr(0, comma)).empty()) {
        made->values.push_back(lax_expression(trim(rest.substr(0, comma))));
      }
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    if (made->values.empty()) throw Mistake{item.at, "cycle needs values: {% cycle 'a', 'b' %}."};
    return true;
  };
  either(strict, lax);
  bool literal = true;
  for (const Expression& value : made->values) {
    literal = literal && value.is_literal();
    append_inspected(made->key, value.literal);
    made->key += ',';
  }
  // Values that are looked up: every such tag counts for itself.
  if (!literal) made->key = fmt::format("#{}", cycles_++);
  body.push_back(node(item, std::move(made)));
}

std::uint32_t Parser::name_id(std::string_view name) {
  const auto found = code_.names.find(name);
  if (found != code_.names.end()) return found->second;
  return code_.names.emplace(std::string(name), code_.names.size()).first->second;
}

// Names that are assigned anywhere get their slots; the others only ever stand in the root.
void Parser::resolve() {
  for (Lookup* const lookup : globals_) {
    const auto found = code_.names.find(lookup->name);
    if (found != code_.names.end()) lookup->slot = found->second;
  }
  for (VariableUse& use : code_.uses) {
    use.maybe_assigned = !use.path.empty() && code_.names.contains(use.path.front());
  }
  code_.offset_slots = static_cast<std::uint32_t>(offsets_.size());
  code_.hints = std::make_unique<std::atomic<std::uint32_t>[]>(code_.hint_count);
}

// Joins neighbouring texts, drops empty ones and numbers the rest.
void Parser::finish(Body& body) {
  Body kept;
  kept.reserve(body.size());
  bool joins = false;
  for (Node& node : body) {
    if (auto* const text = std::get_if<TextNode>(&node.is)) {
      std::string plain(text->text);
      if (code_.context == Context::header) {
        std::erase_if(plain, [](char c) { return c == '\r' || c == '\n'; });
      }
      if (plain.empty()) continue;
      if (joins) {
        code_.slices.back() += plain;
        continue;
      }
      text->slice = static_cast<std::uint32_t>(code_.slices.size());
      code_.slices.push_back(std::move(plain));
      joins = true;
    } else {
      joins = false;
      if (auto* const capture = std::get_if<std::unique_ptr<CaptureNode>>(&node.is)) {
        finish((*capture)->body);
      } else if (auto* const branches = std::get_if<std::unique_ptr<IfNode>>(&node.is)) {
        for (Branch& branch : (*branches)->branches) finish(branch.body);
      } else if (auto* const cases = std::get_if<std::unique_ptr<CaseNode>>(&node.is)) {
        for (WhenBranch& branch : (*cases)->branches) finish(branch.body);
      } else if (auto* const loop = std::get_if<std::unique_ptr<LoopNode>>(&node.is)) {
        finish((*loop)->body);
        finish((*loop)->otherwise);
      } else if (auto* const changed = std::get_if<std::unique_ptr<IfChangedNode>>(&node.is)) {
        finish((*changed)->body);
      }
    }
    kept.push_back(std::move(node));
  }
  body = std::move(kept);
}

}  // namespace tidings::liquid
