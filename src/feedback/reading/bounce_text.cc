#include "feedback/reading/bounce_text.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "feedback/reading/bounce_phrases.h"
#include "wire/dsn.h"
#include "wire/email_address.h"

namespace tidings::feedback {
namespace {

constexpr std::size_t kLineMax = 2'000;  // looked at of a line
constexpr std::size_t kAddressesInLine = 50;
constexpr std::size_t kLabelGap = 12;  // octets between a label and its address
constexpr std::size_t kCandidatesMax = 4 * wire::kDsnRecipientsMax;

constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}
constexpr bool is_local(char c) {
  // Of "!" to "~" all but quotes, brackets, and the marks that end or divide addresses.
  return is_word(c) || (c > ' ' && c < 127 && !std::string_view("\"'(),:;<>@[\\]").contains(c));
}
constexpr bool is_domain(char c) { return is_word(c) || c == '.' || c == '-'; }

struct Candidate {
  std::string_view address;
  AddressPlace place = AddressPlace::mentioned;
  std::size_t line = 0;   // where its line begins in the text
  std::size_t after = 0;  // where the text behind it begins
};

// Behind a leading address stands nothing, or what belongs to it, not the rest of a sentence.
bool is_list_rest(std::string_view rest) {
  rest = trimmed(rest, " \t>\"')");
  if (rest.empty()) return true;
  if (std::string_view(":([<;,|=").contains(rest.front())) return true;
  return rest.starts_with("...") || rest.starts_with("- ") || rest.starts_with("on ") ||
         rest.starts_with("\xE2\x80\xA6");
}

bool is_decoration(std::string_view before) {
  before = trimmed(before);
  return before.empty() || before.find_first_not_of("<>*\"'([{-|. \t+") == std::string_view::npos ||
         before == "\xE2\x80\xA2" || before.ends_with("dda:SMTP=") || before == "SMTP:";
}

// "550 5.1.1 <a@b>": the code of a reply stands before it.
bool is_reply_line(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with("<<<") || line.starts_with("<--")) line = trimmed(line.substr(3));
  return line.size() > 4 && (line[0] == '4' || line[0] == '5') && line[1] >= '0' &&
         line[1] <= '5' && line[2] >= '0' && line[2] <= '9' && (line[3] == ' ' || line[3] == '-');
}

bool is_introduced(std::string_view lower_line, std::size_t begin) {
  const std::string_view before = lower_line.substr(0, begin);
  return std::ranges::any_of(address_labels(), [&](std::string_view label) {
    const std::size_t at = before.rfind(label);
    return at != std::string_view::npos && begin - at - label.size() <= kLabelGap;
  });
}

AddressPlace place_of(std::string_view line, std::string_view lower_line, const FoundAddress& found,
                      bool is_first) {
  const std::string_view start = trimmed(lower_line);
  if (start.starts_with("(generated from") || start.starts_with("(expanded from") ||
      start.starts_with("(ultimately generated") || start.starts_with("from ") ||
      start.starts_with("from:") || start.starts_with("message-id") ||
      start.starts_with("for further assistance") || start.starts_with("sender ")) {
    return AddressPlace::mentioned;
  }
  const bool is_quote = start.starts_with(">>> ") && line.substr(found.end).contains("<<<");
  if (is_first && (is_decoration(line.substr(0, found.begin)) || is_quote)) {
    return is_quote || is_list_rest(line.substr(found.end)) ? AddressPlace::listed
                                                            : AddressPlace::introduced;
  }
  if (is_reply_line(line)) return AddressPlace::mentioned;
  return is_introduced(lower_line, found.begin) ? AddressPlace::introduced
                                                : AddressPlace::mentioned;
}

// Addresses that people are told to write to.
bool is_helper(std::string_view address) {
  const std::string local = lower(address.substr(0, address.find('@')));
  return local == "postmaster" || local == "abuse" || local == "hostmaster" ||
         local.starts_with("mailer-daemon") || local == "helpdesk" || local == "support";
}

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(kBlanks), line.size());
}

// Whether a line goes on with what the last listed address began: "<a@b>: host said:" and then,
// further in and without an empty line between, "    <c@d>: unknown".
bool is_continuation(std::string_view text, std::string_view line,
                     const std::vector<Candidate>& candidates) {
  const auto last = std::ranges::find(candidates.rbegin(), candidates.rend(), AddressPlace::listed,
                                      &Candidate::place);
  if (last == candidates.rend()) return false;
  const auto at = static_cast<std::size_t>(line.data() - text.data());
  const std::string_view between = text.substr(last->line, at - last->line);
  const std::string_view first = between.substr(0, between.find_first_of("\r\n"));
  const std::size_t behind = std::min(last->after - last->line, first.size());
  return indent_of(line) > indent_of(first) && !between.contains("\n\n") &&
         !between.contains("\n\r\n") && trimmed(first.substr(behind), " \t>:").size() > 3;
}

