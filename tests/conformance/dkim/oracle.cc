#include "oracle.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"

namespace tidings::wire::testing {

namespace {

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string one_space(std::string text) {
  text = replaced(std::move(text), "\t", " ");
  while (text.contains("  ")) text = replaced(std::move(text), "  ", " ");
  return text;
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string without_white(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return text;
}

std::string name_of(const std::string& field) {
  return without_white(lower_case(field.substr(0, field.find(':'))));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool verifies(const std::string& type, const std::string& key, const std::string& digest,
              const std::string& signature) {
  const auto* octets = reinterpret_cast<const unsigned char*>(key.data());
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(
      type == "ed25519" ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets, key.size())
                        : d2i_PUBKEY(nullptr, &octets, static_cast<long>(key.size())),
      EVP_PKEY_free);
  if (!pkey || (type != "ed25519" && EVP_PKEY_get_bits(pkey.get()) < 1024)) return false;
  const auto* given = reinterpret_cast<const unsigned char*>(signature.data());
  const auto* hash = reinterpret_cast<const unsigned char*>(digest.data());
  if (type == "ed25519") {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                    EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
           EVP_DigestVerify(context.get(), given, signature.size(), hash, digest.size()) == 1;
  }
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(pkey.get(), nullptr), EVP_PKEY_CTX_free);
  return EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
         EVP_PKEY_verify(context.get(), given, signature.size(), hash, digest.size()) == 1;
}

}  // namespace

std::vector<std::string> header_fields(std::string_view message) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  while (at < message.size() && message.substr(at, 2) != "\r\n") {
    std::size_t end = message.find("\r\n", at);
    if (end == std::string_view::npos) end = message.size();
    const std::string line(message.substr(at, end - at));
    if ((line.starts_with(' ') || line.starts_with('\t')) && !fields.empty()) {
      fields.back() += "\r\n" + line;
    } else {
      fields.push_back(line);
    }
    at = end + 2;
  }
  return fields;
}

std::string body_of(std::string_view message) {
  const std::size_t end = message.starts_with("\r\n") ? 0 : message.find("\r\n\r\n");
  if (end == std::string_view::npos) return "";
  return std::string(message.substr(message.starts_with("\r\n") ? 2 : end + 4));
}

std::string relaxed_field(std::string field) {
  const std::size_t colon = field.find(':');
  if (colon == std::string::npos) return name_of(field);
  std::string value = one_space(replaced(field.substr(colon + 1), "\r\n", ""));
  while (value.ends_with(' ')) value.pop_back();
  while (value.starts_with(' ')) value.erase(0, 1);
  return name_of(field) + ":" + value;
}

std::string relaxed_body(std::string body) {
  body = one_space(std::move(body));
  body = replaced(std::move(body), " \r\n", "\r\n");
  if (body.ends_with(' ')) body.pop_back();
  if (!body.empty() && !body.ends_with("\r\n")) body += "\r\n";
  while (body.ends_with("\r\n\r\n")) body.erase(body.size() - 2);
  return body == "\r\n" ? "" : body;
}

std::string tag(std::string_view list, std::string_view name) {
  for (const std::string& one : split(std::string(list), ';')) {
    const std::string text = without_white(one);
    if (text.starts_with(std::string(name) + "=")) return text.substr(name.size() + 1);
  }
  return "";
}

std::string signed_octets(std::string_view message, std::size_t field) {
  const auto fields = header_fields(message);
  const std::string value = fields.at(field).substr(fields.at(field).find(':') + 1);
  std::string out;
  std::map<std::string, std::size_t> used;
  for (const std::string& word : split(lower_case(tag(value, "h")), ':')) {
    std::size_t left = ++used[word];
    for (auto one = fields.rbegin(); one != fields.rend(); ++one) {
      if (name_of(*one) == word && --left == 0) {
        out += relaxed_field(*one) + "\r\n";
        break;
      }
    }
  }
  // Everything of b= goes, up to the next tag or the end.
  std::string own = fields[field];
  std::size_t at = 0;
  while (at < own.size()) {
    std::size_t end = std::min(own.find(';', at), own.size());
    if (without_white(own.substr(at, end - at)).starts_with("b=")) {
      const std::size_t equals = own.find('=', at) + 1;
      own.erase(equals, end - equals);
      break;
    }
    at = end + 1;
  }
  return out + relaxed_field(own);
}

std::string check_signature(std::string_view message, std::size_t field, std::string_view record) {
  const auto fields = header_fields(message);
  if (field >= fields.size() || name_of(fields[field]) != "dkim-signature") return "no signature";
  const std::string value = fields[field].substr(fields[field].find(':') + 1);
  if (tag(value, "v") != "1") return "v=";
  if (tag(value, "c") != "relaxed/relaxed") return "c=";
  if (!tag(value, "l").empty()) return "l=";
  if (tag(value, "d").empty() || tag(value, "s").empty()) return "d= s=";
  const std::string algorithm = tag(value, "a");
  const std::string type = tag(record, "k").empty() ? "rsa" : tag(record, "k");
  if (algorithm != type + "-sha256") return "a=";
  if (!(":" + lower_case(tag(value, "h")) + ":").contains(":from:")) return "h= without From";
  if (tag(value, "bh") != to_base64(sha256(relaxed_body(body_of(message))))) return "bh=";
  const auto key = from_base64(tag(record, "p"));
  const auto signature = from_base64(tag(value, "b"));
  if (!key || !signature) return "base64";
  return verifies(type, *key, sha256(signed_octets(message, field)), *signature) ? "" : "b=";
}

}  // namespace tidings::wire::testing
