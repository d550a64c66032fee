#include "delivery/domains/dns_session.h"

#include <optional>
#include <utility>

namespace tidings::domains {

namespace {

constexpr int kUnansweredMax = 2;

}  // namespace

DnsSession::DnsSession(Duration at_most) : until_(net::EventLoop::steady_now() + at_most) {}

Result<std::unique_ptr<DnsSession>> DnsSession::open(const net::ResolverOptions& options,
                                                     Duration at_most) {
  std::unique_ptr<DnsSession> session(new DnsSession(at_most));
  session->resolver_ = TRY(net::Resolver::create(session->loop_, options));
  return session;
}

template <typename Record, typename Ask>
wire::DnsAnswer<Record> DnsSession::wait(Ask ask) {
  const Duration left = until_ - net::EventLoop::steady_now();
  if (left <= Duration::zero() || unanswered_ >= kUnansweredMax) {
    return {wire::DnsAnswerStatus::failed, {}};
  }
  std::optional<net::DnsReply<Record>> reply;
  const net::DnsQuestion question =
      ask([&reply](net::DnsReply<Record> came) { reply = std::move(came); });
  loop_.run_until([&reply] { return reply.has_value(); }, left);
  if (!reply || reply->status == net::DnsStatus::failed) {
    ++unanswered_;
    return {wire::DnsAnswerStatus::failed, {}};
  }
  unanswered_ = 0;
  if (reply->status != net::DnsStatus::found) return {};
  return {wire::DnsAnswerStatus::found, std::move(reply->records)};
}

wire::DnsAnswer<std::string> DnsSession::txt(std::string_view name) {
  return wait<std::string>([&](auto done) { return resolver_->txt(name, std::move(done)); });
}

wire::DnsAnswer<wire::IpAddress> DnsSession::a(std::string_view name) {
  return wait<wire::IpAddress>([&](auto done) { return resolver_->a(name, std::move(done)); });
}

wire::DnsAnswer<wire::IpAddress> DnsSession::aaaa(std::string_view name) {
  return wait<wire::IpAddress>([&](auto done) { return resolver_->aaaa(name, std::move(done)); });
}

wire::DnsAnswer<wire::MxRecord> DnsSession::mx(std::string_view name) {
  return wait<wire::MxRecord>([&](auto done) { return resolver_->mx(name, std::move(done)); });
}

wire::DnsAnswer<std::string> DnsSession::ptr(const wire::IpAddress& address) {
  return wait<std::string>([&](auto done) { return resolver_->ptr(address, std::move(done)); });
}

}  // namespace tidings::domains
