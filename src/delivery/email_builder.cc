#include "delivery/email_builder.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/header_writer.h"
#include "wire/html_text.h"
#include "wire/mime_writer.h"
#include "wire/quoted_printable.h"

namespace tidings::delivery {
namespace {

using liquid::Program;

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c < 0; });
}

// The part in front of what went wrong in it: "html, line 3, column 7: …".
std::unexpected<Error> wrong_in(std::string_view part, Error error) {
  error.message = std::string(part) + (liquid::position_of(error) ? ", " : ": ") + error.message;
  return std::unexpected(std::move(error));
}

// LF only, so that no static slice ends in half a line break. Lines and columns stay.
std::string with_lf(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      result += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      result += '\n';
    }
  }
  return result;
}

// A body part: its template and its static slices, encoded.
struct Part {
  std::string_view name;
  Program program;
  std::vector<wire::QuotedPrintablePiece> pieces;
  std::size_t static_size = 0;
};

Result<Part> compile_part(std::string_view name, std::string_view source, liquid::Context context,
                          const liquid::CompileOptions& options = {}) {
  auto program = Program::compile(source, context, options);
  if (!program) return wrong_in(name, std::move(program).error());
  Part part{name, *std::move(program), {}, 0};
  part.pieces.reserve(part.program.static_slices().size());
  for (const std::string& slice : part.program.static_slices()) {
    part.pieces.push_back(wire::encode_quoted_printable(slice));
    part.static_size += part.pieces.back().octets.size();
  }
  return part;
}

class PartOutput final : public liquid::Output {
 public:
  PartOutput(std::string& out, const Part& part) : writer_(out), part_(part) {}

  void write_static(std::uint32_t slice, std::string_view) override {
    writer_.write(part_.pieces[slice]);
  }
  void write_value(std::string_view text) override { writer_.write(text); }
  void finish() { writer_.finish(); }

 private:
  wire::QuotedPrintableWriter writer_;
  const Part& part_;
};

std::string part_header(std::string_view type) {
  std::string header = "Content-Type: text/";
  header += type;
  header += "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
  return header;
}

std::string multipart_header(std::string_view type, std::string_view boundary) {
  std::string header = "Content-Type: multipart/";
  header += type;
  header += ";\r\n boundary=\"";
  header += boundary;
  header += "\"\r\n\r\n";
  return header;
}

std::string delimiter(std::string_view boundary) { return "--" + std::string(boundary) + "\r\n"; }
std::string closing(std::string_view boundary) { return "--" + std::string(boundary) + "--\r\n"; }

// The same boundaries for every recipient of a content version, other ones for another version.
std::string boundary_for(const EmailContent& content, std::string_view text,
                         std::string_view level) {
  std::string seed(level);
  for (const std::string_view part :
       {std::string_view(content.subject), std::string_view(content.html), text}) {
    seed += '\0';
    seed += part;
  }
  return wire::make_boundary(seed);
}

Result<std::string> legal_domain(const EmailContent& content) {
  if (content.message_id_domain.empty()) return std::string(content.from.address.domain());
  const auto address =
      wire::parse_email_address("x@" + content.message_id_domain, wire::DomainRule::any);
  if (!address) {
    return fail(ErrorKind::invalid, "email.domain",
                "The domain for Message-ID, \"" + content.message_id_domain +
                    "\", is not a domain name: give one such as example.org.");
  }
  return std::string(address->domain());
}

// Everything after Message-ID that is the same for everybody.
std::string fixed_fields(const EmailContent& content) {
  std::string out;
  if (content.reply_to) wire::append_mailbox_field(out, "Reply-To", *content.reply_to);
  if (!content.list_id.empty()) {
    wire::append_structured_field(
        out, "List-Id",
        content.list_id.contains('<') ? content.list_id : "<" + content.list_id + ">");
  }
  if (!content.feedback_id.empty()) {
    wire::append_structured_field(out, "Feedback-ID", content.feedback_id);
  }
  if (content.auto_submitted) out += "Auto-Submitted: auto-generated\r\n";
  if (content.is_test) out += "X-Tidings-Test: yes\r\n";
  out += "MIME-Version: 1.0\r\n";
  return out;
}

}  // namespace

