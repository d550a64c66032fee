#include "feedback/reading/mail.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include <gmime/gmime.h>

#include "base/text.h"
#include "feedback/reading/mail_text.h"
#include "feedback/reading/plain_mail.h"

namespace tidings::feedback {
namespace {

constexpr int kHeaderFieldsMax = 500;

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, Unref>;

void start_gmime() {
  static std::once_flag started;
  std::call_once(started, [] { g_mime_init(); });
}

std::string value_of(GMimeHeader* field) {
  const char* const raw = g_mime_header_get_raw_value(field);
  // Decoding is for what people read; a value of that length is none.
  if (raw != nullptr && std::strlen(raw) > wire::kFieldMax) {
    return clean_text(trimmed(raw), wire::kFieldMax);
  }
  const char* const value = g_mime_header_get_value(field);
  return value == nullptr ? std::string() : clean_text(trimmed(value), wire::kFieldMax);
}

wire::ReportBlock header_of(GMimeObject* object) {
  wire::ReportBlock header;
  GMimeHeaderList* const list = g_mime_object_get_header_list(object);
  const int count = std::min(g_mime_header_list_get_count(list), kHeaderFieldsMax);
  for (int i = 0; i < count; ++i) {
    GMimeHeader* const field = g_mime_header_list_get_header_at(list, i);
    const std::string_view name = g_mime_header_get_name(field);
    if (name.size() > 40) continue;
    std::string lower_name = lower(name);
    if (is_wanted_field(lower_name)) header.push_back({std::move(lower_name), value_of(field)});
  }
  return header;
}

// The decoded octets of a part, at most about `most` of them.
std::string octets_of(GMimePart* part, const char* charset, std::size_t most) {
  GMimeDataWrapper* const content = g_mime_part_get_content(part);
  if (content == nullptr) return {};
  const auto copy = [&](GMimeFilter* filter) {
    const Owned<GMimeStream> memory(g_mime_stream_mem_new());
    if (filter == nullptr) {
      g_mime_data_wrapper_write_to_stream(content, memory.get());
    } else {
      const Owned<GMimeStream> through(g_mime_stream_filter_new(memory.get()));
      g_mime_stream_filter_add(GMIME_STREAM_FILTER(through.get()), filter);
      g_mime_data_wrapper_write_to_stream(content, through.get());
      g_mime_stream_flush(through.get());
    }
    const GByteArray* const bytes =
        g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
    return std::string(reinterpret_cast<const char*>(bytes->data),
                       std::min<std::size_t>(bytes->len, most));
  };
  std::string octets = copy(nullptr);
  if (charset != nullptr && needs_charset(charset, octets)) {
    const Owned<GMimeFilter> filter(g_mime_filter_charset_new(charset, "utf-8"));
    if (filter != nullptr) octets = copy(filter.get());
  }
  return octets;
}

class Reader {
 public:
  explicit Reader(Mail& mail) : mail_(mail) {}

  void read(GMimeObject* object, int depth) {
    if (object == nullptr || depth > kNestingMax || ++parts_ > kPartsMax) return;
    if (GMIME_IS_MULTIPART(object)) {
      GMimeMultipart* const parts = GMIME_MULTIPART(object);
      const int count = g_mime_multipart_get_count(parts);
      for (int i = 0; i < count && parts_ < kPartsMax; ++i) {
        read(g_mime_multipart_get_part(parts, i), depth + 1);
      }
    } else if (GMIME_IS_MESSAGE_PART(object)) {
      GMimeMessage* const inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
      mail_.has_returned = true;
      if (inner != nullptr && mail_.returned.empty()) {
        mail_.returned = header_of(GMIME_OBJECT(inner));
        read_inner_status(g_mime_message_get_mime_part(inner));
      }
    } else if (GMIME_IS_PART(object)) {
      read_leaf(GMIME_PART(object));
    }
  }

  void finish() {
    if (trimmed(mail_.text).empty() && !html_.empty()) {
      mail_.text = text_of_html(html_);
    }
  }

 private:
  void read_leaf(GMimePart* part) {
    GMimeContentType* const type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    const std::string main = lower(g_mime_content_type_get_media_type(type));
    const std::string sub = lower(g_mime_content_type_get_media_subtype(type));
    const char* const charset =
        g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset");
    if ((main == "text" || main == "message") && sub == "rfc822-headers") {
      mail_.has_returned = true;
      if (!mail_.returned.empty()) return;
      auto blocks = wire::read_report_blocks(
          clean_text(octets_of(part, nullptr, kMailTextMax), kMailTextMax));
      if (!blocks.empty()) mail_.returned = std::move(blocks.front());
    } else if (main == "message") {
      read_report_part(part, sub);
    } else if (main == "text" && sub == "html") {
      if (html_.empty()) html_ = clean_text(octets_of(part, charset, kHtmlMax), kHtmlMax);
    } else if (main == "text" && mail_.text.size() < kMailTextMax) {
      if (!mail_.text.empty()) mail_.text += '\n';
      mail_.text += clean_text(octets_of(part, charset, kMailTextMax),
                               kMailTextMax - std::min(kMailTextMax, mail_.text.size()));
    }
  }

