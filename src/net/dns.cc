#include "net/dns.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <charconv>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unbound.h>

#include "base/check.h"
#include "net/event_loop.h"

namespace tidings::net {
namespace {

namespace asio = boost::asio;

constexpr int kClassInternet = 1;
constexpr int kNoError = 0;
constexpr int kNoSuchName = 3;
constexpr Duration kTick = std::chrono::milliseconds(250);

struct FreeContext {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
struct FreeResult {
  void operator()(ub_result* result) const { ub_resolve_free(result); }
};
using ResultHandle = std::unique_ptr<ub_result, FreeResult>;

DnsReply<std::string> failed(std::string why) {
  DnsReply<std::string> reply;
  reply.why = std::move(why);
  return reply;
}

DnsReply<std::string> read_result(int error, const ub_result* result) {
  if (error != 0 || result == nullptr) return failed(ub_strerror(error));
  DnsReply<std::string> reply;
  reply.is_secure = result->secure != 0;
  reply.holds_for = std::chrono::seconds(std::max(result->ttl, 0));
  if (result->canonname != nullptr) reply.canonical_name = result->canonname;
  while (reply.canonical_name.ends_with('.')) reply.canonical_name.pop_back();
  if (result->bogus != 0) {
    reply =
        failed(fmt::format("its signatures are wrong{}{}", result->why_bogus != nullptr ? ": " : "",
                           result->why_bogus != nullptr ? result->why_bogus : ""));
    reply.is_bogus = true;
  } else if (result->rcode == kNoError && result->havedata != 0) {
    reply.status = DnsStatus::found;
    for (std::size_t i = 0; result->data[i] != nullptr; ++i) {
      reply.records.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
    }
  } else if (result->rcode == kNoError) {
    reply.status = DnsStatus::no_data;
  } else if (result->rcode == kNoSuchName) {
    reply.status = DnsStatus::no_domain;
  } else {
    reply = failed(result->rcode == 2
                       ? std::string("the name servers could not answer")
                       : fmt::format("the name servers refused (code {})", result->rcode));
  }
  return reply;
}

std::unexpected<Error> anchor_unreadable(const std::string& file) {
  return fail(ErrorKind::invalid, "dns.anchor",
              fmt::format("The trust anchor of DNSSEC cannot be read from {}. The package "
                          "dns-root-data has it as /usr/share/dns/root.key.",
                          file));
}

std::unexpected<Error> setup_failed(int error) {
  return fail(ErrorKind::internal, "dns.setup",
              fmt::format("The name resolver cannot be set up: {}.", ub_strerror(error)));
}

Result<void> set(ub_ctx* context, const char* option, const char* value) {
  const int error = ub_ctx_set_option(context, option, value);
  if (error != 0) return setup_failed(error);
  return {};
}

// libunbound takes a port that is none without a word.
bool is_server(std::string_view server) {
  const std::size_t at = std::min(server.find('@'), server.size());
  if (!wire::IpAddress::parse(server.substr(0, at))) return false;
  if (at == server.size()) return true;
  const std::string_view port = server.substr(at + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number > 0;
}

Result<void> set_servers(ub_ctx* context, const std::vector<std::string>& servers) {
  if (servers.empty()) {
    if (const int error = ub_ctx_resolvconf(context, nullptr); error != 0) {
      return fail(ErrorKind::invalid, "dns.server",
                  "The name servers in /etc/resolv.conf cannot be read. Name them in the setting "
                  "dns_servers.");
    }
    return {};
  }
  for (const std::string& server : servers) {
    if (is_server(server) && ub_ctx_set_fwd(context, server.c_str()) == 0) continue;
    return fail(ErrorKind::invalid, "dns.server",
                fmt::format("\"{}\" is no name server: give its address, such as 192.0.2.53 or "
                            "192.0.2.53@5353.",
                            server));
  }
  return {};
}

Result<std::unique_ptr<ub_ctx, FreeContext>> new_context(const ResolverOptions& options) {
  std::unique_ptr<ub_ctx, FreeContext> context(ub_ctx_create());
  if (context == nullptr) return setup_failed(UB_NOMEM);
  ub_ctx* const raw = context.get();
  ub_ctx_debugout(raw, nullptr);
  const bool validates = !options.trust_anchor_file.empty();
  // libunbound would read a folder for ever.
  std::error_code unreadable;
  if (validates && !std::filesystem::is_regular_file(options.trust_anchor_file, unreadable)) {
    return anchor_unreadable(options.trust_anchor_file);
  }
  TRY(set(raw, "module-config:", validates ? "validator iterator" : "iterator"));
  // A resolver on this machine is an ordinary thing; names of private networks are asked for when
  // an operator checks a machine of their own.
  TRY(set(raw, "do-not-query-localhost:", "no"));
  TRY(set(raw, "unblock-lan-zones:", "yes"));
  TRY(set(raw, "cache-max-negative-ttl:", "900"));
  TRY(set(raw, "msg-cache-size:", "4m"));
  TRY(set(raw, "rrset-cache-size:", "8m"));
  TRY(set_servers(raw, options.servers));
  if (validates) ub_ctx_add_ta_file(raw, options.trust_anchor_file.c_str());
  if (const int error = ub_ctx_async(raw, 1); error != 0) return setup_failed(error);
  // Last, for this reads what was set, files too. (Under .test there may be names in a local net.)
  const int error = ub_ctx_zone_remove(raw, "test.");
  if (error == 0) return context;
  if (!validates) return setup_failed(error);
  return anchor_unreadable(options.trust_anchor_file);
}

}  // namespace

// The untyped part: replies here have the records' data. Handlers hold it weakly: it ends with its
// Resolver.
struct DnsQuestion::Source : std::enable_shared_from_this<DnsQuestion::Source> {
  Source(EventLoop& loop_, const ResolverOptions& given,
         std::unique_ptr<ub_ctx, FreeContext> context_)
      : loop(loop_),
        options(given),
        context(std::move(context_)),
        descriptor(loop.context(), ub_fd(context.get())),
        ticker(loop) {}
  ~Source() { descriptor.release(); }  // libunbound's own

