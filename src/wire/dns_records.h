// What DNS records say: their data, as octets of an answer, turned into values.
//
// Names come in lower case without the final dot; the root is the empty name. A record that is cut
// short, has octets behind its end, or names a host with characters that no host name has is no
// record: nothing. Deviates: names in data are not compressed (a resolver has expanded them).
// Spec: RFC 1035 §3.3 (MX, TXT, PTR), RFC 3596 (AAAA), RFC 6698 §2 (TLSA). Thread: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidings::wire {

enum class DnsStatus {
  found,      // there is at least one record
  no_data,    // the name exists and has no such record
  no_domain,  // NXDOMAIN, or a name that cannot exist
  failed,     // no answer for now: a timeout, SERVFAIL, signatures that are wrong
};

// The type numbers of the IANA registry.
enum class DnsType : std::uint16_t { a = 1, ptr = 12, mx = 15, txt = 16, aaaa = 28, tlsa = 52 };

struct MxRecord {
  std::uint16_t preference = 0;  // lower is tried earlier
  std::string exchange;          // empty: the root (RFC 7505: no mail)
  friend bool operator==(const MxRecord&, const MxRecord&) = default;
};

struct TlsaRecord {
  std::uint8_t usage = 0;          // 2: an authority, 3: the certificate itself
  std::uint8_t selector = 0;       // 0: the whole certificate, 1: its public key
  std::uint8_t matching_type = 0;  // 0: as it is, 1: SHA-256, 2: SHA-512
  std::string data;                // octets
  friend bool operator==(const TlsaRecord&, const TlsaRecord&) = default;
};

std::optional<MxRecord> read_mx(std::string_view data);
// The strings of the record joined, as SPF, DKIM, DMARC and MTA-STS read it (RFC 7208 §3.3).
std::optional<std::string> read_txt(std::string_view data);
std::optional<std::string> read_ptr(std::string_view data);
std::optional<TlsaRecord> read_tlsa(std::string_view data);

// Can it say which certificate a mail server shows (RFC 7672 §3.1: usages 2 and 3 only)?
bool is_usable_tlsa(const TlsaRecord& record);

// A name that can be asked for: letters, digits, hyphens and underscores, labels of 1 to 63 octets,
// at most 253 in all.
bool is_dns_name(std::string_view name);

}  // namespace tidings::wire
