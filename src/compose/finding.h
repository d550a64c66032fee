// Finding: one thing that is wrong, or may be, with a message before it is sent (P14).
// Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::compose {

enum class Severity : std::uint8_t {
  warning,   // a person decides
  blocking,  // it is not sent like this, but with the permission to override
};

struct Finding {
  std::string code;  // stable: "unknown_tag", "no_alt_text" …
  Severity severity = Severity::warning;
  std::string sentence;               // what is wrong and what to do
  std::string part;                   // "subject", "preheader", "html", "text"; empty: the whole
  int line = 0;                       // from 1, in the part as written; 0: no place
  int column = 0;                     // from 1, in characters
  std::int64_t count = 0;             // people or places concerned; 0: does not apply
  std::vector<std::string> examples;  // at most kExamplesMax
  // Which language it is in, where the message has several: the variant's index and locale.
  int variant = -1;  // the draft itself
  std::string locale = {};
  // The link, tag, file or topic that it is about, as written; empty where that says nothing.
  std::string what = {};

  friend bool operator==(const Finding&, const Finding&) = default;
};

inline constexpr std::size_t kExamplesMax = 5;
// Of one kind; the last of more says how many there are.
inline constexpr std::size_t kFindingsOfAKindMax = 20;

// Where it is in what was checked, as a JSON Pointer: "/draft/subject", "/variants/0/html"; without
// the part when it is about the whole.
std::string place_of(const Finding& finding);

constexpr std::string_view to_string(Severity severity) {
  return severity == Severity::blocking ? "blocking" : "warning";
}

}  // namespace tidings::compose
