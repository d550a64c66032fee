// The web application as it is served: one file of octets that tools/pack-web makes of what Vite
// built, embedded in the program (cmake/web.cmake). A program built without it serves none.
//
//   GET  /                        the page, as at every address of a view ("/contacts/…")
//   GET  /editor                  the page of the visual editor, for a frame of the application's
//   GET  /assets/NAME-DIGEST.js   its parts: unchanged for ever under their names
//
// The page is made anew for each answer, because its policy lets style elements in by a number used
// once (Content-Security-Policy, nonce): the component library writes such elements. Scripts come
// from our own files only, and nothing comes from another host. The editor's page has a policy and
// no origin of its own (docs/decisions/0028); with ?remote_images=true it shows images of other
// hosts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/router.h"

namespace tidings::http {

// One file of a bundle; borrows its octets.
struct WebFile {
  std::string_view path;  // "index.html", "assets/index-Ab3.js"
  std::string_view media_type;
  std::string_view content;
};

// What pack-web wrote: a line "PATH TAB TYPE TAB OCTETS" for each file, an empty line, the octets.
// Error: web_app.bundle (internal) for anything else.
Result<std::vector<WebFile>> read_web_bundle(std::string_view bundle);

// The first words of the addresses of views, as web/src/app/routes.tsx has them.
std::span<const std::string_view> web_views();

// `bundle` outlives the router; empty: adds nothing and answers false.
Result<bool> add_web_app_routes(net::Router& router, std::string_view bundle);

}  // namespace tidings::http
