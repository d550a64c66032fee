// What a draft's text says about itself: Liquid that cannot be read, tags that nobody has, and what
// stands in the HTML. Pure: nothing is rendered, fetched or looked up.
// Thread: any.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compose/finding.h"
#include "compose/variants.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"

namespace tidings::compose {

// Errors of the template language, each at its place: code liquid.syntax, blocking. At most one a
// part: what follows an error cannot be judged.
std::vector<Finding> check_liquid(const Draft& draft);

// Tags that `known` does not cover (names as in liquid::unknown_variables): code unknown_tag,
// blocking, with the nearest known name. Parts with errors are passed over.
std::vector<Finding> check_tags(const Draft& draft, std::span<const std::string> known);

// Links that lead nowhere (broken_link, blocking for what no mail program follows, a warning for
// what only works at home), images without alternative text (no_alt_text, warning), images that are
// no web address (broken_image, blocking). Values of tags are not known here: a link that begins
// with a tag is taken as good.
std::vector<Finding> check_html(const Draft& draft);

// An empty subject (blocking), one that shouts (warning), an empty message (blocking).
std::vector<Finding> check_words(const Draft& draft);

// The part that unsubscribes and says who writes, which mass mail needs by law: no_unsubscribe_link
// (blocking) and no_postal_address (warning), for kind campaign only. About an essential topic
// there is nothing to unsubscribe from: unsubscribe_link (blocking).
std::vector<Finding> check_obligations(const Draft& draft, MessageKind kind,
                                       std::string_view postal_address,
                                       ConsentRule consent = ConsentRule::by_kind);

// Adds what `check` (of a Draft) finds in the message and in each other language of it, which the
// findings then name. What is about the topic is told once: it is the same in all.
template <typename Check>
Result<void> check_each_language(const LocalisedDraft& content, std::vector<Finding>& findings,
                                 Check check) {
  std::ranges::move(TRY(check(content.draft)), std::back_inserter(findings));
  for (std::size_t i = 0; i < content.variants.size(); ++i) {
    for (Finding& finding : TRY(check(draft_of(content, i)))) {
      if (finding.code.starts_with("topic_")) continue;
      finding.variant = static_cast<int>(i);
      finding.locale = content.variants[i].locale;
      findings.push_back(std::move(finding));
    }
  }
  return {};
}

}  // namespace tidings::compose
