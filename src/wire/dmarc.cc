#include "wire/dmarc.h"

#include "base/text.h"
#include "wire/tag_list.h"

namespace tidings::wire {

namespace {

std::optional<DmarcPolicy> policy_of(std::string_view word) {
  const std::string known = lower(word);
  if (known == "none") return DmarcPolicy::none;
  if (known == "quarantine") return DmarcPolicy::quarantine;
  if (known == "reject") return DmarcPolicy::reject;
  return std::nullopt;
}

}  // namespace

std::optional<DmarcRecord> parse_dmarc(std::string_view text) {
  const auto tags = TagList::parse(text);
  if (!tags || !tags->begins_with("v", "DMARC1")) return std::nullopt;
  DmarcRecord record;
  const auto policy = tags->find("p");
  const auto known = policy ? policy_of(*policy) : std::nullopt;
  // A policy that is none counts as p=none where reports are asked for; else nothing counts.
  if (!known && !tags->find("rua")) return std::nullopt;
  record.policy = known.value_or(DmarcPolicy::none);
  const auto below = tags->find("sp");
  record.subdomain_policy = below ? policy_of(*below).value_or(record.policy) : record.policy;
  record.is_dkim_strict = lower(tags->find("adkim").value_or("r")) == "s";
  record.is_spf_strict = lower(tags->find("aspf").value_or("r")) == "s";
  return record;
}

}  // namespace tidings::wire
