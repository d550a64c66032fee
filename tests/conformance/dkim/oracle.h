// The slow, obvious twin of wire/dkim: checks a DKIM signature the way RFC 6376 §6 tells it, step
// by step, with nothing shared with the signer but base64. Relaxed/relaxed only. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire::testing {

// The header fields of a message, in order, each as it stands, without its last CRLF.
std::vector<std::string> header_fields(std::string_view message);
std::string body_of(std::string_view message);

// As RFC 6376 §3.4.2 and §3.4.4 say, one rule after another.
std::string relaxed_field(std::string field);
std::string relaxed_body(std::string body);

// "" when the DKIM-Signature at `field` of `message` is right for the key in `record`, which is a
// TXT record; else what is not.
std::string check_signature(std::string_view message, std::size_t field, std::string_view record);

// What that signature signs, with its b= left empty.
std::string signed_octets(std::string_view message, std::size_t field);

// The value of a tag, white space gone; "" without it.
std::string tag(std::string_view list, std::string_view name);

}  // namespace tidings::wire::testing
