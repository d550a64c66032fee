#include "report/tracked_html.h"

#include <charconv>
#include <cstddef>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "wire/html_scan.h"
#include "wire/signed_token.h"

namespace tidings::report {

namespace {

// Black on yellow wherever it stands, whatever the author's styles say of a <span>.
constexpr std::string_view kMark =
    "<span style=\"all:initial;display:inline-block;vertical-align:middle;margin:0 4px 0 0;"
    "padding:1px 7px;border-radius:9px;background:{};color:#1d1a10;"
    "font:600 12px/16px sans-serif\">{}</span>";
constexpr std::string_view kFollowed = "#ffd75e";
constexpr std::string_view kNotFollowed = "#e4e4e0";

constexpr std::string_view kEmptyPicture =
    "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==";

bool is_tracked_image(std::string_view source) {
  constexpr std::string_view kEnd = ".gif";
  if (!source.ends_with(kEnd)) return false;
  source.remove_suffix(kEnd.size());
  const auto slash = source.rfind('/');
  if (slash == std::string_view::npos) return false;
  const auto token = wire::parse_url_token(source.substr(slash + 1));
  const std::string_view page = source.substr(0, slash);
  return token && token->purpose == wire::TokenPurpose::track &&
         (page.ends_with("/o") || page.ends_with("/ot"));
}

// Of "https://…/c/TOKEN/CONTENT/NUMBER" and "https://…/ct/TOKEN/NUMBER".
std::optional<int> number_of(std::string_view href) {
  const auto take_last = [&href]() -> std::string_view {
    const std::size_t slash = href.rfind('/');
    if (slash == std::string_view::npos) return {};
    const std::string_view segment = href.substr(slash + 1);
    href = href.substr(0, slash);
    return segment;
  };
  const std::string_view digits = take_last();
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  std::string_view token = take_last();
  const bool is_total = href.ends_with("/ct");
  if (!is_total) token = take_last();
  if (!is_total && !href.ends_with("/c")) return std::nullopt;
  const auto read = wire::parse_url_token(token);
  if (!read || read->purpose != wire::TokenPurpose::track) return std::nullopt;
  return number;
}

}  // namespace

std::string without_tracked_image(std::string_view html) {
  std::string result;
  std::size_t at = 0;
  wire::scan_html(html, [&](const wire::HtmlTag& tag) {
    if (tag.is_end_tag || tag.name != "img") return;
    const auto* source = tag.attribute("src");
    if (source == nullptr || !is_tracked_image(source->value)) return;
    const auto begin = static_cast<std::size_t>(source->value.data() - html.data());
    result += html.substr(at, begin - at);
    result += kEmptyPicture;
    at = begin + source->value.size();
  });
  return result += html.substr(at);
}

std::string with_click_marks(std::string_view html, const std::map<int, std::int64_t>& followed) {
  std::string made;
  std::size_t at = 0;
  wire::scan_html(html, [&](const wire::HtmlTag& tag) {
    if (tag.is_end_tag || tag.name != "a") return;
    const wire::HtmlAttribute* const href = tag.attribute("href");
    const auto number = href == nullptr ? std::nullopt : number_of(trimmed(href->value));
    const auto count = number ? followed.find(*number) : followed.end();
    if (count == followed.end()) return;
    made += html.substr(at, tag.end - at);
    at = tag.end;
    made += fmt::format(kMark, count->second > 0 ? kFollowed : kNotFollowed, count->second);
  });
  made += html.substr(at);
  return made;
}

}  // namespace tidings::report
