#include "compose/content_check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "compose/preheader.h"
#include "liquid/program.h"
#include "wire/html_scan.h"
#include "wire/html_text.h"

namespace tidings::compose {

namespace {

struct Part {
  std::string_view name;
  std::string Draft::* member;
  liquid::Context context;
};
constexpr std::array kParts = {
    Part{"subject", &Draft::subject, liquid::Context::header},
    Part{"preheader", &Draft::preheader, liquid::Context::html},
    Part{"html", &Draft::html, liquid::Context::html},
    Part{"text", &Draft::text, liquid::Context::text},
};

// "line 3, column 7: sentence" without the place.
std::string without_place(std::string_view message) {
  const auto colon = message.find(": ");
  std::string sentence(colon == std::string_view::npos ? message : message.substr(colon + 2));
  if (!sentence.empty()) {
    sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
  }
  if (!sentence.ends_with('.') && !sentence.ends_with('?')) sentence += '.';
  return sentence;
}

// Keeps the first of a kind; the last one kept says how many there are.
class Gathered {
 public:
  void add(Finding finding) {
    const auto of_kind = std::ranges::count(found_, finding.code, &Finding::code);
    if (of_kind < static_cast<std::ptrdiff_t>(kFindingsOfAKindMax)) {
      found_.push_back(std::move(finding));
      return;
    }
    const auto last = std::find_if(found_.rbegin(), found_.rend(),
                                   [&](const Finding& one) { return one.code == finding.code; });
    last->count = std::max<std::int64_t>(last->count, kFindingsOfAKindMax) + 1;
  }
  std::vector<Finding> take() {
    for (Finding& finding : found_) {
      if (finding.count > static_cast<std::int64_t>(kFindingsOfAKindMax)) {
        finding.sentence += fmt::format(" There are {} of these.", finding.count);
      }
    }
    return std::move(found_);
  }

