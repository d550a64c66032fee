#include "compose/variants.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include <fmt/format.h>

#include "base/json_text.h"
#include "domain/locale_choice.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

struct Member {
  std::string_view name;
  std::string Variant::* member;
  std::string Draft::* of_draft;
};
constexpr std::array kMembers = {
    Member{"locale", &Variant::locale, &Draft::locale},
    Member{"subject", &Variant::subject, &Draft::subject},
    Member{"preheader", &Variant::preheader, &Draft::preheader},
    Member{"html", &Variant::html, &Draft::html},
    Member{"text", &Variant::text, &Draft::text},
};

void put_words(const Variant& variant, Draft& draft) {
  for (const Member& member : kMembers) draft.*member.of_draft = variant.*member.member;
}

std::unexpected<Error> malformed() {
  return fail(ErrorKind::invalid, "draft.malformed",
              "\"variants\" is not what it should be: a list of the message in other languages.");
}

}  // namespace

std::vector<std::string> locales_of(std::span<const Variant> variants) {
  std::vector<std::string> locales;
  for (const Variant& variant : variants) locales.push_back(variant.locale);
  return locales;
}

std::optional<std::size_t> variant_for(const LocalisedDraft& content, std::string_view locale,
                                       std::string_view organisation_locale) {
  if (content.variants.empty()) return std::nullopt;
  const std::string& own = content.draft.locale;
  return choose_locale(own.empty() ? organisation_locale : own, locales_of(content.variants),
                       locale);
}

Draft draft_of(const LocalisedDraft& content, std::optional<std::size_t> variant) {
  Draft draft = content.draft;
  if (variant) put_words(content.variants.at(*variant), draft);
  return draft;
}

Draft draft_for_locale(const LocalisedDraft& content, std::string_view locale) {
  return draft_of(content, variant_for(content, locale));
}

json::array variants_json(std::span<const Variant> variants) {
  json::array list;
  for (const Variant& variant : variants) {
    json::object one;
    for (const Member& member : kMembers) one[member.name] = variant.*member.member;
    list.emplace_back(std::move(one));
  }
  return list;
}

Result<std::vector<Variant>> variants_from_json(const json::value& value) {
  const json::array* list = value.if_array();
  if (list == nullptr) return malformed();
  std::vector<Variant> variants;
  for (const json::value& one : *list) {
    const json::object* object = one.if_object();
    if (object == nullptr) return malformed();
    Variant& variant = variants.emplace_back();
    for (const Member& member : kMembers) {
      const json::value* given = object->if_contains(member.name);
      if (given == nullptr || given->is_null()) continue;
      if (!given->is_string()) return malformed();
      variant.*member.member = given->get_string();
    }
  }
  return variants;
}

std::string variants_text(std::span<const Variant> variants) {
  return json::serialize(variants_json(variants));
}

Result<std::vector<Variant>> variants_from_text(std::string_view text) {
  return variants_from_json(parse_json(text));
}

std::vector<FieldProblem> check_variants(const LocalisedDraft& content) {
  std::vector<FieldProblem> problems;
  const auto& variants = content.variants;
  if (variants.size() > kVariantsMax) {
    problems.push_back({"/variants", "template.too_many_languages",
                        fmt::format("A message takes at most {} languages.", kVariantsMax)});
    return problems;
  }
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const std::string at = fmt::format("/variants/{}", i);
    const std::string& locale = variants[i].locale;
    const auto is_same = [&](const Variant& other) { return is_same_locale(other.locale, locale); };
    if (locale.empty()) {
      problems.push_back({at + "/locale", "template.no_language", "Say which language this is."});
    } else if (is_same_locale(locale, content.draft.locale) ||
               std::any_of(variants.begin(), variants.begin() + static_cast<std::ptrdiff_t>(i),
                           is_same)) {
      problems.push_back({at + "/locale", "template.language_twice",
                          fmt::format("The language {} is there twice.", locale)});
    }
    Draft words;
    put_words(variants[i], words);
    for (FieldProblem& problem : check_draft(words)) {
      problems.push_back({at + problem.field, std::move(problem.code), std::move(problem.message)});
    }
  }
  return problems;
}

}  // namespace tidings::compose
