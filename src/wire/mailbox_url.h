// MailboxUrl: where mail is collected, as one line of configuration.
//
//   imaps://[USER@]HOST[:PORT]/[FOLDER][?ca=FILE]    port 993, the folder INBOX
//   pop3s://[USER@]HOST[:PORT]/[?ca=FILE]            port 995
//
// Always encrypted from the start, the certificate always verified; ca=FILE trusts the authorities
// of this PEM file instead of the system's. User and folder are percent-encoded where needed ("%40"
// for '@'). A password has no place in it. Spec: RFC 5092 and 2384 in part. Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::wire {

struct MailboxUrl {
  bool is_pop3 = false;
  std::string user;
  std::string host;  // a name or an address; IPv6 without brackets
  std::uint16_t port = 993;
  std::string folder = "INBOX";  // empty for POP3
  std::string ca_file;
};

// Errors: mailbox_url.malformed (invalid) with what is wrong.
Result<MailboxUrl> parse_mailbox_url(std::string_view text);

// A folder's name as it may be given: printable ASCII without quotes or wildcards. (Others would
// need the encoding of RFC 3501 §5.1.3.)
bool is_folder_name(std::string_view name);

}  // namespace tidings::wire
