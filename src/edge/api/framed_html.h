// A message's HTML for a sandboxed frame of the web application (P36): it is foreign text.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "edge/api/call.h"

namespace tidings::api {

// Images that the frame may load besides those in the message itself.
enum class FrameImages { none, own, remote, own_and_remote };

// The octets of `html`, or `plain` as HTML where there is none, under a policy that lets nothing
// run, be sent or be loaded but `images`; never cached.
Answer framed_html(std::string html, std::string_view plain, FrameImages images);

}  // namespace tidings::api
