// Against Postfix's smtp-sink, an independent server, and what a message costs there.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "delivery/smtp_transport.h"
#include "list_port.h"
#include "net/event_loop.h"

namespace tidings::delivery {
namespace {

using namespace std::chrono_literals;

double cpu_micros() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto micros = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return micros(use.ru_utime) + micros(use.ru_stime);
}

// TIDINGS_SINK_MESSAGES sets the number; the line printed is for people and for bench.
TEST(SmtpSink, TakesWhatWeSend) {
  // As tests/peers/postfix.py finds it: ./dev setup unpacks Postfix, some have it installed.
  const std::string unpacked = TIDINGS_SOURCE_DIR "/build/postfix/usr";
  std::string program = unpacked + "/sbin/smtp-sink";
  if (std::filesystem::exists(program)) {
    ::setenv("LD_LIBRARY_PATH", (unpacked + "/lib/postfix").c_str(), 1);
  } else {
    program = "/usr/sbin/smtp-sink";
  }
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "smtp-sink is not here: ./dev setup";
  const char* const sink = program.c_str();
  const char* const wanted = std::getenv("TIDINGS_SINK_MESSAGES");
  const int count = wanted != nullptr ? std::atoi(wanted) : 2000;
  const std::string port = std::to_string(20'000 + ::getpid() % 20'000);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string address = "127.0.0.1:" + port;
    if (::geteuid() == 0) {
      ::execl(sink, sink, "-u", "nobody", address.c_str(), "100", nullptr);
    } else {
      ::execl(sink, sink, address.c_str(), "100", nullptr);
    }
    ::_exit(127);
  }
  net::EventLoop loop;
  ListPort messages(loop);
  SmtpTransportSettings settings;
  settings.relay = *wire::parse_relay_url("smtp://127.0.0.1:" + port);
  auto transport = SmtpTransport::create(loop, messages, settings);
  ASSERT_TRUE(transport.has_value());
  std::string body = "Subject: sink\r\n\r\n";
  while (body.size() < 10'000) body += std::string(76, 'x') + "\r\n";
  messages.add(count, body);
  const double before = cpu_micros();
  const auto begun = std::chrono::steady_clock::now();
  // It may still be starting.
  const auto all = [&] {
    if (messages.outcomes.size() >= static_cast<std::size_t>(count)) return true;
    if (!messages.connect_allowed && (*transport)->connections() == 0) {
      std::this_thread::sleep_for(20ms);
      messages.connect_allowed = true;
      (*transport)->wake();
    }
    return false;
  };
  (*transport)->wake();
  EXPECT_TRUE(loop.run_until(all, 60s));
  const double cpu = cpu_micros() - before;
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begun;
  std::printf(
      "%d messages of %zu octets: %.0f/s, %.1f us CPU each, %d writes of intents, %d "
      "connections\n",
      count, body.size(), count / time.count(), cpu / count, messages.batches, messages.connected);
  EXPECT_EQ(messages.count(OutcomeKind::sent), static_cast<std::size_t>(count));
  transport->reset();
  ::kill(child, SIGTERM);
  int status = 0;
  ::waitpid(child, &status, 0);
}

}  // namespace
}  // namespace tidings::delivery
