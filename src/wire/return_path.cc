#include "wire/return_path.h"

#include "base/text.h"

namespace tidings::wire {

std::string make_return_path(const MessageTokens& tokens, std::string_view domain) {
  const std::string token = tokens.return_path(TokenPurpose::bounce);
  std::string path;
  path.reserve(kReturnPathPrefix.size() + token.size() + 1 + domain.size());
  path += kReturnPathPrefix;
  path += token;
  path += '@';
  path += domain;
  return path;
}

std::string_view return_path_token(std::string_view address) {
  const std::string_view local = address.substr(0, address.rfind('@'));
  if (local.size() <= kReturnPathPrefix.size() ||
      lower(local.substr(0, kReturnPathPrefix.size())) != kReturnPathPrefix) {
    return {};
  }
  const std::string_view token = local.substr(kReturnPathPrefix.size());
  const auto parsed = parse_return_path_token(token);
  return parsed && parsed->purpose == TokenPurpose::bounce ? token : std::string_view();
}

}  // namespace tidings::wire
