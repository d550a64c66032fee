// A conversation with SmtpClient under virtual time: the test plays the server.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "domain/smtp_outcome.h"
#include "wire/smtp_client.h"

namespace tidings::wire {

class Dialogue {
 public:
  explicit Dialogue(SmtpClientConfig config = {}) : client(std::move(config), now) {}

  // The server says `text`; then everything the client wants to write is taken.
  void say(std::string_view text) {
    client.on_bytes(text, now);
    settle();
  }
  // Greeting and EHLO with `extensions` ("PIPELINING\nSIZE 1000").
  void greet(std::string_view extensions = "PIPELINING\n8BITMIME\nSMTPUTF8\nSIZE 100000000") {
    say("220 mx.example ESMTP\r\n");
    hello(extensions);
  }
  void hello(std::string_view extensions) {
    std::string text = "250-mx.example\r\n250-";
    for (const char c : extensions) text += c == '\n' ? "\r\n250-" : std::string(1, c);
    say(text + "\r\n250 HELP\r\n");
    sent.clear();
  }
  std::uint64_t submit(std::string_view octets = "Subject: x\r\n\r\nbody\r\n",
                       std::string_view recipient = "to@example.org") {
    const auto& [to, body] = kept.emplace_back(recipient, octets);
    client.submit({.reverse_path = "from@example.net", .recipient = to, .octets = body}, ++keys,
                  now);
    settle();
    return keys;
  }
  void intent() {
    client.intent_written(now);
    settle();
  }
  // Takes events and, unless blocked, output.
  void settle() {
    do {
      while (auto event = client.next_event()) {
        switch (event->kind) {
          case SmtpEvent::Kind::start_tls:
            wants_tls = true;
            break;
          case SmtpEvent::Kind::ready:
            ready = true;
            break;
          case SmtpEvent::Kind::need_intent:
            intent_wanted = event->key;
            break;
          case SmtpEvent::Kind::finished:
            verdicts[event->key] = std::move(event->verdict);
            break;
          case SmtpEvent::Kind::session_failed:
            failure = std::move(event->verdict);
            break;
        }
      }
      take(std::min<std::size_t>(room, 1 << 20));
    } while (client.has_event());
  }
  void take(std::size_t most) {
    std::array<std::string_view, 64> pieces;
    while (most > 0 && client.has_output()) {
      std::string text;
      for (const std::string_view piece : client.output(pieces)) text += piece;
      text.resize(std::min(text.size(), most));
      sent += text;
      most -= text.size();
      room -= text.size();
      client.on_written(text.size(), now);
    }
  }
  void wait(Duration time) {
    now += time;
    client.on_time(now);
    settle();
  }
  std::string take_sent() { return std::exchange(sent, {}); }
  bool decided(std::uint64_t key) const { return verdicts.contains(key); }
  Outcome outcome(std::uint64_t key) const { return outcome_of_message(verdicts.at(key)); }

  std::deque<std::pair<std::string, std::string>> kept;  // what messages point to
  Instant now{std::chrono::hours(1)};
  SmtpClient client;
  std::string sent;
  std::map<std::uint64_t, SmtpVerdict> verdicts;
  std::optional<SmtpVerdict> failure;
  std::uint64_t keys = 0;
  std::uint64_t intent_wanted = 0;
  bool ready = false;
  bool wants_tls = false;
  std::size_t room = SIZE_MAX;  // what the network still takes
};

}  // namespace tidings::wire
