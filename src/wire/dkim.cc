#include "wire/dkim.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"
#include "wire/relaxed_form.h"

namespace tidings::wire {

namespace {

// Lists: those of RFC 2369, 2919 and 8058.
constexpr auto kSigned = std::to_array<std::string_view>(
    {"From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version",
     "Content-Type", "Content-Transfer-Encoding", "List-Id", "List-Unsubscribe",
     "List-Unsubscribe-Post", "List-Help", "List-Subscribe", "List-Post", "List-Owner",
     "List-Archive", "Feedback-ID"});
constexpr std::size_t kLine = 76;

bool equal_names(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::ranges::equal(
             a, b, {}, [](char c) { return lower(c); }, [](char c) { return lower(c); });
}

// One header field of the message, its CRLF included.
struct Field {
  std::size_t name;  // of kSigned
  std::string_view text;
};

// The fields that are signed, in their order; `message` becomes the body.
std::vector<Field> take_header(std::string_view& message) {
  std::vector<Field> fields;
  fields.reserve(kSigned.size());
  while (!message.empty() && !message.starts_with("\r\n")) {
    std::size_t end = 0;
    do {
      const std::size_t line_end = message.find("\r\n", end);
      end = line_end == std::string_view::npos ? message.size() : line_end + 2;
    } while (end < message.size() && (message[end] == ' ' || message[end] == '\t'));
    const std::string_view field = message.substr(0, end);
    message.remove_prefix(end);
    const std::string_view name = trimmed(field.substr(0, field.find(':')), kBlanks);
    const auto at = std::ranges::find_if(
        kSigned, [name](std::string_view each) { return equal_names(each, name); });
    if (at != kSigned.end()) {
      fields.push_back({static_cast<std::size_t>(at - kSigned.begin()), field});
    }
  }
  if (!message.empty()) message.remove_prefix(2);
  return fields;
}

// A header field as it grows, folded where a line would become too long.
class Folded {
 public:
  explicit Folded(std::string& out) : out_(out), line_(out.size()) {}

  // `text` is not broken; one space, or a fold, comes before it.
  void add(std::string_view text) {
    const bool fits = out_.size() - line_ + 1 + text.size() <= kLine;
    fits ? out_ += ' ' : break_line();
    out_ += text;
  }
  // The same, but a space only where it is folded.
  void join(std::string_view text) {
    if (out_.size() - line_ + text.size() > kLine) break_line();
    out_ += text;
  }
  // `text` may be broken anywhere.
  void fill(std::string_view text) {
    while (!text.empty()) {
      if (out_.size() - line_ >= kLine) break_line();
      const std::size_t room = std::min(text.size(), kLine - (out_.size() - line_));
      out_ += text.substr(0, room);
      text.remove_prefix(room);
    }
  }

 private:
  std::string& break_line() {
    out_ += "\r\n";
    line_ = out_.size();
    return out_ += ' ';
  }

  std::string& out_;
  std::size_t line_;  // where it begins
};

// What is signed of the message, in the form in which it is, and how h= names it: from the last
// field of a name to the first, then the name once more (RFC 6376 §5.4.2).
struct Covered {
  std::string fields;
  std::vector<std::string> names;  // each with the colon or semicolon behind it
};

Covered cover(const std::vector<Field>& fields) {
  Covered covered;
  covered.fields.reserve(1024);
  covered.names.reserve(kSigned.size() * 2);
  for (std::size_t name = 0; name < kSigned.size(); ++name) {
    const std::string word = std::string(kSigned[name]) + ':';
    for (std::size_t i = fields.size(); i-- > 0;) {
      if (fields[i].name != name) continue;
      append_relaxed_field(covered.fields, fields[i].text);
      covered.fields += "\r\n";
      covered.names.push_back(word);
    }
    covered.names.push_back(word);
  }
  covered.names.back().back() = ';';
  return covered;
}

}  // namespace

DkimSigner::DkimSigner(std::vector<DkimIdentity> identities) : identities_(std::move(identities)) {
  CHECK(!identities_.empty());
}

Result<std::string> DkimSigner::sign(std::string_view message, Instant at) const {
  std::string_view body = message;
  const auto fields = take_header(body);
  CHECK(std::ranges::any_of(fields, [](const Field& field) { return field.name == 0; }));
  const Covered covered = cover(fields);
  BodyHash body_hash;
  body_hash.append(body);
  const std::string body_hash_text = "bh=" + to_base64(body_hash.finish()) + ";";
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();

  std::string out;
  std::string input;
  for (const DkimIdentity& identity : identities_) {
    const std::size_t start = out.size();
    Folded field(out);
    out += "DKIM-Signature: v=1;";
    field.add("a=" + std::string(to_string(identity.key.algorithm())) + ";");
    field.add("c=relaxed/relaxed;");
    field.add("d=" + identity.domain + ";");
    field.add("s=" + identity.selector + ";");
    field.add("t=" + std::to_string(seconds) + ";");
    field.add("h=" + covered.names.front());
    for (std::size_t i = 1; i < covered.names.size(); ++i) field.join(covered.names[i]);
    field.add(body_hash_text);
    field.add("b=");
    input = covered.fields;
    append_relaxed_field(input, std::string_view(out).substr(start));
    field.fill(to_base64(TRY(identity.key.sign(sha256(input)))));
    out += "\r\n";
  }
  return out;
}

}  // namespace tidings::wire
