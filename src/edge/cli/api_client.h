// The command line as a client of the API: the same operations, checks and sentences as over HTTP.
//
// When a process holds the data folder the call goes to it through DIR/tidings.sock; else it is
// answered in this process, which opens the folder for as long as that takes.
// Thread: any.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cli/workplace.h"
#include "net/http_message.h"

namespace tidings::cli {

struct ApiAnswer {
  int status = 0;
  boost::json::value body;  // null when the answer has none, or one that is not JSON
  std::string text;         // the body as it came
};

// `target` is what follows /api/v1, percent-encoded; `body` null sends none. `options` name the
// folder; their access is chosen here. Any status below 400 is an answer; a problem is an Error
// with its sentence and its code (its fields are in the sentence). Errors too: workplace.missing,
// those of net/local_client.h.
//
//   const auto made = TRY(call_api(options, "POST", "/groups", boost::json::object{{"name",
//   name}}));
Result<ApiAnswer> call_api(const WorkplaceOptions& options, std::string_view method,
                           std::string_view target, const boost::json::value& body = nullptr);

// An answer of the API as call_api gives it: a problem is an Error.
Result<ApiAnswer> read_api_answer(net::Response response);

}  // namespace tidings::cli
