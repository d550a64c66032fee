// Any SPF record, which may lead back to itself: an end is reached, after few questions.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/spf.h"

namespace {

using namespace tidings::wire;

class SameEverywhere final : public DnsAnswers {
 public:
  explicit SameEverywhere(std::string_view text) : text_(text) {}
  DnsAnswer<std::string> txt(std::string_view) override { return found<std::string>(text_); }
  DnsAnswer<IpAddress> a(std::string_view) override {
    return found(*IpAddress::parse("198.51.100.7"));
  }
  DnsAnswer<IpAddress> aaaa(std::string_view) override { return {}; }
  DnsAnswer<MxRecord> mx(std::string_view name) override {
    return found(MxRecord{1, std::string(name)});
  }
  DnsAnswer<std::string> ptr(const IpAddress&) override { return found<std::string>("a.example"); }
  int asked = 0;

 private:
  template <typename Record>
  DnsAnswer<Record> found(Record record) {
    ++asked;
    return {DnsAnswerStatus::found, {std::move(record)}};
  }
  std::string text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SameEverywhere dns({reinterpret_cast<const char*>(data), size});
  for (const std::string_view client : {"192.0.2.1", "2001:db8::1"}) {
    dns.asked = 0;
    const auto answer = check_spf({*IpAddress::parse(client), "example.org", "joe", "h"}, dns);
    CHECK(!to_string(answer.result).empty());
    CHECK(dns.asked <= 60);
  }
  return 0;
}
