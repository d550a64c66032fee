#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unicode/ucasemap.h>

#include "base/bytes.h"
#include "liquid/date.h"
#include "liquid/filters.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Full case mapping of Unicode, without a language.
std::string cased(Call& c, std::string_view text, bool upper) {
  std::string out(text);
  if (is_ascii(text)) {
    for (char& ch : out) {
      if (upper && ch >= 'a' && ch <= 'z') ch = static_cast<char>(ch - 32);
      if (!upper && ch >= 'A' && ch <= 'Z') ch = static_cast<char>(ch + 32);
    }
    return out;
  }
  UErrorCode error = U_ZERO_ERROR;
  UCaseMap* const map = ucasemap_open("", 0, &error);
  if (U_FAILURE(error) || !c.fits(text.size())) return out;
  const auto convert = upper ? ucasemap_utf8ToUpper : ucasemap_utf8ToLower;
  out.resize(text.size() * 3 + 8);  // no character grows more than threefold
  const std::int32_t length = convert(map, out.data(), static_cast<std::int32_t>(out.size()),
                                      text.data(), static_cast<std::int32_t>(text.size()), &error);
  ucasemap_close(map);
  out.resize(U_FAILURE(error) ? 0 : static_cast<std::size_t>(length));
  return U_FAILURE(error) ? std::string(text) : out;
}

// White space that is taken away leaves safe text safe.
Value part(const Call& c, std::string_view text) {
  return Value::string(text).marked_safe(c.input.is_string() && c.input.safe());
}

Value downcase(Call& c) { return c.made(cased(c, c.text(), false)); }
Value upcase(Call& c) { return c.made(cased(c, c.text(), true)); }
Value capitalize(Call& c) {
  const std::string_view text = c.text();
  if (text.empty()) return Value::string("");
  const std::size_t first = character_length(text);
  return c.made(cased(c, text.substr(0, first), true) + cased(c, text.substr(first), false));
}

Value escape(Call& c) {
  if (c.input.is_nil()) return c.input;
  std::string out;
  append_escaped(out, c.text());
  return c.made(out).marked_safe(true);
}
Value escape_once(Call& c) {
  std::string out;
  append_escaped_once(out, c.text());
  return c.made(out).marked_safe(true);
}
Value unescaped(Call& c) { return Value::string(c.text()).marked_safe(true); }
Value newline_to_br(Call& c) {
  const std::string_view given = c.text();
  std::string text;
  if (c.context == Context::html && !(c.input.is_string() && c.input.safe())) {
    append_escaped(text, given);
  } else {
    text = given;
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n') {
      out += "<br />\n";
    } else {
      out += text[i];
    }
  }
  return c.made(out).marked_safe(true);
}

Value url_encode(Call& c) {
  if (c.input.is_nil()) return c.input;
  std::string out;
  for (const char ch : c.text()) {
    const bool plain = (is_word(ch) && static_cast<unsigned char>(ch) < 0x80) || ch == '-' ||
                       ch == '.' || ch == '~';
    if (plain) {
      out += ch;
    } else if (ch == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(ch));
    }
  }
  return c.made(out);
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = character_length(text.substr(i));
    if (n == 1 && static_cast<unsigned char>(text[i]) >= 0x80) return false;
    i += n;
  }
  return true;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

Value url_decode(Call& c) {
  if (c.input.is_nil()) return c.input;
  const std::string_view text = c.text();
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  if (!is_utf8(out)) c.fail("this text does not decode to UTF-8.");
  return c.made(out);
}

Value base64_encode(Call& c) { return c.made(to_base64(c.text())); }
Value base64_url_safe_encode(Call& c) {
  std::string out = to_base64(c.text());
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return c.made(out);
}
Value decoded(Call& c, std::string text) {
  const auto bytes = from_base64(text);
  if (!bytes) c.fail("this text is not Base64.");
  return bytes ? c.made(*bytes) : Value::nil();
}
Value base64_decode(Call& c) { return decoded(c, std::string(c.text())); }
Value base64_url_safe_decode(Call& c) {
  std::string text(c.text());
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  while (text.size() % 4 != 0) text += '=';
  return decoded(c, std::move(text));
}

// [from, from + length) of `size` as Ruby slices: nothing if from lies outside.
std::optional<std::pair<std::size_t, std::size_t>> slice_bounds(std::int64_t from,
                                                                std::int64_t length,
                                                                std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (from < 0) from += count;
  if (from < 0 || from > count || length < 0) return std::nullopt;
  return std::pair(static_cast<std::size_t>(from),
                   static_cast<std::size_t>(std::min(length, count - from)));
}

Value slice(Call& c) {
  const auto from = to_integer(c.argument(0));
  const auto length = c.argument(1).truthy() ? to_integer(c.argument(1)) : std::int64_t{1};
  if (!from || !length) {
    c.fail("slice takes whole numbers.");
    return Value::nil();
  }
  if (c.input.is_array()) {
    const auto items = c.input.as_array();
    const auto bounds = slice_bounds(*from, *length, items.size());
    return Value::array(bounds ? items.subspan(bounds->first, bounds->second) : items.first(0));
  }
  const std::string_view text = c.text();
  c.cost += text.size() / 64;
  const auto bounds = slice_bounds(*from, *length, count_characters(text));
  if (!bounds) return Value::string("");
  const std::size_t begin = character_offset(text, bounds->first);
  return Value::string(text.substr(begin, character_offset(text.substr(begin), bounds->second)));
}

