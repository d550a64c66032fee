// Any bytes as a multipart upload: no crash, parts in order and within the body, and what is
// written out again reads the same. The first line is the boundary, the rest the body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/form_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings::wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto line = bytes.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view boundary = bytes.substr(0, line);
  const std::string_view body = bytes.substr(line + 1);
  const FormLimits limits;
  const auto parts = split_form_multipart(body, boundary, limits);
  if (!parts) return 0;
  CHECK(parts->size() <= limits.fields);
  const char* after = body.data();
  std::string again;
  for (const auto& part : *parts) {
    CHECK(part.name.size() <= limits.name_bytes);
    CHECK(part.value.data() >= after &&
          part.value.data() + part.value.size() <= body.data() + body.size());
    after = part.value.data() + part.value.size();
    // A value never holds its own delimiter.
    CHECK(part.value.find("\r\n--" + std::string(boundary)) == std::string_view::npos);
    again.append("--").append(boundary);
    again += "\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n";
    again.append(part.value).append("\r\n");
  }
  again.append("--").append(boundary).append("--\r\n");
  const auto second = split_form_multipart(again, boundary, limits);
  // A value may begin with what, after a blank line, reads as a delimiter.
  if (!second || second->size() != parts->size()) return 0;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    CHECK((*second)[i].value == (*parts)[i].value);
  }
  return 0;
}
