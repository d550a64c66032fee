// Worlds, rules and audiences drawn by RapidCheck. Values come from a few words, so that
// conditions meet. Only within rc::check(). Thread: the test's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "audience/audience.h"
#include "audience/testing/world.h"

namespace tidings::audience::testing {

inline constexpr Instant kNow = from_micros(1'790'000'000'000'000);  // 2026-09-21T13:33:20Z
inline constexpr int kGroups = 4;
inline constexpr int kCampaigns = 3;
inline constexpr int kSegments = 2;

inline int below(int n) { return *rc::gen::inRange(0, n); }
inline bool one_in(int n) { return below(n) == 0; }
template <typename T>
T any_of(const std::vector<T>& list) {
  return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))];
}

inline std::string a_word() {
  return any_of<std::string>({"", "a", "Ab", "abc", "B", "zoë", "Ünal", "a%b_c", "x'y", "ZOË"});
}
inline std::string a_date() {
  return any_of<std::string>({"2026-09-21", "2026-09-20", "2026-09-22", "2026-08-30", "2026-12-01",
                              "1999-12-31", "2024-02-29"});
}
inline Instant an_instant() {
  return kNow - std::chrono::hours(24) * (below(60) - 5) + std::chrono::microseconds(below(3) - 1);
}
inline Custom a_custom() {
  switch (below(4)) {
    case 0:
      return static_cast<double>(below(5)) - 2 + (one_in(3) ? 0.5 : 0.0);
    case 1:
      return one_in(2);
    case 2:
      return a_date();
    default:
      return a_word();
  }
}
inline const std::vector<std::string>& custom_names() {
  static const std::vector<std::string> names = {"colour", "score", "a.b", "naïef", "with space"};
  return names;
}

// Ids of people and the like are unique across worlds that share a database: `base` says where
// they begin.
inline World a_world(OrganisationId organisation, std::int64_t base) {
  World world;
  world.organisation = organisation;
  for (int i = 0; i < kGroups; ++i) world.groups.insert(GroupId{base + i + 1});
  const int people = 3 + below(9);
  const auto somebody = [&] { return ContactId{base + 100 + below(people)}; };
  for (int i = 0; i < people; ++i) {
    Person person;
    person.id = ContactId{base + 100 + i};
    person.first_name = a_word();
    person.last_name = a_word();
    if (one_in(3)) person.name = a_word();
    if (one_in(3)) person.external_id = fmt::format("x{}", i);
    person.locale = any_of<std::string>({"", "nl", "en-GB"});
    for (const std::string& name : custom_names()) {
      if (one_in(2)) person.fields[name] = a_custom();
    }
    std::set<std::string> used;
    for (int n = below(3); n > 0; --n) {
      const bool is_sms = one_in(4);
      const std::string text =
          is_sms ? fmt::format("+3161234567{}", below(4))
                 : any_of<std::string>({"a@b.org", "b@b.org", "zoë@c.org", "d@c.org", "e@d.org"});
      const bool is_first = std::ranges::none_of(person.addresses, [&](const Address& address) {
        return (address.channel == Channel::sms) == is_sms;
      });
      if (used.insert(text).second) {
        person.addresses.push_back({is_sms ? Channel::sms : Channel::email, text, is_first});
      }
    }
    for (const GroupId group : world.groups) {
      if (one_in(3)) person.groups.insert(group);
    }
    if (one_in(2)) person.last_interaction = an_instant();
    person.created = an_instant() - (one_in(4) ? std::chrono::days(900) : std::chrono::days(0));
    person.do_not_contact = one_in(6);
    person.is_deleted = one_in(8);
    world.people.push_back(std::move(person));
  }
  std::set<std::tuple<ContactId, ContactId, std::string>> known;
  for (int n = below(8); n > 0; --n) {
    Relation relation{somebody(), somebody(),
                      any_of<std::string>({"guardian of", "household", "x'y"}), !one_in(3)};
    if (known.insert({relation.from, relation.to, relation.name}).second) {
      world.relations.push_back(relation);
    }
  }
  for (int n = below(8); n > 0; --n) {
    world.activities.push_back(
        {somebody(), an_instant(), any_of<std::string>({"transaction", "visit"})});
  }
  for (int n = below(10); n > 0; --n) {
    Message message;
    if (!one_in(5)) message.campaign = CampaignId{base + 50 + below(kCampaigns)};
    const bool is_loose = message.campaign.valid() && one_in(5);
    if (!is_loose) message.contact = somebody();
    if (!is_loose && one_in(3)) {
      const ContactId other = somebody();
      if (other != message.contact) message.others.push_back(other);
    }
    message.address = one_in(6) && !is_loose ? "" : any_of<std::string>({"a@b.org", "f@x.org"});
    message.state =
        any_of<MessageState>({MessageState::sent, MessageState::sent, MessageState::bounced,
                              MessageState::failed, MessageState::skipped, MessageState::dropped,
                              MessageState::uncertain, MessageState::cancelled});
    message.status = static_cast<Status>(below(kStatusCount));
    for (int e = below(3); e > 0; --e) {
      message.events.push_back(any_of<EventType>(
          {EventType::opened, EventType::clicked, EventType::bounced, EventType::unsubscribed}));
    }
    message.queued_at = an_instant();
    message.is_test = one_in(8);
    world.messages.push_back(std::move(message));
  }
  return world;
}

