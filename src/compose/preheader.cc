#include "compose/preheader.h"

#include <algorithm>
#include <optional>

#include "wire/html_scan.h"

namespace tidings::compose {

namespace {

constexpr int kBlanks = 40;

// Characters that are text for its author, but for Liquid tags.
std::string escaped(std::string_view preheader) {
  std::string out;
  for (std::size_t i = 0; i < preheader.size();) {
    const std::string_view rest = preheader.substr(i);
    if (rest.starts_with("{{") || rest.starts_with("{%")) {
      const auto end = rest.find(rest[1] == '{' ? "}}" : "%}", 2);
      const std::size_t size = end == std::string_view::npos ? 2 : end + 2;
      out += rest.substr(0, size);
      i += size;
      continue;
    }
    switch (rest[0]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += rest[0];
    }
    ++i;
  }
  return out;
}

std::size_t behind_doctype(std::string_view html) {
  const auto first = html.find_first_not_of(" \t\r\n\f");
  if (first == std::string_view::npos) return 0;
  constexpr std::string_view kDoctype = "<!doctype";
  const bool is_doctype =
      std::ranges::equal(html.substr(first, kDoctype.size()), kDoctype,
                         [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  const auto end = is_doctype ? html.find('>', first) : std::string_view::npos;
  return end == std::string_view::npos ? 0 : end + 1;
}

std::size_t place_of_preheader(std::string_view html) {
  std::optional<std::size_t> body;
  std::optional<std::size_t> head;
  std::optional<std::size_t> root;
  wire::scan_html(html, [&](const wire::HtmlTag& tag) {
    if (tag.name == "body" && !tag.is_end_tag && !body) body = tag.end;
    if (tag.name == "head" && tag.is_end_tag && !head) head = tag.end;
    if (tag.name == "html" && !tag.is_end_tag && !root) root = tag.end;
  });
  if (body) return *body;
  if (head) return *head;
  if (root) return *root;
  return behind_doctype(html);
}

}  // namespace

std::string with_preheader(std::string_view html, std::string_view preheader) {
  std::string result(html);
  if (html.empty() || preheader.empty()) return result;
  std::string element =
      "<div style=\"display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;"
      "overflow:hidden;mso-hide:all\">";
  element += escaped(preheader);
  for (int i = 0; i < kBlanks; ++i) element += "&#847;&zwnj;&nbsp;";
  element += "</div>";
  result.insert(place_of_preheader(html), element);
  return result;
}

}  // namespace tidings::compose
