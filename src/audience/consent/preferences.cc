#include "audience/consent/preferences.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include <fmt/format.h>

#include "audience/contacts.h"
#include "audience/people/activities.h"
#include "audience/people/contact_book.h"
#include "audience/suppressions.h"
#include "base/json_text.h"

namespace tidings::consent {
namespace {

namespace json = boost::json;
using db::Row;
using db::Statement;

constexpr std::string_view kRefusal = "unsubscribed";
constexpr std::string_view kNoConsent = "no_consent";

constexpr Statement refusals_at{
    "preference.refusals",
    "SELECT reason, kinds, topic_id, created_at FROM suppression WHERE organisation_id = $1 "
    "AND channel = $2 AND normalised = $3 AND reason IN ('unsubscribed', 'no_consent') "
    "AND released_at IS NULL AND (expires_at IS NULL OR expires_at > $4)"};
constexpr Statement newest_change{
    "preference.newest",
    "SELECT id, data FROM activity WHERE organisation_id = $1 AND contact_id = $2 "
    "AND type = 'consent' ORDER BY occurred_at DESC, id DESC LIMIT 1"};

struct Refusal {
  bool is_no_consent = false;
  bool covers_everything = false;
  TopicId topic_id;
  Instant created_at{};

  SuppressionFact fact() const {
    return {is_no_consent ? kNoConsent : kRefusal, covers_everything, topic_id, created_at};
  }
};

// What is refused at one address.
Result<std::vector<Refusal>> read_refusals(db::Connection& connection, OrganisationId organisation,
                                           const ChosenAddress& address, Instant now) {
  std::vector<Refusal> found;
  TRY(connection.query(refusals_at, {organisation, int(address.channel), address.normalised, now},
                       [&](const Row& row) {
                         found.push_back({row.text(0) == kNoConsent, row.boolean(1),
                                          TopicId{row.integer(2)}, row.instant(3)});
                       }));
  return found;
}

// As a campaign about it is decided: domain/recipient_rule.h.
bool is_on(const Topic& topic, const std::vector<Refusal>& refusals) {
  RecipientPolicy policy;
  if (topic.id.valid()) policy.consent = {.topic_id = topic.id, .topic_since = topic.created_at};
  return std::ranges::none_of(refusals,
                              [&](const Refusal& each) { return concerns(each.fact(), policy); });
}

std::vector<Topic> choosable(const std::vector<Topic>& topics, Channel channel) {
  std::vector<Topic> found;
  std::ranges::copy_if(topics, std::back_inserter(found), [&](const Topic& topic) {
    return topic.is_on(channel) && !topic.is_essential;
  });
  Topic& others = found.emplace_back();
  others.id = kOtherTopics;
  return found;
}

bool wants(const std::vector<Choice>& choices, const Topic& topic, Channel channel, bool now) {
  const auto at = std::ranges::find_if(choices, [&](const Choice& each) {
    return each.topic_id == topic.id && each.channel == channel;
  });
  return at == choices.end() ? now : at->is_on;
}

// One address of a person whose choices are being changed.
class AddressWriter {
 public:
  AddressWriter(db::Connection& connection, IdSource& ids, const Person& person,
                const ChosenAddress& address, const Proof& proof, Instant now)
      : connection_(connection),
        ids_(ids),
        person_(person),
        address_(address),
        proof_(proof),
        now_(now) {}