  using Finish = std::function<void(DnsReply<std::string>)>;
  struct Pending {
    Source* source = nullptr;
    std::uint64_t number = 0;
    std::string name;
    wire::DnsType type = wire::DnsType::a;
    Finish finish;
    Instant until{};  // steady time
    bool is_asked = false;
    int id = 0;  // libunbound's
  };

  std::uint64_t add(std::string_view name, wire::DnsType type, Finish finish);
  void cancel(std::uint64_t number);
  void cancel_all();
  void ask_waiting();
  void ask(Pending& pending);
  void answer_later(std::uint64_t number, DnsReply<std::string> reply);
  void await_answers();
  void tick();
  void hand_out();
  static void on_result(void* pending, int error, ub_result* result);

  EventLoop& loop;
  const ResolverOptions options;
  const std::unique_ptr<ub_ctx, FreeContext> context;
  asio::posix::stream_descriptor descriptor;
  Timer ticker;
  std::map<std::uint64_t, std::unique_ptr<Pending>> pending;  // oldest first
  std::deque<std::uint64_t> waiting;
  std::vector<std::pair<std::uint64_t, DnsReply<std::string>>> answered;
  std::size_t asked = 0;
  std::uint64_t last_number = 0;
  bool awaiting = false;
  bool is_hand_out_posted = false;
};

std::uint64_t DnsQuestion::Source::add(std::string_view name, wire::DnsType type, Finish finish) {
  auto added = std::make_unique<Pending>();
  added->source = this;
  added->number = ++last_number;
  added->name = name;
  added->type = type;
  added->finish = std::move(finish);
  added->until = EventLoop::steady_now() + options.timeout;
  Pending& question = *added;
  pending.emplace(question.number, std::move(added));
  if (!ticker.running()) ticker.start(kTick, [this] { tick(); });
  if (!wire::is_dns_name(name)) {
    DnsReply<std::string> reply;
    reply.status = DnsStatus::no_domain;
    reply.holds_for = std::chrono::hours(1);
    answer_later(question.number, std::move(reply));
  } else if (asked < options.asked_max) {
    ask(question);
  } else if (waiting.size() < options.waiting_max) {
    waiting.push_back(question.number);
  } else {
    answer_later(question.number, failed("too many names are being looked up"));
  }
  return question.number;
}

void DnsQuestion::Source::ask(Pending& question) {
  const int error =
      ub_resolve_async(context.get(), question.name.c_str(), static_cast<int>(question.type),
                       kClassInternet, &question, on_result, &question.id);
  if (error != 0) return answer_later(question.number, failed(ub_strerror(error)));
  question.is_asked = true;
  ++asked;
  await_answers();
}

void DnsQuestion::Source::ask_waiting() {
  while (asked < options.asked_max && !waiting.empty()) {
    const auto at = pending.find(waiting.front());
    waiting.pop_front();
    if (at != pending.end()) ask(*at->second);
  }
}

void DnsQuestion::Source::await_answers() {
  if (std::exchange(awaiting, true)) return;
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [weak = weak_from_this()](const boost::system::error_code& error) {
                          const auto self = weak.lock();
                          if (self == nullptr || error) return;
                          self->awaiting = false;
                          ub_process(self->context.get());
                          if (self->asked > 0) self->await_answers();
                          self->hand_out();
                        });
}

// Called from within ub_process(): what follows is done after it.
void DnsQuestion::Source::on_result(void* argument, int error, ub_result* result) {
  const ResultHandle handle(result);
  auto& question = *static_cast<Pending*>(argument);
  Source& self = *question.source;
  CHECK(question.is_asked && self.asked > 0);
  question.is_asked = false;
  --self.asked;
  self.answered.emplace_back(question.number, read_result(error, handle.get()));
}

void DnsQuestion::Source::answer_later(std::uint64_t number, DnsReply<std::string> reply) {
  answered.emplace_back(number, std::move(reply));
  if (std::exchange(is_hand_out_posted, true)) return;
  loop.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->is_hand_out_posted = false;
    self->hand_out();
  });
}