void read_line(std::string_view text, std::string_view line, std::vector<Candidate>& candidates) {
  line = line.substr(0, kLineMax);
  const auto found = find_addresses(line);
  if (found.empty() || is_continuation(text, line, candidates)) return;
  const std::string lower_line = lower(line);
  const auto at = static_cast<std::size_t>(line.data() - text.data());
  bool is_first = true;
  bool is_list = false;  // the line is nothing but addresses
  for (const FoundAddress& each : found) {
    AddressPlace place = place_of(line, lower_line, each, is_first);
    if (is_first) {
      is_list = place == AddressPlace::listed;
    } else if (is_list && trimmed(line.substr(candidates.back().after - at,
                                              each.begin - (candidates.back().after - at)),
                                  " \t,;<>\"'") == "") {
      place = AddressPlace::listed;
    } else {
      is_list = false;
    }
    candidates.push_back({each.address, place, at, at + each.end});
    is_first = false;
  }
}

std::string diagnostic_of(std::string_view report, const Candidate& candidate, std::size_t end) {
  const bool is_listed = candidate.place == AddressPlace::listed;
  const std::size_t begin = is_listed ? candidate.after : candidate.line;
  std::string_view words = report.substr(begin, end > begin ? end - begin : 0);
  words = trimmed(words, is_listed ? " \t\r\n>\"':);,*|" : " \t\r\n");
  return std::string(trimmed(words.substr(0, kDiagnosticMax)));
}

// Where the returned message begins; the size of the text when it does not.
struct Border {
  std::size_t report_end = 0;
  std::size_t returned_begin = 0;
};
Border find_border(std::string_view text) {
  std::size_t seen = 0;  // octets that say something, before
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t at = text.size() - rest.size();
    const std::string_view line = wire::take_line(rest).substr(0, kLineMax);
    const std::string_view words = trimmed(line, " \t-=*|>.");
    if (words.empty()) continue;
    const bool is_header = line.starts_with("Received: ") || line.starts_with("Return-Path: <") ||
                           line.starts_with("Return-path: <");
    if (seen > 20 && (is_header || (words.size() < 160 && has_return_mark(lower(line))))) {
      return {at, is_header ? at : text.size() - rest.size()};
    }
    seen += words.size();
  }
  return {text.size(), text.size()};
}

}  // namespace

bool is_same_address(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<FoundAddress> find_addresses(std::string_view line) {
  std::vector<FoundAddress> found;
  std::size_t from = 0;
  for (std::size_t at = 0; found.size() < kAddressesInLine; from = at) {
    at = line.find('@', std::max(from, at));
    if (at == std::string_view::npos) break;
    const std::size_t sign = at++;
    std::size_t begin = sign;
    if (sign > from && line[sign - 1] == '"') {
      const std::size_t quote = line.substr(0, sign - 1).rfind('"');
      if (quote != std::string_view::npos && quote >= from) begin = quote;
    } else {
      while (begin > from && is_local(line[begin - 1])) --begin;
    }
    // "SMTP=a@b" of X.400 names, "'a@b" and "*a@b" of lists.
    if (const auto smtp = line.substr(begin, sign - begin).find("SMTP=");
        smtp != std::string_view::npos) {
      begin += smtp + 5;
    }
    while (begin < sign && std::string_view("*=/|").contains(line[begin])) ++begin;
    std::size_t end = sign + 1;
    while (end < line.size() && is_domain(line[end])) ++end;
    while (end > sign + 1 && (line[end - 1] == '.' || line[end - 1] == '-')) --end;
    const std::size_t size = end - begin;
    if (begin == sign || end == sign + 1 || size > wire::kMaxAddress + 66) continue;
    if (begin > 0 && line[begin - 1] == '@') continue;
    found.push_back({line.substr(begin, size), begin, end});
    at = end;
  }
  return found;
}

BounceText read_bounce_text(std::string_view text, const std::vector<std::string_view>& own) {
  BounceText made;
  text = text.substr(0, kReportMax);
  const Border border = find_border(text);
  made.report = text.substr(0, border.report_end);
  if (border.returned_begin < text.size()) {
    auto blocks = wire::read_report_blocks(text.substr(border.returned_begin));
    if (!blocks.empty()) made.returned = std::move(blocks.front());
  }
  std::vector<Candidate> candidates;
  for (std::string_view rest = made.report; !rest.empty() && candidates.size() < kCandidatesMax;) {
    read_line(text, wire::take_line(rest), candidates);
  }
  const auto is_own = [&](std::string_view address) {
    return is_helper(address) || std::ranges::any_of(own, [&](std::string_view mine) {
             return is_same_address(mine, address);
           });
  };
  std::erase_if(candidates, [&](const Candidate& each) {
    return each.place != AddressPlace::listed && is_own(each.address);
  });
  if (candidates.empty()) return made;
  made.place = std::ranges::max_element(candidates, {}, &Candidate::place)->place;
  std::erase_if(candidates, [&](const Candidate& each) { return each.place != made.place; });

  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::size_t end = i + 1 < candidates.size() ? candidates[i + 1].line : made.report.size();
    const auto [at, is_new] =
        known.try_emplace(lower(candidates[i].address), made.recipients.size());
    if (is_new && made.recipients.size() == wire::kDsnRecipientsMax) break;
    std::string words = diagnostic_of(made.report, candidates[i], end);
    if (is_new) {
      made.recipients.push_back({std::string(candidates[i].address), std::move(words)});
    } else if (std::string& before = made.recipients[at->second].diagnostic;
               !words.empty() && before.size() + words.size() < kDiagnosticMax) {
      // Servers that list the addresses first and their trouble later name each twice.
      if (!before.empty()) before += '\n';
      before += words;
    }
  }
  return made;
}

}  // namespace tidings::feedback
