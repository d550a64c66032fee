// The links of content versions, as they were frozen: where the redirect of a message leads, and
// how often each was asked for (counted by hit_tally). Table content_link, content_link_count.
// Owned by delivery. Thread: any; the connection's.
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

// The links of a campaign in all its languages, with what was counted.
struct LinkHits {
  std::int64_t all = 0;       // requests as they came
  std::int64_t machines = 0;  // of them
  std::int64_t people = 0;    // messages of which a person made one; of totals none are known
};
struct LinkFigures {
  ContentVersionId content_version_id;
  int number = 0;
  std::string url;  // a template as it stands
  bool is_template = false;
  std::string locale;  // empty: one language
  LinkHits hits;
};
struct TrackingFigures {
  bool tracks_opens = false;
  bool tracks_clicks = false;
  bool is_total = false;
  LinkHits picture;
  std::vector<LinkFigures> links;  // at most 1,000
};
// `content` is the campaign's own; not valid(): nothing was frozen, and all is empty.
Result<TrackingFigures> tracking_figures(db::Connection& connection, OrganisationId organisation,
                                         ContentVersionId content);

// What of a campaign is measured, in any of its languages.
struct Measured {
  bool opens = false;
  bool clicks = false;
  bool is_total = false;  // how often, and nobody is known
};
Result<Measured> what_is_measured(db::Connection& connection, OrganisationId organisation,
                                  ContentVersionId content);

// Where they led is forgotten with the content.
Result<void> forget_links(db::Connection& connection, OrganisationId organisation,
                          ContentVersionId content);

// For plan tests.
std::span<const db::Statement> link_statements();

}  // namespace tidings::delivery
