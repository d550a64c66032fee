#include "wire/html_scan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/text.h"

namespace tidings::wire {

namespace {

constexpr auto kNone = std::string_view::npos;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool begins_with_any_case(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  for (std::size_t i = 0; i < lower_case.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower_case[i]) return false;
  }
  return true;
}

class Scanner {
 public:
  Scanner(std::string_view html, const std::function<void(const HtmlTag&)>& tag)
      : html_(html),
        tag_(tag),
        last_output_(html.rfind("}}")),
        last_liquid_(html.rfind("%}")),
        last_comment_(html.rfind("-->")) {}

  void run() {
    while (at_ < html_.size()) {
      if (skip_liquid()) continue;
      if (html_[at_] != '<') {
        ++at_;
      } else if (rest().starts_with("<!--")) {
        at_ = behind("-->", at_ + 4, last_comment_);
      } else if (rest().starts_with("<!") || rest().starts_with("<?")) {
        const auto end = html_.find('>', at_);
        at_ = end == kNone ? html_.size() : end + 1;
      } else if (is_tag()) {
        read_tag();
      } else {
        ++at_;
      }
    }
  }

 private:
  std::string_view rest() const { return html_.substr(at_); }

  // Behind the next `mark`; the end when there is none, known without looking.
  std::size_t behind(std::string_view mark, std::size_t from, std::size_t last) const {
    if (last == kNone || last < from) return html_.size();
    return html_.find(mark, from) + mark.size();
  }

  // Past a Liquid tag that begins here.
  bool skip_liquid() {
    if (html_[at_] != '{' || at_ + 1 == html_.size()) return false;
    const char second = html_[at_ + 1];
    if (second != '{' && second != '%') return false;
    const std::size_t last = second == '{' ? last_output_ : last_liquid_;
    if (last == kNone || last < at_ + 2) return false;
    const std::size_t begin = at_;
    at_ = html_.find(second == '{' ? "}}" : "%}", at_ + 2) + 2;
    if (second == '%' && tag_word(begin) == "comment") skip_comment();
    return true;
  }

  // The first word of the Liquid tag at `begin`.
  std::string_view tag_word(std::size_t begin) const {
    std::size_t from = begin + 2;
    while (from < at_ && (is_space(html_[from]) || html_[from] == '-')) ++from;
    std::size_t to = from;
    while (to < at_ && (is_letter(html_[to]) || html_[to] == '_')) ++to;
    return html_.substr(from, to - from);
  }

  void skip_comment() {
    for (int depth = 1; depth > 0;) {
      const auto open = html_.find("{%", at_);
      if (open == kNone || last_liquid_ < open + 2) {
        at_ = html_.size();
        return;
      }
      at_ = html_.find("%}", open + 2) + 2;
      const auto word = tag_word(open);
      if (word == "comment") ++depth;
      if (word == "endcomment") --depth;
    }
  }

  bool is_tag() const {
    const std::size_t name = at_ + (rest().starts_with("</") ? 2 : 1);
    return name < html_.size() && is_letter(html_[name]);
  }

  void skip_space() {
    while (at_ < html_.size() && (is_space(html_[at_]) || html_[at_] == '/')) ++at_;
  }

  void read_tag() {
    HtmlTag tag;
    tag.begin = at_++;
    if (html_[at_] == '/') {
      tag.is_end_tag = true;
      ++at_;
    }
    const std::size_t name = at_;
    while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '>' && html_[at_] != '/' &&
           html_[at_] != '{') {
      ++at_;
    }
    tag.name = lower(html_.substr(name, at_ - name));
    while (true) {
      skip_space();
      if (at_ >= html_.size()) return;
      if (html_[at_] == '>') break;
      if (!skip_liquid()) read_attribute(tag);
    }
    tag.end = ++at_;
    tag_(tag);
    if (!tag.is_end_tag) skip_raw(tag.name);
  }