void DnsQuestion::Source::hand_out() {
  const auto self = shared_from_this();
  for (auto& [number, reply] : std::exchange(answered, {})) {
    const auto at = pending.find(number);
    if (at == pending.end()) continue;  // cancelled by the one before
    const auto question = std::move(at->second);
    pending.erase(at);
    question->finish(std::move(reply));
  }
  ask_waiting();
}

void DnsQuestion::Source::cancel(std::uint64_t number) {
  const auto at = pending.find(number);
  if (at == pending.end()) return;
  if (at->second->is_asked) {
    ub_cancel(context.get(), at->second->id);
    --asked;
  }
  pending.erase(at);
}

void DnsQuestion::Source::cancel_all() {
  while (!pending.empty()) cancel(pending.begin()->first);
  waiting.clear();
}

// The limit is the same for all, so the oldest comes first.
void DnsQuestion::Source::tick() {
  const auto self = shared_from_this();
  const Instant now = EventLoop::steady_now();
  for (auto& [number, question] : pending) {
    if (question->until > now) break;
    if (std::exchange(question->is_asked, false)) {
      ub_cancel(context.get(), question->id);
      --asked;
    }
    answered.emplace_back(number, failed("no name server answered in time"));
  }
  hand_out();
  if (!pending.empty()) ticker.start(kTick, [this] { tick(); });
}

DnsQuestion::DnsQuestion(DnsQuestion&& other) noexcept
    : source_(std::exchange(other.source_, {})), number_(std::exchange(other.number_, 0)) {}

DnsQuestion& DnsQuestion::operator=(DnsQuestion&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  source_ = std::exchange(other.source_, {});
  number_ = std::exchange(other.number_, 0);
  return *this;
}

void DnsQuestion::cancel() {
  if (const auto source = std::exchange(source_, {}).lock()) source->cancel(number_);
}

Result<std::unique_ptr<Resolver>> Resolver::create(EventLoop& loop,
                                                   const ResolverOptions& options) {
  auto context = TRY(new_context(options));
  auto source = std::make_shared<DnsQuestion::Source>(loop, options, std::move(context));
  return std::unique_ptr<Resolver>(new Resolver(std::move(source)));
}

Resolver::Resolver(std::shared_ptr<DnsQuestion::Source> source) : source_(std::move(source)) {}
Resolver::~Resolver() { source_->cancel_all(); }

bool Resolver::validates() const { return !source_->options.trust_anchor_file.empty(); }
std::size_t Resolver::open() const { return source_->pending.size(); }

template <typename Record, typename Read>
DnsQuestion Resolver::ask(std::string_view name, wire::DnsType type, Read read, Done<Record> done) {
  const auto finish = [read, done = std::move(done)](DnsReply<std::string> raw) {
    DnsReply<Record> reply;
    reply.status = raw.status;
    reply.is_secure = raw.is_secure;
    reply.is_bogus = raw.is_bogus;
    reply.holds_for = raw.holds_for;
    reply.canonical_name = std::move(raw.canonical_name);
    reply.why = std::move(raw.why);
    for (const std::string& data : raw.records) {
      if (auto record = read(data)) reply.records.push_back(*std::move(record));
    }
    // None that can be read is as good as none.
    if (reply.status == DnsStatus::found && reply.records.empty()) {
      reply.status = DnsStatus::no_data;
    }
    done(std::move(reply));
  };
  return {source_, source_->add(name, type, finish)};
}

DnsQuestion Resolver::mx(std::string_view name, Done<wire::MxRecord> done) {
  return ask(name, wire::DnsType::mx, wire::read_mx, std::move(done));
}

DnsQuestion Resolver::a(std::string_view name, Done<wire::IpAddress> done) {
  return ask(name, wire::DnsType::a, wire::IpAddress::from_octets, std::move(done));
}

DnsQuestion Resolver::aaaa(std::string_view name, Done<wire::IpAddress> done) {
  return ask(name, wire::DnsType::aaaa, wire::IpAddress::from_octets, std::move(done));
}

DnsQuestion Resolver::txt(std::string_view name, Done<std::string> done) {
  return ask(name, wire::DnsType::txt, wire::read_txt, std::move(done));
}

DnsQuestion Resolver::ptr(const wire::IpAddress& address, Done<std::string> done) {
  return ask(address.reverse_name(), wire::DnsType::ptr, wire::read_ptr, std::move(done));
}

DnsQuestion Resolver::tlsa(std::string_view name, Done<wire::TlsaRecord> done) {
  return ask(name, wire::DnsType::tlsa, wire::read_tlsa, std::move(done));
}

}  // namespace tidings::net
