#include "edge/api/media_handlers.h"

#include <algorithm>
#include <boost/json.hpp>

#include <fmt/format.h>

#include "compose/attachments.h"
#include "compose/media.h"
#include "edge/api/draft_json.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using compose::Media;

json::object to_json(const Call& call, const Media& media) {
  return {{"id", to_text(media.id)},
          {"file_name", media.file_name},
          {"media_type", media.media_type},
          {"size", media.size},
          {"encoded_size", compose::encoded_size(media.size)},
          {"is_image", media.is_image()},
          {"url", call.services.public_url + media.public_path()},
          {"created_by", media.created_by},
          {"created_at", instant_text(media.created_at)}};
}

Result<Answer> list(const Call& call) {
  const Page page = call.page();
  const MediaId before{parse_id(page.cursor).value_or(0)};
  const auto media = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return compose::list_media(connection, call.organisation(), before, page.limit + 1);
  }));
  json::array items;
  const auto count = std::min<std::size_t>(media.size(), static_cast<std::size_t>(page.limit));
  for (std::size_t i = 0; i < count; ++i) items.push_back(to_json(call, media[i]));
  return Answer::ok(list_answer(
      std::move(items), media.size() > count ? to_text(media[count - 1].id) : std::string()));
}

Result<Answer> upload(const Call& call) {
  const std::string_view name = call.query("file_name");
  const compose::NewMedia media{name, call.request.body, call.who.name};
  if (const auto good = compose::check_media(media); !good) {
    const compose::FieldProblem problem{"?file_name", good.error().code, good.error().message};
    return unfit({&problem, 1});
  }
  const std::int64_t size = std::ssize(call.request.body);
  TRY(compose::check_attachment_sizes({&size, 1}, call.services.settings.attachment_bytes_max));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Media stored = TRY(compose::store_media(connection, call.services.ids,
                                                  call.organisation(), media, call.now()));
    return Answer::created(to_json(call, stored))
        .with("Location", "/api/v1/media/" + to_text(stored.id));
  });
}

Result<Answer> get(const Call& call) {
  const auto id = TRY(call.id<MediaId>("id"));
  const Media media = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return compose::load_media(connection, call.organisation(), id);
  }));
  return Answer::ok(to_json(call, media)).with("ETag", etag_of(media.created_at));
}

// Always a download, whatever it is: no uploaded byte runs in the origin of the application.
Result<Answer> get_content(const Call& call) {
  const auto id = TRY(call.id<MediaId>("id"));
  Answer answer;
  answer.content_type = "application/octet-stream";
  answer.raw = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return compose::load_media_content(connection, call.organisation(), id);
  }));
  return std::move(answer)
      .with("Content-Disposition", "attachment")
      .with("Content-Security-Policy", "default-src 'none'; sandbox");
}

Result<Answer> remove(const Call& call) {
  const auto id = TRY(call.id<MediaId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    TRY(compose::delete_media(connection, call.organisation(), id));
    return Answer::no_content();
  });
}

}  // namespace

void add_media_handlers(Registry& registry) {
  registry.answer("listMedia", list);
  registry.answer("uploadMedia", upload);
  registry.answer("getMedia", get);
  registry.answer("getMediaContent", get_content);
  registry.answer("deleteMedia", remove);
}

}  // namespace tidings::api
