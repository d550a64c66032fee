// The relaxed canonical form of header fields and bodies, which is what a DKIM signature is about:
// it survives the refolding and trimming that mail servers do on the way.
//
// Spec: RFC 6376 §3.4.2, §3.4.4, §3.7. A CR or LF on its own is text like any other octet.
// Thread: any; a RelaxedBody and a BodyHash belong to one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace tidings::wire {

// Appends `name:value` without a line end. `field` is a whole field, folded or not, with or without
// its CRLF; one without a colon is all name.
void append_relaxed_field(std::string& out, std::string_view field);

// A body as it comes, in pieces of any size.
// Optimisation: runs that stay as they are (text, single spaces, line ends between text) are found
// and copied whole: 13 KB take 5 µs with their hash about 14 (bench dkim).
class RelaxedBody {
 public:
  void append(std::string_view octets, std::string& out);
  // No octet follows: the last line ends. An empty body, or one of empty lines only, is nothing.
  void finish(std::string& out);

 private:
  void flush(std::string& out);

  std::size_t line_ends_ = 0;  // held back: perhaps the body ends here
  bool has_blank_ = false;     // white space held back: perhaps the line ends here
  bool has_cr_ = false;        // the octet before was a CR
  bool has_text_ = false;
};

// SHA-256 of the relaxed form of a body, in constant memory.
class BodyHash {
 public:
  BodyHash();
  ~BodyHash();
  BodyHash(const BodyHash&) = delete;
  BodyHash& operator=(const BodyHash&) = delete;

  void append(std::string_view octets);
  std::string finish();  // 32 bytes; to be called once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  RelaxedBody form_;
  std::string piece_;
};

}  // namespace tidings::wire
