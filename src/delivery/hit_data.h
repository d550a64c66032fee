// What an event keeps in its data column about a followed link or a loaded picture, as JSON and
// back. Thread: pure, any.
#pragma once

#include <string>
#include <string_view>

#include "domain/hit_judgement.h"

namespace tidings::delivery {

struct HitFacts {
  int link = 0;            // its number in the message; 0: the picture
  std::string url;         // where the link leads, its beginning; with values as it was written
  std::string address;     // as much of it as the organisation keeps
  std::string user_agent;  // foreign
  HitReason reason = HitReason::none;  // why it was a machine; none: a person
};

// What is empty is left out; of foreign text, what is text.
std::string hit_data(const HitFacts& facts);
// Missing members stay empty.
HitFacts read_hit_data(std::string_view json);

}  // namespace tidings::delivery
