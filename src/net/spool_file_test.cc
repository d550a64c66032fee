#include "net/spool_file.h"

#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace tidings::net {
namespace {

class SpoolFileTest : public ::testing::Test {
 protected:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("tidings_spool_{}", ::getpid());
  void TearDown() override { std::filesystem::remove_all(folder_); }
};

TEST_F(SpoolFileTest, what_was_appended_is_one_view) {
  const auto file = *SpoolFile::create(folder_ / "made");
  ASSERT_TRUE(file->append("first "));
  ASSERT_TRUE(file->append(""));
  ASSERT_TRUE(file->append(std::string(100'000, 'x')));
  EXPECT_EQ(file->size(), 100'006u);
  const auto view = file->view();
  ASSERT_TRUE(view);
  EXPECT_EQ(*view, "first " + std::string(100'000, 'x'));
}

TEST_F(SpoolFileTest, an_empty_one_has_an_empty_view) {
  EXPECT_EQ(*(*SpoolFile::create(folder_))->view(), "");
}

TEST_F(SpoolFileTest, leaves_no_name_behind_even_while_it_is_used) {
  const auto file = *SpoolFile::create(folder_);
  ASSERT_TRUE(file->append("x"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SpoolFileTest, says_when_it_cannot_be) {
  EXPECT_EQ(SpoolFile::create("/proc/none/here").error().code, "spool.failed");
}

}  // namespace
}  // namespace tidings::net
