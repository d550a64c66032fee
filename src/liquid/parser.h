// From items to the tree of code.h. Private to src/liquid.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "liquid/code.h"
#include "liquid/lexer.h"

namespace tidings::liquid {

// Tokens of one tag or output, and where the reader stands in them.
class Cursor {
 public:
  explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token take() {
    const Token token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool take_if(char special) {
    if (!peek().is(special)) return false;
    take();
    return true;
  }
  bool take_word(std::string_view word) {
    if (!peek().is_word(word)) return false;
    take();
    return true;
  }
  bool at_end() const { return peek().kind == Token::Kind::end; }
  // Throws Mistake when something follows.
  void expect_end() const;
  void expect(char special);

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

// How an expression is used, for the static pass.
enum class Use { whole, truth };

class Parser {
 public:
  Parser(Code& code, const CompileOptions& options) : code_(code), options_(options) {}
  // Fills the code. Throws Mistake.
  void run();

 private:
  struct End {  // what ended a body: nothing (end of input), or a tag that is no statement here
    Item item;
  };

  // Blocks. parser.cc
  End parse_body(Items& items, Body& body);
  bool parse_tag(Items& items, const Item& item, Body& body);
  bool parse_statement(const Item& item, Body& body);
  bool parse_block(Items& items, const Item& item, Body& body);
  void parse_liquid(const Item& item, Body& body);
  void parse_raw(Items& items, const Item& item, Body& body);
  void parse_if(Items& items, const Item& item, Body& body);
  void parse_case(Items& items, const Item& item, Body& body);
  void parse_loop(Items& items, const Item& item, Body& body);
  void parse_capture(Items& items, const Item& item, Body& body);
  void parse_ifchanged(Items& items, const Item& item, Body& body);
  void parse_cycle(const Item& item, Body& body);
  void parse_assign(const Item& item, Body& body);
  void parse_count(const Item& item, Body& body);
  void expect_end_of(const End& end, std::string_view name, const Item& opened);
  void trim_before(const Item& item, Body& body);
  template <typename T>
  Node node(const Item& item, T is) {
    return Node{static_cast<std::uint32_t>(item.at), std::move(is)};
  }

  // Expressions, strictly. parser_expression.cc
  Pipeline pipeline(std::string_view markup);
  Pipeline strict_pipeline(std::string_view markup);
  void filter(Cursor& cursor, Pipeline& pipeline);
  void check_filter(const FilterCall& call) const;
  Expression expression(Cursor& cursor, Use use = Use::whole);
  Expression lookup(Cursor& cursor, Use use);
  void steps(Cursor& cursor, Lookup& lookup, VariableUse& use);
  std::vector<Condition> conditions(std::string_view markup, std::size_t at);
  std::vector<Condition> strict_conditions(std::string_view markup);
  std::vector<Expression> when_values(const Item& item);
  void loop_header(const Item& item, LoopNode& loop);
  void strict_loop_header(const Item& item, LoopNode& loop);
  Expression name_expression(const Token& token, Lookup made, VariableUse use, Use how);
  void begin_lookup(Lookup& lookup, VariableUse& use);
  void end_use(Lookup& lookup, VariableUse use, Use how);
  static std::optional<Operator> operator_of(std::string_view text);

  // Expressions as the reference engine forgives them. parser_lax.cc
  Expression lax_expression(std::string_view markup, Use use = Use::whole);
  Expression lax_lookup(std::string_view markup, Use use);
  Pipeline lax_pipeline(std::string_view markup);
  void lax_filter(std::string_view markup, Pipeline& pipeline);
  std::vector<Condition> lax_conditions(std::string_view markup, std::size_t at);
  Condition lax_condition(std::string_view markup, std::size_t at);
  void lax_loop_header(const Item& item, LoopNode& loop);
  std::vector<Expression> lax_when_values(const Item& item);
  Expression lax_condition_operand(std::string_view markup, Use use);

  // Tries the strict way; on a mistake the lax way where the dialect allows it.
  template <typename Strict, typename Lax>
  auto either(Strict strict, Lax lax) -> decltype(strict()) {
    const Mark mark = this->mark();
    try {
      return strict();
    } catch (const Mistake&) {
      if (options_.dialect == Dialect::strict) throw;
    }
    forget(mark);
    return lax();
  }

  // How far the reading has come; what was read since a mark and is thrown away must be forgotten,
  // because globals_ points into it.
  struct Mark {
    std::size_t uses, globals;
    int brackets;
  };
  Mark mark() const { return {code_.uses.size(), globals_.size(), brackets_}; }
  void forget(const Mark& mark) {
    code_.uses.resize(mark.uses);
    globals_.resize(mark.globals);
    brackets_ = mark.brackets;
  }

  std::uint32_t name_id(std::string_view name);
  void assigned(std::string_view name) {
    if (conditional_ == 0) certain_.insert(std::string(name));
  }
  std::size_t offset_of(std::string_view view) const {
    return static_cast<std::size_t>(view.data() - code_.source.data());
  }
  void finish(Body& body);
  void resolve();

  Code& code_;
  const CompileOptions& options_;
  bool trims_next_ = false;
  int depth_ = 0;
  int brackets_ = 0;
  int conditional_ = 0;             // blocks around that may not run, or run again
  std::set<std::string> certain_;   // names assigned for sure from here on
  std::vector<LocalName> visible_;  // innermost last
  std::vector<std::uint32_t> loops_;
  std::vector<Lookup*> globals_;
  std::map<std::string, std::uint32_t, std::less<>> offsets_;
  std::uint32_t cycles_ = 0;
};

// A body that prints nothing but white space: its texts are dropped.
bool is_blank(const Body& body);
void drop_blank_texts(Body& body);

}  // namespace tidings::liquid
