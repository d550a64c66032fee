#include "edge/http/web_app.h"

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::http {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kBundle =
    "assets/a-1.js\ttext/javascript; charset=utf-8\t8\n"
    "index.html\ttext/html; charset=utf-8\t26\n"
    "\n"
    "alert(1)<meta content=\"{nonce}\"> x";

net::Response get(const net::Router& router, std::string_view path, std::string_view query = "") {
  const auto match = router.match("GET", path);
  if (match.route == nullptr) return net::Response::text(404, "");
  net::Request request;
  request.method = "GET";
  request.path = path;
  if (!query.empty()) request.query.emplace_back(query, "true");
  return match.route->handler(request);
}

TEST(WebApp, ABundleIsReadFileByFile) {
  const auto files = read_web_bundle(kBundle);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].path, "assets/a-1.js");
  EXPECT_EQ((*files)[0].media_type, "text/javascript; charset=utf-8");
  EXPECT_EQ((*files)[0].content, "alert(1)");
  EXPECT_EQ((*files)[1].content, "<meta content=\"{nonce}\"> x");
}

TEST(WebApp, ADamagedBundleIsRefused) {
  for (const std::string_view bad :
       {"x", "a\tb\t1", "a\tb\t1\n", "a\tb\t1\n\n", "a\tb\tx\n\nx", "a\t1\n\nx", "a\tb\t1\n\nxy"}) {
    EXPECT_FALSE(read_web_bundle(bad)) << bad;
    net::Router router;
    EXPECT_FALSE(add_web_app_routes(router, bad)) << bad;
  }
  net::Router router;
  EXPECT_FALSE(add_web_app_routes(router, "index.html\ttext/html\t1\n\nx"))
      << "no place for a nonce";
}

TEST(WebApp, WithoutABundleNothingIsServed) {
  net::Router router;
  EXPECT_FALSE(add_web_app_routes(router, "").value());
  EXPECT_EQ(get(router, "/").status, 404);
}

TEST(WebApp, ThePageIsAtEveryViewWithAPolicyOfItsOwn) {
  net::Router router;
  ASSERT_TRUE(add_web_app_routes(router, kBundle).value());
  std::set<std::string> policies;
  for (const std::string_view path :
       {"/", "/sign-in", "/contacts", "/contacts/0akw3xqg00001", "/communications/messages/x"}) {
    const auto page = get(router, path);
    EXPECT_EQ(page.status, 200) << path;
    const std::string policy(page.header("Content-Security-Policy"));
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self';"));
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    std::smatch nonce;
    ASSERT_TRUE(std::regex_search(policy, nonce, std::regex("'nonce-([A-Za-z0-9_-]{22})'")));
    EXPECT_EQ(page.body, "<meta content=\"" + nonce[1].str() + "\"> x");
    EXPECT_EQ(page.header("Cache-Control"), "no-store");
    policies.insert(policy);
  }
  EXPECT_EQ(policies.size(), 5U) << "a number is used once";
  EXPECT_EQ(get(router, "/no-such-view").status, 404);
  EXPECT_EQ(get(router, "/contacts/a/b/c/d").status, 404);
}

TEST(WebApp, TheEditorStandsInAFrameAndHasNoOrigin) {
  net::Router router;
  ASSERT_TRUE(add_web_app_routes(router,
                                 "editor.html\ttext/html; charset=utf-8\t4\n"
                                 "index.html\ttext/html; charset=utf-8\t7\n"
                                 "\n"
                                 "page{nonce}"));
  const auto page = get(router, "/editor");
  EXPECT_EQ(page.body, "page");
  const std::string policy(page.header("Content-Security-Policy"));
  EXPECT_EQ(policy,
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
            "sandbox allow-scripts");
  EXPECT_EQ(page.header("X-Frame-Options"), "SAMEORIGIN");
  EXPECT_THAT(
      std::string(get(router, "/editor", "remote_images").header("Content-Security-Policy")),
      HasSubstr("img-src 'self' data: https:;"));
  EXPECT_EQ(get(router, "/editor.html").status, 404);
}

TEST(WebApp, ItsPartsStayForEver) {
  net::Router router;
  ASSERT_TRUE(add_web_app_routes(router, kBundle));
  const auto part = get(router, "/assets/a-1.js");
  EXPECT_EQ(part.body, "alert(1)");
  EXPECT_EQ(part.header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(part.header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(part.header("Access-Control-Allow-Origin"), "*") << "for a page without an origin";
}

TEST(WebApp, EveryViewOfTheApplicationHasItsRoute) {
  std::ifstream file(TIDINGS_SOURCE_DIR "/web/src/app/routes.tsx");
  const std::string routes{std::istreambuf_iterator<char>(file), {}};
  const std::regex path("path: '/([a-z-]+)");
  std::set<std::string> used;
  for (std::sregex_iterator at(routes.begin(), routes.end(), path), end; at != end; ++at) {
    used.insert((*at)[1].str());
  }
  const auto views = web_views();
  EXPECT_EQ(used, std::set<std::string>(views.begin(), views.end()));
}

}  // namespace
}  // namespace tidings::http
