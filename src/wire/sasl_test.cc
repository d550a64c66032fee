#include "wire/sasl.h"

#include <string>

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

using namespace std::string_literals;

TEST(Sasl, PlainIsRfc4616sExample) {
  const auto sasl = make_sasl_client(SaslMechanism::plain, {"tim", "tanstaaftanstaaf"});
  EXPECT_EQ(sasl->initial_response(), "\0tim\0tanstaaftanstaaf"s);
}

TEST(Sasl, LoginAnswersByOrder) {
  const auto sasl = make_sasl_client(SaslMechanism::login, {"tim", "secret"});
  EXPECT_FALSE(sasl->initial_response());
  EXPECT_EQ(*sasl->respond("Nom d'utilisateur"), "tim");
  EXPECT_EQ(*sasl->respond(""), "secret");
  EXPECT_FALSE(sasl->respond("once more").has_value());
}

TEST(Sasl, CramMd5IsRfc2195sExample) {
  const auto sasl = make_sasl_client(SaslMechanism::cram_md5, {"tim", "tanstaaftanstaaf"});
  EXPECT_EQ(*sasl->respond("<1896.697170952@postoffice.reston.mci.net>"),
            "tim b913a602c7eda7a495b4e6e7334d3890");
}

// RFC 7677 §3.
constexpr std::string_view scram_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

TEST(Sasl, ScramSha256IsRfc7677sExample) {
  const auto sasl =
      make_sasl_client(SaslMechanism::scram_sha_256, {"user", "pencil"}, "rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(sasl->initial_response(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(*sasl->respond(scram_first),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_FALSE(sasl->server_proved());
  EXPECT_EQ(*sasl->respond("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), "");
  EXPECT_TRUE(sasl->server_proved());
}

TEST(Sasl, ScramRefusesAServerThatDoesNotKnowThePassword) {
  const auto sasl =
      make_sasl_client(SaslMechanism::scram_sha_256, {"user", "pencil"}, "rOprNGfwEbeRWgbNEkqO");
  sasl->initial_response();
  ASSERT_TRUE(sasl->respond(scram_first).has_value());
  EXPECT_FALSE(sasl->respond("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").has_value());
  EXPECT_FALSE(sasl->server_proved());
}

TEST(Sasl, ScramRefusesForeignNoncesAndEndlessWork) {
  for (const std::string_view challenge :
       {"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000", "r=abcdef,s=!,i=4096", "", "r=abcdef",
        "r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0", "r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4x",
        "m=ext,r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"}) {
    const auto sasl = make_sasl_client(SaslMechanism::scram_sha_256, {"u", "p"}, "abc");
    sasl->initial_response();
    EXPECT_FALSE(sasl->respond(challenge).has_value()) << challenge;
  }
}

TEST(Sasl, ScramEscapesTheUserName) {
  const auto sasl = make_sasl_client(SaslMechanism::scram_sha_256, {"a,b=c", "p"}, "n");
  EXPECT_EQ(sasl->initial_response(), "n,,n=a=2Cb=3Dc,r=n");
}

TEST(Sasl, PasswordsArePreparedByRfc4013) {
  // §3: a non-ASCII space becomes a space, a soft hyphen nothing, ª its letter.
  const auto sasl = make_sasl_client(SaslMechanism::plain, {"I\xC2\xADX",
                                                            "a\xC2\xA0"
                                                            "b\xC2\xAA"});
  EXPECT_EQ(sasl->initial_response(), "\0IX\0a ba"s);
}

TEST(Sasl, BearerTokens) {
  const auto google = make_sasl_client(SaslMechanism::xoauth2, {"a@example.org", "tok"});
  EXPECT_EQ(google->initial_response(),
            "user=a@example.org\x01"
            "auth=Bearer tok\x01\x01");
  EXPECT_EQ(*google->respond("{\"status\":\"401\"}"), "");
  const auto rfc = make_sasl_client(SaslMechanism::oauthbearer, {"a@example.org", "tok"});
  EXPECT_EQ(rfc->initial_response(),
            "n,a=a@example.org,\x01"
            "auth=Bearer tok\x01\x01");
  EXPECT_EQ(*rfc->respond("{\"status\":\"invalid_token\"}"), "\x01");
}

TEST(Sasl, NamesAreReadInEitherCase) {
  EXPECT_EQ(parse_sasl_mechanism("scram_sha_256"), SaslMechanism::scram_sha_256);
  EXPECT_EQ(parse_sasl_mechanism("PLAIN"), SaslMechanism::plain);
  EXPECT_FALSE(parse_sasl_mechanism("GSSAPI"));
}

}  // namespace
}  // namespace tidings::wire
