// One HTTP request to a running server's local socket: how a command hands work to `serve`.
//
// Synchronous, for commands. Speaks to our own server on this machine only: answers with a
// Content-Length, at most 64 MB.
// Thread: any.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/http_message.h"

namespace tidings::net {

struct LocalRequest {
  std::string_view method = "GET";
  std::string_view target = "/";  // percent-encoded path and query
  std::string_view body = {};
  std::string_view content_type = "application/json";
  Duration timeout = std::chrono::seconds(30);  // for the whole exchange
};

// Any status is a Response. Errors: local.absent (not_found) when nobody serves there, so the
// caller does the work itself; local.denied (denied); local.timeout (timeout); local.failed
// (unavailable) when the server went away before it answered: it may have done the work.
Result<Response> request_local(const std::filesystem::path& socket, const LocalRequest& request);

}  // namespace tidings::net
