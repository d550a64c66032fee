#include "compose/draft.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>

#include <fmt/format.h>

#include "base/json_text.h"
#include "wire/email_address.h"
#include "wire/text_encoding.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

struct TextMember {
  std::string_view name;
  std::string Draft::* member;
  std::string_view words;  // as a sentence names it
  std::size_t bytes_max;
  bool one_line;
};

constexpr std::array kTexts = {
    TextMember{"reply_to", &Draft::reply_to, "The reply-to address", kReplyToMax, true},
    TextMember{"subject", &Draft::subject, "The subject", kSubjectMax, true},
    TextMember{"preheader", &Draft::preheader, "The preview text", kPreheaderMax, true},
    TextMember{"html", &Draft::html, "The HTML", kHtmlMax, false},
    TextMember{"text", &Draft::text, "The plain text", kTextMax, false},
    TextMember{"locale", &Draft::locale, "The language", 35, true},
};

std::unexpected<Error> malformed(std::string_view member) {
  return fail(ErrorKind::invalid, "draft.malformed",
              fmt::format("\"{}\" is not what it should be in the content of a message.", member));
}

json::value id_json(std::int64_t id) {
  return id > 0 ? json::value(to_text(id)) : json::value(nullptr);
}

const json::value* member_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::string> read_text(const json::object& object, std::string_view name) {
  const json::value* value = member_of(object, name);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return malformed(name);
  return std::string(value->get_string());
}

Result<std::int64_t> read_id(const json::object& object, std::string_view name) {
  const std::string text = TRY(read_text(object, name));
  if (text.empty()) return 0;
  const auto id = parse_id(text);
  if (!id) return malformed(name);
  return *id;
}

Result<DraftAttachment> read_attachment(const json::value& json) {
  const json::object* object = json.if_object();
  if (object == nullptr) return malformed("attachments");
  DraftAttachment attachment;
  attachment.media_id = MediaId{TRY(read_id(*object, "media_id"))};
  attachment.file_name = TRY(read_text(*object, "file_name"));
  attachment.description = TRY(read_text(*object, "description"));
  attachment.media_type = TRY(read_text(*object, "media_type"));
  if (const json::value* size = member_of(*object, "size")) {
    boost::system::error_code error;
    attachment.size = size->to_number<std::int64_t>(error);
    if (error || attachment.size < 0) return malformed("size");
  }
  return attachment;
}

// The members of `tracking`.
struct UtmMember {
  std::string_view name;
  std::string delivery::Utm::* member;
};
constexpr std::array kUtm = {UtmMember{"utm_source", &delivery::Utm::source},
                             UtmMember{"utm_medium", &delivery::Utm::medium},
                             UtmMember{"utm_campaign", &delivery::Utm::campaign},
                             UtmMember{"utm_content", &delivery::Utm::content}};

}  // namespace

json::object tracking_json(const DraftTracking& tracking) {
  const auto choice = [](std::optional<bool> chosen) {
    return chosen ? json::value(*chosen) : json::value(nullptr);
  };
  json::object object{{"opens", choice(tracking.opens)}, {"clicks", choice(tracking.clicks)}};
  for (const UtmMember& each : kUtm) object[each.name] = tracking.utm.*each.member;
  return object;
}

Result<DraftTracking> tracking_from_json(const json::object& owner) {
  DraftTracking tracking;
  const json::value* given = member_of(owner, "tracking");
  if (given == nullptr) return tracking;
  const json::object* object = given->if_object();
  if (object == nullptr) return malformed("tracking");
  const auto choice = [&](std::string_view name) -> Result<std::optional<bool>> {
    const json::value* value = member_of(*object, name);
    if (value == nullptr) return std::optional<bool>();
    if (!value->is_bool()) return malformed(name);
    return std::optional(value->get_bool());
  };
  tracking.opens = TRY(choice("opens"));
  tracking.clicks = TRY(choice("clicks"));
  for (const UtmMember& each : kUtm) tracking.utm.*each.member = TRY(read_text(*object, each.name));
  return tracking;
}

