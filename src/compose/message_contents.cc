#include "compose/message_contents.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/bytes.h"
#include "base/json_text.h"
#include "compose/draft_content.h"
#include "compose/tags.h"
#include "compose/templates.h"
#include "compose/triggers/ready_texts.h"
#include "delivery/content_store.h"
#include "liquid/program.h"
#include "wire/email_address.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

constexpr std::size_t kRecentMax = 64;
// A sender that was renamed is seen by then; what did not change is found again by its digest.
constexpr Duration kFresh = std::chrono::seconds(60);

constexpr db::Statement kTemplateByName{
    "message_contents.template",
    "SELECT id, version FROM template WHERE organisation_id = $1 AND name = $2"};
constexpr db::Statement kTemplateById{
    "message_contents.template_by_id",
    "SELECT id, version FROM template WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kFindFrozen{
    "message_contents.find_frozen",
    "SELECT content_version_id FROM frozen_content WHERE organisation_id = $1 AND digest = $2"};
constexpr db::Statement kInsertFrozen{
    "message_contents.insert_frozen",
    "INSERT INTO frozen_content (organisation_id, digest, content_version_id, created_at)"
    " VALUES ($1, $2, $3, $4)"};

void put(std::string& into, std::string_view text) {
  into += fmt::format("{}:", text.size());
  into += text;
}

// Of all that becomes part of the version: the same digest is the same message, byte for byte.
std::string digest_of(const CompiledDraft& compiled, bool is_letter) {
  const delivery::EmailContent& content = compiled.email.content();
  std::string whole;
  for (const std::string_view text :
       {std::string_view(content.subject), std::string_view(content.html),
        std::string_view(content.text), std::string_view(content.envelope_from),
        std::string_view(content.list_id), std::string_view(content.message_id_domain),
        std::string_view(content.feedback_id), std::string_view(content.time_zone)}) {
    put(whole, text);
  }
  put(whole, wire::to_text(content.from));
  put(whole, content.reply_to ? wire::to_text(*content.reply_to) : "");
  if (content.consent != MessageConsent()) {
    put(whole, fmt::format("{}/{}", int(content.consent.rule), content.consent.topic_id.value));
  }
  put(whole, fmt::format("{}{}{}{}", int(content.list_unsubscribe), int(content.auto_submitted),
                         int(content.is_test), int(compiled.used.all)));
  const delivery::Tracking& tracking = content.tracking;
  if (tracking.on()) {
    put(whole, fmt::format("tracked/{}/{}/{}", int(tracking.is_total), tracking.links.size(),
                           int(tracking.image_at.has_value())));
  }
  // What was written for one person is forgotten with them: no template shares its version.
  put(whole, is_letter ? "letter" : "");
  for (const auto& field : compiled.used.fields) {
    put(whole, field.name);
    put(whole, field.target);
  }
  for (const auto& attachment : content.attachments) {
    put(whole, attachment.file_name);
    put(whole, attachment.media_type);
    put(whole, attachment.description);
    put(whole, sha256(*attachment.content));
  }
  return sha256(whole);
}

Result<void> check_known_tags(const delivery::CompiledEmail& email,
                              const std::vector<std::string>& known) {
  std::vector<std::string> problems;
  for (const auto& part : email.variables()) {
    for (const auto& unknown : liquid::unknown_variables(part.uses, known)) {
      problems.push_back(fmt::format("{}, {}", part.part, unknown.message));
    }
  }
  if (problems.empty()) return {};
  return fail(ErrorKind::invalid, "message.unknown_tag",
              fmt::format("{}", fmt::join(problems, "\n")));
}

// Whether `path`, from its second name on, leads to a member of `data`.
bool has_member(const json::object& data, std::span<const std::string> path) {
  const json::object* object = &data;
  for (std::size_t i = 1; i < path.size(); ++i) {
    const json::value* found = object->if_contains(path[i]);
    if (found == nullptr) return false;
    // Behind a list or a text, the template language knows members of its own (size, first).
    if (!found->is_object()) return true;
    object = &found->get_object();
  }
  return true;
}

}  // namespace

std::vector<std::string> missing_data(const delivery::CompiledEmail& email, std::string_view data) {
  const json::value parsed = parse_json(data);
  static const json::object kNone;
  const json::object& object = parsed.is_object() ? parsed.get_object() : kNone;
  std::vector<std::string> missing;
  for (const auto& part : email.variables()) {
    for (const liquid::VariableUse& use : part.uses) {
      if (use.path.size() < 2 || use.path[0] != "data" || use.has_default || use.maybe_assigned ||
          has_member(object, use.path)) {
        continue;
      }
      missing.push_back(
          fmt::format("{}, line {}: {} is missing", part.part, use.line, fmt::join(use.path, ".")));
    }
  }
  return missing;
}

