#include "feedback/reading/plain_mail.h"

#include <cstring>
#include <string>
#include <utility>

#include "base/text.h"
#include "feedback/reading/mail_text.h"
#include "wire/form_data.h"

namespace tidings::feedback {
namespace {

constexpr int kFieldsMax = 500;

// A header and what follows the empty line behind it.
struct Entity {
  wire::ReportBlock header;
  std::string_view body;
};

void unfold(std::string& value, std::string_view line) {
  line = trimmed(line);
  if (line.empty()) return;
  if (!value.empty()) value += ' ';
  value += line;
}

enum class Header {
  ours,      // of this mail: what GMime would decode or mend is left to it
  returned,  // of the message that comes back: addresses matter, and they are never encoded
};

// Nothing when the header is not plain; one of a returned message ends where it is no header.
std::optional<Entity> read_entity(std::string_view text, Header whose = Header::ours) {
  Entity made;
  bool is_wanted = false;
  int fields = 0;
  while (!text.empty()) {
    const std::string_view line = wire::take_line(text);
    if (line.empty()) break;
    if (kBlanks.contains(line.front())) {
      if (trimmed(line).empty() && whose == Header::ours) return std::nullopt;
      if (is_wanted) unfold(made.header.back().value, line);
      continue;
    }
    auto start = wire::read_field_start(line);
    if (!start || ++fields > kFieldsMax) {
      if (whose == Header::ours) return std::nullopt;
      break;
    }
    is_wanted = is_wanted_field(start->name);
    if (!is_wanted) continue;
    made.header.push_back({std::move(start->name), {}});
    unfold(made.header.back().value, start->value);
  }
  for (wire::ReportField& field : made.header) {
    if (whose == Header::ours) {
      if (field.value.size() > wire::kFieldMax) return std::nullopt;
      field.value = decode_words(field.value);
    }
    field.value = clean_text(field.value, wire::kFieldMax);
  }
  made.body = text;
  return made;
}

struct Content {
  std::string type = "text/plain";
  std::string charset;
  std::string boundary;
  std::string encoding;  // empty when it changes nothing
};

// Nothing when it cannot be read.
std::optional<Content> content_of(const wire::ReportBlock& header) {
  Content made;
  if (const std::string* const encoding = wire::find_field(header, "content-transfer-encoding")) {
    made.encoding = lower(*encoding);
    if (made.encoding == "7bit" || made.encoding == "8bit" || made.encoding == "binary") {
      made.encoding.clear();
    }
  }
  const std::string* const field = wire::find_field(header, "content-type");
  if (field == nullptr) return made;
  auto type = wire::parse_media_type(*field);
  if (!type) return std::nullopt;
  for (auto& [name, value] : type->parameters) {
    if (name.contains('*')) return std::nullopt;  // RFC 2231
    if (name == "charset") made.charset = std::move(value);
    if (name == "boundary") made.boundary = std::move(value);
  }
  made.type = std::move(type->type);
  return made;
}

// Takes the part up to the next line "--boundary" off the front; nothing without such a line.
struct Piece {
  std::string_view text;
  bool is_last = false;
};
std::optional<Piece> take_piece(std::string_view& rest, const std::string& mark, bool is_first) {
  std::size_t from = 0;
  for (;;) {
    if (rest.size() < from + mark.size()) return std::nullopt;
    const void* const hit =
        from == 0 && is_first && rest.starts_with(mark)
            ? rest.data()
            : ::memmem(rest.data() + from, rest.size() - from, mark.data(), mark.size());
    if (hit == nullptr) return std::nullopt;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - rest.data());
    std::string_view after = rest.substr(at + mark.size());
    const bool begins_line = at == 0 || rest[at - 1] == '\n';
    const std::string_view tail = after.substr(0, after.find_first_of("\r\n"));
    const bool is_last = tail.starts_with("--");
    if (!begins_line || !trimmed(tail.substr(is_last ? 2 : 0)).empty()) {
      from = at + 1;
      continue;
    }
    std::string_view text = rest.substr(0, at);
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    wire::take_line(after);
    rest = after;
    return Piece{text, is_last};
  }
}

class Parts {
 public:
  explicit Parts(Mail& mail) : mail_(mail) {}