namespace {

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Nothing when the text is fit; else code and the rest of a sentence that begins with its name.
struct Unfit {
  std::string_view code;
  std::string rest;
};
std::optional<Unfit> unfit(std::string_view text, std::size_t bytes_max, bool one_line) {
  if (text.size() > bytes_max) {
    return Unfit{"draft.too_long", fmt::format("is longer than {} bytes. Shorten it.", bytes_max)};
  }
  if (!wire::is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return Unfit{"draft.not_text", "holds bytes that are no text. Type it again."};
  }
  if (one_line && has_control(text)) {
    return Unfit{"draft.line_break",
                 "must be on one line, without line breaks or other control characters."};
  }
  return std::nullopt;
}

void check_attachments(const Draft& draft, std::vector<FieldProblem>& problems) {
  if (draft.attachments.size() > kAttachmentsMax) {
    problems.push_back({"/attachments", "draft.too_many",
                        fmt::format("A message takes at most {} attachments. Leave some out, or "
                                    "send them in one .zip.",
                                    kAttachmentsMax)});
  }
  for (std::size_t i = 0; i < draft.attachments.size() && i < kAttachmentsMax; ++i) {
    const DraftAttachment& attachment = draft.attachments[i];
    const auto at = [i](std::string_view member) {
      return fmt::format("/attachments/{}/{}", i, member);
    };
    if (!attachment.media_id.valid()) {
      problems.push_back({at("media_id"), "draft.no_media",
                          "The attachment names no uploaded file. Upload it first."});
    }
    if (attachment.file_name.empty()) {
      problems.push_back({at("file_name"), "draft.no_file_name", "Give the attachment a name."});
    }
    if (const auto bad = unfit(attachment.file_name, kFileNameMax, true)) {
      problems.push_back({at("file_name"), std::string(bad->code), "The file name " + bad->rest});
    }
    if (const auto bad = unfit(attachment.description, kDescriptionMax, true)) {
      problems.push_back(
          {at("description"), std::string(bad->code), "The description " + bad->rest});
    }
  }
}

}  // namespace

json::object draft_json(const Draft& draft) {
  json::object object;
  object["sender_id"] = id_json(draft.sender_id.value);
  for (const TextMember& text : kTexts) object[text.name] = draft.*text.member;
  json::array attachments;
  for (const DraftAttachment& attachment : draft.attachments) {
    json::object one;
    one["media_id"] = id_json(attachment.media_id.value);
    one["file_name"] = attachment.file_name;
    one["description"] = attachment.description;
    one["media_type"] = attachment.media_type;
    one["size"] = attachment.size;
    attachments.emplace_back(std::move(one));
  }
  object["attachments"] = std::move(attachments);
  object["topic_id"] = id_json(draft.topic_id.value);
  object["tracking"] = tracking_json(draft.tracking);
  return object;
}

Result<Draft> draft_from_json(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return malformed("draft");
  Draft draft;
  draft.sender_id = SenderId{TRY(read_id(*object, "sender_id"))};
  draft.topic_id = TopicId{TRY(read_id(*object, "topic_id"))};
  for (const TextMember& text : kTexts) draft.*text.member = TRY(read_text(*object, text.name));
  draft.tracking = TRY(tracking_from_json(*object));
  if (const json::value* list = member_of(*object, "attachments")) {
    if (!list->is_array()) return malformed("attachments");
    for (const json::value& one : list->get_array()) {
      draft.attachments.push_back(TRY(read_attachment(one)));
    }
  }
  return draft;
}

std::string draft_text(const Draft& draft) { return json::serialize(draft_json(draft)); }

Result<Draft> draft_from_text(std::string_view text) { return draft_from_json(parse_json(text)); }

std::vector<FieldProblem> check_draft(const Draft& draft) {
  std::vector<FieldProblem> problems;
  for (const TextMember& text : kTexts) {
    if (const auto bad = unfit(draft.*text.member, text.bytes_max, text.one_line)) {
      problems.push_back({fmt::format("/{}", text.name), std::string(bad->code),
                          fmt::format("{} {}", text.words, bad->rest)});
    }
  }
  for (const UtmMember& each : kUtm) {
    if (const auto bad = unfit(draft.tracking.utm.*each.member, kUtmMax, true)) {
      problems.push_back({fmt::format("/tracking/{}", each.name), std::string(bad->code),
                          fmt::format("{} {}", each.name, bad->rest)});
    }
  }
  if (!draft.reply_to.empty() && !has_control(draft.reply_to)) {
    if (auto mailbox = wire::parse_mailbox(draft.reply_to); !mailbox) {
      problems.push_back(
          {"/reply_to", mailbox.error().code, "The reply-to address: " + mailbox.error().message});
    }
  }
  check_attachments(draft, problems);
  return problems;
}

}  // namespace tidings::compose
