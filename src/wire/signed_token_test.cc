#include "wire/signed_token.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace tidings::wire {
namespace {

const std::string kKey(32, 'k');
constexpr MessageId kMessage{0x0123456789abcdef};

TokenSigner signer(std::uint32_t id = 7) { return {id, kKey}; }

TEST(SignedToken, a_url_token_survives_the_way_out_and_back) {
  const auto tokens = signer().sign(kMessage);
  const auto parsed = parse_url_token(tokens.url(TokenPurpose::view));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->purpose, TokenPurpose::view);
  EXPECT_EQ(parsed->key_id, 7u);
  EXPECT_EQ(parsed->message_id, kMessage);
  EXPECT_TRUE(signer().verify(*parsed));
}

TEST(SignedToken, a_return_path_is_accepted_in_upper_case_and_fits_a_local_part) {
  std::string text = signer().sign(kMessage).return_path(TokenPurpose::bounce);
  EXPECT_LE(std::string("bounce+").size() + text.size(), 64u);
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c < 'A' || c > 'Z'; }));
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(toupper(c)); });
  const auto parsed = parse_return_path_token(text);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(signer().verify(*parsed));
}

// The figure comes from another implementation, of the definition in the header.
TEST(SignedToken, the_mac_is_hmac_sha512_as_documented) {
  const auto parsed = parse_url_token(signer().sign(MessageId{1}).url(TokenPurpose::unsubscribe));
  ASSERT_TRUE(parsed);
  // python3: hmac.new(b"k"*32, b"tidings message token 1\0" + bytes(7) + b"\1", "sha512")[:12]
  EXPECT_EQ(to_hex({reinterpret_cast<const char*>(parsed->mac.data()), 12}),
            "b77a59e9a0a57ebe97659db8");
}

TEST(SignedToken, every_flipped_bit_is_refused) {
  const auto text = signer().sign(kMessage).url(TokenPurpose::unsubscribe);
  const std::string bytes = *from_base64url(text);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto parsed = parse_url_token(to_base64url(changed));
    if (!parsed) continue;
    EXPECT_FALSE(signer().verify(*parsed)) << "bit " << bit;
  }
}

TEST(SignedToken, one_purposes_token_is_no_good_for_another) {
  const auto tokens = signer().sign(kMessage);
  std::set<std::string> macs;
  constexpr std::array kPurposes = {TokenPurpose::unsubscribe, TokenPurpose::view,
                                    TokenPurpose::bounce, TokenPurpose::sender};
  for (const auto purpose : kPurposes) {
    auto parsed = *parse_url_token(tokens.url(purpose));
    macs.insert(std::string(parsed.mac.begin(), parsed.mac.end()));
    for (const auto other : kPurposes) {
      parsed.purpose = other;
      EXPECT_EQ(signer().verify(parsed), other == purpose);
    }
  }
  EXPECT_EQ(macs.size(), kPurposes.size());
}

TEST(SignedToken, another_key_or_key_id_refuses) {
  const auto parsed = *parse_url_token(signer().sign(kMessage).url(TokenPurpose::view));
  EXPECT_FALSE(TokenSigner(7, std::string(32, 'x')).verify(parsed));
  EXPECT_FALSE(signer(8).verify(parsed));
}

TEST(SignedToken, what_is_not_a_token_is_nothing) {
  const auto good = signer().sign(kMessage).url(TokenPurpose::view);
  for (const std::string& bad :
       {std::string(), std::string("x"), good + "A", good.substr(1), std::string(32, '!'),
        std::string(32, 'A'), std::string(32, '\0'), std::string(100000, 'A'),
        good.substr(0, 31) + "=", std::string(32, '_')}) {
    EXPECT_FALSE(parse_url_token(bad)) << bad.substr(0, 40);
    EXPECT_FALSE(parse_return_path_token(bad)) << bad.substr(0, 40);
  }
}

TEST(SignedToken, extremes_of_ids_are_carried) {
  const TokenSigner last(kTokenKeyIdMax, kKey);
  for (const std::int64_t id : {std::int64_t{1}, std::numeric_limits<std::int64_t>::max()}) {
    const auto parsed = parse_url_token(last.sign(MessageId{id}).url(TokenPurpose::bounce));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->message_id.value, id);
    EXPECT_EQ(parsed->key_id, kTokenKeyIdMax);
    EXPECT_TRUE(last.verify(*parsed));
  }
}

}  // namespace
}  // namespace tidings::wire
