// https_get: fetches one small file, or posts a form, over HTTPS from addresses that the caller has
// chosen.
//
// The host is not looked up: the addresses are the caller's, checked (no private ones) and so
// pinned. The certificate is verified, no redirect is followed, no proxy asked. Bounds: octets and
// time. Source: RFC 9110. Thread: any; blocks the calling one for at most `timeout`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/ip_address.h"

namespace tidings::net {

struct HttpsRequest {
  std::string host;
  std::uint16_t port = 443;
  std::string path;  // begins with '/'
  std::string form =
      {};  // POSTed instead of a GET, unless empty (application/x-www-form-urlencoded)
  std::vector<wire::IpAddress> addresses;
  std::string ca_file;  // instead of the system's authorities, unless empty
  std::size_t bytes_max = 65'536;
  Duration timeout = std::chrono::seconds(30);
  std::shared_ptr<const std::atomic<bool>> stop;  // set: gives up within a second; null: never is
};

struct HttpsAnswer {
  long status = 0;
  std::string media_type;  // as sent, with its parameters
  std::string body;
};

// Errors: https.failed (unavailable), https.too_large (limit).
Result<HttpsAnswer> https_get(const HttpsRequest& request);

}  // namespace tidings::net
