#include "delivery/email_content.h"

namespace tidings::delivery {
namespace {

constexpr std::string_view kMark = ".tidings@";

}  // namespace

std::string message_id_header(MessageId id, std::string_view domain) {
  std::string header = "<";
  header += to_text(id);
  header += kMark;
  header += domain;
  header += '>';
  return header;
}

std::optional<MessageId> parse_message_id_header(std::string_view header) {
  const std::size_t first = header.find_first_not_of(" \t\r\n<");
  if (first == std::string_view::npos) return std::nullopt;
  header.remove_prefix(first);
  const std::size_t mark = header.find(kMark);
  // 13 characters exactly: parse_id would take the decimal form too.
  if (mark != 13) return std::nullopt;
  const auto id = parse_id(header.substr(0, mark));
  if (!id || *id <= 0) return std::nullopt;
  return MessageId{*id};
}

}  // namespace tidings::delivery
