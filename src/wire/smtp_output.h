// SmtpOutput: what is to be written on a connection, as pieces: command text it owns and message
// octets it only points to. Positions are counted over the connection's life, so that one can ask
// whether a certain octet has left. Thread: one connection's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

class SmtpOutput {
 public:
  // Appends a copy.
  void add_text(std::string_view text);
  // Appends without copying: `octets` must live until it was written or clear() was called.
  void add_slice(std::string_view octets);

  bool empty() const { return written_ == end_; }
  // The position behind everything added, and behind everything written.
  std::uint64_t end() const { return end_; }
  std::uint64_t written() const { return written_; }
  // The first pieces not yet written, valid until the next call that changes anything.
  std::span<const std::string_view> front(std::span<std::string_view> room) const;
  // `count` octets of the front were written.
  void consume(std::size_t count);
  // Forgets what was not written.
  void clear();

 private:
  struct Piece {
    const char* data;    // null: in text_
    std::size_t offset;  // in text_ when it is there
    std::size_t size;
  };

  std::string_view view(const Piece& piece) const;

  std::vector<Piece> pieces_;
  std::string text_;
  std::size_t head_ = 0;       // index of the first piece not fully written
  std::size_t head_done_ = 0;  // octets written of it
  std::uint64_t end_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace tidings::wire
