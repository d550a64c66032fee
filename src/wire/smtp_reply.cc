#include "wire/smtp_reply.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tidings::wire {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The length of "5.1.1" at the front of `text` (RFC 3463 §2), 0 when there is none of that class.
std::size_t enhanced_code_length(std::string_view text, char reply_class) {
  if (text.size() < 5 || text[0] != reply_class || text[1] != '.') return 0;
  std::size_t at = 2;
  for (int part = 0; part < 2; ++part) {
    const std::size_t start = at;
    while (at < text.size() && at - start < 3 && is_digit(text[at])) ++at;
    if (at == start) return 0;
    if (part == 0 && (at >= text.size() || text[at++] != '.')) return 0;
  }
  return at == text.size() || text[at] == ' ' || text[at] == '\t' ? at : 0;
}

// The length of the valid UTF-8 sequence at the front of `text`, 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool beyond = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : length;
}

}  // namespace

SmtpReplyParser::Status SmtpReplyParser::feed(std::string_view& bytes) {
  while (!bytes.empty()) {
    const void* const found = std::memchr(bytes.data(), '\n', bytes.size());
    const std::size_t length =
        found ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1
              : bytes.size();
    received_ += length;
    if (received_ > reply_max) return Status::malformed;
    std::string_view piece = bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (found == nullptr) {
      line_.append(piece.substr(0, line_max - std::min(line_max, line_.size())));
      return Status::incomplete;
    }
    Status status;
    if (line_.empty()) {
      status = end_line(piece.substr(0, line_max));
    } else {
      line_.append(piece.substr(0, line_max - std::min(line_max, line_.size())));
      status = end_line(line_);
      line_.clear();
    }
    if (status != Status::incomplete) return status;
  }
  return Status::incomplete;
}

SmtpReplyParser::Status SmtpReplyParser::end_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
      !is_digit(line[2])) {
    return Status::malformed;
  }
  // Where lines disagree the last one counts: it is the one that ends the reply.
  reply_.code =
      static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
  const bool last = line.size() == 3 || line[3] != '-';
  const char reply_class = line[0];
  line.remove_prefix(std::min<std::size_t>(line.size(), 4));
  if (const std::size_t length = enhanced_code_length(line, reply_class); length > 0) {
    reply_.enhanced_code.assign(line.substr(0, length));
    line.remove_prefix(std::min(line.size(), length + 1));
  }
  add_text(line, lines_ == 0);
  ++lines_;
  if (!last) return Status::incomplete;
  // A code of another class than the reply's says nothing (RFC 2034 §4).
  if (!reply_.enhanced_code.empty() && reply_.enhanced_code[0] != reply_class) {
    reply_.enhanced_code.clear();
  }
  return Status::complete;
}

void SmtpReplyParser::add_text(std::string_view text, bool first) {
  if (!first && reply_.text.size() < text_max) reply_.text += '\n';
  const std::size_t room = text_max - std::min(text_max, reply_.text.size());
  text = text.substr(0, room);
  if (text.find('\0') == std::string_view::npos) {
    reply_.text.append(text);
  } else {
    std::ranges::copy_if(text, std::back_inserter(reply_.text), [](char c) { return c != '\0'; });
  }
}

SmtpReply SmtpReplyParser::take() {
  SmtpReply reply = std::move(reply_);
  reset();
  return reply;
}

void SmtpReplyParser::reset() {
  reply_ = {};
  line_.clear();
  received_ = 0;
  lines_ = 0;
}

std::string to_valid_utf8(std::string_view text, std::size_t max_bytes) {
  std::string out;
  out.reserve(std::min(text.size(), max_bytes));
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    std::string_view piece =
        length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    const unsigned char c = static_cast<unsigned char>(piece[0]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) piece = " ";
    if (out.size() + piece.size() > max_bytes) break;
    out.append(piece);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace tidings::wire
