// From source to items (text, {{ output }}, {% tag %}) and from the inside of a tag to tokens.
// Private to src/liquid. Thread: one parser each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::liquid {

// A mistake in the source, thrown within the parser and turned into an Error by compile().
struct Mistake {
  std::size_t at = 0;
  std::string sentence;
};

struct Item {
  enum class Kind : std::uint8_t { end, text, output, tag };
  Kind kind = Kind::end;
  std::size_t at = 0;        // of its first byte
  std::string_view name;     // of a tag
  std::string_view markup;   // text; or what stands between the braces, after the name
  bool trims_left = false;   // {%-
  bool trims_right = false;  // -%}
};

// Cuts a template, or the lines of a {% liquid %} tag, into items.
class Items {
 public:
  // `source` is the whole template; items come from [begin, end).
  Items(std::string_view source, std::size_t begin, std::size_t end, bool lines)
      : source_(source), at_(begin), end_(end), lines_(lines) {}

  Item next();
  bool lines() const { return lines_; }
  // After {% raw %}: everything up to the end tag `name`, which is consumed too.
  Item raw_until(std::string_view name, std::size_t opened_at);
  // After {% comment %}: skips to its end, over nested comments and raw blocks.
  Item skip_comment(std::size_t opened_at);

 private:
  Item next_line();
  Item next_in_template();
  Item tag(std::size_t begin, std::size_t close);
  std::string_view view(std::size_t begin, std::size_t end) const {
    return source_.substr(begin, end - begin);
  }

  std::string_view source_;
  std::size_t at_;
  std::size_t end_;
  bool lines_;
};

struct Token {
  enum class Kind : std::uint8_t { end, identifier, number, string, comparison, dotdot, special };
  Kind kind = Kind::end;
  std::size_t at = 0;
  std::string_view text;  // a string without its quotes

  bool is(char c) const { return kind == Kind::special && text[0] == c; }
  bool is_word(std::string_view word) const { return kind == Kind::identifier && text == word; }
};

// Throws Mistake. `markup` is a view into `source`.
std::vector<Token> tokenize(std::string_view source, std::string_view markup);

}  // namespace tidings::liquid
