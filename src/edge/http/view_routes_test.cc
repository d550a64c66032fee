#include "edge/http/view_routes.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wire/signed_token.h"

namespace tidings::http {
namespace {

TEST(ViewRoutes, OnlyOurOwnPictureIsTakenOutAndNothingElseChanges) {
  const auto tokens = wire::TokenSigner(1, std::string(32, 'k')).sign(MessageId{5});
  const std::string ours = tokens.url(wire::TokenPurpose::track);
  const auto page = [](const std::string& source) {
    return fmt::format("<p>a</p><IMG alt=x SRC='{}' width=1>\r\n<a href=\"{}\">b</a>", source,
                       source);
  };
  for (const std::string& source :
       {"https://t.example/o/" + ours + ".gif", "https://t.example/x/ot/" + ours + ".gif"}) {
    const std::string without = without_tracked_image(page(source));
    EXPECT_EQ(without.find(source), without.rfind(source)) << "the link stays";
    EXPECT_NE(without.find("<IMG alt=x SRC='data:image/gif;base64,"), std::string::npos);
    EXPECT_TRUE(without.ends_with(fmt::format(" width=1>\r\n<a href=\"{}\">b</a>", source)));
  }
  for (const std::string& source :
       {"https://t.example/o/" + tokens.url(wire::TokenPurpose::view) + ".gif",
        "https://t.example/m/" + ours + ".gif", "https://t.example/o/" + ours + ".png",
        std::string("https://t.example/o/x.gif"), std::string(".gif"), std::string()}) {
    EXPECT_EQ(without_tracked_image(page(source)), page(source));
  }
}

}  // namespace
}  // namespace tidings::http
