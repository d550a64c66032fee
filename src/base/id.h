// Id<Tag>: a 64-bit, time-ordered identifier, typed by what it names.
//
// Layout, high to low: 1 bit zero, 41 bits milliseconds since 2024-01-01T00:00:00Z, 10 bits node,
// 12 bits sequence. Ordering by id is ordering by creation, so the primary key is also the index
// by time, and inserts always land at the end of it. Good until 2093.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace tidings {

template <typename Tag>
struct Id {
  std::int64_t value = 0;

  constexpr bool valid() const { return value > 0; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

using OrganisationId = Id<struct OrganisationTag>;
using ContactId = Id<struct ContactTag>;
using GroupId = Id<struct GroupTag>;
using ImportId = Id<struct ImportTag>;
using CampaignId = Id<struct CampaignTag>;
using ContentVersionId = Id<struct ContentVersionTag>;
using MessageId = Id<struct MessageTag>;
using EventId = Id<struct EventTag>;
using SenderId = Id<struct SenderTag>;
using TransportId = Id<struct TransportTag>;
using SuppressionId = Id<struct SuppressionTag>;
using NodeId = Id<struct NodeTag>;
using UserId = Id<struct UserTag>;
using SessionId = Id<struct SessionTag>;
using ApiTokenId = Id<struct ApiTokenTag>;
using TemplateId = Id<struct TemplateTag>;
using SegmentId = Id<struct SegmentTag>;
using NoteId = Id<struct NoteTag>;
using ActivityId = Id<struct ActivityTag>;
using TopicId = Id<struct TopicTag>;
using MediaId = Id<struct MediaTag>;

// As people and URLs see an id: 13 characters of lower-case Crockford base32, no separators.
std::string to_text(std::int64_t id);
template <typename Tag>
std::string to_text(Id<Tag> id) {
  return to_text(id.value);
}
// Accepts either case, and the decimal form that SQL shows; nothing for anything else.
std::optional<std::int64_t> parse_id(std::string_view text);

// Hands out ids for one node. Never repeats one and never goes back, even if the clock does; more
// than 4,096 in a millisecond borrow from the next. Thread: any.
class IdSource {
 public:
  // `node` is 0..1023 and unique among the processes that write to one database at a time.
  IdSource(const Clock& clock, unsigned node);
  unsigned node() const { return static_cast<unsigned>(node_bits_ >> 12); }

  std::int64_t next();
  template <typename IdType>
  IdType next() {
    return IdType{next()};
  }

 private:
  const Clock& clock_;
  const std::int64_t node_bits_;
  std::mutex mutex_;
  std::int64_t last_millis_ = 0;
  std::int64_t sequence_ = 0;
};

}  // namespace tidings

template <typename Tag>
struct std::hash<tidings::Id<Tag>> {
  std::size_t operator()(tidings::Id<Tag> id) const noexcept {
    return std::hash<std::int64_t>()(id.value);
  }
};
