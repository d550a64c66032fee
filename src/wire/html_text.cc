#include "wire/html_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gumbo.h>

#include "base/text.h"
#include "wire/text_layout.h"

namespace tidings::wire {
namespace {

using Type = TextItem::Type;

constexpr int kMaxDepth = 400;
constexpr std::size_t kOpenTagsMax = 20'000;
// Stand for a Liquid tag inside an HTML tag, or begin the comment that stands for one in text; the
// HTML parser moves text out of tables, but leaves comments where they are.
// Private-use characters, because the parser replaces control characters.
constexpr std::string_view kOpen = "\xee\x80\x9e";
constexpr std::string_view kClose = "\xee\x80\x9f";

constexpr std::string_view kHtmlSpaces = " \t\n\r\f";
bool is_space(char c) { return kHtmlSpaces.contains(c); }

// The length of the Liquid tag that `text` begins with; 0 if there is none.
std::size_t liquid_size(std::string_view text) {
  if (!text.starts_with("{{") && !text.starts_with("{%")) return 0;
  const std::size_t end = text.find(text[1] == '{' ? "}}" : "%}", 2);
  return end == std::string_view::npos ? 0 : end + 2;
}

// A piece of a template: HTML without Liquid, or one Liquid tag.
struct Piece {
  std::string_view text;
  bool is_liquid = false;
};

// Where in the HTML a piece begins.
enum class Place { text, tag, comment, raw };

// Follows HTML just far enough to know whether a place is text, a tag, or neither.
class PlaceTracker {
 public:
  Place place() const { return place_; }

  void advance(std::string_view html) {
    for (std::size_t i = 0; i < html.size();) i += step(html.substr(i));
  }

  // Past the next octet or opening; returns how many octets that was, which may be beyond the end.
  std::size_t step(std::string_view at) {
    switch (place_) {
      case Place::text:
        if (at.starts_with("<!--")) return place_ = Place::comment, 4;
        if (at.size() > 1 && at[0] == '<' && (at[1] == '/' || at[1] == '!' || is_letter(at[1]))) {
          place_ = Place::tag;
          const std::string name = lower(at.substr(1, 8));
          raw_ = name.starts_with("style")    ? "</style"
                 : name.starts_with("script") ? "</script"
                 : name.starts_with("title")  ? "</title"
                                              : "";
        }
        return 1;
      case Place::tag:
        if (quote_ != 0) {
          if (at[0] == quote_) quote_ = 0;
        } else if (at[0] == '"' || at[0] == '\'') {
          quote_ = at[0];
        } else if (at[0] == '>') {
          place_ = raw_.empty() ? Place::text : Place::raw;
        }
        return 1;
      case Place::comment:
        if (at.starts_with("-->")) return place_ = Place::text, 3;
        return 1;
      case Place::raw:
        if (at[0] == '<' && lower(at.substr(0, raw_.size())) == raw_) {
          raw_ = "";
          place_ = Place::tag;
        }
        return 1;
    }
    return 1;
  }

 private:
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

  Place place_ = Place::text;
  char quote_ = 0;
  std::string_view raw_;
};

std::vector<Piece> split(std::string_view source) {
  std::vector<Piece> pieces;
  std::size_t start = 0;
  // No tag ends behind these: looked for once, so that a long row of braces costs no more.
  const std::size_t last_output = source.rfind("}}");
  const std::size_t last_tag = source.rfind("%}");
  const auto may_end = [&](std::size_t i) {
    if (i + 1 >= source.size()) return false;
    const std::size_t last = source[i + 1] == '{' ? last_output : last_tag;
    return last != std::string_view::npos && last >= i + 2;
  };
  for (std::size_t i = 0; i < source.size();) {
    const std::size_t size = source[i] == '{' && may_end(i) ? liquid_size(source.substr(i)) : 0;
    if (size == 0) {
      ++i;
      continue;
    }
    if (i > start) pieces.push_back({source.substr(start, i - start), false});
    pieces.push_back({source.substr(i, size), true});
    start = i += size;
  }
  if (start < source.size()) pieces.push_back({source.substr(start), false});
  return pieces;
}

// Liquid text that the template must print as it is.
std::string literal(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool opens =
        text[i] == '{' && (i + 1 == text.size() || text[i + 1] == '{' || text[i + 1] == '%');
    opens ? result.append("{{ '{' }}") : result.append(1, text[i]);
  }
  return result;
}

// An output tag as it belongs in plain text: filters that make HTML are left out.
std::string output_in_text(std::string_view tag) {
  std::string_view inside = tag.substr(2, tag.size() - 4);
  if (inside.starts_with('-')) inside.remove_prefix(1);
  if (inside.ends_with('-')) inside.remove_suffix(1);
  std::string result = "{{";
  char quote = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= inside.size(); ++i) {
    if (i < inside.size() && quote != 0) {
      if (inside[i] == quote) quote = 0;
      continue;
    }
    if (i < inside.size() && (inside[i] == '"' || inside[i] == '\'')) quote = inside[i];
    if (i < inside.size() && inside[i] != '|') continue;
    const std::string_view filter = inside.substr(start, i - start);
    const std::string_view name = trimmed(filter, kHtmlSpaces);
    const bool makes_html = start > 0 && (name == "escape" || name == "escape_once" ||
                                          name == "newline_to_br" || name == "unescaped");
    if (!makes_html) {
      if (start > 0) result += '|';
      result += filter;
    }
    start = i + 1;
  }
  if (!result.ends_with(' ')) result += ' ';
  result += "}}";
  return result;
}

