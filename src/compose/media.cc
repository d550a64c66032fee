#include "compose/media.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "compose/attachments.h"
#include "wire/text_encoding.h"
#include "wire/url.h"

namespace tidings::compose {

namespace {

constexpr std::size_t kTokenBytes = 16;
constexpr std::size_t kNameMax = 200;

#define TIDINGS_MEDIA_COLUMNS                                                           \
  "SELECT m.id, m.file_name, m.media_type, m.size, m.blob_hash, m.token, m.created_by," \
  " m.created_at"

constexpr db::Statement kInsertBlob{
    "media.insert_blob",
    "INSERT INTO blob (organisation_id, hash, size, content, created_at)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"};
constexpr db::Statement kInsert{
    "media.insert",
    "INSERT INTO media (organisation_id, id, blob_hash, file_name, media_type, size, token,"
    " created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"};
constexpr db::Statement kFindContent{
    "media.find_content", TIDINGS_MEDIA_COLUMNS
    " FROM media m WHERE m.organisation_id = $1 AND m.blob_hash = $2 AND m.file_name = $3"};
constexpr db::Statement kLoad{
    "media.load", TIDINGS_MEDIA_COLUMNS " FROM media m WHERE m.organisation_id = $1 AND m.id = $2"};
constexpr db::Statement kLoadContent{
    "media.load_content",
    "SELECT b.content FROM media m JOIN blob b ON b.organisation_id = m.organisation_id"
    " AND b.hash = m.blob_hash WHERE m.organisation_id = $1 AND m.id = $2"};
constexpr db::Statement kList{
    "media.list", TIDINGS_MEDIA_COLUMNS
    " FROM media m WHERE m.organisation_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3"};
constexpr db::Statement kDelete{"media.delete",
                                "DELETE FROM media WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kDeleteBlob{
    "media.delete_blob",
    "DELETE FROM blob WHERE organisation_id = $1 AND hash = $2 AND NOT EXISTS (SELECT 1 FROM media "
    "m"
    " WHERE m.organisation_id = $1 AND m.blob_hash = $2) AND NOT EXISTS (SELECT 1 FROM"
    " content_attachment a WHERE a.organisation_id = $1 AND a.blob_hash = $2)"};
constexpr db::Statement kFindPublic{
    "media.find_public", TIDINGS_MEDIA_COLUMNS
    ", b.content FROM media m JOIN blob b ON b.organisation_id = m.organisation_id"
    " AND b.hash = m.blob_hash WHERE m.token = $1"};

Media read(const db::Row& row) {
  Media media;
  media.id = row.id<MediaId>(0);
  media.file_name = row.string(1);
  media.media_type = row.string(2);
  media.size = row.integer(3);
  media.hash = row.bytes(4);
  media.token = row.string(5);
  media.created_by = row.string(6);
  media.created_at = row.instant(7);
  return media;
}

std::unexpected<Error> not_found(MediaId id) {
  return fail(ErrorKind::not_found, "media.not_found",
              fmt::format("There is no uploaded file {}. It may have been deleted.", to_text(id)));
}

std::string_view without_path(std::string_view name) {
  const auto slash = name.find_last_of("/\\");
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

// What the content is, not what its name says, where that decides whether a browser shows it.
std::string_view honest_type(const NewMedia& media) {
  if (const std::string_view image = image_type_of(media.content); !image.empty()) return image;
  const std::string_view named = media_type_of(media.file_name);
  const bool claims_image = named.starts_with("image/") && named != "image/svg+xml";
  return claims_image ? "application/octet-stream" : named;
}

}  // namespace

std::string Media::public_path() const {
  return fmt::format("/m/{}/{}", token, wire::percent_encode(file_name));
}

Result<void> check_media(const NewMedia& media) {
  const std::string_view name = without_path(media.file_name);
  const bool has_control = std::ranges::any_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (name.empty() || name == "." || name == ".." || name.size() > kNameMax || has_control ||
      !wire::is_utf8(name)) {
    return fail(ErrorKind::invalid, "media.file_name",
                fmt::format("Give the file a name of at most {} bytes, on one line.", kNameMax));
  }
  if (media.content.empty()) {
    return fail(ErrorKind::invalid, "media.empty",
                fmt::format("{} is empty. Choose the file again.", name));
  }
  return check_attachment_type(name, media.content);
}

Result<Media> store_media(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                          const NewMedia& media, Instant now) {
  const std::string hash = sha256(media.content);
  const std::string_view name = without_path(media.file_name);
  TRY(connection.execute(kInsertBlob, {organisation, db::BytesView{hash}, media.content.size(),
                                       db::BytesView{media.content}, now}));
  TRY(connection.execute(
      kInsert,
      {organisation, ids.next<MediaId>(), db::BytesView{hash}, name, honest_type(media),
       media.content.size(), to_base64url(random_bytes(kTokenBytes)), media.created_by, now}));
  auto stored =
      TRY(connection.query_first(kFindContent, {organisation, db::BytesView{hash}, name}, read));
  if (!stored) {
    return fail(ErrorKind::internal, "media.failed", "The file could not be stored. Try again.");
  }
  return *std::move(stored);
}

Result<Media> load_media(db::Connection& connection, OrganisationId organisation, MediaId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) return not_found(id);
  return *std::move(found);
}

Result<std::string> load_media_content(db::Connection& connection, OrganisationId organisation,
                                       MediaId id) {
  auto found = TRY(connection.query_first(kLoadContent, {organisation, id}, [](const db::Row& row) {
    return std::string(row.bytes(0));
  }));
  if (!found) return not_found(id);
  return *std::move(found);
}

Result<std::vector<Media>> list_media(db::Connection& connection, OrganisationId organisation,
                                      MediaId before, int limit) {
  std::vector<Media> list;
  const std::int64_t from = before.valid() ? before.value : INT64_MAX;
  TRY(connection.query(kList, {organisation, from, limit},
                       [&](const db::Row& row) { list.push_back(read(row)); }));
  return list;
}

Result<void> delete_media(db::Connection& connection, OrganisationId organisation, MediaId id) {
  const Media media = TRY(load_media(connection, organisation, id));
  TRY(connection.execute(kDelete, {organisation, id}));
  TRY(connection.execute(kDeleteBlob, {organisation, db::BytesView{media.hash}}));
  return {};
}

Result<std::optional<PublicMedia>> find_public_media(db::Connection& connection,
                                                     std::string_view token) {
  return connection.query_first(kFindPublic, {token}, [](const db::Row& row) {
    return PublicMedia{read(row), std::string(row.bytes(8))};
  });
}

}  // namespace tidings::compose
