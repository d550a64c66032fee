// bench dkim: what signing costs, against what the core's RSA costs alone (F4).
//
// One JSON line. raw_rsa_per_s is OpenSSL's own RSA-2048 signature in a loop with everything set up
// once; per_s is a whole message signed with such a key: body hash, header, DKIM-Signature.
// ratio is their quotient: F4 wants at least 0.9. The two take turns, a tenth of the time each, so
// that what else the machine does meets both. Flags: --messages N (10000), --kilobytes K (13),
// --small.
#include "wire/dkim.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/bytes.h"
#include "base/check.h"
#include "usage.h"
#include "wire/relaxed_form.h"

namespace tidings::wire {
namespace {

constexpr std::size_t kTurns = 10;

std::string newsletter(std::size_t kilobytes) {
  std::string message =
      "Date: Sun, 22 Nov 2026 08:00:00 +0000\r\nFrom: The Society <news@example.org>\r\n"
      "To: Zoe O'Neill <zoe.oneill@example.net>\r\nSubject: News for Zoe\r\n"
      "Message-ID: <0e5m3k9q1zw2a@example.org>\r\n"
      "List-Unsubscribe: <https://t.example.org/u/0123456789abcdefghijklmnopqrstuv>\r\n"
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: <news.example.org>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
  for (int i = 0; message.size() < kilobytes * 1024; ++i) {
    message += fmt::format(
        "<tr><td style=3D\"padding: 12px; color: #333333\">\r\n<h2>Item {}</h2>\r\n<p>The "
        "committee met in the old town hall; caf=C3=A9 and cake=\r\n afterwards. Members pay "
        "nothing, guests five euros at the door.</p>\r\n",
        i);
  }
  return message;
}

// OpenSSL's own loop: key, padding and digest are set once.
class RawRsa {
 public:
  explicit RawRsa(std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    key_ = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
    context_ = EVP_PKEY_CTX_new(key_, nullptr);
    CHECK(EVP_PKEY_sign_init(context_) == 1 &&
          EVP_PKEY_CTX_set_rsa_padding(context_, RSA_PKCS1_PADDING) == 1 &&
          EVP_PKEY_CTX_set_signature_md(context_, EVP_sha256()) == 1);
  }
  ~RawRsa() {
    EVP_PKEY_CTX_free(context_);
    EVP_PKEY_free(key_);
  }
  RawRsa(const RawRsa&) = delete;
  RawRsa& operator=(const RawRsa&) = delete;

  void sign(std::string_view digest) {
    std::size_t size = sizeof signature_;
    CHECK(EVP_PKEY_sign(context_, signature_, &size,
                        reinterpret_cast<const unsigned char*>(digest.data()), digest.size()) == 1);
  }

 private:
  EVP_PKEY* key_ = nullptr;
  EVP_PKEY_CTX* context_ = nullptr;
  unsigned char signature_[512] = {};
};

// CPU of `count` rounds, in microseconds each.
template <typename Work>
double cost(std::size_t count, Work work) {
  const double start = bench::cpu_us();
  for (std::size_t i = 0; i < count; ++i) work(i);
  return (bench::cpu_us() - start) / static_cast<double>(count);
}

void run(std::size_t messages, std::size_t kilobytes) {
  const DkimKey rsa = *DkimKey::generate(DkimAlgorithm::rsa_sha256);
  const DkimKey ed25519 = *DkimKey::generate(DkimAlgorithm::ed25519_sha256);
  const DkimSigner rsa_signer({{"example.org", "r", rsa}});
  const DkimSigner ed25519_signer({{"example.org", "e", ed25519}});
  const DkimSigner both({{"example.org", "r", rsa}, {"example.org", "e", ed25519}});
  const std::string message = newsletter(kilobytes);
  const std::string digest = sha256(message);
  RawRsa raw(rsa.to_der());
  const auto sign = [&](const DkimSigner& signer) {
    return [&](std::size_t i) {
      CHECK(signer.sign(message, from_micros(static_cast<std::int64_t>(i))).has_value());
    };
  };
  const std::size_t turn = std::max<std::size_t>(messages / kTurns, 1);
  double raw_us = 0;
  double rsa_us = 0;
  double ed25519_us = 0;
  double both_us = 0;
  for (std::size_t i = 0; i < kTurns; ++i) {
    raw_us += cost(turn, [&](std::size_t) { raw.sign(digest); }) / kTurns;
    rsa_us += cost(turn, sign(rsa_signer)) / kTurns;
    ed25519_us += cost(turn, sign(ed25519_signer)) / kTurns;
    both_us += cost(turn, sign(both)) / kTurns;
  }
  const std::string_view body = std::string_view(message).substr(message.find("\r\n\r\n") + 4);
  const double body_us = cost(messages, [&](std::size_t) {
    BodyHash hash;
    hash.append(body);
    CHECK(hash.finish().size() == 32);
  });
  fmt::print(
      "{{\"bench\":\"dkim\",\"n\":{},\"octets_each\":{},\"raw_rsa_per_s\":{:.0f},\"per_s\":"
      "{:.0f},\"ratio\":{:.3f},\"ed25519_per_s\":{:.0f},\"both_per_s\":{:.0f},\"raw_rsa_us\":"
      "{:.1f},\"cpu_us_each\":{:.1f},\"ed25519_us\":{:.1f},\"body_hash_us\":{:.1f},\"rss_mb\":{:."
      "1f}}}"
      "\n",
      messages, message.size(), 1e6 / raw_us, 1e6 / rsa_us, raw_us / rsa_us, 1e6 / ed25519_us,
      1e6 / both_us, raw_us, rsa_us, ed25519_us, body_us, bench::rss_mb());
}

}  // namespace
}  // namespace tidings::wire

int main(int count, char** arguments) {
  std::size_t messages = 10'000;
  std::size_t kilobytes = 13;
  for (int i = 1; i < count; ++i) {
    const std::string_view flag = arguments[i];
    if (flag == "--small") messages = 200;
    if (i + 1 == count) break;
    const auto value = static_cast<std::size_t>(std::strtoull(arguments[i + 1], nullptr, 10));
    if (flag == "--messages") messages = std::max<std::size_t>(value, 1);
    if (flag == "--kilobytes") kilobytes = value;
  }
  tidings::wire::run(messages, kilobytes);
  return 0;
}