  void read_attribute(HtmlTag& tag) {
    HtmlAttribute attribute;
    attribute.offset = at_;
    while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '>' && html_[at_] != '/' &&
           (html_[at_] != '=' || at_ == attribute.offset)) {
      if (!skip_liquid()) ++at_;
    }
    attribute.name = html_.substr(attribute.offset, at_ - attribute.offset);
    std::size_t after = at_;
    while (after < html_.size() && is_space(html_[after])) ++after;
    if (after < html_.size() && html_[after] == '=') {
      at_ = after + 1;
      while (at_ < html_.size() && is_space(html_[at_])) ++at_;
      attribute.value = read_value();
    }
    if (tag.attributes.size() < kAttributesMax) tag.attributes.push_back(attribute);
  }

  std::string_view read_value() {
    if (at_ >= html_.size()) return {};
    const char quote = html_[at_];
    if (quote == '"' || quote == '\'') {
      const std::size_t begin = ++at_;
      while (at_ < html_.size() && html_[at_] != quote) {
        if (!skip_liquid()) ++at_;
      }
      const auto value = html_.substr(begin, at_ - begin);
      if (at_ < html_.size()) ++at_;
      return value;
    }
    const std::size_t begin = at_;
    while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '>') {
      if (!skip_liquid()) ++at_;
    }
    return html_.substr(begin, at_ - begin);
  }

  // What stands in these is no HTML.
  void skip_raw(std::string_view name) {
    if (name != "style" && name != "script" && name != "title" && name != "textarea") return;
    const std::string close = "</" + std::string(name);
    while (at_ < html_.size()) {
      at_ = html_.find("</", at_);
      if (at_ == kNone) {
        at_ = html_.size();
      } else if (begins_with_any_case(rest(), close)) {
        return;
      } else {
        at_ += 2;
      }
    }
  }

  static constexpr std::size_t kAttributesMax = 200;

  const std::string_view html_;
  const std::function<void(const HtmlTag&)>& tag_;
  const std::size_t last_output_;
  const std::size_t last_liquid_;
  const std::size_t last_comment_;
  std::size_t at_ = 0;
};

struct Reference {
  std::string_view name;
  std::string_view text;
};
constexpr std::array kReferences = {
    Reference{"&amp;", "&"},   Reference{"&lt;", "<"},   Reference{"&gt;", ">"},
    Reference{"&quot;", "\""}, Reference{"&apos;", "'"}, Reference{"&nbsp;", "\u00a0"},
};

void append_utf8(std::string& out, std::uint32_t code) {
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0 | code >> 6);
    add(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  } else {
    add(0xf0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3f));
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  }
}

// The length of the reference that `text` begins with, decoded to `out`; 0 if there is none.
std::size_t decode_one(std::string_view text, std::string& out) {
  for (const Reference& reference : kReferences) {
    if (text.starts_with(reference.name)) {
      out += reference.text;
      return reference.name.size();
    }
  }
  if (!text.starts_with("&#") || text.size() < 4) return 0;
  const bool is_hex = text[2] == 'x' || text[2] == 'X';
  const char* begin = text.data() + (is_hex ? 3 : 2);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(begin, text.data() + text.size(), code, is_hex ? 16 : 10);
  if (end == begin || error == std::errc::invalid_argument) return 0;
  append_utf8(out, error == std::errc() ? code : 0);
  const auto used = static_cast<std::size_t>(end - text.data());
  return used < text.size() && text[used] == ';' ? used + 1 : used;
}

}  // namespace

const HtmlAttribute* HtmlTag::attribute(std::string_view wanted) const {
  const auto at = std::ranges::find_if(attributes, [&](const HtmlAttribute& one) {
    return one.name.size() == wanted.size() && begins_with_any_case(one.name, wanted);
  });
  return at == attributes.end() ? nullptr : &*at;
}

void scan_html(std::string_view html, const std::function<void(const HtmlTag&)>& tag) {
  Scanner(html, tag).run();
}

TextPlace place_at(std::string_view text, std::size_t offset) {
  TextPlace place;
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

std::string decode_references(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t used = text[i] == '&' ? decode_one(text.substr(i, 32), out) : 0;
    if (used == 0) out += text[i];
    i += std::max<std::size_t>(used, 1);
  }
  return out;
}

}  // namespace tidings::wire
