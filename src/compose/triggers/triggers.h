// Triggers: when this event arrives, send that message (P30).
//
// Four are always there, with texts of their own (ready_texts.h); any other event becomes one when
// it is first posted, or is made before. Staff switch each on and off, but a locked one, which is
// always on; a locked one also goes to who has unsubscribed, the others do not.
// Thread: as the connection, within the caller's transaction. Errors: those of db, trigger.*.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/recipient_rule.h"

namespace tidings::triggers {

inline constexpr std::size_t kNameMax = 60;    // bytes
inline constexpr std::size_t kLabelMax = 200;  // bytes
inline constexpr int kTriggersMax = 1'000;     // of an organisation, besides the four

struct Trigger {
  std::string name;        // of the event, as applications post it: "invoice"
  std::string label;       // as staff read it; empty: the name
  TemplateId template_id;  // not valid(): the ready text, or what the application gives
  bool is_enabled = true;
  bool is_locked = false;
  bool is_ready = false;  // one of the four
  Instant changed_at{};   // the epoch: as shipped

  ConsentRule consent() const { return is_locked ? ConsentRule::by_kind : ConsentRule::switchable; }
};

// What is to become different; what is absent stays as it is.
struct TriggerChange {
  std::optional<std::string> label;
  std::optional<TemplateId> template_id;  // not valid(): none
  std::optional<bool> is_enabled;
  std::optional<bool> is_locked;
};

// Letters, digits, `.`, `_` and `-`, in lower case, beginning with a letter.
bool is_event_name(std::string_view name);

// The four first, then by name.
Result<std::vector<Trigger>> list_triggers(db::Connection& connection, OrganisationId organisation);
// Nothing for an event that nobody posted yet.
Result<std::optional<Trigger>> find_trigger(db::Connection& connection, OrganisationId organisation,
                                            std::string_view name);
// Errors: trigger.bad_name, trigger.too_many, trigger.template (invalid), trigger.exists
// (conflict).
Result<Trigger> create_trigger(db::Connection& connection, OrganisationId organisation,
                               std::string_view name, const TriggerChange& content, Instant now);
// Errors: trigger.not_found, trigger.template, trigger.bad_label (invalid); trigger.locked
// (conflict) for switching off what is locked.
Result<Trigger> change_trigger(db::Connection& connection, OrganisationId organisation,
                               std::string_view name, const TriggerChange& change, Instant now);
// One of the four becomes as it was shipped. Errors: trigger.not_found; trigger.locked (conflict).
Result<void> delete_trigger(db::Connection& connection, OrganisationId organisation,
                            std::string_view name);

}  // namespace tidings::triggers