  // A gateway may send a report on inside another one.
  void read_inner_status(GMimeObject* object) {
    if (object == nullptr || !GMIME_IS_MULTIPART(object)) return;
    GMimeMultipart* const parts = GMIME_MULTIPART(object);
    const int count = std::min(g_mime_multipart_get_count(parts), 5);
    for (int i = 0; i < count && mail_.inner_status.empty(); ++i) {
      GMimeObject* const part = g_mime_multipart_get_part(parts, i);
      GMimeContentType* const type = g_mime_object_get_content_type(part);
      if (GMIME_IS_PART(part) &&
          g_mime_content_type_is_type(type, "message", "delivery-status") != 0) {
        mail_.inner_status =
            clean_text(octets_of(GMIME_PART(part), nullptr, kMailTextMax), kMailTextMax);
      }
    }
  }

  void read_report_part(GMimePart* part, std::string_view sub) {
    std::string* to = nullptr;
    if (sub == "delivery-status" || sub == "global-delivery-status") to = &mail_.delivery_status;
    if (sub == "feedback-report") to = &mail_.feedback_report;
    if (sub == "disposition-notification" || sub == "global-disposition-notification") {
      to = &mail_.disposition;
    }
    if (to == nullptr || !to->empty()) return;
    *to = clean_text(octets_of(part, nullptr, kMailMax), kMailMax);
  }

  Mail& mail_;
  std::string html_;
  int parts_ = 0;
};

// Whether the octets begin with the header of a mail: with a field at once, and one that all mail
// has among the first lines.
bool begins_with_header(std::string_view octets) {
  constexpr std::array kKnown = {
      std::string_view("from"),         std::string_view("to"),
      std::string_view("subject"),      std::string_view("date"),
      std::string_view("received"),     std::string_view("return-path"),
      std::string_view("message-id"),   std::string_view("mime-version"),
      std::string_view("content-type"), std::string_view("delivered-to"),
  };
  if (octets.starts_with("From ")) wire::take_line(octets);
  for (int lines = 0; lines < 200 && !octets.empty(); ++lines) {
    const std::string_view line = wire::take_line(octets);
    if (line.empty()) return false;
    if (lines > 0 && kBlanks.contains(line.front())) continue;
    const auto field = wire::read_field_start(line);
    if (!field) return false;
    if (std::ranges::find(kKnown, std::string_view(field->name)) != kKnown.end()) return true;
  }
  return false;
}

}  // namespace

std::string_view Mail::field(std::string_view name) const {
  const std::string* const value = wire::find_field(header, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

Mail read_mail_with_gmime(std::string_view octets) {
  Mail mail;
  const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(octets.data(), octets.size()));
  const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const Owned<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (message == nullptr) {
    mail.text = clean_text(octets, kMailTextMax);
    return mail;
  }
  mail.has_header = true;
  mail.header = header_of(GMIME_OBJECT(message.get()));
  GMimeObject* const body = g_mime_message_get_mime_part(message.get());
  if (body != nullptr) {
    mail.is_report = g_mime_content_type_is_type(g_mime_object_get_content_type(body), "multipart",
                                                 "report") != 0;
  }
  Reader reader(mail);
  reader.read(body, 0);
  reader.finish();
  return mail;
}

std::optional<std::string_view> mail_behind_mark(std::string_view octets) {
  start_gmime();
  octets = octets.substr(0, kMailMax);
  while (!octets.empty() && (octets.front() == '\n' || octets.front() == '\r')) {
    octets.remove_prefix(1);
  }
  if (!begins_with_header(octets)) return std::nullopt;
  if (octets.starts_with("From ")) wire::take_line(octets);
  return octets;
}

Mail read_mail(std::string_view octets) {
  const auto mail = mail_behind_mark(octets);
  if (!mail) return {.text = clean_text(octets.substr(0, kMailMax), kMailTextMax)};
  if (auto plain = read_plain_mail(*mail)) return *std::move(plain);
  return read_mail_with_gmime(*mail);
}

std::vector<std::string_view> split_mailbox(std::string_view file) {
  std::vector<std::string_view> messages;
  if (!file.starts_with("From ")) return {file};
  std::size_t begin = 0;
  for (std::size_t at = 0; (at = file.find("\nFrom ", at + 1)) != std::string_view::npos;) {
    const std::string_view before = file.substr(0, at + 1);
    if (!before.ends_with("\n\n") && !before.ends_with("\n\r\n")) continue;
    if (!begins_with_header(file.substr(at + 1))) continue;
    messages.push_back(file.substr(begin, at + 1 - begin));
    begin = at + 1;
  }
  messages.push_back(file.substr(begin));
  return messages;
}

}  // namespace tidings::feedback