 private:
  std::vector<Finding> found_;
};

bool begins_with_tag(std::string_view url) {
  return url.starts_with("{{") || url.starts_with("{%");
}

// The host of an http address, in lower case; empty when it has none.
std::string host_of(std::string_view url) {
  auto rest = url.substr(url.find(':') + 1);
  if (!rest.starts_with("//")) return {};
  rest = rest.substr(2);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  if (rest.starts_with('[')) return lower(rest.substr(0, rest.find(']') + 1));
  return lower(rest.substr(0, rest.find(':')));
}

bool is_local(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host.ends_with(".local") ||
         host.ends_with(".internal") || host.starts_with("127.") || host.starts_with("10.") ||
         host.starts_with("192.168.") || host == "[::1]" || host == "0.0.0.0";
}

constexpr std::size_t kShownMax = 300;

struct Wrong {
  Severity severity = Severity::blocking;
  std::string sentence;
  std::string what = {};
};

constexpr std::array<std::string_view, 6> kSchemes = {
    "mailto:", "tel:", "sms:", "geo:", "cid:", "webcal:"};

std::optional<Wrong> wrong_web_address(std::string_view url, std::string_view what) {
  const std::string host = host_of(url);
  if (begins_with_tag(host) || host.find("{{") != std::string::npos) return std::nullopt;
  if (host.empty() || host.find_first_of(" \t\"<>\\^`|") != std::string::npos) {
    return Wrong{Severity::blocking, fmt::format("The {} \"{}\" names no website.", what, url)};
  }
  if (is_local(host)) {
    return Wrong{Severity::warning,
                 fmt::format("The {} \"{}\" only works on your own network; readers elsewhere "
                             "come to nothing.",
                             what, url)};
  }
  if (!host.starts_with('[') && host.find('.') == std::string::npos) {
    return Wrong{Severity::warning,
                 fmt::format("The {} \"{}\" names \"{}\", which is no public website. Is something "
                             "missing behind it?",
                             what, url, host)};
  }
  return std::nullopt;
}

// What is wrong with the address of a link; nothing when it may be good.
std::optional<Wrong> wrong_link(std::string_view raw) {
  const std::string decoded = wire::decode_references(trimmed(raw));
  const std::string_view url = decoded;
  if (url.empty()) return Wrong{Severity::blocking, "A link has no address. Give it one."};
  if (begins_with_tag(url)) return std::nullopt;
  if (url == "#") return Wrong{Severity::warning, "A link leads to \"#\", which is nowhere."};
  if (url.starts_with('#')) return std::nullopt;
  const std::string scheme = lower(url.substr(0, url.find(':') + 1));
  if (scheme == "http:" || scheme == "https:") {
    if (url.substr(0, url.find("{{")).find_first_of(" \t\r\n") != std::string_view::npos) {
      return Wrong{Severity::blocking,
                   fmt::format("The link \"{}\" has a blank in it, and breaks off there.", url)};
    }
    return wrong_web_address(url, "link");
  }
  if (std::ranges::find(kSchemes, scheme) != kSchemes.end()) return std::nullopt;
  if (scheme == "javascript:" || scheme == "vbscript:" || scheme == "data:" || scheme == "file:") {
    return Wrong{Severity::blocking,
                 fmt::format("No mail program follows a link that begins with \"{}\". Link to a "
                             "web page instead.",
                             scheme)};
  }
  if (lower(url).starts_with("www.")) {
    return Wrong{
        Severity::blocking,
        fmt::format("Write the link as \"https://{}\": without it, it leads nowhere.", url)};
  }
  if (url.find('@') != std::string_view::npos && url.find('/') == std::string_view::npos) {
    return Wrong{Severity::blocking,
                 fmt::format("Write \"mailto:{}\": without it, the link leads nowhere.", url)};
  }
  return Wrong{Severity::blocking,
               fmt::format("The link \"{}\" is not a whole address. In a message it has to begin "
                           "with https://.",
                           url)};
}

std::optional<Wrong> wrong_image(std::string_view raw) {
  const std::string decoded = wire::decode_references(trimmed(raw));
  const std::string_view url = decoded;
  if (url.empty()) return Wrong{Severity::blocking, "An image has no address."};
  if (begins_with_tag(url)) return std::nullopt;
  const std::string scheme = lower(url.substr(0, url.find(':') + 1));
  if (scheme == "http:" || scheme == "https:") return wrong_web_address(url, "image address");
  if (scheme == "cid:") return std::nullopt;
  if (scheme == "data:") {
    return Wrong{Severity::warning,
                 "An image is written into the message itself (data:), and many mail programs do "
                 "not show those. Upload it instead."};
  }
  return Wrong{Severity::blocking,
               fmt::format("The image \"{}\" is not a whole web address, so nobody will see it. "
                           "Upload it.",
                           url.substr(0, 200))};
}

Finding at_place(std::string_view source, std::size_t offset, std::string code, Wrong wrong) {
  const auto place = wire::place_at(source, offset);
  return {std::move(code),
          wrong.severity,
          std::move(wrong.sentence),
          "html",
          place.line,
          place.column,
          0,
          {},
          -1,
          {},
          std::move(wrong.what)};
}

// An address as it is shown to a person; nothing where it is too long for that.
std::string shown(std::string_view raw) {
  std::string address = wire::decode_references(trimmed(raw));
  if (address.size() > kShownMax) address.clear();
  return address;
}

bool shouts(std::string_view subject) {
  // Tags do not shout; nor do abbreviations in words that do not.
  std::string words;
  for (std::size_t i = 0; i < subject.size();) {
    const auto rest = subject.substr(i);
    const bool is_tag = rest.starts_with("{{") || rest.starts_with("{%");
    const auto end = is_tag ? rest.find(rest[1] == '{' ? "}}" : "%}") : std::string_view::npos;
    if (end != std::string_view::npos) {
      i += end + 2;
    } else {
      words += subject[i++];
    }
  }
  int upper_count = 0;
  int letters = 0;
  for (const char c : words) {
    const auto octet = static_cast<unsigned char>(c);
    upper_count += std::isupper(octet) != 0;
    letters += std::isalpha(octet) != 0;
  }
  return (letters >= 10 && upper_count * 10 >= letters * 7) ||
         words.find("!!") != std::string::npos || std::ranges::count(words, '!') >= 3;
}

bool uses(const Draft& draft, std::span<const std::string_view> path) {
  for (const Part& part : kParts) {
    if (part.name != "html" && part.name != "text") continue;
    const auto program = liquid::Program::compile(draft.*part.member, part.context);
    if (!program) continue;
    for (const auto& use : program->variables()) {
      if (std::ranges::equal(use.path, path)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<Finding> check_liquid(const Draft& draft) {
  std::vector<Finding> findings;
  for (const Part& part : kParts) {
    const auto program = liquid::Program::compile(draft.*part.member, part.context);
    if (program) continue;
    const auto place = liquid::position_of(program.error());
    findings.push_back({"liquid.syntax",
                        Severity::blocking,
                        place ? without_place(program.error().message) : program.error().message,
                        std::string(part.name),
                        place ? place->line : 0,
                        place ? place->column : 0,
                        0,
                        {}});
  }
  return findings;
}

std::vector<Finding> check_tags(const Draft& draft, std::span<const std::string> known) {
  Gathered findings;
  for (const Part& part : kParts) {
    const auto program = liquid::Program::compile(draft.*part.member, part.context);
    if (!program) continue;
    for (const auto& unknown : liquid::unknown_variables(program->variables(), known)) {
      findings.add({"unknown_tag",
                    Severity::blocking,
                    without_place(unknown.message),
                    std::string(part.name),
                    unknown.line,
                    unknown.column,
                    0,
                    {},
                    -1,
                    {},
                    unknown.name});
    }
  }
  return findings.take();
}

std::vector<Finding> check_html(const Draft& draft) {
  Gathered findings;
  wire::scan_html(draft.html, [&](const wire::HtmlTag& tag) {
    if (tag.is_end_tag) return;
    if (tag.name == "a" || tag.name == "area") {
      const auto* href = tag.attribute("href");
      if (href == nullptr) return;  // a place to link to
      if (auto wrong = wrong_link(href->value)) {
        wrong->what = shown(href->value);
        findings.add(at_place(draft.html, tag.begin, "broken_link", *std::move(wrong)));
      }
    } else if (tag.name == "img") {
      const auto* src = tag.attribute("src");
      if (auto wrong = wrong_image(src ? src->value : "")) {
        wrong->what = shown(src ? src->value : "");
        findings.add(at_place(draft.html, tag.begin, "broken_image", *std::move(wrong)));
      }
      if (tag.attribute("alt") == nullptr) {
        findings.add(at_place(draft.html, tag.begin, "no_alt_text",
                              {Severity::warning,
                               "An image has no alternative text (alt), so who does not see it "
                               "reads nothing. Describe it, or set alt=\"\" when it only "
                               "decorates."}));
      }
    }
  });
  return findings.take();
}

std::vector<Finding> check_words(const Draft& draft) {
  std::vector<Finding> findings;
  if (trimmed(draft.subject).empty()) {
    findings.push_back(
        {"no_subject", Severity::blocking, "The subject is empty.", "subject", 0, 0, 0, {}});
  } else if (shouts(draft.subject)) {
    findings.push_back({"shouting_subject",
                        Severity::warning,
                        "The subject shouts: capitals and exclamation marks make spam filters and "
                        "readers suspicious.",
                        "subject",
                        0,
                        0,
                        0,
                        {}});
  }
  if (trimmed(draft.html).empty() && trimmed(draft.text).empty()) {
    findings.push_back(
        {"no_content", Severity::blocking, "There is no text yet.", "", 0, 0, 0, {}});
  }
  return findings;
}

std::vector<Finding> check_obligations(const Draft& draft, MessageKind kind,
                                       std::string_view postal_address, ConsentRule consent) {
  std::vector<Finding> findings;
  if (kind != MessageKind::campaign) return findings;
  constexpr std::array<std::string_view, 1> kUnsubscribe = {"unsubscribe_url"};
  const bool has_link = uses(draft, kUnsubscribe);
  if (has_link && consent == ConsentRule::essential) {
    findings.push_back({"unsubscribe_link",
                        Severity::blocking,
                        "Its topic is essential: nobody can unsubscribe from it. Take out the link "
                        "with {{ unsubscribe_url }}, or choose another topic.",
                        draft.html.empty() ? "text" : "html",
                        0,
                        0,
                        0,
                        {}});
  }
  if (!has_link && consent != ConsentRule::essential) {
    findings.push_back({"no_unsubscribe_link",
                        Severity::blocking,
                        "The message has no link to unsubscribe. Put one in, with the tag "
                        "{{ unsubscribe_url }} as its address.",
                        draft.html.empty() ? "text" : "html",
                        0,
                        0,
                        0,
                        {}});
  }
  constexpr std::array<std::string_view, 2> kAddress = {"organisation", "postal_address"};
  if (trimmed(postal_address).empty()) {
    findings.push_back({"no_postal_address",
                        Severity::warning,
                        "The organisation has no postal address yet, and mass mail has to say one. "
                        "Fill it in under Settings, and put {{ organisation.postal_address }} into "
                        "the message.",
                        "",
                        0,
                        0,
                        0,
                        {}});
  } else if (!uses(draft, kAddress) &&
             draft.html.find(trimmed(postal_address)) == std::string::npos &&
             draft.text.find(trimmed(postal_address)) == std::string::npos) {
    findings.push_back({"no_postal_address",
                        Severity::warning,
                        "The message does not say the organisation's postal address, as mass mail "
                        "has to. Put {{ organisation.postal_address }} into it.",
                        draft.html.empty() ? "text" : "html",
                        0,
                        0,
                        0,
                        {}});
  }
  return findings;
}

}  // namespace tidings::compose
