// RFC 8463 appendix A byte for byte, the canonical forms of RFC 6376, and what we sign.
#include "wire/dkim.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <rapidcheck.h>

#include "base/bytes.h"
#include "oracle.h"
#include "wire/relaxed_form.h"

namespace tidings::wire {
namespace {

using testing::check_signature;
using ::testing::HasSubstr;
using testing::header_fields;

// RFC 8463 appendix A.1: the Ed25519 key (that of RFC 8032 §7.1, test 1), with the fixed beginning
// that PKCS#8 puts before its 32 octets (RFC 8410 §7).
DkimKey ed25519_of_the_rfc() {
  const std::string seed = *from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
  return *DkimKey::from_der(*from_hex("302e020100300506032b657004220420") + seed);
}

constexpr std::string_view kRsaOfTheRfc = R"(-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
)";

constexpr std::string_view kEd25519Record =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::string_view kRsaRecord =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

// RFC 8463 appendix A.3.
constexpr std::string_view kMessageOfTheRfc =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

std::string body_hash(std::string_view body) {
  BodyHash hash;
  hash.append(body);
  return to_base64(hash.finish());
}

std::string relaxed(std::string_view body) {
  RelaxedBody form;
  std::string out;
  form.append(body, out);
  form.finish(out);
  return out;
}

std::string relaxed_header(std::string_view field) {
  std::string out;
  append_relaxed_field(out, field);
  return out;
}

const Instant kAt = from_micros(1'795'334'400'123'456);

// Made once: an RSA key takes a while.
const DkimKey& rsa_key() {
  static const DkimKey key = *DkimKey::generate(DkimAlgorithm::rsa_sha256);
  return key;
}

std::string signed_by(const DkimKey& key, const std::string& message) {
  return *DkimSigner({{"example.org", "t1", key}}).sign(message, kAt) + message;
}

// ---------------------------------------------------------------- RFC 8463 appendix A
TEST(Rfc8463, the_public_keys_are_those_of_the_records) {
  EXPECT_EQ(ed25519_of_the_rfc().record(), kEd25519Record);
  EXPECT_EQ(DkimKey::from_pem(kRsaOfTheRfc, 1024)->record(), kRsaRecord);
}

TEST(Rfc8463, the_body_hash_is_that_of_the_appendix) {
  EXPECT_EQ(body_hash(testing::body_of(kMessageOfTheRfc)),
            "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}

TEST(Rfc8463, both_signatures_of_the_appendix_verify) {
  EXPECT_EQ(check_signature(kMessageOfTheRfc, 0, kEd25519Record), "");
  EXPECT_EQ(check_signature(kMessageOfTheRfc, 1, kRsaRecord), "");
}

// What is signed is put together by our canonicalisation of each field, not the oracle's.
TEST(Rfc8463, both_keys_make_the_signatures_of_the_appendix_byte_for_byte) {
  const auto fields = header_fields(kMessageOfTheRfc);
  const auto sign_again = [&](const DkimKey& key, std::size_t signature) {
    std::string input;
    // h=from : to : subject : date : message-id : from : subject : date
    for (const std::size_t i : {2u, 3u, 4u, 5u, 6u}) {
      append_relaxed_field(input, fields[i]);
      input += "\r\n";
    }
    std::string own = fields[signature];
    own.erase(own.rfind(" b=") + 3);
    append_relaxed_field(input, own);
    EXPECT_EQ(input, testing::signed_octets(kMessageOfTheRfc, signature));
    return to_base64(*key.sign(sha256(input)));
  };
  EXPECT_EQ(sign_again(ed25519_of_the_rfc(), 0), testing::tag(fields[0], "b"));
  EXPECT_EQ(sign_again(*DkimKey::from_pem(kRsaOfTheRfc, 1024), 1), testing::tag(fields[1], "b"));
}

// ---------------------------------------------------------------- RFC 6376 §3.4
TEST(Rfc6376, the_example_of_the_relaxed_form) {
  EXPECT_EQ(relaxed_header("A: X\r\n"), "a:X");
  EXPECT_EQ(relaxed_header("B : Y\t\r\n\tZ  \r\n"), "b:Y Z");
  EXPECT_EQ(relaxed(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
}

TEST(Rfc6376, an_empty_body_is_nothing) {
  // §3.4.4: the SHA-256 of the canonicalised empty body.
  constexpr std::string_view kNothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  for (const std::string_view body : {"", "\r\n", "\r\n\r\n\r\n", "  \t", " \r\n\t\r\n"}) {
    EXPECT_EQ(body_hash(body), kNothing) << ::testing::PrintToString(body);
  }
}

TEST(Rfc6376, odd_header_fields_have_their_relaxed_form) {
  EXPECT_EQ(relaxed_header("SUBJect:\tfolded\r\n\t twice\r\n  over"), "subject:folded twice over");
  EXPECT_EQ(relaxed_header("Subject:"), "subject:");
  EXPECT_EQ(relaxed_header("Subject: \r\n \r\n"), "subject:");
  EXPECT_EQ(relaxed_header("Subject \t :x"), "subject:x");
  EXPECT_EQ(relaxed_header("Subject: a: b"), "subject:a: b");
  EXPECT_EQ(relaxed_header("Subject:   Grüße \xf0\x9f\x8e\x88  "),
            "subject:Grüße \xf0\x9f\x8e\x88");
}

TEST(Rfc6376, odd_bodies_have_their_relaxed_form) {
  EXPECT_EQ(relaxed("no line end"), "no line end\r\n");
  EXPECT_EQ(relaxed("white at the end \t \r\n"), "white at the end\r\n");
  EXPECT_EQ(relaxed("\r\n\r\nfirst lines are empty\r\n \r\n\r\n"),
            "\r\n\r\nfirst lines are empty\r\n");
  EXPECT_EQ(relaxed("a\rb\nc \r\r\n"), "a\rb\nc \r\r\n");
  EXPECT_EQ(relaxed("a \r"), "a \r\r\n");
}

TEST(Rfc6376, fast_and_slow_canonical_forms_are_the_same_however_the_body_comes) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& dice, std::uint8_t step) {
    constexpr std::array<std::string_view, 8> kPieces = {" ",    "\t", "\r\n", "\r",
                                                         "text", "\n", "x y",  "\r\n\r\n"};
    std::string body;
    for (const std::uint8_t die : dice) body += kPieces[die % kPieces.size()];
    std::string out;
    RelaxedBody form;
    for (std::size_t at = 0; at < body.size(); at += step % 5 + 1) {
      form.append(std::string_view(body).substr(at, step % 5 + 1), out);
    }
    form.finish(out);
    RC_ASSERT(out == testing::relaxed_body(body));
    const std::string field = "Name:" + body;
    RC_ASSERT(relaxed_header(field) == testing::relaxed_field(field));
  }));
}

// ---------------------------------------------------------------- what we sign
constexpr std::string_view kMessage =
    "Date: Sun, 22 Nov 2026 08:00:00 +0000\r\n"
    "From: =?utf-8?q?Gr=C3=BC=C3=9Fe?= <news@example.org>\r\n"
    "To: \"O'Neill, Zoe\" <zoe@example.net>\r\n"
    "Subject: one\r\n\ttwo\r\n"
    "List-Unsubscribe: <https://example.org/u/x>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    "Message-ID: <x@example.org>\r\n"
    "Feedback-ID: a:b:c:example\r\n"
    "Auto-Submitted: auto-generated\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "Hello  there \r\n\r\n";

TEST(Signing, what_either_key_signs_verifies) {
  for (const DkimKey& key : {rsa_key(), ed25519_of_the_rfc()}) {
    const std::string message = signed_by(key, std::string(kMessage));
    EXPECT_EQ(check_signature(message, 0, key.record()), "") << message;
    EXPECT_TRUE(message.ends_with(kMessage)) << "the message itself is as it was";
  }
}

TEST(Signing, two_keys_make_two_signatures_and_each_verifies) {
  const DkimSigner signer(
      {{"example.org", "r", rsa_key()}, {"example.org", "e", ed25519_of_the_rfc()}});
  const std::string message = *signer.sign(kMessage, kAt) + std::string(kMessage);
  EXPECT_EQ(check_signature(message, 0, rsa_key().record()), "");
  EXPECT_EQ(check_signature(message, 1, kEd25519Record), "");
}

TEST(Signing, the_same_message_is_signed_the_same_way_again) {
  EXPECT_EQ(signed_by(rsa_key(), std::string(kMessage)),
            signed_by(rsa_key(), std::string(kMessage)));
}

TEST(Signing, every_field_that_matters_is_covered_once_more_than_it_is_there) {
  const std::string field =
      header_fields(signed_by(ed25519_of_the_rfc(), std::string(kMessage)))[0];
  EXPECT_EQ(testing::tag(field, "h"),
            "From:From:To:To:Cc:Subject:Subject:Date:Date:Message-ID:Message-ID:Reply-To:"
            "MIME-Version:MIME-Version:Content-Type:Content-Type:Content-Transfer-Encoding:List-Id:"
            "List-Unsubscribe:List-Unsubscribe:List-Unsubscribe-Post:List-Unsubscribe-Post:"
            "List-Help:List-Subscribe:List-Post:List-Owner:List-Archive:Feedback-ID:Feedback-ID");
  EXPECT_EQ(testing::tag(field, "t"), "1795334400");
  for (const std::string_view absent : {"l", "x", "i", "z"}) {
    EXPECT_EQ(testing::tag(field, absent), "") << absent;
  }
}

TEST(Signing, a_field_that_somebody_adds_or_changes_breaks_the_signature) {
  const std::string message = signed_by(rsa_key(), std::string(kMessage));
  const std::size_t end = message.find("\r\n\r\n") + 2;
  for (const std::string_view name :
       {"From: evil@example.net", "To: x@example.net", "Cc: x@example.net", "Subject: other",
        "Date: Mon, 23 Nov 2026 08:00:00 +0000", "Message-ID: <y@example.org>",
        "Reply-To: x@example.net", "MIME-Version: 1.0", "Content-Type: text/html",
        "Content-Transfer-Encoding: base64", "List-Unsubscribe: <https://evil.example>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "List-Id: <x.example.org>",
        "List-Help: <mailto:x@example.org>", "Feedback-ID: x"}) {
    for (const std::size_t at : {std::size_t{0}, end}) {
      std::string changed = message;
      changed.insert(at, std::string(name) + "\r\n");
      EXPECT_EQ(check_signature(changed, at == 0 ? 1 : 0, rsa_key().record()), "b=") << name;
    }
  }
  std::string added = message;
  added.insert(end, "X-Scanned: yes\r\nReceived: from x\r\n");
  EXPECT_EQ(check_signature(added, 0, rsa_key().record()), "") << "others may be added";
  EXPECT_EQ(check_signature(message + "PS", 0, rsa_key().record()), "bh=");
}

TEST(Signing, refolding_and_trimming_on_the_way_do_no_harm) {
  std::string message = signed_by(rsa_key(), std::string(kMessage));
  message.replace(message.find("one\r\n\ttwo"), 9, "one \t\r\n  two ");
  message.replace(message.find("Hello  there \r\n\r\n"), 17, "Hello \t there\r\n");
  EXPECT_EQ(check_signature(message, 0, rsa_key().record()), "");
}

TEST(Signing, duplicate_fields_are_covered_from_the_last_to_the_first) {
  const std::string twice = "To: b@example.net\r\n" + std::string(kMessage);
  const std::string message = signed_by(rsa_key(), twice);
  EXPECT_EQ(check_signature(message, 0, rsa_key().record()), "");
  EXPECT_THAT(testing::tag(header_fields(message)[0], "h"), HasSubstr(":To:To:To:Cc:"));
}

TEST(Signing, lines_are_short_and_folded_at_white_space_only) {
  const DkimSigner signer({{"a-rather-long-name-of-an-organisation-and-its-department.example.org",
                            "a-selector-that-somebody-chose-to-be-long-1", rsa_key()},
                           {"b.example", "s", ed25519_of_the_rfc()}});
  const std::string fields = *signer.sign(kMessage, kAt);
  EXPECT_TRUE(fields.ends_with("\r\n"));
  std::size_t at = 0;
  while (at < fields.size()) {
    const std::size_t end = fields.find("\r\n", at);
    const std::string line = fields.substr(at, end - at);
    EXPECT_LE(line.size(), 78u) << line;
    EXPECT_NE(line.find_first_not_of(' '), std::string::npos) << "a line of white space";
    EXPECT_TRUE(line.starts_with("DKIM-Signature: v=1; ") || line.starts_with(' ')) << line;
    at = end + 2;
  }
}

TEST(Signing, a_message_without_a_body_is_signed) {
  for (const std::string_view message :
       {"From: a@example.org\r\n", "From: a@example.org\r\n\r\n"}) {
    EXPECT_EQ(check_signature(signed_by(rsa_key(), std::string(message)), 0, rsa_key().record()),
              "");
  }
}

TEST(Signing, large_bodies_are_hashed_in_pieces) {
  std::string body;
  for (int i = 0; i < 3'000; ++i) body += "A line  of text \t that is trimmed. \r\n";
  EXPECT_EQ(body_hash(body), to_base64(sha256(testing::relaxed_body(body))));
}

// ---------------------------------------------------------------- keys
TEST(Keys, a_weak_locked_or_foreign_key_is_refused_with_a_way_out) {
  EXPECT_EQ(DkimKey::from_pem(kRsaOfTheRfc).error().code, "dkim.key_weak");
  EXPECT_EQ(DkimKey::from_pem("").error().code, "dkim.key");
  EXPECT_EQ(DkimKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
                .error()
                .code,
            "dkim.key");
  EXPECT_EQ(DkimKey::from_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----\n").error().code,
            "dkim.key_locked");
  EXPECT_EQ(DkimKey::from_pem(std::string(100'000, 'x')).error().code, "dkim.key");
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> elliptic(EVP_EC_gen("P-256"),
                                                                     EVP_PKEY_free);
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(elliptic.get(), &der);
  ASSERT_GT(size, 0);
  EXPECT_EQ(DkimKey::from_der({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)})
                .error()
                .code,
            "dkim.key_kind");
  OPENSSL_free(der);
}

TEST(Keys, a_key_survives_being_stored) {
  for (const DkimKey& key : {rsa_key(), ed25519_of_the_rfc()}) {
    const auto again = DkimKey::from_der(key.to_der());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_key(), key.public_key());
    EXPECT_EQ(again->algorithm(), key.algorithm());
  }
  EXPECT_EQ(rsa_key().bits(), 2048);
}

TEST(Records, a_long_record_is_written_as_strings_of_at_most_255_octets) {
  const std::string record = rsa_key().record();
  ASSERT_GT(record.size(), 255u);
  EXPECT_EQ(quoted_txt(record), '"' + record.substr(0, 255) + "\" \"" + record.substr(255) + '"');
  EXPECT_EQ(quoted_txt("short"), "\"short\"");
  EXPECT_EQ(quoted_txt(""), "\"\"");
  EXPECT_EQ(quoted_txt(R"(a"b\)"), R"("a\"b\\")");
}

TEST(Records, a_record_is_read_as_verifiers_read_it) {
  const auto read = parse_dkim_key_record(" v=DKIM1 ; k=rsa ; p = AB CD\r\n EF ; n=note; x=y;");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->public_key, "ABCDEF");
  EXPECT_EQ(read->key_type, "rsa");
  EXPECT_TRUE(parse_dkim_key_record("p=")->public_key.empty()) << "revoked";
  EXPECT_TRUE(parse_dkim_key_record("v=DKIM1; t=s:y; p=A")->is_testing);
  EXPECT_FALSE(parse_dkim_key_record("v=DKIM1; t=s; p=A")->is_testing);
  EXPECT_FALSE(parse_dkim_key_record("v=DKIM1; h=sha1; p=A")->allows_sha256);
  EXPECT_FALSE(parse_dkim_key_record("v=DKIM1; s=chat; p=A")->is_for_mail);
  for (const std::string_view bad : {"", "v=spf1 -all", "k=rsa; v=DKIM1; p=A", "v=DKIM2; p=A",
                                     "v=DKIM1; k=rsa", "p=A; p=B", "just text"}) {
    EXPECT_FALSE(parse_dkim_key_record(bad)) << bad;
  }
}

TEST(Records, selectors_are_labels_of_letters_digits_and_hyphens) {
  for (const std::string_view good : {"a", "t20261122", "mail-1", "eu.mail", "A9"}) {
    EXPECT_TRUE(is_dkim_selector(good)) << good;
  }
  for (const std::string_view bad : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a-.b", "a_b", "ä",
                                     "a b", "a;d=evil.example", "a\r\nX"}) {
    EXPECT_FALSE(is_dkim_selector(bad)) << bad;
  }
  EXPECT_FALSE(is_dkim_selector(std::string(64, 'a')));
}

}  // namespace
}  // namespace tidings::wire
