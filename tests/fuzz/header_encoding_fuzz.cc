// Any bytes as a subject, a display name, a file name and a body: every line legal, never a second
// field, and quoted-printable the same however the text is cut into pieces and values.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/encoded_word.h"
#include "wire/header_writer.h"
#include "wire/html_text.h"
#include "wire/quoted_printable.h"

namespace {

void check_field(std::string_view field) {
  CHECK(field.ends_with("\r\n"));
  bool first = true;
  while (!field.empty()) {
    const std::size_t end = field.find("\r\n");
    const std::string_view line = field.substr(0, end);
    CHECK(line.size() <= 998);
    CHECK(line.find_first_not_of(' ') != std::string_view::npos);
    CHECK(first || line.front() == ' ');
    for (const char c : line) CHECK(c >= 0x20 && c < 0x7f);
    for (std::size_t at = line.find("=?UTF-8?"); at != std::string_view::npos;
         at = line.find("=?UTF-8?", at + 1)) {
      CHECK(line.size() <= 76);
      CHECK(line.find("?=", at + 10) + 2 - at <= 75);
    }
    first = false;
    field.remove_prefix(end + 2);
  }
}

std::string decode(std::string_view encoded) {
  std::string text;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '=') {
      text += encoded[i];
    } else if (encoded[i + 1] == '\r') {
      i += 2;
    } else {
      const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
      text += static_cast<char>(digit(encoded[i + 1]) * 16 + digit(encoded[i + 2]));
      i += 2;
    }
  }
  return text;
}

std::string encode(std::string_view bytes, std::size_t step) {
  std::string out;
  tidings::wire::QuotedPrintableWriter writer(out);
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const std::string_view part = bytes.substr(0, step);
    // Static text never holds CR: line ends are LF before a template is parsed.
    if (i % 2 == 0 && !part.contains('\r')) {
      writer.write(tidings::wire::encode_quoted_printable(part));
    } else {
      writer.write(part);
    }
    bytes.remove_prefix(part.size());
  }
  writer.finish();
  for (std::string_view rest = out; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    CHECK(line.size() <= 76);
    CHECK(line.empty() || (line.back() != ' ' && line.back() != '\t'));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
  }
  return decode(out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string out;
  tidings::wire::append_text_field(out, "Subject", bytes);
  check_field(out);
  out.clear();
  tidings::wire::append_mailbox_field(out, "To", bytes, "a@b.org");
  check_field(out);
  out.clear();
  tidings::wire::append_attachment_disposition(out, bytes);
  check_field(out);
  const std::string whole = encode(bytes, size + 1);
  CHECK(encode(bytes, 1) == whole);
  CHECK(encode(bytes, 7) == whole);
  if (size < 4'000) {
    tidings::wire::html_to_text(bytes);
    tidings::wire::html_to_text_linear(bytes);
  }
  return 0;
}