  // `topics` as choosable(). What of them is different afterwards, at this address.
  Result<std::vector<Choice>> apply(const std::vector<Topic>& topics,
                                    const std::vector<Choice>& choices) {
    refusals_ = TRY(read_refusals(connection_, person_.organisation, address_, now_));
    std::vector<Choice> changed;
    std::vector<bool> wanted;
    for (const Topic& topic : topics) {
      const bool is_now = is_on(topic, refusals_);
      wanted.push_back(wants(choices, topic, address_.channel, is_now));
      if (wanted.back() != is_now) changed.push_back({topic.id, address_.channel, wanted.back()});
    }
    if (changed.empty()) return changed;
    // Those made topic by topic stay below it, so that undoing it leads back to them.
    if (std::ranges::find(wanted, true) == wanted.end()) {
      TRY(refuse(kEveryTopic));
      return changed;
    }
    TRY(allow(kRefusal, kEveryTopic));
    TRY(allow(kNoConsent, kEveryTopic));
    Instant newest_wanted{};
    for (std::size_t i = 0; i < topics.size(); ++i) {
      const Topic& topic = topics[i];
      if (topic.id == kOtherTopics) continue;
      if (wanted[i]) newest_wanted = std::max(newest_wanted, topic.created_at);
      TRY(wanted[i] ? allow(kRefusal, topic.id) : refuse(topic.id));
    }
    // Nothing of "everything else" that was chosen since is to be covered by an older refusal.
    const Refusal* others = find(kOtherTopics);
    if (wanted.back() || (others != nullptr && others->created_at < newest_wanted)) {
      TRY(allow(kRefusal, kOtherTopics));
    }
    if (!wanted.back()) TRY(refuse(kOtherTopics));
    return changed;
  }

 private:
  const Refusal* find(TopicId topic) const {
    const auto at = std::ranges::find_if(refusals_, [&](const Refusal& each) {
      return !each.is_no_consent && each.topic_id == topic;
    });
    return at == refusals_.end() ? nullptr : &*at;
  }
  Result<void> refuse(TopicId topic) {
    audience::NewSuppression made;
    made.channel = address_.channel;
    made.normalised = address_.normalised;
    made.reason = kRefusal;
    made.kinds = audience::SuppressedKinds::campaign;
    made.origin = proof_.origin;
    made.note = proof_.note;
    if (proof_.message_id.valid()) made.message_id = proof_.message_id;
    made.topic_id = topic;
    TRY(audience::suppress(connection_, ids_, person_.organisation, made, now_));
    return {};
  }
  Result<void> allow(std::string_view reason, TopicId topic) {
    const std::string note =
        proof_.note.empty() ? "chosen by the contact" : std::string(proof_.note);
    TRY(audience::release_reason(connection_, person_.organisation,
                                 {address_.channel, address_.normalised, reason, topic}, note,
                                 now_));
    return {};
  }

  db::Connection& connection_;
  IdSource& ids_;
  const Person& person_;
  const ChosenAddress& address_;
  const Proof& proof_;
  const Instant now_;
  std::vector<Refusal> refusals_;
};

std::string_view channel_word(Channel channel) {
  return channel == Channel::email ? "email" : "sms";
}

json::object choice_json(const Choice& choice, const std::vector<Topic>& topics) {
  json::object told{{"topic_id", nullptr}, {"topic", nullptr}};
  for (const Topic& topic : topics) {
    if (topic.id != choice.topic_id) continue;
    told["topic_id"] = to_text(topic.id);
    told["topic"] = topic.name;
  }
  told["channel"] = channel_word(choice.channel);
  told["subscribed"] = choice.is_on;
  return told;
}

// The proof, on the contact.
Result<ActivityId> prove(db::Connection& connection, IdSource& ids, const Person& person,
                         const std::vector<Choice>& changes, const std::vector<Topic>& topics,
                         const Proof& proof, Instant now) {
  json::object data;
  json::array told;
  for (const Choice& each : changes) told.push_back(choice_json(each, topics));
  data["changes"] = std::move(told);
  const auto put = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) data[name] = text;
  };
  put("origin", proof.origin);
  put("by", proof.by);
  put("text", proof.text);
  put("note", proof.note);
  put("ip", proof.ip);
  if (proof.message_id.valid()) data["message_id"] = to_text(proof.message_id);
  people::Activity activity;
  activity.type = "consent";
  activity.occurred_at = now;
  activity.source = proof.by.empty() ? proof.origin : proof.by;
  activity.data = json::serialize(data);
  return people::record_activity(connection, ids, person.organisation, person.contact, activity,
                                 now);
}

