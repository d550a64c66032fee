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

// Compresses the body of an answer where it pays and the client takes it: from 1 KB on, a
// compressible type, not part of a range, not coded already. Not where a cookie is set or the
// handler says `Content-Encoding: identity`: a secret beside foreign text must not show in the
// length (BREACH). Sets Vary.
// Deviates: RFC 9110 §8.8.3.3: the coded form keeps the entity tag, which If-Match gives back.
void compress(const Request& request, Response& response);

}  // namespace tidings::net
