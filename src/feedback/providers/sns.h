// Amazon SNS calling a web address: the envelope that SES's notifications come in.
//
// The signature covers all that is used here but the certificate's URL, which is therefore held to
// Amazon's own hosts before anybody fetches it. Which topic it is about is compared by the caller.
// Source: Amazon SNS Developer Guide, "Message and JSON formats" and "Verifying the signatures of
// Amazon SNS messages". Thread: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::feedback {

struct SnsMessage {
  std::string type;  // Notification, SubscriptionConfirmation, UnsubscribeConfirmation
  std::string message_id;
  std::string topic;  // the ARN
  std::optional<std::string> subject;
  std::string message;
  std::string timestamp;
  std::string signature_version;  // "1" with SHA-1, "2" with SHA-256
  std::string signature;          // octets
  std::string certificate_url;
  std::string subscribe_url;
  std::string token;
};

// Errors: provider.malformed (invalid), also for what has no envelope ("raw message delivery").
Result<SnsMessage> read_sns(std::string_view body);

// What the signature is of.
std::string sns_signed_text(const SnsMessage& message);

// A URL that may be asked, in the parts that a request has.
struct SnsUrl {
  std::string host;
  std::string path;  // with its query
};
// https://sns.REGION.amazonaws.com/….pem, or .com.cn: no other host, port, user or form.
std::optional<SnsUrl> certificate_address(std::string_view url);
// https://sns.REGION.amazonaws.com/?Action=ConfirmSubscription&…
std::optional<SnsUrl> confirmation_address(std::string_view url);

// "arn:aws:sns:eu-west-1:123456789012:bounces", also of Amazon's other partitions.
bool is_topic_arn(std::string_view text);

}  // namespace tidings::feedback
