// A server of arbitrary bytes against the client: every message gets exactly one verdict, and an
// accepted one only after its dot was written.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "wire/smtp_client.h"

namespace {

using namespace tidings;
using namespace tidings::wire;

struct Session {
  explicit Session(SmtpClientConfig config) : client(std::move(config), now) {}

  void settle() {
    while (auto event = client.next_event()) {
      if (event->kind == SmtpEvent::Kind::need_intent) wanted = true;
      if (event->kind == SmtpEvent::Kind::start_tls) client.on_tls_established(now);
      if (event->kind != SmtpEvent::Kind::finished) continue;
      CHECK(open.contains(event->key));
      const auto& verdict = event->verdict;
      const bool sent = verdict.cause == SmtpCause::reply && verdict.stage == SmtpStage::dot &&
                        verdict.reply.reply_class() == 2;
      if (sent) CHECK(dots > 0 && dots-- > 0);
      open.erase(event->key);
    }
  }
  void write(std::size_t most) {
    std::string_view room[8];
    std::size_t total = 0;
    std::string text;
    for (const auto piece : client.output(room)) text += piece;
    total = std::min(text.size(), most);
    written += text.substr(0, total);
    if (total > 0) client.on_written(total, now);
    if (written.ends_with("\r\n.\r\n")) ++dots;
    for (std::size_t at = 0; (at = written.find("\r\n.\r\nMAIL", at)) != std::string::npos; ++at) {
      ++dots;
    }
    written = written.size() > 4 ? written.substr(written.size() - 4) : written;
    if (written == "\n.\r\n") written.clear();
  }

  Instant now{};
  SmtpClient client;
  std::map<std::uint64_t, bool> open;
  std::uint64_t keys = 0;
  int dots = 0;
  bool wanted = false;
  std::string written;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SmtpClientConfig config;
  config.credentials = SaslCredentials{"user", "secret"};
  config.allow_auth_in_clear = true;
  if (size > 0 && (data[0] & 1) != 0) config.credentials.reset();
  Session session(std::move(config));
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.empty()) bytes.remove_prefix(1);
  while (!bytes.empty()) {
    const std::size_t line = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    session.client.on_bytes(bytes.substr(0, line), session.now);
    bytes.remove_prefix(line);
    session.settle();
    if (session.client.can_submit() && session.keys < 100) {
      session.open[++session.keys] = true;
      session.client.submit({"a@b.example", "c@d.example", "x\r\n.\r\ny\r\n"}, session.keys,
                            session.now);
      session.settle();
    }
    if (std::exchange(session.wanted, false)) session.client.intent_written(session.now);
    while (session.client.has_output() && !session.client.ended()) session.write(1 << 20);
    session.settle();
  }
  session.client.on_closed("end", session.now);
  session.settle();
  CHECK(session.open.empty());
  return 0;
}
