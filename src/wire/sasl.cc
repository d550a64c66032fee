#include "wire/sasl.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include "base/bytes.h"

namespace tidings::wire {
namespace {

// SCRAM asks for work of the client's processor (RFC 5802 §5.1): more than this is refused, so that
// a hostile server cannot stop the loop. 100,000 rounds take about 40 ms.
constexpr int scram_iterations_max = 100'000;

std::unexpected<Error> broken_challenge(std::string_view what) {
  return fail(ErrorKind::unavailable, "sasl.challenge",
              "The mail server's login challenge makes no sense: " + std::string(what) + ".");
}

// RFC 4013. What SASLprep forbids goes as it is: the server decides.
std::string prepare(const std::string& text) {
  if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; })) return text;
  UErrorCode status = U_ZERO_ERROR;
  UStringPrepProfile* const profile = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
  if (U_FAILURE(status) || text.size() > 1000) return text;
  std::array<UChar, 4096> in{};
  std::array<UChar, 4096> out{};
  std::array<char, 8192> bytes{};
  std::int32_t length = 0;
  u_strFromUTF8(in.data(), static_cast<std::int32_t>(in.size()), &length, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  length = usprep_prepare(profile, in.data(), length, out.data(),
                          static_cast<std::int32_t>(out.size()), USPREP_DEFAULT, nullptr, &status);
  std::int32_t size = 0;
  u_strToUTF8(bytes.data(), static_cast<std::int32_t>(bytes.size()), &size, out.data(), length,
              &status);
  usprep_close(profile);
  return U_FAILURE(status) ? text : std::string(bytes.data(), static_cast<std::size_t>(size));
}

class Plain final : public SaslClient {
 public:
  explicit Plain(SaslCredentials credentials) : credentials_(std::move(credentials)) {}
  std::optional<std::string> initial_response() override {
    std::string response(1, '\0');
    response += prepare(credentials_.user);
    response += '\0';
    response += prepare(credentials_.password);
    return response;
  }
  // A server that overlooked the initial response asks with an empty challenge.
  Result<std::string> respond(std::string_view) override {
    if (std::exchange(asked_, true)) return broken_challenge("PLAIN has only one step");
    return *initial_response();
  }

 private:
  SaslCredentials credentials_;
  bool asked_ = false;
};

class Login final : public SaslClient {
 public:
  explicit Login(SaslCredentials credentials) : credentials_(std::move(credentials)) {}
  std::optional<std::string> initial_response() override { return std::nullopt; }
  // By order, not by the text: servers ask "Username:", "User Name" and in other languages.
  Result<std::string> respond(std::string_view) override {
    switch (step_++) {
      case 0:
        return credentials_.user;
      case 1:
        return credentials_.password;
      default:
        return broken_challenge("LOGIN has only two steps");
    }
  }

 private:
  SaslCredentials credentials_;
  int step_ = 0;
};

class CramMd5 final : public SaslClient {
 public:
  explicit CramMd5(SaslCredentials credentials) : credentials_(std::move(credentials)) {}
  std::optional<std::string> initial_response() override { return std::nullopt; }
  Result<std::string> respond(std::string_view challenge) override {
    if (std::exchange(asked_, true)) return broken_challenge("CRAM-MD5 has only one step");
    const std::string password = prepare(credentials_.password);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    const auto* const data = reinterpret_cast<const unsigned char*>(challenge.data());
    if (HMAC(EVP_md5(), password.data(), static_cast<int>(password.size()), data, challenge.size(),
             digest.data(), &length) == nullptr) {
      return fail(ErrorKind::unsupported, "sasl.md5",
                  "This system's OpenSSL does not allow MD5, which CRAM-MD5 needs.");
    }
    const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), length);
    return credentials_.user + " " + to_hex(bytes);
  }

 private:
  SaslCredentials credentials_;
  bool asked_ = false;
};

class ScramSha256 final : public SaslClient {
 public:
  ScramSha256(SaslCredentials credentials, std::string nonce)
      : credentials_(std::move(credentials)),
        nonce_(nonce.empty() ? to_base64(random_bytes(18)) : std::move(nonce)) {}

  std::optional<std::string> initial_response() override {
    first_bare_ = "n=";
    for (const char c : prepare(credentials_.user)) {
      if (c == ',') {
        first_bare_ += "=2C";
      } else if (c == '=') {
        first_bare_ += "=3D";
      } else {
        first_bare_ += c;
      }
    }
    first_bare_ += ",r=" + nonce_;
    return "n,," + first_bare_;
  }

  Result<std::string> respond(std::string_view challenge) override {
    switch (step_++) {
      case 0:
        return answer(challenge);
      case 1:
        return verify(challenge);
      default:
        return broken_challenge("SCRAM has only two steps");
    }
  }
  // Some servers put the final message into the text of the success and some leave it out; only
  // one that came as a challenge was verified. RFC 4954 §4 forbids the former.
  bool server_proved() const override { return proved_; }

 private:
  static std::optional<std::string_view> attribute(std::string_view message, char name) {
    while (!message.empty()) {
      const std::size_t comma = std::min(message.find(','), message.size());
      const std::string_view part = message.substr(0, comma);
      if (part.size() >= 2 && part[0] == name && part[1] == '=') return part.substr(2);
      message.remove_prefix(std::min(message.size(), comma + 1));
    }
    return std::nullopt;
  }

