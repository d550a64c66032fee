// The hits that were read from the journal and are not judged yet, in its order, and what happened
// to the same messages a moment before and after each: who follows every link of a message within
// a second is known only when the second is over.
//
// Pure: no clock, no file. Bounds: it is full() at kMost hits; of one message kSeenMax links are
// remembered at a time, which is more than anybody follows. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "delivery/hit.h"

namespace tidings::feedback {

class HitWindow {
 public:
  static constexpr std::size_t kMost = 30'000;
  static constexpr std::size_t kSeenMax = 64;

  struct Waiting {
    std::string segment;               // of the journal
    std::uint64_t to = 0;              // where it ends there
    std::optional<delivery::Hit> hit;  // nothing: only that the file was read up to there
  };

  void add(Waiting waiting);
  bool empty() const { return waiting_.empty(); }
  bool full() const { return waiting_.size() >= kMost; }
  // The next ones that happened no later than `settled`, all of one file and at most `most`, each
  // with what happened around it; until drop() they are the next ones again. One of the future is
  // not waited for (a clock was set back), nor is any when it is full.
  std::vector<Waiting> peek(std::size_t most, Instant settled, Instant now);
  void drop(std::size_t count);

 private:
  struct Key {
    OrganisationId organisation;
    MessageId message;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Seen {
    int number = 0;
    Instant at{};
  };
  int links_around(const delivery::Hit& hit) const;
  void forget(Instant before);

  std::deque<Waiting> waiting_;
  std::unordered_map<Key, std::vector<Seen>, KeyHash> seen_;
  std::deque<std::pair<Key, Instant>> trail_;  // of seen_, in the order of adding
};

}  // namespace tidings::feedback
