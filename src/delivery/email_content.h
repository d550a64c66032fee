// What an e-mail says, before it is anybody's: the frozen content version and one recipient of it.
// Thread: values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "delivery/link_rewriter.h"
#include "domain/recipient_rule.h"
#include "liquid/value.h"
#include "wire/email_address.h"

namespace tidings::delivery {

struct Attachment {
  std::string file_name;    // UTF-8; any path before it is left out
  std::string media_type;   // application/octet-stream where it is empty or not legal
  std::string description;  // may be empty
  std::shared_ptr<const std::string> content;
};

struct EmailContent {
  // Liquid. `text` is derived from `html` when empty; without `html` the message is text only.
  std::string subject;
  std::string html;
  std::string text;
  wire::Mailbox from;
  std::optional<wire::Mailbox> reply_to;
  std::string envelope_from;  // MAIL FROM without brackets; empty is the null reverse-path
  std::vector<Attachment> attachments;
  std::string list_id;            // `news.example.org` or `News <news.example.org>`; empty: none
  bool list_unsubscribe = false;  // List-Unsubscribe and List-Unsubscribe-Post (RFC 8058)
  bool auto_submitted = false;    // written by no person: Auto-Submitted (RFC 3834)
  bool is_test = false;           // sent to try it out: X-Tidings-Test: yes
  std::string message_id_domain;  // empty: the domain of `from`
  std::string feedback_id;        // empty: none
  MessageConsent consent;         // whose say it is that it comes
  Tracking tracking;              // what of `html` leads through us
  std::string time_zone;          // IANA name in which templates show instants; empty: UTC
};

// All of it must outlive the call of build().
struct EmailRecipient {
  MessageId id;
  std::string_view address;       // normalised form of wire::EmailAddress
  std::string_view display_name;  // may be empty
  // An object whose members are the variables, kTrackedLinkStart and kTrackedImage among them when
  // the content tracks.
  const liquid::Value* values = nullptr;
  std::string_view unsubscribe_url;  // https; wanted when list_unsubscribe is set
  Instant date{};                    // Date, and `now` in the templates
};

// Message-ID with its angle brackets, the same for every attempt: <0e5m3k9q1zw2a.tidings@domain>.
std::string message_id_header(MessageId id, std::string_view domain);
// The message that such a header names; nothing for the header of anybody else. Brackets and white
// space around it may be missing; the domain is not looked at.
std::optional<MessageId> parse_message_id_header(std::string_view header);

}  // namespace tidings::delivery
