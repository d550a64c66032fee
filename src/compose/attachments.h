// What may be attached to a message, and how much of it (P8).
// Thread: any; pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::compose {

// Octets of base64 for `size` octets, without line ends: what a limit counts, because it is what
// mail servers count.
constexpr std::int64_t encoded_size(std::int64_t size) { return (size + 2) / 3 * 4; }

// Refuses programs and scripts, by name and by what the bytes are: mail servers refuse them too,
// and with them the whole message. Errors (invalid): attachment.blocked_type.
Result<void> check_attachment_type(std::string_view file_name, std::string_view content);

// Whether attachments of these sizes (before encoding) fit `encoded_max`; 0: no limit. Error:
// attachment.too_large (limit).
Result<void> check_attachment_sizes(std::span<const std::int64_t> sizes, std::int64_t encoded_max);

// The media type that goes with a file's extension; application/octet-stream for others.
std::string_view media_type_of(std::string_view file_name);

// image/png, image/jpeg, image/gif, image/webp, image/avif or image/bmp when the first bytes say
// so: what a browser may show in a message. Empty for everything else, SVG included.
std::string_view image_type_of(std::string_view content);

}  // namespace tidings::compose
