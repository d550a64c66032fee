// Resolver: asks the DNS without blocking anybody, and remembers answers as long as they hold.
//
// libunbound does the work on a thread of its own; answers come back on the loop's. With a trust
// anchor every answer is validated (DNSSEC) and says whether it is secure; one that fails the
// validation is no answer. Bounds: `asked_max` questions are under way and `waiting_max` wait; what
// is more fails at once, as does what is not answered in time. Each reply is small: libunbound
// takes no answer above 64 kB.
// Spec: RFC 1034, 1035, 2308 (negative answers), 4033–4035 (DNSSEC).
// Thread: the loop's. Callbacks come from the loop, never from inside a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/fwd.h"
#include "wire/dns_records.h"
#include "wire/ip_address.h"

namespace tidings::net {

using wire::DnsStatus;

template <typename Record>
struct DnsReply {
  DnsStatus status = DnsStatus::failed;
  std::vector<Record> records;
  // Validated up to the trust anchor; also "there is none" can be. False: unsigned, or nothing is
  // validated here.
  bool is_secure = false;
  bool is_bogus = false;       // failed because of the signatures
  Duration holds_for{};        // as its TTL says; of `failed` nothing
  std::string canonical_name;  // where aliases led; empty when there were none
  std::string why;             // of `failed`: a clause for a person
};

struct ResolverOptions {
  // "192.0.2.53", "2001:db8::53", with "@5353" behind for another port. Empty: those of
  // /etc/resolv.conf.
  std::vector<std::string> servers;
  // A file with DS or DNSKEY records of the root or a zone; empty: nothing is validated.
  std::string trust_anchor_file;
  Duration timeout = std::chrono::seconds(20);  // of each question, waiting included
  std::size_t asked_max = 256;
  std::size_t waiting_max = 10'000;
};

// A question under way: cancelled when this ends.
class DnsQuestion {
 public:
  DnsQuestion() = default;
  ~DnsQuestion() { cancel(); }
  DnsQuestion(DnsQuestion&& other) noexcept;
  DnsQuestion& operator=(DnsQuestion&& other) noexcept;
  // The callback is never called after this.
  void cancel();

 private:
  friend class Resolver;
  struct Source;
  DnsQuestion(std::weak_ptr<Source> source, std::uint64_t number)
      : source_(std::move(source)), number_(number) {}

  std::weak_ptr<Source> source_;
  std::uint64_t number_ = 0;
};

class Resolver {
 public:
  template <typename Record>
  using Done = std::function<void(DnsReply<Record>)>;

  // `loop` outlives it. Errors: dns.server, dns.anchor (invalid), dns.setup (internal).
  static Result<std::unique_ptr<Resolver>> create(EventLoop& loop, const ResolverOptions& options);
  ~Resolver();  // cancels everything
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Each calls `done` once, unless the question is cancelled. A name has no final dot, is ASCII
  // (A-labels); records that cannot be read are left out.
  [[nodiscard]] DnsQuestion mx(std::string_view name, Done<wire::MxRecord> done);
  [[nodiscard]] DnsQuestion a(std::string_view name, Done<wire::IpAddress> done);
  [[nodiscard]] DnsQuestion aaaa(std::string_view name, Done<wire::IpAddress> done);
  [[nodiscard]] DnsQuestion txt(std::string_view name, Done<std::string> done);
  [[nodiscard]] DnsQuestion ptr(const wire::IpAddress& address, Done<std::string> done);
  // `name` with port and protocol in front: "_25._tcp.mx.example.org".
  [[nodiscard]] DnsQuestion tlsa(std::string_view name, Done<wire::TlsaRecord> done);

  // Whether answers are validated.
  bool validates() const;
  // Questions under way and waiting.
  std::size_t open() const;

 private:
  explicit Resolver(std::shared_ptr<DnsQuestion::Source> source);
  template <typename Record, typename Read>
  DnsQuestion ask(std::string_view name, wire::DnsType type, Read read, Done<Record> done);

  std::shared_ptr<DnsQuestion::Source> source_;
};

}  // namespace tidings::net
