// StaticContent: one file of the web application or the manual, as it is served.
//
// Entity tag from its digest (RFC 9110 §8.8.3), 304 when the client has it (§13.1.2), one range
// (§14; several are answered whole, which §14.2 allows), gzip prepared once, at the first use.
// Thread: const functions from any.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace tidings::net {

class StaticContent {
 public:
  // `content` is borrowed: part of the program, or outlives this. `cache_control` is "no-cache" for
  // what keeps its address when it changes (asked again each time, usually a 304), and
  // "public, max-age=31536000, immutable" for names with a digest in them.
  StaticContent(std::string media_type, std::string_view content,
                std::string cache_control = "no-cache");

  Response answer(const Request& request) const;
  const std::string& etag() const { return etag_; }

 private:
  const std::string media_type_;
  const std::string_view content_;
  const std::string cache_control_;
  const std::string etag_;
  mutable std::once_flag coded_once_;
  mutable std::string coded_;  // empty when gzip gains nothing
};

// Whether If-None-Match names `etag`, or its gzip form (weak comparison, or `*`).
bool names_etag(std::string_view if_none_match, std::string_view etag);
// The same rules for content that comes from elsewhere (a medium from the database): 200, 206, 304
// or 416, without gzip. `content` is copied.
Response answer_content(const Request& request, std::string_view media_type,
                        std::string_view content, std::string_view etag);

}  // namespace tidings::net
