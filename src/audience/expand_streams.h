// The queries behind an expansion: each yields candidates in one of two orders, so that they can
// be merged: by normalised address, or for people without one by contact.
// Thread: any, one Connection each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audience/expand.h"
#include "audience/segment_sql.h"

namespace tidings::audience {

enum class StreamKind {
  themselves,  // whom the audience names
  guardians,   // who receives messages about them
  earlier,     // recipients of earlier campaigns, about whom those messages were
  orphans,     // named, guardians wanted, and there is none; only among those without address
};

// Everything that stays the same from batch to batch.
struct Expansion {
  const ExpandRequest& request;
  const Audience& audience;
  const UsedFields& used;
  const SegmentRules& segments;
  bool is_frozen = false;
};

// The streams that this audience needs, of people with or without an address.
std::vector<StreamKind> streams_of(const Expansion& expansion, bool with_address);

// Candidates behind (normalised, contact), at most `limit`, in that order.
Result<std::vector<Candidate>> read_with_address(db::Connection& connection,
                                                 const Expansion& expansion, StreamKind kind,
                                                 const std::string& normalised,
                                                 std::int64_t contact, int limit);
// Whom the audience names, with or without an address, whose contact comes behind `contact`, in the
// order of contacts, about `limit`; one contact's candidates stand together and complete. Only for
// audiences that expands_by_contact() is true of.
struct ContactBatch {
  std::vector<Candidate> candidates;
  std::int64_t last = 0;  // go on behind this contact
  bool is_last = false;
};
Result<ContactBatch> read_by_contact(db::Connection& connection, const Expansion& expansion,
                                     std::int64_t contact, int limit);
// Candidates without an address whose contact comes behind `contact`, at most `limit`, in order.
Result<std::vector<Candidate>> read_without_address(db::Connection& connection,
                                                    const Expansion& expansion, StreamKind kind,
                                                    std::int64_t contact, int limit);

// An address typed by hand, or an earlier campaign's that was nobody's.
struct LooseAddress {
  std::string typed;
  std::string normalised;
  int included_by = 0;
};
// The audience's loose addresses behind `normalised`, at most `limit`, by normalised address; each
// once. Only those typed by hand are in memory as a whole.
Result<std::vector<LooseAddress>> read_loose_addresses(db::Connection& connection,
                                                       const Expansion& expansion,
                                                       const std::string& normalised, int limit);
// One candidate per address: the contact it belongs to, or nobody. Excluded ones only with
// with_excluded.
Result<std::vector<Candidate>> resolve_loose_addresses(db::Connection& connection,
                                                       const Expansion& expansion,
                                                       const std::vector<LooseAddress>& addresses);

// Those of exclude.addresses, as normalised, in order.
std::vector<std::string> excluded_addresses(const Expansion& expansion);

}  // namespace tidings::audience
