#include "wire/report_fields.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tidings::wire {
namespace {

// RFC 5322 §3.6.8 knows no bound; none in use is half as long.
constexpr std::size_t kNameMax = 76;

void append_unfolded(std::string& value, std::string_view more) {
  more = trimmed(more);
  if (more.empty() || value.size() >= kFieldMax) return;
  if (!value.empty()) value += ' ';
  std::size_t size = std::min(more.size(), kFieldMax - std::min(value.size(), kFieldMax));
  // No character of UTF-8 is cut in two.
  while (size > 0 && size < more.size() &&
         (static_cast<unsigned char>(more[size]) & 0xC0) == 0x80) {
    --size;
  }
  value += more.substr(0, size);
}

}  // namespace

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find_first_of("\r\n");
  const std::string_view line = rest.substr(0, end);
  if (end == std::string_view::npos) {
    rest = {};
  } else {
    rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return line;
}

std::optional<FieldStart> read_field_start(std::string_view line) {
  const std::size_t colon = line.substr(0, kNameMax + 2).find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view name = trimmed(line.substr(0, colon), kBlanks);
  if (name.empty() || name.front() != line.front()) return std::nullopt;
  const bool is_name = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 127; });
  if (!is_name) return std::nullopt;
  return FieldStart{lower(name), line.substr(colon + 1)};
}

std::vector<ReportBlock> read_report_blocks(std::string_view text) {
  std::vector<ReportBlock> blocks;
  ReportBlock block;
  std::size_t count = 0;
  while (!text.empty() && count < kFieldsMax) {
    const std::string_view line = take_line(text);
    if (trimmed(line).empty()) {
      if (!block.empty()) blocks.push_back(std::exchange(block, {}));
    } else if (kBlanks.contains(line.front())) {
      if (!block.empty()) append_unfolded(block.back().value, line);
    } else if (auto start = read_field_start(line)) {
      block.push_back({std::move(start->name), {}});
      append_unfolded(block.back().value, start->value);
      ++count;
    }
  }
  if (!block.empty()) blocks.push_back(std::move(block));
  return blocks;
}

const std::string* find_field(const ReportBlock& block, std::string_view name) {
  const auto found = std::ranges::find(block, name, &ReportField::name);
  return found == block.end() ? nullptr : &found->value;
}

}  // namespace tidings::wire
