// Header fields as octets: folded, encoded where they must be, and proof against injection.
//
// Every function appends one whole field, CRLF included, to `out`. Values are cleaned first
// (clean_header_text), so a CR, LF or NUL in a name, subject or address never reaches the wire.
// Spec: RFC 5322 §2.1.1 (lines of at most 78 octets preferred, 998 hard), §2.2.3 (folding at white
// space only, never a white-only line), RFC 2047 §5 (never an encoded-word in an addr-spec or a
// quoted-string), RFC 2231 §4, RFC 6532 (UTF-8 in an addr-spec).
// Thread: any; everything here is pure.
#pragma once

#include <string>
#include <string_view>

#include "wire/email_address.h"

namespace tidings::wire {

// Unstructured text, such as Subject. Words beyond ASCII, and words too long for a line, become
// encoded-words.
void append_text_field(std::string& out, std::string_view name, std::string_view value);

// One mailbox, such as To. `address` is in normalised form; its octets are written as they are but
// for control characters, which are left out. Optimisation: takes the two parts as views, because
// To is written for every message.
void append_mailbox_field(std::string& out, std::string_view name, std::string_view display_name,
                          std::string_view address);
void append_mailbox_field(std::string& out, std::string_view name, const Mailbox& mailbox);

// A value whose grammar is the caller's (Message-ID, List-Unsubscribe, Content-Type without
// parameters): ASCII; folded at its spaces; everything but printable ASCII is left out. A word
// beyond 900 octets makes the line too long, so the caller bounds them.
void append_structured_field(std::string& out, std::string_view name, std::string_view value);

// Content-Disposition: attachment with the file's name: an ASCII `filename=` for old readers, and
// `filename*=UTF-8''…` where that loses something. Any path before the name is left out; names
// are cut at 200 octets, keeping the extension.
void append_attachment_disposition(std::string& out, std::string_view file_name);

}  // namespace tidings::wire
