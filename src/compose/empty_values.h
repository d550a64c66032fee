// Holes: where a message shows that a person has no value for a tag (P14: "14 people have no first
// name and will read 'Dear ,'").
//
// Found by rendering with made-up values, once with and once without each field: a tag with a
// fallback, or one that a condition guards, leaves none. Pure.
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compose/draft.h"
#include "compose/finding.h"

namespace tidings::compose {

struct Hole {
  std::string field;  // behind `contact.`
  std::string part;   // "subject", "html" or "text"
  int line = 0;
  int column = 0;
  std::string reads;  // what such a person reads around the hole: "Dear ,"
};

// One for each field, where it is first met. At most 100 fields are looked at.
std::vector<Hole> find_holes(const Draft& draft);

// Counts who falls into which hole.
class HoleCounter {
 public:
  explicit HoleCounter(std::vector<Hole> holes);

  // The fields whose values it looks for.
  std::vector<std::string> fields() const;
  // `values` is the JSON object that a message to this person freezes: empty values are not in it.
  void add(std::string_view values, std::string_view who);
  // A warning for each hole that somebody falls into, the most frequent first.
  std::vector<Finding> findings() const;

 private:
  struct Count {
    Hole hole;
    std::int64_t people = 0;
    std::vector<std::string> examples;
  };
  std::vector<Count> counts_;
};

}  // namespace tidings::compose
