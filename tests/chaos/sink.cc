// An SMTP sink that knows nothing of Tidings: the oracle of the kill harness.
//
// Purpose: takes mail on loopback and appends one JSON line per accepted message to a file, by
// write(2), before the 250 leaves: who got what, with the SHA-256 of the octets. Faults can be
// asked for; every one that strikes is a line too.
// Shares no code with src/ on purpose: an oracle with the same bug proves nothing.
// Speaks RFC 5321 with PIPELINING (commands behind the dot too), SIZE, 8BITMIME, SMTPUTF8,
// ENHANCEDSTATUSCODES. Never killed by the harness, so what was written is there.
//
//   sink --records FILE [--listen 127.0.0.1:0] [--bodies FILE] [--latency-ms N] [--seed N]
//        [--fault NAME=PROBABILITY]...
// Prints `listening ADDRESS:PORT`. Faults: see kFaultNames.
// Bounds: 4 KiB per command line, 64 MiB per message, 1,024 connections.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sink_content.h"

namespace {

constexpr std::size_t kCommandMax = 4096;
constexpr std::size_t kMessageMax = std::size_t{64} << 20;
constexpr std::size_t kConnectionsMax = 1024;
constexpr std::size_t kRecipientsMax = 100;

enum Fault {
  kMail421,         // 421 at MAIL, then close
  kRcpt4xx,         // 450 at RCPT
  kRcpt5xx,         // 550 at RCPT
  kData4xx,         // 451 at DATA
  kDot4xx,          // 451 after the dot
  kDot5xx,          // 554 after the dot
  kDropInData,      // close at the first octets of the content
  kDropUnrecorded,  // at the dot: close, message not taken
  kDropRecorded,    // at the dot: message taken, close without a reply
  kDropAfterReply,  // message taken, 250, close
  kFaults,
};
constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "mail_421", "rcpt_4xx",     "rcpt_5xx",        "data_4xx",      "dot_4xx",
    "dot_5xx",  "drop_in_data", "drop_unrecorded", "drop_recorded", "drop_after_reply"};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "sink: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(2);
}

std::int64_t monotonic_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string records;
  std::string bodies;
  std::int64_t latency_us = 0;
  std::uint64_t seed = 1;
  std::array<double, kFaults> faults{};
};

struct Session {
  int fd = -1;
  std::uint64_t number = 0;
  std::string in;
  std::string out;
  std::size_t scanned = 0;  // how far the end of content was already looked for
  bool greeted = false;
  bool in_data = false;
  bool has_mail = false;
  bool eight_bit = false;
  bool drop_in_data = false;
  bool quit = false;
  bool close_when_flushed = false;
  bool reset = false;  // close with RST instead of FIN
  bool peer_closed = false;
  bool dead = false;
  std::int64_t silent_until = 0;  // latency: takes no further command before this
  std::string held;               // the reply that waits until then
  std::uint64_t accepted = 0;
  std::string reverse_path;
  std::int64_t mail_at = 0;  // monotonic_micros() of MAIL
  std::vector<std::string> recipients;
};

