// MxTargets: the addresses of one site, in order, and which of them cannot be used at present.
//
// The best address that is not marked as failed comes next; of equally good ones each in turn. One
// that failed is marked for a while; when all are marked the site is in trouble and the next round
// begins with all of them. Where the encryption of a server is broken, and nothing demands it, the
// server is spoken to in clear for a while (RFC 7435: opportunistic).
// Where a policy demands encryption or a certificate (MTA-STS, DANE) nothing is ever sent without.
// Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "delivery/mx_finder.h"
#include "delivery/smtp_pool.h"
#include "wire/mx_choice.h"

namespace tidings::delivery {

class MxTargets final : public SmtpTargets {
 public:
  // `setup`: what is the same for every address; `verifying` holds certificates against the
  // system's authorities.
  MxTargets(SmtpConnection::Setup setup, std::shared_ptr<net::TlsContext> verifying,
            std::vector<wire::IpAddress> sources);

  // What the DNS and policies say now; marks of addresses that stay are kept. With addresses.
  void set_destination(const MxDestination& destination);

  SmtpConnection::Setup next() override;
  bool failed(const SmtpConnection& connection, const wire::SmtpVerdict& verdict) override;
  void worked(const SmtpConnection& connection) override;
  void explain(const SmtpConnection& connection, Outcome& outcome) const override;
  bool are_recipients() const override { return true; }

 private:
  struct Target {
    wire::MxAddress at;
    std::string text;
    Instant failed_until{};              // steady time
    Instant clear_until{};               // no encryption is tried until then
    bool is_encrypted = false;           // or nothing is sent
    bool is_verified = false;            // with a certificate that is valid (MTA-STS)
    std::vector<wire::TlsaRecord> tlsa;  // that these say (DANE), before all else
  };
  Target* find(const SmtpConnection& connection);
  const Target* find(const SmtpConnection& connection) const;
  bool is_usable(const Target& target) const;

  const SmtpConnection::Setup setup_;
  const std::shared_ptr<net::TlsContext> verifying_;
  const std::vector<wire::IpAddress> sources_;
  std::vector<Target> targets_;
  std::size_t turn_ = 0;
};

}  // namespace tidings::delivery