struct CompiledEmail::Compiled {
  EmailContent content;
  std::string text_source;
  Program subject;
  std::optional<Part> text;
  std::optional<Part> html;
  std::optional<Program> html_as_written;  // without what tracking made of it
  std::vector<PartVariables> variables;
  std::string domain;

  // The message, in order: From; To, Subject, Message-ID; then fields, text, between, html, tail.
  std::string from;
  std::string before_text;
  std::string between;  // also what stands before html when there is no text
  std::string tail;
  bool smtputf8 = false;
  bool from_8bit = false;

  std::size_t size() const {
    return 600 + from.size() + before_text.size() + between.size() + tail.size() +
           (text ? text->static_size : 0) + (html ? html->static_size : 0);
  }

  void lay_out();
  std::string attachment_tail(std::string_view boundary) const;
  Result<void> append_part(std::string& out, const Part& part, const EmailRecipient& recipient,
                           const liquid::RenderOptions& options) const;
  Result<void> append_header(std::string& out, const EmailRecipient& recipient,
                             std::string_view address, const liquid::RenderOptions& options) const;
};

std::string CompiledEmail::Compiled::attachment_tail(std::string_view boundary) const {
  std::string out;
  for (const Attachment& attachment : content.attachments) {
    out += delimiter(boundary);
    wire::append_attachment_part(
        out, {attachment.file_name, attachment.media_type, attachment.description},
        attachment.content ? std::string_view(*attachment.content) : std::string_view());
    out += "\r\n";
  }
  out += closing(boundary);
  return out;
}

// The CRLF before a delimiter belongs to it (RFC 2046 §5.1.1); append_part ends each part with one.
void CompiledEmail::Compiled::lay_out() {
  std::string& start = text ? before_text : between;
  start = fixed_fields(content);
  const bool mixed = !content.attachments.empty();
  const std::string outer = boundary_for(content, text_source, "mixed");
  if (mixed) start += multipart_header("mixed", outer) + delimiter(outer);
  if (text && html) {
    const std::string inner = boundary_for(content, text_source, "alternative");
    before_text += multipart_header("alternative", inner) + delimiter(inner);
    before_text += part_header("plain");
    between = delimiter(inner) + part_header("html");
    tail = closing(inner);
    if (mixed) tail += "\r\n";
  } else {
    start += part_header(text ? "plain" : "html");
  }
  if (mixed) tail += attachment_tail(outer);
}

Result<CompiledEmail> CompiledEmail::compile(EmailContent content) {
  if (content.html.empty() && content.text.empty()) {
    return fail(ErrorKind::invalid, "email.empty",
                "There is nothing to send: give the message an HTML or a plain text.");
  }
  std::string domain = TRY(legal_domain(content));
  if (!content.envelope_from.empty()) {
    content.envelope_from =
        TRY(wire::parse_email_address(content.envelope_from, wire::DomainRule::any)).normalised;
  }
  auto subject = Program::compile(content.subject, liquid::Context::header);
  if (!subject) return wrong_in("subject", std::move(subject).error());
  Compiled compiled{.content = std::move(content), .subject = *std::move(subject)};
  const EmailContent& c = compiled.content;
  compiled.domain = std::move(domain);
  if (!c.html.empty()) {
    compiled.html = TRY(compile_part("html", with_lf(c.html), liquid::Context::html));
    compiled.html_as_written = compiled.html->program;
    if (c.tracking.on()) {
      // What tracking adds may come on top of what a person may write.
      compiled.html =
          TRY(compile_part("html", with_lf(tracked_html(c.html, c.tracking)), liquid::Context::html,
                           {.source_bytes = std::size_t{6} << 20}));
    }
  }
  const bool derived = c.text.empty();
  compiled.text_source = derived ? wire::html_to_text(with_lf(c.html)) : with_lf(c.text);
  // An HTML of pictures only gives no text: then there is no text part.
  if (!compiled.text_source.empty()) {
    auto text = compile_part(derived ? "text derived from html" : "text", compiled.text_source,
                             liquid::Context::text);
    if (!text && derived) {
      compiled.text_source = wire::html_to_text_linear(with_lf(c.html));
      text = compile_part("text derived from html", compiled.text_source, liquid::Context::text);
    }
    if (!text) return std::unexpected(std::move(text).error());
    compiled.text = *std::move(text);
  }
  wire::append_mailbox_field(compiled.from, "From", c.from);
  compiled.from_8bit =
      c.from.address.needs_smtputf8 || (c.reply_to && c.reply_to->address.needs_smtputf8);
  compiled.smtputf8 = compiled.from_8bit || !is_ascii(c.envelope_from);
  compiled.lay_out();

  auto shared = std::make_shared<Compiled>(std::move(compiled));
  shared->variables.push_back({"subject", shared->subject.variables()});
  if (shared->html) shared->variables.push_back({"html", shared->html_as_written->variables()});
  if (shared->text && !derived) {
    shared->variables.push_back({"text", shared->text->program.variables()});
  }
  return CompiledEmail(std::move(shared));
}