Value truncate(Call& c) {
  if (c.input.is_nil()) return c.input;
  const auto given = c.has(0) ? to_integer(c.argument(0)) : std::int64_t{50};
  if (!given) {
    c.fail("truncate takes a whole number of characters.");
    return Value::nil();
  }
  const std::string mark = c.has(1) ? std::string(c.text(c.argument(1))) : "...";
  const std::string_view text = c.text();
  c.cost += text.size() / 64;
  if (static_cast<std::int64_t>(count_characters(text)) <= *given) return Value::string(text);
  const auto marked = static_cast<std::int64_t>(count_characters(mark));
  const std::int64_t kept = *given > marked ? *given - marked : 0;
  return c.made(
      std::string(text.substr(0, character_offset(text, static_cast<std::size_t>(kept)))) + mark);
}

constexpr bool is_blank(char ch) { return ch == ' ' || (ch >= '\t' && ch <= '\r'); }

Value truncatewords(Call& c) {
  if (c.input.is_nil()) return c.input;
  const auto given = c.has(0) ? to_integer(c.argument(0)) : std::int64_t{15};
  if (!given) {
    c.fail("truncatewords takes a whole number of words.");
    return Value::nil();
  }
  const std::int64_t most = std::max<std::int64_t>(1, *given);
  const std::string mark = c.has(1) ? std::string(c.text(c.argument(1))) : "...";
  const std::string_view text = c.text();
  std::string out;
  std::int64_t words = 0;
  for (std::size_t i = 0; i < text.size();) {
    while (i < text.size() && is_blank(text[i])) ++i;
    if (i == text.size()) break;
    std::size_t end = i;
    while (end < text.size() && !is_blank(text[end])) ++end;
    if (words == most) return c.made(out + mark);
    if (words++ > 0) out += ' ';
    out += text.substr(i, end - i);
    i = end;
  }
  return Value::string(text);
}

Value split(Call& c) {
  const std::string_view text = c.text();
  const std::string_view by = c.text(c.argument(0));
  std::vector<Value> parts;
  if (by == " ") {
    for (std::size_t i = 0; i < text.size();) {
      while (i < text.size() && is_blank(text[i])) ++i;
      std::size_t end = i;
      while (end < text.size() && !is_blank(text[end])) ++end;
      if (end > i) parts.push_back(Value::string(text.substr(i, end - i)));
      i = end;
    }
  } else if (by.empty()) {
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t n = character_length(text.substr(i));
      parts.push_back(Value::string(text.substr(i, n)));
      i += n;
    }
  } else {
    for (std::size_t i = 0;;) {
      const std::size_t end = text.find(by, i);
      parts.push_back(Value::string(text.substr(i, end == text.npos ? text.npos : end - i)));
      if (end == text.npos) break;
      i = end + by.size();
    }
  }
  while (!parts.empty() && parts.back().as_string().empty()) parts.pop_back();
  c.cost += parts.size();
  const auto made = c.arena.values(parts.size());
  if (made.size() == parts.size()) std::ranges::copy(parts, made.begin());
  return Value::array(made);
}

Value strip(Call& c) { return part(c, trim(c.text())); }
Value lstrip(Call& c) { return part(c, trim_left(c.text())); }
Value rstrip(Call& c) { return part(c, trim_right(c.text())); }
Value squish(Call& c) {
  if (c.input.is_nil()) return c.input;
  std::string out;
  for (const char ch : trim(c.text())) {
    if (!is_blank(ch)) {
      out += ch;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return part(c, c.arena.copy(out));
}
Value strip_newlines(Call& c) {
  const std::string_view text = c.text();
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!crlf && text[i] != '\n') out += text[i];
  }
  return part(c, c.arena.copy(out));
}

// Everything from `open` to the nearest `close`, again and again.
std::string without(std::string_view text, std::string_view open, std::string_view close) {
  std::string out;
  while (true) {
    const std::size_t from = text.find(open);
    const std::size_t to = from == text.npos ? from : text.find(close, from + open.size());
    if (to == text.npos) return out += text;
    out += text.substr(0, from);
    text.remove_prefix(to + close.size());
  }
}

Value strip_html(Call& c) {
  const std::string_view text = c.text();
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kBlocks = {
      {{"<script", "</script>"}, {"<!--", "-->"}, {"<style", "</style>"}}};
  // The blocks in the order they stand, so that one within another is text of it.
  std::string out;
  std::array<bool, 3> closed = {true, true, true};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t from = text.find('<', i);
    if (from == text.npos) {
      out += text.substr(i);
      break;
    }
    out += text.substr(i, from - i);
    i = from;
    std::size_t end = from;
    for (std::size_t k = 0; k < kBlocks.size(); ++k) {
      if (!closed[k] || !text.substr(from).starts_with(kBlocks[k].first)) continue;
      const std::size_t close = text.find(kBlocks[k].second, from + kBlocks[k].first.size());
      closed[k] = close != text.npos;  // none ahead: none will be found further on
      if (closed[k]) end = close + kBlocks[k].second.size();
      break;
    }
    if (end > from) {
      i = end;
    } else {
      out += text[i++];
    }
  }
  return c.made(without(out, "<", ">"));
}

