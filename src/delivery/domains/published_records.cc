#include "delivery/domains/published_records.h"

#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "wire/public_suffix.h"

namespace tidings::domains {

namespace {

bool is_ipv4(std::string_view host) {
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// A host of letters, digits, hyphens and dots: nothing else is put into a record.
bool is_host_name(std::string_view host) {
  return !host.empty() && host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") ==
                              std::string_view::npos;
}

PublishedRecord of_key(const SendingDomain& domain, const DomainKey& key) {
  return {RecordPurpose::dkim, fmt::format("{}._domainkey.{}", key.selector, domain.name),
          key.record(), true,
          "Receivers check the signature of each message with it. Messages are signed once it is "
          "there."};
}

}  // namespace

std::string_view to_string(RecordPurpose purpose) {
  constexpr std::array<std::string_view, 6> kWords = {"dkim",    "spf",         "dmarc",
                                                      "mta_sts", "return_path", "return_path_spf"};
  return kWords[static_cast<std::size_t>(purpose)];
}

std::string PublishedRecord::zone_line() const {
  if (type() == "MX") return fmt::format("{}. IN MX {}.", name, value);
  return fmt::format("{}. IN TXT {}", name, wire::quoted_txt(value));
}

std::string spf_record_for(const SendingFacts& facts) {
  std::string text = "v=spf1";
  const auto add = [&](std::string_view host) {
    const std::string known = lower(host);
    std::string word;
    if (known.contains(':')) {
      word = " ip6:" + known;
    } else if (is_ipv4(known)) {
      word = " ip4:" + known;
    } else if (is_host_name(known) && known != "localhost") {
      word = " a:" + known;
    }
    if (!word.empty() && !(text + ' ').contains(word + ' ')) text += word;
  };
  for (const std::string& address : facts.addresses) add(address);
  for (const std::string& relay : facts.relays) add(relay);
  return text == "v=spf1" ? std::string() : text + " ~all";
}

namespace {

void add_return_path(const SendingDomain& domain, const SendingFacts& facts,
                     std::vector<PublishedRecord>& records) {
  const std::string& name = domain.return_path_domain;
  // The domain's own MX leads to people's mailboxes: one of them collects the reports then.
  if (name.empty() || name == domain.name) return;
  if (is_host_name(facts.inbound_host)) {
    records.push_back({RecordPurpose::return_path, name, "10 " + facts.inbound_host, true,
                       "Reports about what could not be delivered come back to this machine. Where "
                       "another server takes them in and passes them on, name that one."});
  }
  if (std::string spf = spf_record_for(facts); !spf.empty()) {
    records.push_back({RecordPurpose::return_path_spf, name, std::move(spf), true,
                       "It says which machines may send with this return path: the SPF record that "
                       "receivers ask for."});
  }
}

}  // namespace

std::vector<PublishedRecord> records_to_publish(const SendingDomain& domain,
                                                const SendingFacts& facts) {
  std::vector<PublishedRecord> records;
  for (const DomainKey& key : domain.keys) {
    if (key.state() != KeyState::retired) records.push_back(of_key(domain, key));
  }
  if (std::string spf = spf_record_for(facts); !spf.empty()) {
    records.push_back(
        {RecordPurpose::spf, domain.name, std::move(spf), true,
         "It says which machines may send for the domain. A name has one such record: where there "
         "is one already, add to it what stands between v=spf1 and ~all. Where your mail provider "
         "names another one for you (often include:…), use that."});
  }
  add_return_path(domain, facts, records);
  records.push_back(
      {RecordPurpose::dmarc, fmt::format("_dmarc.{}", wire::organisational_domain(domain.name)),
       "v=DMARC1; p=none", true,
       "Gmail, Yahoo and Microsoft want it to be there. p=none changes nothing for mail that "
       "fails; "
       "go on to quarantine or reject when everything you send is signed. Keep the one you have."});
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(domain.created_at));
  records.push_back(
      {RecordPurpose::mta_sts, fmt::format("_mta-sts.{}", domain.name),
       fmt::format("v=STSv1; id={}{:02}{:02}", static_cast<int>(day.year()),
                   static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day())),
       false,
       "About the mail you receive, not what you send: with it and a policy at "
       "https://mta-sts." +
           domain.name + "/.well-known/mta-sts.txt nobody can read along."});
  return records;
}

}  // namespace tidings::domains