// A Liquid tag of the template as an item of the text.
TextItem liquid_item(std::string_view tag) {
  if (tag[1] == '{') return {Type::text, Gap::none, TagKind::other, output_in_text(tag)};
  std::string_view inside = tag.substr(2, tag.size() - 4);
  if (inside.starts_with('-')) inside.remove_prefix(1);
  if (inside.ends_with('-')) inside.remove_suffix(1);
  const std::string_view code = trimmed(inside, kHtmlSpaces);
  const std::string_view name =
      code.substr(0, std::min(code.find_first_of(" \t\n\r\f"), code.size()));
  TextItem item{Type::tag, Gap::none, TagKind::other, "{%" + std::string(inside) + "%}"};
  const auto is_one_of = [&](auto... names) { return ((name == names) || ...); };
  if (is_one_of("if", "unless", "case", "ifchanged")) item.tag = TagKind::open_choice;
  if (is_one_of("for", "tablerow")) item.tag = TagKind::open_loop;
  if (is_one_of("capture", "comment", "doc")) item.tag = TagKind::open_aside;
  if (is_one_of("else", "elsif", "when")) item.tag = TagKind::branch;
  if (name.starts_with("end") && name != "endraw") item.tag = TagKind::close;
  if (is_one_of("raw", "endraw", "echo", "cycle", "increment", "decrement", "liquid")) {
    item.type = Type::text;
  }
  return item;
}

// Collects items; knows how HTML collapses white space.
class ItemWriter {
 public:
  void gap(Gap gap) { items.push_back({Type::gap, gap, TagKind::other, {}}); }

  // Two in a row make an empty line.
  void line_break() {
    const bool second =
        !items.empty() && items.back().type == Type::gap && items.back().gap >= Gap::line;
    gap(second ? Gap::paragraph : Gap::line);
  }

  void word(std::string text) {
    if (!text.empty()) items.push_back({Type::text, Gap::none, TagKind::other, std::move(text)});
  }

  void liquid(std::string_view tag) {
    if (tag[2] == '-' && !items.empty() && items.back().gap == Gap::space) items.pop_back();
    items.push_back(liquid_item(tag));
    swallow_space_ = tag.size() > 5 && tag[tag.size() - 3] == '-';
  }

  void text(std::string_view text, bool preformatted) {
    std::string run;
    const auto end_run = [&] { word(literal(std::exchange(run, {}))); };
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view rest = text.substr(i);
      if (rest.starts_with("\xc2\xa0") || is_space(rest[0])) {
        if (rest[0] == '\xc2') ++i;
        if (preformatted && rest[0] != '\n') {
          run += ' ';
          continue;
        }
        end_run();
        if (preformatted) line_break();
        if (!preformatted && !swallow_space_) gap(Gap::space);
        continue;
      }
      swallow_space_ = false;
      if (const std::size_t invisible = invisible_size(rest)) {
        i += invisible - 1;
        continue;
      }
      run += rest[0];
    }
    end_run();
  }

  // What was written since `start`, words only: to compare with a link's address.
  std::string words_since(std::size_t start) const {
    std::string words;
    for (std::size_t i = start; i < items.size(); ++i) {
      if (items[i].type == Type::text) words += items[i].text;
    }
    return words;
  }

  std::vector<TextItem> items;

 private:
  // Soft hyphen, grapheme joiner, zero-width space, byte order mark: only ever used as tricks.
  static std::size_t invisible_size(std::string_view text) {
    for (const std::string_view invisible :
         {"\xc2\xad", "\xcd\x8f", "\xe2\x80\x8b", "\xef\xbb\xbf"}) {
      if (text.starts_with(invisible)) return invisible.size();
    }
    return 0;
  }

  bool swallow_space_ = false;
};

