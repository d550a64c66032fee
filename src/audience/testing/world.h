// A small made-up organisation, in memory and in a database: people, groups, relations, messages,
// segments. The slow and obvious twin of segment_sql.h: holds() looks at the structs.
// Thread: the test's.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "audience/segment_json.h"
#include "audience/segment_sql.h"
#include "base/check.h"
#include "db/database.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings::audience::testing {

using Custom = std::variant<std::string, double, bool>;

struct Address {
  Channel channel = Channel::email;
  std::string text;  // as typed and as normalised: all in lower case here
  bool is_primary = true;
};

struct Person {
  ContactId id;
  std::string first_name, last_name, name, external_id, locale;
  std::map<std::string, Custom> fields;
  std::vector<Address> addresses;
  std::set<GroupId> groups;
  std::optional<Instant> last_interaction;
  Instant created{};
  bool do_not_contact = false;
  bool is_deleted = false;
};

struct Relation {
  ContactId from, to;
  std::string name = "guardian of";
  bool receives = true;
};

struct Activity {
  ContactId contact;
  Instant at{};
  std::string type;
};

struct Message {
  CampaignId campaign;
  ContactId contact;  // not valid(): nobody's address
  std::vector<ContactId> others;
  std::string address;
  MessageState state = MessageState::sent;
  Status status = Status::sent;
  std::vector<EventType> events;
  Instant queued_at{};
  bool is_test = false;
};

struct World {
  OrganisationId organisation{1};
  std::vector<Person> people;
  std::set<GroupId> groups;
  std::vector<Relation> relations;
  std::vector<Activity> activities;
  std::vector<Message> messages;
  std::map<SegmentId, Rule> segments;

  const Person* find(ContactId id) const {
    const auto at = std::ranges::find(people, id, &Person::id);
    return at == people.end() || at->is_deleted ? nullptr : &*at;
  }
};

inline std::string display_name(const Person& person) {
  if (!person.name.empty()) return person.name;
  if (person.first_name.empty() || person.last_name.empty()) {
    return person.first_name + person.last_name;
  }
  return person.first_name + " " + person.last_name;
}

// ------------------------------------------------------------------------------ the oracle

struct Question {
  const World& world;
  Instant now{};
  CampaignId except{};
};

bool holds(const Question& question, const Rule& rule, const Person& person);

inline bool text_holds(const FieldTest& test, const std::string& value) {
  using enum FieldOperator;
  const std::string have = fold_ascii(value);
  const auto want = [&](std::size_t i) {
    return fold_ascii(std::get<std::string>(test.values[i]));
  };
  switch (test.op) {
    case is:
      return have == want(0);
    case contains:
      return have.find(want(0)) != std::string::npos;
    case starts_with:
      return have.starts_with(want(0));
    case ends_with:
      return have.ends_with(want(0));
    case one_of:
      for (std::size_t i = 0; i < test.values.size(); ++i) {
        if (have == want(i)) return true;
      }
      return false;
    case empty:
      return have.empty();
    default:
      return false;
  }
}

inline bool number_holds(const FieldTest& test, double have) {
  using enum FieldOperator;
  const auto want = [&](std::size_t i) { return std::get<double>(test.values[i]); };
  switch (test.op) {
    case is:
      return have == want(0);
    case less:
      return have < want(0);
    case at_most:
      return have <= want(0);
    case more:
      return have > want(0);
    case at_least:
      return have >= want(0);
    case between:
      return have >= want(0) && have <= want(1);
    default:
      return false;
  }
}

inline bool date_holds(const FieldTest& test, const std::string& have, Instant now) {
  using enum FieldOperator;
  if (have.size() != 10) return false;
  const auto want = [&](std::size_t i) { return std::get<RuleDate>(test.values[i]).text; };
  const std::chrono::days days(test.days);
  switch (test.op) {
    case before:
      return have < want(0);
    case after:
      return have > want(0);
    case between:
      return have >= want(0) && have <= want(1);
    case in_last_days:
      return have >= date_of(now - days) && have <= date_of(now);
    case in_next_days:
      return have >= date_of(now) && have <= date_of(now + days);
    default:
      return false;
  }
}

