// SqlText: a statement put together at run time, and its parameters. Values only ever become
// parameters; the text is put together from our own words.
// Thread: values, any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "db/connection.h"

namespace tidings::audience {

class SqlText {
 public:
  explicit SqlText(db::Dialect dialect) : dialect_(dialect) {}
  SqlText(const SqlText&) = delete;
  SqlText& operator=(const SqlText&) = delete;

  db::Dialect dialect() const { return dialect_; }
  SqlText& operator<<(std::string_view text) {
    text_ += text;
    return *this;
  }
  // A new parameter; how the statement refers to it: "$7".
  std::string param(std::int64_t value) { return add(db::Param(value)); }
  std::string param(double value) { return add(db::Param(value)); }
  std::string param(std::string value);
  std::string param(Instant at) { return add(db::Param(at)); }
  template <typename Tag>
  std::string param(Id<Tag> id) {
    return add(db::Param(id));
  }
  // `expression IN (…)`: a short list as parameters, a long one as one parameter (SQLite looks up
  // each parameter among all the others).
  template <typename Tag>
  std::string in(std::string_view expression, const std::vector<Id<Tag>>& ids) {
    std::vector<std::int64_t> numbers;
    for (const Id<Tag> id : ids) numbers.push_back(id.value);
    return in_numbers(expression, numbers);
  }
  std::string in(std::string_view expression, const std::vector<std::string>& texts);

  const std::string& text() const { return text_; }
  std::size_t param_count() const { return params_.size(); }
  // Without a name: prepared anew each time. Borrows from this.
  db::Statement statement() const { return {"", text_}; }
  db::Params values() const { return params_; }

 private:
  std::string in_numbers(std::string_view expression, const std::vector<std::int64_t>& numbers);
  std::string in_json(std::string_view expression, std::string json, std::string_view type);
  std::string add(db::Param param) {
    params_.push_back(param);
    return "$" + std::to_string(params_.size());
  }

  const db::Dialect dialect_;
  std::string text_;
  std::unordered_map<std::string, std::string> texts_;  // to their parameter, which borrows
  std::vector<db::Param> params_;
};

// The terms joined by `word` ("OR", "AND") as a balanced tree: SQLite bounds the depth of an
// expression, and a chain is as deep as it is long. "" for no terms.
std::string join_balanced(const std::vector<std::string>& terms, std::string_view word);

}  // namespace tidings::audience
