#include "net/static_content.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "net/content_coding.h"

namespace tidings::net {
namespace {

constexpr int kSmallest = 9;
constexpr std::size_t kTagBytes = 12;

struct Range {
  std::size_t from = 0;
  std::size_t count = 0;
};
struct RangeAnswer {
  bool is_possible = true;
  Range range;
};

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Nothing: to be answered whole (no range, several, or not understood).
std::optional<RangeAnswer> read_range(std::string_view header, std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != header.npos) return std::nullopt;
  const std::string_view spec = header.substr(kUnit.size());
  const std::size_t dash = spec.find('-');
  if (dash == spec.npos) return std::nullopt;
  const auto first = number(spec.substr(0, dash));
  const auto last = number(spec.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    const std::size_t count = std::min(*last, size);
    return RangeAnswer{count > 0, {size - count, count}};
  }
  if (!first || (!last && dash + 1 < spec.size()) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return RangeAnswer{false, {}};
  const std::size_t end = last ? std::min(*last + 1, size) : size;
  return RangeAnswer{true, {*first, end - *first}};
}

}  // namespace

bool names_etag(std::string_view tags, std::string_view etag) {
  while (!tags.empty()) {
    const std::size_t comma = std::min(tags.find(','), tags.size());
    std::string_view tag = tags.substr(0, comma);
    tags.remove_prefix(std::min(comma + 1, tags.size()));
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || is_etag_of(tag, etag)) return true;
  }
  return false;
}

Response answer_content(const Request& request, std::string_view media_type,
                        std::string_view content, std::string_view etag) {
  Response response;
  response.set("ETag", std::string(etag));
  response.set("Accept-Ranges", "bytes");
  if (names_etag(request.header("If-None-Match"), etag)) {
    response.status = 304;
    return response;
  }
  response.set("Content-Type", std::string(media_type));
  // RFC 9110 §13.1.5: a range of something else than the client has a part of is no use.
  const std::string_view if_range = request.header("If-Range");
  const bool is_current = if_range.empty() || if_range == etag;
  const auto range =
      is_current ? read_range(request.header("Range"), content.size()) : std::nullopt;
  if (!range) {
    response.body = content;
    return response;
  }
  if (!range->is_possible) {
    response = Response::text(416, "The range is beyond the end.\n");
    response.set("Content-Range", fmt::format("bytes */{}", content.size()));
    return response;
  }
  const auto [from, count] = range->range;
  response.status = 206;
  response.set("Content-Range",
               fmt::format("bytes {}-{}/{}", from, from + count - 1, content.size()));
  response.body = content.substr(from, count);
  return response;
}

StaticContent::StaticContent(std::string media_type, std::string_view content,
                             std::string cache_control)
    : media_type_(std::move(media_type)),
      content_(content),
      cache_control_(std::move(cache_control)),
      etag_("\"" + to_base64url(sha256(content).substr(0, kTagBytes)) + "\"") {}

Response StaticContent::answer(const Request& request) const {
  const bool may_code = is_compressible(media_type_);
  Response response;
  if (may_code && request.header("Range").empty() &&
      accepts_gzip(request.header("Accept-Encoding")) &&
      !names_etag(request.header("If-None-Match"), etag_)) {
    std::call_once(coded_once_, [this] {
      coded_ = gzip(content_, kSmallest);
      if (coded_.size() >= content_.size()) coded_.clear();
    });
    if (!coded_.empty()) {
      response.set("ETag", coded_etag(etag_));
      response.set("Content-Type", media_type_);
      response.set("Content-Encoding", "gzip");
      response.body = coded_;
    }
  }
  if (response.body.empty()) response = answer_content(request, media_type_, content_, etag_);
  if (may_code) response.set("Vary", "Accept-Encoding");
  response.set("Cache-Control", cache_control_);
  return response;
}

}  // namespace tidings::net
