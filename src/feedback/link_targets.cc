#include "feedback/link_targets.h"

#include <algorithm>

#include "delivery/link_rewriter.h"

namespace tidings::feedback {

namespace {

constexpr std::size_t kKnownMax = 500;

constexpr db::Statement kMessage{
    "links.message",
    "SELECT content_version_id, message_values, campaign_id, address FROM message"
    " WHERE organisation_id = $1 AND id = $2"};

struct Message {
  ContentVersionId content;
  std::string values = {};
  bool is_direct = false;
  bool is_purged = false;
};

std::unexpected<Error> unknown() {
  return fail(ErrorKind::not_found, "link.unknown",
              "This link is not complete, or not from here. Open it again from the message.");
}

}  // namespace

const delivery::LinkTarget* LinkTargets::Targets::find(int number) const {
  const auto at = std::ranges::find(all, number, &delivery::LinkTarget::number);
  return number < 1 || at == all.end() ? nullptr : &*at;
}

std::shared_ptr<const LinkTargets::Targets> LinkTargets::known(OrganisationId organisation,
                                                               ContentVersionId content) {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(content);
  const bool is_theirs = at != known_.end() && at->second->organisation_id == organisation;
  return is_theirs ? at->second : nullptr;
}

Result<std::shared_ptr<const LinkTargets::Targets>> LinkTargets::load(OrganisationId organisation,
                                                                      ContentVersionId content) {
  if (auto targets = known(organisation, content)) return targets;
  auto loaded = std::make_shared<const Targets>(
      Targets{organisation, TRY(database_.read_value([&](db::Connection& connection) {
                return delivery::load_link_targets(connection, organisation, content);
              }))});
  if (loaded->all.empty()) return loaded;  // none, or no such content: nothing worth a place
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kKnownMax) known_.clear();
  return known_.emplace(content, std::move(loaded)).first->second;
}

Result<LinkTargets::Followed> LinkTargets::follow(std::string_view token, ContentVersionId content,
                                                  int number) {
  Followed followed{.hit = TRY(shown(token, false)), .location = {}};
  followed.hit.number = number;
  const OrganisationId organisation = followed.hit.organisation_id;
  const auto message = TRY(database_.read_value([&](db::Connection& connection) {
    return connection.query_first(kMessage, {organisation, followed.hit.message_id},
                                  [](const db::Row& row) {
                                    return Message{row.id<ContentVersionId>(0), row.string(1),
                                                   row.is_null(2), row.text(3).empty()};
                                  });
  }));
  if (!message || message->content != content) return unknown();
  const auto targets = TRY(load(organisation, content));
  const auto* target = targets->find(number);
  if (target == nullptr) return unknown();
  if (!target->is_template) {
    followed.location = target->target;
  } else if (message->is_purged) {
    return fail(ErrorKind::not_found, "link.gone",
                "The message that this link belongs to was deleted, and with it where it led.");
  } else {
    followed.location =
        TRY(delivery::rendered_link(target->target, message->values, message->is_direct));
  }
  return followed;
}

Result<LinkTargets::Followed> LinkTargets::follow_total(std::string_view token, int number) {
  Followed followed{.hit = TRY(shown(token, true)), .location = {}};
  followed.hit.number = number;
  const auto targets =
      TRY(load(followed.hit.organisation_id, ContentVersionId{followed.hit.message_id.value}));
  const auto* target = targets->find(number);
  if (target == nullptr || target->is_template) return unknown();
  followed.location = target->target;
  return followed;
}

std::optional<LinkTargets::Followed> LinkTargets::follow_at_once(std::string_view token,
                                                                 ContentVersionId content,
                                                                 int number) {
  auto hit = shown_at_once(token, false);
  if (!hit) return std::nullopt;
  const auto targets = known(hit->organisation_id, content);
  const auto* target = targets == nullptr ? nullptr : targets->find(number);
  if (target == nullptr || target->is_template) return std::nullopt;
  hit->number = number;
  return Followed{*std::move(hit), target->target};
}

std::optional<delivery::Hit> LinkTargets::shown_at_once(std::string_view token, bool is_total) {
  const auto verified = keys_.verify_url_at_once(token, wire::TokenPurpose::track);
  if (!verified) return std::nullopt;
  return delivery::Hit{.organisation_id = verified->organisation_id,
                       .message_id = verified->message_id,
                       .is_total = is_total};
}

Result<delivery::Hit> LinkTargets::shown(std::string_view token, bool is_total) {
  const auto verified = TRY(keys_.verify_url(token, wire::TokenPurpose::track));
  return delivery::Hit{.organisation_id = verified.organisation_id,
                       .message_id = verified.message_id,
                       .is_total = is_total};
}

}  // namespace tidings::feedback
