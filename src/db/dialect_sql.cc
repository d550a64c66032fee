#include "db/dialect_sql.h"

#include <algorithm>
#include <cctype>

namespace tidings::db {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool same_word(std::string_view a, std::string_view upper) {
  return std::ranges::equal(a, upper, [](char left, char right) {
    return std::toupper(static_cast<unsigned char>(left)) == right;
  });
}

// The lines meant for this database, marks removed.
std::string pick_lines(std::string_view sql, Dialect dialect) {
  const std::string_view ours = dialect == Dialect::sqlite ? "--sqlite:" : "--postgres:";
  const std::string_view theirs = dialect == Dialect::sqlite ? "--postgres:" : "--sqlite:";
  std::string picked;
  picked.reserve(sql.size());
  while (!sql.empty()) {
    const std::size_t end = std::min(sql.find('\n'), sql.size() - 1) + 1;
    const std::string_view line = sql.substr(0, end);
    sql.remove_prefix(end);
    const std::string_view trimmed =
        line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
    if (trimmed.starts_with(ours)) {
      picked += trimmed.substr(ours.size());
    } else if (!trimmed.starts_with(theirs)) {
      picked += line;
    }
  }
  return picked;
}

// Rewrites token by token, remembering just enough of the statement it is in.
class Translator {
 public:
  Translator(std::string_view sql, Dialect dialect) : sql_(sql), dialect_(dialect) {}

  std::string run() {
    while (at_ < sql_.size()) {
      const std::string_view token = next_token();
      if (const char first = token.front(); is_word(first)) {
        word(token);
      } else {
        mark(token);
      }
    }
    return std::move(out_);
  }

 private:
  // A word, a run of blanks, a literal, a quoted name, a comment, or one other character.
  std::string_view next_token() {
    const std::size_t start = at_;
    const char first = sql_[at_];
    const auto until = [&](std::string_view stop, std::size_t from) {
      const std::size_t found = sql_.find(stop, from);
      at_ = found == std::string_view::npos ? sql_.size() : found + stop.size();
    };
    if (first == '\'' || first == '"') {
      until({&first, 1}, at_ + 1);  // a doubled quote is two literals side by side: the same to us
    } else if (sql_.substr(at_).starts_with("--")) {
      until("\n", at_);
    } else if (sql_.substr(at_).starts_with("/*")) {
      until("*/", at_ + 2);
    } else if (is_word(first)) {
      while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
    } else {
      ++at_;
    }
    return sql_.substr(start, at_ - start);
  }

  void word(std::string_view token) {
    ++words_;
    if (words_ == 1) {
      creates_ = same_word(token, "CREATE");
      alters_ = same_word(token, "ALTER");
    } else if (words_ == 2 && same_word(token, "VIRTUAL")) {
      creates_ = false;  // its columns are its module's affair
    } else if (words_ <= 3 && same_word(token, "TABLE")) {
      table_ = creates_ || alters_;
    } else if (alters_ && same_word(token, "ADD")) {
      adds_ = true;
    } else if (creates_ && depth_ == 0 && same_word(token, "AS")) {
      table_ = false;  // CREATE TABLE … AS SELECT takes its types from the query
    }
    if (dialect_ == Dialect::sqlite) {
      sqlite_word(token);
    } else {
      out_ += token;
      const bool column = creates_ ? depth_ == 1 && in_column_ == 1 : adds_ && depth_ == 0;
      if (table_ && column && same_word(token, "TEXT")) out_ += " COLLATE \"C\"";
    }
    ++in_column_;
  }

  void sqlite_word(std::string_view token) {
    if (same_word(token, "BIGINT")) {
      out_ += "INTEGER";
    } else if (same_word(token, "BYTEA")) {
      out_ += "BLOB";
    } else if (same_word(token, "PRECISION") && double_at_ == words_ - 1) {
      out_.resize(double_out_);
      out_ += "REAL";
    } else {
      if (same_word(token, "DOUBLE")) {
        double_at_ = words_;
        double_out_ = out_.size();
      }
      out_ += token;
    }
  }

  void mark(std::string_view token) {
    out_ += token;
    switch (token.front()) {
      case '(':
        if (++depth_ == 1) in_column_ = 0;
        break;
      case ')':
        --depth_;
        if (depth_ == 0 && creates_ && table_) end_of_columns();
        break;
      case ',':
        if (depth_ == 1) in_column_ = 0;
        break;
      case '"':
        ++in_column_;  // a quoted column name
        break;
      case ';':
        if (depth_ == 0) words_ = 0, creates_ = alters_ = table_ = adds_ = false;
        break;
      default:
        break;
    }
  }

  void end_of_columns() {
    table_ = false;
    if (dialect_ != Dialect::sqlite) return;
    std::string_view options = sql_.substr(at_, sql_.find(';', at_) - at_);
    options.remove_prefix(std::min(options.find_first_not_of(" \t\r\n"), options.size()));
    if (options.find("STRICT") != std::string_view::npos) return;
    out_ += options.empty() || !is_word(options.front()) ? " STRICT" : " STRICT,";
  }

  std::string_view sql_;
  const Dialect dialect_;
  std::string out_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int words_ = 0;      // of this statement
  int in_column_ = 0;  // words since the column's definition began
  int double_at_ = -1;
  std::size_t double_out_ = 0;
  bool creates_ = false;
  bool alters_ = false;
  bool table_ = false;
  bool adds_ = false;
};

}  // namespace

std::string to_dialect(std::string_view sql, Dialect dialect) {
  const std::string picked = pick_lines(sql, dialect);
  return Translator(picked, dialect).run();
}

}  // namespace tidings::db