Result<void> check(const std::vector<Choice>& choices, const std::vector<Topic>& topics) {
  for (const Choice& choice : choices) {
    if (choice.topic_id == kOtherTopics) continue;
    const auto at = std::ranges::find(topics, choice.topic_id, &Topic::id);
    if (at == topics.end() || !at->is_on(choice.channel)) {
      return fail(ErrorKind::invalid, "preference.unknown",
                  "There is no such topic on this channel.");
    }
    if (at->is_essential) {
      return fail(ErrorKind::invalid, "preference.essential",
                  fmt::format("\"{}\" is essential: it reaches everybody, and is nobody's to "
                              "choose.",
                              at->name));
    }
  }
  return {};
}

// The changes that an activity tells, the other way round.
std::vector<Choice> reversed(std::string_view data) {
  std::vector<Choice> choices;
  const json::value parsed = parse_json(data);
  const json::object* object = parsed.if_object();
  const json::value* changes = object != nullptr ? object->if_contains("changes") : nullptr;
  if (changes == nullptr || !changes->is_array()) return choices;
  for (const json::value& each : changes->get_array()) {
    const json::object* change = each.if_object();
    const json::value* topic = change ? change->if_contains("topic_id") : nullptr;
    const json::value* channel = change ? change->if_contains("channel") : nullptr;
    const json::value* is_on = change ? change->if_contains("subscribed") : nullptr;
    if (topic == nullptr || channel == nullptr || is_on == nullptr || !channel->is_string() ||
        !is_on->is_bool()) {
      continue;
    }
    const auto id =
        topic->is_string() ? parse_id(std::string_view(topic->get_string())) : std::nullopt;
    choices.push_back({id ? TopicId{*id} : kOtherTopics,
                       channel->get_string() == "sms" ? Channel::sms : Channel::email,
                       !is_on->get_bool()});
  }
  return choices;
}

}  // namespace

bool Person::has(Channel channel) const {
  return std::ranges::find(addresses, channel, &ChosenAddress::channel) != addresses.end();
}

const Preference* Preferences::find(TopicId topic) const {
  const auto at =
      std::ranges::find_if(lines, [&](const Preference& each) { return each.topic.id == topic; });
  return at == lines.end() ? nullptr : &*at;
}

Result<Person> person_of(db::Connection& connection, OrganisationId organisation,
                         ContactId contact) {
  const people::Person found = TRY(people::find_person(connection, organisation, contact));
  Person person{organisation, found.contact.id, {}};
  for (const auto& address : found.contact.addresses) {
    person.addresses.push_back({address.channel, address.normalised});
  }
  return person;
}

Result<Person> person_at(db::Connection& connection, OrganisationId organisation, ContactId contact,
                         const ChosenAddress& address) {
  if (contact.valid()) {
    auto person = person_of(connection, organisation, contact);
    if (!person && person.error().kind != ErrorKind::not_found) return person;
    const auto is_it = [&](const ChosenAddress& each) {
      return each.channel == address.channel && each.normalised == address.normalised;
    };
    if (person && std::ranges::any_of(person->addresses, is_it)) return person;
  }
  return Person{organisation, {}, {address}};
}

Result<Preferences> preferences_of(db::Connection& connection, const Person& person, Instant now) {
  Preferences preferences;
  for (Topic& topic : TRY(list_topics(connection, person.organisation, Archived::left_out))) {
    preferences.lines.push_back({.topic = std::move(topic), .email = {}, .sms = {}});
  }
  Topic others;
  others.id = kOtherTopics;
  others.on_sms = true;
  preferences.lines.push_back({.topic = std::move(others), .email = {}, .sms = {}});
  for (const Channel channel : {Channel::email, Channel::sms}) {
    const bool is_email = channel == Channel::email;
    if (!person.has(channel)) continue;
    (is_email ? preferences.email_off : preferences.sms_off) = true;
    for (const ChosenAddress& address : person.addresses) {
      if (address.channel != channel) continue;
      const auto refusals = TRY(read_refusals(connection, person.organisation, address, now));
      if (std::ranges::find(refusals, kEveryTopic, &Refusal::topic_id) == refusals.end()) {
        (is_email ? preferences.email_off : preferences.sms_off) = false;
      }
      for (Preference& line : preferences.lines) {
        if (!line.topic.is_on(channel)) continue;
        std::optional<bool>& told = is_email ? line.email : line.sms;
        told = told.value_or(false) || line.topic.is_essential || is_on(line.topic, refusals);
      }
    }
  }
  return preferences;
}

