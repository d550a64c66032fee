// Any bytes as an HTTP request: no crash, the same verdict however the bytes arrive, and nothing
// accepted that two readers could take apart differently.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/request_reader.h"

namespace {

using tidings::net::HttpHeader;
using tidings::net::ReadStep;
using tidings::net::Request;
using tidings::net::RequestReader;

struct Reading {
  int status = 0;
  bool is_done = false;
  std::size_t consumed = 0;
  std::string body;
  std::string path;
  std::size_t headers = 0;
  friend bool operator==(const Reading&, const Reading&) = default;
};

std::size_t count(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(request.headers, [&](const HttpHeader& h) {
    return tidings::net::equal_ignoring_case(h.name, name);
  }));
}

// `takes`: the body is taken out as it comes, as for a spooled upload.
Reading read(std::string_view bytes, std::size_t piece, bool takes) {
  RequestReader reader;
  Reading reading;
  std::string buffer;
  bool is_in_body = false;
  for (std::size_t given = 0; given < bytes.size();) {
    buffer += bytes.substr(given, piece);
    given += std::min(piece, bytes.size() - given);
    for (bool again = true; again;) {
      again = false;
      ReadStep step = is_in_body ? reader.read_body(buffer) : reader.read_header(buffer);
      if (takes && is_in_body) reading.body += reader.take_body();
      CHECK(step.consumed <= buffer.size());
      buffer.erase(0, step.consumed);
      reading.consumed += step.consumed;
      if (step.state == ReadStep::State::done && !is_in_body) {
        CHECK(count(reader.request(), "Content-Length") +
                  count(reader.request(), "Transfer-Encoding") <=
              1);
        step = reader.allow_body(4096);
        is_in_body = again = step.state == ReadStep::State::done;
      } else if (step.state == ReadStep::State::done) {
        reading.is_done = true;
        reading.body += reader.request().body;
        CHECK(reading.body.size() <= 4096);
        reading.path = reader.request().path;
        reading.headers = reader.request().headers.size();
        return reading;
      }
      if (step.state == ReadStep::State::refused) {
        CHECK(step.status >= 400 && !step.why.empty());
        reading.status = step.status;
        reading.body.clear();
        return reading;
      }
    }
  }
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Reading whole = read(bytes, std::max<std::size_t>(size, 1), false);
  const Reading slow = read(bytes, 1, true);
  // Which of several faults is named first may depend on the pieces; what is accepted may not.
  CHECK(whole.is_done == slow.is_done);
  if (whole.is_done) CHECK(whole == slow);
  return 0;
}