class Sink {
 public:
  explicit Sink(const Options& options) : options_(options), random_(options.seed) {
    records_ = open_append(options.records);
    if (!options.bodies.empty()) bodies_ = open_append(options.bodies);
    listen_();
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 128> events{};
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), wait_millis());
      if (count < 0 && errno != EINTR) die("epoll_wait");
      touched_.clear();
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else if (const auto found = sessions_.find(fd); found != sessions_.end()) {
          receive(*found->second);
          touched_.push_back(fd);
        }
      }
      wake_silent();
      for (const int fd : touched_) process(*sessions_.at(fd));
      write_records();  // before any reply leaves
      for (const int fd : touched_) finish(fd);
    }
  }

 private:
  static int open_append(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) die(path);
    return fd;
  }

  void listen_() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(options_.port);
    if (inet_pton(AF_INET, options_.address.c_str(), &at.sin_addr) != 1) die(options_.address);
    socklen_t size = sizeof at;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0) die("bind");
    if (listen(listener_, 512) != 0) die("listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    watch(listener_);
    std::printf("listening %s:%u\n", options_.address.c_str(), unsigned{ntohs(at.sin_port)});
    std::fflush(stdout);
  }

  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  int wait_millis() const {
    if (silent_.empty()) return -1;
    const std::int64_t left = silent_.begin()->first - monotonic_micros();
    return left <= 0 ? 0 : static_cast<int>((left + 999) / 1000);
  }

  void wake_silent() {
    const std::int64_t now = monotonic_micros();
    while (!silent_.empty() && silent_.begin()->first <= now) {
      const int fd = silent_.begin()->second;
      silent_.erase(silent_.begin());
      const auto found = sessions_.find(fd);
      if (found == sessions_.end() || found->second->silent_until > now) continue;
      found->second->silent_until = 0;
      found->second->out += std::exchange(found->second->held, {});
      if (std::find(touched_.begin(), touched_.end(), fd) == touched_.end()) touched_.push_back(fd);
    }
  }

  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      if (sessions_.size() >= kConnectionsMax) {
        close(fd);
        continue;
      }
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto session = std::make_unique<Session>();
      session->fd = fd;
      session->number = ++connections_;
      session->out = "220 sink.example ESMTP oracle\r\n";
      sessions_[fd] = std::move(session);
      watch(fd);
      touched_.push_back(fd);
    }
  }

  void receive(Session& session) {
    std::array<char, 65536> buffer;
    const std::size_t enough = std::max(session.in.size(), std::size_t{1} << 18);
    while (session.in.size() <= std::min(enough, kMessageMax)) {
      const ssize_t got = recv(session.fd, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        session.in.append(buffer.data(), static_cast<std::size_t>(got));
        if (static_cast<std::size_t>(got) < buffer.size()) return;
      } else {
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        session.peer_closed = true;
        epoll_ctl(epoll_, EPOLL_CTL_DEL, session.fd, nullptr);
        return;
      }
    }
  }

  // Takes everything that has arrived as far as it goes.
  void process(Session& session) {
    while (!session.dead && !session.close_when_flushed && session.silent_until == 0) {
      if (!(session.in_data ? take_content(session) : take_command(session))) break;
    }
    if (session.peer_closed && session.silent_until == 0) session.dead = true;
  }

  bool strikes(Fault fault, const Session& session) {
    const double probability = options_.faults[fault];
    if (probability <= 0 || std::uniform_real_distribution<>(0, 1)(random_) >= probability)
      return false;
    pending_ +=
        "{\"event\":\"fault\",\"fault\":\"" + std::string(kFaultNames[fault]) + "\",\"to\":";
    append_json_string(pending_, session.recipients.empty() ? "" : session.recipients.back());
    pending_ += ",\"conn\":" + std::to_string(session.number) +
                ",\"t\":" + std::to_string(monotonic_micros()) + "}\n";
    return true;
  }

  bool take_command(Session& session) {
    const std::size_t end = session.in.find("\r\n");
    if (end == std::string::npos) {
      if (session.in.size() > kCommandMax) session.dead = true;
      return false;
    }
    const std::string line = session.in.substr(0, end);
    session.in.erase(0, end + 2);
    if (starts_with_nocase(line, "ehlo") || starts_with_nocase(line, "helo")) {
      reset_transaction(session);
      session.greeted = true;
      session.out +=
          "250-sink.example\r\n250-PIPELINING\r\n250-SIZE 67108864\r\n250-8BITMIME\r\n"
          "250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n";
    } else if (starts_with_nocase(line, "mail from:")) {
      mail(session, line);
    } else if (starts_with_nocase(line, "rcpt to:")) {
      rcpt(session, line);
    } else if (starts_with_nocase(line, "data")) {
      data(session);
    } else if (starts_with_nocase(line, "rset")) {
      reset_transaction(session);
      session.out += "250 2.0.0 Ok\r\n";
    } else if (starts_with_nocase(line, "noop")) {
      session.out += "250 2.0.0 Ok\r\n";
    } else if (starts_with_nocase(line, "quit")) {
      session.quit = true;
      session.out += "221 2.0.0 Bye\r\n";
      session.close_when_flushed = true;
    } else {
      session.out += "500 5.5.2 Not understood\r\n";
    }
    return true;
  }

  void mail(Session& session, const std::string& line) {
    if (!session.greeted || session.has_mail) {
      session.out += "503 5.5.1 Out of order\r\n";
      return;
    }
    const auto path = bracketed(line);
    if (!path) {
      session.out += "501 5.5.4 No path\r\n";
      return;
    }
    if (strikes(kMail421, session)) {
      session.out += "421 4.3.2 Closing\r\n";
      session.close_when_flushed = true;
      return;
    }
    session.has_mail = true;
    session.reverse_path = *path;
    session.mail_at = monotonic_micros();
    std::string parameters(line);
    std::transform(parameters.begin(), parameters.end(), parameters.begin(), lower);
    session.eight_bit = parameters.find("body=8bitmime") != std::string::npos;
    session.out += "250 2.1.0 Ok\r\n";
  }

  void rcpt(Session& session, const std::string& line) {
    const auto path = bracketed(line);
    if (!session.has_mail || !path || path->empty()) {
      session.out += session.has_mail ? "501 5.1.3 No path\r\n" : "503 5.5.1 Out of order\r\n";
      return;
    }
    if (session.recipients.size() >= kRecipientsMax) {
      session.out += "452 4.5.3 Too many recipients\r\n";
      return;
    }
    session.recipients.push_back(*path);
    if (strikes(kRcpt4xx, session)) {
      session.recipients.pop_back();
      session.out += "450 4.2.1 Try later\r\n";
    } else if (strikes(kRcpt5xx, session)) {
      session.recipients.pop_back();
      session.out += "550 5.1.1 No such user\r\n";
    } else {
      session.out += "250 2.1.5 Ok\r\n";
    }
  }

  void data(Session& session) {
    if (session.recipients.empty()) {
      session.out +=
          session.has_mail ? "554 5.5.1 No valid recipients\r\n" : "503 5.5.1 Out of order\r\n";
    } else if (strikes(kData4xx, session)) {
      session.out += "451 4.3.0 Try later\r\n";
      reset_transaction(session);
    } else {
      session.drop_in_data = strikes(kDropInData, session);
      session.out += "354 Go\r\n";
      session.in_data = true;
      session.scanned = 0;
    }
  }

  bool take_content(Session& session) {
    if (session.drop_in_data && !session.in.empty()) {
      session.dead = session.reset = true;
      return false;
    }
    // Content that is only the end marker has no CRLF in front of it: that of DATA counts.
    if (session.in.starts_with(".\r\n")) {
      end_of_content(session, "", 3);
      return true;
    }
    const std::size_t end = session.in.find("\r\n.\r\n", session.scanned);
    if (end == std::string::npos) {
      session.scanned = session.in.size() < 4 ? 0 : session.in.size() - 4;
      if (session.in.size() >= kMessageMax) session.dead = true;
      return false;
    }
    end_of_content(session, unstuff(std::string_view(session.in).substr(0, end + 2)), end + 5);
    return true;
  }

  void end_of_content(Session& session, const std::string& octets, std::size_t consumed) {
    session.in.erase(0, consumed);
    session.in_data = false;
    session.scanned = 0;
    if (strikes(kDropUnrecorded, session)) {
      session.dead = true;
      session.reset = (random_() & 1) != 0;
    } else if (strikes(kDot4xx, session)) {
      session.out += "451 4.3.0 Try later\r\n";
    } else if (strikes(kDot5xx, session)) {
      session.out += "554 5.6.0 Not taken\r\n";
    } else {
      record(session, octets);
      if (strikes(kDropRecorded, session)) {
        session.dead = true;
        session.reset = (random_() & 1) != 0;
      } else {
        (options_.latency_us > 0 ? session.held : session.out) +=
            "250 2.0.0 Ok: taken as " + std::to_string(messages_) + "\r\n";
        session.close_when_flushed = strikes(kDropAfterReply, session);
      }
      if (options_.latency_us > 0 && !session.dead) {
        session.silent_until = monotonic_micros() + options_.latency_us;
        silent_.emplace(session.silent_until, session.fd);
      }
    }
    reset_transaction(session);
  }

  void record(Session& session, const std::string& octets) {
    ++session.accepted;
    ++messages_;
    const std::string digest = sha256_hex(octets);
    const std::string id = header_value(octets, "message-id:");
    const std::string defects = content_defects(octets, session.eight_bit);
    for (const std::string& recipient : session.recipients) {
      pending_ += "{\"event\":\"message\",\"id\":";
      append_json_string(pending_, id);
      pending_ += ",\"to\":";
      append_json_string(pending_, recipient);
      pending_ += ",\"from\":";
      append_json_string(pending_, session.reverse_path);
      pending_ += ",\"sha256\":\"" + digest + "\",\"bytes\":" + std::to_string(octets.size()) +
                  ",\"offset\":" + std::to_string(body_offset_) +
                  ",\"conn\":" + std::to_string(session.number) + ",\"defects\":\"" + defects +
                  "\",\"mail_t\":" + std::to_string(session.mail_at) +
                  ",\"t\":" + std::to_string(monotonic_micros()) + "}\n";
    }
    if (bodies_ >= 0) {
      write_all(bodies_, octets);
      body_offset_ += octets.size();
    }
  }

  static std::optional<std::string> bracketed(const std::string& line) {
    const std::size_t open_at = line.find('<');
    if (open_at == std::string::npos) return std::nullopt;
    bool quoted = false;  // a quoted local-part may hold '>'
    for (std::size_t i = open_at + 1; i < line.size(); ++i) {
      if (line[i] == '\\' && quoted) {
        ++i;
      } else if (line[i] == '"') {
        quoted = !quoted;
      } else if (line[i] == '>' && !quoted) {
        return line.substr(open_at + 1, i - open_at - 1);
      }
    }
    return std::nullopt;
  }

  static void reset_transaction(Session& session) {
    session.has_mail = session.eight_bit = session.drop_in_data = false;
    session.reverse_path.clear();
    session.recipients.clear();
  }

  static void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t wrote = write(fd, bytes.data(), bytes.size());
      if (wrote < 0 && errno != EINTR) die("write");
      if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }

  void write_records() {
    if (pending_.empty()) return;
    write_all(records_, pending_);
    pending_.clear();
  }

  // Sends what may be sent; closes what is to be closed.
  void finish(int fd) {
    const auto found = sessions_.find(fd);
    if (found == sessions_.end()) return;
    Session& session = *found->second;
    while (!session.dead && !session.out.empty()) {
      const ssize_t sent = send(fd, session.out.data(), session.out.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        session.out.erase(0, static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        // Replies are short; a peer that lets 1 MiB of them pile up is dropped.
        if (session.out.size() > (std::size_t{1} << 20)) session.dead = true;
        break;
      } else if (errno != EINTR) {
        session.dead = true;
      }
    }
    if (!session.dead && (!session.close_when_flushed || session.silent_until != 0)) return;
    close_session(session);
    sessions_.erase(found);
  }

  void close_session(Session& session) {
    pending_ += "{\"event\":\"";
    pending_ += session.quit ? "quit" : session.peer_closed ? "lost" : "closed";
    pending_ += "\",\"conn\":" + std::to_string(session.number) + ",\"state\":\"";
    pending_ += session.in_data ? "data" : session.has_mail ? "transaction" : "idle";
    pending_ += "\",\"accepted\":" + std::to_string(session.accepted) +
                ",\"t\":" + std::to_string(monotonic_micros()) + "}\n";
    write_records();
    if (session.reset) {
      const linger at_once{1, 0};
      setsockopt(session.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(session.fd);
  }

  const Options options_;
  std::mt19937_64 random_;
  int records_ = -1;
  int bodies_ = -1;
  int epoll_ = -1;
  int listener_ = -1;
  std::uint64_t connections_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t body_offset_ = 0;
  std::string pending_;
  std::vector<int> touched_;
  std::multimap<std::int64_t, int> silent_;
  std::unordered_map<int, std::unique_ptr<Session>> sessions_;
};

[[noreturn]] void usage(std::string_view why) {
  std::fprintf(stderr, "sink: %.*s; see the comment at the head of tests/chaos/sink.cc\n",
               static_cast<int>(why.size()), why.data());
  std::exit(2);
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    if (name == "--records") {
      options.records = value;
    } else if (name == "--bodies") {
      options.bodies = value;
    } else if (name == "--latency-ms") {
      options.latency_us = static_cast<std::int64_t>(std::stod(value) * 1000);
    } else if (name == "--seed") {
      options.seed = std::stoull(value);
    } else if (name == "--listen") {
      const std::size_t colon = value.rfind(':');
      if (colon == std::string::npos) usage("--listen takes ADDRESS:PORT");
      options.address = value.substr(0, colon);
      options.port = static_cast<std::uint16_t>(std::stoul(value.substr(colon + 1)));
    } else if (name == "--fault") {
      const std::size_t equals = value.find('=');
      const auto known = std::find(kFaultNames.begin(), kFaultNames.end(), value.substr(0, equals));
      if (known == kFaultNames.end() || equals == std::string::npos) usage("unknown " + value);
      options.faults[static_cast<std::size_t>(known - kFaultNames.begin())] =
          std::stod(value.substr(equals + 1));
    } else {
      usage("unknown option " + name);
    }
  }
  if (options.records.empty() || arguments.size() % 2 != 0) usage("--records FILE is needed");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const Options options = parse({argv + 1, argv + argc});
  Sink(options).run();
}
