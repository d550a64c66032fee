// DnsSession: DNS for a decision that waits for its answers (wire/dns_answers.h), on a loop of its
// own. After `at_most`, and after two questions in a row without an answer, everything fails at
// once, so that nobody waits long for name servers that are not there. Thread: one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/dns.h"
#include "net/event_loop.h"
#include "wire/dns_answers.h"

namespace tidings::domains {

class DnsSession final : public wire::DnsAnswers {
 public:
  // Errors: those of net::Resolver::create().
  static Result<std::unique_ptr<DnsSession>> open(const net::ResolverOptions& options,
                                                  Duration at_most);

  wire::DnsAnswer<std::string> txt(std::string_view name) override;
  wire::DnsAnswer<wire::IpAddress> a(std::string_view name) override;
  wire::DnsAnswer<wire::IpAddress> aaaa(std::string_view name) override;
  wire::DnsAnswer<wire::MxRecord> mx(std::string_view name) override;
  wire::DnsAnswer<std::string> ptr(const wire::IpAddress& address) override;

 private:
  explicit DnsSession(Duration at_most);
  template <typename Record, typename Ask>
  wire::DnsAnswer<Record> wait(Ask ask);

  net::EventLoop loop_;
  std::unique_ptr<net::Resolver> resolver_;
  const Instant until_;  // by the loop's steady clock
  int unanswered_ = 0;   // in a row
};

}  // namespace tidings::domains
