#include "net/content_coding.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include <zlib.h>

#include "base/check.h"
#include "base/text.h"

namespace tidings::net {
namespace {

constexpr std::size_t kWorthIt = 1024;
constexpr std::size_t kLargest = std::size_t{64} << 20;
constexpr std::string_view kGzipSuffix = "-gzip";
constexpr int kLevel = 5;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for a gzip wrapper
constexpr int kMemory = 8;

// "q=0", "q=0.000": not acceptable (RFC 9110 §12.4.2).
bool is_refused(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return false;
  const std::string_view value = trimmed(parameters.substr(at + 2), kBlanks);
  return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

std::string gzip(std::string_view bytes, int level) {
  CHECK(bytes.size() <= std::numeric_limits<uInt>::max());
  z_stream stream{};
  CHECK(deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string coded(deflateBound(&stream, bytes.size()), '\0');
  // zlib's interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  return coded;
}

bool accepts_gzip(std::string_view accept) {
  bool takes_any = false;
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    const std::string_view item = accept.substr(0, end);
    accept.remove_prefix(std::min(end + 1, accept.size()));
    const std::size_t mark = std::min(item.find(';'), item.size());
    const std::string_view coding = trimmed(item.substr(0, mark), kBlanks);
    const bool is_taken = !is_refused(item.substr(mark));
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
      return is_taken;
    }
    if (coding == "*") takes_any = is_taken;
  }
  return takes_any;
}

bool is_compressible(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')), kBlanks);
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("javascript") ||
         type.ends_with("+xml") || type == "application/xml" || type == "application/yaml";
}

std::string coded_etag(std::string_view etag) {
  std::string coded(etag);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    coded.insert(coded.size() - 1, kGzipSuffix);
  }
  return coded;
}

bool is_etag_of(std::string_view tag, std::string_view etag) {
  return tag == etag || (tag.size() == etag.size() + kGzipSuffix.size() && tag == coded_etag(etag));
}

void compress(const Request& request, Response& response) {
  const std::string etag(response.header("ETag"));
  if (response.status == 304 && !etag.empty()) {
    // RFC 9110 §15.4.5: the tag that a 200 would have had, which the client has already.
    std::string coded = coded_etag(etag);
    if (request.header("If-None-Match").find(coded) != std::string_view::npos) {
      response.set("ETag", std::move(coded));
    }
    return;
  }
  const std::size_t size = response.body.size();
  if (size < kWorthIt || size > kLargest || response.events != nullptr || response.status == 206 ||
      !is_compressible(response.header("Content-Type")) ||
      !response.header("Content-Encoding").empty() || !response.header("Set-Cookie").empty()) {
    return;
  }
  response.set("Vary", "Accept-Encoding");
  if (!accepts_gzip(request.header("Accept-Encoding"))) return;
  std::string coded = gzip(response.body, kLevel);
  if (coded.size() >= size) return;
  response.body = std::move(coded);
  response.set("Content-Encoding", "gzip");
  if (!etag.empty()) response.set("ETag", coded_etag(etag));
}

}  // namespace tidings::net
