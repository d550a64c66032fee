#include "net/stream_sentences.h"

#include <array>
#include <boost/asio/error.hpp>
#include <string>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace tidings::net {
namespace asio = boost::asio;
namespace {

// The names a certificate is for: up to five, as a person would write them.
std::string names_of(X509* certificate) {
  std::string names;
  int shown = 0;
  auto* const all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all) && shown < 5; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    const ASN1_STRING* const text = name->d.dNSName;
    if (!names.empty()) names += ", ";
    for (int c = 0; c < ASN1_STRING_length(text) && c < 255; ++c) {
      const unsigned char octet = ASN1_STRING_get0_data(text)[c];
      names += octet > 0x20 && octet < 0x7F ? static_cast<char>(octet) : '?';
    }
    ++shown;
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string certificate_sentence(const std::string& host, long verdict, const std::string& names) {
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format(
          "The certificate of {} is for {}. Use the name in the certificate as the host, or allow "
          "it with ?tls=insecure.",
          host, names.empty() ? "another name" : names);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format(
          "The certificate of {} has expired. Renew it, and check this computer's date.", host);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("The certificate of {} is not valid yet. Check this computer's date.",
                         host);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format(
          "The certificate of {} is signed by itself and by no authority known here. Name the file "
          "of its authority with ?ca=FILE, or allow it with ?tls=insecure.",
          host);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format(
          "The certificate of {} is signed by an authority not known here. Name the file of its "
          "authority with ?ca=FILE, or have the server send its intermediate certificates.",
          host);
    default:
      return fmt::format("The certificate of {} cannot be accepted: {}.", host,
                         X509_verify_cert_error_string(verdict));
  }
}

}  // namespace

Error connect_error(const std::string& host, std::uint16_t port,
                    const boost::system::error_code& error) {
  if (port == 0) {
    return {ErrorKind::unavailable, "net.connect",
            fmt::format("Cannot connect to {}: {}. Check that the program behind it runs.", host,
                        error.message())};
  }
  const std::string where = fmt::format("{} port {}", host, port);
  if (error == asio::error::connection_refused) {
    return {ErrorKind::unavailable, "net.refused",
            fmt::format("Cannot connect to {}: connection refused. Check the host and port, and "
                        "that the server runs.",
                        where)};
  }
  if (error == asio::error::timed_out) {
    return {ErrorKind::timeout, "net.timeout",
            fmt::format("Cannot connect to {}: no answer in time. Check the host and port; a "
                        "firewall may be in the way.",
                        where)};
  }
  if (error == asio::error::host_not_found || error == asio::error::no_data) {
    return {ErrorKind::unavailable, "net.host_unknown",
            fmt::format("Cannot connect to {}: there is no host of that name. Check its spelling.",
                        where)};
  }
  if (error == asio::error::host_not_found_try_again) {
    return {ErrorKind::unavailable, "net.name_service",
            fmt::format("Cannot connect to {}: the name service did not answer. Check this "
                        "computer's network.",
                        where)};
  }
  return {
      ErrorKind::unavailable, "net.connect",
      fmt::format("Cannot connect to {}: {}. Check the host and port.", where, error.message())};
}

int note_certificate_names(int verified, X509_STORE_CTX* context) {
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const names = ssl != nullptr ? static_cast<std::string*>(SSL_get_app_data(ssl)) : nullptr;
  X509* const certificate = X509_STORE_CTX_get0_cert(context);
  if (verified == 0 && names != nullptr && certificate != nullptr) *names = names_of(certificate);
  return verified;
}

Error tls_error(const std::string& host, SSL* ssl) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK && (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0) {
    const auto* const names = static_cast<const std::string*>(SSL_get_app_data(ssl));
    Error error{ErrorKind::denied, "tls.certificate",
                certificate_sentence(host, verdict, names != nullptr ? *names : std::string())};
    ERR_clear_error();
    return error;
  }
  const unsigned long code = ERR_peek_last_error();
  const char* const words = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return {ErrorKind::unavailable, "tls.handshake",
          fmt::format("The encrypted connection to {} could not be set up: {}. Check the port: 465 "
                      "begins encrypted (smtps://), 587 and 25 do not (smtp://).",
                      host, words == nullptr ? "the server closed the connection" : words)};
}

}  // namespace tidings::net