inline bool instant_holds(const FieldTest& test, std::optional<Instant> have, Instant now) {
  using enum FieldOperator;
  if (test.op == empty) return !have;
  if (!have) return false;
  const std::chrono::days days(test.days);
  if (test.op == in_last_days) return *have >= now - days && *have <= now;
  if (test.op == in_next_days) return *have >= now && *have <= now + days;
  FieldTest by_day = test;
  return date_holds(by_day, date_of(*have), now);
}

inline bool custom_holds(const FieldTest& test, const Custom* have, Instant now) {
  using enum FieldOperator;
  const auto* text = have == nullptr ? nullptr : std::get_if<std::string>(have);
  if (test.op == empty) return have == nullptr || (text != nullptr && text->empty());
  if (test.op == is_true || test.op == is_false) {
    const auto* flag = have == nullptr ? nullptr : std::get_if<bool>(have);
    return flag != nullptr && *flag == (test.op == is_true);
  }
  const std::string value = text == nullptr ? "" : *text;
  if (test.op == in_last_days || test.op == in_next_days) return date_holds(test, value, now);
  if (std::holds_alternative<RuleDate>(test.values[0])) return date_holds(test, value, now);
  if (std::holds_alternative<double>(test.values[0])) {
    const auto* number = have == nullptr ? nullptr : std::get_if<double>(have);
    return number != nullptr && number_holds(test, *number);
  }
  return text_holds(test, value);
}

inline bool field_holds(const Question& question, FieldTest test, const Person& person) {
  using enum FieldOperator;
  const auto opposite = [&](FieldOperator op) {
    test.op = op;
    return !field_holds(question, test, person);
  };
  if (test.op == is_not) return opposite(is);
  if (test.op == not_contains) return opposite(contains);
  if (test.op == none_of) return opposite(one_of);
  if (test.op == not_empty) return opposite(empty);
  if (test.field == "email" || test.field == "phone") {
    const Channel channel = test.field == "email" ? Channel::email : Channel::sms;
    bool any = false;
    bool found = false;
    for (const Address& address : person.addresses) {
      if (address.channel != channel) continue;
      any = true;
      found |= text_holds(test, address.text);
    }
    return test.op == empty ? !any : found;
  }
  if (test.field == "created_at") return instant_holds(test, person.created, question.now);
  if (test.field == "last_interaction_at") {
    return instant_holds(test, person.last_interaction, question.now);
  }
  if (test.field == "do_not_contact") return person.do_not_contact == (test.op == is_true);
  if (const auto name = custom_field_name(test.field)) {
    const auto at = person.fields.find(std::string(*name));
    return custom_holds(test, at == person.fields.end() ? nullptr : &at->second, question.now);
  }
  const std::map<std::string, std::string> standard = {
      {"first_name", person.first_name}, {"last_name", person.last_name},
      {"name", display_name(person)},    {"external_id", person.external_id},
      {"locale", person.locale},         {"time_zone", ""}};
  return text_holds(test, standard.at(test.field));
}

inline std::optional<Instant> since_of(const RuleSince& since, Instant now) {
  if (since.days) return now - std::chrono::days(*since.days);
  return since.at;
}

inline bool had(const Message& message, EventType type) {
  return std::ranges::find(message.events, type) != message.events.end();
}

inline bool is_hidden(const Message& message) {
  return message.status == Status::marked_as_spam || message.status == Status::unsubscribed;
}
inline bool was_clicked(const Message& message) {
  return message.status == Status::clicked ||
         (is_hidden(message) && had(message, EventType::clicked));
}
inline bool was_opened(const Message& message) {
  return was_clicked(message) || message.status == Status::opened ||
         (is_hidden(message) && had(message, EventType::opened));
}

inline bool message_holds(const MessageTest& test, const Message& message) {
  const bool is_sent = message.state == MessageState::sent;
  switch (test.fact) {
    case MessageFact::addressed:
      return true;
    case MessageFact::sent:
      return is_sent;
    case MessageFact::bounced:
      return message.status == Status::bounced || had(message, EventType::bounced);
    case MessageFact::failed:
      return message.state == MessageState::failed;
    case MessageFact::skipped:
      return message.state == MessageState::skipped || message.state == MessageState::dropped;
    case MessageFact::opened:
      return was_opened(message);
    case MessageFact::clicked:
      return was_clicked(message);
    case MessageFact::unsubscribed:
      return message.status == Status::unsubscribed ||
             (message.status == Status::marked_as_spam && had(message, EventType::unsubscribed));
    case MessageFact::not_opened:
      return is_sent && !was_opened(message);
    case MessageFact::not_clicked:
      return is_sent && !was_clicked(message);
  }
  return false;
}

