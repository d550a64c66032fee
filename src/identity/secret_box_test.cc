#include "identity/secret_box.h"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tidings::identity {
namespace {

SecretBox box(char digit = '1') { return *SecretBox::from_text(std::string(64, digit)); }

class SecretBoxFile : public ::testing::Test {
 protected:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("tidings_secret_{}", ::getpid());
  void SetUp() override {
    ::unsetenv("TIDINGS_SECRET_KEY");
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    ::unsetenv("TIDINGS_SECRET_KEY");
    std::filesystem::remove_all(folder_);
  }
};

TEST(SecretBox, what_was_sealed_opens_in_its_context_only) {
  const auto sealed = box().seal("password/1", "hunter2");
  EXPECT_EQ(box().unseal("password/1", sealed), "hunter2");
  EXPECT_EQ(box().unseal("password/2", sealed).error().code, "secret.damaged");
  EXPECT_EQ(box().unseal("", sealed).error().code, "secret.damaged");
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_EQ(sealed.size(), 7u + 45u);
  EXPECT_NE(sealed, box().seal("password/1", "hunter2")) << "a fresh nonce each time";
  EXPECT_EQ(box().unseal("c", box().seal("c", "")), "");
}

TEST(SecretBox, another_master_key_is_told_from_damage) {
  const auto sealed = box('1').seal("c", "secret");
  EXPECT_EQ(box('2').unseal("c", sealed).error().code, "secret.wrong_key");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    const auto opened = box('1').unseal("c", changed);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, i >= 1 && i < 5 ? "secret.wrong_key" : "secret.damaged") << i;
  }
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_FALSE(box('1').unseal("c", sealed.substr(0, length))) << length;
  }
}

TEST(SecretBox, only_64_hexadecimal_digits_are_a_key) {
  EXPECT_TRUE(SecretBox::from_text("  " + std::string(64, 'A') + "\r\n"));
  for (const std::string& bad : {std::string(), std::string(63, '1'), std::string(65, '1'),
                                 std::string(66, '1'), std::string(64, 'g'), std::string(" \n")}) {
    EXPECT_EQ(SecretBox::from_text(bad).error().code, "secret.malformed") << bad;
  }
}

TEST_F(SecretBoxFile, a_key_is_made_once_and_for_its_owner_only) {
  EXPECT_EQ(SecretBox::load(folder_).error().code, "secret.missing");
  const auto made = SecretBox::load_or_create(folder_);
  ASSERT_TRUE(made) << made.error().message;
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "secret.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto sealed = made->seal("c", "x");
  EXPECT_EQ(SecretBox::load_or_create(folder_)->unseal("c", sealed), "x");
  EXPECT_EQ(SecretBox::load(folder_)->unseal("c", sealed), "x");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "no draft left";
}

TEST_F(SecretBoxFile, an_open_or_broken_key_file_is_refused_and_never_replaced) {
  const auto path = folder_ / "secret.key";
  std::ofstream(path) << "not a key";
  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(SecretBox::load_or_create(folder_).error().code, "secret.exposed");
  ::chmod(path.c_str(), 0600);
  const auto broken = SecretBox::load_or_create(folder_);
  EXPECT_EQ(broken.error().code, "secret.malformed");
  EXPECT_NE(broken.error().message.find(path.string()), std::string::npos);
  std::string text;
  std::getline(std::ifstream(path), text);
  EXPECT_EQ(text, "not a key");
}

TEST_F(SecretBoxFile, the_environment_wins_over_the_file) {
  ASSERT_TRUE(SecretBox::load_or_create(folder_));
  ::setenv("TIDINGS_SECRET_KEY", std::string(64, '7').c_str(), 1);
  EXPECT_EQ(SecretBox::load(folder_)->unseal("c", box('7').seal("c", "x")), "x");
  ::setenv("TIDINGS_SECRET_KEY", "seven", 1);
  const auto wrong = SecretBox::load(folder_);
  EXPECT_EQ(wrong.error().code, "secret.malformed");
  EXPECT_NE(wrong.error().message.find("TIDINGS_SECRET_KEY"), std::string::npos);
}

TEST_F(SecretBoxFile, a_folder_that_cannot_be_written_says_so) {
  const auto made = SecretBox::load_or_create(folder_ / "missing");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "secret.failed");
}

}  // namespace
}  // namespace tidings::identity
