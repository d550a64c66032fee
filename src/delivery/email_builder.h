// CompiledEmail: a content version worked out once, from which each recipient's octets are built.
//
// Compiling parses the templates, derives the plain text, encodes every static slice of both parts
// and all attachments. Building renders the values in between into one buffer:
//   Date, From, To, Subject, Message-ID, Reply-To, List-*, MIME-Version, Content-Type
//   [multipart/mixed [multipart/alternative text/plain, text/html], attachments…]
// without the levels that would hold one thing only. Text is quoted-printable, attachments are
// base64, so the octets are 7-bit unless an address itself is not (SMTPUTF8).
// Optimisation: 13 KB of HTML and text are built in 4.7 µs, rendering included (bench mime).
// Spec: RFC 5322, 2045–2047, 2231, 2369, 2919, 3834, 8058, 6532.
// Thread: a CompiledEmail is immutable; any number of threads may build from it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "delivery/email_content.h"
#include "liquid/program.h"

namespace tidings::delivery {

struct BuiltEmail {
  std::string octets;           // CRLF line ends, last line ended, before dot-stuffing
  bool needs_smtputf8 = false;  // an address has a local part beyond ASCII
  bool is_8bit = false;         // octets hold bytes above 127 (then in a header)
};

// What one part of the content reads of its values; fits liquid::unknown_variables().
struct PartVariables {
  std::string_view part;  // "subject", "html" or "text", as error messages name it
  std::span<const liquid::VariableUse> uses;
};

class CompiledEmail {
 public:
  // Errors, kind invalid: `email.empty` (neither html nor text), `email.domain` (no legal
  // message_id_domain), `address.*` for an envelope_from that is no address, and what
  // liquid::Program::compile says with the part in front: "html, line 3, column 7: …".
  static Result<CompiledEmail> compile(EmailContent content);

  const EmailContent& content() const;
  // The plain text's template: as given, or as derived.
  std::string_view text_source() const;
  // One entry for each part that was given, as it was written; a derived text uses what html uses.
  std::span<const PartVariables> variables() const;
  // Octets of a message without its values, attachments included.
  std::size_t estimated_size() const;

  // Errors: those of rendering with the part in front; `address.*` for an address that is not
  // one; `email.no_unsubscribe_url`. All concern this message only.
  // `buffer` lends its memory.
  Result<BuiltEmail> build(const EmailRecipient& recipient, std::string buffer = {}) const;

 private:
  struct Compiled;
  explicit CompiledEmail(std::shared_ptr<const Compiled> compiled)
      : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace tidings::delivery
