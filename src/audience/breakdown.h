// Who will get a campaign, who will not, and why: before it is sent. Walks the same expansion and
// takes the same decisions as sending does, so the numbers agree:
//   the sum of `included` − the sum of `excluded` − the sum of `left_out` − repeated = messages.
// Thread: as the connection. Errors: those of expand().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audience/expand.h"
#include "audience/recipients.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::audience {

struct ItemCount {
  AudienceItem item;
  std::string name;  // of the group, segment or campaign; empty when it has none
  // Copies that it brings, or takes away, beyond those of the items before it.
  std::int64_t count = 0;
};

struct NamedRecipient {
  ContactId contact_id;  // not valid(): an address that is nobody's
  ContactId about_id;    // whom it is about: the contact itself, or a child
  std::string name;
  std::string about_name;
  std::string address;
};

struct LeftOut {
  MessageState state = MessageState::skipped;  // or dropped
  std::string reason;
  std::int64_t count = 0;
  std::vector<NamedRecipient> examples;  // the first kBreakdownExamples
};

inline constexpr std::size_t kBreakdownExamples = 5;
inline constexpr std::size_t kBreakdownFirst = 50;

struct LanguageCount {
  std::string locale;  // empty: that of the content itself, which does not say
  bool is_own = false;
  std::int64_t count = 0;  // messages
};

struct Breakdown {
  std::vector<ItemCount> included;
  std::vector<ItemCount> excluded;
  std::vector<LeftOut> left_out;  // the most frequent first
  std::int64_t repeated = 0;      // same address, same text: they share a copy
  std::int64_t messages = 0;      // "Send to 874 people"
  // The content's own first, then its variants; empty when there is but one language.
  std::vector<LanguageCount> languages;
  std::vector<NamedRecipient> first;            // of those who get it, to look at
  std::optional<std::int64_t> recipient_limit;  // P19
  bool is_over_limit() const { return recipient_limit && messages > *recipient_limit; }
};

// `used`: what the content's templates read; it decides who shares a copy. Of `asked` kind and
// consent count; the rest is the request's as_of and the organisation's setting.
Result<Breakdown> break_down(db::Connection& connection, const ExpandRequest& request,
                             const Audience& audience, const UsedFields& used,
                             const RecipientPolicy& asked);

// P19, before anything is queued: counted after exclusions and repetitions, without those who are
// left out. Stops counting at the limit. Error (invalid): audience.over_limit.
Result<void> check_recipient_limit(db::Connection& connection, const ExpandRequest& request,
                                   const Audience& audience, const UsedFields& used,
                                   const RecipientPolicy& asked);

}  // namespace tidings::audience
