#include "edge/http/web_app.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "net/static_content.h"

namespace tidings::http {

namespace {

constexpr std::string_view kPage = "index.html";
constexpr std::string_view kEditor = "editor.html";
constexpr std::string_view kNonce = "{nonce}";
constexpr std::size_t kNonceBytes = 16;
constexpr std::array<std::string_view, 12> kViews = {
    "sign-in",  "welcome",   "begin",    "overview", "compose", "communications",
    "contacts", "templates", "problems", "settings", "arrived", "you"};
// {} is the number used once. Style attributes that a script sets need no leave (CSP3 §8.4).
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

// The editor writes style elements, and a message has style attributes of its own. In exchange its
// page has no origin (sandbox): whatever a message holds, nothing in it reaches the session.
constexpr std::string_view kEditorPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:{}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-scripts";

std::unexpected<Error> broken() {
  return fail(ErrorKind::internal, "web_app.bundle",
              "The web application inside this program is damaged. Install it again.");
}

net::Response answer_page(std::string_view before, std::string_view after) {
  const std::string nonce = to_base64url(random_bytes(kNonceBytes));
  net::Response response = net::Response::html(200, fmt::format("{}{}{}", before, nonce, after));
  response.set("Content-Security-Policy", fmt::format(kPolicy, nonce));
  response.set("Cache-Control", "no-store");
  return response;
}

void add_page(net::Router& router, std::string_view page) {
  const std::size_t at = std::min(page.find(kNonce), page.size());
  const std::string_view before = page.substr(0, at);
  const std::string_view after = page.substr(std::min(at + kNonce.size(), page.size()));
  const auto answer = [before, after](const net::Request&) { return answer_page(before, after); };
  router.add("GET", "/", answer);
  for (const std::string_view view : kViews) {
    for (const std::string_view more : {"", "/{a}", "/{a}/{b}"}) {
      router.add("GET", fmt::format("/{}{}", view, more), answer);
    }
  }
}

void add_editor(net::Router& router, std::string_view page) {
  router.add("GET", "/editor", [page](const net::Request& request) {
    net::Response response = net::Response::html(200, std::string(page));
    const bool has_remote = request.query_value("remote_images") == "true";
    response.set("Content-Security-Policy",
                 fmt::format(kEditorPolicy, has_remote ? " https:" : ""));
    response.set("X-Frame-Options", "SAMEORIGIN");
    response.set("X-DNS-Prefetch-Control", "off");
    response.set("Cache-Control", "no-store");
    return response;
  });
}

void add_part(net::Router& router, const WebFile& file) {
  const auto content = std::make_shared<const net::StaticContent>(
      std::string(file.media_type), file.content, "public, max-age=31536000, immutable");
  router.add("GET", fmt::format("/{}", file.path), [content](const net::Request& request) {
    net::Response response = content->answer(request);
    // Scripts are modules, which a page without an origin may load only so.
    response.set("Access-Control-Allow-Origin", "*");
    return response;
  });
}

}  // namespace

Result<std::vector<WebFile>> read_web_bundle(std::string_view bundle) {
  std::vector<WebFile> files;
  std::vector<std::size_t> sizes;
  while (!bundle.starts_with('\n')) {
    const std::size_t end = bundle.find('\n');
    if (end == bundle.npos) return broken();
    const std::string_view line = bundle.substr(0, end);
    bundle.remove_prefix(end + 1);
    const std::size_t first = line.find('\t');
    const std::size_t last = line.rfind('\t');
    if (first == line.npos || first == last) return broken();
    std::size_t size = 0;
    const std::string_view digits = line.substr(last + 1);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || stop != digits.data() + digits.size()) return broken();
    files.push_back({line.substr(0, first), line.substr(first + 1, last - first - 1), {}});
    sizes.push_back(size);
  }
  bundle.remove_prefix(1);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (sizes[i] > bundle.size()) return broken();
    files[i].content = bundle.substr(0, sizes[i]);
    bundle.remove_prefix(sizes[i]);
  }
  if (!bundle.empty()) return broken();
  return files;
}

std::span<const std::string_view> web_views() { return kViews; }

Result<bool> add_web_app_routes(net::Router& router, std::string_view bundle) {
  if (bundle.empty()) return false;
  const auto files = TRY(read_web_bundle(bundle));
  const auto page = std::ranges::find(files, kPage, &WebFile::path);
  if (page == files.end() || !page->content.contains(kNonce)) return broken();
  for (const WebFile& file : files) {
    if (file.path == kPage) {
      add_page(router, file.content);
    } else if (file.path == kEditor) {
      add_editor(router, file.content);
    } else {
      add_part(router, file);
    }
  }
  return true;
}

}  // namespace tidings::http
