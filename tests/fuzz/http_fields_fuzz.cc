// Any bytes as the header fields that choose a form of an answer: Range, If-Range, If-None-Match,
// Accept-Encoding. No crash, and a part is always a part of the whole.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/content_coding.h"
#include "net/static_content.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings::net;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  static const std::string content = "The whole of it, forty characters long!!";
  Request request;
  request.method = "GET";
  const auto line = bytes.find('\n');
  request.headers.push_back({"Range", bytes.substr(0, line)});
  if (line != std::string::npos) {
    request.headers.push_back({"If-Range", bytes.substr(line + 1)});
    request.headers.push_back({"If-None-Match", bytes.substr(line + 1)});
  }
  const auto response = answer_content(request, "text/plain", content, "\"tag\"");
  switch (response.status) {
    case 200:
      CHECK(response.body == content);
      break;
    case 206:
      CHECK(!response.body.empty() && content.find(response.body) != std::string::npos);
      CHECK(!response.header("Content-Range").empty());
      break;
    case 304:
      CHECK(response.body.empty());
      break;
    default:
      CHECK(response.status == 416);
  }
  (void)accepts_gzip(bytes);
  (void)is_compressible(bytes);
  return 0;
}
