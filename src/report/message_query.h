// The filter of the log as SQL: from which indexes its messages come, and what is still to be asked
// of each. Private to src/report/.
//
// Everything that stands in the SQL as text is a number or a word of ours; what a person typed is a
// parameter, always. Thread: values.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "report/log_filter.h"

namespace tidings::report {

// Ids between two bounds, both excluded.
struct IdRange {
  std::int64_t after = 0;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  bool empty() const { return before <= after || before == after + 1; }
};

// One index read in the order of ids: `SELECT … FROM {from} WHERE {access}`. {id} is the column it
// is ordered by. $1 is the organisation; the texts follow as the query's params.
struct Source {
  std::string from;
  std::string id;
  std::string access;
  // The part of `access` that the index knows: as many rows or more, counted without the messages.
  std::string reach;
  std::vector<IdRange> ranges;  // disjoint, ascending
};

// Its content in another language; sender and attachments are the campaign's.
struct VariantFacts {
  ContentVersionId content_version_id;
  std::string subject_key;
};

// A campaign whose messages a filter may concern.
struct CampaignFacts {
  CampaignId id;
  ContentVersionId content_version_id;
  std::string subject_key;  // folded, as written
  std::string sender_key;
  bool has_attachments = false;
  IdRange range;  // of the ids of its messages
  std::int64_t total = 0;
  std::vector<VariantFacts> variants;
};

struct CompiledFilter {
  // Sources do not overlap; together they hold every message that passes.
  std::vector<Source> sources;
  // What is still asked of each message `m`; empty: nothing. Without what `text_check` decides.
  std::string where;
  std::deque<std::string> texts;  // what the parameters borrow
  std::vector<db::Param> params;  // $1 and on
  // Content versions whose subject must be rendered to know whether it has the text; their
  // messages pass `where`.
  std::unordered_set<std::int64_t> templated;
  std::string text;  // folded
  // Read when a filter needs them, newest first; the sender only when it filters by one.
  std::vector<CampaignFacts> campaigns;
  // No more messages than this, or more than was to be counted; -1: not known without reading them.
  std::int64_t at_most = -1;
};

// For at_most no more than `count_to` messages are counted, none when it is 0. Error:
// campaign.not_found.
Result<CompiledFilter> compile_filter(db::Connection& connection, OrganisationId organisation,
                                      const LogFilter& filter, std::int64_t count_to);

std::vector<IdRange> merged(std::vector<IdRange> ranges);

}  // namespace tidings::report
