// Reply bytes, fed whole and split: never more than the caps, the same replies either way.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/smtp_reply.h"

namespace {

using tidings::wire::SmtpReply;
using tidings::wire::SmtpReplyParser;

// The replies up to the first malformed one, in a form that compares.
std::vector<std::string> replies_of(std::string_view bytes, std::size_t step) {
  SmtpReplyParser parser;
  std::vector<std::string> all;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, step);
    bytes.remove_prefix(part.size());
    while (!part.empty()) {
      const auto status = parser.feed(part);
      if (status == SmtpReplyParser::Status::malformed) return all;
      if (status == SmtpReplyParser::Status::incomplete) break;
      const SmtpReply reply = parser.take();
      CHECK(reply.code >= 200 && reply.code < 600);
      CHECK(reply.text.size() <= SmtpReplyParser::text_max);
      const std::string valid = tidings::wire::to_valid_utf8(reply.text, 4096);
      CHECK(valid.size() <= 4096 && tidings::wire::to_valid_utf8(valid, 4096) == valid);
      all.push_back(std::to_string(reply.code) + " " + reply.enhanced_code + " " + reply.text);
    }
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CHECK(replies_of(bytes, size + 1) == replies_of(bytes, 1));
  return 0;
}
