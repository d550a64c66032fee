#include "compose/empty_values.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>

#include <fmt/format.h>

#include "base/json_text.h"
#include "delivery/content_store.h"
#include "liquid/program.h"
#include "liquid/value.h"
#include "wire/html_text.h"
#include "wire/text_encoding.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;
using liquid::Member;
using liquid::Value;

constexpr std::size_t kFieldsMax = 100;
// How far around a hole the two renderings are compared, and shown, in bytes.
constexpr std::size_t kCompared = 12;
constexpr std::size_t kShown = 40;

struct Part {
  std::string_view name;
  liquid::Program program;  // what is rendered
  std::vector<liquid::VariableUse> uses;
};

std::optional<Part> part_of(std::string_view name, std::string_view source,
                            liquid::Context context) {
  if (source.empty()) return std::nullopt;
  const auto program = liquid::Program::compile(source, context);
  if (!program) return std::nullopt;
  return Part{name, *program, {program->variables().begin(), program->variables().end()}};
}

// The HTML is looked at as the text a person reads, with the places of the HTML itself.
std::vector<Part> parts_of(const Draft& draft) {
  std::vector<Part> parts;
  if (auto part = part_of("subject", draft.subject, liquid::Context::header)) {
    parts.push_back(*std::move(part));
  }
  if (const auto html = liquid::Program::compile(draft.html, liquid::Context::html);
      html && !draft.html.empty()) {
    auto part = part_of("html", wire::html_to_text(draft.html), liquid::Context::text);
    if (!part) part = part_of("html", wire::html_to_text_linear(draft.html), liquid::Context::text);
    if (part) {
      part->uses.assign(html->variables().begin(), html->variables().end());
      parts.push_back(*std::move(part));
    }
  }
  if (auto part = part_of("text", draft.text, liquid::Context::text)) {
    parts.push_back(*std::move(part));
  }
  return parts;
}

std::vector<std::string> fields_of(const std::vector<Part>& parts) {
  std::vector<std::string> fields;
  for (const Part& part : parts) {
    for (const auto& use : part.uses) {
      if (use.path.size() == 2 && use.path[0] == "contact" &&
          std::ranges::find(fields, use.path[1]) == fields.end() && fields.size() < kFieldsMax) {
        fields.push_back(use.path[1]);
      }
    }
  }
  return fields;
}

// Digits, so that filters for capitals leave it as it is.
std::string mark_of(std::size_t field) { return fmt::format("91357{:03}8642", field); }

// Renders with a mark for every field but `without`.
std::optional<std::string> render(const Part& part, const std::vector<std::string>& fields,
                                  std::size_t without) {
  std::vector<std::string> marks;
  for (std::size_t i = 0; i < fields.size(); ++i) marks.push_back(mark_of(i));
  std::vector<Member> members;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i != without) members.push_back({fields[i], Value::string(marks[i])});
  }
  const std::array organisation = {Member{"name", Value::string("…")},
                                   Member{"postal_address", Value::string("…")}};
  const std::array root = {Member{"contact", Value::object(members)},
                           Member{"organisation", Value::object(organisation)},
                           Member{"unsubscribe_url", Value::string("…")},
                           Member{"preferences_url", Value::string("…")},
                           Member{delivery::kViewInBrowserUrl, Value::string("…")}};
  auto text = part.program.render(Value::object(root));
  if (!text) return std::nullopt;
  return *std::move(text);
}

// Marks of other fields become …, so that it reads like the message.
std::string without_marks(std::string text, std::size_t fields) {
  for (std::size_t i = 0; i < fields; ++i) {
    const std::string mark = mark_of(i);
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at, mark.size(), "…");
    }
  }
  return text;
}

std::string whole_characters(std::string text) {
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0) == 0x80) {
    text.erase(0, 1);
  }
  while (!text.empty() && !wire::is_utf8(text)) text.pop_back();
  return text;
}

