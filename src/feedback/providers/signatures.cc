#include "feedback/providers/signatures.h"

#include <chrono>
#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/freed.h"

namespace tidings::feedback {
namespace {

constexpr int kRsaBitsMin = 2048;

using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PublicKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool verify(EVP_PKEY* key, const EVP_MD* hash, std::string_view text, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  const bool is_good = context != nullptr &&
                       EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key) == 1 &&
                       EVP_DigestVerify(context.get(), octets(signature), signature.size(),
                                        octets(text), text.size()) == 1;
  ERR_clear_error();
  return is_good;
}

PublicKey key_of_der(std::string_view der) {
  const unsigned char* at = octets(der);
  PublicKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  const bool is_whole = key != nullptr && at == octets(der) + der.size();
  ERR_clear_error();
  return is_whole ? std::move(key) : nullptr;
}

bool is_p256(const EVP_PKEY* key) {
  char group[64] = {};
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
         std::string_view(group) == "prime256v1";
}

}  // namespace

bool is_signed_by_certificate(std::string_view certificate, std::string_view text,
                              std::string_view signature, SignatureHash hash, Instant now) {
  const Bio bio(BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size())));
  const Certificate read(bio == nullptr ? nullptr
                                        : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (read == nullptr) return false;
  std::time_t at = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  if (X509_cmp_time(X509_get0_notBefore(read.get()), &at) >= 0 ||
      X509_cmp_time(X509_get0_notAfter(read.get()), &at) <= 0) {
    return false;
  }
  EVP_PKEY* const key = X509_get0_pubkey(read.get());
  if (key == nullptr || EVP_PKEY_is_a(key, "RSA") != 1 || EVP_PKEY_get_bits(key) < kRsaBitsMin) {
    ERR_clear_error();
    return false;
  }
  return verify(key, hash == SignatureHash::sha1 ? EVP_sha1() : EVP_sha256(), text, signature);
}

bool is_signed_by_p256(std::string_view key, std::string_view text, std::string_view signature) {
  const PublicKey read = key_of_der(key);
  return read != nullptr && is_p256(read.get()) &&
         verify(read.get(), EVP_sha256(), text, signature);
}

Result<std::string> read_p256_key(std::string_view text) {
  std::string base64;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view line = text.substr(at, end - at);
    if (!line.starts_with("-----")) {
      for (const char c : line) {
        if (c != ' ' && c != '\r' && c != '\t') base64 += c;
      }
    }
    at = end + 1;
  }
  auto der = from_base64(base64);
  const PublicKey key = der ? key_of_der(*der) : nullptr;
  if (key == nullptr || !is_p256(key.get())) {
    return fail(ErrorKind::invalid, "provider.public_key",
                "That is no verification key. Copy it whole from the service's settings of the "
                "event webhook: it begins with MFkw.");
  }
  return *std::move(der);
}

}  // namespace tidings::feedback
