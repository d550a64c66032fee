// The pieces of a MIME message that are the same for every recipient: boundaries, part headers,
// attachments.
//
// Spec: RFC 2045, RFC 2046 §5.1, RFC 2183. Every part is quoted-printable or base64, so a message
// is 7-bit and its lines are short whatever it says (protocols.md: safe before signing).
// Thread: any; everything here is pure.
#pragma once

#include <string>
#include <string_view>

namespace tidings::wire {

// RFC 2045 §6.8: lines of 76 characters, each ended with CRLF.
std::string encode_base64_lines(std::string_view octets);

// A boundary made of `seed`. It begins with "=_", which neither quoted-printable nor base64 can
// contain (RFC 2045 §6.7, note), so no part can hold it whatever a value says.
std::string make_boundary(std::string_view seed);

// `type/subtype` with its parameters as given, or application/octet-stream where that is not
// legal, too long, or a type that base64 is forbidden for (message, multipart).
std::string clean_media_type(std::string_view media_type);

struct AttachmentText {
  std::string_view file_name;
  std::string_view media_type;
  std::string_view description;  // may be empty
};

// Header and base64 content of one part, without boundaries; ends with CRLF.
void append_attachment_part(std::string& out, const AttachmentText& text, std::string_view content);

}  // namespace tidings::wire