class TreeReader {
 public:
  explicit TreeReader(const std::vector<Piece>& pieces) : pieces_(pieces) {}

  // False if the tree is too deep.
  bool read(const GumboNode& node) {
    walk(node, 0);
    return !too_deep_;
  }

  ItemWriter writer;

 private:
  void walk(const GumboNode& node, int depth) {
    if (depth > kMaxDepth) {
      too_deep_ = true;
      return;
    }
    switch (node.type) {
      case GUMBO_NODE_DOCUMENT:
        return walk_all(node.v.document.children, depth);
      case GUMBO_NODE_ELEMENT:
      case GUMBO_NODE_TEMPLATE:
        return element(node, depth);
      case GUMBO_NODE_COMMENT:
        return comment(node.v.text.text);
      default:
        if (hidden_ == 0) writer.text(node.v.text.text, preformatted_ > 0);
    }
  }

  void walk_all(const GumboVector& children, int depth) {
    for (unsigned i = 0; i < children.length; ++i) {
      walk(*static_cast<const GumboNode*>(children.data[i]), depth + 1);
    }
  }

  const Piece* piece_at(std::string_view number) const {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
    return error == std::errc() && index < pieces_.size() && pieces_[index].is_liquid
               ? &pieces_[index]
               : nullptr;
  }

  // Blocks are kept even where what they surround is hidden: their ends may not be.
  void comment(std::string_view text) {
    if (!text.starts_with(kOpen)) return;
    const Piece* piece = piece_at(text.substr(kOpen.size()));
    if (piece == nullptr) return;
    if (hidden_ == 0 || liquid_item(piece->text).type == Type::tag) writer.liquid(piece->text);
  }

  // An attribute's value with its Liquid tags put back.
  std::string attribute(const GumboElement& element, const char* name) const {
    const GumboAttribute* attribute = gumbo_get_attribute(&element.attributes, name);
    if (attribute == nullptr) return {};
    std::string_view value = trimmed(attribute->value, kHtmlSpaces);
    std::string result;
    while (!value.empty()) {
      const std::size_t open = value.find(kOpen);
      result += literal(value.substr(0, open));
      if (open == std::string_view::npos) break;
      const std::size_t close = std::min(value.find(kClose, open), value.size());
      if (const Piece* piece =
              piece_at(value.substr(open + kOpen.size(), close - open - kOpen.size()))) {
        result += liquid_item(piece->text).text;
      }
      value.remove_prefix(std::min(close + kClose.size(), value.size()));
    }
    return result;
  }

  bool is_hidden(const GumboElement& element) const {
    if (gumbo_get_attribute(&element.attributes, "hidden") != nullptr) return true;
    std::string style;
    for (const char c : lower(attribute(element, "style"))) {
      if (!is_space(c)) style += c;
    }
    return style.contains("display:none") || style.contains("mso-hide:all") ||
           style.contains("visibility:hidden");
  }

  static bool is_left_out(GumboTag tag) {
    return tag == GUMBO_TAG_STYLE || tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_TITLE ||
           tag == GUMBO_TAG_TEMPLATE || tag == GUMBO_TAG_SVG || tag == GUMBO_TAG_SELECT ||
           tag == GUMBO_TAG_TEXTAREA;
  }

