// The blocks of `Name: value` lines that machine-written reports about mail are made of.
//
// Spec: RFC 3464 §2.1 (delivery status), RFC 5965 §3 (feedback), RFC 5322 §2.2.3 (folding).
// Deviates: what is no field is skipped, blanks may stand before the colon, a line may end in LF,
// CR LF or CR. Bounds: kFieldsMax fields in all, kFieldMax octets of each value; what is over is
// left out. Thread: any; everything here is pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

inline constexpr std::size_t kFieldsMax = 4'000;
inline constexpr std::size_t kFieldMax = 4'096;

struct ReportField {
  std::string name;   // in lower case
  std::string value;  // unfolded to single blanks, none around
};
using ReportBlock = std::vector<ReportField>;

// Blocks in order; an empty line ends one. None is empty.
std::vector<ReportBlock> read_report_blocks(std::string_view text);
// The first field of that name (lower case); null when there is none.
const std::string* find_field(const ReportBlock& block, std::string_view name);

// The next line of `rest` without its end, which is taken off the front together with it.
std::string_view take_line(std::string_view& rest);

// Reads one line as the beginning of a field: its name in lower case, and what follows the colon.
struct FieldStart {
  std::string name;
  std::string_view value;
};
std::optional<FieldStart> read_field_start(std::string_view line);

}  // namespace tidings::wire
