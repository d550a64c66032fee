#include "identity/passwords.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tidings::identity {
namespace {

const PasswordHasherOptions kCheap{.cost = {.passes = 1, .bytes = 8192}};
const PasswordOwner kJan{"jan.devries@rowing-amstel.example", "Jan de Vries",
                         "Rowing club De Amstel"};

std::string verdict_on(std::string_view password, const PasswordOwner& owner = kJan) {
  const auto result = check_password(password, owner);
  return result ? "good" : result.error().code;
}

TEST(PasswordCheck, takes_ten_characters_that_mean_nothing) {
  for (const auto* good : {"mauve otter", "kx7#Qp2!zL", "lantern-gravel-9", "žluťoučký kůň",
                           "correct horse stapler bolt", "пароль-лодка", "tidings of joy 44"}) {
    EXPECT_EQ(verdict_on(good), "good") << good;
  }
}

TEST(PasswordCheck, refuses_what_is_too_short_or_too_long_in_characters) {
  EXPECT_EQ(verdict_on(""), "password.too_short");
  EXPECT_EQ(verdict_on("kx7#Qp2!z"), "password.too_short");
  EXPECT_EQ(verdict_on("éèêëàâäùû"), "password.too_short") << "nine characters, eighteen bytes";
  std::string longest;
  for (int i = 0; longest.size() < 200; ++i) longest += std::to_string(i * 7919);
  EXPECT_EQ(verdict_on(longest.substr(0, 200)), "good");
  EXPECT_EQ(verdict_on(longest.substr(0, 200) + "x"), "password.too_long");
}

TEST(PasswordCheck, refuses_the_obvious) {
  for (const auto* bad :
       {"1234567890", "0987654321", "abcdefghijk", "qwertyuiop", "Qwertyuiop1", "aaaaaaaaaaaa",
        "abcabcabcabc", "1212121212", "Password123!", "P-a-s-s-w-o-r-d-1", "welkom12345",
        "Welcome2026!", "letmein1234", "!!!!!!!!!!!!", "tidings2026", "Administrator1",
        "newsletter1", "1q2w3e4r5t"}) {
    EXPECT_EQ(verdict_on(bad), "password.obvious") << bad;
  }
}

TEST(PasswordCheck, refuses_what_is_little_more_than_its_owner) {
  for (const auto* bad : {"jan.devries@rowing-amstel.example", "jandevries1", "JanDeVries2026",
                          "rowing-amstel", "RowingAmstel1", "rowing club de amstel!"}) {
    EXPECT_EQ(verdict_on(bad), "password.obvious") << bad;
  }
  EXPECT_EQ(verdict_on("jan sings baritone"), "good");
  EXPECT_EQ(verdict_on("mauve otter", {}), "good") << "nothing known of the owner";
}

TEST(PasswordCheck, refuses_bytes_that_are_no_text) {
  EXPECT_EQ(verdict_on("mauve \xff otter"), "password.not_text");
  EXPECT_EQ(verdict_on(std::string_view("mauve\0otter", 11)), "password.not_text");
}

TEST(PasswordHasher, a_password_matches_its_own_hash_only) {
  PasswordHasher hasher(kCheap);
  const auto hash = hasher.hash("mauve otter");
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_TRUE(hash->starts_with("$argon2id$"));
  EXPECT_TRUE(hasher.verify(*hash, "mauve otter")->matches);
  EXPECT_FALSE(hasher.verify(*hash, "mauve otteR")->matches);
  EXPECT_FALSE(hasher.verify(*hash, "")->matches);
  EXPECT_FALSE(hasher.verify(*hash, std::string(100'000, 'x'))->matches);
  EXPECT_NE(*hash, *hasher.hash("mauve otter")) << "a salt of its own each time";
}

TEST(PasswordHasher, nobody_has_no_password) {
  PasswordHasher hasher(kCheap);
  for (const auto* tried : {"", "mauve otter"}) EXPECT_FALSE(hasher.verify("", tried)->matches);
  EXPECT_FALSE(hasher.verify("not a hash", "mauve otter")->matches);
  EXPECT_FALSE(hasher.verify(std::string(500, '$'), "mauve otter")->matches);
}

TEST(PasswordHasher, accents_match_however_the_keyboard_composed_them) {
  PasswordHasher hasher(kCheap);
  const auto hash = hasher.hash("caf\xC3\xA9 otter red");
  EXPECT_TRUE(hasher.verify(*hash, "cafe\xCC\x81 otter red")->matches);
}

TEST(PasswordHasher, another_cost_asks_for_a_new_hash_once_it_matched) {
  PasswordHasher cheap(kCheap);
  PasswordHasher dearer({.cost = {.passes = 2, .bytes = 16384}});
  const auto old = *cheap.hash("mauve otter");
  EXPECT_FALSE(cheap.verify(old, "mauve otter")->needs_rehash);
  EXPECT_TRUE(dearer.verify(old, "mauve otter")->needs_rehash);
  EXPECT_FALSE(dearer.verify(old, "wrong")->needs_rehash);
}

TEST(PasswordHasher, the_default_cost_is_three_passes_over_64_mebibytes) {
  PasswordHasher hasher;
  const auto hash = hasher.hash("mauve otter");
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=65536,t=3,p=1$")) << *hash;
}

// Security: user enumeration.
TEST(PasswordHasher, an_unknown_user_takes_as_long_as_a_wrong_password) {
  PasswordHasher hasher;
  const auto known = *hasher.hash("mauve otter");
  const auto time = [&](std::string_view stored) {
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      (void)hasher.verify(stored, "something else");
      best = std::min(best, std::chrono::steady_clock::now() - start);
    }
    return std::chrono::duration<double>(best).count();
  };
  const double ratio = time("") / time(known);
  EXPECT_GT(ratio, 0.5);
  EXPECT_LT(ratio, 2.0);
}

TEST(PasswordHasher, more_callers_than_may_wait_are_told_to_come_back) {
  PasswordHasher hasher(
      {.cost = {.passes = 3, .bytes = std::size_t{32} << 20}, .threads = 1, .callers_max = 2});
  std::atomic<int> busy = 0;
  std::atomic<int> made = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&] {
      const auto hash = hasher.hash("mauve otter");
      ++(hash ? made : busy);
      if (!hash) EXPECT_EQ(hash.error().code, "password.busy");
    });
  }
  for (auto& each : callers) each.join();
  EXPECT_GE(made, 1);
  EXPECT_GE(busy, 1);
  EXPECT_EQ(made + busy, 12);
  EXPECT_TRUE(hasher.hash("mauve otter")) << "and later there is room again";
}

}  // namespace
}  // namespace tidings::identity