  static Gap gap_of(GumboTag tag) {
    switch (tag) {
      case GUMBO_TAG_P:
      case GUMBO_TAG_H1:
      case GUMBO_TAG_H2:
      case GUMBO_TAG_H3:
      case GUMBO_TAG_H4:
      case GUMBO_TAG_H5:
      case GUMBO_TAG_H6:
      case GUMBO_TAG_UL:
      case GUMBO_TAG_OL:
      case GUMBO_TAG_DL:
      case GUMBO_TAG_PRE:
      case GUMBO_TAG_BLOCKQUOTE:
        return Gap::paragraph;
      case GUMBO_TAG_DIV:
      case GUMBO_TAG_TABLE:
      case GUMBO_TAG_TR:
      case GUMBO_TAG_LI:
      case GUMBO_TAG_DT:
      case GUMBO_TAG_DD:
      case GUMBO_TAG_HR:
      case GUMBO_TAG_CENTER:
      case GUMBO_TAG_SECTION:
      case GUMBO_TAG_ARTICLE:
      case GUMBO_TAG_HEADER:
      case GUMBO_TAG_FOOTER:
      case GUMBO_TAG_MAIN:
      case GUMBO_TAG_ADDRESS:
      case GUMBO_TAG_BODY:
      case GUMBO_TAG_CAPTION:
        return Gap::line;
      case GUMBO_TAG_TD:
      case GUMBO_TAG_TH:
        return Gap::space;
      default:
        return Gap::none;
    }
  }

  void element(const GumboNode& node, int depth) {
    const GumboElement& element = node.v.element;
    const GumboTag tag = element.tag;
    const bool hides = is_left_out(tag) || is_hidden(element);
    hidden_ += hides;
    if (hidden_ > 0) {
      walk_all(element.children, depth);
      hidden_ -= hides;
      return;
    }
    if (tag == GUMBO_TAG_BR) return writer.line_break();
    if (tag == GUMBO_TAG_IMG) return writer.word(attribute(element, "alt"));
    if (tag == GUMBO_TAG_A) return link(element, depth);
    const Gap gap = gap_of(tag);
    if (gap != Gap::none) writer.gap(gap);
    if (tag == GUMBO_TAG_HR) writer.word("----------");
    if (tag == GUMBO_TAG_LI) list_item(node);
    preformatted_ += tag == GUMBO_TAG_PRE;
    const std::size_t start = writer.items.size();
    walk_all(element.children, depth);
    preformatted_ -= tag == GUMBO_TAG_PRE;
    if (tag == GUMBO_TAG_H1 || tag == GUMBO_TAG_H2) rule(start, tag == GUMBO_TAG_H1 ? '=' : '-');
    if (gap != Gap::none) writer.gap(gap);
  }

  // Under a heading; as long as its words where that is known.
  void rule(std::size_t start, char mark) {
    const std::string words = writer.words_since(start);
    if (words.empty()) return;
    // With a merge tag in it nobody knows how long the heading will be; longer than any rule looks
    // worse than a short one.
    const bool has_tag =
        words.find("{{") != std::string::npos || words.find("{%") != std::string::npos;
    const auto characters = has_tag ? std::size_t{3}
                                    : static_cast<std::size_t>(std::ranges::count_if(
                                          words, [](char c) { return (c & 0xc0) != 0x80; }));
    writer.gap(Gap::line);
    writer.word(std::string(std::clamp<std::size_t>(characters, 3, 40), mark));
  }

  // Items that a loop repeats cannot be numbered here, nor those of a list with a choice in it.
  void list_item(const GumboNode& node) {
    const GumboNode* list = node.parent;
    if (list == nullptr || list->type != GUMBO_NODE_ELEMENT ||
        list->v.element.tag != GUMBO_TAG_OL) {
      return writer.word("- ");
    }
    const auto [found, added] = lists_.try_emplace(list);
    if (added) {
      const GumboVector& items = list->v.element.children;
      for (unsigned i = 0; i < items.length; ++i) {
        const auto* item = static_cast<const GumboNode*>(items.data[i]);
        if (item->type == GUMBO_NODE_COMMENT &&
            std::string_view(item->v.text.text).starts_with(kOpen)) {
          found->second.numbered = false;
        }
      }
    }
    if (!found->second.numbered) return writer.word("- ");
    writer.word(std::to_string(++found->second.items) + ". ");
  }

  void link(const GumboElement& element, int depth) {
    const std::size_t start = writer.items.size();
    walk_all(element.children, depth);
    std::string url = attribute(element, "href");
    if (lower(url).starts_with("mailto:")) url.erase(0, 7);
    if (url.empty() || url.starts_with('#') || lower(url).starts_with("javascript:")) return;
    const std::string words = writer.words_since(start);
    if (words == url) return;
    if (words.empty()) return writer.word(std::move(url));
    // A block inside a link (a button made of a table) ends before the address.
    while (!writer.items.empty() && writer.items.back().type == Type::gap) writer.items.pop_back();
    writer.gap(Gap::space);
    writer.word("(" + url + ")");
  }