struct Oracle {
  const Question& question;
  const Person& person;

  bool operator()(const AllOf& node) const {
    return std::ranges::all_of(node.rules,
                               [&](const Rule& rule) { return holds(question, rule, person); });
  }
  bool operator()(const AnyOf& node) const {
    return std::ranges::any_of(node.rules,
                               [&](const Rule& rule) { return holds(question, rule, person); });
  }
  bool operator()(const NotRule& node) const { return !holds(question, node.rule.front(), person); }
  bool operator()(const FieldTest& test) const { return field_holds(question, test, person); }
  bool operator()(const GroupTest& test) const {
    return std::ranges::any_of(test.groups,
                               [&](GroupId group) { return person.groups.contains(group); });
  }
  bool operator()(const SegmentTest& test) const {
    return holds(question, question.world.segments.at(test.segment), person);
  }
  bool operator()(const RelationTest& test) const {
    for (const Relation& relation : question.world.relations) {
      const bool is_of = test.side == RelationSide::of;
      if ((is_of ? relation.from : relation.to) != person.id) continue;
      const Person* other = question.world.find(is_of ? relation.to : relation.from);
      if (other == nullptr) continue;
      if (!test.name.empty() && relation.name != test.name) continue;
      if (test.receives_messages && relation.receives != *test.receives_messages) continue;
      if (test.who.empty() || holds(question, test.who.front(), *other)) return true;
    }
    return false;
  }
  bool operator()(const MessageTest& test) const {
    const auto from = since_of(test.since, question.now);
    for (const Message& message : question.world.messages) {
      if (message.contact != person.id || message.is_test) continue;
      if (test.campaign && message.campaign != *test.campaign) continue;
      if (question.except.valid() && message.campaign == question.except) continue;
      if (from && message.queued_at < *from) continue;
      if (message_holds(test, message)) return true;
    }
    return false;
  }
  bool operator()(const ActivityTest& test) const {
    const auto from = since_of(test.since, question.now);
    int count = 0;
    for (const Activity& activity : question.world.activities) {
      if (activity.contact != person.id) continue;
      if (!test.type.empty() && activity.type != test.type) continue;
      if (from && activity.at < *from) continue;
      ++count;
    }
    return count >= test.at_least;
  }
};

inline bool holds(const Question& question, const Rule& rule, const Person& person) {
  return std::visit(Oracle{question, person}, rule.node);
}

// ------------------------------------------------------------------------------ the database

inline std::string fields_text(const Person& person) {
  boost::json::object object;
  for (const auto& [name, value] : person.fields) {
    std::visit([&](const auto& each) { object[name] = each; }, value);
  }
  return boost::json::serialize(object);
}

inline Result<void> store_people(db::Connection& connection, const World& world) {
  const OrganisationId organisation = world.organisation;
  for (const Person& person : world.people) {
    const std::string fields = fields_text(person);
    TRY(connection.execute(
        {"",
         "INSERT INTO contact (organisation_id, id, external_id, first_name, last_name, name,"
         " locale, fields, do_not_contact, last_interaction_at, created_at, changed_at,"
         " deleted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)"},
        {organisation, person.id,
         person.external_id.empty() ? db::Param() : db::Param(person.external_id),
         person.first_name, person.last_name, person.name, person.locale, fields,
         person.do_not_contact, person.last_interaction, person.created,
         person.is_deleted ? db::Param(1) : db::Param()}));
    for (const Address& address : person.addresses) {
      TRY(connection.execute(
          {"",
           "INSERT INTO contact_address (organisation_id, contact_id, channel, normalised,"
           " address, is_primary, created_at) VALUES ($1, $2, $3, $4, $4, $5, 0)"},
          {organisation, person.id, static_cast<int>(address.channel), address.text,
           address.is_primary}));
    }
    for (const GroupId group : person.groups) {
      TRY(connection.execute(
          {"",
           "INSERT INTO contact_group_member (organisation_id, group_id, contact_id, added_at)"
           " VALUES ($1, $2, $3, 0)"},
          {organisation, group, person.id}));
    }
  }
  std::int64_t next = 1;
  for (const Relation& relation : world.relations) {
    TRY(connection.execute(
        {"",
         "INSERT INTO relation (organisation_id, id, from_id, to_id, name, receives_messages,"
         " created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)"
         " ON CONFLICT DO NOTHING"},
        {organisation, next++, relation.from, relation.to, relation.name, relation.receives}));
  }
  for (const Activity& activity : world.activities) {
    TRY(connection.execute(
        {"",
         "INSERT INTO activity (organisation_id, contact_id, occurred_at, id, type,"
         " recorded_at, source, data) VALUES ($1, $2, $3, $4, $5, $3, 'test', '{}')"},
        {organisation, activity.contact, activity.at, next++, activity.type}));
  }
  return {};
}

