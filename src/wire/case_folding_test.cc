#include "wire/case_folding.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

TEST(CaseFolding, FoldsAsciiAndEverythingElseAlike) {
  EXPECT_EQ(fold_case(""), "");
  EXPECT_EQ(fold_case("Jan@CLUB.example [Z]"), "jan@club.example [z]");
  EXPECT_EQ(fold_case("ZOË Straße ŁÓDŹ"), fold_case("zoë strasse łódź"));
  EXPECT_NE(fold_case("zoe"), fold_case("zoë"));
}

}  // namespace
}  // namespace tidings::wire