const EmailContent& CompiledEmail::content() const { return compiled_->content; }
std::string_view CompiledEmail::text_source() const { return compiled_->text_source; }
std::span<const PartVariables> CompiledEmail::variables() const { return compiled_->variables; }
std::size_t CompiledEmail::estimated_size() const { return compiled_->size(); }

Result<void> CompiledEmail::Compiled::append_part(std::string& out, const Part& part,
                                                  const EmailRecipient& recipient,
                                                  const liquid::RenderOptions& options) const {
  PartOutput output(out, part);
  auto rendered = part.program.render(*recipient.values, output, options);
  if (!rendered) return wrong_in(part.name, std::move(rendered).error());
  output.finish();
  out += "\r\n";
  return {};
}

Result<void> CompiledEmail::Compiled::append_header(std::string& out,
                                                    const EmailRecipient& recipient,
                                                    std::string_view address,
                                                    const liquid::RenderOptions& options) const {
  out += "Date: ";
  out += to_rfc5322_date(recipient.date);
  out += "\r\n";
  out += from;
  wire::append_mailbox_field(out, "To", recipient.display_name, address);
  std::string rendered_subject;
  auto rendered = subject.render_to(rendered_subject, *recipient.values, options);
  if (!rendered) return wrong_in("subject", std::move(rendered).error());
  wire::append_text_field(out, "Subject", rendered_subject);
  out += "Message-ID: ";
  out += message_id_header(recipient.id, domain);
  out += "\r\n";
  if (content.list_unsubscribe) {
    const std::string_view url = recipient.unsubscribe_url;
    if (url.empty() || url.size() > 900 || !is_printable_ascii(url) ||
        url.find_first_of(" <>") != std::string_view::npos) {
      return fail(ErrorKind::invalid, "email.no_unsubscribe_url",
                  "The message needs an address to unsubscribe at, and the one it was given is "
                  "missing or not a legal URL.");
    }
    out += "List-Unsubscribe: <";
    out += url;
    out += ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
  }
  return {};
}

Result<BuiltEmail> CompiledEmail::build(const EmailRecipient& recipient, std::string buffer) const {
  CHECK(recipient.values != nullptr);
  const Compiled& compiled = *compiled_;
  BuiltEmail built;
  // Addresses come from the database normalised; anything that is not plain is read again.
  std::string_view address = recipient.address;
  std::optional<wire::EmailAddress> checked;
  if (address.size() > wire::kMaxAddress || !is_printable_ascii(address) ||
      address.find_first_of(" <>\"\\,;") != std::string_view::npos || !address.contains('@')) {
    checked = TRY(wire::parse_email_address(address, wire::DomainRule::any));
    address = checked->normalised;
    built.is_8bit = checked->needs_smtputf8;
  }
  built.needs_smtputf8 = compiled.smtputf8 || built.is_8bit;
  built.is_8bit = built.is_8bit || compiled.from_8bit;

  const liquid::RenderOptions options{.now = recipient.date,
                                      .time_zone = compiled.content.time_zone};
  built.octets = std::move(buffer);
  std::string& out = built.octets;
  out.clear();
  // A sixteenth for the values: a message that outgrows it costs one copy.
  out.reserve(compiled.size() + compiled.size() / 16);
  TRY(compiled.append_header(out, recipient, address, options));
  out += compiled.before_text;
  if (compiled.text) TRY(compiled.append_part(out, *compiled.text, recipient, options));
  out += compiled.between;
  if (compiled.html) TRY(compiled.append_part(out, *compiled.html, recipient, options));
  out += compiled.tail;
  return built;
}

}  // namespace tidings::delivery
