#include "delivery/domains/domain_check.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_text.h"
#include "base/text.h"
#include "wire/dmarc.h"
#include "wire/public_suffix.h"
#include "wire/smtp_reply.h"
#include "wire/spf.h"
#include "wire/tag_list.h"

namespace tidings::domains {

namespace {

namespace json = boost::json;
using wire::DnsAnswerStatus;
using wire::IpAddress;

constexpr std::array<std::string_view, 5> kStatusWords = {"good", "problem", "warning", "unknown",
                                                          "not_needed"};
constexpr std::size_t kTextMax = 1000;

// What strangers publish is shown, not believed.
std::string harmless(std::string_view text) {
  std::string known = wire::to_valid_utf8(text, kTextMax);
  std::ranges::replace_if(known, [](char c) { return c >= 0 && c < 0x20; }, ' ');
  return known;
}

CheckFinding finding(std::string_view check, CheckStatus status, std::string sentence,
                     std::vector<std::string> found = {}) {
  if (found.size() > kFoundMax) found.resize(kFoundMax);
  for (std::string& text : found) text = harmless(text);
  return {std::string(check), status, harmless(sentence), std::move(found)};
}

CheckFinding no_answer(std::string_view check, std::string_view name) {
  return finding(check, CheckStatus::unknown,
                 fmt::format("DNS gave no answer for {}. Check again in a while.", name));
}

// ---------------------------------------------------------------- DKIM
enum class KeyFound { same, absent, other, unusable, testing, failed };

KeyFound look_up(const SendingDomain& domain, const DomainKey& key, wire::DnsAnswers& dns,
                 std::vector<std::string>& found) {
  const auto answer = dns.txt(fmt::format("{}._domainkey.{}", key.selector, domain.name));
  if (answer.status == DnsAnswerStatus::failed) return KeyFound::failed;
  found.insert(found.end(), answer.records.begin(), answer.records.end());
  // Verifiers may take any of several: each has to be ours (RFC 6376 §3.6.2.2).
  KeyFound result = KeyFound::absent;
  for (const std::string& text : answer.records) {
    const auto record = wire::parse_dkim_key_record(text);
    if (!record) return KeyFound::unusable;
    const std::string_view type =
        key.algorithm == wire::DkimAlgorithm::rsa_sha256 ? "rsa" : "ed25519";
    if (record->public_key != key.public_key || lower(record->key_type) != type) {
      return KeyFound::other;
    }
    if (!record->allows_sha256 || !record->is_for_mail) return KeyFound::unusable;
    result = record->is_testing ? KeyFound::testing : KeyFound::same;
  }
  return result;
}

std::string key_sentence(const DomainKey& key, KeyFound found) {
  switch (found) {
    case KeyFound::absent:
      return fmt::format("The record of the key {} is not there.", key.selector);
    case KeyFound::other:
      return fmt::format("The record of the key {} has another key: copy it again, all of it.",
                         key.selector);
    case KeyFound::unusable:
      return fmt::format("The record of the key {} cannot be read, or is not for mail.",
                         key.selector);
    case KeyFound::testing:
      return fmt::format("The record of the key {} says t=y, a test: take that out.", key.selector);
    default:
      return fmt::format("The key {} is published.", key.selector);
  }
}

CheckFinding check_dkim(const SendingDomain& domain, wire::DnsAnswers& dns,
                        std::vector<DomainKeyId>& published) {
  std::string sentence;
  std::vector<std::string> records;
  bool is_wrong = false;
  bool is_testing = false;
  bool waits = false;
  for (const DomainKey& key : domain.keys) {
    if (key.state() == KeyState::retired) continue;
    const KeyFound found = look_up(domain, key, dns, records);
    if (found == KeyFound::failed)
      return no_answer("dkim", key.selector + "._domainkey." + domain.name);
    const bool is_there = found == KeyFound::same || found == KeyFound::testing;
    if (is_there) published.push_back(key.id);
    is_testing |= found == KeyFound::testing;
    if (!is_there) (key.state() == KeyState::active ? is_wrong : waits) = true;
    sentence += (sentence.empty() ? "" : " ") + key_sentence(key, found);
  }
  CheckStatus status = CheckStatus::good;
  if (is_testing) status = CheckStatus::warning;
  // Keys that wait beside those that sign do no harm.
  if (is_wrong || published.empty()) status = CheckStatus::problem;
  if (status == CheckStatus::good && waits) sentence += " What waits signs when it is there.";
  if (domain.keys.empty()) sentence = "The domain has no key: make one by rotating.";
  return finding("dkim", status, std::move(sentence), std::move(records));
}

// ---------------------------------------------------------------- SPF
// A machine that mail leaves from.
struct Source {
  IpAddress address;
  std::string name;    // as people know it
  bool is_own = true;  // else a relay's, which may send from others
};

// False: DNS did not answer.
bool add_relay(const std::string& host, wire::DnsAnswers& dns, std::vector<Source>& sources) {
  if (const auto address = IpAddress::parse(host)) {
    sources.push_back({*address, host, false});
    return true;
  }
  if (host == "localhost") return true;
  for (const auto& answer : {dns.a(host), dns.aaaa(host)}) {
    if (answer.status == DnsAnswerStatus::failed) return false;
    for (const IpAddress& address : answer.records) sources.push_back({address, host, false});
  }
  return true;
}

std::vector<std::string> spf_records(const std::string& name, wire::DnsAnswers& dns) {
  auto answer = dns.txt(name);
  std::erase_if(answer.records,
                [](const std::string& text) { return !lower(text).starts_with("v=spf1"); });
  return std::move(answer.records);
}

CheckFinding check_spf(const std::string& name, const CheckFacts& facts, wire::DnsAnswers& dns) {
  std::vector<Source> sources;
  for (const std::string& text : facts.sending.addresses) {
    if (const auto address = IpAddress::parse(text)) sources.push_back({*address, text, true});
  }
  for (const std::string& relay : facts.sending.relays) {
    if (!add_relay(lower(relay), dns, sources)) return no_answer("spf", relay);
  }
  const auto records = spf_records(name, dns);
  if (sources.empty()) {
    // Any address tells whether there is a record that can be read.
    sources.push_back({*IpAddress::parse("192.0.2.1"), "", false});
  }
  std::vector<std::string> refused;
  bool own_refused = false;
  for (const Source& source : sources) {
    const auto answer = wire::check_spf({source.address, name, "bounce", name}, dns);
    switch (answer.result) {
      case wire::SpfResult::temperror:
        return no_answer("spf", name);
      case wire::SpfResult::permerror:
        return finding("spf", CheckStatus::problem,
                       fmt::format("The SPF record is wrong: {}.", answer.why), records);
      case wire::SpfResult::none:
        return finding("spf", CheckStatus::problem, fmt::format("{} has no SPF record.", name),
                       records);
      case wire::SpfResult::pass:
        break;
      default:
        if (source.name.empty()) break;
        refused.push_back(source.name == source.address.text()
                              ? source.name
                              : fmt::format("{} ({})", source.name, source.address.text()));
        own_refused |= source.is_own;
    }
  }
  if (sources.front().name.empty()) {
    return finding(
        "spf", CheckStatus::warning,
        "There is an SPF record. Which machines your mail leaves from is not known here: "
        "add a mail server, and check again.",
        records);
  }
  if (refused.empty()) {
    return finding("spf", CheckStatus::good,
                   "The SPF record authorises where your mail leaves from.", records);
  }
  return finding(
      "spf", own_refused ? CheckStatus::problem : CheckStatus::warning,
      own_refused
          ? fmt::format("The SPF record does not authorise {}.", fmt::join(refused, ", "))
          : fmt::format("The SPF record does not authorise {}. Where your mail provider sends from "
                        "other machines, it has told you what to put there, and this is fine.",
                        fmt::join(refused, ", ")),
      records);
}

// ---------------------------------------------------------------- return path
CheckFinding check_return_path(const std::string& name, const CheckFacts& facts,
                               wire::DnsAnswers& dns) {
  const auto servers = dns.mx(name);
  const auto a = dns.a(name);
  if (servers.status == DnsAnswerStatus::failed || a.status == DnsAnswerStatus::failed) {
    return no_answer("return_path", name);
  }
  std::vector<std::string> found;
  bool is_here = facts.sending.inbound_host.empty();
  for (const wire::MxRecord& server : servers.records) {
    found.push_back(fmt::format("MX {} {}", server.preference, server.exchange));
    is_here |= lower(server.exchange) == facts.sending.inbound_host;
  }
  if (servers.records.empty() && a.records.empty()) {
    return finding("return_path", CheckStatus::problem,
                   fmt::format("{} has no MX record: no report comes back, and many receivers take "
                               "no mail from it.",
                               name));
  }
  CheckFinding spf = check_spf(name, facts, dns);
  spf.check = "return_path";
  if (spf.status == CheckStatus::problem || spf.status == CheckStatus::unknown) return spf;
  found.insert(found.end(), spf.found.begin(), spf.found.end());
  if (!is_here) {
    return finding("return_path", CheckStatus::warning,
                   fmt::format("Reports to {} go to another server, not to {}: that is fine where "
                               "it passes them on, or its mailbox is looked into.",
                               name, facts.sending.inbound_host),
                   found);
  }
  return finding("return_path", spf.status,
                 spf.status == CheckStatus::good
                     ? fmt::format("Reports come back to {}.", name)
                     : fmt::format("Reports come back to {}. {}", name, spf.sentence),
                 found);
}

// ---------------------------------------------------------------- DMARC
CheckFinding check_dmarc(const SendingDomain& domain, wire::DnsAnswers& dns) {
  const std::string organisation(wire::organisational_domain(domain.name));
  for (const std::string& place : domain.name == organisation
                                      ? std::vector{organisation}
                                      : std::vector{domain.name, organisation}) {
    auto answer = dns.txt("_dmarc." + place);
    if (answer.status == DnsAnswerStatus::failed) return no_answer("dmarc", "_dmarc." + place);
    std::erase_if(answer.records, [](const std::string& text) {
      return !std::string_view(text).starts_with("v=DMARC1");
    });
    if (answer.records.empty()) continue;
    const auto record = wire::parse_dmarc(answer.records.front());
    if (answer.records.size() > 1 || !record) {
      return finding(
          "dmarc", CheckStatus::problem,
          fmt::format("{} at _dmarc.{}, so none counts.",
                      record ? "There are several records" : "The record cannot be read", place),
          answer.records);
    }
    if (record->is_dkim_strict) {
      return finding(
          "dmarc", CheckStatus::warning,
          fmt::format("The record has adkim=s: addresses at {} are aligned, those below it "
                      "are not. Add them as domains of their own, or write adkim=r.",
                      domain.name),
          answer.records);
    }
    return finding("dmarc", CheckStatus::good,
                   "There is a record, and what we sign is aligned with the sender's address.",
                   answer.records);
  }
  return finding("dmarc", CheckStatus::problem,
                 fmt::format("There is no DMARC record at _dmarc.{}.", organisation));
}

// ---------------------------------------------------------------- the rest
CheckFinding check_ptr(const CheckFacts& facts, wire::DnsAnswers& dns) {
  std::vector<std::string> without;
  std::vector<std::string> found;
  for (const std::string& text : facts.sending.addresses) {
    const auto address = IpAddress::parse(text);
    if (!address) continue;
    const auto names = dns.ptr(*address);
    if (names.status == DnsAnswerStatus::failed) return no_answer("ptr", address->reverse_name());
    bool leads_back = false;
    for (const std::string& name : names.records) {
      const auto forward = address->is_v6() ? dns.aaaa(name) : dns.a(name);
      leads_back |= std::ranges::find(forward.records, *address) != forward.records.end();
      found.push_back(fmt::format("{} {}", text, name));
    }
    if (!leads_back) without.push_back(text);
  }
  if (facts.sending.addresses.empty()) {
    return finding("ptr", CheckStatus::not_needed,
                   "Your mail leaves by a mail server, whose address has to have a name.");
  }
  if (without.empty()) {
    return finding("ptr", CheckStatus::good, "Each address has a name that leads back to it.",
                   found);
  }
  return finding(
      "ptr", CheckStatus::problem,
      fmt::format("{} has no name (PTR) that leads back to it: many receivers take no mail "
                  "from such an address. Whoever rents it to you sets it.",
                  fmt::join(without, ", ")),
      found);
}

CheckFinding check_mta_sts(const SendingDomain& domain, wire::DnsAnswers& dns) {
  const auto answer = dns.txt("_mta-sts." + domain.name);
  if (answer.status == DnsAnswerStatus::failed)
    return no_answer("mta_sts", "_mta-sts." + domain.name);
  for (const std::string& text : answer.records) {
    const auto tags = wire::TagList::parse(text);
    if (!tags || !tags->begins_with("v", "STSv1")) continue;
    if (answer.records.size() > 1 || !tags->find("id") || tags->find("id")->empty()) {
      return finding("mta_sts", CheckStatus::warning,
                     "The MTA-STS record has no id=, or there are several: none counts.",
                     answer.records);
    }
    const auto host = dns.a("mta-sts." + domain.name);
    const auto host6 = dns.aaaa("mta-sts." + domain.name);
    if (host.records.empty() && host6.records.empty()) {
      return finding(
          "mta_sts", CheckStatus::warning,
          fmt::format("There is a record, but no host mta-sts.{} to get the policy from.",
                      domain.name),
          answer.records);
    }
    return finding(
        "mta_sts", CheckStatus::good,
        "There is a record for mail that you receive. The policy itself is not looked at.",
        answer.records);
  }
  return finding("mta_sts", CheckStatus::not_needed,
                 "There is no MTA-STS record. It is about mail that you receive; to send, you need "
                 "none.");
}

CheckFinding check_links(const CheckFacts& facts, wire::DnsAnswers& dns) {
  const std::string& host = facts.link_host;
  if (host.empty() || host == "localhost") {
    return finding(
        "links", CheckStatus::warning,
        "Links in messages lead to this machine alone: set public_url before you write to "
        "people.");
  }
  std::vector<IpAddress> addresses;
  if (const auto literal = IpAddress::parse(host)) {
    addresses.push_back(*literal);
  } else {
    for (const auto& answer : {dns.a(host), dns.aaaa(host)}) {
      if (answer.status == DnsAnswerStatus::failed) return no_answer("links", host);
      addresses.insert(addresses.end(), answer.records.begin(), answer.records.end());
    }
  }
  std::vector<std::string> found;
  for (const IpAddress& address : addresses) found.push_back(address.text());
  if (addresses.empty()) {
    return finding(
        "links", CheckStatus::problem,
        fmt::format("Links in messages lead to {}, which is not in DNS: give it an A, AAAA "
                    "or CNAME record.",
                    host));
  }
  if (std::ranges::none_of(addresses, &IpAddress::is_public)) {
    return finding(
        "links", CheckStatus::warning,
        fmt::format("Links in messages lead to {}, which people outside cannot reach.", host),
        found);
  }
  return finding("links", CheckStatus::good,
                 fmt::format("Links in messages lead to {}, which is there.", host), found);
}

std::optional<bool> verdict(const std::vector<CheckFinding>& findings) {
  bool is_good = true;
  bool is_known = true;
  for (const CheckFinding& each : findings) {
    if (each.check != "dkim" && each.check != "spf" && each.check != "dmarc") continue;
    is_good &= each.status != CheckStatus::problem;
    is_known &= each.status != CheckStatus::unknown;
  }
  if (!is_good) return false;
  return is_known ? std::optional(true) : std::nullopt;
}

}  // namespace

std::string_view to_string(CheckStatus status) {
  return kStatusWords[static_cast<std::size_t>(status)];
}

DomainReport check_domain(const SendingDomain& domain, const CheckFacts& facts,
                          wire::DnsAnswers& dns) {
  DomainReport report;
  report.findings.push_back(check_dkim(domain, dns, report.published));
  report.findings.push_back(check_spf(domain.name, facts, dns));
  report.findings.push_back(check_dmarc(domain, dns));
  if (!domain.return_path_domain.empty()) {
    report.findings.push_back(check_return_path(domain.return_path_domain, facts, dns));
  }
  report.findings.push_back(check_ptr(facts, dns));
  report.findings.push_back(check_mta_sts(domain, dns));
  report.findings.push_back(check_links(facts, dns));
  report.is_verified = verdict(report.findings);
  return report;
}

std::string findings_to_json(const std::vector<CheckFinding>& findings) {
  json::array list;
  for (const CheckFinding& each : findings) {
    json::array found;
    for (const std::string& text : each.found) found.emplace_back(text);
    list.push_back(json::object{{"check", each.check},
                                {"status", to_string(each.status)},
                                {"sentence", each.sentence},
                                {"found", std::move(found)}});
  }
  return json::serialize(list);
}

std::vector<CheckFinding> findings_from_json(std::string_view text) {
  std::vector<CheckFinding> findings;
  const json::value list = parse_json(text);
  if (!list.is_array()) return findings;
  for (const json::value& item : list.get_array()) {
    const json::object* object = item.if_object();
    if (object == nullptr) continue;
    const auto status = enumerator<CheckStatus>(kStatusWords, text_of(*object, "status"));
    if (!status) continue;
    CheckFinding each{text_of(*object, "check"), *status, text_of(*object, "sentence"), {}};
    if (const json::value* found = object->if_contains("found"); found && found->is_array()) {
      for (const json::value& one : found->get_array()) {
        if (one.is_string()) each.found.emplace_back(one.get_string());
      }
    }
    findings.push_back(std::move(each));
  }
  return findings;
}

std::string return_path_doubt(const SendingDomain& domain) {
  if (domain.return_path_domain.empty()) return {};
  for (const CheckFinding& each : findings_from_json(domain.findings)) {
    if (each.check != "return_path") continue;
    return each.status == CheckStatus::problem || each.status == CheckStatus::unknown
               ? each.sentence
               : std::string();
  }
  return fmt::format(
      "Nobody has looked yet whether {} is in DNS: many receivers take no mail whose "
      "return path is not, and no report comes back. Check the domain {} first.",
      domain.return_path_domain, domain.name);
}

std::string host_of_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "";
  std::string_view rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
  return lower(rest.substr(0, rest.find(':')));
}

}  // namespace tidings::domains
