#include "net/router.h"

#include <gtest/gtest.h>

namespace tidings::net {
namespace {

Handler answer(int status) {
  return [status](const Request&) { return Response::text(status, "x"); };
}

int status_of(const Router& router, std::string_view method, std::string_view path) {
  const auto match = router.match(method, path);
  return match.route == nullptr ? (match.allow.empty() ? 404 : 405)
                                : match.route->handler(Request{}).status;
}

Router example() {
  Router router;
  router.add("GET", "/", answer(201));
  router.add("GET", "/u/{token}", answer(202));
  router.add("POST", "/u/{token}", answer(203));
  router.add("GET", "/u/help", answer(204));
  router.add("GET", "/u/{token}/undo/{step}", answer(205));
  router.add("GET", "/u/help/me", answer(206));
  return router;
}

TEST(Router, the_most_literal_pattern_wins) {
  const auto router = example();
  EXPECT_EQ(status_of(router, "GET", "/"), 201);
  EXPECT_EQ(status_of(router, "GET", "/u/x"), 202);
  EXPECT_EQ(status_of(router, "GET", "/u/help"), 204);
  EXPECT_EQ(status_of(router, "GET", "/u/help/me"), 206);
  EXPECT_EQ(status_of(router, "GET", "/u/help/undo/1"), 205) << "falls back to the name";
}

TEST(Router, names_are_decoded_and_given_in_order) {
  const auto router = example();
  const auto match = router.match("GET", "/u/a%2Fb%20c/undo/2");
  ASSERT_NE(match.route, nullptr);
  ASSERT_EQ(match.params.size(), 2u);
  EXPECT_EQ(match.params[0], std::pair(std::string("token"), std::string("a/b c")));
  EXPECT_EQ(match.params[1], std::pair(std::string("step"), std::string("2")));
}

TEST(Router, a_wrong_method_says_which_are_allowed) {
  const auto router = example();
  const auto match = router.match("DELETE", "/u/x");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(status_of(router, "HEAD", "/u/x"), 202);
  EXPECT_EQ(status_of(router, "get", "/u/x"), 405) << "methods are case-sensitive";
}

TEST(Router, nothing_is_normalised_or_guessed) {
  const auto router = example();
  for (const auto* path : {"", "u/x", "/u", "/u/", "/u//", "//u/x", "/u/x/", "/./u/x", "/u/../u/x",
                           "/u/%", "/u/%00", "/U/x", "/u/x/undo/"}) {
    EXPECT_EQ(status_of(router, "GET", path), 404) << path;
  }
  EXPECT_EQ(status_of(router, "GET", "/" + std::string(4000, '/')), 404);
}

TEST(Router, each_pattern_names_what_it_names) {
  Router router;
  router.add("GET", "/c/{contact_id}", answer(200));
  router.add("PUT", "/c/{key}", answer(200));
  router.add("GET", "/c/{id}/history/{page}", answer(200));
  using Params = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(router.match("GET", "/c/7").params, (Params{{"contact_id", "7"}}));
  EXPECT_EQ(router.match("PUT", "/c/7").params, (Params{{"key", "7"}}));
  EXPECT_EQ(router.match("GET", "/c/7/history/2").params, (Params{{"id", "7"}, {"page", "2"}}));
  EXPECT_TRUE(router.match("DELETE", "/c/7").params.empty());
}

TEST(Router, two_handlers_for_one_place_are_our_bug) {
  Router router = example();
  EXPECT_DEATH(router.add("GET", "/u/{token}", answer(200)), "");
  EXPECT_DEATH(router.add("GET", "/u/{other}", answer(200)), "");
}

}  // namespace
}  // namespace tidings::net
