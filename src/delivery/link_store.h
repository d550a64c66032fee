// The links of content versions, as they were frozen: where the redirect of a message leads, and
// how often each was asked for. Table content_link, content_link_count. Owned by delivery. Thread:
// any; the connection's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/link_rewriter.h"

namespace tidings::delivery {

// What the options of a content version say of its tracking besides the links.
struct StoredTracking {
  std::optional<std::size_t> image_at;
  bool is_total = false;
};
StoredTracking stored_tracking(std::string_view options_json);

Result<void> store_links(db::Connection& connection, OrganisationId organisation,
                         ContentVersionId content, const Tracking& tracking);
// None when the HTML is empty: it was forgotten. Error: content.damaged (corrupt) when they do not
// fit it.
Result<std::vector<TrackedLink>> load_links(db::Connection& connection, OrganisationId organisation,
                                            ContentVersionId content, std::string_view html);

// Where one link leads, without its HTML.
struct LinkTarget {
  int number = 0;
  std::string target;
  bool is_template = false;
};
Result<std::vector<LinkTarget>> load_link_targets(db::Connection& connection,
                                                  OrganisationId organisation,
                                                  ContentVersionId content);

// Raw requests, machines' included. Number 0 is the picture.
struct LinkCount {
  OrganisationId organisation_id;
  ContentVersionId content_version_id;
  int number = 0;
  std::int64_t hits = 0;
};
// Adds to what is counted; a number that the content does not have is left out.
Result<void> count_hits(db::Connection& connection, std::span<const LinkCount> counts);

// The links of a campaign in all its languages, with what was counted.
struct LinkFigures {
  ContentVersionId content_version_id;
  int number = 0;
  std::string url;  // a template as it stands
  bool is_template = false;
  std::string locale;  // empty: one language
  std::int64_t hits = 0;
};
struct TrackingFigures {
  bool tracks_opens = false;
  bool tracks_clicks = false;
  bool is_total = false;
  std::int64_t image_hits = 0;
  std::vector<LinkFigures> links;  // at most 1,000
};
// `content` is the campaign's own; not valid(): nothing was frozen, and all is empty.
Result<TrackingFigures> tracking_figures(db::Connection& connection, OrganisationId organisation,
                                         ContentVersionId content);

// Where they led is forgotten with the content.
Result<void> forget_links(db::Connection& connection, OrganisationId organisation,
                          ContentVersionId content);

// For plan tests.
std::span<const db::Statement> link_statements();

}  // namespace tidings::delivery
