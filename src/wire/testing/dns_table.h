// DNS as a table, for tests of what asks it: names that are not in it do not exist, those under
// fail.example give no answer. Thread: the test's.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/dns_answers.h"

namespace tidings::wire::testing {

class DnsTable final : public DnsAnswers {
 public:
  std::map<std::string, std::vector<std::string>> texts;
  std::map<std::string, std::vector<std::string>> addresses;  // both families
  std::map<std::string, std::vector<std::string>> hosts;      // MX
  std::map<std::string, std::vector<std::string>> names;      // PTR, by address
  int asked = 0;

  DnsAnswer<std::string> txt(std::string_view name) override {
    return answer<std::string>(texts, name, [](const std::string& text) { return text; });
  }
  DnsAnswer<IpAddress> a(std::string_view name) override { return of_family(name, false); }
  DnsAnswer<IpAddress> aaaa(std::string_view name) override { return of_family(name, true); }
  DnsAnswer<MxRecord> mx(std::string_view name) override {
    return answer<MxRecord>(hosts, name,
                            [](const std::string& text) { return MxRecord{10, text}; });
  }
  DnsAnswer<std::string> ptr(const IpAddress& address) override {
    return answer<std::string>(names, address.text(), [](const std::string& text) { return text; });
  }

 private:
  template <typename Record, typename Make>
  DnsAnswer<Record> answer(const auto& table, std::string_view name, Make make) {
    ++asked;
    if (name.ends_with("fail.example")) return {DnsAnswerStatus::failed, {}};
    DnsAnswer<Record> answer;
    const auto at = table.find(std::string(name));
    if (at == table.end()) return answer;
    answer.status = DnsAnswerStatus::found;
    for (const std::string& text : at->second) answer.records.push_back(make(text));
    return answer;
  }
  DnsAnswer<IpAddress> of_family(std::string_view name, bool is_v6) {
    auto all = answer<IpAddress>(addresses, name,
                                 [](const std::string& text) { return *IpAddress::parse(text); });
    std::erase_if(all.records, [&](const IpAddress& one) { return one.is_v6() != is_v6; });
    return all;
  }
};

}  // namespace tidings::wire::testing
