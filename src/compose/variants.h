// The same message in other languages: the variants of a draft, in a saved message and in a
// campaign. Everybody gets the one of their language (domain/locale_choice.h), else the draft.
//
// Sender, reply-to, attachments and topic are the draft's, in every language.
// Thread: values, any.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compose/draft.h"

namespace tidings::compose {

inline constexpr std::size_t kVariantsMax = 30;

struct Variant {
  std::string locale;  // BCP 47
  std::string subject;
  std::string preheader;
  std::string html;
  std::string text;

  friend bool operator==(const Variant&, const Variant&) = default;
};

struct LocalisedDraft {
  Draft draft;
  std::vector<Variant> variants;

  friend bool operator==(const LocalisedDraft&, const LocalisedDraft&) = default;
};

// Of the variants, in order: what choose_locale() takes.
std::vector<std::string> locales_of(std::span<const Variant> variants);

// Which variant somebody of this language gets; nothing: the draft. A draft that names no language
// is in the organisation's: `organisation_locale`, where the caller knows it.
std::optional<std::size_t> variant_for(const LocalisedDraft& content, std::string_view locale,
                                       std::string_view organisation_locale = {});
// The message in that language, whole: nothing for the draft's own.
Draft draft_of(const LocalisedDraft& content, std::optional<std::size_t> variant);
// The message as somebody of this language gets it.
Draft draft_for_locale(const LocalisedDraft& content, std::string_view locale);

// The JSON form of database and API (schema Variant); every member is written.
boost::json::array variants_json(std::span<const Variant> variants);
// The reverse; what is missing or null is empty. Error: draft.malformed (invalid).
Result<std::vector<Variant>> variants_from_json(const boost::json::value& json);
// As stored in a column of text.
std::string variants_text(std::span<const Variant> variants);
Result<std::vector<Variant>> variants_from_text(std::string_view text);

// What makes the variants unfit to be stored; fields are "/variants/0/locale" … Empty: fine.
std::vector<FieldProblem> check_variants(const LocalisedDraft& content);

}  // namespace tidings::compose
