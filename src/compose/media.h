// Media: files that staff uploaded, to attach to messages or to show in them, stored once by the
// hash of their content.
//
// An image that a message shows is fetched by its readers' mail programs at
// PUBLIC_URL/m/TOKEN/NAME: the token is 128 random bits, so that nobody comes to a file by
// guessing. Only the bitmap formats that a browser cannot execute are shown; everything else, SVG
// and HTML included, is only ever a download. Thread: any, one Connection each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::compose {

struct Media {
  MediaId id;
  std::string file_name;
  std::string media_type;  // by name and content, never as the uploading side says
  std::int64_t size = 0;   // bytes
  std::string hash;        // SHA-256 of the content, 32 bytes
  std::string token;
  std::string created_by;
  Instant created_at{};

  bool is_image() const {
    return media_type.starts_with("image/") && media_type != "image/svg+xml";
  }
  // The path below the public URL: "/m/TOKEN/NAME".
  std::string public_path() const;
};

struct NewMedia {
  std::string_view file_name;  // any path before it is left out
  std::string_view content;
  std::string_view created_by;
};

// Checks name and type. Errors (invalid): media.file_name, media.empty, attachment.blocked_type.
Result<void> check_media(const NewMedia& media);

// The same name and content uploaded again is the same media. `media` was checked.
Result<Media> store_media(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                          const NewMedia& media, Instant now);
// Error: media.not_found.
Result<Media> load_media(db::Connection& connection, OrganisationId organisation, MediaId id);
Result<std::string> load_media_content(db::Connection& connection, OrganisationId organisation,
                                       MediaId id);
// Newest first: those before `before` (not valid(): all), at most `limit`.
Result<std::vector<Media>> list_media(db::Connection& connection, OrganisationId organisation,
                                      MediaId before, int limit);
// Its public address ends; messages that were sent keep their attachments. Error: media.not_found.
Result<void> delete_media(db::Connection& connection, OrganisationId organisation, MediaId id);

struct PublicMedia {
  Media media;
  std::string content;
};
// Of whatever organisation: the token is the whole authority. Nothing for an unknown one.
Result<std::optional<PublicMedia>> find_public_media(db::Connection& connection,
                                                     std::string_view token);

}  // namespace tidings::compose
