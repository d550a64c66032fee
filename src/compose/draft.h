// Draft: the content of an e-mail while a person works on it: in a campaign's draft, in a template
// (saved message), in a preview. Everything in it may still be empty; what sending needs beyond
// this is preflight's to say.
//
// One JSON form for the database and the API (schema Draft in spec/api/content.yaml); HTML and text
// survive it byte for byte.
// Thread: values, any.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "delivery/html_links.h"

namespace tidings::compose {

// Bounds, in bytes of UTF-8 unless said otherwise; beyond them check_draft() names the field.
inline constexpr std::size_t kSubjectMax = 998;  // a line of RFC 5322 §2.1.1
inline constexpr std::size_t kPreheaderMax = 1000;
inline constexpr std::size_t kReplyToMax = 1000;
inline constexpr std::size_t kHtmlMax = 4u << 20;  // what the template language takes
inline constexpr std::size_t kTextMax = 4u << 20;
inline constexpr std::size_t kAttachmentsMax = 20;
inline constexpr std::size_t kFileNameMax = 200;
inline constexpr std::size_t kDescriptionMax = 500;
inline constexpr std::size_t kUtmMax = 200;  // each parameter

// A row of the attachments table (P8). The bytes are those of the media; type and size are copies
// of its own, for showing: what is sent is read from the media.
struct DraftAttachment {
  MediaId media_id;
  std::string file_name;  // as the recipient sees it
  std::string description;
  std::string media_type;
  std::int64_t size = 0;  // bytes, before encoding

  friend bool operator==(const DraftAttachment&, const DraftAttachment&) = default;
};

// What is counted when the message is read. Not said: of campaigns opens and clicks, of other
// messages nothing. The organisation's mode stands above it (compose/tracking.h).
struct DraftTracking {
  std::optional<bool> opens;
  std::optional<bool> clicks;
  delivery::Utm utm;

  friend bool operator==(const DraftTracking&, const DraftTracking&) = default;
};

struct Draft {
  SenderId sender_id;     // not valid(): none chosen yet
  std::string reply_to;   // `a@b` or `Name <a@b>`; empty: the sender's default
  std::string subject;    // Liquid, one line
  std::string preheader;  // Liquid; what mail programs show after the subject; empty: none
  std::string html;       // Liquid
  std::string text;       // Liquid; empty: derived from html
  std::vector<DraftAttachment> attachments;
  std::string locale;  // BCP 47; empty: the organisation's
  TopicId topic_id;    // not valid(): no topic
  DraftTracking tracking;

  friend bool operator==(const Draft&, const Draft&) = default;
};

// What is wrong with one member, for a form to show at it.
struct FieldProblem {
  std::string field;    // JSON Pointer within the thing checked: "/subject", "/attachments/0/…"
  std::string code;     // stable: "draft.line_break"
  std::string message;  // a sentence
};

// Ids as their text, null when there is none; every member is written.
boost::json::object draft_json(const Draft& draft);
// The reverse. What is missing or null is empty; unknown members are passed over, so that an older
// program reads what a newer one stored. Error: draft.malformed (invalid) naming the member whose
// type is wrong.
Result<Draft> draft_from_json(const boost::json::value& json);

// The member `tracking` alone, and as read from the object that has it.
boost::json::object tracking_json(const DraftTracking& tracking);
Result<DraftTracking> tracking_from_json(const boost::json::object& owner);

// As stored in a column of text.
std::string draft_text(const Draft& draft);
Result<Draft> draft_from_text(std::string_view text);

// What makes a draft unfit to be stored: too long, not UTF-8, a NUL, a line break in what becomes
// a header (subject, reply-to, file names), a reply-to that is no address (P7), more attachments
// than there may be. Empty: fine. Tags are not looked at (content_check.h does).
std::vector<FieldProblem> check_draft(const Draft& draft);

}  // namespace tidings::compose