  struct NumberedList {
    bool numbered = true;
    int items = 0;
  };

  const std::vector<Piece>& pieces_;
  std::unordered_map<const GumboNode*, NumberedList> lists_;
  int hidden_ = 0;
  int preformatted_ = 0;
  bool too_deep_ = false;
};

void append_without_marks(std::string& out, std::string_view html) {
  while (!html.empty()) {
    const std::size_t mark = std::min(html.find(kOpen), html.find(kClose));
    out += html.substr(0, mark);
    html.remove_prefix(mark == std::string_view::npos ? html.size() : mark + kOpen.size());
  }
}

// HTML for the parser: every Liquid tag replaced by what survives parsing where it stands.
std::string protect(const std::vector<Piece>& pieces) {
  std::string html;
  PlaceTracker tracker;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    if (!piece.is_liquid) {
      tracker.advance(piece.text);
      append_without_marks(html, piece.text);
    } else if (tracker.place() == Place::text) {
      html += "<!--";
      html += kOpen;
      html += std::to_string(i) + "-->";
    } else if (tracker.place() == Place::tag) {
      html += kOpen;
      html += std::to_string(i);
      html += kClose;
    }
  }
  return html;
}

// Start tags without their end tags, at the place with most of them: the parser's time grows with
// its square. Those that need none are left out.
std::size_t most_open_tags(std::string_view html) {
  static constexpr std::array<std::string_view, 17> kEndThemselves = {
      "area", "br",   "col",    "dd", "dt", "hr", "img", "input", "li",
      "link", "meta", "option", "p",  "td", "th", "tr",  "wbr"};
  std::size_t open = 0;
  std::size_t most = 0;
  for (std::size_t at = html.find('<'); at < html.size(); at = html.find('<', at)) {
    const bool is_end = html.substr(++at).starts_with('/');
    if (is_end) ++at;
    const std::size_t begin = at;
    while (at < html.size() && lower(html[at]) >= 'a' && lower(html[at]) <= 'z') ++at;
    const std::string name = lower(html.substr(begin, at - begin));
    if (name.empty() || std::ranges::binary_search(kEndThemselves, name)) continue;
    if (!is_end) {
      most = std::max(most, ++open);
    } else if (open > 0) {
      --open;
    }
  }
  return most;
}

}  // namespace

std::string html_to_text(std::string_view html) {
  const std::vector<Piece> pieces = split(html);
  std::string safe = protect(pieces);
  if (most_open_tags(safe) > kOpenTagsMax) return html_to_text_linear(html);
  // A fragment: without a body, the parser drops white space until the first element.
  const std::string tags = lower(safe);
  if (!tags.contains("<body") && !tags.contains("<head") && !tags.contains("<html")) {
    safe.insert(0, "<body>");
  }
  // Each error would keep the names of all open elements: gigabytes, for a hundred thousand
  // `<div>`.
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 0;
  const auto destroy = [](GumboOutput* output) {
    gumbo_destroy_output(&kGumboDefaultOptions, output);
  };
  const std::unique_ptr<GumboOutput, decltype(destroy)> tree(
      gumbo_parse_with_options(&options, safe.data(), safe.size()), destroy);
  TreeReader reader(pieces);
  if (!tree || !reader.read(*tree->document)) return html_to_text_linear(html);
  return lay_out_text(reader.writer.items);
}

std::string html_to_text_linear(std::string_view html) {
  ItemWriter writer;
  PlaceTracker tracker;
  for (const Piece& piece : split(html)) {
    if (piece.is_liquid) {
      if (tracker.place() == Place::text) writer.liquid(piece.text);
      continue;
    }
    std::size_t start = 0;  // of the run of text that ends at i
    for (std::size_t i = 0; i < piece.text.size();) {
      const Place before = tracker.place();
      const std::size_t next = i + tracker.step(piece.text.substr(i));
      if (before == Place::text && tracker.place() != Place::text) {
        writer.text(piece.text.substr(start, i - start), false);
      }
      if (before != Place::text && tracker.place() == Place::text) {
        if (before == Place::tag) writer.gap(Gap::line);
        start = next;
      }
      i = next;
    }
    if (tracker.place() == Place::text && start < piece.text.size()) {
      writer.text(piece.text.substr(start), false);
    }
  }
  return lay_out_text(writer.items);
}

}  // namespace tidings::wire
