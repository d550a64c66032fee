// gzip for answers (RFC 9110 §8.4.1.3, RFC 1952). Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace tidings::net {

// `level` 1 (fast) to 9 (small).
std::string gzip(std::string_view bytes, int level);
// Whether an Accept-Encoding takes gzip (RFC 9110 §12.5.3): named, or by `*`, and not with q=0.
bool accepts_gzip(std::string_view accept_encoding);
// Text, JSON, scripts, SVG: what becomes smaller.
bool is_compressible(std::string_view content_type);

// The entity tag of the gzip form of what has `etag` (RFC 9110 §8.8.3.3: two forms of different
// octets do not share a strong one): "x" becomes "x-gzip". A weak one stays as it is.
std::string coded_etag(std::string_view etag);
// Whether `tag`, as a client gives it back, is `etag` or that of its gzip form.
bool is_etag_of(std::string_view tag, std::string_view etag);

// Compresses the body of an answer where it pays and the client takes it: from 1 KB on, a
// compressible type, not part of a range, not coded already. Not where a cookie is set or the
// handler says `Content-Encoding: identity`: a secret beside foreign text must not show in the
// length (BREACH). Sets Vary, and the coded form's own ETag; a 304 tells the one that was asked
// for.
void compress(const Request& request, Response& response);

}  // namespace tidings::net
