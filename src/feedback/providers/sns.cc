#include "feedback/providers/sns.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/text.h"

namespace tidings::feedback {
namespace {

constexpr std::size_t kUrlMax = 2'000;
constexpr std::size_t kArnMax = 350;

bool is_word(std::string_view text, std::string_view besides) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           besides.contains(c);
  });
}

// "sns.eu-west-1.amazonaws.com"
bool is_sns_host(std::string_view host) {
  constexpr std::string_view kBegin = "sns.";
  constexpr std::array<std::string_view, 2> kEnds = {".amazonaws.com", ".amazonaws.com.cn"};
  if (!host.starts_with(kBegin)) return false;
  host.remove_prefix(kBegin.size());
  for (const std::string_view end : kEnds) {
    if (!host.ends_with(end)) continue;
    const std::string_view region = host.substr(0, host.size() - end.size());
    return is_word(region, "-") && lower(region) == region;
  }
  return false;
}

std::optional<SnsUrl> address_of(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (url.size() > kUrlMax || !url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  if (slash == std::string_view::npos || !is_sns_host(url.substr(0, slash))) return std::nullopt;
  return SnsUrl{std::string(url.substr(0, slash)), std::string(url.substr(slash))};
}

}  // namespace

Result<SnsMessage> read_sns(std::string_view body) {
  const auto object = object_of(body);
  SnsMessage message;
  if (object) {
    message.type = text_of(*object, "Type");
    message.message_id = text_of(*object, "MessageId");
    message.topic = text_of(*object, "TopicArn");
    const auto* subject = object->if_contains("Subject");
    if (subject != nullptr && subject->is_string()) message.subject = text_of(*object, "Subject");
    message.message = text_of(*object, "Message");
    message.timestamp = text_of(*object, "Timestamp");
    message.signature_version = text_of(*object, "SignatureVersion");
    message.signature = from_base64(text_of(*object, "Signature")).value_or("");
    message.certificate_url = text_of(*object, "SigningCertURL");
    message.subscribe_url = text_of(*object, "SubscribeURL");
    message.token = text_of(*object, "Token");
  }
  if (message.type.empty() || message.topic.empty() || message.signature.empty()) {
    return fail(ErrorKind::invalid, "provider.malformed",
                "This is no message of Amazon SNS. Raw message delivery must be off.");
  }
  return message;
}

std::string sns_signed_text(const SnsMessage& message) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    text += name;
    text += '\n';
    text += value;
    text += '\n';
  };
  add("Message", message.message);
  add("MessageId", message.message_id);
  if (message.type == "Notification") {
    if (message.subject) add("Subject", *message.subject);
    add("Timestamp", message.timestamp);
  } else {
    add("SubscribeURL", message.subscribe_url);
    add("Timestamp", message.timestamp);
    add("Token", message.token);
  }
  add("TopicArn", message.topic);
  add("Type", message.type);
  return text;
}

std::optional<SnsUrl> certificate_address(std::string_view url) {
  auto address = address_of(url);
  if (!address || !address->path.ends_with(".pem") || address->path.contains("..") ||
      !is_word(address->path, "/._-")) {
    return std::nullopt;
  }
  return address;
}

std::optional<SnsUrl> confirmation_address(std::string_view url) {
  auto address = address_of(url);
  if (!address || !address->path.starts_with("/?Action=ConfirmSubscription&") ||
      !is_word(address->path, "/?=&%:._-~+")) {
    return std::nullopt;
  }
  return address;
}

bool is_topic_arn(std::string_view text) {
  if (text.size() > kArnMax || !text.starts_with("arn:aws") || !is_word(text, ":_-.")) return false;
  return std::ranges::count(text, ':') == 5 && text.contains(":sns:") && !text.ends_with(':');
}

}  // namespace tidings::feedback
