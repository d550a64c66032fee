#include "delivery/body_codec.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/bytes.h"

namespace tidings::delivery {
namespace {

std::string newsletter(std::string_view name) {
  std::string text = "To: " + std::string(name) + "\r\n\r\n";
  for (int i = 0; i < 300; ++i) text += "Paragraph " + to_hex(sha256(std::to_string(i))) + "\r\n";
  return text + "Dear " + std::string(name) + "\r\n";
}

TEST(BodyCodec, KeepsAMessageInAFewOctetsAgainstItsReference) {
  const BodyDictionary dictionary(newsletter("reference@example.org"));
  BodyCodec codec;
  const std::string octets = newsletter("jan@example.org");
  const std::string stored = codec.compress(octets, dictionary);
  EXPECT_LT(stored.size(), 300u);
  EXPECT_EQ(codec.decompress(stored, dictionary), octets);
}

TEST(BodyCodec, WorksAcrossCodecsAndWithoutADictionary) {
  BodyCodec writer;
  BodyCodec reader;
  const BodyDictionary dictionary(newsletter("a"));
  const BodyDictionary again(newsletter("a"));
  EXPECT_EQ(reader.decompress(writer.compress("abc", dictionary), again), "abc");
  EXPECT_EQ(reader.decompress(writer.compress("", BodyDictionary()), BodyDictionary()), "");
  const std::string octets = newsletter("b");
  const std::string stored = writer.compress(octets, BodyDictionary());
  EXPECT_LT(stored.size(), octets.size());
  EXPECT_EQ(reader.decompress(stored, dictionary), octets);
}

TEST(BodyCodec, StoresWhatDoesNotCompressAsItIs) {
  BodyCodec codec;
  const std::string noise = random_bytes(1'000);
  const std::string stored = codec.compress(noise, BodyDictionary());
  EXPECT_EQ(stored.size(), 1'001u);
  EXPECT_EQ(codec.decompress(stored, BodyDictionary()), noise);
}

TEST(BodyCodec, CompressesLargeAttachmentsAgainstTheReference) {
  const std::string attachment = to_base64(random_bytes(2'000'000));
  const BodyDictionary dictionary(newsletter("a") + attachment);
  BodyCodec codec;
  const std::string octets = newsletter("b") + attachment;
  const std::string stored = codec.compress(octets, dictionary);
  EXPECT_LT(stored.size(), 1'000u);
  EXPECT_EQ(codec.decompress(stored, dictionary), octets);
  // And the codec is as before for small ones.
  EXPECT_EQ(codec.decompress(codec.compress("x", BodyDictionary()), BodyDictionary()), "x");
}

TEST(BodyCodec, NamesWhatIsWrongWithAStoredBody) {
  BodyCodec codec;
  const BodyDictionary dictionary(newsletter("a"));
  const BodyDictionary other(newsletter("b"));
  const std::string stored = codec.compress(newsletter("c"), dictionary);
  const auto code = [&](std::string_view bytes, const BodyDictionary& with) {
    const auto octets = codec.decompress(bytes, with);
    return octets ? std::string("read") : octets.error().code;
  };
  EXPECT_EQ(code(stored, other), "body.wrong_reference");
  EXPECT_EQ(code(stored, BodyDictionary()), "body.wrong_reference");
  EXPECT_EQ(code("", dictionary), "body.damaged");
  EXPECT_EQ(code("D1234567890", dictionary), "body.damaged");
  EXPECT_EQ(code("Z", dictionary), "body.damaged");
  EXPECT_EQ(code("Q\x01\x02", dictionary), "body.unknown_format");
  EXPECT_EQ(code(std::string_view(stored).substr(0, stored.size() - 1), dictionary),
            "body.damaged");
  EXPECT_EQ(code(stored + "x", dictionary), "body.damaged");
  // A frame that claims a gigabyte.
  EXPECT_EQ(code(std::string_view("Z\x28\xb5\x2f\xfd\xa0\x00\x00\x00\x40\x01\x00\x00", 13), other),
            "body.damaged");
}

TEST(BodyCodec, NeverCrashesOnDamage) {
  const BodyDictionary dictionary(newsletter("a"));
  EXPECT_TRUE(rc::check("a flipped octet is an error or other octets, never more", [&] {
    BodyCodec codec;
    const std::string octets = newsletter("c").substr(0, *rc::gen::inRange(0, 20'000));
    std::string stored = codec.compress(octets, dictionary);
    RC_ASSERT(*codec.decompress(stored, dictionary) == octets);
    const auto at = *rc::gen::inRange<std::size_t>(0, stored.size());
    stored[at] = static_cast<char>(stored[at] ^ (1 << *rc::gen::inRange(0, 8)));
    const auto read = codec.decompress(stored, dictionary);
    RC_ASSERT(!read || read->size() <= stored.size() / 3 * 131'072 + 131'072 + 30'000);
  }));
}

TEST(ContentHasher, AgreesWithTheDigestOfBase) {
  ContentHasher hasher;
  EXPECT_EQ(hasher.hash("abc"), sha256("abc"));
  EXPECT_EQ(hasher.hash(""), sha256(""));
  EXPECT_EQ(hasher.hash("abc"), sha256("abc"));
}

}  // namespace
}  // namespace tidings::delivery
