#include "liquid/lexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "liquid/text.h"

namespace tidings::liquid {
namespace {

std::size_t skip_spaces(std::string_view s, std::size_t i, std::size_t end) {
  while (i < end && is_space(s[i])) ++i;
  return i;
}

// The name of a tag at `i`: # or word characters.
std::size_t name_end(std::string_view s, std::size_t i, std::size_t end) {
  if (i < end && s[i] == '#') return i + 1;
  while (i < end && is_word(s[i])) ++i;
  return i;
}

}  // namespace

Item Items::next() {
  if (at_ >= end_) return {.at = end_};
  return lines_ ? next_line() : next_in_template();
}

Item Items::next_line() {
  while (at_ < end_) {
    std::size_t stop = source_.find('\n', at_);
    stop = std::min(stop, end_);
    const std::size_t begin = skip_spaces(source_, at_, stop);
    at_ = stop + 1;
    if (begin == stop) continue;
    const std::size_t after = name_end(source_, begin, stop);
    if (after == begin) {
      throw Mistake{begin, "a line of a liquid tag begins with the name of a tag."};
    }
    return {.kind = Item::Kind::tag,
            .at = begin,
            .name = view(begin, after),
            .markup = trim(view(after, stop))};
  }
  return {.at = end_};
}

Item Items::tag(std::size_t begin, std::size_t close) {
  // begin: at {%, close: at %}
  Item item{.kind = Item::Kind::tag, .at = begin};
  std::size_t i = begin + 2;
  item.trims_left = i < close && source_[i] == '-';
  if (item.trims_left) ++i;
  std::size_t stop = close;
  item.trims_right = stop > i && source_[stop - 1] == '-';
  if (item.trims_right) --stop;
  i = skip_spaces(source_, i, stop);
  const std::size_t after = name_end(source_, i, stop);
  item.name = view(i, after);
  const std::size_t markup = skip_spaces(source_, after, stop);
  item.markup = view(markup, stop);
  return item;
}

Item Items::next_in_template() {
  const std::size_t begin = at_;
  std::size_t i = begin;
  for (;; ++i) {
    i = source_.find('{', i);
    if (i == source_.npos || i + 1 >= end_) {
      i = end_;
      break;
    }
    if (source_[i + 1] == '{' || source_[i + 1] == '%') break;
  }
  if (i > begin) {
    at_ = i;
    return {.kind = Item::Kind::text, .at = begin, .markup = view(begin, i)};
  }
  if (source_[begin + 1] == '%') {
    const std::size_t close = source_.find("%}", begin + 2);
    if (close == source_.npos || close + 2 > end_) {
      throw Mistake{begin, "this tag is not closed; a %} is missing."};
    }
    at_ = close + 2;
    return tag(begin, close);
  }
  std::size_t close = begin + 2;
  while (close < end_ && source_[close] != '}') ++close;
  if (close + 1 >= end_ || source_[close + 1] != '}') {
    throw Mistake{begin, "this {{ is not closed; a }} is missing."};
  }
  at_ = close + 2;
  Item item{.kind = Item::Kind::output, .at = begin};
  std::size_t from = begin + 2;
  item.trims_left = from < close && source_[from] == '-';
  if (item.trims_left) ++from;
  item.trims_right = close > from && source_[close - 1] == '-';
  if (item.trims_right) --close;
  item.markup = view(from, close);
  return item;
}

Item Items::raw_until(std::string_view name, std::size_t opened_at) {
  const std::size_t begin = at_;
  if (lines_) {
    while (true) {
      const std::size_t here = at_;
      Item item = next_line();
      if (item.kind == Item::Kind::end) break;
      if (item.name == name) {
        item.markup = view(begin, std::max(begin, std::min(item.at, here)));
        return item;
      }
    }
  }
  for (std::size_t region = begin; !lines_;) {
    const std::size_t close = source_.find("%}", region);
    if (close == source_.npos || close + 2 > end_) break;
    // The last {% before this %} that a name follows.
    for (std::size_t open = source_.rfind("{%", close); open != source_.npos && open >= region;
         open = open == 0 ? source_.npos : source_.rfind("{%", open - 1)) {
      Item item = tag(open, close);
      if (open + 2 > close || item.name.empty()) continue;
      if (item.name != name) break;
      at_ = close + 2;
      item.markup = view(begin, open);
      return item;
    }
    region = close + 2;
  }
  throw Mistake{opened_at, fmt::format("this block is never closed; {{% {} %}} is missing.", name)};
}

Item Items::skip_comment(std::size_t opened_at) {
  int depth = 1;
  while (at_ < end_) {
    Item item;
    if (lines_) {
      std::size_t stop = std::min(source_.find('\n', at_), end_);
      const std::size_t begin = skip_spaces(source_, at_, stop);
      item = {.kind = Item::Kind::tag,
              .at = begin,
              .name = view(begin, name_end(source_, begin, stop))};
      at_ = stop + 1;
    } else {
      const std::size_t open = source_.find('{', at_);
      if (open == source_.npos || open + 1 >= end_) break;
      const char kind = source_[open + 1];
      at_ = open + 1;
      if (kind == '{') {
        // An output hides what stands in it; one that is not closed hides nothing.
        std::size_t close = open + 2;
        while (close < end_ && source_[close] != '}' && source_[close] != '{') ++close;
        at_ = close < end_ && source_[close] == '}' ? close + 1 : open + 2;
        continue;
      }
      if (kind != '%') continue;
      const std::size_t close = source_.find("%}", open + 2);
      if (close == source_.npos || close + 2 > end_) {
        at_ = open + 2;
        continue;
      }
      item = tag(open, close);
      at_ = close + 2;
    }
    if (item.name == "raw") {
      raw_until("endraw", item.at);
    } else if (item.name == "comment") {
      ++depth;
    } else if (item.name == "endcomment" && --depth == 0) {
      return item;
    }
  }
  throw Mistake{opened_at, "this comment is never closed; {% endcomment %} is missing."};
}

std::vector<Token> tokenize(std::string_view source, std::string_view markup) {
  using Kind = Token::Kind;
  std::vector<Token> tokens;
  const std::size_t base =
      markup.empty() ? 0 : static_cast<std::size_t>(markup.data() - source.data());
  std::size_t i = 0;
  const auto push = [&](Kind kind, std::size_t length, std::size_t quote = 0) {
    tokens.push_back({kind, base + i, markup.substr(i + quote, length - 2 * quote)});
    i += length;
  };
  const auto at = [&](std::size_t k) { return k < markup.size() ? markup[k] : '\0'; };
  while ((i = skip_spaces(markup, i, markup.size())) < markup.size()) {
    const char c = markup[i];
    const char d = at(i + 1);
    if (((c == '=' || c == '!' || c == '<' || c == '>') && d == '=') || (c == '<' && d == '>')) {
      push(Kind::comparison, 2);
    } else if (c == '<' || c == '>') {
      push(Kind::comparison, 1);
    } else if (c == '"' || c == '\'') {
      const std::size_t close = markup.find(c, i + 1);
      if (close == markup.npos) {
        throw Mistake{base + i, "this quote is not closed."};
      }
      push(Kind::string, close + 1 - i, 1);
    } else if (is_digit(c) || (c == '-' && is_digit(d))) {
      std::size_t stop = i + 1;
      while (is_digit(at(stop))) ++stop;
      if (at(stop) == '.' && is_digit(at(stop + 1))) {
        ++stop;
        while (is_digit(at(stop))) ++stop;
      }
      push(Kind::number, stop - i);
    } else if (is_word(c)) {
      std::size_t stop = i + 1;
      while (is_word(at(stop)) || at(stop) == '-') ++stop;
      if (at(stop) == '?') ++stop;
      const bool contains = markup.substr(i, stop - i) == "contains" && stop < markup.size() &&
                            is_space(markup[stop]);
      push(contains ? Kind::comparison : Kind::identifier, stop - i);
    } else if (c == '.' && d == '.') {
      push(Kind::dotdot, 2);
    } else if (std::string_view("|.:,[]()?-=").find(c) != std::string_view::npos) {
      push(Kind::special, 1);
    } else {
      throw Mistake{base + i, fmt::format("the character {} has no meaning here.", c)};
    }
  }
  tokens.push_back({Kind::end, base + i, {}});
  return tokens;
}

}  // namespace tidings::liquid
