#include "wire/smtp_output.h"

#include "base/check.h"

namespace tidings::wire {

void SmtpOutput::add_text(std::string_view text) {
  if (text.empty()) return;
  const bool joins = !pieces_.empty() && pieces_.back().data == nullptr && head_ < pieces_.size();
  if (joins) {
    pieces_.back().size += text.size();
  } else {
    pieces_.push_back({nullptr, text_.size(), text.size()});
  }
  text_.append(text);
  end_ += text.size();
}

void SmtpOutput::add_slice(std::string_view octets) {
  if (octets.empty()) return;
  pieces_.push_back({octets.data(), 0, octets.size()});
  end_ += octets.size();
}

std::string_view SmtpOutput::view(const Piece& piece) const {
  return piece.data ? std::string_view(piece.data, piece.size)
                    : std::string_view(text_).substr(piece.offset, piece.size);
}

std::span<const std::string_view> SmtpOutput::front(std::span<std::string_view> room) const {
  std::size_t count = 0;
  for (std::size_t i = head_; i < pieces_.size() && count < room.size(); ++i, ++count) {
    room[count] = view(pieces_[i]);
    if (i == head_) room[count].remove_prefix(head_done_);
  }
  return room.first(count);
}

void SmtpOutput::consume(std::size_t count) {
  CHECK(count <= end_ - written_);
  written_ += count;
  while (head_ < pieces_.size() && count >= pieces_[head_].size - head_done_) {
    count -= pieces_[head_].size - head_done_;
    head_done_ = 0;
    ++head_;
  }
  head_done_ += count;
  if (empty()) clear();
}

void SmtpOutput::clear() {
  pieces_.clear();
  text_.clear();
  head_ = 0;
  head_done_ = 0;
  end_ = written_;
}

}  // namespace tidings::wire
