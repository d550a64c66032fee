// A stored message as a person reads it in a terminal: its header fields decoded, its plain text,
// what else it holds.
//
// Reads what delivery/email_builder.h writes (RFC 5322, 2045–2047, 2231): it is no reader of
// anybody's mail. What it does not understand it shows as it stands.
// Thread: pure, any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidings::report {

struct ReadableEmail {
  // In order, unfolded, encoded-words decoded.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string text;  // LF line ends; the HTML source when there is no plain text
  bool is_html = false;
  std::string html;   // as sent, decoded; empty when there is none
  std::string plain;  // the same of the plain text
  struct Attachment {
    std::string file_name;
    std::string media_type;
    std::size_t octets = 0;  // as sent, encoded
    std::string content;     // decoded
  };
  std::vector<Attachment> attachments;
};

// Never fails; nested to 10 levels, deeper ones are left out.
ReadableEmail read_email(std::string_view octets);

}  // namespace tidings::report
