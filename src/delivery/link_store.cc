#include "delivery/link_store.h"

#include <array>
#include <boost/json.hpp>

#include "base/json_text.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Param;
using db::Row;

constexpr std::array<std::string_view, 7> kColumns = {
    "organisation_id", "content_version_id", "number", "target",
    "is_template",     "begins_at",          "ends_at"};
constexpr db::Statement kLoad{
    "links.load",
    "SELECT number, target, is_template, begins_at, ends_at FROM content_link"
    " WHERE organisation_id = $1 AND content_version_id = $2 ORDER BY number"};
constexpr db::Statement kTargets{
    "links.targets",
    "SELECT number, target, is_template FROM content_link"
    " WHERE organisation_id = $1 AND content_version_id = $2 ORDER BY number"};
// The content itself, and its other languages.
constexpr db::Statement kVersions{
    "links.versions",
    "SELECT v.id, v.options, COALESCE(c.locale, '') FROM content_version v"
    " LEFT JOIN content_variant c ON c.organisation_id = v.organisation_id"
    " AND c.content_version_id = $2 AND c.variant_id = v.id"
    " WHERE v.organisation_id = $1 AND v.id IN (SELECT CAST($2 AS BIGINT) UNION ALL SELECT"
    " variant_id FROM content_variant WHERE organisation_id = $1 AND content_version_id = $2)"
    " ORDER BY c.position"};
constexpr db::Statement kMeasured{
    "links.measured",
    "SELECT v.options, EXISTS (SELECT 1 FROM content_link l WHERE l.organisation_id ="
    " v.organisation_id AND l.content_version_id = v.id) FROM content_version v"
    " WHERE v.organisation_id = $1 AND v.id IN (SELECT CAST($2 AS BIGINT) UNION ALL SELECT"
    " variant_id FROM content_variant WHERE organisation_id = $1 AND content_version_id = $2)"};
constexpr db::Statement kFigures{
    "links.figures",
    "SELECT l.number, l.target, l.is_template, COALESCE(c.hits, 0), COALESCE(c.machine_hits, 0),"
    " COALESCE(c.people, 0) FROM content_link l"
    " LEFT JOIN content_link_count c ON c.organisation_id = l.organisation_id"
    " AND c.content_version_id = l.content_version_id AND c.number = l.number"
    " WHERE l.organisation_id = $1 AND l.content_version_id = $2 ORDER BY l.number LIMIT $3"};
constexpr db::Statement kImage{"links.image_hits",
                               "SELECT hits, machine_hits, people FROM content_link_count WHERE "
                               "organisation_id = $1 AND content_version_id = $2"
                               " AND number = 0"};

constexpr db::Statement kForget{
    "links.forget",
    "DELETE FROM content_link WHERE organisation_id = $1 AND content_version_id = $2"};

constexpr std::size_t kFiguresMax = 1000;

}  // namespace

StoredTracking stored_tracking(std::string_view options_json) {
  StoredTracking stored;
  const auto options = object_of(options_json);
  if (!options) return stored;
  if (const auto* at = options->if_contains("image_at"); at != nullptr && at->is_int64()) {
    stored.image_at = static_cast<std::size_t>(at->get_int64());
  }
  if (const auto* total = options->if_contains("is_total")) stored.is_total = *total == true;
  return stored;
}

Result<void> store_links(Connection& connection, OrganisationId organisation,
                         ContentVersionId content, const Tracking& tracking) {
  std::vector<Param> rows;
  for (const TrackedLink& tracked : tracking.links) {
    rows.insert(rows.end(), {Param(organisation), Param(content), Param(tracked.number),
                             Param(tracked.link.target), Param(tracked.link.is_template),
                             Param(tracked.link.begin), Param(tracked.link.end)});
  }
  return rows.empty() ? Result<void>() : connection.insert_many("content_link", kColumns, rows);
}

Result<std::vector<TrackedLink>> load_links(Connection& connection, OrganisationId organisation,
                                            ContentVersionId content, std::string_view html) {
  std::vector<TrackedLink> links;
  std::size_t at = 0;
  bool fits = true;
  TRY(connection.query(kLoad, {organisation, content}, [&](const Row& row) {
    const auto begin = static_cast<std::size_t>(row.integer(3));
    const auto end = static_cast<std::size_t>(row.integer(4));
    fits = fits && at <= begin && begin < end && end <= html.size();
    at = end;
    links.push_back(
        {static_cast<int>(row.integer(0)), {begin, end, row.string(1), row.boolean(2)}});
  }));
  if (html.empty()) links.clear();
  if (fits || html.empty()) return links;
  return fail(
      ErrorKind::corrupt, "content.damaged",
      "The stored links of this campaign do not fit its content. Restore it from a backup.");
}

Result<std::vector<LinkTarget>> load_link_targets(Connection& connection,
                                                  OrganisationId organisation,
                                                  ContentVersionId content) {
  std::vector<LinkTarget> targets;
  TRY(connection.query(kTargets, {organisation, content}, [&](const Row& row) {
    targets.push_back({static_cast<int>(row.integer(0)), row.string(1), row.boolean(2)});
  }));
  return targets;
}

Result<TrackingFigures> tracking_figures(Connection& connection, OrganisationId organisation,
                                         ContentVersionId content) {
  TrackingFigures figures;
  if (!content.valid()) return figures;
  struct Version {
    ContentVersionId id;
    std::string options;
    std::string locale;
  };
  std::vector<Version> versions;
  TRY(connection.query(kVersions, {organisation, content}, [&](const Row& row) {
    versions.push_back({row.id<ContentVersionId>(0), row.string(1), row.string(2)});
  }));
  for (const Version& version : versions) {
    const StoredTracking stored = stored_tracking(version.options);
    figures.tracks_opens |= stored.image_at.has_value();
    figures.is_total |= stored.is_total;
    TRY(connection.query(kImage, {organisation, version.id}, [&](const Row& row) {
      figures.picture.all += row.integer(0);
      figures.picture.machines += row.integer(1);
      figures.picture.people += row.integer(2);
    }));
    const std::size_t room = kFiguresMax - figures.links.size();
    TRY(connection.query(kFigures, {organisation, version.id, room}, [&](const Row& row) {
      figures.links.push_back({version.id,
                               static_cast<int>(row.integer(0)),
                               row.string(1),
                               row.boolean(2),
                               version.locale,
                               {row.integer(3), row.integer(4), row.integer(5)}});
    }));
  }
  figures.tracks_clicks = !figures.links.empty();
  return figures;
}

Result<Measured> what_is_measured(Connection& connection, OrganisationId organisation,
                                  ContentVersionId content) {
  Measured measured;
  TRY(connection.query(kMeasured, {organisation, content}, [&](const Row& row) {
    const StoredTracking stored = stored_tracking(row.text(0));
    measured.opens |= stored.image_at.has_value();
    measured.is_total |= stored.is_total;
    measured.clicks |= row.boolean(1);
  }));
  return measured;
}

Result<void> forget_links(Connection& connection, OrganisationId organisation,
                          ContentVersionId content) {
  TRY(connection.execute(kForget, {organisation, content}));
  return {};
}

std::span<const db::Statement> link_statements() {
  static constexpr std::array kAll = {kLoad, kTargets, kVersions, kMeasured, kFigures, kImage};
  return kAll;
}

}  // namespace tidings::delivery
