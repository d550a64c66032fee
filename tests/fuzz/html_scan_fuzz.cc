// Any bytes as an HTML template: no crash, tags in order and within the source, and a preheader
// that changes no other byte.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "compose/content_check.h"
#include "compose/preheader.h"
#include "wire/html_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t last = 0;
  wire::scan_html(bytes, [&](const wire::HtmlTag& tag) {
    CHECK(tag.begin >= last && tag.end > tag.begin && tag.end <= bytes.size());
    CHECK(bytes[tag.begin] == '<' && bytes[tag.end - 1] == '>');
    last = tag.end;
  });
  const std::string with = compose::with_preheader(bytes, "News & <more>");
  if (!bytes.empty()) {
    const std::size_t added = with.size() - bytes.size();
    CHECK(added > 0);
    // Somewhere `added` bytes were put in, and nothing else happened.
    std::size_t same = 0;
    while (same < bytes.size() && with[same] == bytes[same]) ++same;
    bool found = false;
    for (std::size_t at = same + 1; at-- > 0 && !found;) {
      found = std::string_view(with).substr(at + added) == bytes.substr(at);
      if (same - at > added) break;
    }
    CHECK(found);
  }
  compose::Draft draft;
  draft.html = bytes;
  for (const auto& finding : compose::check_html(draft)) CHECK(finding.line >= 1);
  CHECK(wire::decode_references(bytes).size() <= bytes.size() * 3);
  return 0;
}
