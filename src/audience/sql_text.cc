#include "audience/sql_text.h"

#include <boost/json.hpp>

#include <fmt/format.h>

namespace tidings::audience {

namespace {

constexpr std::size_t kInlineMax = 4;

void join(const std::vector<std::string>& terms, std::size_t from, std::size_t to,
          std::string_view word, std::string& out) {
  if (to - from == 1) {
    out += terms[from];
    return;
  }
  const std::size_t middle = from + (to - from) / 2;
  out += '(';
  join(terms, from, middle, word, out);
  fmt::format_to(std::back_inserter(out), " {} ", word);
  join(terms, middle, to, word, out);
  out += ')';
}

}  // namespace

std::string SqlText::param(std::string value) {
  const auto [at, is_new] = texts_.try_emplace(std::move(value));
  if (is_new) at->second = add(db::Param(std::string_view(at->first)));
  return at->second;
}

std::string SqlText::in_json(std::string_view expression, std::string json, std::string_view type) {
  const std::string list = param(std::move(json));
  return dialect_ == db::Dialect::sqlite
             ? fmt::format("{} IN (SELECT value FROM json_each({}))", expression, list)
             : fmt::format(
                   "{} = ANY(ARRAY(SELECT CAST(json_array_elements_text(CAST({} AS json))"
                   " AS {})))",
                   expression, list, type);
}

std::string SqlText::in_numbers(std::string_view expression,
                                const std::vector<std::int64_t>& numbers) {
  std::string list;
  if (numbers.size() > kInlineMax) {
    for (const std::int64_t number : numbers) {
      list += (list.empty() ? "[" : ",") + std::to_string(number);
    }
    return in_json(expression, list + "]", "BIGINT");
  }
  for (const std::int64_t number : numbers) {
    if (!list.empty()) list += ", ";
    list += param(number);
  }
  return fmt::format("{} IN ({})", expression, list);
}

std::string SqlText::in(std::string_view expression, const std::vector<std::string>& texts) {
  if (texts.size() > kInlineMax) {
    boost::json::array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return in_json(expression, boost::json::serialize(array), "TEXT");
  }
  std::string list;
  for (const std::string& text : texts) {
    if (!list.empty()) list += ", ";
    list += param(text);
  }
  return fmt::format("{} IN ({})", expression, list);
}

std::string join_balanced(const std::vector<std::string>& terms, std::string_view word) {
  std::string out;
  if (!terms.empty()) join(terms, 0, terms.size(), word, out);
  return out;
}

}  // namespace tidings::audience
