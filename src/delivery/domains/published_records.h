// The DNS records that the owner of a sending domain publishes, word for word.
//
//   SELECTOR._domainkey.DOMAIN  TXT  the public half of each key that waits or signs
//   DOMAIN                      TXT  SPF: who may send for it
//   RETURN-PATH-DOMAIN          MX   where reports about its mail come in, and
//                               TXT  SPF: who may send for it; receivers ask for this one
//   _dmarc.ORGANISATION         TXT  DMARC: what receivers do with mail that is neither
//   _mta-sts.DOMAIN             TXT  MTA-STS: that mail to it comes encrypted; not needed to send
// Spec: RFC 6376 §3.6, RFC 7208 §4.5, RFC 7489 §6.1, RFC 8461 §3.1. Thread: any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "delivery/domains/sending_domains.h"

namespace tidings::domains {

enum class RecordPurpose { dkim, spf, dmarc, mta_sts, return_path, return_path_spf };
std::string_view to_string(RecordPurpose purpose);

// An MX record, or a TXT record.
struct PublishedRecord {
  RecordPurpose purpose = RecordPurpose::dkim;
  std::string name;   // without a final dot
  std::string value;  // unquoted
  bool is_required = true;
  std::string note;  // why, in a sentence

  std::string_view type() const { return purpose == RecordPurpose::return_path ? "MX" : "TXT"; }
  // As it stands in a zone file: NAME. IN TXT "…" "…", NAME. IN MX 10 HOST.
  std::string zone_line() const;
};

// How this machine's mail leaves.
struct SendingFacts {
  std::vector<std::string> relays;     // hosts of mail servers: names or addresses
  std::vector<std::string> addresses;  // of this machine's own, where it delivers itself
  std::string inbound_host = {};       // the name that mail to it goes to; empty: not known
};

std::vector<PublishedRecord> records_to_publish(const SendingDomain& domain,
                                                const SendingFacts& facts);

// The SPF record that authorises what `facts` name; empty when they name nothing.
std::string spf_record_for(const SendingFacts& facts);

}  // namespace tidings::domains
