#include "compose/triggers/triggers.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "compose/templates.h"

namespace tidings::triggers {
namespace {

using db::Row;
using db::Statement;

#define TIDINGS_TRIGGER_COLUMNS                                                              \
  "SELECT name, label, template_id, is_enabled, is_locked, changed_at FROM message_trigger " \
  "WHERE organisation_id = $1 "

constexpr Statement all_triggers{"trigger.list", TIDINGS_TRIGGER_COLUMNS "ORDER BY name"};
constexpr Statement one_trigger{"trigger.find", TIDINGS_TRIGGER_COLUMNS "AND name = $2"};
constexpr Statement count_triggers{
    "trigger.count", "SELECT count(*) FROM message_trigger WHERE organisation_id = $1"};
constexpr Statement put_trigger{
    "trigger.put",
    "INSERT INTO message_trigger (organisation_id, name, label, template_id, is_enabled, "
    "is_locked, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) "
    "ON CONFLICT (organisation_id, name) DO UPDATE SET label = excluded.label, "
    "template_id = excluded.template_id, is_enabled = excluded.is_enabled, "
    "is_locked = excluded.is_locked, changed_at = excluded.changed_at"};
constexpr Statement remove_trigger{
    "trigger.remove", "DELETE FROM message_trigger WHERE organisation_id = $1 AND name = $2"};

struct Ready {
  std::string_view name;
  std::string_view label;
  bool is_locked;
};
// What somebody has to get by law or contract is locked.
constexpr std::array kReady = {Ready{"event_signup", "Event sign-up", false},
                               Ready{"webshop_purchase", "Webshop purchase", true},
                               Ready{"invoice", "Invoice", true},
                               Ready{"new_member", "New member", false}};

const Ready* ready_of(std::string_view name) {
  const auto* at = std::ranges::find(kReady, name, &Ready::name);
  return at == kReady.end() ? nullptr : at;
}

Trigger shipped(const Ready& ready) {
  Trigger trigger;
  trigger.name = ready.name;
  trigger.label = ready.label;
  trigger.is_locked = ready.is_locked;
  trigger.is_ready = true;
  return trigger;
}

Trigger read_trigger(const Row& row) {
  Trigger trigger;
  trigger.name = row.string(0);
  trigger.label = row.string(1);
  if (!row.is_null(2)) trigger.template_id = row.id<TemplateId>(2);
  trigger.is_enabled = row.boolean(3);
  trigger.is_locked = row.boolean(4);
  trigger.is_ready = ready_of(trigger.name) != nullptr;
  trigger.changed_at = row.instant(5);
  return trigger;
}

std::unexpected<Error> unknown() {
  return fail(ErrorKind::not_found, "trigger.not_found", "There is no such event here.");
}

// Checks, then stores all of it.
Result<Trigger> store(db::Connection& connection, OrganisationId organisation, Trigger trigger,
                      const TriggerChange& change, Instant now) {
  const auto take = [](const auto& from, auto& into) {
    if (from) into = *from;
  };
  take(change.label, trigger.label);
  take(change.template_id, trigger.template_id);
  take(change.is_enabled, trigger.is_enabled);
  take(change.is_locked, trigger.is_locked);
  if (trigger.label.size() > kLabelMax) {
    return fail(ErrorKind::invalid, "trigger.bad_label",
                fmt::format("A label has at most {} bytes.", kLabelMax));
  }
  if (trigger.is_locked && !trigger.is_enabled) {
    return fail(ErrorKind::conflict, "trigger.locked",
                fmt::format("The message for \"{}\" is locked on: it cannot be switched off.",
                            trigger.name));
  }
  if (change.template_id && trigger.template_id.valid()) {
    const auto saved = compose::load_template(connection, organisation, trigger.template_id);
    if (!saved && saved.error().kind != ErrorKind::not_found) {
      return std::unexpected(saved.error());
    }
    if (!saved) {
      return fail(ErrorKind::invalid, "trigger.template", "There is no such saved message.");
    }
  }
  trigger.changed_at = now;
  TRY(connection.execute(
      put_trigger, {organisation, trigger.name, trigger.label,
                    trigger.template_id.valid() ? db::Param(trigger.template_id) : db::Param(),
                    trigger.is_enabled, trigger.is_locked, now}));
  return trigger;
}

}  // namespace

bool is_event_name(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_more = [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kNameMax && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_more(c); });
}

Result<std::vector<Trigger>> list_triggers(db::Connection& connection,
                                           OrganisationId organisation) {
  std::vector<Trigger> triggers;
  for (const Ready& ready : kReady) triggers.push_back(shipped(ready));
  TRY(connection.query(all_triggers, {organisation}, [&](const Row& row) {
    Trigger read = read_trigger(row);
    const auto at = std::ranges::find(triggers, read.name, &Trigger::name);
    if (at != triggers.end()) {
      *at = std::move(read);
    } else {
      triggers.push_back(std::move(read));
    }
  }));
  return triggers;
}

Result<std::optional<Trigger>> find_trigger(db::Connection& connection, OrganisationId organisation,
                                            std::string_view name) {
  auto found = TRY(connection.query_first(one_trigger, {organisation, name}, read_trigger));
  if (!found) {
    if (const Ready* ready = ready_of(name)) found = shipped(*ready);
  }
  return found;
}

Result<Trigger> create_trigger(db::Connection& connection, OrganisationId organisation,
                               std::string_view name, const TriggerChange& content, Instant now) {
  if (!is_event_name(name)) {
    return fail(ErrorKind::invalid, "trigger.bad_name",
                fmt::format("The name of an event has 1 to {} lower-case letters, digits, \".\", "
                            "\"_\" or \"-\", and begins with a letter.",
                            kNameMax));
  }
  if (TRY(find_trigger(connection, organisation, name))) {
    return fail(ErrorKind::conflict, "trigger.exists",
                fmt::format("There is a message for \"{}\" already.", name));
  }
  const auto count = TRY(connection.query_first(count_triggers, {organisation},
                                                [](const Row& row) { return row.integer(0); }));
  if (count.value_or(0) >= kTriggersMax + std::ssize(kReady)) {
    return fail(ErrorKind::invalid, "trigger.too_many",
                fmt::format("There are {} events already, which is the most there can be. Delete "
                            "those that nothing posts any more.",
                            kTriggersMax));
  }
  Trigger trigger;
  trigger.name = name;
  return store(connection, organisation, std::move(trigger), content, now);
}

Result<Trigger> change_trigger(db::Connection& connection, OrganisationId organisation,
                               std::string_view name, const TriggerChange& change, Instant now) {
  auto found = TRY(find_trigger(connection, organisation, name));
  if (!found) return unknown();
  return store(connection, organisation, *std::move(found), change, now);
}

Result<void> delete_trigger(db::Connection& connection, OrganisationId organisation,
                            std::string_view name) {
  const auto found = TRY(find_trigger(connection, organisation, name));
  if (!found) return unknown();
  if (found->is_locked && !found->is_ready) {
    return fail(ErrorKind::conflict, "trigger.locked",
                fmt::format("The message for \"{}\" is locked on. Unlock it first.", name));
  }
  TRY(connection.execute(remove_trigger, {organisation, name}));
  return {};
}

}  // namespace tidings::triggers