  // False when the part is not plain.
  bool read(const Content& content, std::string_view body) {
    if (content.encoding.empty() || content.type.starts_with("image/") ||
        content.type.starts_with("application/")) {
      return read_octets(content, body);
    }
    if (content.type == "message/rfc822" || content.type == "message/global") return false;
    const auto decoded = decode_transfer(content.encoding, body);
    return decoded && read_octets(content, *decoded);
  }

  void finish() {
    if (trimmed(mail_.text).empty() && !html_.empty()) mail_.text = text_of_html(html_);
  }

 private:
  bool read_octets(const Content& content, std::string_view body) {
    const std::string_view type = content.type;
    if (type == "message/delivery-status" || type == "message/global-delivery-status") {
      return keep(mail_.delivery_status, body);
    }
    if (type == "message/feedback-report") return keep(mail_.feedback_report, body);
    if (type == "message/rfc822" || type == "message/global" || type == "text/rfc822-headers" ||
        type == "message/rfc822-headers") {
      return read_returned(body);
    }
    if (type == "text/plain") return read_text(content, body);
    if (type == "text/html") {
      if (needs_charset(content.charset, body)) return false;
      if (html_.empty()) html_ = clean_text(body, kHtmlMax);
      return true;
    }
    // Pictures and documents say nothing; whatever else there is, GMime knows better.
    return type.starts_with("image/") || type.starts_with("application/");
  }

  static bool keep(std::string& to, std::string_view body) {
    if (to.empty()) to = clean_text(body, kMailMax);
    return true;
  }

  bool read_text(const Content& content, std::string_view body) {
    if (needs_charset(content.charset, body.substr(0, kMailTextMax))) return false;
    if (mail_.text.size() >= kMailTextMax) return true;
    if (!mail_.text.empty()) mail_.text += '\n';
    mail_.text += clean_text(body, kMailTextMax - mail_.text.size());
    return true;
  }

  bool read_returned(std::string_view body) {
    mail_.has_returned = true;
    auto entity = read_entity(body, Header::returned);
    const std::string* const type = wire::find_field(entity->header, "content-type");
    // A report inside the report is GMime's.
    if (type != nullptr && lower(*type).starts_with("multipart/report")) return false;
    if (mail_.returned.empty()) mail_.returned = std::move(entity->header);
    return true;
  }

  Mail& mail_;
  std::string html_;
};

bool read_parts(Parts& parts, const Content& content, std::string_view body) {
  if (content.boundary.empty() || content.type == "multipart/digest") return false;
  const std::string mark = "--" + content.boundary;
  if (!take_piece(body, mark, true)) return false;
  for (int i = 0; i < kPartsMax; ++i) {
    auto piece = take_piece(body, mark, false);
    // A mail that was cut ends without the last line.
    const bool is_end = !piece || piece->is_last;
    const auto entity = read_entity(piece ? piece->text : body);
    if (!entity) return false;
    const auto part = content_of(entity->header);
    if (!part || part->type.starts_with("multipart/")) return false;
    if (!parts.read(*part, entity->body)) return false;
    if (is_end) return true;
  }
  return false;
}

}  // namespace

std::optional<Mail> read_plain_mail(std::string_view octets) {
  auto entity = read_entity(octets);
  if (!entity) return std::nullopt;
  const auto content = content_of(entity->header);
  if (!content) return std::nullopt;
  Mail mail;
  mail.has_header = true;
  mail.is_report = content->type == "multipart/report";
  Parts parts(mail);
  const bool is_read = content->type.starts_with("multipart/")
                           ? read_parts(parts, *content, entity->body)
                           : parts.read(*content, entity->body);
  if (!is_read) return std::nullopt;
  parts.finish();
  mail.header = std::move(entity->header);
  return mail;
}

}  // namespace tidings::feedback