// The line around `at`, or what is near of a long one.
std::string words_around(const std::string& text, std::size_t at, std::size_t fields) {
  const auto line = text.rfind('\n', at == 0 ? 0 : at - 1);
  std::size_t from = line == std::string::npos || at == 0 ? 0 : line + 1;
  if (at - from > kShown) from = at - kShown;
  const std::size_t to = std::min({text.find('\n', at), at + kShown / 2, text.size()});
  std::string words = without_marks(whole_characters(text.substr(from, to - from)), fields);
  while (words.ends_with(' ') || words.ends_with('\r')) words.pop_back();
  return words;
}

std::optional<Hole> hole_in(const Part& part, const std::vector<std::string>& fields,
                            std::size_t field, const std::string& full) {
  const std::string mark = mark_of(field);
  const auto at = full.find(mark);
  if (at == std::string::npos) return std::nullopt;
  const auto bare = render(part, fields, field);
  // The same up to the hole and behind it: nothing took its place.
  if (!bare || bare->compare(0, at, full, 0, at) != 0 || bare->size() < at) return std::nullopt;
  const std::string_view after = std::string_view(full).substr(at + mark.size());
  const std::string_view now = std::string_view(*bare).substr(at);
  const std::size_t compared = std::min({kCompared, after.find(mark), after.size()});
  if (now.substr(0, compared) != after.substr(0, compared)) return std::nullopt;
  Hole hole{fields[field], std::string(part.name), 0, 0, words_around(*bare, at, fields.size())};
  const auto use = std::ranges::find_if(part.uses, [&](const liquid::VariableUse& one) {
    return one.path.size() == 2 && one.path[0] == "contact" && one.path[1] == fields[field];
  });
  if (use != part.uses.end()) {
    hole.line = use->line;
    hole.column = use->column;
  }
  return hole;
}

std::string words_of(std::string field) {
  std::ranges::replace(field, '_', ' ');
  return field;
}

}  // namespace

std::vector<Hole> find_holes(const Draft& draft) {
  const auto parts = parts_of(draft);
  const auto fields = fields_of(parts);
  std::vector<Hole> holes;
  for (const Part& part : parts) {
    const auto full = render(part, fields, fields.size());
    if (!full) continue;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (std::ranges::find(holes, fields[i], &Hole::field) != holes.end()) continue;
      if (auto hole = hole_in(part, fields, i, *full)) holes.push_back(*std::move(hole));
    }
  }
  return holes;
}

HoleCounter::HoleCounter(std::vector<Hole> holes) {
  for (Hole& hole : holes) counts_.push_back({std::move(hole), 0, {}});
}

std::vector<std::string> HoleCounter::fields() const {
  std::vector<std::string> fields;
  for (const Count& count : counts_) fields.push_back(count.hole.field);
  return fields;
}

void HoleCounter::add(std::string_view values, std::string_view who) {
  const json::value parsed = parse_json(values);
  const json::object* object = parsed.if_object();
  for (Count& count : counts_) {
    const json::value* value = object ? object->if_contains(count.hole.field) : nullptr;
    const bool has = value != nullptr && !value->is_null() &&
                     (!value->is_string() || !value->get_string().empty());
    if (has) continue;
    ++count.people;
    if (count.examples.size() < kExamplesMax) count.examples.emplace_back(who);
  }
}

std::vector<Finding> HoleCounter::findings() const {
  std::vector<Finding> findings;
  for (const Count& count : counts_) {
    if (count.people == 0) continue;
    findings.push_back({"empty_value",
                        Severity::warning,
                        fmt::format("{} no {} and will read \"{}\". Give the tag a fallback: "
                                    "{{{{ contact.{} | default: \"…\" }}}}.",
                                    count.people == 1 ? "1 person has"
                                                      : fmt::format("{} people have", count.people),
                                    words_of(count.hole.field), count.hole.reads, count.hole.field),
                        count.hole.part,
                        count.hole.line,
                        count.hole.column,
                        count.people,
                        count.examples,
                        -1,
                        {},
                        count.hole.field});
  }
  std::ranges::sort(findings, [](const Finding& a, const Finding& b) { return a.count > b.count; });
  return findings;
}

}  // namespace tidings::compose
