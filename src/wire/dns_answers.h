// What a pure decision asks of the DNS: a question in, an answer out, whoever looks it up. Tests
// answer from a table.
// Thread: as the one who implements it says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/dns_records.h"
#include "wire/ip_address.h"

namespace tidings::wire {

enum class DnsAnswerStatus {
  found,
  nothing,  // no such name, or no such record
  failed,   // no answer for now
};

template <typename Record>
struct DnsAnswer {
  DnsAnswerStatus status = DnsAnswerStatus::nothing;
  std::vector<Record> records;
};

// Names are in ASCII without a final dot.
class DnsAnswers {
 public:
  virtual ~DnsAnswers() = default;
  virtual DnsAnswer<std::string> txt(std::string_view name) = 0;
  virtual DnsAnswer<IpAddress> a(std::string_view name) = 0;
  virtual DnsAnswer<IpAddress> aaaa(std::string_view name) = 0;
  virtual DnsAnswer<MxRecord> mx(std::string_view name) = 0;
  virtual DnsAnswer<std::string> ptr(const IpAddress& address) = 0;
};

}  // namespace tidings::wire