enum class Which { all, first, last };

Value replaced(Call& c, std::string_view with, Which which) {
  const std::string_view text = c.text();
  const std::string_view what = c.text(c.argument(0));
  std::string out;
  c.cost += text.size() / 64;
  if (which != Which::all || what.empty()) {
    if (what.empty() && which == Which::all) {
      // Between all characters, and at both ends.
      for (std::size_t i = 0; i < text.size();) {
        const std::size_t n = character_length(text.substr(i));
        out += with;
        out += text.substr(i, n);
        i += n;
        if (!c.fits(out.size())) return Value::nil();
      }
      return c.made(out += with);
    }
    const std::size_t at = which == Which::last ? text.rfind(what) : text.find(what);
    if (at == text.npos) return Value::string(text);
    out = text.substr(0, at);
    out += with;
    out += text.substr(at + what.size());
    return c.made(out);
  }
  for (std::size_t i = 0;;) {
    const std::size_t at = text.find(what, i);
    out += text.substr(i, at == text.npos ? text.npos : at - i);
    if (at == text.npos) break;
    out += with;
    i = at + what.size();
    if (!c.fits(out.size())) return Value::nil();
  }
  return c.made(out);
}

Value replace(Call& c) { return replaced(c, c.text(c.argument(1)), Which::all); }
Value replace_first(Call& c) { return replaced(c, c.text(c.argument(1)), Which::first); }
Value replace_last(Call& c) { return replaced(c, c.text(c.argument(1)), Which::last); }
Value remove_all(Call& c) { return replaced(c, "", Which::all); }
Value remove_first(Call& c) { return replaced(c, "", Which::first); }
Value remove_last(Call& c) { return replaced(c, "", Which::last); }

Value joined(Call& c, std::string_view a, std::string_view b) {
  if (!c.fits(a.size() + b.size())) return Value::nil();
  char* const to = static_cast<char*>(c.arena.allocate(a.size() + b.size()));
  if (to == nullptr) return Value::nil();
  std::ranges::copy(b, std::ranges::copy(a, to).out);
  return Value::string({to, a.size() + b.size()});
}
Value append(Call& c) { return joined(c, c.text(), c.text(c.argument(0))); }
Value prepend(Call& c) { return joined(c, c.text(c.argument(0)), c.text()); }

Value date(Call& c) {
  const std::string_view format = c.text(c.argument(0));
  if (format.empty()) return c.input;
  const Instant now = c.options.now ? *c.options.now : SystemClock().now();
  std::optional<Moment> moment;
  if (c.input.type() == Type::integer) {
    if (std::abs(c.input.as_integer()) < 1'000'000'000'000'000) {
      moment = moment_of(c.input.as_integer(), 0, c.options.time_zone);
    }
  } else if (c.input.is_string()) {
    moment = read_moment(c.input.as_string(), now, c.options.time_zone);
  }
  c.cost += 4 + format.size() / 8;
  return moment ? c.made(format_moment(*moment, format)) : c.input;
}

constexpr FilterInfo kFilters[] = {
    {"append", 1, 1, append},
    {"base64_decode", 0, 0, base64_decode},
    {"base64_encode", 0, 0, base64_encode},
    {"base64_url_safe_decode", 0, 0, base64_url_safe_decode},
    {"base64_url_safe_encode", 0, 0, base64_url_safe_encode},
    {"capitalize", 0, 0, capitalize},
    {"date", 1, 1, date},
    {"downcase", 0, 0, downcase},
    {"escape", 0, 0, escape},
    {"escape_once", 0, 0, escape_once},
    {"h", 0, 0, escape},
    {"lstrip", 0, 0, lstrip},
    {"newline_to_br", 0, 0, newline_to_br},
    {"prepend", 1, 1, prepend},
    {"remove", 1, 1, remove_all},
    {"remove_first", 1, 1, remove_first},
    {"remove_last", 1, 1, remove_last},
    {"replace", 1, 2, replace},
    {"replace_first", 1, 2, replace_first},
    {"replace_last", 2, 2, replace_last},
    {"rstrip", 0, 0, rstrip},
    {"slice", 1, 2, slice},
    {"split", 1, 1, split},
    {"squish", 0, 0, squish},
    {"strip", 0, 0, strip},
    {"strip_html", 0, 0, strip_html},
    {"strip_newlines", 0, 0, strip_newlines},
    {"truncate", 0, 2, truncate},
    {"truncatewords", 0, 2, truncatewords},
    {"unescaped", 0, 0, unescaped},
    {"upcase", 0, 0, upcase},
    {"url_decode", 0, 0, url_decode},
    {"url_encode", 0, 0, url_encode},
};

}  // namespace

std::span<const FilterInfo> text_filters() { return kFilters; }

}  // namespace tidings::liquid
