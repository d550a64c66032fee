// Any message and any record: canonicalising in pieces is canonicalising at once, and nothing that
// is signed grows lines that mail may not have.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/dkim.h"
#include "wire/relaxed_form.h"
#include "wire/tag_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings;
  using namespace tidings::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The Ed25519 key of RFC 8032 §7.1, test 1, in PKCS#8.
  static const DkimSigner signer(
      {{"example.org", "s",
        *DkimKey::from_der(
            *from_hex("302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2c"
                      "c44449c5697b326919703bac031cae7f60"))}});
  if (const auto record = parse_dkim_key_record(text)) {
    CHECK(record->public_key.find_first_of(" \t\r\n") == std::string::npos);
  }
  // OpenSSL takes milliseconds to find that something is no key: asked where it may be one.
  if (text.contains("-----BEGIN ")) (void)DkimKey::from_pem(text);
  if (size < 4096 && text.starts_with('0')) (void)DkimKey::from_der(text);
  (void)quoted_txt(text);
  std::string once;
  RelaxedBody whole;
  whole.append(text, once);
  whole.finish(once);
  std::string twice;
  RelaxedBody pieces;
  const std::size_t step = size == 0 ? 1 : data[0] % 7u + 1;
  for (std::size_t at = 0; at < size; at += step) pieces.append(text.substr(at, step), twice);
  pieces.finish(twice);
  CHECK(once == twice && once.size() <= size + 2);
  const auto fields = signer.sign("From: a@example.org\r\n" + std::string(text), from_micros(0));
  CHECK(fields && fields->ends_with("\r\n"));
  for (std::size_t at = 0; at < fields->size();) {
    const std::size_t end = fields->find("\r\n", at);
    CHECK(end - at > 1 && end - at <= 78);
    at = end + 2;
  }
  return 0;
}
