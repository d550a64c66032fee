// Mail that came in, opened just far enough to tell what it is: header fields, what it says to a
// person, the machine-readable parts of a report, the header of the message it returns.
//
// GMime reads the MIME structure where it is not plain (plain_mail.h); mail without a header (the
// mere text of a bounce) is text. Bounds: kMailMax octets are read and the rest is left out;
// kNestingMax multiparts inside one another and kPartsMax parts are opened, deeper ones are not
// looked at; texts are cut at kMailTextMax, header values at wire::kFieldMax. GMime itself builds
// every part there is: the worst mail of kMailMax takes about 150 MB and half a second. Nothing in
// a mail is an error. Spec: RFC 5322, RFC 2045 to 2047, RFC 6522 (multipart/report), RFC 6532
// (UTF-8 headers). Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/report_fields.h"

namespace tidings::feedback {

inline constexpr std::size_t kMailMax = std::size_t{1} << 20;
inline constexpr std::size_t kMailTextMax = std::size_t{64} << 10;
inline constexpr int kNestingMax = 32;
inline constexpr int kPartsMax = 200;

// All texts are valid UTF-8 without NULs.
struct Mail {
  wire::ReportBlock header;     // names in lower case, values decoded
  bool has_header = false;      // false: the octets were a mere text
  bool is_report = false;       // multipart/report
  std::string text;             // for a person: text/plain, or what the HTML says
  std::string delivery_status;  // message/delivery-status and its UTF-8 kind
  std::string inner_status;     // the same of a report inside the message that comes back
  std::string feedback_report;  // message/feedback-report
  std::string disposition;      // message/disposition-notification
  bool has_returned = false;    // a message, or its header, comes back
  wire::ReportBlock returned;   // its header

  // The first field of that name (lower case), or empty.
  std::string_view field(std::string_view name) const;
};

Mail read_mail(std::string_view octets);

// Where the header begins: behind empty lines and the "From " line of an mbox, cut at kMailMax;
// nothing when there is no header.
std::optional<std::string_view> mail_behind_mark(std::string_view octets);
// What read_mail() does with mail that is not plain; `octets` from mail_behind_mark(). For tests.
Mail read_mail_with_gmime(std::string_view octets);

// The messages of a file: one, or those of an mbox (RFC 4155), which begins with "From " and has
// such a line after an empty one before each. Borrows.
std::vector<std::string_view> split_mailbox(std::string_view file);

}  // namespace tidings::feedback
