#include "delivery/sandbox_transport.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/result.h"

namespace tidings::delivery {

namespace {

constexpr std::size_t kInFlightMax = 32;

std::string simulated_part(std::string_view recipient) {
  std::string part(recipient.substr(0, recipient.find_first_of("@+")));
  for (char& c : part) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return part;
}

// All of it or nothing: a reader never sees half a message.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = path.string() + ".new";
  const int fd = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("sandbox.write", "Cannot make " + temporary.string(), errno);
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int error = errno;
      ::close(fd);
      ::unlink(temporary.c_str());
      return fail_errno("sandbox.write", "Cannot write " + temporary.string(), error);
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  ::close(fd);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail_errno("sandbox.write", "Cannot rename to " + path.string(), errno);
  }
  return {};
}

class SandboxTransport final : public Transport {
 public:
  SandboxTransport(net::EventLoop& loop, DeliveryPort& port, std::filesystem::path folder,
                   SandboxEvidence evidence)
      : loop_(loop), port_(port), folder_(std::move(folder)), evidence_(std::move(evidence)) {}
  ~SandboxTransport() override { *alive_ = false; }

  void wake() override {
    if (std::exchange(pumping_, true)) return;
    loop_.post([this, alive = alive_] {
      if (!*alive) return;
      pumping_ = false;
      pump();
    });
  }
  void drain(std::function<void()> drained) override {
    drained_ = std::move(drained);
    check_drained();
  }
  void stop() override { stopped_ = true; }
  std::size_t in_flight() const override { return in_flight_; }

 private:
  void pump() {
    while (!stopped_ && !drained_ && in_flight_ < kInFlightMax) {
      std::shared_ptr<PreparedMessage> message = port_.take();
      if (message == nullptr) return;
      ++in_flight_;
      const Instant started = port_.now();
      port_.write_intent(
          *message,
          [this, alive = alive_, message, started] {
            if (*alive) deliver(*message, started);
          },
          [this, alive = alive_, message] {
            if (!*alive) return;
            --in_flight_;
            port_.give_back(std::make_unique<PreparedMessage>(std::move(*message)));
            check_drained();
          });
    }
  }

  void deliver(PreparedMessage& message, Instant started) {
    Outcome outcome = sandbox_outcome(message.recipient, message.attempt);
    if (const auto written = store(message); !written) {
      // Our own disk is in the way: tried again later, the same message.
      outcome.kind = OutcomeKind::deferred;
      outcome.scope = Scope::source;
      outcome.reason = "sandbox_folder";
      outcome.reply_code = 0;
      outcome.enhanced_status_code.clear();
      outcome.reply_text = written.error().message;
    }
    outcome.message_id = message.id;
    outcome.started_at = started;
    outcome.ended_at = port_.now();
    --in_flight_;
    auto settled = std::make_unique<PreparedMessage>(std::move(message));
    const PreparedMessage copy = *settled;
    const bool is_sent = outcome.kind == OutcomeKind::sent;
    port_.report(std::move(settled), std::move(outcome));
    const std::string part = simulated_part(copy.recipient);
    if (is_sent && part == "complaint") evidence_(copy, EventType::marked_as_spam);
    if (is_sent && part == "ooto") evidence_(copy, EventType::auto_replied);
    check_drained();
    if (!drained_) wake();
  }

  Result<void> store(const PreparedMessage& message) {
    const std::filesystem::path folder =
        folder_ / (message.campaign_id.valid() ? to_text(message.campaign_id) : "messages");
    if (folder != made_) {
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      if (error) {
        return fail(ErrorKind::internal, "sandbox.write",
                    fmt::format("Cannot make {}: {}.", folder.string(), error.message()));
      }
      made_ = folder;
    }
    return write_file(folder / (to_text(message.id) + ".eml"),
                      message.shown ? *message.shown : *message.octets);
  }

  void check_drained() {
    if (drained_ && in_flight_ == 0) {
      loop_.post([done = std::exchange(drained_, nullptr)] { done(); });
      stopped_ = true;
    }
  }

  net::EventLoop& loop_;
  DeliveryPort& port_;
  const std::filesystem::path folder_;
  const SandboxEvidence evidence_;
  std::filesystem::path made_;
  std::size_t in_flight_ = 0;
  bool pumping_ = false;
  bool stopped_ = false;
  std::function<void()> drained_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Outcome sandbox_outcome(std::string_view recipient, int attempt) {
  const std::string part = simulated_part(recipient);
  Outcome outcome;
  outcome.remote = kSandboxRemote;
  if (part == "bounce" || part == "softbounce" || part == "suppressionlist") {
    outcome.kind = OutcomeKind::bounced;
    outcome.scope = Scope::recipient;
    outcome.reply_code = part == "softbounce" ? 552 : 550;
    if (part == "bounce") {
      outcome.reason = "user_unknown";
      outcome.enhanced_status_code = "5.1.1";
      outcome.reply_text = "There is no such mailbox (sandbox)";
    } else if (part == "softbounce") {
      outcome.reason = "mailbox_full";
      outcome.enhanced_status_code = "5.2.2";
      outcome.reply_text = "The mailbox is full (sandbox)";
    } else {
      outcome.reason = "suppressed_by_provider";
      outcome.enhanced_status_code = "5.7.1";
      outcome.reply_text = "The address is on the provider's suppression list (sandbox)";
    }
    return outcome;
  }
  if (part == "deferred" && attempt == 1) {
    outcome.kind = OutcomeKind::deferred;
    outcome.scope = Scope::recipient;
    outcome.reason = "greylisted";
    outcome.reply_code = 451;
    outcome.enhanced_status_code = "4.7.1";
    outcome.reply_text = "Please try again later (sandbox)";
    return outcome;
  }
  if (part == "uncertain" && attempt == 1) {
    outcome.kind = OutcomeKind::uncertain;
    outcome.scope = Scope::session;
    outcome.reason = "connection_lost";
    outcome.reply_text = "The connection was lost before the answer (sandbox)";
    return outcome;
  }
  outcome.kind = OutcomeKind::sent;
  outcome.reason = "accepted";
  outcome.reply_code = 250;
  outcome.enhanced_status_code = "2.0.0";
  outcome.reply_text = "Kept in the sandbox";
  return outcome;
}

std::unique_ptr<Transport> make_sandbox_transport(net::EventLoop& loop, DeliveryPort& port,
                                                  std::filesystem::path folder,
                                                  SandboxEvidence evidence) {
  return std::make_unique<SandboxTransport>(loop, port, std::move(folder), std::move(evidence));
}

}  // namespace tidings::delivery