std::vector<Choice> all_choices(const Preferences& preferences, std::optional<Channel> channel,
                                bool is_on) {
  std::vector<Choice> choices;
  for (const Preference& line : preferences.lines) {
    if (line.topic.is_essential) continue;
    for (const Channel each : {Channel::email, Channel::sms}) {
      if ((!channel || *channel == each) && line.on(each)) {
        choices.push_back({line.topic.id, each, is_on});
      }
    }
  }
  return choices;
}

Result<std::vector<Choice>> choices_beneath(db::Connection& connection, const Person& person,
                                            Channel channel, Instant now) {
  const auto topics =
      choosable(TRY(list_topics(connection, person.organisation, Archived::left_out)), channel);
  std::vector<Choice> choices;
  for (const Topic& topic : topics) choices.push_back({topic.id, channel, false});
  for (const ChosenAddress& address : person.addresses) {
    if (address.channel != channel) continue;
    auto refusals = TRY(read_refusals(connection, person.organisation, address, now));
    std::erase_if(refusals, [](const Refusal& each) { return each.topic_id == kEveryTopic; });
    for (std::size_t i = 0; i < topics.size(); ++i) {
      choices[i].is_on = choices[i].is_on || is_on(topics[i], refusals);
    }
  }
  if (std::ranges::none_of(choices, &Choice::is_on)) {
    for (Choice& each : choices) each.is_on = true;
  }
  return choices;
}

Result<Changed> choose(db::Connection& connection, IdSource& ids, const Person& person,
                       const std::vector<Choice>& choices, const Proof& proof, Instant now) {
  const auto topics = TRY(list_topics(connection, person.organisation, Archived::left_out));
  TRY(check(choices, topics));
  Changed changed;
  for (const ChosenAddress& address : person.addresses) {
    AddressWriter writer(connection, ids, person, address, proof, now);
    const auto different = TRY(writer.apply(choosable(topics, address.channel), choices));
    bool is_less = false;
    for (const Choice& each : different) {
      is_less |= !each.is_on;
      const bool is_told = std::ranges::find(changed.changes, each) != changed.changes.end();
      if (!is_told) changed.changes.push_back(each);
    }
    if (is_less) changed.held_back.push_back(address.normalised);
  }
  if (!changed.changes.empty() && person.contact.valid()) {
    changed.activity_id = TRY(prove(connection, ids, person, changed.changes, topics, proof, now));
  }
  return changed;
}

Result<Changed> undo(db::Connection& connection, IdSource& ids, const Person& person,
                     ActivityId activity, const Proof& proof, Instant now) {
  struct Newest {
    ActivityId id;
    std::string data;
  };
  const auto newest = TRY(connection.query_first(
      newest_change, {person.organisation, person.contact},
      [](const Row& row) { return Newest{row.id<ActivityId>(0), row.string(1)}; }));
  if (!newest || activity > newest->id) {
    return fail(ErrorKind::not_found, "preference.no_such_change",
                "There is no such change of this contact's preferences.");
  }
  if (activity != newest->id) {
    return fail(ErrorKind::conflict, "preference.changed_since",
                "The preferences were changed again since. Look at them as they are now.");
  }
  std::vector<Choice> choices = reversed(newest->data);
  const auto topics = TRY(list_topics(connection, person.organisation, Archived::left_out));
  // A topic that was archived or became essential meanwhile is nobody's to choose any more.
  std::erase_if(choices, [&](const Choice& each) { return !check({each}, topics); });
  return choose(connection, ids, person, choices, proof, now);
}

}  // namespace tidings::consent
