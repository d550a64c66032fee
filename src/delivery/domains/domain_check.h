// The domain check (B8): whether DNS has what mail of a domain needs, and what to mend.
//
//   dkim     each key that signs is published as it is; one that waits and is published may sign
//   spf      the domain authorises the machines that its mail leaves from
//   dmarc    there is a record, and our signature is aligned with From
//   return_path  where it has a domain for return paths: reports find their way, and SPF is good
//   ptr      the machine's own addresses have names that lead back to them
//   mta_sts  about received mail; told, never required
//   links    the host that links in messages lead to is there
// A domain is verified while dkim, spf and dmarc are good: only who has its DNS can make them so.
// Where DNS did not answer for one of these, it stays what it was.
// Thread: any; pure but for the answers it asks for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/domains/published_records.h"
#include "delivery/domains/sending_domains.h"
#include "wire/dns_answers.h"

namespace tidings::domains {

enum class CheckStatus {
  good,
  problem,     // mend it; of dkim, spf and dmarc: the domain is not verified
  warning,     // works, but could be better
  unknown,     // DNS did not answer
  not_needed,  // does not apply here
};
std::string_view to_string(CheckStatus status);

struct CheckFinding {
  std::string check;  // as above
  CheckStatus status = CheckStatus::good;
  std::string sentence;
  std::vector<std::string> found;  // records and addresses as DNS has them, at most kFoundMax
};
inline constexpr std::size_t kFoundMax = 10;

struct DomainReport {
  std::vector<CheckFinding> findings;
  std::vector<DomainKeyId> published;  // keys that DNS shows as they are
  // Nothing: DNS did not say.
  std::optional<bool> is_verified;
};

struct CheckFacts {
  SendingFacts sending;
  std::string link_host;  // of public_url
};

DomainReport check_domain(const SendingDomain& domain, const CheckFacts& facts,
                          wire::DnsAnswers& dns);

// As it is stored with the domain. What is not in this form is no finding.
std::string findings_to_json(const std::vector<CheckFinding>& findings);
std::vector<CheckFinding> findings_from_json(std::string_view text);

// Why reports about mail from the domain may not come back, as far as its last check knows: a
// sentence. Empty where they do, and where it has no domain for return paths.
std::string return_path_doubt(const SendingDomain& domain);

// The host of http://HOST:PORT/…; empty when there is none.
std::string host_of_url(std::string_view url);

}  // namespace tidings::domains
