// Segments: contacts chosen by a rule, evaluated when used.
// Thread: as the connection. Errors: those of db.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/segment_json.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/segment_ast.h"

namespace tidings::audience {

struct Segment {
  SegmentId id;
  std::string name;  // unique within the organisation
  std::string description;
  Rule rule;
  Instant created_at{};
  Instant changed_at{};
};

inline constexpr std::size_t kSegmentNameMax = 200;          // bytes
inline constexpr std::size_t kSegmentDescriptionMax = 2000;  // bytes
inline constexpr int kSegmentsMax = 2'000;                   // of one organisation

// Error: segment.not_found.
Result<Segment> find_segment(db::Connection& connection, OrganisationId organisation, SegmentId id);
// In the order of their names, behind `after` (a name; empty: from the first).
Result<std::vector<Segment>> page_segments(db::Connection& connection, OrganisationId organisation,
                                           std::string_view after, int limit);

// Whether what the rule names is there and fits: groups, campaigns, other segments, the types of
// custom fields. `self` is the segment it is for, if there is one yet: it must not come back to
// itself. Codes: rule.unknown_group, rule.unknown_campaign, rule.unknown_segment, rule.cycle,
// rule.too_deep, rule.too_many, rule.field_type.
Result<std::vector<RuleProblem>> check_rule(db::Connection& connection, OrganisationId organisation,
                                            const Rule& rule, std::optional<SegmentId> self);

// The rule must have been checked. Errors: segment.bad_name (invalid), segment.exists (conflict)
// for a name that another one has, segment.too_many (limit).
Result<Segment> create_segment(db::Connection& connection, IdSource& ids,
                               OrganisationId organisation, const Segment& segment, Instant now);
// Name, description and rule as given. Errors: as above, and segment.not_found.
Result<Segment> change_segment(db::Connection& connection, OrganisationId organisation,
                               const Segment& segment, Instant now);
// Errors: segment.not_found, segment.in_use (conflict) while another segment refers to it.
Result<void> delete_segment(db::Connection& connection, OrganisationId organisation, SegmentId id);

// How many contacts the rule holds for now, deleted ones left out. Errors: segment.*.
Result<std::int64_t> count_matching(db::Connection& connection, OrganisationId organisation,
                                    const Rule& rule, Instant now);

struct MatchingContact {
  ContactId id;
  std::string name;   // as shown
  std::string email;  // the primary address; empty: none
};
// Some of them, the oldest first.
Result<std::vector<MatchingContact>> matching_contacts(db::Connection& connection,
                                                       OrganisationId organisation,
                                                       const Rule& rule, Instant now,
                                                       ContactId after, int limit);

}  // namespace tidings::audience