std::shared_ptr<const MessageContent> MessageContents::known(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return nullptr;
  if (clock_.now() - at->second->made_at > kFresh) {
    recent_.erase(at->second);
    by_key_.erase(at);
    return nullptr;
  }
  recent_.splice(recent_.begin(), recent_, at->second);
  return at->second->content;
}

void MessageContents::keep(const std::string& key, std::shared_ptr<const MessageContent> content) {
  const std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return;
  recent_.push_front({key, std::move(content), clock_.now()});
  by_key_[key] = recent_.begin();
  if (recent_.size() > kRecentMax) {
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
}

Result<MessageContents::Found> MessageContents::find(OrganisationId organisation,
                                                     const MessageWish& wish) {
  struct Version {
    TemplateId id;
    std::int64_t version = 0;
  };
  std::optional<Version> version;
  if (!wish.template_name.empty()) {
    TRY(database_.read([&](db::Connection& connection) -> Result<void> {
      const auto take = [](const db::Row& row) {
        return Version{row.id<TemplateId>(0), row.integer(1)};
      };
      version =
          TRY(connection.query_first(kTemplateByName, {organisation, wish.template_name}, take));
      if (const auto id = parse_id(wish.template_name); id && !version) {
        version = TRY(connection.query_first(kTemplateById, {organisation, *id}, take));
      }
      return {};
    }));
    if (!version) {
      return fail(ErrorKind::invalid, "template.not_found",
                  fmt::format("There is no saved message \"{}\".", wish.template_name));
    }
  }
  std::string key = fmt::format("{}/{}/{}/", organisation.value, int(wish.kind), int(wish.consent));
  if (version) key += fmt::format("{}/{}/", version->id.value, version->version);
  const auto ready = !version && wish.draft.html.empty() && wish.draft.text.empty()
                         ? triggers::ready_text(wish.event)
                         : std::nullopt;
  put(key, wish.locale);
  put(key, ready ? wish.event : std::string_view());
  put(key, draft_text(wish.draft));
  Found found{nullptr, version ? version->id : TemplateId()};
  // What is said once is not worth the place of what is said a thousand times.
  const bool is_kept = version || ready;
  if (is_kept) found.content = known(key);
  if (found.content) return found;
  Draft draft = wish.draft;
  if (version) {
    const Template saved = TRY(database_.read_value([&](db::Connection& connection) {
      return load_template(connection, organisation, version->id);
    }));
    draft = draft_for_locale(saved.fields.content, wish.locale);
    if (wish.draft.sender_id.valid()) draft.sender_id = wish.draft.sender_id;
    if (!wish.draft.reply_to.empty()) draft.reply_to = wish.draft.reply_to;
    std::ranges::copy(wish.draft.attachments, std::back_inserter(draft.attachments));
  }
  if (ready) {
    const Draft words = draft_for_locale(*ready, wish.locale);
    draft.subject = words.subject;
    draft.html = words.html;
  }
  found.content = TRY(make(organisation, draft, wish, !is_kept));
  if (is_kept) keep(key, found.content);
  return found;
}

Result<std::shared_ptr<const MessageContent>> MessageContents::make(OrganisationId organisation,
                                                                    const Draft& draft,
                                                                    const MessageWish& wish,
                                                                    bool is_letter) {
  std::optional<CompiledDraft> compiled;
  TRY(database_.read([&](db::Connection& connection) -> Result<void> {
    const auto about = TRY(identity::find_organisation(connection, organisation));
    compiled = TRY(compile_draft(connection, about, draft, wish.kind, clock_.now(), wish.consent));
    const auto known = TRY(known_tags(connection, organisation, wish.kind));
    return check_known_tags(compiled->email, known);
  }));
  const std::string digest = digest_of(*compiled, is_letter);
  const auto id = TRY(database_.write_value(
      db::Priority::transactional, [&](db::Connection& connection) -> Result<ContentVersionId> {
        const auto frozen = TRY(
            connection.query_first(kFindFrozen, {organisation, db::BytesView{digest}},
                                   [](const db::Row& row) { return row.id<ContentVersionId>(0); }));
        if (frozen) return *frozen;
        const auto made = ids_.next<ContentVersionId>();
        const Instant now = clock_.now();
        TRY(delivery::freeze_content(connection, organisation, made, compiled->email,
                                     compiled->used, compiled->reference, now));
        TRY(connection.execute(kInsertFrozen, {organisation, db::BytesView{digest}, made, now}));
        return made;
      }));
  return std::make_shared<const MessageContent>(
      MessageContent{id, draft.sender_id, std::move(compiled->email), std::move(compiled->used)});
}

}  // namespace tidings::compose
