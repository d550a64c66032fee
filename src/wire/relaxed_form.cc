#include "wire/relaxed_form.h"

#include <algorithm>

#include <openssl/evp.h>

#include "base/check.h"
#include "base/text.h"

namespace tidings::wire {

namespace {

constexpr std::size_t kPiece = std::size_t{16} << 10;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_visible(char c) { return static_cast<unsigned char>(c) > ' '; }

// Where what begins at `at` stops being the same in the relaxed form. `*at` is text.
const char* end_of_unchanged(const char* at, const char* end) {
  while (at != end) {
    const char c = *at;
    if (is_visible(c)) {
      ++at;
    } else if (c == ' ' && end - at > 1 && is_visible(at[1])) {
      at += 2;
    } else if (c == '\r' && end - at > 2 && at[1] == '\n' && is_visible(at[2])) {
      at += 3;
    } else if (!is_blank(c) && c != '\r') {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

void append_relaxed_field(std::string& out, std::string_view field) {
  std::size_t colon = field.find(':');
  if (colon == std::string_view::npos) colon = field.size();
  for (const char c : trimmed(field.substr(0, colon), " \t\r\n")) out += lower(c);
  if (colon == field.size()) return;
  out += ':';
  bool has_blank = false;
  bool has_text = false;
  for (std::size_t i = colon + 1; i < field.size(); ++i) {
    const char c = field[i];
    if (is_blank(c)) {
      has_blank = true;
    } else if (c == '\r' && i + 1 < field.size() && field[i + 1] == '\n') {
      ++i;
    } else {
      if (has_blank && has_text) out += ' ';
      has_blank = false;
      has_text = true;
      out += c;
    }
  }
}

void RelaxedBody::flush(std::string& out) {
  for (; line_ends_ > 0; --line_ends_) out += "\r\n";
  if (has_blank_) out += ' ';
  has_blank_ = false;
  has_text_ = true;
}

void RelaxedBody::append(std::string_view octets, std::string& out) {
  const char* at = octets.data();
  const char* const end = at + octets.size();
  while (at != end) {
    const char c = *at;
    if (has_cr_) {
      has_cr_ = false;
      if (c == '\n') {
        ++line_ends_;
        has_blank_ = false;
        ++at;
        continue;
      }
      flush(out);
      out += '\r';
    }
    if (is_blank(c)) {
      has_blank_ = true;
      ++at;
    } else if (c == '\r') {
      has_cr_ = true;
      ++at;
    } else {
      flush(out);
      const char* const next = end_of_unchanged(at, end);
      out.append(at, next);
      at = next;
    }
  }
}

void RelaxedBody::finish(std::string& out) {
  if (has_cr_) {
    flush(out);
    out += '\r';
  }
  if (has_text_) out += "\r\n";
  *this = RelaxedBody();
}

struct BodyHash::Context {
  Context() : digest(EVP_MD_CTX_new()) {
    CHECK(digest != nullptr && EVP_DigestInit_ex(digest, EVP_sha256(), nullptr) == 1);
  }
  ~Context() { EVP_MD_CTX_free(digest); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void add(std::string_view octets) {
    CHECK(EVP_DigestUpdate(digest, octets.data(), octets.size()) == 1);
  }

  EVP_MD_CTX* digest;
};

BodyHash::BodyHash() : context_(std::make_unique<Context>()) {}
BodyHash::~BodyHash() = default;

void BodyHash::append(std::string_view octets) {
  while (!octets.empty()) {
    piece_.clear();
    form_.append(octets.substr(0, kPiece), piece_);
    context_->add(piece_);
    octets.remove_prefix(std::min(octets.size(), kPiece));
  }
}

std::string BodyHash::finish() {
  piece_.clear();
  form_.finish(piece_);
  context_->add(piece_);
  std::string hash(32, '\0');
  CHECK(EVP_DigestFinal_ex(context_->digest, reinterpret_cast<unsigned char*>(hash.data()),
                           nullptr) == 1);
  return hash;
}

}  // namespace tidings::wire
