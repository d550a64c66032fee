// A client of arbitrary bytes against the server: it holds no more than its limits, keeps only what
// was ended by CRLF.CRLF, answers each kept message once, and always comes to an end.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/smtp_server.h"

namespace {

using namespace tidings;
using namespace tidings::wire;

class Ours final : public SmtpRecipients {
 public:
  SmtpRecipientAnswer answer(std::string_view address) const override {
    return address.ends_with("@x") ? SmtpRecipientAnswer::accepted : SmtpRecipientAnswer::elsewhere;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SmtpServerConfig config;
  config.offers_tls = true;
  config.limits.message_max = 2'000;
  const Ours ours;
  Instant now{};
  SmtpServer server(config, ours, now);
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The first octet says into how large pieces the rest is cut.
  const std::size_t piece = bytes.empty() ? 1 : static_cast<unsigned char>(bytes.front()) + 1U;
  if (!bytes.empty()) bytes.remove_prefix(1);
  now += std::chrono::seconds(1);
  server.on_time(now);
  std::size_t kept = 0;
  std::string sent;
  while (!bytes.empty() && !server.ended()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    sent += part;
    server.on_bytes(part, now);
    for (int i = 0; i < 10'000; ++i) {
      if (const auto message = server.take_message()) {
        ++kept;
        CHECK(sent.contains("\r\n.\r\n"));
        CHECK(message->octets.size() <= config.limits.message_max);
        CHECK(message->octets.empty() || message->octets.ends_with("\r\n"));
        CHECK(!message->recipients.empty());
        for (const std::string& each : message->recipients) CHECK(each.ends_with("@x"));
        for (std::size_t at = 0; at < message->octets.size(); ++at) {
          if (message->octets[at] == '\n') CHECK(at > 0 && message->octets[at - 1] == '\r');
          if (message->octets[at] == '\r') CHECK(message->octets[at + 1] == '\n');
        }
        server.on_stored(SmtpStored::stored, "k", now);
        continue;
      }
      if (server.wants_tls()) server.on_tls_established(now);
      if (server.output().empty()) break;
      server.on_written(server.output().size(), now);
    }
    CHECK(server.held() <= config.limits.message_max + (std::size_t{70} << 10));
  }
  CHECK(kept <= config.limits.messages_max);
  now += std::chrono::hours(1);
  server.on_time(now);
  CHECK(server.ended() || server.is_storing());
  return 0;
}
