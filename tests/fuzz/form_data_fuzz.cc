// Any bytes as a form: no crash, bounded results, and what is written out again reads the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/form_data.h"
#include "wire/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings::wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const FormLimits limits;
  if (const auto fields = parse_form_urlencoded(bytes)) {
    CHECK(fields->size() <= limits.fields);
    std::string again;
    for (const auto& field : *fields) {
      again += percent_encode(field.name) + "=" + percent_encode(field.value) + "&";
    }
    const auto second = parse_form_urlencoded(again);
    CHECK(second && second->size() == fields->size());
    for (std::size_t i = 0; i < fields->size(); ++i) {
      CHECK((*second)[i].name == (*fields)[i].name && (*second)[i].value == (*fields)[i].value);
    }
  }
  // The first line is the Content-Type, the rest the body.
  const auto line = bytes.find('\n');
  if (line == std::string_view::npos) return 0;
  if (const auto fields = parse_form(bytes.substr(0, line), bytes.substr(line + 1))) {
    std::size_t total = 0;
    for (const auto& field : *fields) total += field.value.size();
    CHECK(fields->size() <= limits.fields && total <= bytes.size());
  }
  (void)split_path(bytes);
  (void)parse_request_target(bytes);
  return 0;
}
