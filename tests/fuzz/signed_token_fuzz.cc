// Any text as a token: parsed or not, never believed unless it is one that was signed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/signed_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const TokenSigner signer(1, std::string(kTokenKeyBytes, 'k'));
  for (const auto& token : {parse_url_token(text), parse_return_path_token(text)}) {
    if (!token) continue;
    CHECK(token->message_id.valid() && token->key_id > 0 && token->key_id <= kTokenKeyIdMax);
    if (!signer.verify(*token)) continue;
    const auto tokens = signer.sign(token->message_id);
    CHECK(tokens.url(token->purpose) == text || text.size() == 39);
  }
  return 0;
}
