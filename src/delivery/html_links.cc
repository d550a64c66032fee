#include "delivery/html_links.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "liquid/outline.h"
#include "liquid/program.h"
#include "wire/html_scan.h"
#include "wire/url.h"
#include "wire/web_link.h"

namespace tidings::delivery {

namespace {

using liquid::Piece;

// What a link may say of its recipient: it is frozen with the message.
constexpr std::array<std::string_view, 3> kRoots = {"contact", "student", "data"};
constexpr std::array<std::string_view, 6> kNaming = {"assign",    "capture",   "for",
                                                     "increment", "decrement", "tablerow"};
constexpr std::array<std::string_view, 18> kCredentials = {
    "token", "passw", "wachtwoord", "haslo", "secret", "key",  "code",   "otp",   "pin",
    "auth",  "sign",  "session",    "login", "magic",  "hash", "ticket", "invit", "jwt"};

bool is_word(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// `{% assign contact = …` and its like, also within {% liquid %}.
bool gives_name(std::string_view tag, std::string_view root) {
  for (std::size_t at = tag.find(root); at != std::string_view::npos; at = tag.find(root, at + 1)) {
    const std::size_t behind = at + root.size();
    if (behind < tag.size() && is_word(tag[behind])) continue;
    const std::string_view before = trimmed(tag.substr(0, at));
    if (before.size() == at) continue;  // no space between
    if (std::ranges::any_of(kNaming, [&](std::string_view word) {
          return before.ends_with(word) && (before.size() == word.size() ||
                                            !is_word(before[before.size() - word.size() - 1]));
        })) {
      return true;
    }
  }
  return false;
}

class Finder {
 public:
  Finder(std::string_view html, std::vector<Piece> pieces)
      : html_(html), pieces_(std::move(pieces)) {
    for (const std::string_view root : kRoots) {
      const bool is_taken = std::ranges::any_of(pieces_, [&](const Piece& piece) {
        return piece.kind == Piece::Kind::tag &&
               gives_name(html_.substr(piece.begin, piece.end - piece.begin), root);
      });
      if (!is_taken) roots_.push_back(root);
    }
  }

  void look_at(const wire::HtmlTag& tag) {
    if (tag.is_end_tag || (tag.name != "a" && tag.name != "area") || is_opted_out(tag)) return;
    if (!is_text(tag.begin)) return;
    for (const wire::HtmlAttribute& attribute : tag.attributes) {
      if (links_.size() >= kHtmlLinksMax) return;
      if (lower(attribute.name) != "href" || attribute.value.empty()) continue;
      add(static_cast<std::size_t>(attribute.value.data() - html_.data()), attribute.value);
    }
  }

  std::vector<HtmlLink> take() { return std::move(links_); }

 private:
  static bool is_opted_out(const wire::HtmlTag& tag) {
    const auto says = [&](std::string_view name, std::string_view value) {
      const auto* found = tag.attribute(name);
      return found != nullptr && lower(trimmed(found->value)) == value;
    };
    return says("data-tidings-track", "no") || says("clicktracking", "off");
  }

  // The first piece that ends behind `at`.
  std::vector<Piece>::const_iterator piece_at(std::size_t at) const {
    return std::ranges::upper_bound(pieces_, at, {}, &Piece::end);
  }
  bool is_text(std::size_t at) const {
    const auto piece = piece_at(at);
    return piece != pieces_.end() && piece->kind == Piece::Kind::text;
  }

  void add(std::size_t begin, std::string_view value) {
    const std::size_t end = begin + value.size();
    // What stands before and behind it: the quotes, where it has any.
    if (begin == 0 || end >= html_.size() || !is_text(begin - 1) || !is_text(end)) return;
    bool is_template = false;
    for (auto piece = piece_at(begin); piece != pieces_.end() && piece->begin < end; ++piece) {
      if (piece->kind == Piece::Kind::text) continue;
      if (piece->kind != Piece::Kind::output || piece->begin < begin || piece->end > end) return;
      is_template = true;
    }
    if (is_template) {
      if (may_be_rendered(value)) links_.push_back({begin, end, std::string(value), true});
    } else if (auto link = wire::web_link(wire::decode_references(value))) {
      links_.push_back({begin, end, *std::move(link), false});
    }
  }

  bool may_be_rendered(std::string_view value) const {
    if (value.size() > wire::kWebLinkMax) return false;
    const std::string start = wire::decode_references(value.substr(0, value.find("{{")));
    if (!wire::host_end(trimmed(start))) return false;
    const auto program = liquid::Program::compile(value, liquid::Context::html);
    if (!program || reads_clock(value) || stands_in_credential(value)) return false;
    return std::ranges::all_of(program->variables(), [&](const liquid::VariableUse& use) {
      return use.path.size() > 1 && !is_credential(use.path.back()) &&
             std::ranges::find(roots_, std::string_view(use.path[0])) != roots_.end();
    });
  }

  // `"now" | date: …` would tell another time when the link is followed.
  static bool reads_clock(std::string_view value) {
    for (std::size_t at = 0; (at = value.find("{{", at)) != std::string_view::npos;) {
      const std::size_t end = std::min(value.find("}}", at), value.size());
      if (value.substr(at, end - at).find("date") != std::string_view::npos) return true;
      at = end;
    }
    return false;
  }

  // `?token={{ … }}`, `/reset-key/{{ … }}`: the word before a value.
  static bool stands_in_credential(std::string_view value) {
    for (std::size_t at = 0; (at = value.find("{{", at)) != std::string_view::npos; at += 2) {
      const std::size_t mark = value.substr(0, at).find_last_of("?&;#{}");
      std::string_view word = value.substr(mark == std::string_view::npos ? 0 : mark);
      word = word.substr(0, at - (mark == std::string_view::npos ? 0 : mark));
      if (mark == std::string_view::npos) {
        // In the path: the folder it stands in.
        const std::size_t last = word.find_last_of('/');
        const std::size_t before = last == 0 ? 0 : word.find_last_of('/', last - 1);
        word = word.substr(std::min(before, word.size()));
      }
      if (is_credential(word)) return true;
    }
    return false;
  }

  const std::string_view html_;
  const std::vector<Piece> pieces_;
  std::vector<std::string_view> roots_;
  std::vector<HtmlLink> links_;
};

// The places of `text` that are no character reference and no {{ … }}, which may hold `#` and `?`.
class Skim {
 public:
  explicit Skim(std::string_view text) : text_(text) {}

  // The first of `wanted` from `from` on.
  std::size_t find(std::string_view wanted, std::size_t from) const {
    for (std::size_t at = from; at < text_.size(); ++at) {
      if (text_.substr(at).starts_with("{{")) {
        const std::size_t end = text_.find("}}", at);
        if (end == std::string_view::npos) return end;
        at = end + 1;
      } else if (text_.substr(at).starts_with("&#")) {
        ++at;
      } else if (wanted.find(text_[at]) != std::string_view::npos) {
        return at;
      }
    }
    return std::string_view::npos;
  }

 private:
  const std::string_view text_;
};

bool has_parameter(std::string_view query, std::string_view name) {
  for (std::size_t at = 0; (at = query.find(name, at)) != std::string_view::npos; ++at) {
    const bool begins = at == 0 || query[at - 1] == '&' || query[at - 1] == ';';
    const std::size_t behind = at + name.size();
    const bool ends = behind == query.size() || query[behind] == '=' || query[behind] == '&';
    if (begins && ends) return true;
  }
  return false;
}

// The attribute's value with the parameters.
std::string with_parameters(std::string_view value, const Utm& utm) {
  const Skim skim(value);
  const std::size_t fragment = skim.find("#", 0);
  std::size_t end = fragment == std::string_view::npos ? value.size() : fragment;
  while (end > 0 && static_cast<unsigned char>(value[end - 1]) <= 0x20) --end;
  const std::size_t mark = std::min(skim.find("?", 0), end);
  const std::string_view query = mark < end ? value.substr(mark + 1, end - mark - 1) : "";
  bool needs_mark = mark == end;
  bool needs_and =
      !needs_mark && !query.empty() && !query.ends_with('&') && !query.ends_with("&amp;");
  std::string added;
  const auto add = [&](std::string_view name, const std::string& text) {
    if (text.empty() || has_parameter(query, name)) return;
    if (std::exchange(needs_mark, false)) added += '?';
    if (std::exchange(needs_and, true)) added += "&amp;";
    added += name;
    added += '=';
    added += wire::percent_encode(text);
  };
  add("utm_source", utm.source);
  add("utm_medium", utm.medium);
  add("utm_campaign", utm.campaign);
  add("utm_content", utm.content);
  std::string result(value.substr(0, end));
  result += added;
  return result += value.substr(end);
}

}  // namespace

std::vector<HtmlLink> find_html_links(std::string_view html) {
  auto pieces = liquid::outline(html);
  if (!pieces) return {};
  Finder finder(html, *std::move(pieces));
  wire::scan_html(html, [&](const wire::HtmlTag& tag) { finder.look_at(tag); });
  return finder.take();
}

bool is_credential(std::string_view name) {
  const std::string word = lower(name);
  return std::ranges::any_of(
      kCredentials, [&](std::string_view each) { return word.find(each) != std::string::npos; });
}

std::string with_utm(std::string_view html, const Utm& utm) {
  if (utm.empty()) return std::string(html);
  std::string result;
  std::size_t at = 0;
  for (const HtmlLink& link : find_html_links(html)) {
    const std::string_view value = html.substr(link.begin, link.end - link.begin);
    const std::string changed = with_parameters(value, utm);
    // One that would become too long for a link stays as it is.
    const bool fits = link.is_template
                          ? changed.size() <= wire::kWebLinkMax
                          : wire::web_link(wire::decode_references(changed)).has_value();
    result += html.substr(at, link.begin - at);
    result += fits ? std::string_view(changed) : value;
    at = link.end;
  }
  return result += html.substr(at);
}

}  // namespace tidings::delivery