inline Result<void> store_campaign(db::Connection& connection, OrganisationId organisation,
                                   CampaignId campaign) {
  TRY(connection.execute(
      {"",
       "INSERT INTO campaign (organisation_id, id, name, kind, channel, state,"
       " content_version_id, transport_id, audience, options, created_at, changed_at)"
       " VALUES ($1, $2, '', 0, 0, 4, 0, 0, '{}', '{}', 0, 0) ON CONFLICT DO NOTHING"},
      {organisation, campaign}));
  return {};
}

// Message ids are unique across worlds: they count on from `first_message`.
inline Result<void> store_messages(db::Connection& connection, const World& world,
                                   std::int64_t first_message) {
  const OrganisationId organisation = world.organisation;
  std::int64_t id = first_message;
  for (const Message& message : world.messages) {
    if (message.campaign.valid()) {
      TRY(store_campaign(connection, organisation, message.campaign));
    }
    ++id;
    TRY(connection.execute(
        {"",
         "INSERT INTO message (organisation_id, id, campaign_id, content_version_id, kind,"
         " channel, contact_id, address, normalised, values_hash, message_values, state,"
         " status, reason, attempts, due_at, is_ambiguous, queued_at, changed_at, is_test)"
         " VALUES ($1, $2, $3, 0, $10, 0, $4, $5, $5, $6, '{}', $7, $8, '', 0, 0, 0, $9, 0,"
         " $11)"},
        {organisation, id, message.campaign.valid() ? db::Param(message.campaign) : db::Param(),
         message.contact.valid() ? db::Param(message.contact) : db::Param(), message.address, id,
         static_cast<int>(message.state), static_cast<int>(message.status), message.queued_at,
         message.campaign.valid() ? 0 : 1, message.is_test}));
    std::vector<ContactId> about = message.others;
    if (message.contact.valid()) about.push_back(message.contact);
    for (const ContactId contact : about) {
      TRY(connection.execute(
          {"",
           "INSERT INTO message_about (organisation_id, contact_id, message_id, is_recipient)"
           " VALUES ($1, $2, $3, $4)"},
          {organisation, contact, id, contact == message.contact}));
    }
    std::int64_t event = id * 16;
    for (const EventType type : message.events) {
      TRY(connection.execute(
          {"",
           "INSERT INTO event (organisation_id, message_id, id, type, occurred_at,"
           " recorded_at, source, data) VALUES ($1, $2, $3, $4, 0, 0, '', '{}')"},
          {organisation, id, event++, static_cast<int>(type)}));
    }
  }
  return {};
}

inline Result<void> store(db::Database& database, const World& world,
                          std::int64_t first_message = 0) {
  return database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    TRY(connection.execute(
        {"",
         "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings,"
         " created_at) VALUES ($1, 'Club', 'en', 'UTC', '', '{}', 0)"},
        {world.organisation}));
    for (const GroupId group : world.groups) {
      const std::string name = to_text(group);
      TRY(connection.execute(
          {"",
           "INSERT INTO contact_group (organisation_id, id, name, origin, created_at)"
           " VALUES ($1, $2, $3, 0, 0)"},
          {world.organisation, group, name}));
    }
    TRY(store_people(connection, world));
    TRY(store_messages(connection, world, first_message));
    for (const auto& [id, rule] : world.segments) {
      const std::string name = to_text(id);
      const std::string text = stored_text(rule);
      TRY(connection.execute(
          {"",
           "INSERT INTO segment (organisation_id, id, name, description, rule, created_at,"
           " changed_at) VALUES ($1, $2, $3, '', $4, 0, 0)"},
          {world.organisation, id, name, text}));
    }
    return {};
  });
}

}  // namespace tidings::audience::testing
