#include "delivery/text_delta.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace tidings::delivery {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 20;

struct Made {
  std::string delta;
  std::size_t fresh = 0;
};

Made delta_of(std::string_view octets, std::string_view reference) {
  Made made;
  made.fresh = append_delta(made.delta, octets, LineIndex(reference, kMost));
  return made;
}

std::string applied(std::string_view delta, std::string_view reference) {
  std::string octets;
  return apply_delta(delta, reference, kMost, octets) ? octets : "damaged";
}

std::string letter(std::string_view name, std::string_view token, int links) {
  std::string text =
      "To: " + std::string(name) + "\r\nSubject: The season begins on Tuesday\r\n\r\n";
  text += "<p>Dear " + std::string(name) + ", the board met and planned the season.</p>\r\n";
  for (int i = 0; i < links; ++i) {
    text += "<p><a href=3D\"https://example.org/c/" + std::string(token) + "/" + std::to_string(i) +
            "\">Read more</a></p>\r\n";
    text += "<p>Paragraph " + std::to_string(i) + " says what everybody may read.</p>\r\n";
  }
  return text;
}

TEST(TextDelta, KeepsOfALetterWhatIsItsOwn) {
  const std::string reference = letter("reader@example.org", "00000000000000000000000000000000", 3);
  const std::string octets = letter("jan@example.org", "FAAAAQVQnD02QAH0VGAzyqGkDVbEYzky", 3);
  const Made made = delta_of(octets, reference);
  EXPECT_EQ(applied(made.delta, reference), octets);
  // The name twice and the token.
  EXPECT_LT(made.fresh, 140U);
  EXPECT_LT(made.delta.size(), 200U);
}

TEST(TextDelta, KeepsATokenThatManyLinksHoldOnce) {
  const std::string reference =
      letter("reader@example.org", "00000000000000000000000000000000", 40);
  const std::string octets = letter("jan@example.org", "FAAAAQVQnD02QAH0VGAzyqGkDVbEYzky", 40);
  const Made made = delta_of(octets, reference);
  EXPECT_EQ(applied(made.delta, reference), octets);
  EXPECT_LT(made.fresh, 250U);
}

TEST(TextDelta, FollowsWhatIsLeftOutAndWhatIsRepeated) {
  const std::string reference = letter("reader@example.org", "0", 20);
  const std::string fewer = letter("reader@example.org", "0", 3);
  const std::string more = letter("reader@example.org", "0", 20) + letter("a@b", "1", 20);
  for (const std::string& octets : {fewer, more, reference, std::string(), std::string("x")}) {
    EXPECT_EQ(applied(delta_of(octets, reference).delta, reference), octets);
    EXPECT_EQ(applied(delta_of(octets, "").delta, ""), octets);
  }
  EXPECT_EQ(delta_of(reference, reference).fresh, 0U);
}

TEST(TextDelta, MakesAnyTextAgain) {
  // Lines of few kinds, so that much is alike and in another order.
  const auto text = rc::gen::map(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12)),
                                 [](const std::vector<int>& kinds) {
                                   std::string made;
                                   for (const int kind : kinds) {
                                     made += std::string(static_cast<std::size_t>(kind) * 7,
                                                         static_cast<char>('a' + kind % 3));
                                     made += kind % 4 == 0 ? "\n" : "\r\n";
                                   }
                                   return made;
                                 });
  EXPECT_TRUE(rc::check("a delta applied gives the text", [&] {
    const std::string octets = *text;
    const std::string reference = *text;
    RC_ASSERT(applied(delta_of(octets, reference).delta, reference) == octets);
  }));
}

TEST(TextDelta, SaysWhatIsDamagedAndMakesNoMoreThanItMay) {
  const std::string reference = letter("reader@example.org", "0", 3);
  const std::string delta = delta_of(letter("jan@example.org", "1", 3), reference).delta;
  EXPECT_EQ(applied(delta.substr(0, delta.size() - 1), reference), "damaged");
  EXPECT_EQ(applied(delta + "x", reference), "damaged");
  EXPECT_EQ(applied("", reference), "damaged");
  std::string room;
  EXPECT_FALSE(apply_delta(delta, reference, 20, room));
  // A copy of itself that is not made yet, and one behind the reference.
  EXPECT_EQ(applied(std::string("\x03\x00\x10\x02", 4), "r"), "damaged");
  EXPECT_TRUE(rc::check("no octets are read beyond what is there", [&] {
    std::string broken = delta;
    const auto at = *rc::gen::inRange<std::size_t>(0, broken.size());
    broken[at] = *rc::gen::arbitrary<char>();
    std::string out;
    apply_delta(broken, reference, 4096, out);
    RC_ASSERT(out.size() <= 4096U);
  }));
}

}  // namespace
}  // namespace tidings::delivery