  Result<std::string> answer(std::string_view challenge) {
    const auto nonce = attribute(challenge, 'r');
    const auto salt_text = attribute(challenge, 's');
    const auto count_text = attribute(challenge, 'i');
    if (challenge.starts_with("m=") || !nonce || !salt_text || !count_text) {
      return broken_challenge("an attribute of SCRAM is missing");
    }
    if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) {
      return broken_challenge("it does not continue our nonce");
    }
    const auto salt = from_base64(*salt_text);
    int count = 0;
    const auto [end, error] =
        std::from_chars(count_text->data(), count_text->data() + count_text->size(), count);
    if (!salt || salt->empty() || error != std::errc() ||
        end != count_text->data() + count_text->size() || count < 1 ||
        count > scram_iterations_max) {
      return broken_challenge("the salt or the number of rounds");
    }
    const std::string password = prepare(credentials_.password);
    std::string salted(32, '\0');
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt->data()),
                          static_cast<int>(salt->size()), count, EVP_sha256(), 32,
                          reinterpret_cast<unsigned char*>(salted.data())) != 1) {
      return broken_challenge("the password cannot be salted");
    }
    const std::string without_proof = "c=biws,r=" + std::string(*nonce);
    const std::string auth = first_bare_ + "," + std::string(challenge) + "," + without_proof;
    const std::string client_key = hmac_sha256(salted, "Client Key");
    std::string proof = hmac_sha256(sha256(client_key), auth);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= client_key[i];
    server_signature_ = hmac_sha256(hmac_sha256(salted, "Server Key"), auth);
    return without_proof + ",p=" + to_base64(proof);
  }

  Result<std::string> verify(std::string_view challenge) {
    if (const auto error = attribute(challenge, 'e')) {
      return fail(ErrorKind::denied, "sasl.refused",
                  "The mail server refused the login: " + std::string(*error) + ".");
    }
    const auto text = attribute(challenge, 'v');
    const auto signature = text ? from_base64(*text) : std::nullopt;
    if (!signature || !equal_constant_time(*signature, server_signature_)) {
      return fail(ErrorKind::denied, "sasl.server_unproved",
                  "The mail server could not prove that it knows the password: it may be another "
                  "server than it claims to be.");
    }
    proved_ = true;
    return std::string();
  }

  SaslCredentials credentials_;
  std::string nonce_;
  std::string first_bare_;
  std::string server_signature_;
  int step_ = 0;
  bool proved_ = false;
};

// XOAUTH2 and OAUTHBEARER: the token at once; a challenge is the server's description of an error,
// answered so that it ends the conversation with its own reply.
class Bearer final : public SaslClient {
 public:
  Bearer(SaslCredentials credentials, bool standard)
      : credentials_(std::move(credentials)), standard_(standard) {}
  std::optional<std::string> initial_response() override {
    if (standard_) {
      return "n,a=" + credentials_.user +
             ",\x01"
             "auth=Bearer " +
             credentials_.password + "\x01\x01";
    }
    return "user=" + credentials_.user +
           "\x01"
           "auth=Bearer " +
           credentials_.password + "\x01\x01";
  }
  Result<std::string> respond(std::string_view challenge) override {
    if (challenge.empty() && !std::exchange(asked_, true)) return *initial_response();
    if (std::exchange(failed_, true)) return broken_challenge("it goes on after its error");
    return std::string(standard_ ? "\x01" : "");
  }

 private:
  SaslCredentials credentials_;
  bool standard_;
  bool asked_ = false;
  bool failed_ = false;
};

}  // namespace

std::string_view to_string(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::scram_sha_256:
      return "SCRAM-SHA-256";
    case SaslMechanism::cram_md5:
      return "CRAM-MD5";
    case SaslMechanism::plain:
      return "PLAIN";
    case SaslMechanism::login:
      return "LOGIN";
    case SaslMechanism::xoauth2:
      return "XOAUTH2";
    case SaslMechanism::oauthbearer:
      return "OAUTHBEARER";
  }
  return "PLAIN";
}

std::optional<SaslMechanism> parse_sasl_mechanism(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '_') c = '-';
  }
  for (const SaslMechanism mechanism :
       {SaslMechanism::scram_sha_256, SaslMechanism::cram_md5, SaslMechanism::plain,
        SaslMechanism::login, SaslMechanism::xoauth2, SaslMechanism::oauthbearer}) {
    if (upper == to_string(mechanism)) return mechanism;
  }
  return std::nullopt;
}

const std::vector<SaslMechanism>& default_sasl_order() {
  static const std::vector<SaslMechanism> order = {SaslMechanism::scram_sha_256,
                                                   SaslMechanism::cram_md5, SaslMechanism::plain,
                                                   SaslMechanism::login};
  return order;
}

std::unique_ptr<SaslClient> make_sasl_client(SaslMechanism mechanism, SaslCredentials credentials,
                                             std::string nonce) {
  switch (mechanism) {
    case SaslMechanism::scram_sha_256:
      return std::make_unique<ScramSha256>(std::move(credentials), std::move(nonce));
    case SaslMechanism::cram_md5:
      return std::make_unique<CramMd5>(std::move(credentials));
    case SaslMechanism::plain:
      return std::make_unique<Plain>(std::move(credentials));
    case SaslMechanism::login:
      return std::make_unique<Login>(std::move(credentials));
    case SaslMechanism::xoauth2:
      return std::make_unique<Bearer>(std::move(credentials), false);
    case SaslMechanism::oauthbearer:
      return std::make_unique<Bearer>(std::move(credentials), true);
  }
  return std::make_unique<Plain>(std::move(credentials));
}

}  // namespace tidings::wire
