// Any bytes as CSV: no crash, no hang, and the same records however the bytes arrive and from
// whichever record reading is taken up again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/csv.h"

namespace {

using tidings::wire::CsvLimits;
using tidings::wire::CsvPosition;
using tidings::wire::CsvReader;

struct Record {
  CsvPosition begin;
  std::vector<std::string> fields;  // empty for a bad record
  friend bool operator==(const Record&, const Record&) = default;
};

std::vector<Record> read_all(std::string_view bytes, std::size_t piece, CsvPosition start) {
  const CsvLimits limits{.field_bytes = 100, .columns = 50, .record_bytes = 1000};
  CsvReader reader(';', start, limits);
  bytes.remove_prefix(start.offset);
  std::vector<Record> records;
  for (;;) {
    const CsvReader::Next next = reader.next();
    if (next == CsvReader::Next::end) return records;
    if (next == CsvReader::Next::more) {
      if (bytes.empty()) {
        reader.finish();
      } else {
        reader.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
      }
      continue;
    }
    records.push_back({reader.begin(), {reader.fields().begin(), reader.fields().end()}});
    CHECK(reader.position().offset > reader.begin().offset);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size > 20000) return 0;
  const std::vector<Record> whole = read_all(bytes, bytes.size() + 1, {});
  if (!whole.empty()) {
    const Record& middle = whole[whole.size() / 2];
    const std::vector<Record> rest = read_all(bytes, 97, middle.begin);
    CHECK(rest.size() == whole.size() - whole.size() / 2);
    CHECK(rest.back() == whole.back());
  }
  tidings::wire::detect_csv_dialect(bytes);
  return 0;
}
