#include "liquid/outline.h"

#include <string>

#include <gtest/gtest.h>

namespace tidings::liquid {
namespace {

// One letter for each byte: t text, o output, g tag, h hidden.
std::string drawn(std::string_view source) {
  const auto pieces = outline(source);
  if (!pieces) return "none";
  std::string drawing;
  for (const Piece& piece : *pieces) {
    EXPECT_EQ(piece.begin, drawing.size()) << source;
    drawing.append(piece.end - piece.begin, "togh"[static_cast<int>(piece.kind)]);
  }
  EXPECT_EQ(drawing.size(), source.size());
  return drawing;
}

TEST(Outline, TellsTextFromTags) {
  EXPECT_EQ(drawn(""), "");
  EXPECT_EQ(drawn("ab{{x}}c"), "ttooooot");
  EXPECT_EQ(drawn("{%if a%}b{%endif%}"), "ggggggggtggggggggg");
}

TEST(Outline, HidesWhatIsNotPrintedAsItStands) {
  EXPECT_EQ(drawn("a{%raw%}{{b{%endraw%}c"), "t" + std::string(20, 'h') + "t");
  EXPECT_EQ(drawn("{%comment%}{%raw%}{%endcomment%}{%endraw%}{%endcomment%}b"),
            std::string(56, 'h') + "t");
  EXPECT_EQ(drawn("{%capture x%}ab{{y}}{%endcapture%}c"),
            std::string(13, 'g') + std::string(21, 'h') + "t");
}

TEST(Outline, IsNothingForWhatIsNotClosed) {
  for (const char* source : {"a{{", "a{% if", "{%raw%}", "{%comment%}"}) {
    EXPECT_EQ(drawn(source), "none") << source;
  }
}

}  // namespace
}  // namespace tidings::liquid