inline FieldTest a_field_test() {
  using enum FieldOperator;
  FieldTest test;
  const auto text_values = [&] {
    test.op = any_of<FieldOperator>({is, is_not, contains, not_contains, starts_with, ends_with,
                                     one_of, none_of, empty, not_empty});
    if (test.op == empty || test.op == not_empty) return;
    const int count = test.op == one_of || test.op == none_of ? 1 + below(3) : 1;
    for (int i = 0; i < count; ++i) {
      std::string word = a_word();
      const bool needs_text = test.op != is && test.op != is_not && count == 1;
      test.values.emplace_back(needs_text && word.empty() ? "a" : word);
    }
  };
  const auto date_values = [&] {
    test.op = any_of<FieldOperator>(
        {before, after, between, in_last_days, in_next_days, empty, not_empty});
    if (test.op == in_last_days || test.op == in_next_days) {
      test.days = 1 + below(40);
    } else if (test.op != empty && test.op != not_empty) {
      test.values.emplace_back(RuleDate{a_date()});
      if (test.op == between) test.values.emplace_back(RuleDate{a_date()});
    }
  };
  const auto number_values = [&] {
    test.op = any_of<FieldOperator>({is, is_not, less, at_most, more, at_least, between});
    test.values.emplace_back(static_cast<double>(below(5)) - 2);
    if (test.op == between) test.values.emplace_back(static_cast<double>(below(5)) - 1.5);
  };
  switch (below(5)) {
    case 0:
      test.field = any_of<std::string>({"first_name", "last_name", "name", "external_id", "locale",
                                        "time_zone", "email", "phone"});
      text_values();
      if (test.field == "email" && one_in(2) && !test.values.empty()) {
        test.values[0] = std::string("B.ORG");
      }
      break;
    case 1:
      test.field = any_of<std::string>({"created_at", "last_interaction_at"});
      date_values();
      break;
    case 2:
      test.field = "do_not_contact";
      test.op = one_in(2) ? is_true : is_false;
      break;
    default:
      test.field = "fields." + any_of(custom_names());
      switch (below(4)) {
        case 0:
          date_values();
          break;
        case 1:
          number_values();
          break;
        case 2:
          test.op = one_in(2) ? is_true : is_false;
          break;
        default:
          text_values();
      }
  }
  return test;
}

inline RuleSince a_since() {
  RuleSince since;
  if (one_in(3)) since.days = 1 + below(40);
  if (!since.days && one_in(3)) since.at = an_instant();
  return since;
}

inline Rule a_rule(std::int64_t base, int depth, int segments = kSegments) {
  const auto rules = [&] {
    std::vector<Rule> list;
    for (int n = below(4); n > 0; --n) list.push_back(a_rule(base, depth - 1, segments));
    return list;
  };
  switch (depth > 1 ? below(9) : 3 + below(6)) {
    case 0:
      return {AllOf{rules()}};
    case 1:
      return {AnyOf{rules()}};
    case 2:
      return {NotRule{{a_rule(base, depth - 1, segments)}}};
    case 3:
      return {a_field_test()};
    case 4: {
      GroupTest test;
      for (int i = 0; i < kGroups; ++i) {
        if (one_in(2)) test.groups.push_back(GroupId{base + i + 1});
      }
      if (test.groups.empty()) test.groups.push_back(GroupId{base + 1});
      return {test};
    }
    case 5:
      if (segments > 0) return {SegmentTest{SegmentId{base + 20 + below(segments)}}};
      return {a_field_test()};
    case 6: {
      RelationTest test;
      test.side = one_in(2) ? RelationSide::of : RelationSide::has;
      test.name = any_of<std::string>({"", "guardian of", "x'y"});
      if (one_in(2)) test.receives_messages = one_in(2);
      if (depth > 1 && one_in(2)) test.who.push_back(a_rule(base, depth - 1, segments));
      return {test};
    }
    case 7: {
      MessageTest test;
      test.fact = static_cast<MessageFact>(below(10));
      if (one_in(2)) test.campaign = CampaignId{base + 50 + below(kCampaigns)};
      test.since = a_since();
      return {test};
    }
    default: {
      ActivityTest test;
      test.type = any_of<std::string>({"", "transaction", "visit"});
      test.at_least = 1 + below(2);
      test.since = a_since();
      return {test};
    }
  }
}

// Each segment may refer to those before it.
inline void add_segments(World& world, std::int64_t base) {
  for (int i = 0; i < kSegments; ++i) {
    world.segments[SegmentId{base + 20 + i}] = a_rule(base, 3, i);
  }
}

inline Selection a_selection(const World& world, std::int64_t base, bool is_sparse) {
  Selection selection;
  const int odds = is_sparse ? 4 : 2;
  for (const GroupId group : world.groups) {
    if (one_in(odds + 1)) selection.groups.push_back(group);
  }
  if (one_in(odds)) selection.segments.push_back(SegmentId{base + 20 + below(kSegments)});
  for (const Person& person : world.people) {
    if (one_in(odds * 2)) selection.contacts.push_back(person.id);
  }
  for (const char* address : {"a@b.org", "f@x.org", "g@x.org"}) {
    if (one_in(odds + 1)) selection.addresses.emplace_back(address);
  }
  if (one_in(odds)) {
    selection.campaigns.push_back({CampaignId{base + 50 + below(kCampaigns)},
                                   static_cast<EarlierOutcome>(below(kEarlierOutcomeCount))});
  }
  return selection;
}

inline Audience an_audience(const World& world, std::int64_t base) {
  Audience audience;
  audience.everybody = one_in(4);
  audience.include = a_selection(world, base, false);
  if (one_in(2)) audience.exclude = a_selection(world, base, true);
  audience.recipients = static_cast<Recipients>(below(3));
  audience.alternative_addresses = one_in(3);
  return audience;
}

}  // namespace tidings::audience::testing
